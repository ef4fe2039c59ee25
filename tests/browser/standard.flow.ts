// The standard of a department: set in words that make sense, and what it is judged by.

import assert from "node:assert/strict";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";

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
