// The live desk as a pure function: a frame comes in, the next state and what the world should do about it go out.
// Called by desk.ts for every frame and every own action; clocks and ids are passed in. What one conversation's log says
// is the timeline's to know (client/timeline.ts); this file knows which conversations there are and whose they are.

import { afterOf, distrust, emptyTimeline, reduce as reduceTimeline, type News, withEarlier } from "../../client/timeline.ts";
import { standingAfter } from "./ownership.ts";
import { emptyDesk, type Chat, type DeskState, type Effect, type Offer, type Step } from "./model.ts";
import type { EventFrame, ToAgent, UnassignReason, VisitorCard } from "./wire.ts";

type Frame<T extends ToAgent["t"]> = Extract<ToAgent, { t: T }>;

export function reduce(state: DeskState, frame: ToAgent, now: number): Step {
  switch (frame.t) {
    case "welcome":
      return welcomed(state, frame, now);
    case "assigned":
      return assigned(state, frame, now);
    case "opened":
      return still(putChat(state, openedChat(state, frame, now)));
    case "unassigned":
      return unassigned(state, frame.conversation, frame.reason);
    case "offer":
      return offered(state, frame, now);
    case "event":
      return happened(state, frame, now);
    case "typing":
    case "read":
      return still(withNews(state, frame.conversation, frame, now));
    case "ack":
      return still(withNews(state, frame.conversation, frame, now));
    case "agent":
      return still(placed(state, frame));
    case "lanes":
      return still({
        ...state,
        lanes: frame.lanes,
        silences: new Map(frame.silences.map(({ agent, since }) => [agent, since])),
        lanes_at: now,
      });
    case "waiting":
      return still({ ...state, waiting: waitingAfter(state, frame) });
    case "viewers":
      return still(changeChat(state, frame.conversation, (chat) => ({ ...chat, viewers: frame.agents })));
    case "pong":
      return { state, effects: [{ kind: "clock", now: frame.now }] };
    case "error":
      return refused(state, frame);
    case "bye":
      // The connection answers it.
      return still(state);
    default:
      frame satisfies never;
      return still(state);
  }
}

/** The log of `hello`: what is mine, up to where it is held. What was only looked at is opened anew instead. */
export function helloOf(state: DeskState): { epoch?: string; after?: Record<string, number> } {
  const after: Record<string, number> = {};
  for (const chat of state.chats.values()) {
    const seq = afterOf(chat.timeline);
    if (chat.relation === "mine" && seq !== undefined) after[chat.id] = seq;
  }
  return { ...(state.epoch === undefined ? {} : { epoch: state.epoch }), ...(Object.keys(after).length > 0 ? { after } : {}) };
}

/** News of one conversation's timeline: from the outbox, or a frame about it. One that is not held stays unknown. */
export function withNews(state: DeskState, conversation: string, news: News, now: number): DeskState {
  return changeChat(state, conversation, (chat) => {
    const timeline = reduceTimeline(chat.timeline, news, now);
    return timeline === chat.timeline ? chat : { ...chat, timeline };
  });
}

/** With what was said before the first event held, which came by HTTP. */
export function withPast(state: DeskState, conversation: string, earlier: readonly EventFrame[]): DeskState {
  return changeChat(state, conversation, (chat) => ({ ...chat, timeline: withEarlier(chat.timeline, earlier) }));
}

/** Marks an offer as answered here, so that its buttons rest until the server has spoken. */
export function withAnsweredOffer(state: DeskState, conversation: string, answered: "accept" | "decline"): DeskState {
  return {
    ...state,
    offers: state.offers.map((offer) => (offer.conversation === conversation ? { ...offer, answered } : offer)),
  };
}

/** Drops a chat that is neither mine nor looked at any more. */
export function withoutChat(state: DeskState, conversation: string): DeskState {
  const chats = new Map(state.chats);
  chats.delete(conversation);
  return { ...state, chats };
}

/** Drops what is no longer mine, where nobody looks at it. */
export function withoutPast(state: DeskState, conversation: string): DeskState {
  return state.chats.get(conversation)?.relation === "past" ? withoutChat(state, conversation) : state;
}

function changeChat(state: DeskState, id: string, change: (chat: Chat) => Chat): DeskState {
  const chat = state.chats.get(id);
  if (!chat) return state;
  const next = change(chat);
  return next === chat ? state : putChat(state, next);
}

function putChat(state: DeskState, chat: Chat): DeskState {
  return { ...state, chats: new Map(state.chats).set(chat.id, chat) };
}

function still(state: DeskState): Step {
  return { state, effects: [] };
}

function welcomed(before: DeskState, frame: Frame<"welcome">, now: number): Step {
  // Another epoch is another history: of what is held only one's own unsent words stay, and the outbox shows those again.
  const is_same = before.epoch === undefined || before.epoch === frame.epoch;
  const held = is_same ? before.chats : emptyDesk.chats;
  const chats = new Map(held);
  for (const own of frame.conversations) {
    const known = held.get(own.id) ?? newChat(own.id, own.visitor, own.department);
    chats.set(own.id, {
      ...known,
      visitor: own.visitor,
      department: own.department,
      state: own.state,
      owner: { id: frame.agent.id, name: frame.agent.name },
      relation: "mine",
      seq: known.relation === "mine" ? known.seq : own.seq,
      timeline: reduceTimeline(known.timeline, { t: "following", from_seq: own.from_seq, read: own.read }, now),
      lost: undefined,
    });
  }
  const state: DeskState = {
    ...before,
    is_ready: true,
    epoch: frame.epoch,
    me: frame.agent,
    status: frame.status,
    capacity: frame.capacity,
    departments: frame.departments,
    chats,
    // What rang before may have gone on; an offer that still rings is told again.
    offers: [],
  };
  return { state, effects: [{ kind: "clock", now: frame.now }] };
}

function assigned(state: DeskState, frame: Frame<"assigned">, now: number): Step {
  const known = state.chats.get(frame.conversation) ?? newChat(frame.conversation, frame.visitor, frame.department);
  const chat: Chat = {
    ...known,
    visitor: frame.visitor,
    department: frame.department,
    state: "active",
    owner: state.me && { id: state.me.id, name: state.me.name },
    relation: "mine",
    seq: frame.seq,
    timeline: reduceTimeline(known.timeline, { t: "following", from_seq: frame.from_seq }, now),
    lost: undefined,
  };
  const is_news = state.chats.get(frame.conversation)?.relation !== "mine";
  return {
    state: { ...putChat(state, chat), offers: withoutOffer(state.offers, frame.conversation) },
    effects: is_news ? [{ kind: "assigned", conversation: frame.conversation }] : [],
  };
}

function openedChat(state: DeskState, frame: Frame<"opened">, now: number): Chat {
  const known = state.chats.get(frame.conversation) ?? newChat(frame.conversation, frame.visitor, frame.department);
  const is_mine = frame.agent !== undefined && frame.agent.id === state.me?.id && frame.state === "active";
  return {
    ...known,
    visitor: frame.visitor,
    department: frame.department,
    state: frame.state,
    owner: frame.agent,
    relation: is_mine ? "mine" : "opened",
    seq: frame.seq,
    timeline: reduceTimeline(known.timeline, { t: "following", from_seq: frame.from_seq, read: frame.read }, now),
  };
}

function unassigned(state: DeskState, id: string, reason: UnassignReason): Step {
  const offer = state.offers.find((one) => one.conversation === id);
  const chat = state.chats.get(id);
  const visitor = offer?.visitor ?? chat?.visitor;
  const next: DeskState = {
    ...changeChat(state, id, (one) => (one.relation === "mine" ? { ...one, relation: "past", lost: reason } : one)),
    offers: withoutOffer(state.offers, id),
  };
  const by = chat && endedBy(chat, state.me?.id);
  const effects: Effect[] = visitor
    ? [{ kind: "news", reason, conversation: id, visitor, was_offer: offer !== undefined, ...(by === undefined ? {} : { by }) }]
    : [];
  return { state: next, effects };
}

/** Who took the chat away, if it was a colleague: the name in the last event that could have. */
function endedBy(chat: Chat, me: string | undefined): string | undefined {
  for (const event of [...chat.timeline.events].reverse()) {
    if (event.kind !== "closed" && event.kind !== "transferred") continue;
    return event.from.role === "agent" && event.from.id !== me ? event.from.name : undefined;
  }
  return undefined;
}

function offered(state: DeskState, frame: Frame<"offer">, now: number): Step {
  const known = state.offers.find((one) => one.conversation === frame.conversation);
  const offer: Offer = {
    conversation: frame.conversation,
    visitor: frame.visitor,
    department: frame.department,
    expires_at: frame.expires_at,
    summary: frame.summary,
    rang_at: known?.rang_at ?? now,
  };
  return {
    state: { ...state, offers: [...withoutOffer(state.offers, frame.conversation), offer] },
    effects: known ? [] : [{ kind: "rings", conversation: frame.conversation }],
  };
}

function happened(state: DeskState, frame: Frame<"event">, now: number): Step {
  const chat = state.chats.get(frame.conversation);
  // An event of a conversation that is no longer looked at: it was on its way when `shut` was sent.
  if (!chat) return still(state);
  const timeline = reduceTimeline(chat.timeline, frame, now);
  if (timeline.condition !== "whole") {
    const next = putChat(state, { ...chat, timeline });
    // Once is enough: until the answer comes, what else arrives behind the hole says nothing new.
    if (chat.timeline.condition !== "whole") return still(next);
    const again: Effect = chat.relation === "mine" ? { kind: "say_hello" } : { kind: "open_again", conversation: chat.id };
    return { state: next, effects: [again] };
  }
  if (timeline === chat.timeline) return still(state);
  // The frame with which following began has told how it stands after these; they only fill the log.
  const { state: standing, department, owner } = frame.seq <= chat.seq ? chat : standingAfter(chat, frame);
  const is_words = frame.kind === "message" && frame.from.role === "visitor" && chat.relation === "mine";
  // What was said before the chat came here rings no bell.
  const is_news = is_words && frame.seq > chat.seq;
  return {
    state: putChat(state, { ...chat, state: standing, department, owner, timeline }),
    effects: is_news ? [{ kind: "visitor_message", conversation: frame.conversation }] : [],
  };
}

function placed(state: DeskState, frame: Frame<"agent">): DeskState {
  const { id, name, status, load, capacity } = frame;
  const places = new Map(state.places).set(id, { id, name, status, load, capacity });
  return id === state.me?.id ? { ...state, places, status, capacity } : { ...state, places };
}

function waitingAfter(state: DeskState, frame: Frame<"waiting">): DeskState["waiting"] {
  const waiting = new Map(frame.all ? [] : state.waiting);
  for (const id of frame.gone) waiting.delete(id);
  for (const row of frame.set) waiting.set(row.conversation, row);
  return waiting;
}

function refused(before: DeskState, frame: Frame<"error">): Step {
  // The outbox answers what carries a `cmd`.
  if (frame.cmd !== undefined) return still(before);
  const { re, conversation, code, message } = frame;
  const effects: Effect[] = [{ kind: "refused", re, conversation, code, message }];
  if (re === "accept" || re === "decline") return { state: refusedOffer(before, frame), effects };
  const is_not_there = code === "not_found" || code === "forbidden";
  if (re === "open" && conversation !== undefined && is_not_there) {
    return { state: { ...withoutChat(before, conversation), hidden: new Set(before.hidden).add(conversation) }, effects };
  }
  if (re !== "hello" && re !== "open") return { state: before, effects };
  if (re === "hello" && conversation !== undefined && is_not_there) return still(withoutChat(before, conversation));
  // What is held goes beyond the log's end, so it is of another history.
  if (code === "bad_field") {
    const again: Effect =
      re === "open" && conversation !== undefined ? { kind: "open_again", conversation } : { kind: "say_hello" };
    return { state: distrusted(before, conversation), effects: [again] };
  }
  return { state: before, effects };
}

function distrusted(state: DeskState, conversation: string | undefined): DeskState {
  const chats = new Map(state.chats);
  for (const chat of state.chats.values()) {
    if (conversation === undefined || conversation === chat.id)
      chats.set(chat.id, { ...chat, timeline: distrust(chat.timeline) });
  }
  return { ...state, chats };
}

/** An offer whose answer was refused can be answered again, unless it is gone. */
function refusedOffer(state: DeskState, frame: Frame<"error">): DeskState {
  const is_over = frame.code === "conflict" || frame.code === "not_found" || frame.code === "wrong_state";
  const offers = is_over
    ? withoutOffer(state.offers, frame.conversation)
    : state.offers.map((offer) => (offer.conversation === frame.conversation ? unanswered(offer) : offer));
  return { ...state, offers };
}

function unanswered(offer: Offer): Offer {
  const { answered: _answered, ...rest } = offer;
  return rest;
}

function withoutOffer(offers: readonly Offer[], conversation: string | undefined): readonly Offer[] {
  return offers.filter((offer) => offer.conversation !== conversation);
}

function newChat(id: string, visitor: VisitorCard, department: string): Chat {
  return {
    id,
    visitor,
    department,
    state: "active",
    owner: undefined,
    relation: "opened",
    seq: 0,
    timeline: emptyTimeline(id),
    viewers: [],
    lost: undefined,
  };
}
