// Every state of the widget up to the chat, seen as somebody may have to see it: without violations that axe can find, within the
// screen, and large enough for a finger. The gallery looks at the same states in more languages, sizes and colours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "./support/faults.ts";
import { startServer } from "./support/server.ts";
import { STATES } from "./support/states.ts";

for (const part of ["before", "waiting"] as const) {
  test(`${part}: every state on a phone keeps to WCAG 2.2 AA, fits the screen, and has targets for a finger`, async (t) => {
    const { origin } = await startServer(t);
    assert.deepEqual(await faultsOf(t, origin, STATES[part]), []);
  });
}

test("at 200 % what only tells something can be scrolled by key, and is not wider than its place", async (t) => {
  const { origin } = await startServer(t);
  const telling = Object.values(STATES).flat().filter(({ name }) => ["message-sent", "line-full", "down", "refused"].includes(name));
  assert.equal(telling.length, 4);
  assert.deepEqual(await faultsOf(t, origin, telling, { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }), []);
});
