// How long somebody may still wait, in words. The server gives a median and a 90th percentile; people are told a range,
// rounded the honest way: the low end down, the high end up.

import type { Eta } from "../client/wire.ts";
import { type Say, Word } from "./i18n/index.ts";

/** What is shown, in minutes; equal numbers are equal words. @inside */
export interface WaitRange {
  low: number;
  high: number;
}

/** Longer words are shown only after they have held for so long, so that they do not flicker. */
export const LONGER_AFTER_MS = 10_000;

const MINUTE_MS = 60_000;

export function rangeOf(eta: Eta | null): WaitRange | undefined {
  if (!eta) return undefined;
  const worst = eta.p90_ms / MINUTE_MS;
  const step = worst <= 10 ? 1 : worst <= 30 ? 5 : worst <= 60 ? 15 : 30;
  const high = Math.max(1, Math.ceil(worst / step) * step);
  const low = Math.max(1, Math.floor(eta.p50_ms / MINUTE_MS / step) * step);
  return { low: Math.min(low, high), high };
}

export function rangeWords(range: WaitRange | undefined, say: Say): string {
  if (!range) return say(Word.unknown);
  const { low, high: n } = range;
  if (n > 60) return say(n > 90 ? Word.overHour : Word.aboutHour);
  if (low < n) return say(Word.aboutMinutes, { low, n });
  return n > 1 ? say(Word.aboutMinute, { n }) : say(Word.lessThanMinute);
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
  const { longer_since = now } = shown ?? {};
  const isLonger = old && wanted && (wanted.high - old.high || wanted.low - old.low) > 0;
  return isLonger && now - longer_since < LONGER_AFTER_MS ? { range: old, longer_since } : { range: wanted };
}
