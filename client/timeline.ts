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
  file?: FileNote | undefined;
  made_at: number;
  /** Acknowledged: it is in the log at `seq`, only the event has not come yet. */
  sent?: { seq?: number; at: number };
  /** Final: it will not be sent unless somebody tries again. */
  failed?: Refusal | undefined;
}

/** @inside */
export interface Typist {
  from: Sender;
  preview?: string | undefined;
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
  /** From the outbox. */
  | { t: "sending"; cmd: string; kind: "message" | "note"; text: string; file?: FileNote | undefined }
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
  return { ...emptyTimeline(timeline.conversation), pending: timeline.pending.filter(({ sent }) => !sent) };
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
  const { events, pending, read, typing } = timeline;
  /** Changes what is pending under this `cmd`, unless it is known to have arrived. */
  const revised = (cmd: string, part: (own: Pending) => Partial<Pending>): Timeline => ({
    ...timeline,
    pending: pending.map((own) => (own.cmd === cmd && !own.sent ? { ...own, ...part(own) } : own)),
  });
  switch (news.t) {
    case "event":
      return withEvent(timeline, news);
    case "ack":
      return revised(news.cmd, () => ({ sent: { seq: news.seq, at: news.at } }));
    case "typing": {
      const { from, on, preview } = news;
      const others = typing.filter((other) => other.until > now && !isSame(other.from, from));
      return { ...timeline, typing: on ? [...others, { from, preview, until: now + TYPING_FOR_MS }] : others };
    }
    case "read": // a bot reads for nobody, and the system neither
      return { ...timeline, read: later(read, { [news.from.role]: news.seq }) };
    case "following": {
      // What follows connects to what we have, or begins at `from_seq`.
      const base = timeline.condition === "astray" ? startAnew(timeline) : timeline;
      return { ...base, from_seq: base.last ? base.from_seq : news.from_seq, condition: "whole", read: later(base.read, news.read) };
    }
    case "sending": {
      const { t: _t, cmd, ...said } = news;
      if (events.some((event) => isSaidIn(event, cmd))) return timeline; // it is in the log already
      return pending.some((own) => own.cmd === cmd) ? revised(cmd, () => ({ failed: undefined })) : { ...timeline, pending: [...pending, { cmd, ...said, made_at: now }] };
    }
    case "failed":
      return revised(news.cmd, () => ({ failed: news.refusal }));
    case "gone":
      return revised(news.cmd, ({ made_at }) => ({ sent: { at: made_at } }));
    case "discarded":
      return { ...timeline, pending: pending.filter(({ cmd }) => cmd !== news.cmd) };
    default:
      return news satisfies never;
  }
}

function withEvent(timeline: Timeline, { t: _t, ...news }: { t: "event" } & EventFrame): Timeline {
  const event = news as EventFrame; // TypeScript spreads no union; nothing but `t` went
  const { last = 0, events, condition, from_seq, pending, typing } = timeline;
  // Of another conversation, of no use, or seen already.
  if (event.conversation !== timeline.conversation || condition === "astray" || event.seq <= last) return timeline;
  // The log may begin later than at 1, but not with a hole after the promised beginning.
  if (event.prev > (last || Math.max(from_seq - 1, 0))) return { ...timeline, condition: "behind" };
  if (event.prev < last) return distrust(timeline); // the server does not know our last one
  // Once behind it stays so until the server starts to send anew: what came after the hole was not kept.
  return {
    ...timeline,
    events: [...events, event],
    last: event.seq,
    pending: pending.filter(({ cmd }) => !isSaidIn(event, cmd)),
    typing: event.kind === "message" ? typing.filter(({ from }) => !isSame(from, event.from)) : typing,
  };
}

/** With events from before the first one, fetched by HTTP, if they leave no hole. */
export function withEarlier(timeline: Timeline, earlier: readonly EventFrame[]): Timeline {
  const [first] = timeline.events;
  const missing = earlier.filter(({ seq, conversation }) => conversation === timeline.conversation && (!first || seq < first.seq));
  const begins = missing[0];
  const ends = missing.at(-1);
  if (!begins || !ends || (first && first.prev !== ends.seq)) return timeline;
  return { ...timeline, events: [...missing, ...timeline.events], from_seq: Math.min(timeline.from_seq, begins.seq), last: timeline.last ?? ends.seq };
}

/** The higher mark of each side. */
function later(known: ReadMarks, told: Partial<ReadMarks> = {}): ReadMarks {
  return { visitor: Math.max(known.visitor, told.visitor ?? 0), agent: Math.max(known.agent, told.agent ?? 0) };
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
