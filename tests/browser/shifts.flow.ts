// Shifts: a team enters when somebody means to work, and reads it in the list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";

test("a supervisor plans somebody's week, is told what makes no sense, and reads it in the list", async (t) => {
  const house = await startHouse(t);
  await house.person("Daan Smit", "agent", ["support"]);
  const sue = await agentAt(t, house, await house.person("Sue Berg", "supervisor", ["support"]), "#settings/people");
  const { page } = sue;
  const row = page.getByRole("row", { name: /^Daan Smit/ });
  await row.getByText("no plan").waitFor();
  await row.getByRole("button", { name: "Daan Smit" }).click();
  const form = page.getByRole("form");
  await form.getByRole("switch", { name: "Works to a plan" }).check();
  await form.getByLabel("Monday, begins").fill("18:00");
  await page.keyboard.press("Control+s");
  await form.getByRole("alert").getByText("It ends before it begins").waitFor();
  await form.getByLabel("Monday, begins").fill("00:00");
  await form.getByLabel("Monday, ends").fill("00:00");
  await form.getByRole("button", { name: "Every weekday as on Monday" }).click();
  await form.getByLabel("Time zone").selectOption("Europe/Amsterdam");
  await form.getByRole("heading", { name: "Shifts" }).scrollIntoViewIfNeeded();
  await look(page, "settings-shifts");
  await page.keyboard.press("Control+s");
  await page.getByRole("status").getByText("Saved").waitFor();
  const { rotas } = (await house.request("GET", "/api/rotas")) as { rotas: { rota: unknown }[] };
  const week = [{ days: [1, 2, 3, 4, 5], from: "00:00", to: "24:00" }];
  const rota = { tz: "Europe/Amsterdam", week, closed: [] };
  assert.deepEqual(rotas.map((one) => one.rota), [rota]);
  await row.getByText(/^(In a shift until|Next shift)/).waitFor();

  await row.getByRole("button", { name: "Daan Smit" }).click();
  await form.getByRole("switch", { name: "Works to a plan" }).uncheck();
  await page.keyboard.press("Control+s");
  await row.getByText("no plan").waitFor();
  assert.deepEqual(await house.request("GET", "/api/rotas"), { rotas: [] });
});
