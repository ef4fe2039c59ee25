/*
 * Goal: whatever happens to the line, the tabs and the browser's storage, in the end every tab shows the server's log, and
 * every message that was written stands in it once.
 *
 * Method: some hundreds of short histories drawn from a seed. A small server that keeps the contract (one log, `cmd`
 * remembered, `after`, epochs) talks to real sessions over lines that hold every frame in the air until the history lets
 * it land, or cuts it. Tabs are opened, closed, reloaded and frozen; storage gets full; the server asks to wait,
 * or comes back restored to an earlier day. Then everything is mended, and all must agree.
 *
 * BALIE_SEED=… repeats the histories of a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cancel, Clock, KeyValueStore } from "../client/environment.ts";
import { fakeClock, fakeLocks, fakeSocket, type FakeSocket, fakeStorage, type FakeSurroundings, fakeSurroundings, seeded } from "../client/fakes.ts";
import type { TabLock } from "../client/outbox.ts";
import type { EventFrame } from "../client/wire.ts";
import { createMemory } from "./memory.ts";
import { createSession, type Session } from "./session.ts";

const HISTORIES = 300;
const STEPS = 120;
const ME = { role: "visitor", id: "me" } as const;

interface Line {
  socket: FakeSocket;
  /** Frames on their way to the server are `socket.sent` from here on. */
  read: number;
  down: object[];
  isUp: boolean;
  isFollowing: boolean;
}

/** The server, as far as one visitor's conversation goes. */
function createServer(now: () => number) {
  let log: EventFrame[] = [];
  let epoch = 1;
  const lines = new Set<Line>();

  function append(from: EventFrame["from"], text: string, cmd?: string): EventFrame {
    const seq = log.length + 1;
    const event: EventFrame = { conversation: "c", seq, prev: seq - 1, at: now(), from, kind: "message", text, ...(cmd === undefined ? {} : { cmd }) };
    log.push(event);
    for (const line of lines) if (line.isFollowing) line.down.push({ t: "event", ...event });
    return event;
  }

  function hears(line: Line, frame: FakeSocket["sent"][number], isBusy: boolean): void {
    if (frame.t === "ping") line.down.push({ t: "pong", n: frame["n"], now: now() });
    if (frame.t === "hello") {
      const after = frame["epoch"] === `e${epoch}` ? Number(frame["after"] ?? 0) : 0;
      if (after > log.length) {
        line.down.push({ t: "error", code: "bad_field", field: "after", message: "beyond the end" });
        return;
      }
      line.isFollowing = true;
      const conversation = { id: "c", state: "active", department: "support", seq: log.length, from_seq: after + 1, read: { visitor: 0, agent: 0 } };
      line.down.push({ t: "welcome", visitor: "me", token: "t", epoch: `e${epoch}`, open: true, now: now(), conversation });
      for (const event of log.slice(after)) line.down.push({ t: "event", ...event });
    }
    if (frame.t === "send") {
      const cmd = String(frame["cmd"]);
      const known = log.find((event) => event.cmd === cmd);
      if (known === undefined && isBusy) {
        line.down.push({ t: "error", code: "unavailable", message: "later", cmd, retry_ms: 700 });
        return;
      }
      const { seq, at } = known ?? append(ME, String(frame["text"]), cmd);
      line.down.push({ t: "ack", cmd, conversation: "c", seq, at });
    }
  }

  return {
    lines,
    log: () => log,
    hears,
    append,
    /** From a backup: what came after it is gone, and whoever comes back is told by the epoch. */
    restore(length: number): EventFrame[] {
      const gone = log.slice(length);
      log = log.slice(0, length);
      epoch += 1;
      return gone;
    },
  };
}

/** What a tab is given of the world stops when the tab is closed, and waits while it is frozen. */
interface Tab {
  session: Session;
  surroundings: FakeSurroundings;
  line(): Line | undefined;
  freeze(): void;
  thaw(): void;
  isFrozen(): boolean;
  /** Closes it as a browser does: without a word to the page. Gives the keys that nobody else has. */
  close(): string[];
}

function createWorld(seed: number) {
  const random = seeded(seed);
  const clock = fakeClock();
  const storage = fakeStorage();
  const locks = fakeLocks();
  const server = createServer(clock.now);

  function open(): Tab {
    const store = storage.tab();
    const held: (() => void)[] = [];
    let isFrozen = false;
    let isClosed = false;
    const run = (work: () => void): void => {
      if (isClosed) return;
      if (isFrozen) held.push(work);
      else work();
    };
    const own: Clock = { now: clock.now, after: (delay_ms, work) => cancelled((guarded) => clock.after(delay_ms, () => run(guarded)), work) };
    const local: KeyValueStore = { ...store, onForeignChange: (prefix, work) => store.onForeignChange(prefix, (key) => run(() => work(key))) };
    let release: Cancel = () => {};
    const lock: TabLock = {
      hold(onHeld, onLost, steal) {
        release = locks.lock.hold(() => run(onHeld), () => run(onLost), steal);
        return release;
      },
    };
    const surroundings = fakeSurroundings();
    let line: Line | undefined;
    const session = createSession({
      site: "demo",
      url: "ws://test",
      openSocket() {
        const socket = fakeSocket();
        line = { socket, read: 0, down: [], isUp: true, isFollowing: false };
        server.lines.add(line);
        return socket;
      },
      clock: own,
      random,
      surroundings,
      local,
      lock,
      memory: createMemory("demo", local, fakeStorage().tab()),
      page: () => ({ url: "https://shop.example/", title: "Shop" }),
      lang: "en",
      probe: async () => "blocked",
      leaveByHttp: async () => {},
    });
    session.begin();
    return {
      session,
      surroundings,
      line: () => (isClosed ? undefined : line),
      isFrozen: () => isFrozen,
      freeze: () => void (isFrozen = true),
      thaw() {
        isFrozen = false;
        for (const work of held.splice(0)) work();
        surroundings.change("visible");
      },
      close() {
        const lonely = store.keys("balie:demo:outbox:").filter((key) => !storage.values.has(key));
        isClosed = true;
        if (line !== undefined) server.lines.delete(line);
        release();
        return lonely;
      },
    };
  }
  return { random, clock, storage, server, open };
}

/** A timer that was held back while its tab was frozen can still be taken away. */
function cancelled(arm: (run: () => void) => Cancel, work: () => void): Cancel {
  let isOver = false;
  const disarm = arm(() => !isOver && work());
  return () => {
    isOver = true;
    disarm();
  };
}

function runHistory(seed: number): void {
  const { random, clock, storage, server, open } = createWorld(seed);
  const tabs: Tab[] = [];
  const written: string[] = [];
  /** Gone for reasons that no client can help: only in the memory of a closed tab, or lost by the server's restore. */
  const excused = new Set<string>();
  let words = 0;
  const below = (limit: number): number => Math.floor(random() * limit);
  const anyTab = (): Tab | undefined => tabs[below(tabs.length)];
  const keyOf = (session: Session, text: string): string | undefined => session.visit.get().timeline.pending.find((own) => own.text === text)?.cmd;
  const cmds = new Map<string, string>();

  function land(tab: Tab, isUpward: boolean, isBusy = false): void {
    const line = tab.line();
    if (line === undefined || !line.isUp || tab.isFrozen()) return;
    if (line.socket.onopen !== null && line.read === 0 && line.socket.sent.length === 0) line.socket.opens();
    if (isUpward) {
      const frame = line.socket.sent[line.read];
      if (frame === undefined) return;
      line.read += 1;
      server.hears(line, frame, isBusy);
    } else {
      const frame = line.down.shift();
      if (frame !== undefined) line.socket.says(frame);
    }
  }

  /** Everything in the air is lost; the page hears of it now, or by its own watchdog. */
  function cut(tab: Tab, isNoticed: boolean): void {
    const line = tab.line();
    if (line === undefined || !line.isUp) return;
    line.isUp = false;
    server.lines.delete(line);
    if (isNoticed && !tab.isFrozen()) line.socket.dies(1006);
  }

  function write(tab: Tab): void {
    words += 1;
    const text = `m${words}`;
    if (tab.isFrozen() || tab.session.visit.get().conversation === undefined || !tab.session.send(text)) return;
    written.push(text);
    const cmd = keyOf(tab.session, text);
    if (cmd !== undefined) cmds.set(`balie:demo:outbox:${cmd}`, text);
  }

  function closeTab(tab: Tab): void {
    for (const key of tab.close()) excused.add(cmds.get(key) ?? "");
    tabs.splice(tabs.indexOf(tab), 1);
  }

  function step(): void {
    const tab = anyTab();
    const choice = below(100);
    if (tab === undefined || (choice < 4 && tabs.length < 4)) tabs.push(open());
    else if (choice < 30) land(tab, true, below(8) === 0);
    else if (choice < 58) land(tab, false);
    else if (choice < 72) write(tab);
    else if (choice < 78) server.append({ role: "agent", id: "sanne", name: "Sanne" }, `a${(words += 1)}`);
    else if (choice < 83) cut(tab, below(2) === 0);
    else if (choice < 86) closeTab(tab);
    else if (choice < 88) {
      closeTab(tab);
      tabs.push(open());
    } else if (choice < 90) storage.isFull = !storage.isFull;
    else if (choice < 92) (tab.isFrozen() ? tab.thaw : tab.freeze)();
    else if (choice < 93 && below(4) === 0) {
      const gone = server.restore(1 + below(server.log().length));
      for (const event of gone) if (event.kind === "message") excused.add(event.text ?? "");
      for (const each of tabs) cut(each, true);
    } else clock.advance(below(3_000));
  }

  server.append({ role: "agent", id: "sanne", name: "Sanne" }, "hello");
  for (let each = 0; each < STEPS; each += 1) step();

  // All is well again: whoever was frozen wakes, every line is new, and whatever is sent arrives.
  storage.isFull = false;
  if (tabs.length === 0) tabs.push(open());
  for (const tab of tabs) {
    if (tab.isFrozen()) tab.thaw();
    cut(tab, true);
  }
  for (let each = 0; each < 240; each += 1) {
    clock.advance(500);
    for (const tab of tabs) for (let frame = 0; frame < 40; frame += 1) land(tab, frame % 2 === 0);
  }

  const texts = server.log().flatMap((event) => (event.kind === "message" ? [event.text] : []));
  assert.deepEqual(texts.filter((text, at) => texts.indexOf(text) !== at), [], "nothing is there twice");
  assert.deepEqual(written.filter((text) => !texts.includes(text) && !excused.has(text)), [], "nothing is missing");
  for (const tab of tabs) {
    const { timeline } = tab.session.visit.get();
    assert.equal(timeline.condition, "whole");
    assert.deepEqual(timeline.events, server.log(), "every tab shows the log");
    assert.deepEqual(timeline.pending, [], "nothing looks unsent");
  }
  assert.deepEqual([...storage.values.keys()].filter((key) => key.includes(":outbox:")), [], "nothing waits for ever");
}

test(`${HISTORIES} histories of cuts end with every message once, in every tab`, () => {
  const first = Number(process.env["BALIE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  for (let seed = first; seed < first + HISTORIES; seed += 1) {
    try {
      runHistory(seed);
    } catch (error) {
      throw new Error(`BALIE_SEED=${seed}`, { cause: error });
    }
  }
});
