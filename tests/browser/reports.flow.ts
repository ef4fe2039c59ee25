// Reports: what happened shows in sums, charts and tables, of any time, and goes out as a file.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Download } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { PHONE, somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { begins, visitorAt } from "./support/visitor.ts";

async function textOf(file: Download): Promise<string> {
  return readFile(await file.path(), "utf8");
}

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
  const heat = page.getByRole("region", { name: "Weekdays and hours" });
  await heat.getByRole("cell", { name: "1", exact: true }).waitFor();
  await heat.getByText("In standard").click();
  await heat.getByRole("cell", { name: "100%" }).waitFor();
  const [week] = await Promise.all([page.waitForEvent("download"), heat.getByRole("link", { name: "CSV" }).click()]);
  assert.match(await textOf(week), /^[1-7]-\d\d,,1,1,/mu);

  const time = page.getByRole("button", { name: /^Time: / });
  const chosen = page.getByRole("group", { name: "Time", exact: true });
  await time.click();
  await look(page, "reports-range");
  await chosen.getByRole("button", { name: "Today" }).click();
  await page.getByRole("region", { name: "Conversations by hour" }).waitFor();
  await page.getByText("1 answered").waitFor();
  await look(page, "reports-hours");
  const all = page.getByRole("main").getByRole("link", { name: "CSV" }).last();
  const [file] = await Promise.all([page.waitForEvent("download"), all.click()]);
  assert.match(file.suggestedFilename(), /^balie-figures.*\.csv$/);

  await time.click();
  await chosen.getByRole("button", { name: "Own range" }).click();
  await chosen.getByLabel("From").fill("2026-01-02");
  await chosen.getByLabel("Up to and with").fill("2026-01-01");
  await page.getByRole("alert").getByText("not before it").waitFor();
  await chosen.getByRole("button", { name: "This month" }).click();
  await time.click();
  // Two days by the calendar, the later one first, and one by the keyboard.
  await chosen.getByRole("button", { name: "The month before" }).click();
  await chosen.getByRole("button", { name: /^20 |^\w+ 20$/ }).click();
  await chosen.getByText("Now press the last day.").waitFor();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /Own range.*13\D.*20/ }).waitFor();
  await page.getByText("Nothing happened in this time.").first().waitFor();
  await page.keyboard.press("Escape");
  await time.click();
  await chosen.getByRole("button", { name: "Last 7 days" }).click();

  await page.getByRole("link", { name: "Ratings" }).click();
  await page.getByText("Nobody rated a chat of this time.").waitFor();
  await ana.page.getByRole("radio", { name: "Good", exact: true }).check({ force: true });
  await ana.page.getByRole("button", { name: "Send rating" }).click();
  await ana.sees("You rated this chat 4 of 5");
  await page.reload();
  await page.getByText("1 of 1 chats").waitFor();
  const scores = page.getByRole("region", { name: "Scores" });
  await scores.getByRole("row", { name: "4 1 100%" }).waitFor();
  await page.getByRole("region", { name: "By agent" }).getByRole("row", { name: /^Daan Smit 4.0 1 / }).waitFor();
  await look(page, "reports-ratings");

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

test("what came of the promises is told for each department, and where nothing can be told, why", async (t) => {
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
  for (let number = 1; number <= 7; number += 1) {
    await begins(others, `Question ${number}`);
    await noor.hasChat(`Question ${number}`);
    if (number < 7) await noor.closes();
  }
  const bram = await visitorAt(await (await somebody(t)).tab(), demo);
  await bram.starts("My tyre is flat");
  await bram.sees(/Less than a minute|About \d/);

  const lead = await agentAt(t, house, await house.person("Sue Berg", "supervisor", ["support"]), "#reports");
  const { page } = lead;
  const promises = page.getByRole("region", { name: "What came of the promises" });
  const row = (name: RegExp) => promises.getByRole("row", { name });
  // The wait goes on: there is a promise, and nothing to judge it by.
  await until("the promise is in the report", async () => {
    await page.reload();
    await promises.getByText(/Nobody was promised|Too few promises/).waitFor();
    return (await row(/^Support 0 – – – –$/).count()) === 1;
  });
  await promises.getByText("Too few promises to say anything: 0 of 20. What came of one more is not known yet.").waitFor();
  await noor.closes();
  await bram.sees("Noor Haddad joined the chat");
  await until("it is judged", async () => {
    await page.reload();
    await promises.getByRole("table").waitFor();
    return (await row(/^Support 1 [01] of 1 \d+:\d\d too few /).count()) === 1;
  });
  await row(/^All 1 [01] of 1 \d+:\d\d too few /).waitFor();
  await promises.scrollIntoViewIfNeeded();
  await look(page, "reports-promises");

  await page.getByRole("combobox", { name: "Department" }).selectOption("sales");
  await promises.getByText("Nobody was promised a wait in this time").waitFor();
  await page.getByRole("combobox", { name: "Department" }).selectOption("support");
  await row(/^Support 1 /).waitFor();
  assert.equal(await row(/^All/).count(), 0, "one department is no sum");
  await page.getByRole("button", { name: /^Time: / }).click();
  const chosen = page.getByRole("group", { name: "Time", exact: true });
  await chosen.getByRole("button", { name: "Own range" }).click();
  await chosen.getByLabel("From").fill("2025-01-01");
  await chosen.getByLabel("Up to and with").fill("2025-03-01");
  await promises.getByText("31 days at most. Choose a shorter time.").waitFor();
  await chosen.getByLabel("Up to and with").fill("2025-01-31");
  await promises.getByText("Promises are forgotten after 90 days.").waitFor();
});
