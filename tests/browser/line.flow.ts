// Waiting in line: the place is live, leaving is asked once, offers ring, and a supervisor sees what goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { DESKTOP, somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { begins, visitorAt } from "./support/visitor.ts";

test("who stands behind somebody that leaves the line moves up, and is served next", async (t) => {
  const house = await startHouse(t);
  const demo = `${house.origin}/demo/`;
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  for (const left of [2, 1]) {
    await noor.page.getByRole("button", { name: "One chat fewer at a time" }).click();
    await noor.page.getByText(`0/${left}`, { exact: true }).waitFor();
  }
  await look(noor.page, "inbox-quiet");

  const cas = await visitorAt(await (await somebody(t)).tab(), demo);
  await cas.starts("I am served at once");
  await cas.sees("Noor Haddad joined the chat");
  const ana = await visitorAt(await (await somebody(t)).tab(), demo);
  await ana.starts("Is the Duin in stock?");
  await ana.isNumber(1);
  await ana.sees("You are next");
  const bram = await visitorAt(await (await somebody(t)).tab(), demo);
  await bram.starts("My tyre is flat");
  await bram.isNumber(2);
  await bram.sees("1 person before you");
  await look(bram.page, "waiting-second");
  await until("both are in the agent's list", async () => (await noor.waiting().count()) === 2);
  assert.deepEqual(await noor.waiting().locator(".row-b").allInnerTexts(), ["Is the Duin in stock?", "My tyre is flat"]);
  await look(noor.page, "inbox-two-wait");

  await ana.page.getByRole("button", { name: "Leave the line" }).click();
  await ana.sees("Leave the line?");
  await look(ana.page, "leave-question");
  await ana.page.getByRole("button", { name: "Leave", exact: true }).click();
  await ana.sees("You left the line");
  await look(ana.page, "left");
  await bram.isNumber(1);
  await bram.sees("You are next");
  await noor.hasChat("I am served at once");
  await noor.closes();
  await bram.sees("Noor Haddad joined the chat");
  await noor.page.getByRole("log").getByText("My tyre is flat").waitFor();
});

test("who waits is told how long once chats have been seen to end, and that it is too early before", async (t) => {
  const house = await startHouse(t);
  const demo = `${house.origin}/demo/`;
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  for (const left of [2, 1]) {
    await noor.page.getByRole("button", { name: "One chat fewer at a time" }).click();
    await noor.page.getByText(`0/${left}`, { exact: true }).waitFor();
  }
  const others = await (await somebody(t)).tab();
  await others.goto(demo);
  await begins(others, "Question 0");
  await noor.hasChat("Question 0");
  const ana = await visitorAt(await (await somebody(t)).tab(), demo);
  await ana.starts("Is the Duin in stock?");
  await ana.isNumber(1);
  await ana.sees("Too early to say how long");
  await ana.page.getByRole("button", { name: "Leave the line" }).click();
  await ana.page.getByRole("button", { name: "Leave", exact: true }).click();
  await ana.sees("You left the line");
  await noor.closes();
  for (let number = 1; number <= 6; number += 1) {
    await begins(others, `Question ${number}`);
    await noor.hasChat(`Question ${number}`);
    if (number < 6) await noor.closes();
  }
  const bram = await visitorAt(await (await somebody(t)).tab(), demo);
  await bram.starts("My tyre is flat");
  await bram.isNumber(1);
  await bram.sees("You are next");
  await bram.sees(/Less than a minute|About \d/);
  await look(bram.page, "waiting-promised");
  await noor.closes();
  await bram.sees("Noor Haddad joined the chat");
  await noor.hasChat("My tyre is flat");
  await noor.sees(/^Support · waited \d+:\d\d$/);
  for (const width of [1024, DESKTOP.width, 1440]) {
    await noor.page.setViewportSize({ width, height: DESKTOP.height });
    assert.deepEqual(await cutIn(noor.page, ".conv-head"), [], `nothing of the head is cut at ${width} pixels`);
  }
  await noor.page.setViewportSize(DESKTOP);
  await look(noor.page, "inbox-waited");
});

/** The texts that do not fit the boxes they stand in. */
async function cutIn(page: Page, part: string): Promise<string[]> {
  return page.locator(`${part}, ${part} :is(h2, p, button)`).evaluateAll((boxes) =>
    boxes.filter((box) => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1).map((box) => box.textContent),
  );
}

test("an offer that one agent declines rings for the next, and stays out of the way of who is not asked", async (t) => {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/departments/support", { mode: "offer" });
  const daan = await agentAt(t, house, await house.person("Daan Smit"));
  await daan.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Can I return a helmet?");
  await daan.sees("Can I return a helmet?");
  const offer = daan.page.getByRole("region", { name: "Incoming offer" });
  await offer.waitFor();
  await look(daan.page, "offer");

  const eva = await agentAt(t, house, await house.person("Eva Vos"));
  await eva.goesOnline();
  await offer.getByRole("button", { name: "Decline" }).click();
  await offer.waitFor({ state: "detached" });
  const next = eva.page.getByRole("region", { name: "Incoming offer" });
  await next.waitFor();
  await eva.page.keyboard.press("Alt+a");
  await ana.sees("Eva Vos joined the chat");
  await eva.hasChat("Can I return a helmet?");
  await next.waitFor({ state: "detached" });
  assert.equal(await daan.page.getByRole("log").count(), 0);
});

test("an offer that nobody answers goes on, and the agent is told", async (t) => {
  const house = await startHouse(t, { settings: { BALIE_RING_MS: "1500" } });
  await house.request("PATCH", "/api/departments/support", { mode: "offer" });
  const daan = await agentAt(t, house, await house.person("Daan Smit"));
  await daan.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Hello there");
  await daan.page.getByRole("region", { name: "Incoming offer" }).waitFor();
  await daan.sees(/went to the next in line$/);
  await look(daan.page, "offer-missed", { sizes: ["desk"] });
});
