// Canned replies: what is answered often, found by its shortcut while writing.

import { useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { Field } from "../parts/field.tsx";
import { textOf, useSubmission } from "../parts/form.ts";
import type { CannedReply } from "../rest.ts";
import { Editor, NewButton, PaneHead, ReadOnly, RowName, Table, useRole, useSaved } from "./pane.tsx";

export function CannedPane() {
  const app = useApp();
  const words = useWords();
  const may_change = useRole() !== "agent";
  const [open, setOpen] = useState<string | undefined>(undefined);
  const replies = app.directory.canned.value;

  return (
    <section>
      <PaneHead title={words.settings.canned}>
        {may_change && <NewButton label={words.canned.new} onClick={() => setOpen("")} />}
      </PaneHead>
      <div class="set-in">
        {!may_change && <ReadOnly text={words.settings.read_only_supervisor} />}
        {replies.length === 0 && open === undefined && <p class="muted">{words.canned.none}</p>}
        {replies.length > 0 && (
          <Table
            label={words.settings.canned}
            heads={[words.canned.shortcut, words.canned.name, words.canned.text, words.canned.for]}
          >
            {replies.map((reply) => (
              <tr key={reply.id} class={reply.id === open ? "now-row" : ""}>
                <RowName open={reply.id === open} onOpen={may_change ? () => setOpen(reply.id) : undefined}>
                  /{reply.shortcut}
                </RowName>
                <td dir="auto">{reply.title}</td>
                <td class="cut" dir="auto">
                  {reply.text}
                </td>
                <td>{reply.department ? app.directory.departmentName(reply.department) : words.canned.everybody}</td>
              </tr>
            ))}
          </Table>
        )}
        {may_change && open !== undefined && (
          <CannedEditor key={open} reply={replies.find((reply) => reply.id === open)} onClose={() => setOpen(undefined)} />
        )}
      </div>
    </section>
  );
}

function CannedEditor({ reply, onClose }: { reply: CannedReply | undefined; onClose: () => void }) {
  const app = useApp();
  const words = useWords();
  const saved = useSaved();
  const submission = useSubmission(["shortcut", "title", "text", "department"]);
  const done = () => {
    saved();
    onClose();
  };

  const save = (form: FormData) => {
    const draft = {
      shortcut: textOf(form, "shortcut").replace(/^\/+/u, ""),
      title: textOf(form, "title"),
      text: textOf(form, "text"),
      department: textOf(form, "department") || null,
    };
    void submission.send(() => (reply ? app.api.changeCannedReply(reply.id, draft) : app.api.addCannedReply(draft)), done);
  };

  return (
    <Editor
      title={reply ? `/${reply.shortcut}` : words.canned.new}
      submission={submission}
      onSave={save}
      onClose={onClose}
      onRemove={reply && (() => void submission.send(() => app.api.removeCannedReply(reply.id), done))}
    >
      <div class="cols">
        <Field
          name="shortcut"
          label={words.canned.shortcut}
          help={words.canned.shortcut_help}
          error={submission.errorAt("shortcut")}
        >
          {(control) => <input {...control} class="in" defaultValue={reply?.shortcut} autocomplete="off" />}
        </Field>
        <Field name="title" label={words.canned.name} error={submission.errorAt("title")}>
          {(control) => <input {...control} class="in" dir="auto" defaultValue={reply?.title} autocomplete="off" />}
        </Field>
        <Field wide name="text" label={words.canned.text} help={words.canned.text_help} error={submission.errorAt("text")}>
          {(control) => <textarea {...control} class="in" rows={5} dir="auto" defaultValue={reply?.text} />}
        </Field>
        <Field name="department" label={words.canned.for} error={submission.errorAt("department")}>
          {(control) => (
            <select {...control} class="in">
              <option value="">{words.canned.everybody}</option>
              {app.directory.departments.value.map((department) => (
                <option key={department.key} value={department.key} selected={department.key === reply?.department}>
                  {department.name}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </Editor>
  );
}
