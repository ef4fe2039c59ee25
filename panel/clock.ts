// The one timer of the panel. Everything that counts reads `now`, which follows the server's clock and moves once a second.

import { signal, type ReadonlySignal } from "@preact/signals";

export interface Clock {
  /** Milliseconds since the epoch on the server's clock, as of the last tick. */
  now: ReadonlySignal<number>;
  /** Exact, for what is stamped rather than shown. */
  read(): number;
  /** Takes the server's time from a frame that carries it. */
  set(server_now: number): void;
}

export function createClock(local_now: () => number, page: Pick<Window, "setInterval">): Clock {
  let ahead_ms = 0;
  const now = signal(local_now());
  const read = () => local_now() + ahead_ms;
  page.setInterval(() => {
    now.value = read();
  }, 1_000);
  return {
    now,
    read,
    set(server_now) {
      ahead_ms = server_now - local_now();
      now.value = server_now;
    },
  };
}
