// What the live desk knows, as plain data: made by reduce.ts from frames, read by the views, changed by nobody else.

import type { Timeline } from "../../client/timeline.ts";
import type { Standing } from "./ownership.ts";
import type { AgentName, AgentStatus, ErrorCode, Lane, Me, UnassignReason, VisitorCard, WaitingRow } from "./wire.ts";

/**
 * How a log comes to be followed: as its owner, because it was opened to look, or no longer (what is held of it is still
 * shown until one looks away).
 */
export type Relation = "mine" | "opened" | "past";

export interface Chat extends Standing {
  id: string;
  visitor: VisitorCard;
  relation: Relation;
  /** The last event as the server named it when following began: what goes beyond it is news. */
  seq: number;
  timeline: Timeline;
  /** Who else looks at it. */
  viewers: readonly AgentName[];
  /** Why it is no longer mine, once it is not. */
  lost: UnassignReason | undefined;
}

export interface Offer {
  conversation: string;
  visitor: VisitorCard;
  department: string;
  expires_at: number;
  summary: string;
  /** When it began to ring here, for the length of the ring. */
  rang_at: number;
  /** Accepted or declined here; the answer is on its way. */
  answered?: "accept" | "decline";
}

/** A colleague's place at the desk, or one's own. */
export interface Place {
  id: string;
  name: string;
  status: AgentStatus;
  load: number;
  capacity: number;
}

export interface DeskState {
  /** Nothing is known before the first `welcome`. */
  is_ready: boolean;
  epoch: string | undefined;
  me: Me | undefined;
  status: AgentStatus;
  capacity: number;
  departments: readonly string[];
  chats: ReadonlyMap<string, Chat>;
  offers: readonly Offer[];
  waiting: ReadonlyMap<string, WaitingRow>;
  lanes: readonly Lane[];
  /** Since when a visitor of theirs waits for a word, by agent. */
  silences: ReadonlyMap<string, number>;
  /** When the figures of the departments were last told. */
  lanes_at: number;
  /** Conversations that were asked for and may not be seen, or are not there: the two look the same. */
  hidden: ReadonlySet<string>;
  places: ReadonlyMap<string, Place>;
}

export const emptyDesk: DeskState = {
  is_ready: false,
  epoch: undefined,
  me: undefined,
  status: "away",
  capacity: 0,
  departments: [],
  chats: new Map(),
  offers: [],
  waiting: new Map(),
  lanes: [],
  silences: new Map(),
  lanes_at: 0,
  hidden: new Set(),
  places: new Map(),
};

/** What a frame asks of the world outside the state. */
export type Effect =
  /** Something was missed: say `hello` again, from what is held. */
  | { kind: "say_hello" }
  /** What is only looked at missed something: open it again. */
  | { kind: "open_again"; conversation: string }
  /** The server's clock. */
  | { kind: "clock"; now: number }
  /** A conversation or an offer went away. */
  | { kind: "news"; reason: UnassignReason; conversation: string; visitor: VisitorCard; was_offer: boolean; by?: string }
  | { kind: "assigned"; conversation: string }
  | { kind: "rings"; conversation: string }
  | { kind: "visitor_message"; conversation: string }
  /** The server would not do what was asked by a frame without a `cmd`. */
  | { kind: "refused"; re: string | undefined; conversation: string | undefined; code: ErrorCode; message: string };

export interface Step {
  state: DeskState;
  effects: readonly Effect[];
}
