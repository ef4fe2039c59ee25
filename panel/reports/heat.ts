// What the table of weekdays and hours is made of. Pure, for its test.

import type { FiguresLine } from "../rest.ts";
import { keysOf, startOf, type Span } from "./span.ts";

export type HeatMeasure = "arrivals" | "waits" | "level";

export const heatMeasures: readonly HeatMeasure[] = ["arrivals", "waits", "level"];

/** 1 is Monday. */
export const weekHours = { days: [1, 2, 3, 4, 5, 6, 7], hours: 24 } as const;

export interface HeatTable {
  /** From the first hour in which anybody came on any day to the last. */
  hours: number[];
  /** By `1-9`, Monday from nine. */
  cells: ReadonlyMap<string, number>;
  highest: number;
}

/** `lines` have keys such as `1-09`. Arrivals are those of one such hour: of all of the time, by how often the day is in it. */
export function heatOf(lines: readonly FiguresLine[], span: Span, measure: HeatMeasure): HeatTable {
  const days = daysIn(span);
  const cells = new Map<string, number>();
  const seen: number[] = [];
  for (const { key, waits } of lines) {
    const [day, hour] = key.split("-").map(Number);
    if (day === undefined || hour === undefined || !waits) continue;
    seen.push(hour);
    const value =
      measure === "arrivals"
        ? waits.offered / Math.max(1, days[day - 1] ?? 1)
        : measure === "waits"
          ? waits.p90_ms
          : waits.judged === 0
            ? null
            : waits.in_time / waits.judged;
    if (value !== null) cells.set(`${day}-${hour}`, value);
  }
  const first = Math.min(...seen);
  const hours = seen.length === 0 ? [] : Array.from({ length: Math.max(...seen) - first + 1 }, (_, at) => first + at);
  return { hours, cells, highest: Math.max(0, ...cells.values()) };
}

/** How often each weekday lies in a span, Monday first; one that is begun counts. */
function daysIn(span: Span): number[] {
  const counts = [0, 0, 0, 0, 0, 0, 0];
  for (const key of keysOf(span, "day")) {
    const day = (new Date(startOf(key) ?? 0).getDay() + 6) % 7;
    counts[day] = (counts[day] ?? 0) + 1;
  }
  return counts;
}

/** 1 to 5, darker where more is to be done: more visitors, longer waits, fewer of them answered in time. */
export function shadeOf(value: number, highest: number, measure: HeatMeasure): number {
  const part = measure === "level" ? 2 * (1 - value) : highest === 0 ? 0 : value / highest;
  return Math.min(5, Math.max(1, Math.ceil(5 * part)));
}
