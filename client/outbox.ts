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
  conversation?: string | undefined;
  made_at: number;
  /** What the command brings along. */
  file?: FileNote | undefined;
  /** The file is on its way, so the command is not whole; after this moment nobody is at work on it any more. */
  held_until?: number | undefined;
  /** The server asked for it to be repeated, but not before this moment. */
  not_before?: number | undefined;
  /** Set when it is final that it was not done. */
  failed?: Refusal | undefined;
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
/** Closing codes that say: a frame of yours did this. The last says that it was too long. */
const OUR_FAULT = [1003, 1007, 1009];

export function createOutbox<C extends Command>(options: OutboxOptions<C>): Outbox<C> {
  const { store, prefix, clock } = options;
  const entries = new Map<string, Entry<C>>();
  /** When what is unanswered was sent on the present socket. */
  const flying = new Map<string, number>();
  let isOpen = false;
  let isHolder = false;
  /** The command that another tab should be sending, and since when we watch it do so. */
  let watched = "";
  let watched_at = 0;
  let wake: Cancel = () => {};
  let release: Cancel = () => {};

  /** What another version or another script left under our key is not ours to send. */
  function load(key: string): Entry<C> | undefined {
    const entry = decode<C>(store.get(key));
    if (entry && key === prefix + entry.command.cmd) {
      entries.set(entry.command.cmd, entry);
      return entry;
    }
    store.remove(key);
    return undefined;
  }

  function keep(entry: Entry<C>, kind?: OutboxChange<C>["kind"]): void {
    const { cmd } = entry.command;
    entries.set(cmd, entry);
    store.set(prefix + cmd, JSON.stringify(entry));
    if (kind) options.onChange?.({ kind, entry });
    drain();
  }

  function change(cmd: string, part: Partial<Entry<C>>, kind?: OutboxChange<C>["kind"]): void {
    const entry = entries.get(cmd);
    if (entry) keep({ ...entry, ...part }, kind);
  }

  function drop(cmd: string): void {
    const entry = entries.get(cmd);
    if (!entry) return;
    flying.delete(cmd);
    entries.delete(cmd);
    store.remove(prefix + cmd);
    options.onChange?.({ kind: "gone", entry });
    drain();
  }

  function fail(cmd: string, failed: Refusal): void {
    flying.delete(cmd);
    change(cmd, { failed }, "failed");
  }

  function heldUntil(): number {
    return clock.now() + HELD_FOR_MS;
  }

  /** UUIDv7 sorts by the time it was made, also between tabs. */
  function sorted(): Entry<C>[] {
    return [...entries.values()].sort((a, b) => (a.command.cmd < b.command.cmd ? -1 : 1));
  }

  function drain(): void {
    wake();
    const lanes = new Set<string>();
    // The first open one of every lane.
    const heads = sorted().filter(({ failed, lane }) => !failed && !lanes.has(lane) && lanes.add(lane));
    const [first] = heads;
    if (!isOpen || !first) return;
    const next_at = isHolder ? Math.min(...heads.map(attempt)) : watch(first);
    wake();
    if (next_at < Infinity) wake = clock.after(next_at - clock.now(), drain);
  }

  /** Sends it unless it is too early; gives the moment to look again. */
  function attempt(entry: Entry<C>): number {
    const { command, held_until, not_before = 0 } = entry;
    const { cmd } = command;
    const now = clock.now();
    const sent_at = flying.get(cmd);
    const due_at = held_until ?? (sent_at ? sent_at + ANSWER_WITHIN_MS : not_before);
    if (now < due_at) return due_at;
    const refusal: Refusal | undefined = held_until ? { code: "gone", message: "" } : options.refuse?.(entry);
    if (refusal) {
      fail(cmd, refusal);
      return now; // the next one of the lane is due
    }
    if (!options.send(command)) return Infinity;
    flying.set(cmd, now);
    return now + ANSWER_WITHIN_MS;
  }

  /** Another tab holds the lock. If it does nothing about what waits, it sleeps, and is robbed. */
  function watch({ command: { cmd }, held_until, not_before = 0 }: Entry<C>): number {
    const now = clock.now();
    if (cmd !== watched) watched_at = now;
    watched = cmd;
    const due_at = Math.max(watched_at, held_until ?? not_before) + STEAL_AFTER_MS;
    if (now < due_at) return due_at;
    release();
    hold(true);
    return Infinity;
  }

  /** Only a tab with an open socket asks for the lock, so that a tab without one is in nobody's way. */
  function hold(isStolen: boolean): void {
    watched = "";
    release = options.lock.hold(
      () => {
        isHolder = true;
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
    isOpen = isHolder = false;
    wake();
    release();
  }

  function changedElsewhere(key: string): void {
    const cmd = key.slice(prefix.length);
    const known = entries.get(cmd);
    const entry = load(key);
    if (!entry) drop(cmd);
    else {
      const kind = !known ? "added" : entry.failed ? "failed" : known.failed && "retried";
      if (kind) options.onChange?.({ kind, entry });
    }
    drain();
  }

  store.keys(prefix).forEach(load);
  const stopWatching = store.onForeignChange(prefix, changedElsewhere);

  return {
    add(command, lane, conversation, file) {
      if (entries.size >= ENTRIES_MAX || frameBytes(command) > FRAME_BYTES_MAX) return false;
      keep({ command, lane, conversation, made_at: clock.now(), file, held_until: file && heldUntil() }, "added");
      return true;
    },
    hold: (cmd) => entries.get(cmd)?.held_until && change(cmd, { held_until: heldUntil() }),
    complete: (command) => change(command.cmd, { command, held_until: undefined }),
    entries: sorted,
    opened() {
      if (isOpen) return; // a repeated hello: what is under way on this socket will be answered
      isOpen = true;
      // A page that was put aside hears of nothing, not even of what a tab left behind when it was closed.
      for (const key of store.keys(prefix)) if (!entries.has(key.slice(prefix.length))) changedElsewhere(key);
      hold(false);
      drain();
    },
    closed(code) {
      letGo();
      const sent = [...flying.keys()];
      // Nobody says which frame it was: the longest that was under way if it was too long, else the first.
      if (code === 1009) sent.sort((a, b) => frameBytes(entries.get(b)?.command) - frameBytes(entries.get(a)?.command));
      if (sent[0] && OUR_FAULT.includes(code)) fail(sent[0], { code: "not_sent", message: "" });
      flying.clear();
    },
    acknowledged: drop,
    refused(cmd, refusal, retry_ms) {
      if (retry_ms === undefined) fail(cmd, refusal);
      else {
        flying.delete(cmd);
        change(cmd, { not_before: clock.now() + retry_ms });
      }
    },
    retry(cmd) {
      const entry = entries.get(cmd);
      if (entry?.failed) change(cmd, { failed: undefined, not_before: undefined, held_until: entry.held_until && heldUntil() }, "retried");
    },
    discard(cmd) {
      const entry = entries.get(cmd);
      // What goes without having failed counts as acknowledged.
      if (entry) entries.set(cmd, { ...entry, failed: entry.failed ?? { code: "not_sent", message: "" } });
      drop(cmd);
    },
    stop() {
      letGo();
      stopWatching();
    },
  };
}

export function frameBytes(frame: unknown): number {
  return new TextEncoder().encode(JSON.stringify(frame)).length;
}

function decode<C extends Command>(text: string | null): Entry<C> | undefined {
  try {
    const entry = JSON.parse(text ?? "") as Entry<C>; // written by `keep`, or whatever: the server checks the rest
    return typeof entry.command.cmd === "string" && typeof entry.command.t === "string" && typeof entry.lane === "string" ? entry : undefined;
  } catch {
    return undefined;
  }
}
