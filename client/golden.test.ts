// The golden frames of tests/wire through the timeline: whatever the contract lets the server say, the log shows it.
// That they have the types of wire.ts is held by the compiler (golden_frames.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import { toAgent, toVisitor } from "./golden_frames.ts";
import { emptyTimeline, reduce, typistsAt, TYPING_FOR_MS } from "./timeline.ts";

const NOW = 1_794_745_824_146;
const views = { visitor: toVisitor, agent: toAgent };

for (const [view, frames] of Object.entries(views)) {
  test(`every golden event that a ${view} sees stands in the log as it came`, () => {
    let count = 0;
    for (const frame of frames) {
      if (frame.t !== "event") continue;
      const { t: _, ...event } = frame;
      const begun = reduce(emptyTimeline(frame.conversation), { t: "following", from_seq: frame.prev + 1 }, NOW);
      const timeline = reduce(begun, frame, NOW);
      assert.deepEqual(timeline.events, [event]);
      assert.equal(timeline.condition, "whole");
      assert.equal(timeline.last, frame.seq);
      count += 1;
    }
    assert.ok(count >= 15, `${count} golden events`);
  });
}

test("golden acks, marks and typing do what they say", () => {
  for (const frame of [...toVisitor, ...toAgent]) {
    const empty = emptyTimeline("0198c5a0-0000-7000-8000-0000000000c1");
    if (frame.t === "ack") {
      const sending = reduce(empty, { t: "sending", cmd: frame.cmd, kind: "message", text: "Hello" }, NOW);
      assert.deepEqual(reduce(sending, frame, NOW).pending[0]?.sent, { seq: frame.seq, at: frame.at });
    } else if (frame.t === "typing") {
      assert.equal(typistsAt(reduce(empty, frame, NOW), NOW + TYPING_FOR_MS - 1).length, frame.on ? 1 : 0);
    } else if (frame.t === "read") {
      const side = frame.from.role === "visitor" ? "visitor" : "agent";
      assert.equal(reduce(empty, frame, NOW).read[side], frame.seq);
    }
  }
});
