// Balie's own sign: what somebody was promised, and how long they have waited so far. Track, a band from the median to the 90th
// percentile as promised on arrival, filled by the wait; grey before the band, accent in it, red past it.

import type { Estimate } from "../format.ts";

/** The end of the scale, as a part of the 90th percentile: room to see that a promise is broken. */
const SCALE = 1.3;

export function PromiseBar({ promised, waited_ms }: { promised: Estimate; waited_ms: number }) {
  const { p50_ms, p90_ms } = promised;
  const whole = Math.max(SCALE * p90_ms, waited_ms, 1);
  const at = (span_ms: number) => Math.round((1_000 * span_ms) / whole) / 10;
  const look = waited_ms > p90_ms ? "pb-over" : waited_ms >= p50_ms ? "pb-in" : "";
  return (
    <svg class={`pbar ${look}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="pb-t" width="100" height="6" />
      <rect class="pb-band" x={at(p50_ms)} width={at(p90_ms - p50_ms)} height="6" />
      <rect class="pb-f" width={at(waited_ms)} height="6" />
      <path class="pb-tick" d={`M${at(p50_ms)} 0v6M${at(p90_ms)} 0v6`} />
    </svg>
  );
}
