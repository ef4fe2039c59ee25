import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock, fakeLocks, fakeStorage, seeded } from "./fakes.ts";
import { createIds } from "./id.ts";
import { createOutbox, ENTRIES_MAX, type Entry, type Outbox, type OutboxChange, type Refusal } from "./outbox.ts";

type Command = { t: "send"; cmd: string; text: string };

const PREFIX = "balie:demo:outbox:";

function browser() {
  const clock = fakeClock();
  const storage = fakeStorage();
  const locks = fakeLocks();
  const newId = createIds(clock, seeded(3));
  const message = (text: string): Command => ({ t: "send", cmd: newId(), text });
  const tab = (refuse?: (entry: Entry<Command>) => Refusal | undefined) => {
    const sent: Command[] = [];
    const changes: OutboxChange<Command>[] = [];
    const outbox: Outbox<Command> = createOutbox<Command>({
      store: storage.tab(),
      prefix: PREFIX,
      lock: locks.lock,
      clock,
      send: (command) => sent.push(command) > 0,
      onChange: (change) => changes.push(change),
      ...(refuse === undefined ? {} : { refuse }),
    });
    const texts = (): string[] => sent.map(({ text }) => text);
    return { outbox, sent, changes, texts };
  };
  return { clock, storage, message, tab };
}

test("one at a time: the next message of a lane goes when the one before is answered", () => {
  const { message, tab } = browser();
  const { outbox, texts, sent } = tab();
  outbox.opened();
  const one = message("one");
  outbox.add(one, "a");
  outbox.add(message("two"), "a");
  outbox.add(message("elsewhere"), "b");
  assert.deepEqual(texts(), ["one", "elsewhere"]);
  outbox.acknowledged(one.cmd);
  assert.deepEqual(texts(), ["one", "elsewhere", "two"]);
  assert.equal(sent[0]?.cmd, one.cmd);
});

test("after a reconnect the unanswered one is repeated with the same cmd", () => {
  const { message, tab } = browser();
  const { outbox, sent } = tab();
  outbox.opened();
  const one = message("one");
  outbox.add(one, "a");
  outbox.closed(1006);
  outbox.add(message("two"), "a");
  outbox.opened();
  assert.deepEqual(sent, [one, one]);
});

test("hello repeated on the same socket repeats no command", () => {
  const { message, tab } = browser();
  const { outbox, sent } = tab();
  outbox.opened();
  outbox.add(message("one"), "a");
  outbox.opened();
  assert.equal(sent.length, 1);
});

test("what was not answered survives a reload, in its order", () => {
  const { clock, message, tab } = browser();
  const first = tab();
  for (const text of ["one", "two", "three"]) first.outbox.add(message(text), "a");
  clock.advance(1);
  first.outbox.add(message("four"), "a");
  first.outbox.stop();
  const second = tab();
  assert.deepEqual(second.outbox.entries().map(({ command }) => command.text), ["one", "two", "three", "four"]);
  second.outbox.opened();
  assert.deepEqual(second.texts(), ["one"]);
});

test("a final error keeps the words, and holds up nothing", () => {
  const { message, tab } = browser();
  const { outbox, texts, changes } = tab();
  outbox.opened();
  const one = message("one");
  outbox.add(one, "a");
  outbox.add(message("two"), "a");
  outbox.refused(one.cmd, { code: "wrong_state", message: "This chat is over." });
  assert.deepEqual(texts(), ["one", "two"]);
  assert.deepEqual(outbox.entries()[0]?.failed, { code: "wrong_state", message: "This chat is over." });
  assert.equal(changes.at(-1)?.kind, "failed");
});

test("try again repeats the same cmd; delete forgets it", () => {
  const { message, tab } = browser();
  const { outbox, sent, changes } = tab();
  outbox.opened();
  const one = message("one");
  outbox.add(one, "a");
  outbox.refused(one.cmd, { code: "wrong_state", message: "" });
  outbox.retry(one.cmd);
  assert.deepEqual(sent, [one, one]);
  outbox.refused(one.cmd, { code: "wrong_state", message: "" });
  outbox.discard(one.cmd);
  assert.equal(outbox.entries().length, 0);
  assert.deepEqual(changes.map(({ kind }) => kind), ["added", "failed", "retried", "failed", "gone"]);
});

test("retry_ms is waited out before the same cmd goes again, and the lane waits with it", () => {
  const { clock, message, tab } = browser();
  const { outbox, sent, texts } = tab();
  outbox.opened();
  const one = message("one");
  outbox.add(one, "a");
  outbox.add(message("two"), "a");
  outbox.refused(one.cmd, { code: "unavailable", message: "" }, 3_000);
  clock.advance(2_999);
  assert.deepEqual(texts(), ["one"]);
  clock.advance(1);
  assert.deepEqual(sent, [one, one]);
});

test("retry_ms holds after a reconnect too", () => {
  const { clock, message, tab } = browser();
  const { outbox, sent } = tab();
  outbox.opened();
  const one = message("one");
  outbox.add(one, "a");
  outbox.refused(one.cmd, { code: "rate_limited", message: "" }, 5_000);
  outbox.closed(1006);
  outbox.opened();
  clock.advance(4_999);
  assert.equal(sent.length, 1);
  clock.advance(1);
  assert.equal(sent.length, 2);
});

test("a frame that made the server close the socket is never repeated", () => {
  for (const code of [1003, 1007, 1009]) {
    const { message, tab } = browser();
    const { outbox, sent } = tab();
    outbox.opened();
    const small = message("small");
    const large = message("large".repeat(50));
    outbox.add(large, "a");
    outbox.add(small, "b");
    outbox.closed(code);
    outbox.opened();
    const again = sent.slice(2).map(({ cmd }) => cmd);
    assert.deepEqual(again, [small.cmd], `after ${code}`);
    assert.equal(outbox.entries().find(({ command }) => command.cmd === large.cmd)?.failed?.code, "not_sent");
  }
});

test("two tabs: one sends, both see it kept and answered", () => {
  const { message, tab } = browser();
  const left = tab();
  const right = tab();
  left.outbox.opened();
  right.outbox.opened();
  const one = message("one");
  right.outbox.add(one, "a");
  assert.deepEqual(left.texts(), ["one"]);
  assert.deepEqual(right.texts(), []);
  left.outbox.acknowledged(one.cmd);
  assert.equal(right.outbox.entries().length, 0);
  assert.deepEqual(right.changes.map(({ kind }) => kind), ["added", "gone"]);
});

test("the other tab takes over when the sending one loses its socket or is closed", () => {
  const { message, tab } = browser();
  const left = tab();
  const right = tab();
  left.outbox.opened();
  right.outbox.opened();
  left.outbox.add(message("one"), "a");
  left.outbox.closed(1006);
  assert.deepEqual(right.texts(), ["one"]);
});

test("a tab that sleeps with the lock is robbed after some seconds, and what it kept goes out", () => {
  const { clock, message, tab } = browser();
  const asleep = tab();
  const awake = tab();
  asleep.outbox.opened();
  awake.outbox.opened();
  awake.outbox.add(message("one"), "a");
  clock.advance(3_999);
  assert.deepEqual(awake.texts(), []);
  clock.advance(1);
  assert.deepEqual(awake.texts(), ["one"]);
});

test("an answer that never comes is asked for again", () => {
  const { clock, message, tab } = browser();
  const { outbox, sent } = tab();
  outbox.opened();
  const one = message("one");
  outbox.add(one, "a");
  clock.advance(20_000);
  assert.deepEqual(sent, [one, one]);
});

test("what was meant for a conversation that is over does not land in the next one, and holds up nothing", () => {
  const { clock, message, tab } = browser();
  const over: Refusal = { code: "wrong_state", message: "This chat is over." };
  const { outbox, texts } = tab((entry) => (entry.conversation === "old" ? over : undefined));
  outbox.add(message("for the old one"), "me", "old");
  outbox.add(message("for the new one"), "me", "new");
  outbox.opened();
  clock.advance(0);
  assert.deepEqual(outbox.entries()[0]?.failed, over);
  assert.deepEqual(texts(), ["for the new one"]);
});

test("it is bounded: a full outbox and a frame that is too long are refused before they are kept", () => {
  const { message, tab } = browser();
  const { outbox } = tab();
  for (let count = 0; count < ENTRIES_MAX; count += 1) assert.equal(outbox.add(message("x"), "a"), true);
  assert.equal(outbox.add(message("x"), "a"), false);
  assert.equal(tab().outbox.add(message("é".repeat(33_000)), "a"), false);
  assert.equal(outbox.entries().length, ENTRIES_MAX);
});

test("what another script left under our keys is thrown away, not sent", () => {
  const { storage, tab } = browser();
  storage.values.set(`${PREFIX}x`, "{broken");
  storage.values.set(`${PREFIX}y`, JSON.stringify({ command: { t: "send", cmd: 7 }, lane: "a", made_at: 1 }));
  const { outbox, sent } = tab();
  outbox.opened();
  assert.equal(sent.length, 0);
  assert.equal(storage.values.size, 0);
});

test("ids grow within a millisecond and when the clock is set back, and are UUIDs of version 7", () => {
  let now = 1_700_000_000_000;
  const newId = createIds({ now: () => now, after: () => () => {} }, seeded(9));
  const ids = Array.from({ length: 5_000 }, () => newId());
  now -= 60_000;
  ids.push(newId());
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a file holds its place: what was written after it waits until the file has arrived or failed", () => {
  const { message, tab } = browser();
  const { outbox, texts } = tab();
  outbox.opened();
  const slip = message("");
  outbox.add(slip, "a", "c", { name: "slip.png", type: "image/png", bytes: 3 });
  outbox.add(message("after it"), "a");
  const lost = message("");
  outbox.add(lost, "a", "c", { name: "lost.png", type: "image/png", bytes: 3 });
  outbox.add(message("last"), "a");
  assert.deepEqual(texts(), []);
  outbox.complete({ ...slip, text: "the whole command" });
  assert.deepEqual(texts(), ["the whole command"]);
  outbox.acknowledged(slip.cmd);
  assert.deepEqual(texts(), ["the whole command", "after it"]);
  outbox.refused(lost.cmd, { code: "too_large", message: "" });
  outbox.acknowledged(outbox.entries()[0]?.command.cmd ?? "");
  assert.deepEqual(texts(), ["the whole command", "after it", "last"]);
});

test("a file whose tab is gone is given up, and nothing behind it waits for ever", () => {
  const { clock, message, tab } = browser();
  const first = tab();
  first.outbox.opened();
  const file = message("");
  first.outbox.add(file, "a", "c", { name: "slip.png", type: "image/png", bytes: 3 });
  clock.advance(50_000);
  first.outbox.hold(file.cmd);
  first.outbox.add(message("after it"), "a");
  const second = tab();
  first.outbox.stop();
  second.outbox.opened();
  clock.advance(50_000);
  assert.deepEqual(second.texts(), []);
  clock.advance(10_000);
  assert.deepEqual(second.texts(), ["after it"]);
  assert.equal(second.outbox.entries()[0]?.failed?.code, "gone");
  second.outbox.retry(file.cmd);
  assert.deepEqual(second.texts(), ["after it"], "tried again it is held again");
});
