// What the widget remembers between pages: who the visitor is, which conversation is open, what was read, what was typed.
// Nothing is written before the visitor has opened the chat, and what cannot be kept is done without.

import type { KeyValueStore } from "../client/environment.ts";
import { draftKey, logKey, sessionKey, windowKey } from "./embed.ts";
import type { Kept } from "./visit.ts";

export interface Session {
  token: string;
  epoch: string;
  conversation?: string;
  /** There is a conversation that is not over: the next page should follow it without being asked. */
  isLive: boolean;
  /** The last event that was on screen, so that the badge is right on the next page. */
  seen: number;
  /** A closed conversation that the visitor is done with. */
  dismissed?: string;
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
    session: () => asSession(parse(local.get(sessionKey(site)))),
    keepSession: (session) => void local.set(sessionKey(site), JSON.stringify(session)),
    dropSession() {
      local.remove(sessionKey(site));
      local.remove(logKey(site));
    },
    log() {
      try {
        const kept = JSON.parse(local.get(logKey(site)) ?? "") as Kept; // or whatever it is: then it throws, or a link is wrong
        // Every link is looked at, because a log with a hole would be shown as if it were whole.
        if (kept.events.every(({ conversation, prev }, at) => conversation === kept.conversation.id && (at === 0 || prev === kept.events[at - 1]?.seq))) return kept;
      } catch {
        // Not ours, or of another version: the server has it all.
      }
      return undefined;
    },
    keepLog(kept) {
      const key = logKey(site);
      for (let events = kept?.events ?? []; events.length > 0; events = events.slice(1 + events.length / 4)) {
        const text = JSON.stringify({ ...kept, events });
        if (text.length <= LOG_CHARS_MAX && local.set(key, text)) return;
      }
      local.remove(key); // also from the page's memory, which has the log already
    },
    draft: () => asDraft(parse(tab.get(draftKey(site)))),
    keepDraft: (draft) => void tab.set(draftKey(site), JSON.stringify(draft)),
    wasOpen: () => tab.get(windowKey(site)) === "open",
    keepOpen(isOpen) {
      if (isOpen) tab.set(windowKey(site), "open");
      else tab.remove(windowKey(site));
    },
  };
}

function parse(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Storage belongs to the page: what is there may come from another version, or from anybody. */
function asSession(value: unknown): Session | undefined {
  if (typeof value !== "object" || value === null || !("token" in value) || !("epoch" in value)) return undefined;
  if (typeof value.token !== "string" || typeof value.epoch !== "string") return undefined;
  const text = (name: string): string | undefined => {
    const found: unknown = Reflect.get(value, name);
    return typeof found === "string" ? found : undefined;
  };
  const seen: unknown = Reflect.get(value, "seen");
  const conversation = text("conversation");
  const dismissed = text("dismissed");
  return {
    token: value.token,
    epoch: value.epoch,
    isLive: Reflect.get(value, "isLive") === true,
    seen: typeof seen === "number" ? seen : 0,
    ...(conversation === undefined ? {} : { conversation }),
    ...(dismissed === undefined ? {} : { dismissed }),
  };
}

function asDraft(value: unknown): Draft {
  const values: Record<string, string> = {};
  const kept: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "values") : undefined;
  if (typeof kept === "object" && kept !== null) {
    for (const [name, text] of Object.entries(kept)) if (typeof text === "string") values[name] = text;
  }
  return { values };
}
