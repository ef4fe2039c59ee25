// Writing an article: what it says beside what visitors will see of it. The server reads the text for the preview, with the
// one reader that visitors' articles go through too. What is not saved stays in the panel (article_edits.ts).

import { useEffect, useRef, useState } from "preact/hooks";
import { NEW, type ArticleEdit } from "../article_edits.ts";
import { useApp, useWords } from "../app.ts";
import { formatLanguage } from "../format.ts";
import { Icon } from "../icon.tsx";
import { Blocks } from "../parts/blocks.tsx";
import { Field } from "../parts/field.tsx";
import { useSubmission } from "../parts/form.ts";
import { useCommand } from "../parts/hooks.ts";
import type { Article, ArticleStatus, Block, Site } from "../rest.ts";
import { StatusChip } from "./articles.tsx";
import { TextField } from "./controls.tsx";

/** Between the last key and the question how it looks. */
const REST_MS = 300;

export interface ArticleEditorProps {
  article: Article | undefined;
  site: Site;
  languages: readonly string[];
  /** With the id under which it is saved; without one it was removed. */
  onSaved: (id: string | undefined) => void;
  onClose: () => void;
}

export function ArticleEditor({ article, site, languages, onSaved, onClose }: ArticleEditorProps) {
  const app = useApp();
  const words = useWords();
  const id = article?.id ?? NEW;
  const saved: ArticleEdit = article ?? { site: site.key, lang: languages[0] ?? "en", title: "", body: "" };
  const edit = app.article_edits.all.value.get(id) ?? saved;
  const submission = useSubmission(["title", "lang", "body"]);
  const form = useRef<HTMLFormElement>(null);
  const [removing, setRemoving] = useState(false);
  const is_changed = app.article_edits.all.value.has(id);
  const change = (part: Partial<ArticleEdit>) => app.article_edits.keep(id, { ...edit, ...part }, saved);

  const save = (status: ArticleStatus) => {
    if (submission.busy) return;
    const { lang, title, body } = edit;
    const draft = { lang: lang.trim(), title: title.trim(), body, status };
    void submission.send(
      () => (article ? app.api.changeArticle(article.id, draft) : app.api.addArticle({ ...draft, site: edit.site })),
      ({ id: saved_as }) => {
        app.article_edits.forget(id);
        onSaved(saved_as);
      },
    );
  };
  const remove = () => {
    if (!article) return;
    if (!removing) return setRemoving(true);
    void submission.send(
      () => app.api.removeArticle(article.id),
      () => {
        app.article_edits.forget(id);
        onSaved(undefined);
      },
    );
  };
  const discard = () => {
    app.article_edits.forget(id);
    if (!article) onClose();
  };
  const status = article?.status ?? "draft";
  useCommand("save", () => save(status));
  useEffect(() => {
    form.current?.scrollIntoView({ block: "nearest" });
    form.current?.querySelector<HTMLElement>("input")?.focus();
  }, []);

  return (
    <form
      ref={form}
      class="panel form"
      aria-label={article?.title ?? words.articles.new}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save(status);
      }}
    >
      <h2>
        <span dir="auto">{edit.title || words.articles.new}</span>
        <StatusChip status={status} />
        {is_changed && <span class="chip warn">{words.articles.unsaved}</span>}
      </h2>
      {submission.message && (
        <p class="alert bad" role="alert">
          <Icon name="warn" />
          <span>{submission.message}</span>
        </p>
      )}
      <div class="cols">
        <TextField
          name="title"
          label={words.articles.title}
          value={edit.title}
          onChange={(title) => change({ title })}
          error={submission.errorAt("title")}
        />
        <LanguageField
          value={edit.lang}
          known={languages}
          onChange={(lang) => change({ lang })}
          error={submission.errorAt("lang")}
        />
        <TextField
          name="body"
          label={words.articles.body}
          help={words.articles.body_help}
          value={edit.body}
          onChange={(body) => change({ body })}
          error={submission.errorAt("body")}
          rows={14}
        />
        <Preview title={edit.title} body={edit.body} />
      </div>
      <div class="form-act">
        {article && (
          <button type="button" class="btn btn-bad" onClick={remove} onBlur={() => setRemoving(false)}>
            {removing ? words.settings.removing : words.common.remove}
          </button>
        )}
        <span class="grow" />
        {is_changed ? (
          <button type="button" class="btn" onClick={discard}>
            {words.articles.discard}
          </button>
        ) : (
          <button type="button" class="btn" onClick={onClose}>
            {words.common.close}
          </button>
        )}
        <button
          type="button"
          class="btn"
          disabled={submission.busy}
          onClick={() => save(status === "published" ? "draft" : "published")}
        >
          {status === "published" ? words.articles.unpublish : words.articles.publish}
        </button>
        <button type="submit" class="btn btn-p" disabled={submission.busy}>
          {words.common.save} <kbd aria-hidden="true">Ctrl S</kbd>
        </button>
      </div>
    </form>
  );
}

interface LanguageFieldProps {
  value: string;
  known: readonly string[];
  onChange: (lang: string) => void;
  error: string | undefined;
}

function LanguageField({ value, known, onChange, error }: LanguageFieldProps) {
  const words = useWords();
  const name = formatLanguage(words.lang, value.trim() || "en");
  return (
    <Field name="lang" label={words.articles.language} help={words.articles.language_help(name)} error={error}>
      {(control) => (
        <>
          <input
            {...control}
            class="in in-lang"
            dir="ltr"
            list="article-languages"
            autocomplete="off"
            spellcheck={false}
            value={value}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
          <datalist id="article-languages">
            {known.map((lang) => (
              <option key={lang} value={lang} label={formatLanguage(words.lang, lang)} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function Preview({ title, body }: { title: string; body: string }) {
  const words = useWords();
  const [blocks, problem] = usePreview(body);
  return (
    <section class="f" aria-labelledby="article-preview">
      <p class="l" id="article-preview">
        {words.articles.preview}
      </p>
      <div class="prev-article" tabIndex={0} role="group" aria-label={words.articles.preview}>
        {title.trim() && (
          <h3 class="prev-title" dir="auto">
            {title}
          </h3>
        )}
        {blocks.length > 0 ? <Blocks blocks={blocks} level={title.trim() ? 4 : 3} /> : <p class="muted">{words.articles.preview_empty}</p>}
      </div>
      {problem && <p class="help">{problem}</p>}
    </section>
  );
}

/** What the server makes of the text, a moment after the last key; what was made last stays until then. */
function usePreview(body: string): [readonly Block[], string | undefined] {
  const app = useApp();
  const [blocks, setBlocks] = useState<readonly Block[]>([]);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (body.trim() === "") {
      setBlocks([]);
      return undefined;
    }
    let is_current = true;
    const timer = window.setTimeout(
      () =>
        void app.api.previewArticle(body).then((answer) => {
          if (!is_current) return;
          setProblem(answer.ok ? undefined : app.explain(answer.problem));
          if (answer.ok) setBlocks(answer.value.blocks);
        }),
      REST_MS,
    );
    return () => {
      is_current = false;
      window.clearTimeout(timer);
    };
  }, [app, body]);
  return [blocks, problem];
}

/** For who only reads. */
export function ArticleReader({ article }: { article: Article }) {
  const words = useWords();
  const [blocks] = usePreview(article.body);
  return (
    <section class="panel form" aria-label={article.title}>
      <h2>
        <span dir="auto">{article.title}</span>
        <StatusChip status={article.status} />
        <span class="lang">{formatLanguage(words.lang, article.lang)}</span>
      </h2>
      <Blocks blocks={blocks} level={3} />
    </section>
  );
}
