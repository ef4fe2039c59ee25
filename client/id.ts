// Ids that the client makes: UUIDs of version 7, so that commands sort by the time they were made.

import type { Clock, Random } from "./environment.ts";

/** So many ids are counted in one millisecond; one more borrows from the next. */
const PER_MS = 256;

/** Gives ids that grow with every call, even within a millisecond and when the clock is set back. */
export function createIds(clock: Clock, random: Random): () => string {
  /** Milliseconds and the count within them, as one number. */
  let latest = 0;
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  const chance = (): string => hex(Math.floor(random() * 2 ** 32), 8);
  return () => {
    latest = Math.max(latest + 1, clock.now() * PER_MS);
    // The 7 is the version, the 8 the variant.
    return (hex(latest, 14) + chance() + chance()).replace(/(.{8})(.{4})(...)(...)/, "$1-$2-7$3-8$4-");
  };
}

/** Math.random is guessable and may repeat between tabs; ids must do neither. */
export function secureRandom(): number {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return word / 2 ** 32;
}
