import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyDesk, type DeskState, type Effect } from "./model.ts";
import { helloOf, reduce, withAnsweredOffer, withNews } from "./reduce.ts";
import type { EventFrame, ToAgent } from "./wire.ts";

const ME = { id: "agent-me", name: "Sanne", role: "agent" as const };
const NOOR = { id: "agent-noor", name: "Noor" };
const VISITOR = { id: "visitor-1", verified: false, name: "Hannah" };

type Body = EventFrame extends infer E
  ? E extends EventFrame
    ? Omit<E, "conversation" | "seq" | "prev" | "at" | "from">
    : never
  : never;

function event(
  seq: number,
  body: Body,
  role: "visitor" | "agent" | "system" = "visitor",
  who = VISITOR as { id: string; name?: string },
): ToAgent {
  const from = role === "system" ? { role } : { role, id: who.id, ...(who.name === undefined ? {} : { name: who.name }) };
  return { t: "event", conversation: "c1", seq, prev: seq - 1, at: 1_000 + seq, from, ...body };
}

const welcome = (conversations: Extract<ToAgent, { t: "welcome" }>["conversations"] = [], epoch = "e1"): ToAgent => ({
  t: "welcome",
  epoch,
  agent: ME,
  status: "online",
  capacity: 3,
  departments: ["support"],
  conversations,
  now: 5_000,
});

const own = (seq: number, from_seq = 0) => ({
  id: "c1",
  state: "active" as const,
  visitor: VISITOR,
  department: "support",
  seq,
  from_seq,
  read: { visitor: 0, agent: 0 },
});

function play(...frames: ToAgent[]): { state: DeskState; effects: Effect[] } {
  let state = emptyDesk;
  const effects: Effect[] = [];
  for (const frame of frames) {
    const step = reduce(state, frame, 10_000);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

const log: ToAgent[] = [
  event(1, { kind: "queued", department: "support", enqueued_at: 1_001, mode: "chat", fields: {}, needs: [] }),
  event(2, { kind: "assigned", agent: { id: ME.id, name: ME.name }, department: "support", waited_ms: 1 }, "system"),
  event(3, { kind: "message", text: "hello" }),
];

describe("the live desk", () => {
  it("knows its own chats from welcome and follows their logs", () => {
    const { state } = play(welcome([own(3)]), ...log);
    const chat = state.chats.get("c1");
    assert.equal(chat?.relation, "mine");
    assert.deepEqual(chat?.owner, { id: ME.id, name: ME.name });
    assert.equal(chat?.timeline.events.length, 3);
  });

  it("stays with a chat that has just come while its earlier log is read", () => {
    const { state } = play(welcome(), { t: "assigned", conversation: "c1", visitor: VISITOR, department: "support", waited_ms: 1, seq: 2, from_seq: 0 }, ...log.slice(0, 1));
    assert.equal(state.chats.get("c1")?.state, "active");
    assert.deepEqual(state.chats.get("c1")?.owner, { id: ME.id, name: ME.name });
  });

  it("says hello from what it holds of its own chats, and of no others", () => {
    const { state } = play(welcome([own(3)]), ...log);
    assert.deepEqual(helloOf(state), { epoch: "e1", after: { c1: 3 } });
    const looked = play(welcome(), {
      t: "opened",
      conversation: "c1",
      state: "active",
      visitor: VISITOR,
      department: "support",
      agent: NOOR,
      seq: 3,
      from_seq: 0,
      read: { visitor: 0, agent: 0 },
    });
    assert.deepEqual(helloOf(looked.state), { epoch: "e1" });
  });

  it("forgets every log when the epoch is another", () => {
    const { state } = play(welcome([own(3)]), ...log, welcome([own(1)], "e2"));
    assert.equal(state.chats.get("c1")?.timeline.events.length, 0);
    assert.deepEqual(helloOf(state), { epoch: "e2" });
  });

  it("asks for hello once when an event is missing, and keeps what it has", () => {
    const { state, effects } = play(
      welcome([own(3)]),
      ...log,
      event(5, { kind: "message", text: "after a hole" }),
      event(6, { kind: "message", text: "still behind it" }),
    );
    assert.equal(state.chats.get("c1")?.timeline.events.length, 3);
    assert.deepEqual(
      effects.filter((effect) => effect.kind === "say_hello"),
      [{ kind: "say_hello" }],
    );
  });

  it("rings a bell for new words, not for those that a reconnect brings again", () => {
    const before = play(welcome([own(3)]), ...log);
    assert.deepEqual(
      before.effects.filter((effect) => effect.kind === "visitor_message"),
      [],
    );
    const after = reduce(before.state, event(4, { kind: "message", text: "are you there" }), 10_000);
    assert.deepEqual(after.effects, [{ kind: "visitor_message", conversation: "c1" }]);
    assert.deepEqual(reduce(after.state, event(4, { kind: "message", text: "are you there" }), 10_000).effects, []);
  });

  it("keeps a chat that was taken readable and names who took it", () => {
    const { state, effects } = play(
      welcome([own(3)]),
      ...log,
      event(4, { kind: "transferred", to: { agent: NOOR } }, "agent", NOOR),
      { t: "unassigned", conversation: "c1", reason: "taken" },
    );
    const chat = state.chats.get("c1");
    assert.equal(chat?.relation, "past");
    assert.equal(chat?.lost, "taken");
    assert.equal(chat?.timeline.events.length, 4);
    assert.deepEqual(effects.at(-1), {
      kind: "news",
      reason: "taken",
      conversation: "c1",
      visitor: VISITOR,
      was_offer: false,
      by: "Noor",
    });
  });

  it("shows own words at once and exactly once, whichever of ack and event comes first", () => {
    const { state } = play(welcome([own(3)]), ...log);
    const sending = withNews(state, "c1", { t: "sending", cmd: "cmd-1", kind: "message", text: "hi" }, 20_000);
    const said: ToAgent = { ...event(4, { kind: "message", text: "hi" }, "agent", ME), cmd: "cmd-1" } as ToAgent;
    const ack: ToAgent = { t: "ack", cmd: "cmd-1", conversation: "c1", seq: 4, at: 1_004 };
    for (const frames of [
      [said, ack],
      [ack, said],
    ]) {
      let now = sending;
      for (const frame of frames) now = reduce(now, frame, 20_000).state;
      assert.equal(now.chats.get("c1")?.timeline.events.length, 4);
      assert.deepEqual(now.chats.get("c1")?.timeline.pending, []);
    }
    const acked = reduce(sending, ack, 20_000).state;
    assert.equal(acked.chats.get("c1")?.timeline.pending[0]?.sent?.seq, 4);
  });

  it("lets an offer be answered again after a refusal that is not final", () => {
    const offer: ToAgent = {
      t: "offer",
      conversation: "c2",
      visitor: VISITOR,
      department: "support",
      expires_at: 30_000,
      summary: "help",
    };
    const { state } = play(welcome(), offer);
    const answered = withAnsweredOffer(state, "c2", "accept");
    assert.equal(answered.offers[0]?.answered, "accept");
    const refused = (code: "unavailable" | "conflict"): ToAgent => ({
      t: "error",
      code,
      message: "no",
      conversation: "c2",
      re: "accept",
    });
    assert.equal(reduce(answered, refused("unavailable"), 0).state.offers[0]?.answered, undefined);
    assert.deepEqual(reduce(answered, refused("conflict"), 0).state.offers, []);
  });

  it("replaces who waits when told all, and else changes only what is named", () => {
    const row = (conversation: string) =>
      ({
        conversation,
        department: "support",
        enqueued_at: 1,
        priority: 0,
        mode: "chat",
        visitor: VISITOR,
        summary: "",
      }) as const;
    const all: ToAgent = { t: "waiting", set: [row("a"), row("b")], gone: [], all: true };
    const { state } = play(welcome(), all, { t: "waiting", set: [row("c")], gone: ["a"], all: false });
    assert.deepEqual([...state.waiting.keys()], ["b", "c"]);
    const again = reduce(state, { t: "waiting", set: [row("d")], gone: [], all: true }, 0);
    assert.deepEqual([...again.state.waiting.keys()], ["d"]);
  });

  it("distrusts its logs when the server refuses after as beyond the end", () => {
    const { state, effects } = play(welcome([own(3)]), ...log, {
      t: "error",
      code: "bad_field",
      field: "after",
      message: "",
      re: "hello",
    });
    assert.deepEqual(helloOf(state).after, { c1: 0 });
    assert.deepEqual(effects.at(-1), { kind: "say_hello" });
  });

  it("tells what may not be seen apart from what is still on its way", () => {
    const { state } = play(welcome(), { t: "error", code: "not_found", message: "", re: "open", conversation: "c9" });
    assert.ok(state.hidden.has("c9"));
  });
});
