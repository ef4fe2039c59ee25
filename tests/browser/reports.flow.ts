// Reports: what happened shows in sums, charts and tables, goes out as a file, and follows the standard that is set.

import assert from "node:assert/strict";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { PHONE, somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { visitorAt } from "./support/visitor.ts";

test("a report counts what happened, as chart, table and file", async (t) => {
  const house = await startHouse(t);
  const daan = await agentAt(t, house, await house.person("Daan Smit", "agent", ["support"]));
  await daan.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Do you sell bells?");
  await daan.hasChat("Do you sell bells?");
  await daan.says("We do.");
  await ana.hears("We do.");
  await daan.closes();

  const noor = await agentAt(t, house, house.admin);
  const { page } = noor;
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.getByRole("heading", { level: 1, name: "Reports" }).waitFor();
  await page.getByText("1 answered").waitFor();
  await page.getByRole("row", { name: /^Support 1 / }).waitFor();
  await look(page, "reports-waiting");
  const arrivals = page.getByRole("region", { name: "Conversations by day" });
  await arrivals.getByRole("button", { name: /^Table/ }).click();
  assert.equal(await arrivals.getByRole("row").count(), 8, "seven days and the head");
  await page.getByLabel("Time", { exact: true }).selectOption("Today");
  await page.getByRole("region", { name: "Conversations by hour" }).waitFor();
  await page.getByText("1 answered").waitFor();
  await look(page, "reports-hours");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
  assert.match(file.suggestedFilename(), /^balie-figures.*\.csv$/);

  await page.getByLabel("Time", { exact: true }).selectOption("Own range");
  await page.getByLabel("From").fill("2026-01-02");
  await page.getByLabel("Up to and with").fill("2026-01-01");
  await page.getByRole("alert").getByText("not before it").waitFor();
  await page.getByLabel("Time", { exact: true }).selectOption("Last 7 days");

  await page.getByRole("link", { name: "People" }).click();
  await page.getByRole("row", { name: /^Daan Smit 1 / }).waitFor();
  await look(page, "reports-people");
  await page.getByRole("link", { name: "Staffing" }).click();
  await page.getByText(/Too few chats to reckon agents|Nobody came/).waitFor();
  await look(page, "reports-staffing");
  await page.setViewportSize(PHONE);
  const overflow = await page.evaluate(() => {
    const parts = [document.documentElement, ...document.querySelectorAll("main")];
    return parts.some((part) => part.scrollWidth > part.clientWidth);
  });
  assert.equal(overflow, false, "nothing sticks out to the side of a phone");
});

test("a team sets its standard, is told what makes no sense, and is judged by it", async (t) => {
  const house = await startHouse(t);
  const { page } = await agentAt(t, house, house.admin, "#settings/departments");
  await page.getByRole("button", { name: "Support" }).click();
  const form = page.getByRole("form");
  await form.getByLabel("Share of visitors").fill("101");
  await page.keyboard.press("Control+s");
  await form.getByText("from 1 to 99 percent", { exact: false }).waitFor();
  await form.getByText("Standard", { exact: true }).scrollIntoViewIfNeeded();
  await look(page, "settings-standard-refused");
  await form.getByLabel("Share of visitors").fill("90");
  await form.getByLabel("Answered within").fill("0");
  await page.keyboard.press("Control+s");
  await form.getByText("from 1 second to 24 hours", { exact: false }).waitFor();
  await form.getByLabel("Answered within").fill("45");
  await form.getByLabel("Counted of").selectOption("all who came");
  await page.keyboard.press("Control+s");
  await page.getByRole("status").getByText("Saved").waitFor();
  const { departments } = (await house.request("GET", "/api/departments")) as { departments: { key: string; standard: unknown }[] };
  assert.deepEqual(departments.find(({ key }) => key === "support")?.standard, {
    threshold_ms: 45_000,
    target_percent: 90,
    definition: "strict",
  });
  await page.keyboard.press("Escape");
  await page.goto(`${house.origin}/panel/#wall`);
  await page.getByRole("region", { name: "Support", exact: true }).getByText("within 0:45, last 15 min").waitFor();
});
