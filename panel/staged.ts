// What is chosen to be sent with the next message and not sent yet: files and articles, kept per conversation while the
// panel is open. Nothing of it has left this browser.

import { signal, type ReadonlySignal } from "@preact/signals";

export type Chosen =
  | { kind: "file"; file: File }
  | { kind: "article"; article: string; title: string; excerpt: string };

/** `id` tells two of the same apart. */
export type Staged = Chosen & { id: number };

/** More at once is a mistake, such as a folder dropped by accident. */
export const STAGED_MAX = 10;

export interface StagedItems {
  all: ReadonlySignal<ReadonlyMap<string, readonly Staged[]>>;
  /** Gives how many found no place. */
  add(conversation: string, items: readonly Chosen[]): number;
  remove(conversation: string, id: number): void;
  /** Takes everything out, to be sent. */
  take(conversation: string): readonly Staged[];
}

export function createStaged(): StagedItems {
  const all = signal<ReadonlyMap<string, readonly Staged[]>>(new Map());
  let last_id = 0;
  const of = (conversation: string): readonly Staged[] => all.value.get(conversation) ?? [];
  const set = (conversation: string, items: readonly Staged[]) => {
    const next = new Map(all.value);
    if (items.length === 0) next.delete(conversation);
    else next.set(conversation, items);
    all.value = next;
  };
  return {
    all,
    add(conversation, items) {
      const known = of(conversation);
      const taken = items.slice(0, Math.max(0, STAGED_MAX - known.length));
      set(conversation, [...known, ...taken.map((item) => ({ ...item, id: (last_id += 1) }))]);
      return items.length - taken.length;
    },
    remove(conversation, id) {
      set(
        conversation,
        of(conversation).filter((item) => item.id !== id),
      );
    },
    take(conversation) {
      const items = of(conversation);
      set(conversation, []);
      return items;
    },
  };
}
