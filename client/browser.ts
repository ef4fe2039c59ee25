// The real clock, storage, network and locks of a browser, behind the interfaces of environment.ts. Storage and locks may
// be missing or may throw (private windows, blocked cookies, pages without https): each has a way on without it here, so
// that nobody else has to think of it.

import type { Cancel, Clock, KeyValueStore, Socket, Surroundings } from "./environment.ts";
import type { TabLock } from "./outbox.ts";

export const browserClock: Clock = {
  now: Date.now,
  after(delay_ms, run) {
    const timer = setTimeout(run, delay_ms);
    return () => clearTimeout(timer);
  },
};

export function openSocket(url: string): Socket {
  return new WebSocket(url);
}

/** `https://chat.example` and `/ws/visitor` give `wss://chat.example/ws/visitor`. */
export function socketUrl(origin: string, path: string): string {
  return origin.replace(/^http/, "ws") + path;
}

export const browserSurroundings: Surroundings = {
  // Only `false` is a fact; browsers say `true` as soon as there is any network interface.
  isOnline: () => navigator.onLine,
  onChange: (run) =>
    // The last two: back from the cache of the Back button, and thawed. The socket may have died without a word.
    listen(window, "online offline visibilitychange pageshow resume", ({ type }) => {
      if (type === "online" || type === "offline") run(type);
      else if (!document.hidden) run("visible");
    }),
};

/** Listens to events of these types, of an element or of what stands in it, and can be told to stop. */
export function listen<E extends Event = Event>(target: EventTarget, types: string, run: (event: E) => void): Cancel {
  const listening = new AbortController();
  // Capturing, because not all of them bubble from the document to the window.
  for (const type of types.split(" ")) target.addEventListener(type, run as EventListener, { capture: true, signal: listening.signal });
  return () => listening.abort();
}

/** A page that is always at work is never idle; then it is done all the same. */
const IDLE_WITHIN_MS = 500;
/** Safari does not tell when it is idle. */
const PICTURE_WITHIN_MS = 50;

/** What can wait until the next picture has been drawn. */
export function whenIdle(run: () => void): void {
  (globalThis.requestIdleCallback ?? ((): unknown => setTimeout(run, PICTURE_WITHIN_MS)))(run, { timeout: IDLE_WITHIN_MS });
}

/** A store over localStorage or sessionStorage; what the browser refuses to keep is kept for as long as the page lives. */
export function browserStore(choose: () => Storage): KeyValueStore {
  const memory = new Map<string, string>();
  const attempt = <T>(run: (storage: Storage) => T): T | undefined => {
    try {
      return run(choose());
    } catch {
      return undefined;
    }
  };
  return {
    get: (key) => memory.get(key) ?? attempt((storage) => storage.getItem(key)) ?? null,
    set(key, value) {
      memory.set(key, value);
      attempt((storage) => {
        storage.setItem(key, value);
        memory.delete(key);
      });
      return !memory.has(key);
    },
    isLasting: () => !memory.size,
    remove(key) {
      memory.delete(key);
      attempt((storage) => storage.removeItem(key));
    },
    keys: (prefix) => [...new Set([...(attempt(Object.keys) ?? []), ...memory.keys()])].filter((key) => key.startsWith(prefix)),
    onForeignChange: (prefix, run) => listen<StorageEvent>(window, "storage", ({ key }) => key?.startsWith(prefix) && run(key)),
  };
}

/**
 * Lets one tab at a time hold `name`. Where the browser has no locks (pages without https) every tab holds it: a command
 * that two tabs send counts once by the contract, so this only saves frames.
 */
export function browserLock(name: string): TabLock {
  return {
    hold(onHeld, onLost, steal) {
      const { locks }: { locks?: LockManager } = navigator;
      let isOver = false;
      let release: Cancel = () => {};
      const over = new Promise<void>((resolve) => {
        release = () => {
          isOver = true;
          resolve();
        };
      });
      if (locks) {
        const held = (): Promise<void> => {
          if (!isOver) onHeld();
          return over;
        };
        locks.request(name, { steal }, held).catch(() => isOver || onLost());
      } else onHeld();
      return release;
    },
  };
}
