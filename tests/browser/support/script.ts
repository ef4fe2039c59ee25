// A visitor's socket that says what it is told to: for pictures of states that a real desk is in for a moment only (a place
// in line just so, a word on its way, a server that went). The page, the loader and the app are the real ones.

import type { Page, WebSocketRoute } from "playwright-core";
import type { EventFrame, FromVisitor, ToVisitor } from "../../../client/wire.ts";

export const CONVERSATION = "0198c5a0-0000-7000-8000-0000000000c1";
const VISITOR = "0198c5a0-0000-7000-8000-0000000000f1";
export const LENA = { id: "0198c5a0-0000-7000-8000-0000000000a1", name: "Lena Novak" };
export const TOM = { id: "0198c5a0-0000-7000-8000-0000000000a2", name: "Tom Visser" };
const SYSTEM = { role: "system" };

type Made = Record<string, unknown> & { kind: string };

export const queued = (): Made => ({ kind: "queued", from: { role: "visitor", id: VISITOR }, department: "support", enqueued_at: 0, mode: "chat", fields: {}, needs: [] });
export const mine = (text: string): Made => ({ kind: "message", from: { role: "visitor", id: VISITOR }, text });
export const theirs = (text: string, more: object = {}, agent = LENA): Made => ({ kind: "message", from: { role: "agent", ...agent }, text, ...more });
export const joined = (agent = LENA): Made => ({ kind: "assigned", from: SYSTEM, agent, department: "support", waited_ms: 65_000 });
export const system = (kind: string, more: object = {}, from: object = SYSTEM): Made => ({ kind, from, ...more });

export interface Script {
  state?: "queued" | "active" | "closed";
  /** The log, oldest first; each event is half a minute after the one before. */
  log?: Made[];
  /** Said after `welcome` and the log. */
  after?: object[];
  /** How far the agent has read. */
  read?: number;
  open?: boolean;
  /** What the server says to a command; by default it takes it. `silence` never answers, `refuse` is final. */
  commands?: "take" | "silence" | "refuse";
}

/** Routes the visitor socket of the page to the script. Gives what cuts the line, and keeps it cut. */
export async function follow(page: Page, script: Script): Promise<() => Promise<void>> {
  const sockets = new Set<WebSocketRoute>();
  let isCut = false;
  await page.routeWebSocket(/\/ws\/visitor$/, (socket) => {
    if (isCut) return void socket.close({ code: 1012 });
    sockets.add(socket);
    const say = (frame: object): void => socket.send(JSON.stringify(frame));
    const events = eventsOf(script);
    socket.onMessage((text) => {
      const frame = JSON.parse(String(text)) as FromVisitor;
      if (frame.t === "hello") for (const each of greeting(script, events)) say(each);
      else if (frame.t === "ping") say({ t: "pong", n: frame.n, now: Date.now() });
      else if ("cmd" in frame && script.commands === "refuse") say({ t: "error", cmd: frame.cmd, code: "wrong_state", message: "It is over." });
      else if ("cmd" in frame && script.commands !== "silence") say({ t: "ack", cmd: frame.cmd, conversation: CONVERSATION, seq: 1_000, at: Date.now() });
    });
  });
  return async () => {
    isCut = true;
    for (const socket of sockets) await socket.close({ code: 1012 });
  };
}

function eventsOf({ log = [] }: Script): EventFrame[] {
  const begun = Date.now() - log.length * 30_000;
  return log.map((made, index) => {
    const at = begun + index * 30_000;
    const place = "enqueued_at" in made ? { enqueued_at: begun } : {};
    return { ...made, ...place, conversation: CONVERSATION, seq: index + 1, prev: index, at } as unknown as EventFrame;
  });
}

function greeting(script: Script, events: EventFrame[]): object[] {
  const { state, after = [], read = 0, open = true } = script;
  const agent = state === "active" ? { agent: LENA } : {};
  const conversation = { id: CONVERSATION, state, department: "support", ...agent, enqueued_at: events[0]?.at ?? Date.now(), seq: events.length, from_seq: 1, read: { visitor: 0, agent: read } };
  const welcome = { t: "welcome", visitor: VISITOR, token: "v1.token", epoch: "e1", ...(state === undefined ? {} : { conversation }), open, now: Date.now() };
  return [welcome, ...events.map((event) => ({ t: "event", ...event })), ...after];
}

/** One's place, as the server tells it. */
export function place(position: number, waiting: number, more: object = {}): Extract<ToVisitor, { t: "queue" }> {
  return { t: "queue", conversation: CONVERSATION, position, waiting, waited_ms: 65_000, eta: null, at: Date.now(), ...more };
}
