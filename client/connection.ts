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
  /** The credential was refused. True if another `hello`, without it, is worth one try. */
  onUnauthorized?(): boolean;
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

export function createConnection<Out extends { t: string }, In extends { t: string }>(
  options: ConnectionOptions<Out, In>,
): Connection<Out> {
  const { clock, random, surroundings } = options;
  const state = observable<ConnectionState>({ kind: "idle" });
  let socket: Socket | undefined;
  let attempt = 0;
  let tried_at = Number.NEGATIVE_INFINITY;
  let hello_at = 0;
  /** No try before this moment: the server said so. */
  let earliest_at = 0;
  let welcomed_at: number | undefined;
  let isHelloAnswered = true;
  let hasDroppedCredential = false;
  let pings = 0;
  let stopListening: Cancel = () => {};
  const timers = new Map<"try" | "welcome" | "ping" | "pong" | "hello", Cancel>();

  function later(name: "try" | "welcome" | "ping" | "pong" | "hello", delay_ms: number, run: () => void): void {
    timers.get(name)?.();
    timers.set(name, clock.after(delay_ms, run));
  }

  function clear(...names: ("try" | "welcome" | "ping" | "pong" | "hello")[]): void {
    for (const name of names) {
      timers.get(name)?.();
      timers.delete(name);
    }
  }

  function connect(): void {
    clear("try");
    tried_at = clock.now();
    isHelloAnswered = false;
    state.set({ kind: "connecting" });
    let opened: Socket;
    try {
      opened = options.open(options.url);
    } catch {
      // A page's policy may forbid the address; that will not change, but a try now and then costs nothing.
      waitFor(backoffMs(attempt++, random));
      return;
    }
    socket = opened;
    let wasOpen = false;
    opened.onopen = () => {
      if (socket !== opened) return;
      wasOpen = true;
      sayHello();
    };
    opened.onmessage = (event) => {
      if (socket === opened) receive(event.data);
    };
    opened.onclose = (event) => {
      if (socket === opened) lost(event.code, wasOpen);
    };
    later("welcome", WELCOME_WITHIN_MS, () => abandon());
  }

  function sayHello(): void {
    hello_at = clock.now();
    isHelloAnswered = false;
    write(options.hello());
  }

  function write(frame: Out): boolean {
    if (socket === undefined) return false;
    try {
      socket.send(JSON.stringify(frame));
      return true;
    } catch {
      return false;
    }
  }

  function receive(data: unknown): void {
    clear("pong");
    const frame = parse<In>(data);
    if (frame === undefined) return;
    attend(frame);
    if (socket !== undefined) options.onFrame(frame);
  }

  /** What the frame means for the line itself. */
  function attend(frame: LineFrame): void {
    if (frame.t === "welcome") welcomed();
    else if (frame.t === "bye") {
      if (frame.reason === "signed_out") end({ kind: "signed_out" });
      else earliest_at = clock.now() + spreadMs(frame.retry_ms ?? 0, random);
    } else if (frame.t === "error" && frame.cmd === undefined) {
      if (frame.code === "unauthorized") unauthorized();
      else if (!isHelloAnswered && frame.conversation === undefined) helloRefused(frame);
    }
  }

  function welcomed(): void {
    clear("welcome");
    isHelloAnswered = true;
    hasDroppedCredential = false;
    welcomed_at ??= clock.now();
    later("ping", PING_EVERY_MS, ping);
    state.set({ kind: "open" });
  }

  function helloRefused(frame: LineFrame): void {
    if (frame.code === "forbidden") end({ kind: "refused", message: frame.message ?? "" });
    else if (frame.retry_ms !== undefined) {
      const wait_ms = spreadMs(frame.retry_ms, random);
      later("welcome", wait_ms + WELCOME_WITHIN_MS, abandon);
      later("hello", wait_ms, sayHello);
    } else isHelloAnswered = true; // a field of it was wrong, and whoever knows which mends it and says it again
  }

  function unauthorized(): void {
    if (hasDroppedCredential || options.onUnauthorized?.() !== true) {
      end({ kind: "signed_out" });
      return;
    }
    hasDroppedCredential = true;
    earliest_at = 0;
    attempt = 0;
    abandon();
  }

  function ping(): void {
    later("ping", PING_EVERY_MS, ping);
    pings += 1;
    write(options.ping(pings));
    later("pong", PONG_WITHIN_MS, () => abandon());
  }

  /** Gives the socket up without waiting for its close, which a dead line would keep us waiting for. */
  function abandon(): void {
    const old = socket;
    lost(1006, true);
    close(old);
  }

  function lost(code: number, wasOpen: boolean): void {
    const wasWelcomed_ms = welcomed_at === undefined ? 0 : clock.now() - welcomed_at;
    forget();
    if (wasWelcomed_ms >= STABLE_AFTER_MS) attempt = 0;
    options.onClose?.(code);
    if (state.get().kind === "idle") return; // onClose stopped us
    let wait_ms = backoffMs(attempt, random);
    if (code === 1013) wait_ms = Math.max(wait_ms, spreadMs(BUSY_MS, random));
    if (code === 1008 && !hasDroppedCredential) wait_ms = Math.max(wait_ms, spreadMs(POLICY_MS, random));
    attempt += 1;
    waitFor(wait_ms);
    if (!wasOpen) askWhetherWelcome();
  }

  /** A refused upgrade shows its reason to nobody in a browser, so somebody else has to find out. */
  function askWhetherWelcome(): void {
    options.isStillWelcome?.().then(
      (isWelcome) => {
        const { kind } = state.get();
        if (!isWelcome && (kind === "waiting" || kind === "offline")) end({ kind: "signed_out" });
      },
      () => {}, // the server is away: the tries go on
    );
  }

  function waitFor(wait_ms: number): void {
    const now = clock.now();
    const isOnline = surroundings.isOnline();
    const gap_ms = isOnline ? TRY_GAP_MS : OFFLINE_GAP_MS;
    const until = Math.max(now + wait_ms, earliest_at, tried_at + gap_ms);
    state.set({ kind: isOnline ? "waiting" : "offline", until });
    later("try", until - now, connect);
  }

  function retryNow(): void {
    const { kind } = state.get();
    if (kind === "waiting" || kind === "offline") waitFor(0);
  }

  function surroundingsChanged(change: "online" | "offline" | "visible"): void {
    const { kind } = state.get();
    if (kind === "open") {
      // After sleep or a change of network the socket may be dead without knowing it: ask now.
      if (!timers.has("pong")) ping();
    } else if (change !== "offline") {
      // What was asked of a network that was not there yet is not answered by the one that is.
      if (change === "online" && kind === "connecting") abandon();
      retryNow();
    } else if (kind === "waiting") {
      waitFor(backoffMs(attempt, random));
    }
  }

  function forget(): void {
    if (socket !== undefined) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket = undefined;
    }
    welcomed_at = undefined;
    isHelloAnswered = true;
    clear("try", "welcome", "ping", "pong", "hello");
  }

  function end(last: ConnectionState): void {
    const old = socket;
    forget();
    stopListening();
    stopListening = () => {};
    state.set(last);
    if (old !== undefined) options.onClose?.(1000);
    close(old);
  }

  return {
    state,
    start() {
      const { kind } = state.get();
      if (kind !== "idle" && kind !== "signed_out" && kind !== "refused") return;
      attempt = 0;
      earliest_at = 0;
      hasDroppedCredential = false;
      stopListening = surroundings.onChange(surroundingsChanged);
      const wait_ms = tried_at + TRY_GAP_MS - clock.now();
      if (wait_ms > 0) waitFor(wait_ms);
      else connect();
    },
    stop: () => end({ kind: "idle" }),
    send(frame) {
      if (state.get().kind !== "open" || !write(frame)) return false;
      if ("cmd" in frame && !timers.has("pong")) later("ping", PING_AFTER_COMMAND_MS, ping);
      return true;
    },
    helloAgain() {
      if (socket === undefined || !isHelloAnswered) return;
      isHelloAnswered = false;
      later("hello", Math.max(0, hello_at + TRY_GAP_MS - clock.now()), sayHello);
    },
    retryNow,
  };
}

function close(socket: Socket | undefined): void {
  try {
    socket?.close(1000);
  } catch {
    // It was never opened; there is nothing to close.
  }
}

/** A frame that is no object with a `t` is not ours; one with an unknown `t` comes from a newer server. Neither is feared. */
function parse<In extends { t: string }>(data: unknown): In | undefined {
  try {
    // The server's frames are made from the types that In is generated from: this is where they come in.
    const value = JSON.parse(String(data)) as In;
    if (typeof value.t === "string") return value;
  } catch {
    // Not JSON, or null: the same as an unknown frame.
  }
  return undefined;
}
