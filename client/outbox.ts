// Commands that must happen once, kept until the server has answered: the browser's half of the delivery promise.
//
// `add` keeps a command (in storage, so that it survives a reload) and sends it as soon as there is an open socket; after a
// reconnect it is sent again with the same `cmd`, until `ack` (then it is forgotten) or a final error (then it is kept as
// failed, with the server's words, until somebody says `retry` or `discard`). Commands of one lane (a conversation) go
// strictly one after the other. All tabs of a site see the same outbox; one of them, which holds the lock, does the sending.
// A command whose file is still being uploaded is kept at its place and held until `complete`, so that words written after
// the file stay behind it.
//
// It never gives a command another `cmd`, never sends one while an earlier one of its lane is unanswered, and never
// repeats a frame after the server closed the socket because of it (1003, 1007, 1009).

import type { Cancel, Clock, KeyValueStore } from "./environment.ts";
import type { ErrorCode } from "./wire.ts";

/**
 * Why a command was refused: the server's code and words, or one of ours from before it was sent; `gone` is a file that
 * went with the page it was chosen on.
 */
export interface Refusal {
  code: ErrorCode | "not_sent" | "gone";
  message: string;
}

/** A file as it is shown before the server knows it. */
export interface FileNote {
  name: string;
  type: string;
  bytes: number;
}

/** A frame that carries a `cmd`. */
export interface Command {
  t: string;
  cmd: string;
}

export interface Entry<C extends Command> {
  command: C;
  /** Commands of one lane go one after the other: the conversation's id, or one name for all. */
  lane: string;
  /** The conversation it was meant for, where that was known when it was made. */
  conversation?: string;
  made_at: number;
  /** What the command brings along. */
  file?: FileNote;
  /** The file is on its way, so the command is not whole; after this moment nobody is at work on it any more. */
  held_until?: number;
  /** The server asked for it to be repeated, but not before this moment. */
  not_before?: number;
  /** Set when it is final that it was not done. */
  failed?: Refusal;
}

export type OutboxChange<C extends Command> =
  | { kind: "added" | "failed" | "retried"; entry: Entry<C> }
  /** Answered with `ack`, perhaps in another tab, or discarded. */
  | { kind: "gone"; entry: Entry<C> };

/** One holder among the tabs. `hold` asks once; `onLost` says that another tab took it. @inside */
export interface TabLock {
  hold(onHeld: () => void, onLost: () => void, steal: boolean): Cancel;
}

/** @inside */
export interface OutboxOptions<C extends Command> {
  store: KeyValueStore;
  /** Where in the store, for example `balie:demo:outbox:`. */
  prefix: string;
  lock: TabLock;
  clock: Clock;
  /** False if there is no open socket. */
  send(command: C): boolean;
  /** A last look before sending: what was meant for a conversation that is over must not land in the next one. */
  refuse?(entry: Entry<C>): Refusal | undefined;
  onChange?(change: OutboxChange<C>): void;
}

/** @inside */
export interface Outbox<C extends Command> {
  /** False if it is full or the frame is longer than the server takes; then nothing was kept. */
  add(command: C, lane: string, conversation?: string, file?: FileNote): boolean;
  /** Somebody still works on the file of a held command. */
  hold(cmd: string): void;
  /** The file of a held command has arrived: this is the whole command, and it may go. */
  complete(command: C): void;
  /** In the order they were made. */
  entries(): Entry<C>[];
  /** The socket is open and `hello` is answered: what is unanswered goes out (again). */
  opened(): void;
  closed(code: number): void;
  acknowledged(cmd: string): void;
  /** An `error` with this `cmd`. With `retry_ms` the same command is repeated after it. */
  refused(cmd: string, refusal: Refusal, retry_ms?: number): void;
  /** Sends a failed one again, with the same `cmd`. */
  retry(cmd: string): void;
  discard(cmd: string): void;
  stop(): void;
}

/** A person waits for an answer long before this; beyond it something is wrong and more would only hide it. */
export const ENTRIES_MAX = 100;
/** The server's limit for a frame, in bytes of UTF-8. */
export const FRAME_BYTES_MAX = 64 * 1024;
/** The server answers every command; should an answer be lost all the same, the command is repeated. */
const ANSWER_WITHIN_MS = 20_000;
/** A tab that the system put to sleep may hold the lock: whoever has a socket and still waits for so long takes it. */
const STEAL_AFTER_MS = 4_000;
/** A tab that uploads says so more often than this; when it is gone, what stands behind its file goes on. */
const HELD_FOR_MS = 60_000;
/** Closing codes that say: a frame of yours did this. */
const OUR_FAULT = new Set([1003, 1007, 1009]);

/** @inside */
interface Flight {
  sent_at: number;
  bytes: number;
}

export function createOutbox<C extends Command>(options: OutboxOptions<C>): Outbox<C> {
  const { store, prefix, clock } = options;
  const entries = new Map<string, Entry<C>>();
  /** Sent on the present socket and not answered. */
  const flying = new Map<string, Flight>();
  let isOpen = false;
  let isHolder = false;
  let wake: Cancel = () => {};
  let steal: Cancel | undefined;
  let release: Cancel = () => {};

  function load(): void {
    for (const key of store.keys(prefix)) {
      const entry = decode<C>(store.get(key));
      if (entry === undefined || key !== prefix + entry.command.cmd) store.remove(key);
      else entries.set(entry.command.cmd, entry);
    }
  }

  function keep(entry: Entry<C>): void {
    entries.set(entry.command.cmd, entry);
    store.set(prefix + entry.command.cmd, JSON.stringify(entry));
  }

  function drop(cmd: string): void {
    const entry = entries.get(cmd);
    flying.delete(cmd);
    store.remove(prefix + cmd);
    if (entry !== undefined && entries.delete(cmd)) options.onChange?.({ kind: "gone", entry });
  }

  function fail(cmd: string, failed: Refusal): void {
    const entry = entries.get(cmd);
    flying.delete(cmd);
    if (entry === undefined) return;
    const next = { ...entry, failed };
    keep(next);
    options.onChange?.({ kind: "failed", entry: next });
  }

  /** UUIDv7 sorts by the time it was made, also between tabs. */
  function sorted(): Entry<C>[] {
    return [...entries.values()].sort((a, b) => (a.command.cmd < b.command.cmd ? -1 : 1));
  }

  /** The first open one of every lane. */
  function heads(): Entry<C>[] {
    const first = new Map<string, Entry<C>>();
    for (const entry of sorted()) {
      if (entry.failed === undefined && !first.has(entry.lane)) first.set(entry.lane, entry);
    }
    return [...first.values()];
  }

  function drain(): void {
    wake();
    if (!isOpen) return;
    if (!isHolder) {
      stealLater();
      return;
    }
    let next_at = Number.POSITIVE_INFINITY;
    for (const entry of heads()) {
      next_at = Math.min(next_at, attempt(entry));
    }
    if (next_at !== Number.POSITIVE_INFINITY) wake = clock.after(Math.max(0, next_at - clock.now()), drain);
  }

  /** Sends it unless it is too early; gives the moment to look again. */
  function attempt(entry: Entry<C>): number {
    const { cmd } = entry.command;
    const now = clock.now();
    if (entry.held_until !== undefined) {
      if (now < entry.held_until) return entry.held_until;
      fail(cmd, { code: "gone", message: "" });
      return now;
    }
    const flight = flying.get(cmd);
    const due_at = flight !== undefined ? flight.sent_at + ANSWER_WITHIN_MS : (entry.not_before ?? 0);
    if (now < due_at) return due_at;
    const refusal = options.refuse?.(entry);
    if (refusal !== undefined) {
      fail(cmd, refusal);
      return now; // the next one of the lane is due
    }
    if (!options.send(entry.command)) return Number.POSITIVE_INFINITY;
    flying.set(cmd, { sent_at: now, bytes: frameBytes(entry.command) });
    return now + ANSWER_WITHIN_MS;
  }

  /** Only a tab with an open socket asks for the lock, so that a tab without one is in nobody's way. */
  function hold(isStolen: boolean): void {
    release = options.lock.hold(
      () => {
        isHolder = true;
        steal?.();
        steal = undefined;
        drain();
      },
      () => {
        isHolder = false;
        flying.clear(); // whoever holds it now sends them; should it come back to us, we repeat them
        hold(false);
        drain();
      },
      isStolen,
    );
  }

  function letGo(): void {
    isOpen = false;
    isHolder = false;
    wake();
    steal?.();
    steal = undefined;
    release();
  }

  /** Another tab holds the lock. If it does nothing about what waits, it sleeps. */
  function stealLater(): void {
    const [first] = heads();
    if (first === undefined || steal !== undefined) return;
    const wait_ms = Math.max(0, (first.held_until ?? first.not_before ?? 0) - clock.now()) + STEAL_AFTER_MS;
    steal = clock.after(wait_ms, () => {
      steal = undefined;
      if (!isOpen || isHolder || heads().length === 0) return;
      if (heads()[0]?.command.cmd !== first.command.cmd) {
        stealLater(); // it does its work, only there is more of it
        return;
      }
      release();
      hold(true);
    });
  }

  function changedElsewhere(key: string): void {
    const cmd = key.slice(prefix.length);
    const known = entries.get(cmd);
    const entry = decode<C>(store.get(key));
    if (entry === undefined) {
      if (known !== undefined) drop(cmd);
    } else {
      entries.set(cmd, entry);
      if (known === undefined) options.onChange?.({ kind: "added", entry });
      else if (entry.failed !== undefined) options.onChange?.({ kind: "failed", entry });
      else if (known.failed !== undefined) options.onChange?.({ kind: "retried", entry });
    }
    drain();
  }

  load();
  const stopWatching = store.onForeignChange(prefix, changedElsewhere);

  return {
    add(command, lane, conversation, file) {
      if (entries.size >= ENTRIES_MAX || frameBytes(command) > FRAME_BYTES_MAX) return false;
      const now = clock.now();
      const held = file === undefined ? {} : { file, held_until: now + HELD_FOR_MS };
      const entry: Entry<C> = { command, lane, made_at: now, ...held, ...(conversation === undefined ? {} : { conversation }) };
      keep(entry);
      options.onChange?.({ kind: "added", entry });
      drain();
      return true;
    },
    hold(cmd) {
      const entry = entries.get(cmd);
      if (entry?.held_until !== undefined) keep({ ...entry, held_until: clock.now() + HELD_FOR_MS });
    },
    complete(command) {
      const entry = entries.get(command.cmd);
      if (entry === undefined) return;
      const { held_until: _held, ...whole } = entry;
      keep({ ...whole, command });
      drain();
    },
    entries: sorted,
    opened() {
      const wasOpen = isOpen;
      isOpen = true;
      if (wasOpen) return; // a repeated hello: what is under way on this socket will be answered
      flying.clear();
      // A page that was put aside hears of nothing, not even of what a tab left behind when it was closed.
      for (const key of store.keys(prefix)) if (!entries.has(key.slice(prefix.length))) changedElsewhere(key);
      hold(false);
      drain();
    },
    closed(code) {
      letGo();
      if (OUR_FAULT.has(code)) {
        const culprit = culpritOf(flying, code);
        if (culprit !== undefined) fail(culprit, { code: "not_sent", message: "" });
      }
      flying.clear();
    },
    acknowledged(cmd) {
      drop(cmd);
      drain();
    },
    refused(cmd, refusal, retry_ms) {
      const entry = entries.get(cmd);
      if (entry === undefined) return;
      if (retry_ms === undefined) fail(cmd, refusal);
      else {
        flying.delete(cmd);
        keep({ ...entry, not_before: clock.now() + retry_ms });
      }
      drain();
    },
    retry(cmd) {
      const entry = entries.get(cmd);
      if (entry?.failed === undefined) return;
      const { failed: _failed, not_before: _notBefore, ...rest } = entry;
      const again = rest.held_until === undefined ? rest : { ...rest, held_until: clock.now() + HELD_FOR_MS };
      keep(again);
      options.onChange?.({ kind: "retried", entry: again });
      drain();
    },
    discard(cmd) {
      drop(cmd);
      drain();
    },
    stop() {
      letGo();
      stopWatching();
    },
  };
}

/** Nobody says which frame it was: after 1009 the longest that was under way, else the first. */
function culpritOf(flying: Map<string, Flight>, code: number): string | undefined {
  const sent = [...flying];
  if (code === 1009) sent.sort(([, a], [, b]) => b.bytes - a.bytes);
  return sent[0]?.[0];
}

export function frameBytes(frame: unknown): number {
  return new TextEncoder().encode(JSON.stringify(frame)).length;
}

/** What another version or another script left under our key is not ours to send. */
function decode<C extends Command>(text: string | null): Entry<C> | undefined {
  try {
    const entry = JSON.parse(text ?? "") as Entry<C>; // written by `keep`, or whatever: the server checks the rest
    return typeof entry.command.cmd === "string" && typeof entry.command.t === "string" && typeof entry.lane === "string" ? entry : undefined;
  } catch {
    return undefined;
  }
}
