// What is made of the promises of a time, and of what came of them. Pure, for its test.

import type { PromiseQuality, PromiseReport, PromisesMade } from "../rest.ts";
import { PROMISES_ENOUGH } from "../wall/lanes.ts";
import type { Span } from "./span.ts";

const DAY_MS = 24 * 3_600_000;
/** The server looks at 31 days at most, and the hour more of a month whose clock is put back. */
const SPAN_MAX_MS = 31 * DAY_MS + 3_600_000;
/** So long the server keeps promises. */
export const KEPT_DAYS = 90;

/** The share of promises that should be kept. */
const TARGET = 0.9;
/** Medians that are off by less than this on average are right: nobody minds five seconds. */
const RIGHT_MS = 5_000;

export function isTooLong({ from, to }: Span): boolean {
  return to - from > SPAN_MAX_MS;
}

/** Whether the time begins with promises that are forgotten by now. */
export function isForgotten({ from }: Span, now: number): boolean {
  return from < now - KEPT_DAYS * DAY_MS;
}

/** What is shown: the departments with promises, most first, and what they come to; of one department that alone. */
export interface ShownPromises {
  departments: PromiseReport["departments"];
  whole: PromisesMade;
}

/** Undefined where nobody was promised anything. `department` is "" for all. */
export function shownOf({ all, departments }: PromiseReport, department: string): ShownPromises | undefined {
  const chosen = departments.filter((one) => department === "" || one.department === department);
  const whole = department === "" ? all : chosen[0];
  if (!whole || chosen.length === 0) return undefined;
  return { departments: [...chosen].sort((one, other) => other.first.judged - one.first.judged), whole };
}

/** How many were kept: fewer than nine in ten, as many, or more; a few say nothing. */
export type Keeping = "few" | "less" | "as" | "more";

export function keepingOf({ judged, kept }: PromiseQuality): Keeping {
  if (judged < PROMISES_ENOUGH) return "few";
  // Beyond twice what chance alone does to a count of so many: one late answer is no fault.
  const chance = 2 * Math.sqrt(judged * TARGET * (1 - TARGET));
  const over = kept - TARGET * judged;
  return over < -chance ? "less" : over > chance ? "more" : "as";
}

/** Whether what was said was too long or too short on average: by how much tells `bias_ms`. */
export type Lean = "few" | "right" | "long" | "short";

export function leanOf({ judged, bias_ms, error_median_ms }: PromiseQuality): Lean {
  if (judged < PROMISES_ENOUGH || bias_ms === null) return "few";
  // Where promises are off by minutes either way, a small lean to one side says nothing.
  if (Math.abs(bias_ms) <= Math.max(RIGHT_MS, (error_median_ms ?? 0) / 2)) return "right";
  return bias_ms > 0 ? "long" : "short";
}
