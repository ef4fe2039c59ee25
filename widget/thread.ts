// From the timeline to what stands in the log: days, system lines, turns of one speaker, the state under an own message.
// Pure, so that the rules of the conversation's look are tested without a browser.

import type { FileNote } from "../client/outbox.ts";
import type { Pending, Timeline } from "../client/timeline.ts";
import type { EventFrame, Sender } from "../client/wire.ts";
import { type Say, Word } from "./i18n/index.ts";

export type Row =
  | { kind: "day"; key: string; at: number }
  | { kind: "fresh"; key: string }
  | ({ kind: "system"; key: string } & SystemLine)
  | Turn;

/** `strong` comes first and stands out. */
export interface SystemLine {
  strong?: string;
  text: string;
}

/** What one speaker says within three minutes. @inside */
export interface Turn {
  kind: "turn";
  key: string;
  isMine: boolean;
  isBot: boolean;
  id: string;
  name: string;
  bubbles: Bubble[];
  at: number;
  state: OwnState;
  /** Of a pending or failed one. */
  cmd?: string | undefined;
  refusal?: string | undefined;
  /** There is nothing left to try again with. */
  isGone?: boolean;
}

/** @inside */
export interface Bubble {
  key: string;
  text: string;
  file?: ShownFile | undefined;
  article?: { id: string; title: string } | undefined;
}

/** Without an id while it is on its way; with a size in pixels if it is a picture. */
export type ShownFile = FileNote & { id?: string; width?: number; height?: number };

/** `plain` shows the time only; `uploading`, `sending` and `waiting` are pale; `failed` keeps its words. */
export type OwnState = "plain" | "sent" | "read" | "uploading" | "sending" | "waiting" | "failed";

/** @inside */
export interface ThreadOptions {
  say: Say;
  now: number;
  /** The server's clock minus ours: own unconfirmed messages carry our time. */
  clock_ahead_ms: number;
  isConnected: boolean;
  /** The last `seq` that was seen when the window opened; what is later stands under "New messages". */
  fresh_after?: number | undefined;
  departmentName(key: string): string;
  /** What is said of an event that holds no words of anybody (system.ts), if anything. */
  systemLine?: ((event: EventFrame, options: ThreadOptions) => SystemLine | undefined) | undefined;
  refusalWords(code: string, isFile: boolean): string | undefined;
}

/** One speaker, so long after another, begins a new turn. */
const TURN_MS = 3 * 60_000;
/** An unanswered message looks like a sent one for so long, because nearly all are answered sooner. */
export const PALE_AFTER_MS = 600;

export function rowsOf(timeline: Timeline, options: ThreadOptions): Row[] {
  const { say, now, fresh_after } = options;
  const rows: Row[] = [];
  let day = dayOf(now); // a log of today needs no line to say so
  let isFresh = false;
  for (const event of timeline.events) {
    const { at, seq, from } = event;
    const today = dayOf(at);
    if (today !== day) rows.push({ kind: "day", key: `d${today}`, at });
    day = today;
    if (event.kind !== "message") {
      const line = options.systemLine?.(event, options);
      if (line) rows.push({ kind: "system", key: `s${seq}`, ...line });
      continue;
    }
    const isMine = from.role === "visitor";
    if (fresh_after !== undefined && seq > fresh_after && !isMine && !isFresh && rows.length > 0) {
      rows.push({ kind: "fresh", key: "fresh" });
      isFresh = true;
    }
    addSaid(rows, event, isMine, say);
  }
  markLast(rows, timeline);
  for (const own of timeline.pending) if (own.kind === "message") addPending(rows, own, options);
  return rows;
}

function dayOf(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** What a message may carry. */
export type Said = EventFrame & { kind: "message" } & { attachment?: ShownFile; article?: { id: string; title: string } };

function addSaid(rows: Row[], { seq, at, cmd, from, text = "", attachment, article }: Said, isMine: boolean, say: Say): void {
  const key = cmd ?? `e${seq}`;
  const id = from.id ?? from.role;
  const isBot = from.role === "bot";
  add(rows, { kind: "turn", key, isMine, isBot, id, name: nameOf(from, say), bubbles: [{ key, text, file: attachment, article }], at, state: "plain" });
}

/** As a turn of its own, or with the last one where that is of the same speaker and not long ago. */
function add(rows: Row[], turn: Turn): void {
  const last = rows.at(-1);
  const isSame = last?.kind === "turn" && last.isMine === turn.isMine && (turn.isMine || last.id === turn.id) && !last.cmd && !turn.cmd && turn.at - last.at < TURN_MS;
  if (!isSame) {
    rows.push(turn);
    return;
  }
  last.bubbles.push(...turn.bubbles);
  last.at = Math.max(last.at, turn.at);
  if (turn.state === "sent") last.state = "sent";
}

/** Sent and read are said under the last confirmed own message only. */
function markLast(rows: Row[], { events, pending, read }: Timeline): void {
  const own = events.findLast(({ kind, from }) => kind === "message" && from.role === "visitor");
  const turn = rows.findLast((row) => row.kind === "turn" && row.isMine);
  if (own && turn?.kind === "turn" && !pending.some(({ sent }) => sent)) turn.state = read.agent >= own.seq ? "read" : "sent";
}

function addPending(rows: Row[], own: Pending, options: ThreadOptions): void {
  const { cmd, text, file, failed, made_at } = own;
  const state = stateOf(own, options);
  add(rows, {
    kind: "turn",
    key: cmd,
    isMine: true,
    isBot: false,
    id: "",
    name: "",
    bubbles: [{ key: cmd, text, file }],
    at: made_at + options.clock_ahead_ms,
    state,
    cmd: state === "plain" || state === "sent" ? undefined : cmd,
    refusal: failed && options.refusalWords(failed.code, !!file),
    isGone: failed?.code === "gone",
  });
}

function stateOf({ failed, sent, file, made_at }: Pending, { now, isConnected }: ThreadOptions): OwnState {
  if (failed) return "failed";
  if (sent) return "sent";
  if (file) return "uploading";
  if (now - made_at < PALE_AFTER_MS) return "plain";
  return isConnected ? "sending" : "waiting";
}

export function nameOf({ name }: Sender, say: Say): string {
  return name ?? say(Word.somebody);
}

/** The words of a message, or the name of its file. */
export function saidIn({ text, attachment }: Said): string {
  return text || (attachment?.name ?? "");
}
