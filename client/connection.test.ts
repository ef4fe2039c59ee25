import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs, spreadMs } from "./backoff.ts";
import { type Connection, createConnection } from "./connection.ts";
import { fakeClock, fakeSocket, type FakeSocket, fakeSurroundings, seeded } from "./fakes.ts";

type Out = { t: "hello"; token?: string } | { t: "ping"; n: number } | { t: "send"; cmd?: string; text: string };
type In = { t: string };

/** Half of a second of jitter at most on the first try, so this is past it. */
const FIRST_RETRY_MS = 1_100;
const WELCOME = { t: "welcome", now: 1 };

function setUp(overrides: { isStillWelcome?: () => Promise<boolean>; random?: () => number } = {}) {
  const clock = fakeClock();
  const surroundings = fakeSurroundings();
  const sockets: FakeSocket[] = [];
  const frames: In[] = [];
  const closes: number[] = [];
  let token: string | undefined = "old";
  const connection: Connection<Out> = createConnection<Out, In>({
    url: "ws://test/ws",
    open: () => {
      const socket = fakeSocket();
      sockets.push(socket);
      return socket;
    },
    clock,
    random: seeded(1),
    surroundings,
    hello: () => (token === undefined ? { t: "hello" } : { t: "hello", token }),
    ping: (n) => ({ t: "ping", n }),
    onFrame: (frame) => frames.push(frame),
    onClose: (code) => closes.push(code),
    onUnauthorized: () => {
      const had = token !== undefined;
      token = undefined;
      return had;
    },
    ...overrides,
  });
  const last = (): FakeSocket => {
    const socket = sockets.at(-1);
    assert.ok(socket, "no socket was opened");
    return socket;
  };
  const welcome = (): FakeSocket => {
    last().opens();
    last().says(WELCOME);
    return last();
  };
  return { clock, surroundings, sockets, frames, closes, connection, last, welcome };
}

test("it says hello on opening and is open when it is welcomed", () => {
  const { connection, last } = setUp();
  connection.start();
  assert.equal(connection.state.get().kind, "connecting");
  last().opens();
  assert.deepEqual(last().sent, [{ t: "hello", token: "old" }]);
  assert.equal(connection.send({ t: "send", text: "too early" }), false);
  last().says(WELCOME);
  assert.equal(connection.state.get().kind, "open");
  assert.equal(connection.send({ t: "send", text: "now" }), true);
});

test("it reconnects by itself and takes no frame of the old socket", () => {
  const { clock, connection, sockets, frames, last, welcome } = setUp();
  connection.start();
  const first = welcome();
  first.dies(1006);
  assert.equal(connection.state.get().kind, "waiting");
  clock.advance(FIRST_RETRY_MS);
  assert.equal(sockets.length, 2);
  const before = frames.length;
  first.says({ t: "event" });
  assert.equal(frames.length, before);
  last().opens();
  assert.equal(last().sent.length, 1);
});

test("tries are never closer than a second and grow to half a minute", () => {
  const { clock, connection, sockets, last } = setUp();
  connection.start();
  const at: number[] = [];
  for (let step = 0; step < 400_000; step += 50) {
    if (sockets.length > at.length) {
      at.push(clock.now());
      last().dies(1006);
    }
    clock.advance(50);
  }
  const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  assert.ok(Math.min(...gaps) >= 1_000, `a gap of ${Math.min(...gaps)} ms`);
  assert.ok(Math.max(...gaps) <= 30_100, `a gap of ${Math.max(...gaps)} ms`);
  assert.ok(at.length < 60, `${at.length} tries in 400 s`);
});

test("a server that welcomes and drops at once is not hammered", () => {
  const { clock, connection, sockets, last, welcome } = setUp();
  connection.start();
  let count = 0;
  for (let step = 0; step < 120_000; step += 50) {
    if (sockets.length > count && !last().isClosed) {
      count = sockets.length;
      welcome();
      last().dies(1006);
    }
    clock.advance(50);
  }
  assert.ok(count < 25, `${count} connections in two minutes`);
});

test("after bye it comes back at the named time, not before, even if the page becomes visible", () => {
  const { clock, surroundings, connection, sockets, welcome } = setUp();
  connection.start();
  const socket = welcome();
  socket.says({ t: "bye", reason: "restart", retry_ms: 8_000 });
  socket.dies(1012);
  clock.advance(7_900);
  surroundings.change("visible");
  surroundings.change("online");
  assert.equal(sockets.length, 1);
  clock.advance(8_200);
  assert.equal(sockets.length, 2);
});

test("it tries at once when the browser comes online or the page becomes visible", () => {
  for (const change of ["online", "visible"] as const) {
    const { clock, surroundings, connection, sockets, last } = setUp({ random: () => 0.999 });
    connection.start();
    for (let failures = 0; failures < 8; failures += 1) {
      last().dies(1006);
      clock.advance(31_000);
    }
    last().dies(1006);
    clock.advance(5_000);
    assert.equal(connection.state.get().kind, "waiting");
    const before = sockets.length;
    surroundings.change(change);
    clock.advance(0);
    assert.equal(sockets.length, before + 1);
  }
});

test("without a network it says offline and tries rarely, because the browser may be wrong", () => {
  const { clock, surroundings, connection, sockets, welcome } = setUp();
  connection.start();
  surroundings.online = false;
  welcome().dies(1006);
  assert.equal(connection.state.get().kind, "offline");
  clock.advance(9_000);
  assert.equal(sockets.length, 1);
  clock.advance(1_000);
  assert.equal(sockets.length, 2);
});

test("a line that carries nothing after a ping is given up", () => {
  const { clock, connection, sockets, last, welcome, closes } = setUp();
  connection.start();
  const socket = welcome();
  clock.advance(25_000);
  assert.deepEqual(last().sent.at(-1), { t: "ping", n: 1 });
  socket.says({ t: "pong", n: 1, now: 2 });
  clock.advance(25_000 + 9_999);
  assert.equal(connection.state.get().kind, "open");
  clock.advance(1);
  assert.equal(connection.state.get().kind, "waiting");
  assert.ok(socket.isClosed);
  assert.deepEqual(closes, [1006]);
  clock.advance(FIRST_RETRY_MS);
  assert.equal(sockets.length, 2);
});

test("whoever sends a command into a dead line finds out within fifteen seconds", () => {
  const { clock, connection, sockets, welcome } = setUp();
  connection.start();
  const dead = welcome();
  connection.send({ t: "send", cmd: "1", text: "anybody?" });
  clock.advance(14_999);
  assert.equal(connection.state.get().kind, "open");
  clock.advance(1);
  assert.equal(connection.state.get().kind, "waiting");
  clock.advance(FIRST_RETRY_MS);
  assert.ok(dead.isClosed);
  assert.equal(sockets.length, 2);
});

test("a network that came back does not wait for what was asked of the one before it", () => {
  const { clock, connection, surroundings, sockets, last } = setUp();
  connection.start();
  clock.advance(1_000);
  surroundings.change("online");
  clock.advance(0);
  assert.ok(sockets[0]?.isClosed);
  assert.equal(sockets.length, 2);
  last().opens();
  last().says(WELCOME);
  assert.equal(connection.state.get().kind, "open");
});

test("a hello that the server puts off is said again on the same socket, not before its time", () => {
  const { clock, connection, sockets, last } = setUp({ random: () => 0 });
  connection.start();
  last().opens();
  last().says({ t: "error", code: "unavailable", message: "The store does not answer.", retry_ms: 20_000 });
  clock.advance(19_999);
  assert.equal(last().sent.length, 1);
  clock.advance(1);
  assert.deepEqual(last().sent.map(({ t }) => t), ["hello", "hello"]);
  last().says(WELCOME);
  assert.equal(connection.state.get().kind, "open");
  assert.equal(sockets.length, 1);
});

test("a socket that is never welcomed is given up", () => {
  const { clock, connection, last, sockets } = setUp();
  connection.start();
  last().opens();
  clock.advance(15_000);
  assert.equal(sockets[0]?.isClosed, true);
  assert.equal(connection.state.get().kind, "waiting");
});

test("a refused token is dropped and hello is said once without it; refused again it is signed out", () => {
  const { clock, connection, sockets, last } = setUp();
  connection.start();
  last().opens();
  last().says({ t: "error", code: "unauthorized", message: "no" });
  clock.advance(FIRST_RETRY_MS);
  assert.equal(sockets.length, 2);
  last().opens();
  assert.deepEqual(last().sent, [{ t: "hello" }]);
  last().says({ t: "error", code: "unauthorized", message: "no" });
  assert.equal(connection.state.get().kind, "signed_out");
  clock.advance(600_000);
  assert.equal(sockets.length, 2);
});

test("bye signed_out ends it for good", () => {
  const { clock, connection, sockets, welcome } = setUp();
  connection.start();
  welcome().says({ t: "bye", reason: "signed_out", retry_ms: 0 });
  assert.equal(connection.state.get().kind, "signed_out");
  clock.advance(600_000);
  assert.equal(sockets.length, 1);
});

test("a site that will not have us is not asked again", () => {
  const { clock, connection, sockets, last } = setUp();
  connection.start();
  last().opens();
  last().says({ t: "error", code: "forbidden", message: "This page is not one of the site's." });
  assert.deepEqual(connection.state.get(), { kind: "refused", message: "This page is not one of the site's." });
  clock.advance(600_000);
  assert.equal(sockets.length, 1);
});

test("a forbidden that is about one conversation ends nothing", () => {
  const { connection, last } = setUp();
  connection.start();
  last().opens();
  last().says({ t: "error", code: "forbidden", message: "no", conversation: "c" });
  last().says(WELCOME);
  assert.equal(connection.state.get().kind, "open");
});

test("hello is repeated on the same socket, once for many wishes, and not while it is unanswered", () => {
  const { clock, connection, welcome } = setUp();
  connection.start();
  const socket = welcome();
  connection.helloAgain();
  connection.helloAgain();
  clock.advance(1_000);
  connection.helloAgain();
  clock.advance(1_000);
  assert.equal(socket.sent.filter(({ t }) => t === "hello").length, 2);
  socket.says(WELCOME);
  connection.helloAgain();
  clock.advance(1_000);
  assert.equal(socket.sent.filter(({ t }) => t === "hello").length, 3);
});

test("a refused upgrade makes it ask whether it is still welcome", async () => {
  const { connection, last } = setUp({ isStillWelcome: () => Promise.resolve(false) });
  connection.start();
  last().dies(1006);
  assert.equal(connection.state.get().kind, "waiting");
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(connection.state.get().kind, "signed_out");
});

test("stop ends the socket and every timer; start begins again", () => {
  const { clock, connection, sockets, welcome } = setUp();
  connection.start();
  const socket = welcome();
  connection.stop();
  assert.ok(socket.isClosed);
  clock.advance(600_000);
  assert.equal(sockets.length, 1);
  assert.equal(connection.state.get().kind, "idle");
  connection.start();
  assert.equal(sockets.length, 2);
});

test("frames from a newer server and noise are not feared", () => {
  const { connection, frames, last, welcome } = setUp();
  connection.start();
  welcome();
  last().onmessage?.(new MessageEvent("message", { data: "{not json" }));
  last().onmessage?.(new MessageEvent("message", { data: "[1,2]" }));
  last().onmessage?.(new MessageEvent("message", { data: new ArrayBuffer(3) }));
  last().says({ t: "hologram", depth: 3 });
  assert.equal(connection.state.get().kind, "open");
  assert.deepEqual(frames.map(({ t }) => t), ["welcome", "hologram"]);
});

test("jitter is full: waits are spread over the whole range", () => {
  const random = seeded(7);
  const waits = Array.from({ length: 2_000 }, () => backoffMs(6, random));
  assert.ok(Math.min(...waits) < 1_000);
  assert.ok(Math.max(...waits) > 29_000);
  const spread = Array.from({ length: 2_000 }, () => spreadMs(4_000, random));
  assert.ok(Math.min(...spread) >= 4_000 && Math.max(...spread) > 7_500);
});
