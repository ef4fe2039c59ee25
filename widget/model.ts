// Everything the views look at, and everything they may ask for. app.ts keeps the one model and carries out the actions;
// a view gets both and gives a description of elements, nothing more.

import type { ConnectionState } from "../client/connection.ts";
import type { SiteInfo } from "./embed.ts";
import type { Shown } from "./eta.ts";
import { type Phrases, Word } from "./i18n/index.ts";
import type { RefusedStart } from "./session.ts";
import type { Visit } from "./visit.ts";

export type Screen = "loading" | "start" | "chat" | "down" | "refused";

export interface Model {
  phrases: Phrases;
  now: number;
  isPhone: boolean;
  site: SiteInfo;
  /** An earlier page had an open conversation: wait for it rather than flash the start. */
  isExpected: boolean;
  visit: Visit;
  connection: ConnectionState;
  /** Since when there is no line; undefined while there is one. */
  lost_since: number | undefined;
  /** Whether what was written outlives this page; not where the browser's storage is full or forbidden. */
  isLasting: boolean;
  banner: "offline" | "reconnecting" | "back" | undefined;
  refusedStart: RefusedStart | undefined;
  /** What was typed: the form's fields by name, the composer's under "". */
  values: Readonly<Record<string, string>>;
  /** Words about a field, by its name. */
  errors: Readonly<Record<string, string>>;
  /** Words about the composer: too long, too many waiting. */
  complaint: string | undefined;
  menu: boolean;
  question: "leave" | "end" | undefined;
  range: Shown | undefined;
  score: number | undefined;
  isRatingSkipped: boolean;
  isAtBottom: boolean;
  /** Messages of others that came while the log was scrolled back. */
  below: number;
  /** `seq` that was seen when the window opened. */
  fresh_after: number | undefined;
}

export interface Actions {
  close(): void;
  typed(field: string, value: string): void;
  /** A field was left. */
  leftField(field: string): void;
  submitForm(): void;
  sendMessage(): void;
  retry(cmd: string): void;
  discard(cmd: string): void;
  toggleMenu(isOpen: boolean): void;
  ask(question: "leave" | "end" | undefined): void;
  confirm(): void;
  choose(score: number): void;
  rate(): void;
  skipRating(): void;
  beginAnew(): void;
  save(): void;
  tryNow(): void;
  scrolled(log: HTMLElement): void;
  toBottom(): void;
}

/** When a server that never answered is called down rather than slow. */
export const DOWN_AFTER_MS = 5_000;

export function screenOf(model: Model): Screen {
  const { visit, connection, lost_since, now } = model;
  if (connection.kind === "refused" || connection.kind === "signed_out") return "refused";
  if (visit.conversation !== undefined) return "chat";
  const isDown = lost_since !== undefined && now - lost_since > DOWN_AFTER_MS;
  if (isDown && (!visit.isKnown || visit.doing.start !== undefined)) return "down";
  if (visit.doing.start !== undefined) return "chat";
  if (model.isExpected && !visit.isKnown) return isDown ? "down" : "loading";
  return "start";
}

/** Nothing to fill in: the first message starts the chat. */
export function isPlainStart({ site }: Model): boolean {
  return site.form.length === 0 && site.departments.length < 2;
}

export function siteName({ site }: Model): string {
  return site.name;
}

export function departmentName({ site }: Model, key: string): string {
  return site.departments.find((department) => department.key === key)?.name ?? key;
}

/** Our words for the server's code, because the server speaks one language and we speak the visitor's. */
export function refusalWords({ phrases: { say } }: Model, code: string): string {
  switch (code) {
    case "wrong_state":
      return say(Word.errorState);
    case "conflict":
      return say(Word.errorConflict);
    case "too_large":
      return say(Word.errorLarge);
    case "rate_limited":
      return say(Word.errorRate);
    case "unavailable":
      return say(Word.errorAway);
    case "not_found":
      return say(Word.errorGone);
    default:
      return say(Word.errorOther);
  }
}
