// One conversation as a follower sees it: the log, what was sent and is not in it yet, who read how far, who is typing.
//
// `reduce` is pure: state and news in, state out, so that cuts, repeats and reorders can be tested without a network. The
// widget holds one timeline, the panel one a conversation. A timeline is in one of three conditions: `whole`; `behind`
// (something before the newest event is missing: say `hello` with `after` = `last`); `astray` (what we have is not the
// server's log: start anew with `after` 0). It never shows an event out of order, twice, or after one that is missing.

import type { Ack, EventFrame, ReadMarks, Sender } from "./wire.ts";
import type { FileNote, Refusal } from "./outbox.ts";

/** Something of our own that is not in the log yet. @inside */
export interface Pending {
  cmd: string;
  /** `message` or `note`, as the event will be. */
  kind: "message" | "note";
  /** "" where it is a file. */
  text: string;
  file?: FileNote;
  made_at: number;
  /** Acknowledged: it is in the log at `seq`, only the event has not come yet. */
  sent?: { seq?: number; at: number };
  /** Final: it will not be sent unless somebody tries again. */
  failed?: Refusal;
}

/** @inside */
export interface Typist {
  from: Sender;
  preview?: string;
  until: number;
}

/** @inside */
export interface Timeline {
  conversation: string;
  /** In order of `seq`; between two neighbours there is nothing that we may see. */
  events: readonly EventFrame[];
  /** `seq` of the last event, for `hello.after`; undefined before the first, when the log may begin anywhere. */
  last?: number;
  /** The log was promised from here; earlier parts come by HTTP. */
  from_seq: number;
  condition: "whole" | "behind" | "astray";
  pending: readonly Pending[];
  read: ReadMarks;
  typing: readonly Typist[];
}

export type News =
  | ({ t: "event" } & EventFrame)
  | ({ t: "ack" } & Ack)
  | { t: "typing"; from: Sender; on: boolean; preview?: string }
  | { t: "read"; from: Sender; seq: number }
  /** The server answered `hello` or `open` and will now send what is later than `after`. */
  | { t: "following"; from_seq: number; read?: ReadMarks }
  /** Events before the first one, fetched by HTTP. */
  | { t: "earlier"; events: readonly EventFrame[] }
  /** From the outbox. */
  | { t: "sending"; cmd: string; kind: "message" | "note"; text: string; file?: FileNote }
  | { t: "failed"; cmd: string; refusal: Refusal }
  | { t: "gone"; cmd: string }
  | { t: "discarded"; cmd: string };

/** Whoever types says so at least every 3 s; without a word for so long they have stopped. */
export const TYPING_FOR_MS = 6_000;

export function emptyTimeline(conversation: string): Timeline {
  return { conversation, events: [], from_seq: 0, condition: "whole", pending: [], read: { visitor: 0, agent: 0 }, typing: [] };
}

/**
 * Drops the log and keeps what is ours alone: after a new epoch, or when `after` was refused as beyond the end. What was
 * acknowledged is the log's: it comes again with it, or a restore has taken it.
 */
export function startAnew(timeline: Timeline): Timeline {
  return { ...emptyTimeline(timeline.conversation), pending: timeline.pending.filter(({ sent }) => sent === undefined) };
}

/** The server refused our `after` as beyond the end of its log: nothing we have can be trusted. */
export function distrust(timeline: Timeline): Timeline {
  return { ...timeline, condition: "astray" };
}

/** What `hello.after` or `open.after` should say; undefined where the server may choose the beginning. */
export function afterOf(timeline: Timeline): number | undefined {
  return timeline.condition === "astray" ? 0 : timeline.last;
}

export function reduce(timeline: Timeline, news: News, now: number): Timeline {
  switch (news.t) {
    case "event":
      return withEvent(timeline, stripped(news));
    case "ack":
      return withPending(timeline, news.cmd, (own) => ({ ...own, sent: { seq: news.seq, at: news.at } }));
    case "typing":
      return withTyping(timeline, news, now);
    case "read":
      return withRead(timeline, news.from, news.seq);
    case "following":
      return withBeginning(timeline, news);
    case "earlier":
      return withEarlier(timeline, news.events);
    case "sending": {
      const { t: _t, ...own } = news;
      return withSending(timeline, { ...own, made_at: now });
    }
    case "failed":
      return withPending(timeline, news.cmd, (own) => (own.sent === undefined ? { ...own, failed: news.refusal } : own));
    case "gone":
      return withPending(timeline, news.cmd, (own) => own.sent === undefined ? { ...own, sent: { at: own.made_at } } : own);
    case "discarded":
      return { ...timeline, pending: timeline.pending.filter((own) => own.cmd !== news.cmd) };
    default:
      return news satisfies never;
  }
}

function stripped(news: { t: "event" } & EventFrame): EventFrame {
  const { t: _t, ...event } = news;
  return event as EventFrame; // TypeScript spreads no union; nothing but `t` went
}

function withEvent(timeline: Timeline, event: EventFrame): Timeline {
  const { last, typing, pending } = timeline;
  if (event.conversation !== timeline.conversation || timeline.condition === "astray") return timeline;
  if (last === undefined) {
    // The first one: the log may begin later than at 1, but not with a hole after the promised beginning.
    if (event.prev >= Math.max(timeline.from_seq, 1)) return { ...timeline, condition: "behind" };
  } else {
    if (event.seq <= last) return timeline; // seen already
    if (event.prev > last) return { ...timeline, condition: "behind" };
    if (event.prev < last) return distrust(timeline); // the server does not know our last one
  }
  // Once behind it stays so until the server starts to send anew: what came after the hole was not kept.
  return {
    ...timeline,
    events: [...timeline.events, event],
    last: event.seq,
    pending: pending.filter((own) => !isSaidIn(event, own.cmd)),
    typing: event.kind === "message" ? typing.filter(({ from }) => !isSame(from, event.from)) : typing,
  };
}

/** The server starts to send: what follows connects to what we have, or begins at `from_seq`. */
function withBeginning(timeline: Timeline, { from_seq, read }: { from_seq: number; read?: ReadMarks }): Timeline {
  const base = timeline.condition === "astray" ? startAnew(timeline) : timeline;
  const marks = read === undefined ? base.read : later(base.read, read);
  const begins = base.last === undefined ? { from_seq } : {};
  return { ...base, ...begins, condition: "whole", read: marks };
}

function withEarlier(timeline: Timeline, earlier: readonly EventFrame[]): Timeline {
  const [first] = timeline.events;
  const missing = earlier.filter(({ seq, conversation }) => conversation === timeline.conversation && (first === undefined || seq < first.seq));
  const begins = missing[0];
  const ends = missing.at(-1);
  if (begins === undefined || ends === undefined) return timeline;
  if (first !== undefined && first.prev !== ends.seq) return timeline; // it leaves a hole
  return { ...timeline, events: [...missing, ...timeline.events], from_seq: Math.min(timeline.from_seq, begins.seq), last: timeline.last ?? ends.seq };
}

function withSending(timeline: Timeline, own: Pending): Timeline {
  if (timeline.events.some((event) => isSaidIn(event, own.cmd))) return timeline; // it is in the log already
  const known = timeline.pending.find(({ cmd }) => cmd === own.cmd);
  if (known === undefined) return { ...timeline, pending: [...timeline.pending, own] };
  return withPending(timeline, own.cmd, ({ failed: _failed, ...again }) => again);
}

function withPending(timeline: Timeline, cmd: string, change: (own: Pending) => Pending): Timeline {
  if (!timeline.pending.some((own) => own.cmd === cmd)) return timeline;
  return { ...timeline, pending: timeline.pending.map((own) => (own.cmd === cmd ? change(own) : own)) };
}

function withTyping(timeline: Timeline, news: { from: Sender; on: boolean; preview?: string }, now: number): Timeline {
  const others = timeline.typing.filter(({ from, until }) => until > now && !isSame(from, news.from));
  if (!news.on) return { ...timeline, typing: others };
  const typist: Typist = { from: news.from, until: now + TYPING_FOR_MS, ...(news.preview === undefined ? {} : { preview: news.preview }) };
  return { ...timeline, typing: [...others, typist] };
}

/** A bot reads for nobody, and the system neither. */
function withRead(timeline: Timeline, from: Sender, seq: number): Timeline {
  const marks: ReadMarks = { visitor: from.role === "visitor" ? seq : 0, agent: from.role === "agent" ? seq : 0 };
  return { ...timeline, read: later(timeline.read, marks) };
}

function later(a: ReadMarks, b: ReadMarks): ReadMarks {
  if (a.visitor >= b.visitor && a.agent >= b.agent) return a;
  return { visitor: Math.max(a.visitor, b.visitor), agent: Math.max(a.agent, b.agent) };
}

/** A `start` with a text makes two events with its `cmd`; what was said is in the second. */
function isSaidIn(event: EventFrame, cmd: string): boolean {
  return event.cmd === cmd && (event.kind === "message" || event.kind === "note");
}

function isSame(a: Sender, b: Sender): boolean {
  return a.role === b.role && a.id === b.id;
}

/** Who types at this moment. */
export function typistsAt(timeline: Timeline, now: number): readonly Typist[] {
  return timeline.typing.filter(({ until }) => until > now);
}
