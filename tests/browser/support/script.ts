// A visitor's socket that says what it is told to: for states that a real desk is in for a moment only (a place in line just
// so, a word on its way, a server that went). The page, the loader and the app are the real ones.

import type { Page, WebSocketRoute } from "playwright-core";
import type { EventFrame, FromVisitor, ToVisitor } from "../../../client/wire.ts";

const CONVERSATION = "0198c5a0-0000-7000-8000-0000000000c1";
const VISITOR = "0198c5a0-0000-7000-8000-0000000000f1";
export const LENA = { id: "0198c5a0-0000-7000-8000-0000000000a1", name: "Lena Novak" };
export const TOM = { id: "0198c5a0-0000-7000-8000-0000000000a2", name: "Tom Visser" };
const SYSTEM = { role: "system" };
const STEP_MS = 30_000;

/** An event as a script names it: without what follows from its turn. `days_ago` puts it on an earlier day. */
export type Made = Record<string, unknown> & { kind: string; days_ago?: number };

export const queued = (more: object = {}): Made => ({ kind: "queued", from: { role: "visitor", id: VISITOR }, department: "support", enqueued_at: 0, mode: "chat", fields: {}, needs: [], ...more });
export const mine = (text: string | undefined, more: object = {}): Made => ({ kind: "message", from: { role: "visitor", id: VISITOR }, text, ...more });
export const theirs = (text: string | undefined, more: object = {}, agent = LENA): Made => ({ kind: "message", from: { role: "agent", ...agent }, text, ...more });
export const joined = (agent = LENA, more: object = {}): Made => ({ kind: "assigned", from: SYSTEM, agent, department: "support", waited_ms: 65_000, ...more });
export const system = (kind: string, more: object = {}, from: object = SYSTEM): Made => ({ kind, from, ...more });

export interface Script {
  state?: "queued" | "active" | "closed";
  /** The log, oldest first; each event is half a minute after the one before. */
  log?: Made[];
  /** Said after `welcome` and the log. */
  after?: object[];
  /** How far each side has read. */
  read?: { visitor?: number; agent?: number };
  open?: boolean;
  /** What the server says to a command; by default it takes it. `silence` never answers, a code is a final refusal. */
  commands?: "take" | "silence" | { refuse: string };
}

export interface Played {
  /** Cuts the line, and keeps it cut. */
  cut(): Promise<void>;
  /** The next try comes through. */
  mend(): void;
  /** Adds to the log of whoever is connected. */
  add(...more: Made[]): void;
}

/** Routes the visitor socket of the page to the script. */
export async function follow(page: Page, script: Script): Promise<Played> {
  const sockets = new Set<WebSocketRoute>();
  const log = [...(script.log ?? [])];
  let isCut = false;
  const say = (socket: WebSocketRoute, frame: object): void => socket.send(JSON.stringify(frame));
  await page.routeWebSocket(/\/ws\/visitor$/, (socket) => {
    if (isCut) return void socket.close({ code: 1012 });
    sockets.add(socket);
    socket.onMessage((text) => {
      const frame = JSON.parse(String(text)) as FromVisitor;
      if (frame.t === "hello") for (const each of greeting(script, eventsOf(log), frame.after ?? 0)) say(socket, each);
      else if (frame.t === "ping") say(socket, { t: "pong", n: frame.n, now: Date.now() });
      else if ("cmd" in frame) answer(script, frame.cmd, (said) => say(socket, said));
    });
  });
  return {
    async cut() {
      isCut = true;
      for (const socket of sockets) await socket.close({ code: 1012 });
      sockets.clear();
    },
    mend() {
      isCut = false;
    },
    add(...more) {
      log.push(...more);
      for (const socket of sockets) for (const event of eventsOf(log).slice(-more.length)) say(socket, { t: "event", ...event });
    },
  };
}

function answer({ commands = "take" }: Script, cmd: string, say: (frame: object) => void): void {
  if (commands === "take") say({ t: "ack", cmd, conversation: CONVERSATION, seq: 1_000, at: Date.now() });
  else if (commands !== "silence") say({ t: "error", cmd, code: commands.refuse, message: "It is refused." });
}

function eventsOf(log: Made[]): EventFrame[] {
  const begun = Date.now() - log.length * STEP_MS;
  return log.map(({ days_ago = 0, ...made }, index) => {
    const at = begun + index * STEP_MS - days_ago * 86_400_000;
    const place = "enqueued_at" in made ? { enqueued_at: begun } : {};
    return { ...made, ...place, conversation: CONVERSATION, seq: index + 1, prev: index, at } as unknown as EventFrame;
  });
}

function greeting({ state, after = [], read = {}, open = true }: Script, events: EventFrame[], known: number): object[] {
  const agent = state === "active" ? { agent: LENA } : {};
  const conversation = { id: CONVERSATION, state, department: "support", ...agent, enqueued_at: events[0]?.at ?? Date.now(), seq: events.length, from_seq: 1, read: { visitor: 0, agent: 0, ...read } };
  const welcome = { t: "welcome", visitor: VISITOR, token: "v1.token", epoch: "e1", ...(state === undefined ? {} : { conversation }), open, now: Date.now() };
  return [welcome, ...events.slice(known).map((event) => ({ t: "event", ...event })), ...after];
}

/** One's place, as the server tells it. */
export function place(position: number, waiting: number, more: object = {}): Extract<ToVisitor, { t: "queue" }> {
  return { t: "queue", conversation: CONVERSATION, position, waiting, waited_ms: 65_000, eta: null, at: Date.now(), ...more };
}
