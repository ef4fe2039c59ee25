// A log as it is drawn: days, quiet system lines, and messages of one person in a row gathered into one group. Pure.

import { startOfDay } from "../format.ts";
import type { Pending, Timeline } from "../../client/timeline.ts";
import type { EventOf } from "../state/order.ts";
import type { EventFrame } from "../state/wire.ts";

/** Messages of this span, with nothing between them, share one line of time and ticks. */
const GROUP_MS = 60_000;

export type SaidEvent = EventOf<"message"> | EventOf<"note">;
export type SystemEvent = Exclude<EventFrame, SaidEvent>;

export type Entry =
  | { kind: "day"; key: string; at: number }
  | { kind: "system"; key: string; event: SystemEvent }
  | { kind: "said"; key: string; side: "visitor" | "agent" | "note"; events: SaidEvent[] }
  | { kind: "pending"; key: string; pending: Pending };

export function entriesOf(timeline: Pick<Timeline, "events" | "pending">): Entry[] {
  const entries: Entry[] = [];
  let day = Number.NaN;
  // What failed for good stays where it was written; what is on its way goes to the end, where it will be.
  const failed = timeline.pending.filter((pending) => pending.failed !== undefined);
  for (const event of timeline.events) {
    while (failed[0] && failed[0].made_at < event.at) addPending(entries, failed.shift());
    const event_day = startOfDay(event.at);
    if (event_day !== day) {
      day = event_day;
      entries.push({ kind: "day", key: `day-${event_day}`, at: event.at });
    }
    if (event.kind !== "message" && event.kind !== "note") {
      entries.push({ kind: "system", key: `event-${event.seq}`, event });
      continue;
    }
    const last = entries[entries.length - 1];
    if (last?.kind === "said" && joins(last, event)) last.events.push(event);
    else entries.push({ kind: "said", key: `event-${event.seq}`, side: sideOf(event), events: [event] });
  }
  for (const pending of failed) addPending(entries, pending);
  for (const pending of timeline.pending) if (pending.failed === undefined) addPending(entries, pending);
  return entries;
}

function addPending(entries: Entry[], pending: Pending | undefined): void {
  if (pending) entries.push({ kind: "pending", key: pending.cmd, pending });
}

function joins(group: Extract<Entry, { kind: "said" }>, event: SaidEvent): boolean {
  const first = group.events[0];
  return (
    first !== undefined &&
    group.side === sideOf(event) &&
    group.side !== "note" &&
    first.from.role === event.from.role &&
    first.from.id === event.from.id &&
    event.at - first.at < GROUP_MS
  );
}

function sideOf(event: SaidEvent): "visitor" | "agent" | "note" {
  if (event.kind === "note") return "note";
  return event.from.role === "visitor" ? "visitor" : "agent";
}
