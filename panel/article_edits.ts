// Articles that are being written and not saved yet. They stay while the panel is open, whatever page one looks at, so that
// nothing is lost by a click; main.tsx asks before the panel itself is left.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Article } from "./rest.ts";

export type ArticleEdit = Pick<Article, "site" | "lang" | "title" | "body">;

/** The one that has no id yet. */
export const NEW = "new";

export interface ArticleEdits {
  all: ReadonlySignal<ReadonlyMap<string, ArticleEdit>>;
  /** Keeps what differs from what is saved, and forgets what no longer does. */
  keep(id: string, edit: ArticleEdit, saved: ArticleEdit): void;
  forget(id: string): void;
  clear(): void;
}

export function createArticleEdits(): ArticleEdits {
  const all = signal<ReadonlyMap<string, ArticleEdit>>(new Map());
  const forget = (id: string) => {
    if (!all.value.has(id)) return;
    const next = new Map(all.value);
    next.delete(id);
    all.value = next;
  };
  return {
    all,
    forget,
    keep(id, edit, saved) {
      const is_same =
        edit.site === saved.site && edit.lang === saved.lang && edit.title === saved.title && edit.body === saved.body;
      if (is_same) forget(id);
      else all.value = new Map(all.value).set(id, edit);
    },
    clear() {
      all.value = new Map();
    },
  };
}
