// Who comes first: the order of my chats and of the lines, and since when somebody waits for an answer.

import type { Chat, DeskState } from "./model.ts";
import type { EventFrame, WaitingRow } from "./wire.ts";

/** One step of priority counts as so much waiting; fixed by the contract. */
const PRIORITY_STEP_MS = 120_000;

export type EventOf<K extends EventFrame["kind"]> = Extract<EventFrame, { kind: K }>;
export type MessageEvent = EventOf<"message">;

/** Since when the visitor waits for my words: their first message after the last answer, or since the chat was given to me. */
export function unansweredSince(chat: Chat): number | undefined {
  if (chat.state === "closed") return undefined;
  if (chat.timeline.pending.some((pending) => pending.kind === "message" && pending.failed === undefined)) return undefined;
  let since: number | undefined;
  for (const event of chat.timeline.events) {
    if (event.kind === "message") since = event.from.role === "visitor" ? (since ?? event.at) : undefined;
    else if (event.kind === "assigned") since ??= event.at;
  }
  return since;
}

/** Whether it is no chat but was left for later. */
export function isForLater(mode: string): boolean {
  return mode === "message";
}

/** What was left for later: since when, and where the answer may go. */
export interface LeftMessage {
  at: number;
  email: string | undefined;
}

/**
 * The chat as a message left for later, which its visitor reads when they come back. Once they write again after somebody
 * took it they are here, and it is a chat like any other. Of a long log whose beginning is not held nothing is said.
 */
export function leftMessage(chat: Pick<Chat, "timeline" | "visitor">): LeftMessage | undefined {
  const { events } = chat.timeline;
  const queued = events.find((event) => event.kind === "queued");
  if (queued?.kind !== "queued" || !isForLater(queued.mode)) return undefined;
  const taken = events.findIndex((event) => event.kind === "assigned");
  const is_back =
    taken >= 0 && events.slice(taken).some((event) => event.kind === "message" && event.from.role === "visitor");
  if (is_back) return undefined;
  return { at: queued.enqueued_at, email: chat.visitor.email ?? (queued.fields["email"] || undefined) };
}

export function lastMessage(chat: Chat): MessageEvent | undefined {
  for (let at = chat.timeline.events.length - 1; at >= 0; at -= 1) {
    const event = chat.timeline.events[at];
    if (event?.kind === "message") return event;
  }
  return undefined;
}

/** A message in one line: its words, or the name of its file. */
export function saidIn(event: MessageEvent): string {
  return event.text || (event.attachment?.name ?? "");
}

/** What the visitor wrote and no agent has seen. */
export function unreadCount(chat: Chat): number {
  return chat.timeline.events.filter(
    (event) => event.kind === "message" && event.from.role === "visitor" && event.seq > chat.timeline.read.agent,
  ).length;
}

export function unreadTotal(state: DeskState): number {
  return mineInOrder(state).reduce((sum, chat) => sum + unreadCount(chat), 0);
}

/** Mine: the longest unanswered first, then the latest said. */
export function mineInOrder(state: DeskState): Chat[] {
  const mine = [...state.chats.values()].filter((chat) => chat.relation === "mine");
  return mine.sort((a, b) => {
    const a_since = unansweredSince(a);
    const b_since = unansweredSince(b);
    if (a_since !== undefined && b_since !== undefined) return a_since - b_since || byId(a.id, b.id);
    if (a_since !== undefined || b_since !== undefined) return a_since === undefined ? 1 : -1;
    return (lastMessage(b)?.at ?? 0) - (lastMessage(a)?.at ?? 0) || byId(a.id, b.id);
  });
}

/** Chats that I look at without owning them; a waiting one shows in its line already. */
export function watched(state: DeskState): Chat[] {
  return [...state.chats.values()].filter((chat) => chat.relation === "opened" && chat.state === "active");
}

/** The true order of a line, by the contract's fixed key: who waits live first, then what was left for later. */
export function lineInOrder(state: DeskState, department: string): WaitingRow[] {
  const rows = [...state.waiting.values()].filter((row) => row.department === department);
  const rank = (row: WaitingRow): number => Number(isForLater(row.mode));
  return rows.sort((a, b) => rank(a) - rank(b) || keyOf(a) - keyOf(b) || byId(a.conversation, b.conversation));
}

/** The next of mine that waits for an answer, after `from` in the order of the list and around its end. */
export function nextUnanswered(state: DeskState, from: string | undefined): Chat | undefined {
  const order = mineInOrder(state).filter((chat) => unansweredSince(chat) !== undefined);
  const at = order.findIndex((chat) => chat.id === from);
  const next = order[(at + 1) % Math.max(1, order.length)];
  return next?.id === from ? undefined : next;
}

function keyOf(row: WaitingRow): number {
  return row.enqueued_at - row.priority * PRIORITY_STEP_MS;
}

function byId(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
