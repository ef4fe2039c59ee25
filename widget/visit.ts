// The visitor's side of the conversation as plain data, and the pure function that brings it up to date with each frame.
// session.ts feeds it, the views read it. The log is in the timeline (client/timeline.ts); here is what stands around it:
// who the visitor is, where the conversation is, the place in line, who answers.

import type { OutboxChange } from "../client/outbox.ts";
import { newsOf } from "../client/outbox_news.ts";
import { distrust, emptyTimeline, type News, reduce, startAnew, type Timeline } from "../client/timeline.ts";
import type { AgentName, Eta, EventFrame, FromVisitor, ReadMarks, Mode, State, ToVisitor, VisitorWelcome } from "../client/wire.ts";

/** Members that may be left out may be undefined too: JSON drops them before they reach the wire. */
export type Sparse<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

/** What a visitor sends that must happen once. */
export type VisitorCommand = Sparse<Extract<FromVisitor, { cmd: string }>>;

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
  agent?: AgentName | undefined;
  /** Since when the present wait lasts, by the server's clock. */
  waiting_since?: number | undefined;
  /** The place in line, once the server has told it. */
  place?: Place | undefined;
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
  conversation?: Conversation | undefined;
  /** `seq` up to which `conversation` was told by `welcome`; events up to there are history and change nothing. */
  told_seq: number;
  timeline: Timeline;
  /** A closed conversation that the visitor is done with: nothing about it is shown any more. */
  dismissed?: string | undefined;
  /** A message that was left over HTTP, for want of a socket. */
  posted?: Left | undefined;
  /** Unanswered commands that are not said in a chat; `message` is one left for later. */
  doing: { [T in "start" | "message" | "leave" | "rate"]?: string | undefined };
}

export function emptyVisit(dismissed?: string): Visit {
  return { isKnown: false, dismissed, clock_ahead_ms: 0, told_seq: 0, timeline: emptyTimeline(""), doing: {} };
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
  if (!epoch || conversation?.id !== timeline.conversation || condition !== "whole" || last < told_seq) return undefined;
  return { epoch, conversation: { ...conversation, place: undefined }, read, events }; // a place in line is of the moment
}

/** As an earlier page left it, until the server says how things are. */
export function restored(visit: Visit, { epoch, conversation, read, events }: Kept): Visit {
  const last = events.at(-1)?.seq ?? 0;
  // Whose beginning was cut off is shown as it is, and asked for anew as a whole.
  const condition = events[0]?.prev === 0 ? "whole" : "astray";
  return { ...visit, epoch, conversation, told_seq: last, timeline: { ...emptyTimeline(conversation.id), events, last, read, condition } };
}

export function receive(visit: Visit, frame: ToVisitor, now: number): Visit {
  if ("conversation" in frame && frame.conversation && frame.conversation === visit.dismissed) return visit;
  switch (frame.t) {
    case "welcome":
      return welcomed(visit, frame, now);
    case "queued":
      return withConversation(visit, frame.conversation, () => inLine(frame.department));
    case "queue": {
      const { position, waiting, eta, paused } = frame;
      return withConversation(visit, frame.conversation, ({ waiting_since = frame.at - frame.waited_ms }) => ({ waiting_since, place: { position, waiting, eta, isPaused: !!paused } }));
    }
    case "assigned":
      return withConversation(visit, frame.conversation, () => active(frame.agent));
    case "event":
      return evented(visit, frame, now);
    case "ack": {
      const { start, message } = visit.doing;
      const base = start === frame.cmd || message === frame.cmd ? begun(visit, frame.conversation) : visit;
      return { ...base, timeline: reduce(base.timeline, frame, now) };
    }
    case "typing":
    case "read":
      return { ...visit, timeline: reduce(visit.timeline, frame, now) };
    case "presence":
      return { ...visit, open: frame.open };
    case "error":
      // `after` beyond the end of the log: what we have is not the server's.
      return frame.field === "after" ? { ...visit, timeline: distrust(visit.timeline) } : visit;
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

function doingAfter(doing: Visit["doing"], { kind, entry: { command, failed } }: OutboxChange<VisitorCommand>): Visit["doing"] {
  if (command.t === "send") return doing;
  const t = command.t === "start" && isLater(command) ? "message" : command.t;
  if (kind !== "gone" && !failed) return { ...doing, [t]: command.cmd };
  return doing[t] === command.cmd ? { ...doing, [t]: undefined } : doing;
}

/** The visitor is done with a closed conversation and wants to begin anew. */
export function withoutConversation(visit: Visit): Visit {
  return { ...visit, conversation: undefined, posted: undefined, dismissed: visit.conversation?.id ?? visit.dismissed, told_seq: 0, timeline: emptyTimeline("") };
}

export function isOver(visit: Visit): boolean {
  return visit.conversation?.state === "closed";
}

/** There is a conversation that somebody may still answer. */
export function isLive(visit: Visit): boolean {
  return !!visit.conversation && !isOver(visit);
}

/** Nobody has come yet. */
export function isInLine({ conversation }: Visit): boolean {
  return conversation?.state === "queued" || conversation?.state === "offered";
}

/** What was left for later, until somebody answers it. */
export function leftMessage(visit: Visit): Left | undefined {
  const { posted, timeline: { events } } = visit;
  if (posted) return posted;
  const begin = events.findLast(({ kind }) => kind === "queued" || kind === "assigned");
  if (!isInLine(visit) || begin?.kind !== "queued" || !isLater(begin)) return undefined;
  const words = events.findLast(({ kind }) => kind === "message");
  return { email: begin.fields["email"], text: words?.kind === "message" ? words.text : undefined };
}

/** Whether it asks for an answer later, not for a chat now. */
export function isLater({ mode }: { mode?: Mode | undefined }): boolean {
  return mode === "message";
}

/** Where the answer goes, and to what. */
export interface Left {
  email: string | undefined;
  text: string | undefined;
}

function welcomed(visit: Visit, welcome: VisitorWelcome, now: number): Visit {
  const { token, epoch, open } = welcome;
  const told = welcome.conversation?.id === visit.dismissed ? undefined : welcome.conversation;
  const id = told?.id ?? "";
  const isAnother = visit.timeline.conversation !== id || (visit.epoch && visit.epoch !== epoch);
  const timeline = isAnother ? { ...startAnew(visit.timeline), conversation: id } : visit.timeline;
  return {
    ...visit,
    isKnown: true,
    token,
    epoch,
    open,
    clock_ahead_ms: welcome.now - now,
    told_seq: told?.seq ?? 0,
    timeline: told ? reduce(timeline, { t: "following", from_seq: told.from_seq, read: told.read }, now) : timeline,
    conversation: told && conversationOf(told, visit.conversation),
  };
}

function conversationOf({ id, state, department, agent, enqueued_at }: NonNullable<VisitorWelcome["conversation"]>, before: Conversation | undefined): Conversation {
  const sameWait = before?.id === id && before.state === state ? before : undefined;
  return { id, state, department, agent, waiting_since: sameWait?.waiting_since ?? enqueued_at, place: sameWait?.place };
}

function evented(visit: Visit, frame: { t: "event" } & EventFrame, now: number): Visit {
  const base = begun(visit, frame.conversation);
  const timeline = reduce(base.timeline, frame, now);
  const next = { ...base, timeline };
  const isNews = base.timeline.last !== timeline.last && frame.seq > base.told_seq;
  return isNews ? withConversation(next, frame.conversation, () => folded(frame)) : next;
}

/** With the conversation, of which this tab may not have heard: it was started here or in another one. */
function begun(visit: Visit, id: string): Visit {
  const { conversation, pending } = visit.timeline;
  return conversation === id ? visit : { ...visit, conversation: { id, ...inLine("") }, told_seq: 0, timeline: { ...emptyTimeline(id), pending } };
}

/** What the event changes about the conversation. */
function folded(event: EventFrame): Partial<Conversation> {
  switch (event.kind) {
    case "queued":
    case "requeued":
      return { ...inLine(event.department), waiting_since: event.at };
    case "assigned":
      return active(event.agent);
    case "transferred":
      if ("agent" in event.to) return active(event.to.agent);
      // Of one by the system, when their department closes, the wait goes on.
      return { ...inLine(event.to.department), ...(event.from.role !== "system" && { waiting_since: event.at }) };
    case "closed":
      return { state: "closed", ...noWait };
    default:
      return {}; // words, and events of a newer server
  }
}

/** Of a wait that is over. */
const noWait = { place: undefined, waiting_since: undefined };

function inLine(department: string): Pick<Conversation, "state" | "department" | "place" | "agent"> {
  return { state: "queued", department, place: undefined, agent: undefined };
}

function active(agent: AgentName): Partial<Conversation> {
  return { state: "active", agent, ...noWait };
}

function withConversation(visit: Visit, id: string, change: (known: Partial<Conversation>) => Partial<Conversation>): Visit {
  const base = begun(visit, id);
  const known = { id, ...inLine(""), ...base.conversation };
  return { ...base, conversation: { ...known, ...change(known) } };
}
