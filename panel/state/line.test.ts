import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyLine, isJustBack, lineAfter, type Line } from "./line.ts";

const lost_at = (now: number): Line =>
  lineAfter({ kind: "up" }, { kind: "connection", state: { kind: "waiting", until: now + 500 } }, now);
const welcome = { kind: "welcome", unsent: 2 } as const;

describe("the line to the server", () => {
  it("is no loss while the panel connects for the first time", () => {
    assert.deepEqual(lineAfter(emptyLine, { kind: "connection", state: { kind: "connecting" } }, 0), { kind: "fresh" });
  });

  it("counts from the first moment of a loss, through every try", () => {
    let line = lost_at(1_000);
    line = lineAfter(line, { kind: "connection", state: { kind: "connecting" } }, 1_500);
    line = lineAfter(line, { kind: "connection", state: { kind: "waiting", until: 9_000 } }, 4_000);
    assert.equal(line.kind === "down" && line.since, 1_000);
    assert.equal(line.kind === "down" && line.until, 9_000);
  });

  it("says nothing about a blink, and after a loss what was sent and received", () => {
    assert.deepEqual(lineAfter(lost_at(1_000), welcome, 2_000), { kind: "up" });
    const back = lineAfter(lost_at(1_000), welcome, 8_000);
    assert.deepEqual(back, { kind: "back", at: 8_000, sent: 2, received: 0, lost: 0 });
    const heard = lineAfter(back, { kind: "visitor_message", conversation: "c" }, 8_100);
    assert.equal(heard.kind === "back" && heard.received, 1);
    assert.ok(isJustBack(heard, 8_100));
    assert.ok(!isJustBack(heard, 20_000));
  });

  it("counts the chats that went back to the line while one was away", () => {
    const back = lineAfter(lost_at(0), welcome, 60_000);
    const news = {
      kind: "news",
      reason: "requeued",
      conversation: "c",
      visitor: { id: "v", verified: false },
      was_offer: false,
    } as const;
    const after = lineAfter(lineAfter(back, news, 60_100), news, 60_200);
    assert.equal(after.kind === "back" && after.lost, 2);
  });

  it("knows a restart that the server announced", () => {
    const line = lineAfter({ kind: "up" }, { kind: "bye", reason: "restart", retry_ms: 5_000 }, 0);
    assert.ok(line.kind === "down" && line.is_restarting && line.retry_ms === 5_000);
  });
});
