// Answers before people: what the visitor looks for and reads. It goes over HTTP, so that it is there without a socket, and
// under a `visit` that is made for this page and kept nowhere, so that what is counted joins nothing.

import type { Cancel } from "../client/environment.ts";
import { createIds, secureRandom } from "../client/id.ts";
import type { Context } from "./actions.ts";
import { type Actions, isOpen, isPlainStart, questionOf } from "./model.ts";

export interface Home {
  /** What stands in the field. */
  query: string;
  /** What `found` answers, "" for what is often asked; undefined before the first answer. */
  asked?: string;
  /** Undefined if the server did not answer. */
  found?: Found | undefined;
  article?: Article | undefined;
}

export interface Found {
  lang: string | null;
  articles: { id: string; title: string; excerpt: string }[];
}

export interface Article {
  id: string;
  title: string;
  lang?: string;
  blocks: { kind: "paragraph" | "heading" | "item" | "code"; number?: number; runs: Run[] }[];
}

export interface Run {
  text: string;
  strong?: boolean;
  emphasis?: boolean;
  code?: boolean;
  href?: string;
}

/** What the server is told, in its own names. */
interface Told {
  visit: string;
  kind?: "searched" | "read" | "chat" | "message";
  article?: string;
  found?: number;
  q?: string;
  helpful?: boolean;
}

/** @inside */
export interface HomeActions extends Actions {
  search(query: string): void;
  /** Whether the article that is open helped. */
  vote(isHelpful: boolean): void;
  /** From home or an article to a person; what was looked for comes along as a suggestion. */
  startChat(): void;
  /** To where it was opened. */
  closeArticle(): void;
}

/** Somebody who types on is not waited for. */
const SEARCH_AFTER_MS = 250;

export function createHome({ host, clock, frame, model, change, keep, actions: chat }: Pick<Context, "host" | "clock" | "frame" | "model" | "change" | "keep" | "actions">): { actions: HomeActions; note(kind: "chat" | "message"): void } {
  const base = `${host.origin}/api/sites/${encodeURIComponent(host.site)}/`;
  const visit = createIds(clock, secureRandom)();
  let later: Cancel = () => {};
  /** How far the page was scrolled that an article was opened from. */
  let place = 0;
  let suggested = "";

  const put = (part: Partial<Home>): void => change({ home: { ...model().home, ...part } });
  const page = (): Element | null => frame.element.querySelector(".page, .log");

  async function get<T>(path: string): Promise<T | undefined> {
    const answer = await fetch(`${base}${path}lang=${encodeURIComponent(host.wishes)}`, { credentials: "omit" }).catch(() => undefined);
    return answer?.ok ? ((await answer.json()) as T) : undefined; // the server's types are ours
  }

  /** A text goes out without the browser asking first, and after the page is left, too. */
  function tell(path: string, what: Omit<Told, "visit">): void {
    const told: Told = { visit, ...what };
    if (model().site.articles) fetch(base + path, { method: "POST", body: JSON.stringify(told), keepalive: true, credentials: "omit" }).catch(() => {});
  }

  async function look(): Promise<void> {
    const { query } = model().home;
    const found = await get<Found>(`articles?q=${encodeURIComponent(query)}&`);
    if (query !== model().home.query) return; // what was typed since is asked for by itself
    put({ asked: query, found });
    const count = found?.articles.length;
    if (query !== "" && count !== undefined) tell("self-service", { kind: "searched", found: count, ...(count === 0 ? { q: query } : {}) });
  }

  const actions: HomeActions = {
    ...chat,
    search(query) {
      later();
      put({ query });
      later = clock.after(query === "" ? 0 : SEARCH_AFTER_MS, () => void look());
    },
    async openArticle(id) {
      place = page()?.scrollTop ?? 0;
      const article = await get<Article>(`articles/${id}?`);
      if (article === undefined) put({ found: undefined }); // the list says why
      else {
        put({ article });
        tell("self-service", { kind: "read", article: id });
      }
    },
    vote(helpful) {
      tell(`articles/${model().home.article?.id}/feedback`, { helpful });
      if (helpful) actions.closeArticle();
      else actions.startChat();
    },
    startChat() {
      const { home: { query, article }, values, visit: { conversation } } = model();
      put({ article: undefined });
      if (conversation !== undefined) {
        actions.goOn("chat");
        return;
      }
      const form = isOpen(model()) ? "start" : "message";
      const name = form === "start" && isPlainStart(model()) ? "" : questionOf(model()); // "" is the composer
      // Only in the place of nothing, or of what was suggested before: where it stands, it can be seen and changed.
      if (["", suggested].includes((values[name] ?? "").trim())) keep({ ...values, [name]: (suggested = article?.title ?? query.trim()) });
      change({ form });
      queueMicrotask(frame.focusFirst);
    },
    closeArticle() {
      const { article } = model().home;
      put({ article: undefined });
      queueMicrotask(() => {
        page()?.scrollTo(0, place);
        frame.element.querySelector<HTMLElement>(`[name="${article?.id}"]`)?.focus({ preventScroll: true });
      });
    },
  };
  return { actions, note: (kind) => tell("self-service", { kind }) };
}
