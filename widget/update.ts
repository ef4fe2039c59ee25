// How the model follows the session and the clock: pure, each gives the part of the model that is different now.

import type { ConnectionState } from "../client/connection.ts";
import { rangeOf, settle, type Shown } from "./eta.ts";
import type { Model } from "./model.ts";
import { isLive, type Visit } from "./visit.ts";

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
  const before = model.visit;
  const isOther = visit.conversation?.id !== before.conversation?.id;
  const added = isOther ? [] : visit.timeline.events.slice(before.timeline.events.length);
  const others = added.filter(({ kind, from }) => kind === "message" && from.role !== "visitor").length;
  return {
    ...(isOther && isLive(visit) ? cleanTable() : {}),
    visit,
    now,
    range: rangeAfter(model.range, visit, now),
    ...waitAfter(model, visit),
    below: model.isAtBottom ? 0 : model.below + others,
  };
}

export function afterConnection(model: Model, connection: ConnectionState, now: number): Partial<Model> {
  if (connection.kind !== "open") return { connection, now, lost_since: model.lost_since ?? now };
  const wasTold = model.banner === "offline" || model.banner === "reconnecting";
  return { connection, now, lost_since: undefined, banner: wasTold ? "back" : undefined };
}

export function afterTime(model: Model, now: number): Partial<Model> {
  const { lost_since, connection, visit, banner } = model;
  const isLost = lost_since !== undefined && (visit.isKnown || visit.conversation !== undefined) && now - lost_since >= BANNER_AFTER_MS;
  const bad = connection.kind === "offline" ? "offline" : "reconnecting";
  return { now, range: rangeAfter(model.range, visit, now), banner: isLost ? bad : banner === "back" ? "back" : undefined };
}

/** A long wait is short again only well below the limit. */
const SHORT_MS = 10 * 60_000;

function waitAfter({ isBusy, hasWayOut, site }: Model, { conversation, open }: Visit): Pick<Model, "isBusy" | "hasWayOut"> {
  if (conversation?.state !== "queued" && conversation?.state !== "offered") return { isBusy: false, hasWayOut: false };
  const p50_ms = conversation.place?.eta?.p50_ms ?? 0;
  const isLong = p50_ms > site.long_wait_ms || (isBusy && p50_ms >= Math.min(SHORT_MS, site.long_wait_ms));
  return { isBusy: isLong, hasWayOut: hasWayOut || isLong || open === false };
}

function rangeAfter(shown: Shown | undefined, { conversation }: Visit, now: number): Shown | undefined {
  return conversation?.place === undefined ? undefined : settle(shown, rangeOf(conversation.place.eta), now);
}

/** Messages of others that were never on screen. */
export function unreadCount({ timeline }: Visit, seen: number): number {
  return timeline.events.filter(({ kind, seq, from }) => kind === "message" && seq > seen && (from.role === "agent" || from.role === "bot")).length;
}
