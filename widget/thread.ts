// From the timeline to what stands in the log: days, system lines, turns of one speaker, the state under an own message.
// Pure, so that the rules of the conversation's look are tested without a browser.

import type { FileNote } from "../client/outbox.ts";
import type { Pending, Timeline } from "../client/timeline.ts";
import type { EventFrame } from "../client/wire.ts";
import { type Say, Word } from "./i18n/index.ts";

export type Row =
  | { kind: "day"; key: string; at: number }
  | { kind: "fresh"; key: string }
  /** `strong` comes first and stands out. */
  | { kind: "system"; key: string; strong?: string; text: string }
  | Turn;

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
  cmd?: string;
  refusal?: string;
  /** There is nothing left to try again with. */
  isGone?: boolean;
}

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
  fresh_after?: number;
  departmentName(key: string): string;
  refusalWords(code: string, isFile: boolean): string;
}

/** One speaker, so long after another, begins a new turn. */
const TURN_MS = 3 * 60_000;
/** An unanswered message looks like a sent one for so long, because nearly all are answered sooner. */
export const PALE_AFTER_MS = 600;

export function rowsOf(timeline: Timeline, options: ThreadOptions): Row[] {
  const rows: Row[] = [];
  for (const event of timeline.events) {
    addDay(rows, event.at, options.now);
    if (isFresh(event, rows, options.fresh_after)) rows.push({ kind: "fresh", key: "fresh" });
    if (event.kind === "message") addSaid(rows, event, options);
    else {
      const line = systemLine(event, options);
      if (line !== undefined) rows.push({ kind: "system", key: `s${event.seq}`, ...line });
    }
  }
  markLast(rows, timeline);
  for (const own of timeline.pending) if (own.kind === "message") addPending(rows, own, options);
  return rows;
}

function addDay(rows: Row[], at: number, now: number): void {
  const last = rows.findLast((row) => row.kind === "day");
  if (last?.kind === "day" && dayOf(last.at) === dayOf(at)) return;
  // A log of today needs no line to say so.
  if (last === undefined && dayOf(at) === dayOf(now)) return;
  rows.push({ kind: "day", key: `d${dayOf(at)}`, at });
}

function dayOf(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function isFresh(event: EventFrame, rows: Row[], fresh_after: number | undefined): boolean {
  if (fresh_after === undefined || event.seq <= fresh_after || rows.length === 0) return false;
  return event.kind === "message" && event.from.role !== "visitor" && !rows.some(({ kind }) => kind === "fresh");
}

/** What a message may carry. */
type Said = EventFrame & { kind: "message" } & { attachment?: ShownFile; article?: { id: string; title: string } };

function addSaid(rows: Row[], event: Said, { say }: ThreadOptions): void {
  const isMine = event.from.role === "visitor";
  const id = event.from.id ?? event.from.role;
  const bubble = { key: event.cmd ?? `e${event.seq}`, text: event.text ?? "", file: event.attachment, article: event.article };
  const last = rows.at(-1);
  if (last?.kind === "turn" && last.isMine === isMine && last.id === id && event.at - last.at < TURN_MS) {
    last.bubbles.push(bubble);
    last.at = event.at;
    return;
  }
  const name = event.from.name ?? say(Word.somebody);
  rows.push({ kind: "turn", key: bubble.key, isMine, isBot: event.from.role === "bot", id, name, bubbles: [bubble], at: event.at, state: "plain" });
}

/** Sent and read are said under the last confirmed own message only. */
function markLast(rows: Row[], timeline: Timeline): void {
  const own = timeline.events.findLast((event) => event.kind === "message" && event.from.role === "visitor");
  const turn = rows.findLast((row) => row.kind === "turn" && row.isMine);
  if (own === undefined || turn?.kind !== "turn" || timeline.pending.some(({ sent }) => sent !== undefined)) return;
  turn.state = timeline.read.agent >= own.seq ? "read" : "sent";
}

function addPending(rows: Row[], own: Pending, options: ThreadOptions): void {
  const bubble = { key: own.cmd, text: own.text, file: own.file };
  const at = own.made_at + options.clock_ahead_ms;
  const state = stateOf(own, options);
  const isConfirmed = state === "plain" || state === "sent";
  const last = rows.at(-1);
  const isSameTurn = last?.kind === "turn" && last.isMine && last.cmd === undefined && at - last.at < TURN_MS;
  if (isConfirmed && isSameTurn) {
    last.bubbles.push(bubble);
    last.at = Math.max(at, last.at);
    if (state === "sent") last.state = "sent";
    return;
  }
  const refusal = own.failed === undefined ? {} : { refusal: options.refusalWords(own.failed.code, own.file !== undefined), isGone: own.failed.code === "gone" };
  rows.push({
    kind: "turn",
    key: own.cmd,
    isMine: true,
    isBot: false,
    id: "",
    name: "",
    bubbles: [bubble],
    at,
    state,
    ...(isConfirmed ? {} : { cmd: own.cmd }),
    ...refusal,
  });
}

function stateOf(own: Pending, { now, isConnected }: ThreadOptions): OwnState {
  if (own.failed !== undefined) return "failed";
  if (own.sent !== undefined) return "sent";
  if (own.file !== undefined) return "uploading";
  if (now - own.made_at < PALE_AFTER_MS) return "plain";
  return isConnected ? "sending" : "waiting";
}

function systemLine(event: EventFrame, { say, departmentName }: ThreadOptions): { strong?: string; text: string } | undefined {
  const from = event.from.name ?? say(Word.somebody);
  switch (event.kind) {
    case "assigned":
      return { text: say(Word.joined, { name: event.agent.name }) };
    case "transferred":
      // Somebody who takes a chat over passes it to nobody: who joined is said by the next line.
      if ("agent" in event.to && event.to.agent.id === event.from.id) return undefined;
      return { text: "agent" in event.to ? say(Word.passedOn, { from, to: event.to.agent.name }) : say(Word.passedToLine, { from, to: departmentName(event.to.department) }) };
    case "requeued":
      return { strong: say(Word.requeued), text: say(Word.requeuedMore) };
    case "agent_away":
      return { text: say(Word.lost, { name: event.agent.name }) };
    case "agent_back":
      return { text: say(Word.returned, { name: event.agent.name }) };
    case "closed":
      return { text: closedLine(event.reason, from, say) };
    case "rated":
      return { text: say(Word.rated, { n: event.score }) };
    case "queued":
    case "message":
    case "note":
      return undefined;
    default:
      event satisfies never;
      return undefined; // an event of a newer server
  }
}

function closedLine(reason: Extract<EventFrame, { kind: "closed" }>["reason"], from: string, say: Say): string {
  switch (reason) {
    case "agent":
      return say(Word.endedBy, { name: from });
    case "visitor":
      return say(Word.endedByYou);
    case "left":
      return say(Word.leftLine);
    case "abandoned":
      return say(Word.lapsed);
    case "system":
      return say(Word.ended);
    default:
      reason satisfies never;
      return say(Word.ended);
  }
}

/** The conversation as a text file, for whoever wants to keep it. */
export function transcript(timeline: Timeline, site: string, options: ThreadOptions & { stamp(at: number): string; you: string }): string {
  const lines = timeline.events.flatMap((event) => {
    if (event.kind === "message") {
      const name = event.from.role === "visitor" ? options.you : (event.from.name ?? options.say(Word.somebody));
      return [`[${options.stamp(event.at)}] ${options.say(Word.savedBy, { name, text: saidIn(event) })}`];
    }
    const line = systemLine(event, options);
    return line === undefined ? [] : [`[${options.stamp(event.at)}] ${line.strong === undefined ? "" : `${line.strong} `}${line.text}`];
  });
  return `${site}\n\n${lines.join("\n")}\n`;
}

/** The words of a message, or the name of its file. */
export function saidIn({ text, attachment }: Said): string {
  return text || (attachment?.name ?? "");
}

/** A system line as one sentence, "" where the event has none. */
export function systemText(event: EventFrame, options: ThreadOptions): string {
  const line = systemLine(event, options);
  if (line === undefined) return "";
  return line.strong === undefined ? line.text : `${line.strong} ${line.text}`;
}
