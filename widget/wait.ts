// How a wait is shown, from what the server says of it and what was shown before: pure, so that it can be tested.

import { rangeOf, settle } from "./eta.ts";
import type { Model, Wait } from "./model.ts";
import { isInLine, type Visit } from "./visit.ts";

/** A long wait is short again only well below the limit. */
const SHORT_MS = 10 * 60_000;

export function waitAfter({ range, isBusy, hasWayOut, site: { long_wait_ms } }: Model, visit: Visit, now: number): Wait {
  const { conversation: { place } = {} } = visit;
  const isWait = isInLine(visit);
  const p50_ms = place?.eta?.p50_ms ?? 0;
  const isLong = isWait && (p50_ms > long_wait_ms || (isBusy && p50_ms >= Math.min(SHORT_MS, long_wait_ms)));
  return { range: place && settle(range, rangeOf(place.eta), now), isBusy: isLong, hasWayOut: isWait && (hasWayOut || isLong || visit.open === false) };
}
