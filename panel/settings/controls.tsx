// Controls of editors that know each change at once, because something on screen follows it: a preview, a list, a rule.
// Simple editors leave their controls to the browser and read the form when it is saved (pane.tsx).

import { useId } from "preact/hooks";
import { useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { Field } from "../parts/field.tsx";

export interface TextFieldProps {
  name: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string | undefined;
  error?: string | undefined;
  optional?: string;
  wide?: boolean;
  /** More than one makes it a text of several lines. */
  rows?: number;
  /** Addresses and the like read from left to right in any language. */
  dir?: "auto" | "ltr";
  /** A number has a narrow field and its unit behind it. */
  unit?: string;
  disabled?: boolean;
  placeholder?: string;
}

export function TextField(props: TextFieldProps) {
  const { name, label, value, onChange, help, error, optional, wide = false, rows = 1, dir = "auto", unit } = props;
  const shared = {
    value,
    dir,
    disabled: props.disabled ?? false,
    placeholder: props.placeholder ?? "",
    spellcheck: dir === "auto",
    autocomplete: "off" as const,
    onInput: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  return (
    <Field name={name} label={label} help={help} error={error} wide={wide} {...(optional ? { optional } : {})}>
      {(control) =>
        rows > 1 ? (
          <textarea {...control} {...shared} class="in" rows={rows} />
        ) : unit !== undefined ? (
          <div class="in-row">
            <input {...control} {...shared} class="in in-n num" inputMode="numeric" /> {unit}
          </div>
        ) : (
          <input {...control} {...shared} class="in" />
        )
      }
    </Field>
  );
}

export interface ToggleProps {
  label: string;
  help?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Toggle({ label, help, checked, onChange }: ToggleProps) {
  return (
    <label class="sw wide">
      <input
        type="checkbox"
        role="switch"
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>
        <b>{label}</b>
        {help && (
          <>
            <br />
            <span class="muted">{help}</span>
          </>
        )}
      </span>
    </label>
  );
}

export interface SegmentsProps<T extends string> {
  legend: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
  help?: string;
}

/** One of two or three short words. */
export function Segments<T extends string>({ legend, options, value, onChange, help }: SegmentsProps<T>) {
  const name = useId();
  return (
    <fieldset class="f">
      <legend>{legend}</legend>
      <div class="seg">
        {options.map(([key, label]) => (
          <label key={key}>
            <input type="radio" name={name} checked={key === value} onChange={() => onChange(key)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
      {help && <p class="help">{help}</p>}
    </fieldset>
  );
}

export interface SelectFieldProps<T extends string> {
  name: string;
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
  help?: string;
  error?: string | undefined;
}

export function SelectField<T extends string>({ name, label, options, value, onChange, help, error }: SelectFieldProps<T>) {
  return (
    <Field name={name} label={label} help={help} error={error}>
      {(control) => (
        <select
          {...control}
          class="in"
          value={value}
          onChange={(event) => {
            const chosen = options.find(([key]) => key === event.currentTarget.value);
            if (chosen) onChange(chosen[0]);
          }}
        >
          {options.map(([key, text]) => (
            <option key={key} value={key} selected={key === value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface RuleActionsProps {
  /** What the rule is called, for who does not see where the buttons stand. */
  name: string;
  /** Absent for the first. */
  onUp: (() => void) | undefined;
  onRemove: () => void;
}

/** Beside each entry of a list whose order matters. */
export function RuleActions({ name, onUp, onRemove }: RuleActionsProps) {
  const words = useWords();
  return (
    <div class="rule-act">
      <button
        type="button"
        class="icon-btn"
        disabled={onUp === undefined}
        aria-label={words.common.move_up(name)}
        title={words.common.up}
        onClick={onUp}
      >
        <Icon name="up" />
      </button>
      <button
        type="button"
        class="icon-btn"
        aria-label={words.common.remove_name(name)}
        title={words.common.remove}
        onClick={onRemove}
      >
        <Icon name="x" />
      </button>
    </div>
  );
}
