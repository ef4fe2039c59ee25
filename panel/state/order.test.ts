import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyTimeline } from "../../client/timeline.ts";
import { emptyDesk, type Chat, type DeskState } from "./model.ts";
import { leftMessage, lineInOrder, mineInOrder, nextUnanswered, unansweredSince, unreadCount } from "./order.ts";
import type { EventFrame } from "./wire.ts";

function message(seq: number, role: "visitor" | "agent", at: number): EventFrame {
  return { conversation: "c", seq, prev: seq - 1, at, from: { role }, kind: "message", text: String(seq) };
}

function chat(id: string, events: EventFrame[], more: Partial<Chat["timeline"]> = {}): Chat {
  return {
    id,
    visitor: { id: "v", verified: false },
    department: "support",
    state: "active",
    owner: undefined,
    relation: "mine",
    seq: 0,
    timeline: { ...emptyTimeline(id), events, ...more },
    viewers: [],
    lost: undefined,
  };
}

function desk(...chats: Chat[]): DeskState {
  return { ...emptyDesk, chats: new Map(chats.map((one) => [one.id, one])) };
}

describe("the order of the desk", () => {
  it("counts the silence from the first unanswered word, not from the last", () => {
    const one = chat("a", [message(1, "agent", 10), message(2, "visitor", 20), message(3, "visitor", 30)]);
    assert.equal(unansweredSince(one), 20);
  });

  it("takes a reply on its way as an answer, but not one that failed", () => {
    const events = [message(1, "visitor", 10)];
    const pending = { cmd: "x", kind: "message" as const, text: "hi", made_at: 11 };
    assert.equal(unansweredSince(chat("a", events, { pending: [pending] })), undefined);
    const failed = { ...pending, failed: { code: "too_large" as const, message: "" } };
    assert.equal(unansweredSince(chat("a", events, { pending: [failed] })), 10);
  });

  it("puts the longest unanswered first, then the latest said", () => {
    const waits_long = chat("a", [message(1, "visitor", 10)]);
    const waits_short = chat("b", [message(1, "visitor", 50)]);
    const answered_old = chat("c", [message(1, "agent", 5)]);
    const answered_new = chat("d", [message(1, "agent", 60)]);
    const order = mineInOrder(desk(answered_old, waits_short, answered_new, waits_long)).map((one) => one.id);
    assert.deepEqual(order, ["a", "b", "d", "c"]);
  });

  it("finds the next that waits after the open one, around the end, and nothing when only the open one waits", () => {
    const state = desk(
      chat("a", [message(1, "visitor", 10)]),
      chat("b", [message(1, "visitor", 20)]),
      chat("c", [message(1, "agent", 5)]),
    );
    assert.equal(nextUnanswered(state, "a")?.id, "b");
    assert.equal(nextUnanswered(state, "b")?.id, "a");
    assert.equal(nextUnanswered(state, "c")?.id, "a");
    assert.equal(nextUnanswered(desk(chat("a", [message(1, "visitor", 10)])), "a"), undefined);
  });

  it("counts as unread what the visitor wrote beyond the mark of the agents", () => {
    const events = [message(1, "visitor", 1), message(2, "agent", 2), message(3, "visitor", 3)];
    assert.equal(unreadCount(chat("a", events, { read: { visitor: 0, agent: 1 } })), 1);
    assert.equal(unreadCount(chat("a", events, { read: { visitor: 0, agent: 3 } })), 0);
  });

  it("keeps the line in the contract's order: a step of priority is two minutes, equal times go by id", () => {
    const row = (conversation: string, enqueued_at: number, priority: number) =>
      [
        conversation,
        {
          conversation,
          department: "support",
          enqueued_at,
          priority,
          mode: "chat",
          visitor: { id: "v", verified: false },
          summary: "",
        },
      ] as const;
    const state: DeskState = {
      ...emptyDesk,
      waiting: new Map([row("late-but-first", 130_000, 1), row("b", 20_000, 0), row("a", 20_000, 0), row("early", 5_000, -1)]),
    };
    assert.deepEqual(
      lineInOrder(state, "support").map((one) => one.conversation),
      ["late-but-first", "a", "b", "early"],
    );
    assert.deepEqual(lineInOrder(state, "sales"), []);
  });
});

describe("a message left for later", () => {
  const queued = (mode: "chat" | "message"): EventFrame => ({
    conversation: "c",
    seq: 1,
    prev: 0,
    at: 5,
    from: { role: "visitor" },
    kind: "queued",
    department: "support",
    enqueued_at: 5,
    mode,
    fields: { email: "ada@example.com" },
    needs: [],
  });
  const taken: EventFrame = {
    conversation: "c",
    seq: 3,
    prev: 2,
    at: 30,
    from: { role: "system" },
    kind: "assigned",
    agent: { id: "me", name: "Me" },
    department: "support",
    waited_ms: 25,
  };

  it("says where the answer goes, until its visitor writes again", () => {
    const left = [queued("message"), message(2, "visitor", 6), taken];
    assert.deepEqual(leftMessage(chat("a", left)), { at: 5, email: "ada@example.com" });
    assert.equal(leftMessage(chat("a", [...left, message(4, "visitor", 40)])), undefined);
    assert.equal(leftMessage(chat("a", [queued("chat"), message(2, "visitor", 6)])), undefined);
    assert.equal(leftMessage(chat("a", [message(20, "visitor", 6)])), undefined);
  });

  it("waits behind who waits live, whatever the hour", () => {
    const row = (conversation: string, enqueued_at: number, mode: "chat" | "message") => ({
      conversation,
      department: "support",
      enqueued_at,
      priority: 0,
      mode,
      visitor: { id: conversation, verified: false },
      summary: "",
    });
    const rows = [row("left", 1, "message"), row("late", 9, "chat"), row("early", 5, "chat")];
    const state = { ...emptyDesk, waiting: new Map(rows.map((one) => [one.conversation, one])) };
    assert.deepEqual(
      lineInOrder(state, "support").map((one) => one.conversation),
      ["early", "late", "left"],
    );
  });
});
