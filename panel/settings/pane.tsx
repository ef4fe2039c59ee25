// What the panes have in common: a head, a table that may scroll, an editor form with save and remove, a check list.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { useCommand } from "../parts/hooks.ts";
import type { Submission } from "../parts/form.ts";
import type { Role } from "../rest.ts";

export function PaneHead({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <header class="page-head">
      <h1>{title}</h1>
      <span class="grow" />
      {children}
    </header>
  );
}

export function NewButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <button type="button" class="btn btn-p" onClick={onClick}>
      <Icon name="plus" />
      <span>{label}</span>
    </button>
  );
}

/** A table that takes the focus only when it overflows, so that it can be scrolled by key. */
export function Table({ label, heads, children }: { label: string; heads: string[]; children: ComponentChildren }) {
  const words = useWords();
  const region = useRef<HTMLDivElement>(null);
  const [overflows, setOverflows] = useState(false);

  useEffect(() => {
    const element = region.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setOverflows(element.scrollWidth > element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return (
    <div
      class="panel tbl"
      ref={region}
      {...(overflows ? { tabIndex: 0, role: "group", "aria-label": words.settings.table } : {})}
    >
      <table aria-label={label}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** The first cell of a row: a button that opens the editor below, or only the name for who may not change it. */
export function RowName({
  open,
  onOpen,
  children,
}: {
  open: boolean;
  onOpen?: (() => void) | undefined;
  children: ComponentChildren;
}) {
  return (
    <th scope="row">
      {onOpen ? (
        <button type="button" class="row-open" aria-expanded={open} onClick={onOpen}>
          {children}
        </button>
      ) : (
        children
      )}
    </th>
  );
}

export interface EditorProps {
  title: string;
  submission: Submission;
  onSave: (form: FormData) => void;
  onClose: () => void;
  onRemove?: (() => void) | undefined;
  children: ComponentChildren;
}

export function Editor({ title, submission, onSave, onClose, onRemove, children }: EditorProps) {
  const words = useWords();
  const form = useRef<HTMLFormElement>(null);
  const [removing, setRemoving] = useState(false);
  useCommand("save", () => form.current?.requestSubmit());

  useEffect(() => {
    form.current?.scrollIntoView({ block: "nearest" });
    form.current?.querySelector<HTMLElement>("input:not([disabled]), textarea")?.focus();
  }, []);

  return (
    <form
      ref={form}
      class="panel form"
      aria-label={title}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!submission.busy) onSave(new FormData(event.currentTarget));
      }}
    >
      <h2>{title}</h2>
      {submission.message && (
        <p class="alert bad" role="alert">
          <Icon name="warn" />
          <span>{submission.message}</span>
        </p>
      )}
      {children}
      <div class="form-act">
        {onRemove && (
          <button
            type="button"
            class="btn btn-bad"
            onClick={() => (removing ? onRemove() : setRemoving(true))}
            onBlur={() => setRemoving(false)}
          >
            {removing ? words.settings.removing : words.common.remove}
          </button>
        )}
        <span class="grow" />
        <button type="button" class="btn" onClick={onClose}>
          {words.common.cancel}
        </button>
        <button type="submit" class="btn btn-p" disabled={submission.busy}>
          {words.common.save} <kbd aria-hidden="true">Ctrl S</kbd>
        </button>
      </div>
    </form>
  );
}

/** Several of a few things: departments of a person or a site. */
export function Checks({
  legend,
  help,
  name,
  options,
  chosen,
}: {
  legend: string;
  help?: string;
  name: string;
  options: { value: string; label: string }[];
  chosen: readonly string[];
}) {
  return (
    <fieldset class="f wide">
      <legend>{legend}</legend>
      <div class="checks">
        {options.map((option) => (
          <label key={option.value}>
            <input type="checkbox" name={name} value={option.value} defaultChecked={chosen.includes(option.value)} />
            {option.label}
          </label>
        ))}
      </div>
      {help && <p class="help">{help}</p>}
    </fieldset>
  );
}

/** Says to who may only look why there is nothing to press. */
export function ReadOnly({ text }: { text: string }) {
  return (
    <p class="read-only">
      <Icon name="lock" />
      {text}
    </p>
  );
}

export function useRole(): Role {
  const session = useApp().session.value;
  return session.kind === "signed_in" ? session.me.role : "agent";
}

/** Runs after a change was accepted: names everywhere follow, and the toast says so. */
export function useSaved(): () => void {
  const app = useApp();
  return () => {
    app.toast.value = { text: app.words.value.common.saved };
    void app.directory.reload();
  };
}

/** A key such as `customer-care` for a name such as "Customer care". */
export function keyFrom(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "-")
    .replace(/^-+|-+$/gu, "")
    .slice(0, 40);
}
