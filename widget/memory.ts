// What the widget remembers between pages: who the visitor is, which conversation is open, what was read, what was typed.
// Nothing is written before the visitor has opened the chat, and what cannot be kept is done without.

import type { KeyValueStore } from "../client/environment.ts";
import { draftKey, logKey, sessionKey, windowKey } from "./embed.ts";
import type { Kept } from "./visit.ts";

export interface Session {
  token: string;
  epoch: string;
  conversation?: string | undefined;
  /** There is a conversation that is not over: the next page should follow it without being asked. */
  isLive: boolean;
  /** The last event that was on screen, so that the badge is right on the next page. */
  seen: number;
  /** A closed conversation that the visitor is done with. */
  dismissed?: string | undefined;
  /** The site signed who this is. */
  isSigned?: boolean | undefined;
}

export interface Draft {
  /** By field name; the composer's is under "". */
  values: Record<string, string>;
}

/** @inside */
export interface Memory {
  session(): Session | undefined;
  keepSession(session: Session): void;
  dropSession(): void;
  /** The conversation as an earlier page saw it, as far as there was room. */
  log(): Kept | undefined;
  /** As much of the end as there is room for; undefined drops it. */
  keepLog(kept: Kept | undefined): void;
  draft(): Draft;
  keepDraft(draft: Draft): void;
  wasOpen(): boolean;
  keepOpen(isOpen: boolean): void;
}

/** Storage is shared with the page, which has some 5 million characters; this is about 600 messages. */
export const LOG_CHARS_MAX = 200_000;

export function createMemory(site: string, local: KeyValueStore, tab: KeyValueStore): Memory {
  return {
    session: () => parse<Session>(local.get(sessionKey(site)), ({ token, epoch }) => typeof token === "string" && typeof epoch === "string"),
    keepSession: (session) => void local.set(sessionKey(site), JSON.stringify(session)),
    dropSession() {
      local.remove(sessionKey(site));
      local.remove(logKey(site));
    },
    // Every link is looked at, because a log with a hole would be shown as if it were whole.
    log: () => parse<Kept>(local.get(logKey(site)), ({ conversation: { id }, events }) => events.every(({ conversation, prev }, at) => conversation === id && (at === 0 || prev === events[at - 1]?.seq))),
    keepLog(kept) {
      const key = logKey(site);
      for (let events = kept?.events ?? []; events.length > 0; events = events.slice(1 + events.length / 4)) {
        const text = JSON.stringify({ ...kept, events });
        if (text.length <= LOG_CHARS_MAX && local.set(key, text)) return;
      }
      local.remove(key); // also from the page's memory, which has the log already
    },
    draft: () => parse<Draft>(tab.get(draftKey(site)), ({ values }) => Object.values(values).every((text) => typeof text === "string")) ?? { values: {} },
    keepDraft: (draft) => void tab.set(draftKey(site), JSON.stringify(draft)),
    wasOpen: () => tab.get(windowKey(site)) === "open",
    keepOpen(isOpen) {
      if (isOpen) tab.set(windowKey(site), "open");
      else tab.remove(windowKey(site));
    },
  };
}

/** Storage belongs to the page: what is there may come from another version, or from anybody. */
function parse<T>(text: string | null, isOurs: (value: T) => boolean): T | undefined {
  // Mostly nothing is kept. To find that out by an error would take a phone some milliseconds: V8 reads all functions on the way again, for their lines.
  if (text === null) return undefined;
  try {
    const value = JSON.parse(text) as T; // or whatever it is: then it throws below, or is not ours
    return isOurs(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
