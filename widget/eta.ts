// How long somebody may still wait, in words. The server gives a median and a 90th percentile; people are told a range,
// rounded the honest way: the low end down, the high end up.

import type { Eta } from "../client/wire.ts";
import { type Say, Word } from "./i18n/index.ts";

/** What is shown. A higher `rank` is a longer wait; equal ranks are equal words. @inside */
export interface WaitRange {
  rank: number;
  low: number;
  high: number;
}

/** Longer words are shown only after they have held for so long, so that they do not flicker. */
export const LONGER_AFTER_MS = 10_000;

const MINUTE_MS = 60_000;

export function rangeOf(eta: Eta | null): WaitRange | undefined {
  if (eta === null) return undefined;
  const high = eta.p90_ms / MINUTE_MS;
  const low = Math.min(eta.p50_ms, eta.p90_ms) / MINUTE_MS;
  if (high <= 1) return { rank: 1, low: 0, high: 1 };
  if (high <= 2) return { rank: 2, low: 1, high: 2 };
  if (high <= 60) {
    const step = high <= 10 ? 1 : high <= 30 ? 5 : 15;
    const top = Math.ceil(high / step) * step;
    return { rank: top, low: Math.max(1, Math.floor(low / step) * step), high: top };
  }
  return high <= 90 ? { rank: 90, low: 60, high: 90 } : { rank: 1_000, low: 90, high: 1_000 };
}

export function rangeWords(range: WaitRange | undefined, say: Say): string {
  if (range === undefined) return say(Word.unknown);
  if (range.rank === 1) return say(Word.lessThanMinute);
  if (range.rank === 90) return say(Word.aboutHour);
  if (range.rank === 1_000) return say(Word.overHour);
  const { low, high: n } = range;
  return low === n ? say(Word.aboutMinute, { n }) : say(Word.aboutMinutes, { low, n });
}

/** @inside */
export interface Shown {
  range: WaitRange | undefined;
  /** Longer words that wait to be shown, and since when. */
  longer_since?: number;
}

/** What to show next, after `wanted` became known: shorter at once, longer when it has held. */
export function settle(shown: Shown | undefined, wanted: WaitRange | undefined, now: number): Shown {
  const old = shown?.range;
  if (shown === undefined || old === undefined || wanted === undefined) return { range: wanted };
  if (wanted.rank < old.rank || (wanted.rank === old.rank && wanted.low <= old.low)) return { range: wanted };
  const longer_since = shown.longer_since ?? now;
  return now - longer_since >= LONGER_AFTER_MS ? { range: wanted } : { range: old, longer_since };
}
