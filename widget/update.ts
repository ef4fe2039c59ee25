// How the model follows the session and the clock: pure, each gives the part of the model that is different now.

import type { ConnectionState } from "../client/connection.ts";
import type { Model } from "./model.ts";
import { isLive, type Visit } from "./visit.ts";

/** A line that is gone for less is not worth a word. */
const BANNER_AFTER_MS = 3_000;

/** A new conversation starts with a clean table. */
export function cleanTable() {
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
    ...model.ticket?.after(model, visit, now),
    below: model.isAtBottom || isOther ? 0 : model.below + unreadCount(visit, timeline.last ?? 0),
  };
}

export function afterConnection({ lost_since, banner }: Model, connection: ConnectionState, now: number): Partial<Model> {
  if (connection.kind !== "open") return { connection, now, lost_since: lost_since ?? now };
  return { connection, now, lost_since: undefined, banner: banner && "back" };
}

export function afterTime(model: Model, now: number): Partial<Model> {
  const { lost_since, connection, visit, banner } = model;
  const isLost = lost_since && (visit.isKnown || visit.conversation) && now - lost_since >= BANNER_AFTER_MS;
  const bad = connection.kind === "offline" ? "offline" : "reconnecting";
  return { now, ...model.ticket?.after(model, visit, now), banner: isLost ? bad : banner };
}

/** Messages of others that were never on screen. */
export function unreadCount({ timeline }: Visit, seen: number): number {
  return timeline.events.filter(({ kind, seq, from }) => kind === "message" && seq > seen && (from.role === "agent" || from.role === "bot")).length;
}
