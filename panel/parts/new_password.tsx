// A field for a new password: the rule in words, a meter, and what is missing while one types.

import { useState } from "preact/hooks";
import { useWords } from "../app.ts";
import { litBlocks, PASSWORD_CHARACTERS_MIN, strengthOf } from "../gate/password.ts";
import { Field } from "./field.tsx";

export interface NewPasswordProps {
  name: string;
  label: string;
  error?: string | undefined;
  /** The refused password is being changed: what was said about it holds no longer. */
  onMend: () => void;
}

export function NewPassword({ name, label, error, onMend }: NewPasswordProps) {
  const words = useWords();
  const [password, setPassword] = useState("");
  const length = [...password].length;
  const strength = strengthOf(password);
  const help =
    length === 0
      ? words.gate.password_rule
      : strength === 0
        ? words.gate.password_short(PASSWORD_CHARACTERS_MIN - length)
        : words.gate.password_length(length, words.gate.password_words[strength] ?? "");

  return (
    <Field name={name} label={label} help={error === undefined ? help : undefined} error={error}>
      {(control) => (
        <>
          <input
            {...control}
            class="in"
            type="password"
            autocomplete="new-password"
            value={password}
            onInput={(event) => {
              setPassword(event.currentTarget.value);
              if (error !== undefined) onMend();
            }}
          />
          <div class="meterp" aria-hidden="true">
            {[0, 1, 2, 3].map((block) => (
              <i key={block} class={block < litBlocks(password) ? "y" : ""} />
            ))}
          </div>
        </>
      )}
    </Field>
  );
}
