import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyTimeline, reduce, type Timeline } from "../client/timeline.ts";
import type { Body, EventFrame, Sender } from "../client/wire.ts";
import { spoken } from "./i18n/spoken.ts";
import { systemLine, systemText } from "./system.ts";
import { PALE_AFTER_MS, type Row, rowsOf, type ThreadOptions, type Turn } from "./thread.ts";
import { transcript } from "./transcript.ts";

const NOW = new Date(2026, 5, 14, 14, 0, 0).getTime();
const MINUTE = 60_000;
const ME: Sender = { role: "visitor", id: "me" };
const SANNE: Sender = { role: "agent", id: "sanne", name: "Sanne" };

const options = (over: Partial<ThreadOptions> = {}): ThreadOptions => ({
  say: spoken("en").say,
  now: NOW,
  clock_ahead_ms: 0,
  isConnected: true,
  systemLine,
  departmentName: (key) => (key === "sales" ? "Sales" : key),
  refusalWords: (code) => `because ${code}`,
  ...over,
});

function log(...events: { from: Sender; at?: number; body: Body; cmd?: string }[]): Timeline {
  return events.reduce((timeline, { from, at = NOW, body, cmd }, index) => {
    const frame: EventFrame = { conversation: "c", seq: index + 1, prev: index, at, from, ...body, ...(cmd === undefined ? {} : { cmd }) };
    return reduce(timeline, { t: "event", ...frame }, NOW);
  }, emptyTimeline("c"));
}

const said = (from: Sender, text: string, at = NOW) => ({ from, at, body: { kind: "message", text } as const });
const turns = (rows: Row[]): Turn[] => rows.filter((row) => row.kind === "turn");

test("one speaker within three minutes is one turn; another speaker or a pause begins a new one", () => {
  const timeline = log(said(SANNE, "a"), said(SANNE, "b", NOW + MINUTE), said(ME, "c", NOW + MINUTE), said(SANNE, "d", NOW + 2 * MINUTE), said(SANNE, "e", NOW + 6 * MINUTE));
  assert.deepEqual(turns(rowsOf(timeline, options())).map(({ bubbles }) => bubbles.map(({ text }) => text)), [["a", "b"], ["c"], ["d"], ["e"]]);
});

test("sent and read are said under the last confirmed own message only", () => {
  const timeline = log(said(ME, "a"), said(SANNE, "b"), said(ME, "c"));
  const states = (of: Timeline) => turns(rowsOf(of, options())).map(({ state }) => state);
  assert.deepEqual(states(timeline), ["plain", "plain", "sent"]);
  assert.deepEqual(states(reduce(timeline, { t: "read", from: SANNE, seq: 2 }, NOW)), ["plain", "plain", "sent"]);
  assert.deepEqual(states(reduce(timeline, { t: "read", from: SANNE, seq: 3 }, NOW)), ["plain", "plain", "read"]);
});

test("an unanswered message looks sent at first, then pale, then waits for the line", () => {
  const sending = reduce(log(said(SANNE, "hi")), { t: "sending", cmd: "m", kind: "message", text: "x" }, NOW);
  const state = (over: Partial<ThreadOptions>) => turns(rowsOf(sending, options(over))).at(-1)?.state;
  assert.equal(state({ now: NOW + PALE_AFTER_MS - 1 }), "plain");
  assert.equal(state({ now: NOW + PALE_AFTER_MS }), "sending");
  assert.equal(state({ now: NOW + PALE_AFTER_MS, isConnected: false }), "waiting");
});

test("an acknowledged one is sent before its event comes, and a failed one says why and can be tried again", () => {
  let timeline = reduce(log(said(ME, "a")), { t: "sending", cmd: "m", kind: "message", text: "x" }, NOW);
  const acked = reduce(timeline, { t: "ack", cmd: "m", conversation: "c", seq: 2, at: NOW }, NOW);
  const [own] = turns(rowsOf(acked, options({ now: NOW + MINUTE })));
  assert.deepEqual(own?.bubbles.map(({ text }) => text), ["a", "x"]);
  assert.equal(own?.state, "sent");
  timeline = reduce(timeline, { t: "failed", cmd: "m", refusal: { code: "wrong_state", message: "Over." } }, NOW);
  const failed = turns(rowsOf(timeline, options())).at(-1);
  assert.deepEqual([failed?.state, failed?.cmd, failed?.refusal], ["failed", "m", "because wrong_state"]);
});

test("days are named when the log is not all of today", () => {
  const yesterday = NOW - 24 * 60 * MINUTE;
  assert.deepEqual(rowsOf(log(said(ME, "a")), options()).map(({ kind }) => kind), ["turn"]);
  assert.deepEqual(rowsOf(log(said(ME, "a", yesterday), said(ME, "b")), options()).map(({ kind }) => kind), ["day", "turn", "day", "turn"]);
});

test("new messages are marked once, before the first unread of somebody else", () => {
  const timeline = log(said(SANNE, "a"), said(ME, "b"), said(SANNE, "c"), said(SANNE, "d", NOW + 9 * MINUTE));
  const kinds = rowsOf(timeline, options({ fresh_after: 1 })).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["turn", "turn", "fresh", "turn", "turn"]);
});

test("what happened is said in words, and what is not for reading is not", () => {
  const agent = { id: "sanne", name: "Sanne" };
  const event = (body: Body, from: Sender = { role: "system" }): string => systemText({ conversation: "c", seq: 1, prev: 0, at: NOW, from, ...body }, options());
  assert.equal(event({ kind: "assigned", agent, department: "support", waited_ms: 1 }), "Sanne joined the chat");
  assert.equal(event({ kind: "transferred", to: { agent: { id: "j", name: "Joris" } } }, SANNE), "Sanne passed you on to Joris. Joris can read everything above.");
  assert.equal(event({ kind: "transferred", to: { department: "sales" } }, SANNE), "Sanne passed you on to Sales. You are in line there.");
  // By the system when their department closes: nobody did it.
  assert.equal(event({ kind: "transferred", to: { department: "sales" } }), "Sales takes over. You are in line there, and the time you waited counts.");
  assert.equal(event({ kind: "requeued", department: "support", enqueued_at: 1, reason: "agent_gone" }), "You are back in line, your place is kept. Whoever joins can read everything above.");
  assert.equal(event({ kind: "agent_away", agent }), "Sanne lost the connection. One moment, please.");
  assert.equal(event({ kind: "closed", reason: "agent" }, SANNE), "Sanne ended the chat");
  assert.equal(event({ kind: "closed", reason: "left" }, ME), "You left the line");
  assert.equal(event({ kind: "rated", score: 4 }, ME), "You rated this chat 4 of 5");
  assert.equal(event({ kind: "queued", department: "support", enqueued_at: 1, mode: "chat", fields: {}, needs: [] }, ME), "");
});

test("the saved chat has every message and who said it", () => {
  const text = transcript(log(said(ME, "hello"), said(SANNE, "hi")), "Noord Bikes", { ...options(), stamp: () => "14:00", you: "You" });
  assert.equal(text, "Noord Bikes\n\n[14:00] You: hello\n[14:00] Sanne: hi\n");
});
