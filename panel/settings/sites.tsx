// Sites: where the widget may run, whom visitors reach there, and the line of HTML that puts it on a page.

import { useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { Field } from "../parts/field.tsx";
import { textOf, useSubmission, type Submission } from "../parts/form.ts";
import type { Site, SiteDraft } from "../rest.ts";
import { Checks, Editor, keyFrom, NewButton, PaneHead, ReadOnly, RowName, Table, useRole, useSaved } from "./pane.tsx";

const DEFAULT_COLOR = "#0f5f5c";

export function SitesPane() {
  const app = useApp();
  const words = useWords();
  const may_change = useRole() === "admin";
  const [open, setOpen] = useState<string | undefined>(undefined);
  const sites = app.directory.sites.value;
  const editing = sites.find((site) => site.key === open);

  return (
    <section>
      <PaneHead title={words.settings.sites}>
        {may_change && <NewButton label={words.sites.new} onClick={() => setOpen("")} />}
      </PaneHead>
      <div class="set-in">
        {!may_change && <ReadOnly text={words.settings.read_only} />}
        <Table
          label={words.settings.sites}
          heads={[words.sites.name, words.sites.key, words.sites.origins, words.sites.departments]}
        >
          {sites.map((site) => (
            <tr key={site.key} class={site.key === open ? "now-row" : ""}>
              <RowName open={site.key === open} onOpen={() => setOpen(site.key)}>
                {site.name}
              </RowName>
              <td class="muted">{site.key}</td>
              <td class="cut">{site.origins.join(", ") || words.common.none}</td>
              <td>{site.departments.map((key) => app.directory.departmentName(key)).join(", ")}</td>
            </tr>
          ))}
        </Table>
        {editing && <Snippet key={editing.key} site={editing} />}
        {may_change && open !== undefined && <SiteEditor key={open} site={editing} onClose={() => setOpen(undefined)} />}
      </div>
    </section>
  );
}

function Snippet({ site }: { site: Site }) {
  const app = useApp();
  const words = useWords();
  const text = `<script async src="${window.location.origin}/widget.js" data-site="${site.key}"></script>`;

  const copy = () => {
    navigator.clipboard?.writeText(text).then(
      () => (app.toast.value = { text: words.common.copied }),
      () => undefined, // Refused by the browser: the text is there to be selected by hand.
    );
  };

  return (
    <section class="panel form" aria-label={words.sites.snippet}>
      <h2>{words.sites.snippet}</h2>
      <div class="code-w">
        <pre class="code" tabIndex={0} role="group" aria-label={words.sites.snippet_label}>
          {text}
        </pre>
        <button type="button" class="btn" onClick={copy}>
          <Icon name="copy" />
          <span>{words.common.copy}</span>
        </button>
      </div>
      <p class="muted">{words.sites.snippet_help}</p>
    </section>
  );
}

function SiteEditor({ site, onClose }: { site: Site | undefined; onClose: () => void }) {
  const app = useApp();
  const words = useWords();
  const saved = useSaved();
  const submission = useSubmission(["key", "name", "origins", "departments", "greeting", "color"]);
  const done = () => {
    saved();
    onClose();
  };

  const save = (form: FormData) => {
    const draft = siteDraft(form, site);
    void submission.send(
      () => (site ? app.api.changeSite(site.key, draft) : app.api.addSite({ ...draft, key: textOf(form, "key") })),
      done,
    );
  };

  return (
    <Editor
      title={site?.name ?? words.sites.new}
      submission={submission}
      onSave={save}
      onClose={onClose}
      onRemove={site && (() => void submission.send(() => app.api.removeSite(site.key), done))}
    >
      <SiteFields site={site} submission={submission} />
    </Editor>
  );
}

interface SiteFieldsProps {
  site: Site | undefined;
  submission: Submission;
}

function SiteFields({ site, submission }: SiteFieldsProps) {
  const app = useApp();
  const words = useWords();
  const [key, setKey] = useState(site?.key ?? "");
  const departments = app.directory.departments.value;
  return (
    <div class="cols">
      <Field name="name" label={words.sites.name} error={submission.errorAt("name")}>
        {(control) => (
          <input
            {...control}
            class="in"
            dir="auto"
            defaultValue={site?.name}
            onInput={(event) => !site && setKey(keyFrom(event.currentTarget.value))}
          />
        )}
      </Field>
      <Field name="key" label={words.sites.key} help={words.settings.key_help} error={submission.errorAt("key")}>
        {(control) => (
          <input
            {...control}
            class="in"
            value={key}
            disabled={site !== undefined}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field
        wide
        name="origins"
        label={words.sites.origins}
        help={words.sites.origins_help}
        error={submission.errorAt("origins")}
      >
        {(control) => (
          <textarea {...control} class="in" rows={3} dir="ltr" spellcheck={false} defaultValue={site?.origins.join("\n")} />
        )}
      </Field>
      <Checks
        legend={words.sites.departments}
        help={submission.errorAt("departments") ?? words.sites.departments_help}
        name="departments"
        options={departments.map((department) => ({ value: department.key, label: department.name }))}
        chosen={site?.departments ?? departments.slice(0, 1).map((department) => department.key)}
      />
      <Field name="first_department" label={words.sites.first_department}>
        {(control) => (
          <select {...control} class="in">
            {departments.map((department) => (
              <option key={department.key} value={department.key} selected={department.key === site?.departments[0]}>
                {department.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field name="greeting" label={words.sites.greeting} optional={words.common.optional} error={submission.errorAt("greeting")}>
        {(control) => <input {...control} class="in" dir="auto" defaultValue={site?.greeting ?? ""} />}
      </Field>
      <Field name="color" label={words.sites.color} help={words.sites.color_help} error={submission.errorAt("color")}>
        {(control) => <input {...control} class="in in-color" type="color" defaultValue={site?.color || DEFAULT_COLOR} />}
      </Field>
      <label class="sw wide">
        <input type="checkbox" role="switch" name="typing_preview" defaultChecked={site?.typing_preview ?? false} />
        <span>
          <b>{words.sites.preview}</b>
          <br />
          <span class="muted">{words.sites.preview_help}</span>
        </span>
      </label>
    </div>
  );
}

function siteDraft(form: FormData, before: Site | undefined): Omit<SiteDraft, "key"> {
  // The first department is the default, and the others keep the order that they had.
  const first = textOf(form, "first_department");
  const known = before?.departments ?? [];
  const placeOf = (key: string) => (known.includes(key) ? known.indexOf(key) : known.length);
  const chosen = form
    .getAll("departments")
    .map(String)
    .sort((a, b) => placeOf(a) - placeOf(b));
  return {
    name: textOf(form, "name"),
    origins: textOf(form, "origins")
      .split(/\s+/u)
      .filter((origin) => origin !== ""),
    departments: [first, ...chosen.filter((key) => key !== first)].filter((key) => key !== ""),
    greeting: textOf(form, "greeting") || null,
    color: textOf(form, "color"),
    typing_preview: form.get("typing_preview") !== null,
  };
}
