// Ids that the client makes: UUIDs of version 7, so that commands sort by the time they were made.

import type { Clock, Random } from "./environment.ts";

/** 12 bits count the ids of one millisecond; the 4,097th borrows the next one. */
const COUNTER_MAX = 0xfff;

/** Gives ids that grow with every call, even within a millisecond and when the clock is set back. */
export function createIds(clock: Clock, random: Random): () => string {
  let at = 0;
  let counter = 0;
  return () => {
    const now = clock.now();
    if (now > at) {
      at = now;
      counter = 0;
    } else if (counter < COUNTER_MAX) {
      counter += 1;
    } else {
      at += 1;
      counter = 0;
    }
    const time = at.toString(16).padStart(12, "0");
    const tail = Array.from({ length: 15 }, () => Math.floor(random() * 16).toString(16)).join("");
    const variant = "89ab".charAt(Math.floor(random() * 4));
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${variant}${tail.slice(0, 3)}-${tail.slice(3)}`;
  };
}

/** Math.random is guessable and may repeat between tabs; ids must do neither. */
export function secureRandom(): number {
  const word = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return word / 2 ** 32;
}
