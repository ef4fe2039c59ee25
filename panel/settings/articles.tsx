// Articles: what visitors find before they ask. By site and language, in the order that visitors see; who may not write
// reads them here too.

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { NEW } from "../article_edits.ts";
import { useApp, useWords } from "../app.ts";
import { formatLanguage, formatMoment } from "../format.ts";
import { Icon } from "../icon.tsx";
import { useSubmission } from "../parts/form.ts";
import { useCommand } from "../parts/hooks.ts";
import type { Article, ArticleStatus, Site } from "../rest.ts";
import { ArticleEditor, ArticleReader } from "./article_editor.tsx";
import { NewButton, PaneHead, ReadOnly, RowName, Table, useRole } from "./pane.tsx";
import { SelfService } from "./self_service.tsx";

const PAGE = 200;

export function ArticlesPane() {
  const app = useApp();
  const words = useWords();
  const may_change = useRole() !== "agent";
  const sites = app.directory.sites.value;
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const site = sites.find((one) => one.key === chosen) ?? sites[0];
  const [open, setOpen] = useState<string | undefined>(app.article_edits.all.value.has(NEW) ? NEW : undefined);
  const { articles, reload, problem } = useArticlesOf(site?.key);
  const opened = articles?.find((article) => article.id === open);

  const onSaved = (id: string | undefined) => {
    app.toast.value = { text: words.common.saved };
    setOpen(id);
    void reload();
  };
  return (
    <section>
      <PaneHead title={words.settings.articles}>
        {may_change && site && <NewButton label={words.articles.new} onClick={() => setOpen(NEW)} />}
      </PaneHead>
      <div class="set-in">
        {!may_change && <ReadOnly text={words.settings.read_only_supervisor} />}
        {problem && <p role="alert">{problem}</p>}
        {site && articles && (
          <>
            <List
              key={site.key}
              site={site}
              sites={sites}
              onSite={(key) => {
                setChosen(key);
                setOpen(undefined);
              }}
              articles={articles}
              open={open}
              onOpen={setOpen}
              onMoved={() => void reload()}
              may_change={may_change}
            />
            {may_change && (opened || open === NEW) && (
              <ArticleEditor
                key={open}
                article={opened}
                site={site}
                languages={languagesOf(articles, words.lang)}
                onSaved={onSaved}
                onClose={() => setOpen(undefined)}
              />
            )}
            {!may_change && opened && <ArticleReader key={opened.id} article={opened} />}
            {may_change && <SelfService site={site.key} onOpen={setOpen} />}
          </>
        )}
      </div>
    </section>
  );
}

/** All articles of a site: there are at most some hundreds, and one looks through them by language and word. */
function useArticlesOf(site: string | undefined) {
  const app = useApp();
  const [articles, setArticles] = useState<Article[] | undefined>(undefined);
  const [problem, setProblem] = useState<string | undefined>(undefined);

  const load = useCallback(
    async (isCurrent: () => boolean) => {
      if (site === undefined) return;
      const found: Article[] = [];
      for (let more = true; more;) {
        const answer = await app.api.articles({ site, skip: found.length, limit: PAGE });
        if (!isCurrent()) return;
        setProblem(answer.ok ? undefined : app.explain(answer.problem));
        if (!answer.ok) return;
        found.push(...answer.value.articles);
        more = answer.value.has_more && answer.value.articles.length > 0;
      }
      setArticles(found);
    },
    [app, site],
  );
  useEffect(() => {
    let is_current = true;
    setArticles(undefined);
    void load(() => is_current);
    return () => {
      is_current = false;
    };
  }, [load]);
  return { articles, problem, reload: () => load(() => true) };
}

/** The languages there are, and one's own for the first article. */
function languagesOf(articles: readonly Article[], own: string): string[] {
  const found = [...new Set(articles.map((article) => article.lang))].sort();
  return found.length > 0 ? found : [own.split("-")[0] ?? "en"];
}

interface ListProps {
  site: Site;
  sites: readonly Site[];
  onSite: (key: string) => void;
  articles: readonly Article[];
  open: string | undefined;
  onOpen: (id: string) => void;
  onMoved: () => void;
  may_change: boolean;
}

function List({ site, sites, onSite, articles, open, onOpen, onMoved, may_change }: ListProps) {
  const app = useApp();
  const words = useWords();
  const [lang, setLang] = useState("");
  const [status, setStatus] = useState<"" | ArticleStatus>("");
  const [query, setQuery] = useState("");
  const submission = useSubmission([]);
  const languages = useMemo(() => [...new Set(articles.map((article) => article.lang))].sort(), [articles]);
  const wanted = query.trim().toLowerCase();
  const shown = articles.filter(
    (article) =>
      (lang === "" || article.lang === lang) &&
      (status === "" || article.status === status) &&
      `${article.title} ${article.body}`.toLowerCase().includes(wanted),
  );
  const move = (article: Article, by: number) =>
    void submission.send(() => app.api.changeArticle(article.id, { position: article.position + by }), onMoved);
  const [field, setField] = useState<HTMLInputElement | null>(null);
  useCommand("search", () => field?.focus(), field !== null);

  return (
    <>
      <div class="filters filters-set">
        {sites.length > 1 && (
          <Filter
            label={words.articles.site}
            value={site.key}
            options={sites.map((one) => [one.key, one.name] as const)}
            onChange={onSite}
          />
        )}
        {languages.length > 1 && (
          <Filter
            label={words.articles.language}
            value={lang}
            options={[
              ["", words.articles.any_language],
              ...languages.map((one) => [one, formatLanguage(words.lang, one)] as const),
            ]}
            onChange={setLang}
          />
        )}
        <Filter
          label={words.articles.status}
          value={status}
          options={[
            ["", words.articles.any_status],
            ["published", words.articles.published],
            ["draft", words.articles.draft],
          ]}
          onChange={(value) => setStatus(value === "draft" || value === "published" ? value : "")}
        />
        <label class="search">
          <Icon name="search" />
          <span class="sr">{words.common.search}</span>
          <input
            ref={setField}
            type="search"
            placeholder={words.articles.find}
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </label>
      </div>
      {submission.message && <p role="alert">{submission.message}</p>}
      {articles.length === 0 ? (
        <p class="muted">{words.articles.none}</p>
      ) : shown.length === 0 ? (
        <p class="muted">{words.articles.none_such}</p>
      ) : (
        <Table
          label={words.settings.articles}
          heads={[
            words.articles.title,
            words.articles.language,
            words.articles.status,
            words.articles.changed,
            ...(may_change ? [words.articles.order] : []),
          ]}
        >
          {shown.map((article) => (
            <tr key={article.id} class={article.id === open ? "now-row" : ""}>
              <RowName open={article.id === open} onOpen={() => onOpen(article.id)}>
                <span class="cut-in" dir="auto">
                  {article.title}
                </span>
              </RowName>
              <td>{formatLanguage(words.lang, article.lang)}</td>
              <td>
                <StatusChip status={article.status} />
                {app.article_edits.all.value.has(article.id) && <span class="chip warn">{words.articles.unsaved}</span>}
              </td>
              <td class="num">
                {formatMoment(words.lang, article.updated_at, app.clock.now.value)}
                {article.updated_by && <span class="muted"> · {article.updated_by.name}</span>}
              </td>
              {may_change && (
                <td>
                  <Order article={article} articles={articles} onMove={move} busy={submission.busy} />
                </td>
              )}
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}

export function StatusChip({ status }: { status: ArticleStatus }) {
  const words = useWords();
  return <span class={status === "published" ? "chip ok" : "chip"}>{words.articles[status]}</span>;
}

interface OrderProps {
  article: Article;
  articles: readonly Article[];
  onMove: (article: Article, by: number) => void;
  busy: boolean;
}

/** Up and down among the articles of the same language: visitors see them in this order. */
function Order({ article, articles, onMove, busy }: OrderProps) {
  const words = useWords();
  const last = Math.max(...articles.filter((other) => other.lang === article.lang).map((other) => other.position));
  const step = (by: number, icon: "up" | "down", label: string, is_end: boolean) => (
    <button
      type="button"
      class="icon-btn"
      // One that waits or ends must not lose the focus of who presses it again and again.
      aria-disabled={is_end || busy}
      aria-label={label}
      title={label}
      onClick={() => !is_end && !busy && onMove(article, by)}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <span class="order">
      {step(-1, "up", words.common.move_up(article.title), article.position <= 1)}
      {step(1, "down", words.common.move_down(article.title), article.position >= last)}
    </span>
  );
}

interface FilterProps {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}

export function Filter({ label, value, options, onChange }: FilterProps) {
  return (
    <label class="chip choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, name]) => (
          <option key={key} value={key} selected={key === value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
