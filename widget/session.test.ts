/*
 * The visitor's line against a server that the test plays: what goes over the socket, what is kept in storage, and what a
 * second tab and a reload see of it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock, fakeLocks, fakeSocket, type FakeSocket, fakeStorage, fakeSurroundings, seeded } from "../client/fakes.ts";
import type { EventFrame } from "../client/wire.ts";
import { createAttachments } from "./attachments.ts";
import { createMemory, LOG_CHARS_MAX } from "./memory.ts";
import { leaveByHttp } from "./posting.ts";
import { type Barred, createSession, type RefusedStart, type Session } from "./session.ts";
import type { Post, Upload, UploadNews } from "./upload.ts";
import { isLive, leftMessage } from "./visit.ts";

const ME = { role: "visitor", id: "me" } as const;
const SANNE = { id: "sanne", name: "Sanne" };
const NOTHING_READ = { visitor: 0, agent: 0 };

function browser() {
  const clock = fakeClock();
  const storage = fakeStorage();
  const locks = fakeLocks();
  const random = seeded(5);
  function tab(cause: "refused" | Barred = "blocked") {
    const posted: object[] = [];
    const answers: ({ token: string } | RefusedStart)[] = [];
    const posts: { upload: Upload; news: UploadNews }[] = [];
    const site: { identity?: string | undefined; refusals: string[]; forgets: number } = { refusals: [], forgets: 0 };
    const local = storage.tab();
    const memory = createMemory("demo", local, fakeStorage().tab());
    const surroundings = fakeSurroundings();
    const sockets: FakeSocket[] = [];
    const session: Session = createSession({
      site: "demo",
      url: "ws://test/ws/visitor",
      openSocket: () => {
        const socket = fakeSocket();
        sockets.push(socket);
        return socket;
      },
      clock,
      random,
      surroundings,
      local,
      lock: locks.lock,
      memory,
      identity: () => site.identity,
      dropIdentity(why) {
        site.identity = undefined;
        if (why !== undefined) site.refusals.push(why);
      },
      forgotten: () => (site.forgets += 1),
      page: () => ({ url: `https://shop.example/${"x".repeat(9_000)}`, title: "Shop" }),
      lang: "en",
      leaveByHttp: (message, line) =>
        leaveByHttp(message, line, async (body) => {
          posted.push(body);
          return answers.shift() ?? {};
        }),
      probe: async () => cause,
    });
    session.begin();
    const post: Post = (upload, news) => {
      posts.push({ upload, news });
      return () => {};
    };
    const attachments = createAttachments(session, clock, post);
    const { attach } = attachments;
    const server = (): FakeSocket => {
      const socket = sockets.at(-1);
      assert.ok(socket, "no socket was opened");
      return socket;
    };
    const sent = (t: string) => sockets.flatMap((socket) => socket.sent).filter((frame) => frame.t === t);
    const welcome = (more: object = {}, epoch = "e1"): void => {
      server().opens();
      server().says({ t: "welcome", visitor: "me", token: "token-1", epoch, open: true, now: clock.now(), ...more });
    };
    return { site, session, attachments, attach, server, sent, welcome, sockets, memory, surroundings, posts, posted, answers };
  }
  return { clock, storage, tab };
}

const queued = (cmd?: unknown): EventFrame & { t: "event" } => ({
  t: "event", conversation: "c", seq: 1, prev: 0, at: 1, from: ME, kind: "queued", department: "support", enqueued_at: 1, mode: "chat", fields: {}, needs: [],
  ...(typeof cmd === "string" ? { cmd } : {}),
});
const said = (seq: number, text: string, cmd?: unknown, prev = seq - 1): EventFrame & { t: "event" } => ({
  t: "event", conversation: "c", seq, prev, at: seq, from: cmd === undefined ? { role: "agent", ...SANNE } : ME, kind: "message", text,
  ...(typeof cmd === "string" ? { cmd } : {}),
});
const conversation = (state: string, seq: number, more: object = {}) => ({ conversation: { id: "c", state, department: "support", seq, from_seq: 0, read: NOTHING_READ, ...more } });

test("a chat starts: start is sent once, its words stay in view until they are in the log", () => {
  const { tab } = browser();
  const { session, server, sent, welcome } = tab();
  welcome();
  session.start({ name: "Eva" }, "support", "help");
  const [start] = sent("start");
  assert.deepEqual([start?.["text"], start?.["department"], start?.["fields"]], ["help", "support", { name: "Eva" }]);
  assert.equal(session.visit.get().timeline.pending.length, 1);
  server().says(queued(start?.["cmd"]));
  server().says(said(2, "help", start?.["cmd"]));
  server().says({ t: "ack", cmd: start?.["cmd"], conversation: "c", seq: 2, at: 2 });
  assert.equal(session.visit.get().conversation?.state, "queued");
  assert.deepEqual(session.visit.get().timeline.pending, []);
  assert.deepEqual(Object.values(session.visit.get().doing).filter(Boolean), []);
});

test("the place, the agent and the end are followed from the frames", () => {
  const { tab } = browser();
  const { session, server, welcome } = tab();
  welcome(conversation("queued", 1, { enqueued_at: 1 }));
  server().says(queued());
  server().says({ t: "queue", conversation: "c", position: 3, waiting: 4, waited_ms: 10, eta: null, at: 11 });
  assert.equal(session.visit.get().conversation?.place?.position, 3);
  server().says({ t: "event", conversation: "c", seq: 2, prev: 1, at: 2, from: { role: "system" }, kind: "assigned", agent: SANNE, department: "support", waited_ms: 1 });
  assert.deepEqual(session.visit.get().conversation, { id: "c", state: "active", department: "support", agent: SANNE, place: undefined, waiting_since: undefined });
  server().says({ t: "event", conversation: "c", seq: 3, prev: 2, at: 3, from: { role: "agent", ...SANNE }, kind: "closed", reason: "agent" });
  assert.equal(isLive(session.visit.get()), false);
});

test("who waits in another department from its closing on has waited since they came, and by a colleague since then", () => {
  const { tab } = browser();
  const { session, server, welcome } = tab();
  const moved = (seq: number, from: EventFrame["from"]): void => server().says({ t: "event", conversation: "c", seq, prev: seq - 1, at: 50 * seq, from, kind: "transferred", to: { department: "sales" } });
  welcome(conversation("queued", 1, { enqueued_at: 7 }));
  server().says(queued());
  moved(2, { role: "system" });
  assert.deepEqual(session.visit.get().conversation, { id: "c", state: "queued", department: "sales", agent: undefined, place: undefined, waiting_since: 7 });
  moved(3, { role: "agent", ...SANNE });
  assert.equal(session.visit.get().conversation?.waiting_since, 150);
});

test("history that is sent again after a welcome does not put a finished wait back", () => {
  const { tab } = browser();
  const { session, server, welcome } = tab();
  welcome(conversation("active", 3, { agent: SANNE }));
  server().says(queued());
  assert.equal(session.visit.get().conversation?.state, "active");
});

test("a lost line: hello says what was seen, and the unanswered message goes again with the same cmd", () => {
  const { clock, tab } = browser();
  const { session, server, sent, welcome, sockets } = tab();
  welcome(conversation("active", 1, { agent: SANNE }));
  server().says(queued());
  session.send("hello?");
  server().dies(1006);
  clock.advance(1_500);
  assert.equal(sockets.length, 2);
  welcome(conversation("active", 1, { agent: SANNE }));
  const hello = sent("hello").at(-1);
  assert.deepEqual([hello?.["token"], hello?.["epoch"], hello?.["conversation"], hello?.["after"]], ["token-1", "e1", "c", 1]);
  const sends = sent("send");
  assert.equal(sends.length, 2);
  assert.equal(sends[0]?.["cmd"], sends[1]?.["cmd"]);
});

test("a hole in the log makes it say hello again on the same socket", () => {
  const { clock, tab } = browser();
  const { session, server, sent, welcome, sockets } = tab();
  welcome(conversation("active", 1, { agent: SANNE }));
  server().says(queued());
  server().says(said(3, "later"));
  clock.advance(1_000);
  assert.equal(sockets.length, 1);
  assert.equal(sent("hello").at(-1)?.["after"], 1);
  welcome(conversation("active", 3, { agent: SANNE, from_seq: 1 }));
  server().says(said(2, "sooner"));
  server().says(said(3, "later"));
  assert.deepEqual(session.visit.get().timeline.events.map(({ seq }) => seq), [1, 2, 3]);
});

test("after beyond the end: everything is dropped and hello says 0", () => {
  const { clock, tab } = browser();
  const { session, server, sent, welcome } = tab();
  welcome(conversation("active", 2, { agent: SANNE }));
  server().says(queued());
  server().says(said(2, "gone after the restore"));
  server().dies(1006);
  clock.advance(1_500);
  server().opens();
  server().says({ t: "error", code: "bad_field", field: "after", message: "beyond the end" });
  clock.advance(1_000);
  assert.equal(sent("hello").at(-1)?.["after"], 0);
  server().says({ t: "welcome", visitor: "me", token: "token-2", epoch: "e1", open: true, now: 1, ...conversation("active", 1) });
  server().says(queued());
  assert.deepEqual(session.visit.get().timeline.events.map(({ seq }) => seq), [1]);
});

test("a new epoch starts the timeline anew", () => {
  const { clock, tab } = browser();
  const { session, server, welcome } = tab();
  welcome(conversation("active", 2, { agent: SANNE }));
  server().says(queued());
  server().says(said(2, "gone"));
  server().dies(1006);
  clock.advance(1_500);
  welcome(conversation("active", 1), "e2");
  server().says(queued());
  assert.deepEqual(session.visit.get().timeline.events.map(({ seq }) => seq), [1]);
});

test("a reload resumes: the chat is there at once, and only what is later is asked for", () => {
  const { tab } = browser();
  const first = tab();
  first.welcome(conversation("active", 2, { agent: SANNE }));
  first.server().says(queued());
  first.server().says(said(2, "hi"));
  first.session.saw(2);
  first.session.send("unanswered");
  first.session.stop();
  const second = tab();
  assert.equal(second.session.seen.get(), 2);
  assert.deepEqual(second.session.visit.get().timeline.events.map(({ seq }) => seq), [1, 2]);
  assert.deepEqual(second.session.visit.get().conversation, { id: "c", state: "active", department: "support", agent: SANNE });
  assert.equal(second.session.visit.get().timeline.pending[0]?.text, "unanswered");
  second.welcome(conversation("active", 2, { agent: SANNE }));
  const hello = second.sent("hello")[0];
  assert.deepEqual([hello?.["token"], hello?.["conversation"], hello?.["after"]], ["token-1", "c", 2]);
  assert.equal(second.sent("send").length, 1);
  second.server().says(said(3, "later"));
  assert.deepEqual(second.session.visit.get().timeline.events.map(({ seq }) => seq), [1, 2, 3]);
});

/** A page that saw the chat up to `seq` 2 and is gone. */
function leftBehind() {
  const { clock, storage, tab } = browser();
  const first = tab();
  first.welcome(conversation("active", 2, { agent: SANNE }));
  first.server().says(queued());
  first.server().says(said(2, "hi"));
  first.session.stop();
  return { clock, storage, tab, first };
}

test("a log of another epoch is dropped when the server says so", () => {
  const { tab } = leftBehind();
  const { session, server, welcome } = tab();
  welcome(conversation("active", 1), "e2");
  assert.deepEqual(session.visit.get().timeline.events, []);
  server().says(queued());
  assert.deepEqual(session.visit.get().timeline.events.map(({ seq }) => seq), [1]);
});

test("a kept log that is longer than the server's is dropped and asked for anew", () => {
  const { clock, tab } = leftBehind();
  const { session, server, sent, welcome } = tab();
  server().opens();
  server().says({ t: "error", code: "bad_field", field: "after", message: "beyond the end" });
  clock.advance(1_000);
  assert.equal(sent("hello").at(-1)?.["after"], 0);
  server().says({ t: "welcome", visitor: "me", token: "token-1", epoch: "e1", open: true, now: clock.now(), ...conversation("active", 1) });
  server().says(queued());
  assert.deepEqual(session.visit.get().timeline.events.map(({ seq }) => seq), [1]);
  assert.equal(welcome.length, 0);
});

test("a log that is broken, or of a chat the visitor is done with, is not shown", () => {
  const broken: ((value: string) => string)[] = [
    () => "{",
    () => "{}",
    (value) => value.replace('"prev":1', '"prev":7'),
    (value) => value.replace('"conversation":"c"', '"conversation":"d"'),
    (value) => value.replace('"epoch":"e1"', '"epoch":"e0"'),
  ];
  for (const breaking of broken) {
    const { storage, tab } = leftBehind();
    storage.values.set("balie:demo:log", breaking(storage.values.get("balie:demo:log") ?? ""));
    const { session, sent, welcome } = tab();
    assert.equal(session.visit.get().conversation, undefined);
    welcome();
    assert.equal(sent("hello")[0]?.["after"], 0);
  }
  const { storage, tab } = leftBehind();
  const done = tab();
  done.welcome(conversation("closed", 2));
  done.session.beginAnew();
  assert.equal(storage.values.has("balie:demo:log"), false);
});

test("of a long chat the end is kept: shown at once, and asked for anew as a whole", () => {
  const { storage, tab } = browser();
  const first = tab();
  const count = 60;
  first.welcome(conversation("active", count, { agent: SANNE }));
  first.server().says(queued());
  for (let seq = 2; seq <= count; seq += 1) first.server().says(said(seq, "x".repeat(9_000)));
  assert.ok((storage.values.get("balie:demo:log") ?? "").length <= LOG_CHARS_MAX);
  first.session.stop();
  const { session, server, sent, welcome } = tab();
  const kept = session.visit.get().timeline.events;
  assert.ok(kept.length > 5 && kept.at(-1)?.seq === count);
  welcome(conversation("active", count, { agent: SANNE }));
  assert.equal(sent("hello")[0]?.["after"], 0);
  server().says(queued());
  for (let seq = 2; seq <= count; seq += 1) server().says(said(seq, "x".repeat(9_000)));
  assert.equal(session.visit.get().timeline.events.length, count);
});

test("a closed chat is shown again for a day only", () => {
  const { clock, storage, tab } = leftBehind();
  const over = tab();
  over.welcome(conversation("active", 2));
  over.server().says({ t: "event", conversation: "c", seq: 3, prev: 2, at: clock.now(), from: { role: "agent", ...SANNE }, kind: "closed", reason: "agent" });
  over.session.stop();
  assert.equal(tab().session.visit.get().conversation?.state, "closed");
  clock.advance(25 * 3_600_000);
  assert.equal(tab().session.visit.get().conversation, undefined);
  assert.ok(storage.values.size > 0);
});

test("where storage is full, unsent words take the place of the kept log, and what does not fit lives as long as the page", () => {
  const { storage, tab } = leftBehind();
  const { session, welcome, sent } = tab();
  welcome(conversation("active", 2, { agent: SANNE }));
  assert.equal(session.isLasting(), true);
  storage.isFull = true;
  session.send("still here");
  assert.equal(session.isLasting(), false);
  assert.equal(storage.values.has("balie:demo:log"), false);
  assert.equal(sent("send").length, 1);
  assert.equal(session.visit.get().timeline.pending[0]?.text, "still here");
});

test("what one tab had on screen is read in the others", () => {
  const { tab } = browser();
  const { session, server, welcome } = tab();
  welcome(conversation("active", 2, { agent: SANNE }));
  server().says(queued());
  server().says(said(2, "hi"));
  assert.equal(session.seen.get(), 0);
  server().says({ t: "read", from: ME, seq: 2 });
  assert.equal(session.seen.get(), 2);
});

test("a refused token is dropped, and hello goes once without it", () => {
  const { clock, tab } = browser();
  const first = tab();
  first.welcome();
  first.session.stop();
  const second = tab();
  second.server().opens();
  second.server().says({ t: "error", code: "unauthorized", message: "expired" });
  assert.equal(second.memory.session(), undefined);
  clock.advance(1_500);
  second.server().opens();
  assert.equal(second.sent("hello").at(-1)?.["token"], undefined);
});

test("a refused identity alone is dropped: this browser is still who it was", () => {
  const { clock, tab } = browser();
  const { site, server, welcome, sent, session } = tab();
  welcome();
  site.identity = "signed-then";
  session.begin();
  clock.advance(1_500);
  server().opens();
  server().says({ t: "error", code: "unauthorized", field: "identity", message: "expired" });
  clock.advance(1_500);
  server().opens();
  assert.deepEqual(site.refusals, ["expired"]);
  assert.deepEqual(sent("hello").map(({ identity, token }) => [identity, token]), [[undefined, undefined], ["signed-then", "token-1"], [undefined, "token-1"]]);
});

test("who was signed in and is not any more is forgotten, whom the site never knew is not", () => {
  for (const identity of ["signed", undefined]) {
    const { clock, tab } = browser();
    const first = tab();
    first.site.identity = identity;
    first.welcome(conversation("active", 1, { agent: SANNE }));
    first.session.send("my card is");
    first.site.identity = "";
    first.session.begin();
    clock.advance(1_500);
    first.server().opens();
    const isKept = identity === undefined;
    assert.equal(first.site.forgets, isKept ? 0 : 1);
    assert.equal(first.sent("hello").at(-1)?.["token"], isKept ? "token-1" : undefined);
    assert.equal(first.sent("hello").at(-1)?.["identity"], undefined);
    assert.equal(first.session.visit.get().timeline.pending.length, isKept ? 1 : 0);
    assert.equal(first.memory.session() !== undefined, isKept);
  }
});

test("who signed out in one tab is forgotten in the others, which go on as whoever that tab is then", () => {
  const { clock, tab } = browser();
  const [left, right] = [tab(), tab()];
  for (const each of [left, right]) {
    each.site.identity = "signed";
    each.welcome(conversation("active", 1, { agent: SANNE }));
  }
  left.site.identity = "";
  left.session.begin();
  assert.deepEqual([right.session.visit.get().conversation, right.site.forgets], [undefined, 1]);
  clock.advance(1_500);
  left.welcome({ visitor: "somebody", token: "token-2" });
  clock.advance(1_500);
  right.server().opens();
  assert.deepEqual([right.sent("hello").at(-1)?.["token"], right.sent("hello").at(-1)?.["identity"]], ["token-2", undefined]);
  assert.equal(right.memory.session()?.token, "token-2");
});

test("a tab that follows another one no more opens nothing", () => {
  const { clock, tab } = browser();
  const [left, right] = [tab(), tab()];
  for (const each of [left, right]) {
    each.site.identity = "signed";
    each.welcome(conversation("active", 1, { agent: SANNE }));
  }
  left.site.identity = "";
  left.session.begin();
  const count = right.sockets.length;
  right.session.stop();
  clock.advance(10_000);
  assert.equal(right.sockets.length, count);
});

test("two tabs show the same, and only one of them sends", () => {
  const { tab } = browser();
  const left = tab();
  const right = tab();
  left.welcome(conversation("active", 1, { agent: SANNE }));
  right.welcome(conversation("active", 1, { agent: SANNE }));
  for (const each of [left, right]) each.server().says(queued());
  right.session.send("from the right");
  assert.deepEqual([left.sent("send").length, right.sent("send").length], [1, 0]);
  assert.equal(left.session.visit.get().timeline.pending[0]?.text, "from the right");
  const cmd = left.sent("send")[0]?.["cmd"];
  left.server().says({ t: "ack", cmd, conversation: "c", seq: 2, at: 2 });
  for (const each of [left, right]) each.server().says(said(2, "from the right", cmd));
  for (const each of [left, right]) assert.deepEqual(each.session.visit.get().timeline.pending, []);
});

test("a refused start gives its reason and leaves nothing behind", () => {
  const { tab } = browser();
  const { session, server, sent, welcome } = tab();
  welcome();
  session.start({ email: "x" }, undefined, "help");
  server().says({ t: "error", code: "bad_field", field: "fields.email", message: "no", cmd: sent("start")[0]?.["cmd"] });
  assert.deepEqual(session.refusedStart.get(), { code: "bad_field", message: "no", field: "fields.email", text: "help" });
  assert.deepEqual(session.visit.get().timeline.pending, []);
  assert.deepEqual(Object.values(session.visit.get().doing).filter(Boolean), []);
});

test("an unavailable store keeps the message sending, and the same cmd goes again after its time", () => {
  const { clock, tab } = browser();
  const { session, server, sent, welcome } = tab();
  welcome(conversation("active", 1, { agent: SANNE }));
  server().says(queued());
  session.send("hello");
  server().says({ t: "error", code: "unavailable", message: "no", cmd: sent("send")[0]?.["cmd"], retry_ms: 2_000 });
  assert.equal(session.visit.get().timeline.pending[0]?.failed, undefined);
  clock.advance(2_000);
  assert.equal(sent("send").length, 2);
});

test("what was written to a chat that is over fails with its words, and does not open another", () => {
  const { clock, tab } = browser();
  const { session, server, sent, welcome } = tab();
  welcome(conversation("active", 1, { agent: SANNE }));
  server().says(queued());
  server().dies(1006);
  session.send("too late");
  clock.advance(1_500);
  welcome(conversation("closed", 2));
  clock.advance(10);
  assert.equal(sent("send").length, 0);
  assert.equal(session.visit.get().timeline.pending[0]?.failed?.code, "wrong_state");
});

test("a closed chat that was put away does not come back, on this page or the next", () => {
  const { clock, tab } = browser();
  const first = tab();
  first.welcome(conversation("closed", 1));
  first.server().says(queued());
  first.session.beginAnew();
  assert.equal(first.session.visit.get().conversation, undefined);
  first.server().dies(1006);
  clock.advance(1_500);
  first.welcome(conversation("closed", 1));
  first.server().says(queued());
  assert.equal(first.session.visit.get().conversation, undefined);
  first.session.stop();
  const second = tab();
  second.welcome(conversation("closed", 1));
  second.server().says(queued());
  assert.equal(second.session.visit.get().conversation, undefined);
});

test("typing is told at most every three seconds, and its end once", () => {
  const { clock, tab } = browser();
  const { session, sent, welcome } = tab();
  welcome(conversation("active", 0, { agent: SANNE }));
  session.typing("a", false);
  session.typing("ab", false);
  clock.advance(3_000);
  session.typing("abc", false);
  session.typing("", false);
  session.typing("", false);
  assert.deepEqual(sent("typing").map(({ on }) => on), [true, true, false]);
  assert.ok(sent("typing").every((frame) => !("preview" in frame)));
});

test("where the site shows it, the latest words follow once a second, and none after they are sent", () => {
  const { clock, tab } = browser();
  const { session, sent, welcome } = tab();
  welcome(conversation("active", 0, { agent: SANNE }));
  session.typing("a", true);
  session.typing("ab", true);
  session.typing("abc", true);
  clock.advance(1_000);
  session.typing("abcd", true);
  session.send("abcd");
  clock.advance(5_000);
  assert.deepEqual(sent("typing").map(({ preview }) => preview), ["a", "abc"]);
});

test("what was read without a line is told when it is back", () => {
  const { clock, tab } = browser();
  const { session, server, sent, welcome } = tab();
  welcome(conversation("active", 2, { agent: SANNE }));
  server().says(queued());
  server().says(said(2, "hi"));
  server().dies(1006);
  session.saw(2);
  assert.equal(sent("read").length, 0);
  clock.advance(1_500);
  welcome(conversation("active", 2, { agent: SANNE }));
  assert.deepEqual(sent("read").map(({ seq }) => seq), [2]);
});

test("a long address of the page does not make hello too long to be taken", () => {
  const { tab } = browser();
  const { sent, welcome } = tab();
  welcome();
  assert.ok(JSON.stringify(sent("hello")[0]).length < 3_000);
});

test("a start that nobody answered is not sent for somebody who comes back much later", () => {
  const { clock, tab } = browser();
  const first = tab();
  first.session.start({}, undefined, "help");
  first.session.stop();
  clock.advance(11 * 60_000);
  const second = tab();
  second.welcome();
  assert.equal(second.sent("start").length, 0);
});

const fileOf = (name: string): File => new File(["abc"], name, { type: "image/png" });

test("a file is uploaded first, and what was written after it is sent after it", () => {
  const { tab } = browser();
  const { session, attachments, attach, server, sent, welcome, posts } = tab();
  welcome(conversation("queued", 1));
  server().says(queued());
  assert.equal(attach(fileOf("slip.png")), true);
  session.send("here it is");
  assert.deepEqual(session.visit.get().timeline.pending.map(({ file, text }) => file?.name ?? text), ["slip.png", "here it is"]);
  posts[0]?.news.progress(2);
  assert.equal(attachments.progress.get()?.bytes, 2);
  assert.deepEqual(sent("send"), []);
  posts[0]?.news.arrived("a1");
  const [file] = sent("send");
  assert.deepEqual([file?.["attachment"], file?.["text"]], ["a1", ""]);
  server().says({ t: "ack", cmd: file?.["cmd"], conversation: "c", seq: 2, at: 2 });
  assert.deepEqual(sent("send").map((frame) => frame["text"]), ["", "here it is"]);
});

test("a refused file goes up again with one press, under the same cmd", () => {
  const { tab } = browser();
  const { session, attachments, attach, sent, welcome, posts } = tab();
  welcome(conversation("active", 1, { agent: SANNE }));
  attach(fileOf("slip.png"));
  posts[0]?.news.failed("rate_limited");
  const [failed] = session.visit.get().timeline.pending;
  assert.equal(failed?.failed?.code, "rate_limited");
  attachments.retry(failed?.cmd ?? "");
  assert.equal(session.visit.get().timeline.pending[0]?.failed, undefined);
  posts[1]?.news.arrived("a1");
  assert.equal(sent("send")[0]?.["cmd"], failed?.cmd);
});

test("a file goes with its page, with a word; the words behind it are sent from the next page", () => {
  const { tab } = browser();
  const first = tab();
  first.welcome(conversation("active", 1, { agent: SANNE }));
  first.attach(fileOf("slip.png"));
  first.session.send("here it is");
  first.attachments.drop();
  first.server().dies(1006);
  const second = tab();
  second.welcome(conversation("active", 1, { agent: SANNE }));
  const [file, words] = second.session.visit.get().timeline.pending;
  assert.deepEqual([file?.file?.name, file?.failed?.code, words?.failed], ["slip.png", "gone", undefined]);
  assert.ok(second.sent("send").every((frame) => frame["text"] === "here it is"));
  second.session.discard(file?.cmd ?? "");
  assert.equal(second.session.visit.get().timeline.pending.length, 1);
});

test("who leaves a message instead of waiting gives up the place first, also when the page is loaded anew between the two", () => {
  const { tab } = browser();
  const first = tab();
  first.welcome(conversation("queued", 1, { enqueued_at: 1 }));
  first.server().says(queued());
  first.session.leaveMessage({ fields: { email: "eva@jansen.example" }, department: "support", text: "Where is it?" });
  assert.equal(first.sent("leave").length, 1);
  assert.equal(first.sent("start").length, 0, "the place is not given up twice, and nothing starts before it is");
  first.server().dies(1006);
  first.session.stop();
  const { session, server, sent, welcome } = tab();
  welcome(conversation("queued", 1, { enqueued_at: 1 }));
  const [leave] = sent("leave");
  assert.equal(leave?.["cmd"], first.sent("leave")[0]?.["cmd"]);
  server().says({ t: "event", conversation: "c", seq: 2, prev: 1, at: 2, from: ME, kind: "closed", reason: "left", cmd: leave?.["cmd"], waited_ms: 1 });
  server().says({ t: "ack", cmd: leave?.["cmd"], conversation: "c", seq: 2, at: 2 });
  const [start] = sent("start");
  assert.deepEqual([start?.["mode"], start?.["text"]], ["message", "Where is it?"]);
  assert.equal(leftMessage(session.visit.get()), undefined, "nothing is said to be there before the server has it");
  const fields = { email: "eva@jansen.example" };
  server().says({ ...queued(start?.["cmd"]), conversation: "d", mode: "message", fields });
  server().says({ ...said(2, "Where is it?", start?.["cmd"]), conversation: "d" });
  server().says({ t: "ack", cmd: start?.["cmd"], conversation: "d", seq: 2, at: 2 });
  assert.deepEqual(leftMessage(session.visit.get()), { email: "eva@jansen.example", text: "Where is it?" });
  assert.deepEqual(Object.values(session.visit.get().doing).filter(Boolean), []);
  server().says({ t: "event", conversation: "d", seq: 3, prev: 2, at: 3, from: { role: "system" }, kind: "assigned", agent: SANNE, department: "support", waited_ms: 1 });
  assert.equal(leftMessage(session.visit.get()), undefined, "from here on it is a chat");
});

for (const cause of ["blocked", "busy", "refused"] as const) {
  test(`sockets that never open while the server is there: ${cause}`, async () => {
    const { clock, tab } = browser();
    const { session, server, sockets, welcome } = tab(cause);
    for (let failure = 0; failure < 3; failure += 1) {
      server().dies(1006);
      await new Promise((done) => setImmediate(done));
      assert.equal(session.connection.get().kind === "signed_out" || session.barred.get() !== undefined, failure === 2);
      for (let waited = 0; waited < 600 && sockets.length === failure + 1; waited += 1) clock.advance(100);
    }
    if (cause === "refused") assert.equal(session.connection.get().kind, "signed_out");
    else {
      assert.equal(session.barred.get(), cause);
      welcome();
      assert.equal(session.barred.get(), undefined);
    }
  });
}

test("without a socket a message goes over HTTP, under one cmd until it is answered", async () => {
  const { clock, tab } = browser();
  const { session, server, sockets, posted, answers } = tab();
  for (let failure = 0; failure < 3; failure += 1) {
    server().dies(1006);
    await new Promise((done) => setImmediate(done));
    for (let waited = 0; waited < 600 && sockets.length === failure + 1; waited += 1) clock.advance(100);
  }
  assert.equal(session.barred.get(), "blocked");
  answers.push({ code: "unavailable", message: "" }, { token: "token-2" });
  const message = { fields: { email: "eva@jansen.example" }, department: "support", text: "Where is it?" };
  session.leaveMessage(message);
  assert.notEqual(session.visit.get().doing.message, undefined);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual([session.refusedStart.get()?.code, session.visit.get().doing.message], ["unavailable", undefined]);
  session.leaveMessage(message);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(leftMessage(session.visit.get()), { email: "eva@jansen.example", text: "Where is it?" });
  const cmds = posted.map((each) => Reflect.get(each, "cmd"));
  assert.ok(cmds.length === 2 && cmds[0] === cmds[1]);
  assert.equal(session.token(), "token-2");
  session.leaveMessage(message);
  assert.notEqual(Reflect.get(posted[2] ?? {}, "cmd"), cmds[0], "what comes after it is another message");
});

test("an upload that is cancelled leaves nothing behind", () => {
  const { tab } = browser();
  const { session, attach, sent, welcome } = tab();
  welcome(conversation("active", 1, { agent: SANNE }));
  attach(fileOf("slip.png"));
  session.send("never mind");
  session.discard(session.visit.get().timeline.pending[0]?.cmd ?? "");
  assert.deepEqual(session.visit.get().timeline.pending.map(({ text }) => text), ["never mind"]);
  assert.equal(sent("send").length, 1);
});

test("a file that has arrived and waits for the line can be cancelled too, and is then not taken for sent", () => {
  const { tab } = browser();
  const { session, attach, server, sent, welcome, posts } = tab();
  welcome(conversation("active", 1, { agent: SANNE }));
  attach(fileOf("slip.png"));
  server().dies(1006);
  posts[0]?.news.arrived("a1");
  session.discard(session.visit.get().timeline.pending[0]?.cmd ?? "");
  assert.deepEqual(session.visit.get().timeline.pending, []);
  assert.deepEqual(sent("send"), []);
});
