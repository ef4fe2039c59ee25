// The widget in Firefox: a chat from the first question to the answer, over a reload and a restart of the server; and what
// Firefox alone does: it never asks again for a module that could not be loaded.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { PICTURES } from "./support/browser.ts";
import { firefoxAt } from "./support/firefox.ts";
import { startHouse } from "./support/house.ts";

test("a visitor with Firefox chats, reloads, and loses nothing", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  const ana = await firefoxAt(t, `${house.origin}/demo/`);
  await ana.opens();
  await ana.presses("Start a chat");
  await ana.fills("textarea", "Do you repair bells?");
  await ana.presses("Start the chat");
  await ana.sees("You keep place 1 in line");
  await ana.page.screenshot({ path: join(PICTURES, "firefox-waiting.png") });

  await noor.goesOnline();
  await noor.hasChat("Do you repair bells?");
  await noor.says("We do, while you wait.");
  await ana.sees("We do, while you wait.");
  await ana.says("Splendid, see you at four.");
  await noor.hears("Splendid, see you at four.");

  await ana.page.reload();
  await ana.sees("Splendid, see you at four.");
  assert.equal(await ana.count("We do, while you wait."), 1);

  await house.stop("SIGKILL");
  await ana.says("Still there?");
  await house.startAgain();
  await noor.hears("Still there?");
  await noor.says("Still here.");
  await ana.sees("Still here.");
  assert.equal(await ana.count("Still there?"), 1);
  await ana.page.screenshot({ path: join(PICTURES, "firefox-chat.png") });
  assert.deepEqual(ana.faults, []);
});

test("a part of the chat that did not come is asked for again, and stands there without a press", async (t) => {
  const house = await startHouse(t);
  const ana = await firefoxAt(t, "about:blank");
  let isLost = true;
  await ana.page.setRequestInterception(true);
  ana.page.on("request", (request) => void (isLost && request.url().includes("/later_forms") ? request.abort() : request.continue()));
  await ana.page.goto(`${house.origin}/demo/`);
  await ana.opens();
  await ana.sees("The chat does not answer just now.");
  isLost = false;
  await ana.sees("Write down your question and we answer by email.");
});
