// The visitor's side of the conversation as plain data, and the pure function that brings it up to date with each frame.
// session.ts feeds it, the views read it. The log is in the timeline (client/timeline.ts); here is what stands around it:
// who the visitor is, where the conversation is, the place in line, who answers.

import type { OutboxChange } from "../client/outbox.ts";
import { newsOf } from "../client/outbox_news.ts";
import { distrust, emptyTimeline, type News, reduce, startAnew, type Timeline } from "../client/timeline.ts";
import type { AgentName, Eta, EventFrame, FromVisitor, ReadMarks, Mode, State, ToVisitor, VisitorWelcome } from "../client/wire.ts";

/** What a visitor sends that must happen once. */
export type VisitorCommand = Extract<FromVisitor, { cmd: string }>;

export interface Place {
  position: number;
  waiting: number;
  eta: Eta | null;
  isPaused: boolean;
}

export interface Conversation {
  id: string;
  state: State;
  department: string;
  agent?: AgentName;
  /** Since when the present wait lasts, by the server's clock. */
  waiting_since?: number;
  /** The place in line, once the server has told it. */
  place?: Place;
}

/** @inside */
export interface Visit {
  /** The first `welcome` has come. */
  isKnown: boolean;
  token?: string;
  epoch?: string;
  /** Agents could answer now; undefined before anybody said. */
  open?: boolean;
  /** The server's clock minus ours. */
  clock_ahead_ms: number;
  conversation?: Conversation;
  /** `seq` up to which `conversation` was told by `welcome`; events up to there are history and change nothing. */
  told_seq: number;
  timeline: Timeline;
  /** A closed conversation that the visitor is done with: nothing about it is shown any more. */
  dismissed?: string;
  /** A message that was left over HTTP, for want of a socket. */
  posted?: Left;
  /** Unanswered commands that are not said in a chat; `message` is one left for later. */
  doing: { start?: string; message?: string; leave?: string; rate?: string };
}

export function emptyVisit(dismissed?: string): Visit {
  const visit: Visit = { isKnown: false, clock_ahead_ms: 0, told_seq: 0, timeline: emptyTimeline(""), doing: {} };
  return dismissed === undefined ? visit : { ...visit, dismissed };
}

/**
 * What is kept of a conversation between pages, so that the next one shows it at once. The next page may be of another
 * version, so no name in here, nor in `Conversation`, is one that the bundler may shorten.
 */
export interface Kept {
  epoch: string;
  conversation: Conversation;
  read: ReadMarks;
  /** The end of the log, or all of it. */
  events: readonly EventFrame[];
}

/** Undefined while there is nothing worth keeping, or the server is still sending what we missed. */
export function keptOf({ epoch, conversation, timeline, told_seq }: Visit): Kept | undefined {
  const { events, last = -1, read, condition } = timeline;
  if (epoch === undefined || conversation?.id !== timeline.conversation || condition !== "whole" || last < told_seq) return undefined;
  const { place: _place, ...lasting } = conversation; // a place in line is of the moment
  return { epoch, conversation: lasting, read, events };
}

/** As an earlier page left it, until the server says how things are. */
export function restored(visit: Visit, { epoch, conversation, read, events }: Kept): Visit {
  const last = events.at(-1)?.seq ?? 0;
  // Whose beginning was cut off is shown as it is, and asked for anew as a whole.
  const condition = events[0]?.prev === 0 ? "whole" : "astray";
  return { ...visit, epoch, conversation, told_seq: last, timeline: { ...emptyTimeline(conversation.id), events, last, read, condition } };
}

export function receive(visit: Visit, frame: ToVisitor, now: number): Visit {
  if ("conversation" in frame && frame.t !== "welcome" && frame.conversation !== undefined && frame.conversation === visit.dismissed) return visit;
  switch (frame.t) {
    case "welcome":
      return welcomed(visit, frame, now);
    case "queued":
      return withConversation(visit, frame.conversation, ({ place: _place, agent: _agent, ...rest }) => ({
        ...rest,
        state: "queued",
        department: frame.department,
      }));
    case "queue":
      return withConversation(visit, frame.conversation, (known) => ({
        ...known,
        waiting_since: known.waiting_since ?? frame.at - frame.waited_ms,
        place: { position: frame.position, waiting: frame.waiting, eta: frame.eta, isPaused: frame.paused === true },
      }));
    case "assigned":
      return withConversation(visit, frame.conversation, (known) => active(known, frame.agent));
    case "event":
      return evented(visit, frame, now);
    case "ack":
      return acknowledged(visit, frame, now);
    case "typing":
    case "read":
      return { ...visit, timeline: reduce(visit.timeline, frame, now) };
    case "presence":
      return { ...visit, open: frame.open };
    case "error":
      // `after` beyond the end of the log: what we have is not the server's.
      return frame.code === "bad_field" && frame.field === "after" ? { ...visit, timeline: distrust(visit.timeline) } : visit;
    case "pong":
    case "bye":
      return visit;
    default:
      frame satisfies never;
      return visit; // a frame of a newer server
  }
}

/** Our own doings, as the outbox tells them. */
export function changed(visit: Visit, change: OutboxChange<VisitorCommand>, now: number): Visit {
  const news: News[] = newsOf(change);
  const timeline = news.reduce((state, each) => reduce(state, each, now), visit.timeline);
  return { ...visit, timeline, doing: doingAfter(visit.doing, change) };
}

function doingAfter(doing: Visit["doing"], { kind, entry }: OutboxChange<VisitorCommand>): Visit["doing"] {
  const { command } = entry;
  const { cmd } = command;
  if (command.t === "send") return doing;
  const t = command.t === "start" && isLater(command) ? "message" : command.t;
  const { [t]: _done, ...others } = doing;
  if (kind === "added" || kind === "retried") return entry.failed === undefined ? { ...others, [t]: cmd } : others;
  return doing[t] === cmd ? others : doing;
}

/** The visitor is done with a closed conversation and wants to begin anew. */
export function withoutConversation(visit: Visit): Visit {
  const { conversation: over, posted: _posted, ...rest } = visit;
  const dismissed = over === undefined ? {} : { dismissed: over.id };
  return { ...rest, ...dismissed, told_seq: 0, timeline: emptyTimeline("") };
}

export function isOver(visit: Visit): boolean {
  return visit.conversation?.state === "closed";
}

/** There is a conversation that somebody may still answer. */
export function isLive(visit: Visit): boolean {
  return visit.conversation !== undefined && !isOver(visit);
}

/** What was left for later, until somebody answers it. */
export function leftMessage({ posted, conversation, timeline: { events } }: Visit): Left | undefined {
  if (posted !== undefined) return posted;
  const begin = events.findLast(({ kind }) => kind === "queued" || kind === "assigned");
  if ((conversation?.state !== "queued" && conversation?.state !== "offered") || begin?.kind !== "queued" || !isLater(begin)) return undefined;
  const words = events.findLast(({ kind }) => kind === "message");
  return { email: begin.fields["email"], text: words?.kind === "message" ? words.text : undefined };
}

/** Whether it asks for an answer later, not for a chat now. */
export function isLater({ mode }: { mode?: Mode }): boolean {
  return mode === "message";
}

/** Where the answer goes, and to what. */
export interface Left {
  email: string | undefined;
  text: string | undefined;
}

function welcomed(visit: Visit, welcome: VisitorWelcome, now: number): Visit {
  const isNewEpoch = visit.epoch !== undefined && visit.epoch !== welcome.epoch;
  const told = welcome.conversation?.id === visit.dismissed ? undefined : welcome.conversation;
  const { id, seq, from_seq, read } = told ?? { id: "", seq: 0, from_seq: 0, read: { visitor: 0, agent: 0 } };
  const old = isNewEpoch ? startAnew(visit.timeline) : visit.timeline;
  const own = old.conversation === id ? old : { ...startAnew(old), conversation: id };
  const { conversation: before, ...rest } = visit;
  return {
    ...rest,
    isKnown: true,
    token: welcome.token,
    epoch: welcome.epoch,
    open: welcome.open,
    clock_ahead_ms: welcome.now - now,
    told_seq: seq,
    timeline: id === "" ? own : reduce(own, { t: "following", from_seq, read }, now),
    ...(told === undefined ? {} : { conversation: conversationOf(told, before) }),
  };
}

function conversationOf(told: NonNullable<VisitorWelcome["conversation"]>, before: Conversation | undefined): Conversation {
  const { id, state, department, agent, enqueued_at } = told;
  const isSameWait = before?.id === id && before.state === state;
  const waiting_since = isSameWait ? (before.waiting_since ?? enqueued_at) : enqueued_at;
  const place = isSameWait ? before.place : undefined;
  return {
    id,
    state,
    department,
    ...(agent === undefined ? {} : { agent }),
    ...(waiting_since === undefined ? {} : { waiting_since }),
    ...(place === undefined ? {} : { place }),
  };
}

function evented(visit: Visit, frame: { t: "event" } & EventFrame, now: number): Visit {
  const base = frame.conversation === visit.timeline.conversation ? visit : begun(visit, frame.conversation);
  const timeline = reduce(base.timeline, frame, now);
  const isNews = timeline.last === frame.seq && timeline !== base.timeline && frame.seq > base.told_seq;
  const next = { ...base, timeline };
  return isNews ? withConversation(next, frame.conversation, (known) => folded(known, frame)) : next;
}

/** A conversation that this tab has not heard of, started here or in another one. */
function begun(visit: Visit, id: string): Visit {
  const { pending } = visit.timeline;
  const conversation: Conversation = { id, state: "queued", department: "" };
  return { ...visit, conversation, told_seq: 0, timeline: { ...emptyTimeline(id), pending } };
}

/** Where the conversation is after the event. */
function folded(known: Conversation, event: EventFrame): Conversation {
  switch (event.kind) {
    case "queued":
    case "requeued":
      return waiting(known, event.department, event.at);
    case "assigned":
      return active(known, event.agent);
    case "transferred":
      return "agent" in event.to ? active(known, event.to.agent) : waiting(known, event.to.department, event.at);
    case "closed": {
      const { place: _place, waiting_since: _since, ...rest } = known;
      return { ...rest, state: "closed" };
    }
    case "message":
    case "agent_away":
    case "agent_back":
    case "rated":
    case "note":
      return known;
    default:
      event satisfies never;
      return known; // an event of a newer server
  }
}

function waiting({ place: _place, agent: _agent, ...rest }: Conversation, department: string, since: number): Conversation {
  return { ...rest, state: "queued", department, waiting_since: since };
}

function active({ place: _place, waiting_since: _since, ...rest }: Conversation, agent: AgentName): Conversation {
  return { ...rest, state: "active", agent };
}

function acknowledged(visit: Visit, ack: Extract<ToVisitor, { t: "ack" }>, now: number): Visit {
  const isNew = (visit.doing.start === ack.cmd || visit.doing.message === ack.cmd) && visit.timeline.conversation !== ack.conversation;
  const base = isNew ? begun(visit, ack.conversation) : visit;
  return { ...base, timeline: reduce(base.timeline, ack, now) };
}

function withConversation(visit: Visit, id: string, change: (known: Conversation) => Conversation): Visit {
  const base = visit.timeline.conversation === id ? visit : begun(visit, id);
  const known = base.conversation ?? { id, state: "queued", department: "" };
  return { ...base, conversation: change(known) };
}
