// The questions before the chat. A question's key is made of its label once and never changes: logs name it.

import { useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { RuleActions, SelectField, TextField } from "./controls.tsx";
import type { FormFieldEdit } from "./site_draft.ts";
import type { SitePartProps } from "./sites.tsx";

/** The server's limit. */
const QUESTIONS_MAX = 32;

export function SiteForm({ edit, change, errorAt }: SitePartProps) {
  const words = useWords();
  const { form } = edit;
  const set = (at: number, part: Partial<FormFieldEdit>) =>
    change({ form: form.map((field, index) => (index === at ? { ...field, ...part } : field)) });
  const moved = (at: number) => {
    const next = [...form];
    next.splice(at - 1, 0, ...next.splice(at, 1));
    return next;
  };

  return (
    <section class="sub" aria-labelledby="site-form">
      <h3 id="site-form">{words.sites.form}</h3>
      <p class="muted">{words.sites.form_help}</p>
      <ul class="rules">
        {form.map((field, at) => (
          <li key={at} class="rule" aria-label={field.label || words.sites.question}>
            <div class="rule-in">
              <TextField
                name={`form[${at}].label`}
                label={words.sites.question}
                value={field.label}
                onChange={(label) => set(at, { label })}
                error={errorAt(`form[${at}].label`) ?? errorAt(`form[${at}].name`)}
              />
              <SelectField
                name={`form[${at}].kind`}
                label={words.sites.kind}
                options={(["text", "email", "textarea", "select"] as const).map((kind) => [kind, words.sites.kinds[kind]])}
                value={field.kind}
                onChange={(kind) => set(at, { kind })}
              />
              {field.kind === "select" && (
                <TextField
                  wide
                  name={`form[${at}].options`}
                  label={words.sites.options}
                  help={words.sites.options_help}
                  value={field.options}
                  onChange={(options) => set(at, { options })}
                  error={errorAt(`form[${at}].options`)}
                  rows={3}
                />
              )}
              <div class="checks wide">
                <label>
                  <input
                    type="checkbox"
                    checked={field.required}
                    onChange={(event) => set(at, { required: event.currentTarget.checked })}
                  />
                  {words.sites.required}
                </label>
              </div>
            </div>
            <RuleActions
              name={field.label || words.sites.question}
              onUp={at === 0 ? undefined : () => change({ form: moved(at) })}
              onRemove={() => change({ form: form.filter((_, index) => index !== at) })}
            />
          </li>
        ))}
      </ul>
      <button
        type="button"
        class="btn btn-add"
        disabled={form.length >= QUESTIONS_MAX}
        onClick={() => change({ form: [...form, { name: "", label: "", kind: "text", required: false, options: "" }] })}
      >
        <Icon name="plus" />
        {words.sites.add_question}
      </button>
    </section>
  );
}
