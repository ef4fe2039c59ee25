import assert from "node:assert/strict";
import { test } from "node:test";
import type { Body, EventFrame, Sender, ToVisitor } from "../client/wire.ts";
import { toldOf } from "./events.ts";
import { emptyVisit, receive, type Visit } from "./visit.ts";

const ME: Sender = { role: "visitor", id: "me" };
const SANNE: Sender = { role: "agent", id: "sanne", name: "Sanne" };

const welcome = (seq = 0): ToVisitor => ({
  t: "welcome", visitor: "me", token: "t", epoch: "e", open: true, now: 0,
  ...(seq === 0 ? {} : { conversation: { id: "c", state: "active", department: "support", seq, from_seq: 1, read: { visitor: 0, agent: 0 } } }),
} as ToVisitor);

const event = (seq: number, from: Sender, body: Body): ToVisitor => ({ t: "event", conversation: "c", seq, prev: seq - 1, at: seq, from, ...body }) as { t: "event" } & EventFrame;

/** The names of what a page is told while these frames come in. */
function names(frames: ToVisitor[]): string[] {
  let visit: Visit = emptyVisit();
  return frames.flatMap((frame) => {
    const before = visit;
    visit = receive(visit, frame, 0);
    return toldOf(before, visit).map(([name]) => name);
  });
}

const queued = event(1, ME, { kind: "queued", department: "support", enqueued_at: 1, mode: "chat", fields: {}, needs: [] } as Body);

test("a page is told each step of a chat once", () => {
  const frames = [
    welcome(),
    queued,
    event(2, ME, { kind: "message", text: "Hello" } as Body),
    event(3, SANNE, { kind: "assigned", agent: { id: "sanne", name: "Sanne" }, department: "support", waited_ms: 1 } as Body),
    event(4, SANNE, { kind: "message", text: "Hi" } as Body),
    event(4, SANNE, { kind: "message", text: "Hi" } as Body),
    event(5, SANNE, { kind: "closed", reason: "agent" } as Body),
    event(6, ME, { kind: "rated", score: 5 } as Body),
  ];
  assert.deepEqual(names(frames), ["presence", "chat:queued", "message:sent", "chat:assigned", "message:received", "chat:ended", "rating"]);
});

test("what an earlier page had in its log is history and not told", () => {
  assert.deepEqual(names([welcome(2), queued, event(2, ME, { kind: "message", text: "Hello" } as Body), event(3, SANNE, { kind: "message", text: "Hi" } as Body)]), ["presence", "message:received"]);
});

test("a new place in line is told, the same one is not", () => {
  const place = (position: number): ToVisitor => ({ t: "queue", conversation: "c", position, waiting: 3, waited_ms: 0, eta: null, at: 0 }) as ToVisitor;
  assert.deepEqual(names([welcome(), queued, place(2), place(2), place(1)]), ["presence", "chat:queued", "chat:position", "chat:position"]);
});
