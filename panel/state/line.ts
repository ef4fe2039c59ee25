// The line to the server as people need to know it: up, down since when and until what, or just back with what came of it.
// Pure; desk.ts feeds it, inbox/bars.tsx shows it.

import type { ConnectionState } from "../../client/connection.ts";
import type { Effect } from "./model.ts";

/** How long chats are kept for an agent whose line is down: the contract's default. */
export const GRACE_MS = 30_000;
/** No bar for a line that is down shorter than this. */
export const QUIET_MS = 2_000;
/** How long "Connected" stays. */
export const BACK_MS = 3_000;
/** What was lost matters longer. */
export const LOST_MS = 12_000;

export type Line =
  /** Not connected yet since the panel was opened. */
  | { kind: "fresh" }
  | { kind: "up" }
  | { kind: "down"; since: number; until: number | undefined; is_offline: boolean; is_restarting: boolean; retry_ms: number }
  | { kind: "back"; at: number; sent: number; received: number; lost: number };

export type LineNews =
  | { kind: "connection"; state: ConnectionState }
  | { kind: "bye"; reason: "restart" | "signed_out"; retry_ms: number }
  | { kind: "welcome"; unsent: number }
  | Exclude<Effect, { kind: "say_hello" | "open_again" | "clock" }>;

export const emptyLine: Line = { kind: "fresh" };

export function lineAfter(line: Line, news: LineNews, now: number): Line {
  switch (news.kind) {
    case "connection":
      return afterConnection(line, news.state, now);
    case "bye":
      return news.reason === "restart" ? { ...downFrom(line, now), is_restarting: true, retry_ms: news.retry_ms } : line;
    case "welcome":
      if (line.kind !== "down") return line.kind === "back" ? line : { kind: "up" };
      // A blink that nobody was told about ends as quietly.
      if (now - line.since < QUIET_MS) return { kind: "up" };
      return { kind: "back", at: now, sent: news.unsent, received: 0, lost: 0 };
    case "visitor_message":
      return isJustBack(line, now) ? { ...line, received: line.received + 1 } : line;
    case "news":
      return isJustBack(line, now) && news.reason === "requeued" ? { ...line, lost: line.lost + 1 } : line;
    case "assigned":
    case "rings":
    case "refused":
      return line;
  }
}

/** Whether the line came back so lately that what arrives was missed rather than new. */
export function isJustBack(line: Line, now: number): line is Extract<Line, { kind: "back" }> {
  return line.kind === "back" && now - line.at < BACK_MS;
}

function afterConnection(line: Line, state: ConnectionState, now: number): Line {
  switch (state.kind) {
    case "waiting":
    case "offline":
      return { ...downFrom(line, now), until: state.until, is_offline: state.kind === "offline" };
    case "connecting":
      // Also the first step of a fresh panel, which is no loss.
      return line.kind === "fresh" || line.kind === "down" ? withoutUntil(line) : downFrom(line, now);
    case "open":
    case "idle":
    case "signed_out":
    case "refused":
      return line;
  }
}

function withoutUntil(line: Line): Line {
  return line.kind === "down" ? { ...line, until: undefined } : line;
}

function downFrom(line: Line, now: number): Extract<Line, { kind: "down" }> {
  return line.kind === "down"
    ? line
    : { kind: "down", since: now, until: undefined, is_offline: false, is_restarting: false, retry_ms: 0 };
}
