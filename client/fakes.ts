// For tests only: a clock that is turned by hand, a socket whose server is the test, storage in memory, seeded chance.

import type { Cancel, Clock, KeyValueStore, Random, Socket, Surroundings } from "./environment.ts";
import type { TabLock } from "./outbox.ts";

export interface FakeClock extends Clock {
  /** Runs everything that falls due on the way, in order. */
  advance(by_ms: number): void;
}

export function fakeClock(start = 1_700_000_000_000): FakeClock {
  let now = start;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(delay_ms, run) {
      const timer = { at: now + delay_ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(by_ms) {
      const end = now + by_ms;
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        now = Math.max(now, next.at);
        next.run();
      }
      now = end;
    },
  };
}

/** Mulberry32: small, and the same everywhere for a seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface FakeSocket extends Socket {
  sent: { t: string; [field: string]: unknown }[];
  isClosed: boolean;
  opens(): void;
  says(frame: object): void;
  dies(code: number): void;
}

export function fakeSocket(): FakeSocket {
  const socket: FakeSocket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    sent: [],
    isClosed: false,
    send: (text) => socket.sent.push(JSON.parse(text)),
    close: () => {
      socket.isClosed = true;
    },
    opens: () => socket.onopen?.(new Event("open")),
    says: (frame) => socket.onmessage?.(new MessageEvent("message", { data: JSON.stringify(frame) })),
    dies: (code) => {
      // Node 20 has no CloseEvent; the code is all that is looked at.
      const event = Object.assign(new Event("close"), { code, reason: "", wasClean: false });
      socket.isClosed = true;
      socket.onclose?.(event);
    },
  };
  return socket;
}

export interface FakeSurroundings extends Surroundings {
  online: boolean;
  change(change: "online" | "offline" | "visible"): void;
}

export function fakeSurroundings(): FakeSurroundings {
  let listener: ((change: "online" | "offline" | "visible") => void) | undefined;
  const surroundings: FakeSurroundings = {
    online: true,
    isOnline: () => surroundings.online,
    onChange(run) {
      listener = run;
      return () => {
        listener = undefined;
      };
    },
    change(change) {
      if (change !== "visible") surroundings.online = change === "online";
      listener?.(change);
    },
  };
  return surroundings;
}

export interface FakeStorage {
  tab(): KeyValueStore;
  values: Map<string, string>;
  /** Takes nothing more; each tab keeps what it is given for itself, as browser.ts does. */
  isFull: boolean;
}

/** One browser's storage; every `tab` of it hears what the others change. */
export function fakeStorage(): FakeStorage {
  const values = new Map<string, string>();
  const listeners: { tab: object; prefix: string; run: (key: string) => void }[] = [];
  const storage: FakeStorage = {
    values,
    isFull: false,
    tab() {
      const self = {};
      const memory = new Map<string, string>();
      const tell = (key: string): void => {
        for (const { tab, prefix, run } of listeners.slice()) if (tab !== self && key.startsWith(prefix)) run(key);
      };
      return {
        get: (key) => memory.get(key) ?? values.get(key) ?? null,
        set(key, value) {
          if (storage.isFull) {
            memory.set(key, value);
            return false;
          }
          memory.delete(key);
          values.set(key, value);
          tell(key);
          return true;
        },
        isLasting: () => memory.size === 0,
        remove(key) {
          memory.delete(key);
          if (values.delete(key)) tell(key);
        },
        keys: (prefix) => [...new Set([...values.keys(), ...memory.keys()])].filter((key) => key.startsWith(prefix)),
        onForeignChange(prefix, run) {
          const listener = { tab: self, prefix, run };
          listeners.push(listener);
          return () => listeners.splice(listeners.indexOf(listener), 1);
        },
      };
    },
  };
  return storage;
}

/** The locks of one browser: who asks first holds, the others wait in line; a thief takes it. */
export function fakeLocks(): { lock: TabLock } {
  interface Wish {
    onHeld: () => void;
    onLost: () => void;
  }
  let holder: Wish | undefined;
  let line: Wish[] = [];
  const next = (): void => {
    holder = line.shift();
    holder?.onHeld();
  };
  return {
    lock: {
      hold(onHeld, onLost, steal): Cancel {
        const wish = { onHeld, onLost };
        if (steal && holder !== undefined) {
          const robbed = holder;
          holder = wish;
          onHeld();
          robbed.onLost();
        } else {
          line.push(wish);
          if (holder === undefined) next();
        }
        return () => {
          line = line.filter((other) => other !== wish);
          if (holder === wish) next();
        };
      },
    },
  };
}
