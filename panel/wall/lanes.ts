// What the wall makes of a department's figures. Pure, for its test.

import type { Place } from "../state/model.ts";
import type { Lane, LanePromises, WaitingRow } from "../state/wire.ts";
import type { Person } from "../rest.ts";

export type Health = "ok" | "risk" | "below" | "quiet";

/** A share that says something needs this many visitors; fewer are shown as counts. */
export const ENOUGH = 5;

/** How a department does: below its standard now, about to be, keeping it, or without anybody to judge it by. */
export function healthOf(lane: Lane): Health {
  const { in_time, judged } = lane.quarter;
  if (judged >= ENOUGH && 100 * in_time < lane.standard.target_percent * judged) return "below";
  if (lane.staffing?.warning) return "risk";
  return judged === 0 ? "quiet" : "ok";
}

/** Where most happens; undefined while nothing happens anywhere. */
export function busiest(lanes: readonly Lane[]): Lane | undefined {
  const weight = (lane: Lane) => lane.waiting + lane.day.offered;
  const [first] = lanes.filter((lane) => weight(lane) > 0).sort((one, other) => weight(other) - weight(one));
  return first;
}

/** Those in trouble first; else as the server orders them. */
export function inOrder(lanes: readonly Lane[]): Lane[] {
  const rank: Record<Health, number> = { below: 0, risk: 1, ok: 2, quiet: 2 };
  return [...lanes].sort((one, other) => rank[healthOf(one)] - rank[healthOf(other)]);
}

/** The longest wait now: the frame tells it as of when it came, and it grows by itself. */
export function longestNow(lane: Lane, told_at: number, now: number): number {
  return lane.waiting === 0 ? 0 : lane.longest_wait_ms + Math.max(0, now - told_at);
}

/** Who has waited longest in a department, live. */
export function longestOf(waiting: Iterable<WaitingRow>, department: string): WaitingRow | undefined {
  let longest: WaitingRow | undefined;
  for (const row of waiting) {
    if (row.department !== department || row.mode === "message") continue;
    if (!longest || row.enqueued_at < longest.enqueued_at) longest = row;
  }
  return longest;
}

/** Colleagues as REST told them, with what was pushed since; those who take chats first, then the fullest. */
export function agentsOf(people: readonly Person[], places: ReadonlyMap<string, Place>): Person[] {
  const rank = { online: 0, away: 1, offline: 2 } as const;
  const known = people.map((person) => {
    const place = places.get(person.id);
    return place ? { ...person, status: place.status, load: place.load, capacity: place.capacity } : person;
  });
  const told = new Set(people.map((person) => person.id));
  const strangers = [...places.values()].filter((place) => !told.has(place.id));
  // Whoever joined since the names were read is known by what was pushed.
  known.push(...strangers.map((place) => ({ ...place, role: "agent" as const, departments: [], skills: [] })));
  const here = known.filter((person) => person.status !== "offline" || person.load > 0);
  return here.sort(
    (one, other) =>
      rank[one.status] - rank[other.status] || other.load - one.load || (one.name < other.name ? -1 : one.name > other.name ? 1 : 0),
  );
}

/** Fewer promises than this are shown as too few to say anything. */
export const PROMISES_ENOUGH = 20;

/** Promises that were kept, of how many: nine in ten should be. */
export function keptOf({ early, within, late }: LanePromises): { kept: number; of: number } {
  return { kept: early + within, of: early + within + late };
}

export type Silence = "none" | "some" | "long" | "too_long";

/** From when on a silence is amber, and red: the standard says none of more than 30 s. */
const LONG_MS = 15_000;
const TOO_LONG_MS = 30_000;

/** How a silence of this length looks. */
export function silenceOf(span_ms: number | undefined): Silence {
  if (span_ms === undefined) return "none";
  return span_ms > TOO_LONG_MS ? "too_long" : span_ms >= LONG_MS ? "long" : "some";
}
