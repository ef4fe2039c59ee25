// The golden frames of tests/wire through the panel's state: each is taken, and shows where it should.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toAgent } from "../../client/golden_frames.ts";
import { emptyDesk, type DeskState } from "./model.ts";
import { reduce } from "./reduce.ts";

const NOW = 1_794_745_824_146;

const after = (...frames: typeof toAgent): DeskState => frames.reduce<DeskState>((state, frame) => reduce(state, frame, NOW).state, emptyDesk);

const golden = <T extends (typeof toAgent)[number]["t"]>(t: T) =>
  toAgent.filter((frame): frame is Extract<(typeof toAgent)[number], { t: T }> => frame.t === t);

test("every golden welcome makes the desk ready as its person", () => {
  for (const frame of golden("welcome")) {
    const state = after(frame);
    assert.ok(state.is_ready);
    assert.deepEqual(state.me, frame.agent);
    assert.deepEqual([...state.chats.keys()], [...new Set(frame.conversations.map(({ id }) => id))]);
  }
});

test("offers, conversations, colleagues, lanes and who waits show as told", () => {
  const [welcome] = golden("welcome").slice(-1);
  assert.ok(welcome);
  for (const frame of golden("offer")) assert.equal(after(welcome, frame).offers[0]?.summary, frame.summary);
  for (const frame of golden("assigned")) assert.equal(after(welcome, frame).chats.get(frame.conversation)?.relation, "mine");
  for (const frame of golden("opened")) assert.deepEqual(after(welcome, frame).chats.get(frame.conversation)?.timeline.read, frame.read);
  for (const frame of golden("agent")) assert.equal(after(welcome, frame).places.get(frame.id)?.load, frame.load);
  for (const frame of golden("lanes")) assert.deepEqual(after(welcome, frame).lanes, frame.lanes);
  for (const frame of golden("waiting")) assert.equal(after(welcome, frame).waiting.size, frame.set.length === 0 ? 0 : 1);
});

test("a conversation is nobody's any more after each golden unassigned", () => {
  const [welcome] = golden("welcome").slice(-1);
  const [assigned] = golden("assigned");
  assert.ok(welcome && assigned);
  const owned = after(welcome, assigned);
  for (const frame of golden("unassigned")) {
    const { state, effects } = reduce(owned, frame, NOW);
    assert.notEqual(state.chats.get(frame.conversation)?.relation, "mine");
    assert.ok(effects.some((effect) => effect.kind === "news" && effect.reason === frame.reason));
  }
});

test("an error without a command is told, whatever its code", () => {
  const codes = golden("error").filter(({ cmd }) => cmd === undefined);
  assert.ok(codes.length > 10);
  for (const frame of codes) assert.doesNotThrow(() => after(frame));
});
