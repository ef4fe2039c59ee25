// What is written but not sent, kept per conversation, reply and note apart, and across reloads.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { KeyValueStore } from "../client/environment.ts";

export type DraftMode = "reply" | "note";

const PREFIX = "balie.panel.draft.";
/** Beyond so many conversations the oldest drafts go: one person does not leave more unfinished. */
const KEPT_MAX = 100;

export interface Drafts {
  read(conversation: string, mode: DraftMode): string;
  write(conversation: string, mode: DraftMode, text: string): void;
  /** Grows whenever a draft appears or goes, for lists that mark them. */
  changes: ReadonlySignal<number>;
}

export function createDrafts(store: KeyValueStore): Drafts {
  const changes = signal(0);
  const keyOf = (conversation: string, mode: DraftMode) => `${PREFIX}${conversation}.${mode}`;
  return {
    changes,
    read: (conversation, mode) => store.get(keyOf(conversation, mode)) ?? "",
    write(conversation, mode, text) {
      const key = keyOf(conversation, mode);
      const was_empty = (store.get(key) ?? "") === "";
      if (text === "") store.remove(key);
      else store.set(key, text);
      if (was_empty === (text === "")) return;
      changes.value += 1;
      const kept = store.keys(PREFIX).sort();
      // Ids grow with time, so the first by name are the oldest conversations.
      for (const old of kept.slice(0, Math.max(0, kept.length - KEPT_MAX))) store.remove(old);
    },
  };
}
