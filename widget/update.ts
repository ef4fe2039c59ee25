// How the model follows the session and the clock: pure, each gives the part of the model that is different now.

import type { ConnectionState } from "../client/connection.ts";
import { rangeOf, settle, type Shown } from "./eta.ts";
import type { Model } from "./model.ts";
import { isInLine, isLive, type Visit } from "./visit.ts";

/** A line that is gone for less is not worth a word. */
const BANNER_AFTER_MS = 3_000;

/** A new conversation starts with a clean table. */
export function cleanTable(): Partial<Model> {
  return {
    score: undefined,
    isRatingSkipped: false,
    menu: false,
    hasEmoji: false,
    form: undefined,
    question: undefined,
    complaint: undefined,
    refusedStart: undefined,
    isAtBottom: true,
    below: 0,
    fresh_after: undefined,
  };
}

export function afterVisit(model: Model, visit: Visit, now: number): Partial<Model> {
  const { conversation, timeline } = model.visit;
  const isOther = visit.conversation?.id !== conversation?.id;
  return {
    ...(isOther && isLive(visit) && cleanTable()),
    visit,
    now,
    range: rangeAfter(model.range, visit, now),
    ...waitAfter(model, visit),
    below: model.isAtBottom || isOther ? 0 : model.below + unreadCount(visit, timeline.last ?? 0),
  };
}

export function afterConnection({ lost_since, banner }: Model, connection: ConnectionState, now: number): Partial<Model> {
  if (connection.kind !== "open") return { connection, now, lost_since: lost_since ?? now };
  return { connection, now, lost_since: undefined, banner: banner && "back" };
}

export function afterTime({ lost_since, connection, visit, banner, range }: Model, now: number): Partial<Model> {
  const isLost = lost_since && (visit.isKnown || visit.conversation) && now - lost_since >= BANNER_AFTER_MS;
  const bad = connection.kind === "offline" ? "offline" : "reconnecting";
  return { now, range: rangeAfter(range, visit, now), banner: isLost ? bad : banner };
}

/** A long wait is short again only well below the limit. */
const SHORT_MS = 10 * 60_000;

function waitAfter({ isBusy, hasWayOut, site: { long_wait_ms } }: Model, visit: Visit): Pick<Model, "isBusy" | "hasWayOut"> {
  const isWait = isInLine(visit);
  const p50_ms = visit.conversation?.place?.eta?.p50_ms ?? 0;
  const isLong = isWait && (p50_ms > long_wait_ms || (isBusy && p50_ms >= Math.min(SHORT_MS, long_wait_ms)));
  return { isBusy: isLong, hasWayOut: isWait && (hasWayOut || isLong || visit.open === false) };
}

function rangeAfter(shown: Shown | undefined, { conversation }: Visit, now: number): Shown | undefined {
  return conversation?.place && settle(shown, rangeOf(conversation.place.eta), now);
}

/** Messages of others that were never on screen. */
export function unreadCount({ timeline }: Visit, seen: number): number {
  return timeline.events.filter(({ kind, seq, from }) => kind === "message" && seq > seen && (from.role === "agent" || from.role === "bot")).length;
}
