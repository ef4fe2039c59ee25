// Finding an article for a visitor: the published ones of the conversation's site in the visitor's language, with what they
// will read. The chosen one is put into the tray, to be sent with the next message.

import { useEffect, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { formatLanguage } from "../format.ts";
import { Icon } from "../icon.tsx";
import { Blocks } from "../parts/blocks.tsx";
import { Dialog } from "../parts/dialog.tsx";
import type { FoundArticle, PublishedArticle } from "../rest.ts";
import type { Chat } from "../state/model.ts";

/** Between the last key and the question. */
const REST_MS = 200;
const FOUND_MAX = 20;

export function ArticleDialog({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const app = useApp();
  const words = useWords();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const site = useSite(chat.id);
  const { found, lang, problem } = useFound(site, chat.visitor.lang ?? words.lang, query);
  const chosen = found?.[at];

  const insert = (article: FoundArticle | undefined) => {
    if (!article) return;
    const { id, title, excerpt } = article;
    app.staged.add(chat.id, [{ kind: "article", article: id, title, excerpt }]);
    onClose();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const count = found?.length ?? 0;
    if (count > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      setAt((at + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    }
  };

  return (
    <Dialog title={words.articles.insert_title} onClose={onClose} onSubmit={() => insert(chosen)} wide>
      <label class="search">
        <Icon name="search" />
        <span class="sr">{words.articles.find}</span>
        <input
          type="search"
          placeholder={words.articles.find}
          value={query}
          autofocus
          list={undefined}
          role="combobox"
          aria-expanded={(found?.length ?? 0) > 0}
          aria-controls="found-articles"
          aria-activedescendant={chosen ? optionId(at) : undefined}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        {lang && <span class="lang">{formatLanguage(words.lang, lang)}</span>}
      </label>
      {problem && <p role="alert">{problem}</p>}
      <div class="find">
        <div class="find-list" role="listbox" id="found-articles" aria-label={words.settings.articles}>
          {found?.map((article, index) => (
            <div
              key={article.id}
              id={optionId(index)}
              class="opt opt-article"
              role="option"
              aria-selected={index === at}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => setAt(index)}
              onDblClick={() => insert(article)}
            >
              <b dir="auto">{article.title}</b>
              <span dir="auto">{article.excerpt}</span>
            </div>
          ))}
        </div>
        <Preview key={chosen?.id} site={site} article={chosen} />
      </div>
      {found?.length === 0 && (
        <p class="muted" role="status">
          {query.trim() === "" ? words.articles.none_published : words.articles.none_such}
        </p>
      )}
      <div class="act">
        <button type="button" class="btn" onClick={onClose}>
          {words.common.cancel}
        </button>
        <button type="submit" class="btn btn-p" disabled={!chosen}>
          {words.articles.insert} <kbd aria-hidden="true">↵</kbd>
        </button>
      </div>
    </Dialog>
  );
}

function optionId(at: number): string {
  return `found-article-${at}`;
}

/** What the visitor will read, once it is there. */
function Preview({ site, article }: { site: string | undefined; article: FoundArticle | undefined }) {
  const app = useApp();
  const words = useWords();
  const [whole, setWhole] = useState<PublishedArticle | undefined>(undefined);
  const id = article?.id;
  useEffect(() => {
    if (site === undefined || id === undefined) return undefined;
    let is_current = true;
    void app.api.publishedArticle(site, id).then((answer) => {
      if (is_current && answer.ok) setWhole(answer.value);
    });
    return () => {
      is_current = false;
    };
  }, [app, site, id]);
  if (!article) return null;
  return (
    <div class="prev-article" tabIndex={0} role="group" aria-label={words.articles.preview}>
      <h3 class="prev-title" dir="auto">
        {article.title}
      </h3>
      {whole && <Blocks blocks={whole.blocks} />}
    </div>
  );
}

/** A chat names its department; of which site it is its record tells. */
function useSite(conversation: string): string | undefined {
  const app = useApp();
  const [site, setSite] = useState<string | undefined>(undefined);
  useEffect(() => {
    let is_current = true;
    void app.api.conversation(conversation).then((answer) => {
      if (is_current && answer.ok) setSite(answer.value.site);
    });
    return () => {
      is_current = false;
    };
  }, [app, conversation]);
  return site;
}

function useFound(site: string | undefined, wanted: string, query: string) {
  const app = useApp();
  const [found, setFound] = useState<FoundArticle[] | undefined>(undefined);
  const [lang, setLang] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (site === undefined) return undefined;
    let is_current = true;
    const timer = window.setTimeout(
      () =>
        void app.api.foundArticles(site, { lang: wanted, q: query.trim(), limit: FOUND_MAX }).then((answer) => {
          if (!is_current) return;
          setProblem(answer.ok ? undefined : app.explain(answer.problem));
          if (!answer.ok) return;
          setFound(answer.value.articles);
          setLang(answer.value.lang);
        }),
      query === "" ? 0 : REST_MS,
    );
    return () => {
      is_current = false;
      window.clearTimeout(timer);
    };
  }, [app, site, wanted, query]);
  return { found, lang, problem };
}
