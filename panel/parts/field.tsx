// A labelled control with its help and the server's refusal at the place where it can be mended.

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "../icon.tsx";

export interface ControlIds {
  id: string;
  name: string;
  "aria-describedby"?: string;
  "aria-invalid"?: "true";
}

export interface FieldProps {
  name: string;
  label: string;
  help?: string | undefined;
  error?: string | undefined;
  wide?: boolean;
  optional?: string;
  children: (control: ControlIds) => ComponentChildren;
}

export function Field({ name, label, help, error, wide = false, optional, children }: FieldProps) {
  const id = useId();
  const described = [help ? `${id}-help` : "", error ? `${id}-error` : ""].filter((part) => part !== "").join(" ");
  return (
    <div class={wide ? "f wide" : "f"}>
      <label for={id}>
        {label} {optional && <span class="muted">{optional}</span>}
      </label>
      {children({
        id,
        name,
        ...(described ? { "aria-describedby": described } : {}),
        ...(error ? { "aria-invalid": "true" as const } : {}),
      })}
      {error && (
        <p class="err" id={`${id}-error`} role="alert">
          <Icon name="warn" />
          {error}
        </p>
      )}
      {help && (
        <p class="help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}
