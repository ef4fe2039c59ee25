// When to try again. Full jitter: any moment between now and a limit that doubles, so that the visitors of a server that
// went away do not come back in one wave.

import type { Random } from "./environment.ts";

/** The limit of the first wait. */
const FIRST_MS = 500;
/** The limit of every wait from the seventh on. */
const LONGEST_MS = 30_000;
/** Even the luckiest draw leaves the server this long. */
const SHORTEST_MS = 100;

/** `attempt` counts from 0. */
export function backoffMs(attempt: number, random: Random): number {
  const limit_ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return SHORTEST_MS + Math.floor(random() * (limit_ms - SHORTEST_MS));
}

/** The server named a time (`bye.retry_ms`): never before it, and spread over as long again. */
export function spreadMs(retry_ms: number, random: Random): number {
  return retry_ms + Math.floor(random() * Math.max(retry_ms, FIRST_MS));
}
