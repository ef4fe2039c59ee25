// What the client needs from the world: time, chance, storage, the network's mood. Everything in client/ takes these as
// arguments, so that tests can turn the clock and cut the wire; browser.ts has the real ones.

/** Undoes what returned it. Calling it twice is harmless. */
export type Cancel = () => void;

/** @inside */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Never at once; as soon as may be where the delay is none or less. */
  after(delay_ms: number, run: () => void): Cancel;
}

/** A number in [0, 1), as Math.random. */
export type Random = () => number;

/** Text by key, kept longer than the page where the browser allows it. Never throws. @inside */
export interface KeyValueStore {
  get(key: string): string | null;
  /** False if it could not be kept beyond this page; it is still there for `get`. */
  set(key: string, value: string): boolean;
  remove(key: string): void;
  /** False while it holds something that will be gone with this page. */
  isLasting(): boolean;
  keys(prefix: string): string[];
  /** Calls back when another tab changed a key that starts with the prefix. */
  onForeignChange(prefix: string, run: (key: string) => void): Cancel;
}

/** Whether there is any point in trying, and when that changes. @inside */
export interface Surroundings {
  isOnline(): boolean;
  /** Called when the browser comes online, goes offline, or the page becomes visible or wakes up. */
  onChange(run: (change: "online" | "offline" | "visible") => void): Cancel;
}

/** The part of WebSocket that is used. */
export interface Socket {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** A value that tells when it changes. @inside */
export interface Observable<T> {
  get(): T;
  /** Calls back with every later value. */
  subscribe(run: (value: T) => void): Cancel;
}

/** @inside */
export interface Settable<T> extends Observable<T> {
  set(value: T): void;
}

export function observable<T>(first: T): Settable<T> {
  let value = first;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener(next);
    },
    subscribe(run) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
  };
}
