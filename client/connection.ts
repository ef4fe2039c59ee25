// One WebSocket that is kept alive: `hello` on opening, reconnection with jitter, a watchdog for dead lines. The widget and
// the panel each hold one; what the frames mean is theirs to know (timeline.ts, outbox.ts), this file only reads the few
// that are about the line itself: `welcome`, `pong`, `bye`, and `error` of the code `unauthorized` or `forbidden`.
//
// It promises: at most one socket at a time; `onFrame` gets every frame of that socket in order and none of an older one;
// never two tries within TRY_GAP_MS; after `bye` no try before the moment that the server named; no reconnection once the
// server has signed us out or will not have us. It never touches storage, and never repeats a frame: that is the outbox's.

import { backoffMs, spreadMs } from "./backoff.ts";
import { type Cancel, type Clock, observable, type Observable, type Random, type Socket, type Surroundings } from "./environment.ts";

export type ConnectionState =
  | { kind: "idle" }
  /** A socket is being opened, or is open and waits for `welcome`. */
  | { kind: "connecting" }
  | { kind: "open" }
  /** The next try is made at `until`. */
  | { kind: "waiting"; until: number }
  /** The browser says there is no network; it is tried all the same, more rarely. */
  | { kind: "offline"; until: number }
  | { kind: "signed_out" }
  /** The server does not take us, and would not later: a page of another site, for example. */
  | { kind: "refused"; message: string };

/** What the connection itself understands of any frame of the server. */
interface LineFrame {
  t: string;
  code?: string;
  message?: string;
  field?: string;
  cmd?: string;
  conversation?: string;
  reason?: string;
  retry_ms?: number;
}

/** @inside */
export interface ConnectionOptions<Out extends { t: string }, In extends { t: string }> {
  url: string;
  open(url: string): Socket;
  clock: Clock;
  random: Random;
  surroundings: Surroundings;
  /** The first frame of every socket, and of every new start on one. Asked anew each time. */
  hello(): Out;
  ping(n: number): Out;
  onFrame(frame: In): void;
  /** The socket is gone. `code` 1003, 1007 and 1009 mean that a frame of ours caused it. */
  onClose?(code: number): void;
  /** A credential was refused: that of this field, if it is named. True if another `hello`, without it, is worth a try. */
  onUnauthorized?(refused: { field?: string; message?: string }): boolean;
  /** Asked when a socket closed before it opened, for example over HTTP: false means signed out. May throw: then we go on. */
  isStillWelcome?(): Promise<boolean>;
}

/** @inside */
export interface Connection<Out extends { t: string }> {
  state: Observable<ConnectionState>;
  start(): void;
  /** Ends the socket and all tries; `start` begins again. */
  stop(): void;
  /** False if there is no open socket; nothing is kept for later. */
  send(frame: Out): boolean;
  /** Says `hello` again on the same socket, because something was missed. Calls while one is unanswered are one. */
  helloAgain(): void;
  /** Tries at once instead of at the end of the wait. */
  retryNow(): void;
}

/** Below the idle time-outs of proxies, of which 30 s is the shortest that is common. */
const PING_EVERY_MS = 25_000;
/** Whoever sends a command waits for the answer, so the line is asked sooner whether it still is one. */
const PING_AFTER_COMMAND_MS = 5_000;
/** A line that carried nothing for so long after a ping is dead. */
const PONG_WITHIN_MS = 10_000;
/** From opening the socket to `welcome`. */
const WELCOME_WITHIN_MS = 15_000;
/** A socket that lived so long after `welcome` was a good one: the next failure counts as the first. */
const STABLE_AFTER_MS = 10_000;
/** No two tries, and no two repeated hellos, are closer than this, whatever happens. */
const TRY_GAP_MS = 1_000;
/** Where the browser says it is offline, tries are at least so far apart: its word is not always right. */
const OFFLINE_GAP_MS = 10_000;
/** 1013 without a time: the server is too busy for us, so not at once. */
const BUSY_MS = 2_000;
/** 1008 without a reason that ends it (a late `hello`, a flood): our own fault, so well apart. */
const POLICY_MS = 15_000;

/** `Again` is the next try or hello, `Dead` the end of patience with a silent line. */
const enum Timer {
  Again,
  Ping,
  Dead,
  Stable,
}

export function createConnection<Out extends { t: string }, In extends { t: string }>(options: ConnectionOptions<Out, In>): Connection<Out> {
  const { clock, random, surroundings } = options;
  const state = observable<ConnectionState>({ kind: "idle" });
  const timers: (Cancel | undefined)[] = [];
  let socket: Socket | undefined;
  let attempt = 0;
  let tried_at = -Infinity;
  let hello_at = 0;
  /** No try before this moment: the server said so. */
  let earliest_at = 0;
  /** A hello is due or unanswered, so there is no point in another one. */
  let isHelloDue = true;
  let pings = 0;
  let stopListening: Cancel = () => {};

  function is(...kinds: ConnectionState["kind"][]): boolean {
    return kinds.includes(state.get().kind);
  }

  function clear(timer: Timer): void {
    timers[timer]?.();
    timers[timer] = undefined;
  }

  function later(timer: Timer, delay_ms: number, run: () => void): void {
    clear(timer);
    timers[timer] = clock.after(delay_ms, run);
  }

  function connect(): void {
    clear(Timer.Again);
    tried_at = clock.now();
    state.set({ kind: "connecting" });
    let wasOpen = false;
    try {
      socket = options.open(options.url);
    } catch {
      // A page's policy may forbid the address; that will not change, but a try now and then costs nothing.
      lost();
      return;
    }
    socket.onopen = () => {
      wasOpen = true;
      sayHello();
    };
    socket.onmessage = ({ data }) => receive(data);
    socket.onclose = ({ code }) => {
      lost(code);
      if (!wasOpen) askWhetherWelcome();
    };
    later(Timer.Dead, WELCOME_WITHIN_MS, lost);
  }

  function sayHello(): void {
    hello_at = clock.now();
    write(options.hello());
  }

  function write(frame: Out): void {
    socket?.send(JSON.stringify(frame));
  }

  /** What the frame means for the line itself; then it is passed on. */
  function receive(data: string): void {
    let frame: In & LineFrame;
    try {
      frame = JSON.parse(data);
    } catch {
      return; // not ours, and nothing to fear
    }
    if (is("open")) clear(Timer.Dead);
    const { t, code, retry_ms } = frame;
    if (t === "welcome") welcomed();
    else if (t === "bye") {
      if (frame.reason === "signed_out") end({ kind: "signed_out" });
      else earliest_at = clock.now() + spreadMs(retry_ms ?? 0, random);
    } else if (t === "error" && !frame.cmd) {
      if (code === "unauthorized") unauthorized(frame);
      else if (isHelloDue && !frame.conversation) helloRefused(frame);
    }
    if (t && socket) options.onFrame(frame);
  }

  function welcomed(): void {
    clear(Timer.Dead);
    isHelloDue = false;
    later(Timer.Ping, PING_EVERY_MS, ping);
    later(Timer.Stable, STABLE_AFTER_MS, () => (attempt = 0));
    state.set({ kind: "open" });
  }

  function helloRefused({ code, message = "", retry_ms }: LineFrame): void {
    if (code === "forbidden") end({ kind: "refused", message });
    else if (retry_ms !== undefined) {
      const wait_ms = spreadMs(retry_ms, random);
      later(Timer.Dead, wait_ms + WELCOME_WITHIN_MS, lost);
      later(Timer.Again, wait_ms, sayHello);
    } else isHelloDue = false; // a field of it was wrong, and whoever knows which mends it and says it again
  }

  function unauthorized(frame: LineFrame): void {
    if (!options.onUnauthorized?.(frame)) {
      end({ kind: "signed_out" });
      return;
    }
    attempt = earliest_at = 0;
    lost();
  }

  function ping(): void {
    write(options.ping(++pings));
    later(Timer.Ping, PING_EVERY_MS, ping);
    later(Timer.Dead, PONG_WITHIN_MS, lost);
  }

  /** Also gives a socket up without waiting for its close, which a dead line would keep us waiting for. */
  function lost(code = 1006): void {
    forget();
    const least_ms = code === 1013 ? BUSY_MS : code === 1008 ? POLICY_MS : 0;
    waitFor(Math.max(backoffMs(attempt++, random), least_ms && spreadMs(least_ms, random)));
    options.onClose?.(code);
  }

  /** A refused upgrade shows its reason to nobody in a browser, so somebody else has to find out. */
  function askWhetherWelcome(): void {
    options.isStillWelcome?.().then(
      (isWelcome) => !isWelcome && isAway() && end({ kind: "signed_out" }),
      () => {}, // the server is away: the tries go on
    );
  }

  /** Until the next try. */
  function isAway(): boolean {
    return is("waiting", "offline");
  }

  function waitFor(wait_ms: number): void {
    const now = clock.now();
    const isOnline = surroundings.isOnline();
    const until = Math.max(now + wait_ms, earliest_at, tried_at + (isOnline ? TRY_GAP_MS : OFFLINE_GAP_MS));
    if (until <= now) {
      connect();
      return;
    }
    state.set({ kind: isOnline ? "waiting" : "offline", until });
    later(Timer.Again, until - now, connect);
  }

  function surroundingsChanged(change: "online" | "offline" | "visible"): void {
    if (is("open")) {
      // After sleep or a change of network the socket may be dead without knowing it: ask now.
      if (!timers[Timer.Dead]) ping();
      return;
    }
    // What was asked of a network that was not there yet is not answered by the one that is.
    if (change === "online" && is("connecting")) lost();
    if (isAway()) waitFor(change === "offline" ? backoffMs(attempt, random) : 0);
  }

  function forget(): void {
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close(1000);
    socket = undefined;
    isHelloDue = true;
    timers.forEach((_, timer) => clear(timer));
  }

  function end(last: ConnectionState): void {
    const hadSocket = socket;
    forget();
    stopListening();
    state.set(last);
    if (hadSocket) options.onClose?.(1000);
  }

  return {
    state,
    start() {
      if (!is("idle", "signed_out", "refused")) return;
      attempt = earliest_at = 0;
      stopListening = surroundings.onChange(surroundingsChanged);
      waitFor(0);
    },
    stop: () => end({ kind: "idle" }),
    send(frame) {
      if (!is("open")) return false;
      write(frame);
      if ("cmd" in frame && !timers[Timer.Dead]) later(Timer.Ping, PING_AFTER_COMMAND_MS, ping);
      return true;
    },
    helloAgain() {
      if (isHelloDue) return;
      isHelloDue = true;
      later(Timer.Again, hello_at + TRY_GAP_MS - clock.now(), sayHello);
    },
    retryNow: () => isAway() && waitFor(0),
  };
}
