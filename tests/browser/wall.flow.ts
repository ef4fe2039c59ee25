// The team lead's wall: what happens at the desk shows at once, by keyboard and on a big screen, on a phone too.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { DESKTOP, PHONE, somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";

/** Whether anything sticks out to the side. */
async function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const parts = [document.documentElement, ...document.querySelectorAll("main")];
    return parts.some((part) => part.scrollWidth > part.clientWidth);
  });
}

test("the wall follows the line, the agents and what became of those who came", async (t) => {
  const house = await startHouse(t);
  // A slow machine keeps this one, too.
  const standard = { threshold_ms: 600_000, target_percent: 80, definition: "without_short" };
  await house.request("PATCH", "/api/departments/support", { standard });
  const sue = await agentAt(t, house, await house.person("Sue Berg", "supervisor", ["support"]));
  await sue.page.keyboard.press("g");
  await sue.page.keyboard.press("w");
  await sue.page.getByRole("heading", { level: 1, name: "Wall" }).waitFor();
  const support = sue.page.getByRole("region", { name: "Support", exact: true });
  await support.getByText("Nobody waits").waitFor();
  await support.getByText("not known yet").waitFor();
  const waiting = () => support.locator(".big").innerText();

  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Is my bike ready?");
  await until("the wall shows who waits", async () => (await waiting()) === "1");
  await look(sue.page, "wall-waiting");

  const daan = await agentAt(t, house, await house.person("Daan Smit", "agent", ["support"]));
  await daan.goesOnline();
  await daan.hasChat("Is my bike ready?");
  await until("nobody waits", async () => (await waiting()) === "0");
  const agents = sue.page.getByRole("region", { name: "Agents", exact: true });
  await agents.getByRole("row", { name: /Daan Smit/ }).getByText("Online").waitFor();
  await agents.getByRole("img", { name: "1 of 3 chats taken" }).waitFor();
  await support.getByText("1 of 1").waitFor();
  // She waits for a word, and then has had one.
  const row = agents.getByRole("row", { name: /Daan Smit/ });
  await row.getByText(/^\d:\d\d$/).waitFor();
  await daan.says("It is.");
  await row.getByText("none", { exact: true }).waitFor();
  const figures = sue.page.getByRole("region", { name: "Figures, Support" });
  await figures.getByRole("row", { name: /^Greeted in 60 s \d of 1 \d of 1$/ }).waitFor();

  // The trend as a table, by key.
  const level = sue.page.getByRole("region", { name: "Service level, Support" });
  await level.getByRole("button", { name: /^Table/ }).focus();
  await sue.page.keyboard.press("Enter");
  await level.getByRole("cell", { name: "100%" }).waitFor();
  await sue.page.keyboard.press("Enter");
  await level.getByRole("group").focus();
  await sue.page.keyboard.press("ArrowLeft");
  await level.getByText(/Within standard 100%/).waitFor();
  await look(sue.page, "wall");

  await sue.page.setViewportSize(PHONE);
  assert.equal(await scrollsSideways(sue.page), false);
  await sue.page.setViewportSize(DESKTOP);
  await level.getByRole("group").blur();
  await sue.page.keyboard.press("b");
  await sue.page.locator(".big-wall").getByRole("region", { name: "Support" }).waitFor();
  await look(sue.page, "wall-big");
  const bert = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await bert.starts("Sales, please", "Sales");
  const sales = sue.page.getByRole("region", { name: "Sales" });
  await until("the big screen shows who waits", async () => (await sales.locator(".bw-n").innerText()) === "1");
  await sue.page.keyboard.press("b");
  await sue.page.getByRole("heading", { level: 1, name: "Wall" }).waitFor();
  await sue.page.getByRole("navigation", { name: "Balie" }).waitFor();
});

test("figures are the team lead's: an agent is not led to them", async (t) => {
  const house = await startHouse(t);
  const daan = await agentAt(t, house, await house.person("Daan Smit", "agent", ["support"]), "#wall");
  await daan.page.getByRole("region", { name: "Conversations" }).or(daan.page.getByRole("group", { name: "My availability" })).first().waitFor();
  assert.equal(await daan.page.getByRole("link", { name: "Wall" }).count(), 0);
  assert.equal(await daan.page.getByRole("link", { name: "Reports" }).count(), 0);
});
