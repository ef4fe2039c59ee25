// Tags: what chats were about. Added and removed, never renamed: closed logs keep the word they were given.

import { useApp, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { Field } from "../parts/field.tsx";
import { textOf, useSubmission } from "../parts/form.ts";
import { PaneHead, ReadOnly, useRole, useSaved } from "./pane.tsx";

export function TagsPane() {
  const app = useApp();
  const words = useWords();
  const may_change = useRole() !== "agent";
  const saved = useSaved();
  const submission = useSubmission(["tag"]);
  const tags = app.directory.tags.value;

  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const tag = textOf(new FormData(form), "tag");
    if (tag === "" || submission.busy) return;
    void submission.send(
      () => app.api.addTag(tag),
      () => {
        form.reset();
        saved();
      },
    );
  };

  return (
    <section>
      <PaneHead title={words.settings.tags} />
      <div class="set-in">
        {!may_change && <ReadOnly text={words.settings.read_only_supervisor} />}
        <div class="panel form">
          {submission.message && <p role="alert">{submission.message}</p>}
          {tags.length === 0 ? (
            <p class="muted">{words.tags.none}</p>
          ) : (
            <ul class="tag-list">
              {tags.map((tag) => (
                <li key={tag} class="chip">
                  <span dir="auto">{tag}</span>
                  {may_change && (
                    <button
                      type="button"
                      aria-label={words.close.remove_tag(tag)}
                      onClick={() => void submission.send(() => app.api.removeTag(tag), saved)}
                    >
                      <Icon name="x" />
                    </button>
                  )}
                </li>
              ))}
            </ul>
          )}
          {may_change && (
            <form class="in-row in-foot" onSubmit={add}>
              <Field name="tag" label={words.tags.new} error={submission.errorAt("tag")}>
                {(control) => <input {...control} class="in" maxLength={60} />}
              </Field>
              <button type="submit" class="btn btn-p" disabled={submission.busy}>
                {words.common.add}
              </button>
            </form>
          )}
        </div>
      </div>
    </section>
  );
}
