// Sites: where the widget may run, whom visitors reach there, how it looks and what it may do, and the line of HTML that
// puts it on a page.

import { useMemo, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { useSubmission } from "../parts/form.ts";
import type { Site } from "../rest.ts";
import { Editor, NewButton, PaneHead, ReadOnly, RowName, Table, useRole, useSaved } from "./pane.tsx";
import { draftOf, editOf, fieldsOf, wrongNumber, type SiteEdit } from "./site_draft.ts";
import { SiteFields } from "./site_fields.tsx";
import { SiteForm } from "./site_form.tsx";
import { SiteGreetings } from "./site_greetings.tsx";
import { SiteLook } from "./site_look.tsx";
import { SiteRules } from "./site_rules.tsx";

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
      <p class="muted">{site.widget.connect === "load" ? words.sites.snippet_load : words.sites.snippet_help}</p>
    </section>
  );
}

/** What each part of the editor gets: the site as it stands, how to change it, and what the server said of a control. */
export interface SitePartProps {
  edit: SiteEdit;
  change: (part: Partial<SiteEdit>) => void;
  errorAt: (field: string) => string | undefined;
}

function SiteEditor({ site, onClose }: { site: Site | undefined; onClose: () => void }) {
  const app = useApp();
  const words = useWords();
  const saved = useSaved();
  const departments = app.directory.departments.value.map((department) => department.key);
  const [edit, setEdit] = useState<SiteEdit>(() => editOf(site, departments));
  const fields = useMemo(() => fieldsOf(edit), [edit]);
  const submission = useSubmission(fields);
  const done = () => {
    saved();
    onClose();
  };
  const part: SitePartProps = {
    edit,
    change: (next) => setEdit((known) => ({ ...known, ...next })),
    errorAt: submission.errorAt,
  };

  const save = () => {
    const wrong = wrongNumber(edit);
    if (wrong !== undefined) return submission.refuse(wrong, words.sites.number_wrong);
    const { key, ...draft } = draftOf(edit);
    void submission.send(
      () => (site ? app.api.changeSite(site.key, draft) : app.api.addSite({ ...draft, key })),
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
      <SiteFields {...part} is_new={site === undefined} />
      <SiteLook {...part} />
      <SiteForm {...part} />
      <SiteRules {...part} />
      <SiteGreetings {...part} />
    </Editor>
  );
}
