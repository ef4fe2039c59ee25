// The real clock, storage, network and locks of a browser, behind the interfaces of environment.ts. Storage and locks may
// be missing or may throw (private windows, blocked cookies, pages without https): each has a way on without it here, so
// that nobody else has to think of it.

import type { Cancel, Clock, KeyValueStore, Socket, Surroundings } from "./environment.ts";
import type { TabLock } from "./outbox.ts";

export const browserClock: Clock = {
  now: () => Date.now(),
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
  onChange(run) {
    const changed = ({ type }: Event): void => {
      if (type === "online" || type === "offline") run(type);
      else if (document.visibilityState === "visible") run("visible");
    };
    // The last two: back from the cache of the Back button, and thawed. The socket may have died without a word.
    const types = ["online", "offline", "visibilitychange", "pageshow", "resume"];
    // Capturing, because not all of them bubble from the document to the window.
    for (const type of types) addEventListener(type, changed, true);
    return () => {
      for (const type of types) removeEventListener(type, changed, true);
    };
  },
};

/** A store over localStorage or sessionStorage; what the browser refuses to keep is kept for as long as the page lives. */
export function browserStore(choose: () => Storage): KeyValueStore {
  const memory = new Map<string, string>();
  const attempt = <T>(run: (storage: Storage) => T, otherwise: T): T => {
    try {
      return run(choose());
    } catch {
      return otherwise;
    }
  };
  return {
    get: (key) => memory.get(key) ?? attempt((storage) => storage.getItem(key), null),
    set(key, value) {
      const isKept = attempt((storage) => {
        storage.setItem(key, value);
        return true;
      }, false);
      if (isKept) memory.delete(key);
      else memory.set(key, value);
      return isKept;
    },
    isLasting: () => memory.size === 0,
    remove(key) {
      memory.delete(key);
      attempt((storage) => storage.removeItem(key), undefined);
    },
    keys(prefix) {
      const kept = attempt((storage) => Object.keys(storage), []);
      return [...new Set([...kept, ...memory.keys()])].filter((key) => key.startsWith(prefix));
    },
    onForeignChange(prefix, run) {
      const changed = ({ key }: StorageEvent): void => {
        if (key?.startsWith(prefix)) run(key);
      };
      addEventListener("storage", changed);
      return () => removeEventListener("storage", changed);
    },
  };
}

/**
 * Lets one tab at a time hold `name`. Where the browser has no locks (pages without https) every tab holds it: a command
 * that two tabs send counts once by the contract, so this only saves frames.
 */
export function browserLock(name: string): TabLock {
  return {
    hold(onHeld, onLost, steal) {
      const locks: LockManager | undefined = navigator.locks;
      if (locks === undefined) {
        onHeld();
        return () => {};
      }
      let release: Cancel = () => {};
      let isOver = false;
      const held = (): Promise<void> =>
        new Promise((resolve) => {
          release = resolve;
          if (isOver) resolve();
          else onHeld();
        });
      locks.request(name, { steal }, held).catch(() => {
        if (!isOver) onLost();
      });
      return () => {
        isOver = true;
        release();
      };
    },
  };
}
