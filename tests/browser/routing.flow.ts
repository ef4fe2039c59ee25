// How far a department reaches: an administrator sets it, and a visitor who comes to a full line is not left standing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { newestLog, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { begins, visitorAt } from "./support/visitor.ts";

test("an administrator says who stands in, how many may wait, and what a person can do", async (t) => {
  const house = await startHouse(t);
  const { page } = await agentAt(t, house, house.admin, "#settings/departments");
  const form = page.getByRole("form");
  const saved = async (): Promise<void> => {
    await page.keyboard.press("Control+s");
    await page.getByRole("status").getByText("Saved").waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
  };
  await page.getByRole("button", { name: "Support" }).click();
  await form.getByRole("switch", { name: "Match the visitor’s language" }).check();
  await form.getByLabel("Give up on a need after").fill("60, 30");
  await form.getByLabel("Longest line").fill("5");
  assert.equal(await form.getByLabel("They also help after").count(), 0, "nobody stands in yet");
  await form.getByLabel("Add a department").selectOption("sales");
  await form.getByLabel("They also help after").fill("1.5");
  await page.keyboard.press("Control+s");
  await form.getByText("Use up to 8 rising numbers of seconds, such as 30, 60.").waitFor();
  await form.getByRole("heading", { name: "When it is busy or closed" }).scrollIntoViewIfNeeded();
  await look(page, "settings-reach");
  await form.getByLabel("Give up on a need after").fill("30, 60");
  await saved();
  const { departments } = (await house.request("GET", "/api/departments")) as { departments: { key: string; routing: unknown }[] };
  assert.deepEqual(departments.find(({ key }) => key === "support")?.routing, {
    relax_after_ms: [30_000, 60_000],
    overflow_after_ms: 90_000,
    stand_ins: ["sales"],
    queue_max: 5,
    speaks: true,
  });
  await page.getByRole("button", { name: "Support" }).click();
  await form.getByRole("button", { name: /Remove.*Sales/ }).click();
  await saved();

  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "People" }).click();
  await page.getByRole("button", { name: "Noor Haddad", exact: true }).click();
  await form.getByLabel("Languages and skills").fill("NL, façade");
  await page.keyboard.press("Control+s");
  await form.getByText("Use at most 32 words of small letters, digits and hyphens.").waitFor();
  await look(page, "settings-skills");
  await form.getByLabel("Languages and skills").fill("NL, billing");
  await saved();
  const { agents } = (await house.request("GET", "/api/agents")) as { agents: { skills: string[] }[] };
  assert.deepEqual(agents[0]?.skills, ["billing", "nl"]);
});

test("who waits when their department closes is told who takes over, and so is whoever reads the log", async (t) => {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/departments/support", { routing: { stand_ins: ["sales"] } });
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  for (const left of [2, 1]) {
    await noor.page.getByRole("button", { name: "One chat fewer at a time" }).click();
    await noor.page.getByText(`0/${left}`, { exact: true }).waitFor();
  }
  const others = await (await somebody(t)).tab();
  await others.goto(`${house.origin}/demo/`);
  await begins(others, "I am served at once");
  await noor.hasChat("I am served at once");
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Do you close at nine?");
  await ana.isNumber(1);
  const since = ana.page.getByRole("dialog").getByText(/^Waiting since/);
  const begun = await since.innerText();
  // A day off, and the next one for a test at midnight.
  const closed = [0, 24].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 10));
  const week = [{ days: [1, 2, 3, 4, 5, 6, 7], from: "00:00", to: "24:00" }];
  await house.request("PATCH", "/api/departments/support", { hours: { tz: "UTC", week, closed } });
  await ana.sees("Sales takes over. You are in line there, and the time you waited counts.");
  await ana.isNumber(1);
  assert.equal((await since.innerText()).slice(0, 19), begun.slice(0, 19), "the same wait goes on");
  await look(ana.page, "waiting-stand-in");

  await noor.waiting().first().click();
  const log = noor.page.getByRole("log");
  await log.getByText("Moved to the line for Sales when the department closed").waitFor();
  assert.equal(await log.getByText("Transferred to").count(), 0);
  await look(noor.page, "inbox-stand-in");
});

test("who comes to a full line is told so, and may leave a message", async (t) => {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/departments/support", { routing: { queue_max: 1 } });
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  for (const left of [2, 1]) {
    await noor.page.getByRole("button", { name: "One chat fewer at a time" }).click();
    await noor.page.getByText(`0/${left}`, { exact: true }).waitFor();
  }
  const demo = `${house.origin}/demo/`;
  const served = await visitorAt(await (await somebody(t)).tab(), demo);
  await served.starts("I am served at once");
  await served.sees("Noor Haddad joined the chat");
  const waits = await visitorAt(await (await somebody(t)).tab(), demo);
  await waits.starts("I wait");
  await waits.isNumber(1);
  const late = await visitorAt(await (await somebody(t)).tab(), demo);
  await late.open();
  const chat = late.page.getByRole("dialog");
  await chat.getByLabel(/^Your question/).fill("Is there room for me?");
  await chat.getByRole("button", { name: "Start the chat" }).click();
  await late.sees("The line is full just now.");
  await look(late.page, "line-full-live");
  await late.page.getByRole("button", { name: "Leave a message" }).click();
  await chat.getByLabel(/email/i).fill("late@shop.example");
  await chat.getByRole("button", { name: "Send message" }).click();
  await late.sees("We have your message.");
  const log = await newestLog(house);
  assert.deepEqual(log.map(({ text }) => text).filter((text) => text !== undefined), ["Is there room for me?"]);
});
