// Several people at the desk: a chat is passed on, watched, whispered about and taken over, and the visitor sees the same
// chat all along.

import assert from "node:assert/strict";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { visitorAt } from "./support/visitor.ts";

test("a chat goes to a colleague with a note, and then to a department where it waits", async (t) => {
  const house = await startHouse(t);
  const daan = await agentAt(t, house, await house.person("Daan Smit", "agent", ["support"]));
  await daan.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("I want twelve bikes");
  await daan.hasChat("I want twelve bikes");
  await daan.says("Twelve? One moment.");
  await ana.hears("Twelve? One moment.");

  const sanne = await agentAt(t, house, await house.person("Sanne de Wit", "agent", ["support"]));
  await sanne.goesOnline();
  await daan.page.locator(".conv-head").getByRole("button", { name: "Transfer" }).click();
  await daan.page.getByRole("dialog").getByText("Sanne de Wit").waitFor();
  await look(daan.page, "transfer-dialog");
  await daan.page.keyboard.press("Escape");
  await daan.transfers("Sanne de Wit", "Twelve bikes, needs an invoice");
  await sanne.hasChat("I want twelve bikes");
  await sanne.sees("Twelve bikes, needs an invoice");
  await sanne.reads(["I want twelve bikes", "Twelve? One moment."]);
  await ana.sees("Daan Smit passed you on to Sanne de Wit. Sanne de Wit can read everything above.");
  await sanne.says("Hello, I do invoices.");
  await ana.reads(["I want twelve bikes", "Twelve? One moment.", "Hello, I do invoices."]);
  await look(ana.page, "transferred");
  assert.equal(await daan.page.getByRole("log").count(), 0);

  await sanne.transfers("Sales");
  await ana.sees("Sanne de Wit passed you on to Sales. You are in line there.");
  await ana.isNumber(1);
  await look(ana.page, "waiting-again");
  const eva = await agentAt(t, house, await house.person("Eva Vos", "agent", ["sales"]));
  await eva.goesOnline();
  await ana.sees("Eva Vos joined the chat");
  await eva.reads(["I want twelve bikes", "Twelve? One moment.", "Hello, I do invoices."]);
  assert.ok(!(await ana.page.getByRole("dialog").innerText()).includes("needs an invoice"));
});

test("a supervisor watches in silence, whispers, and takes over", async (t) => {
  const house = await startHouse(t);
  const daan = await agentAt(t, house, await house.person("Daan Smit"));
  await daan.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("This is the third time");
  await daan.hasChat("This is the third time");
  await daan.says("I am sorry to hear it.");
  await ana.hears("I am sorry to hear it.");

  const iris = await agentAt(t, house, await house.person("Iris Bos", "supervisor"), "#history");
  await iris.page.getByText("This is the third time").first().click();
  await iris.page.getByRole("link", { name: "Open in the inbox" }).click();
  await iris.reads(["This is the third time", "I am sorry to hear it."]);
  await iris.sees("You follow Daan Smit’s chat silently. Only notes reach them.");
  await daan.page.getByTitle("Iris Bos follows this chat silently").waitFor();
  await look(iris.page, "watching");
  await daan.says("What happened?");
  await iris.hears("What happened?");
  assert.ok(!(await ana.page.getByRole("dialog").innerText()).includes("Iris"));

  await iris.page.locator("[data-composer]").fill("Offer the free repair");
  await iris.page.locator("[data-composer]").press("Enter");
  await daan.sees("Offer the free repair");
  await daan.sees("Note by Iris Bos");
  await look(daan.page, "whisper");

  await iris.page.getByRole("button", { name: "Take over" }).click();
  await ana.sees("Iris Bos joined the chat");
  assert.ok(!(await ana.page.getByRole("dialog").innerText()).includes("passed you on"));
  await daan.sees(/^Iris Bos took .+ chat$/);
  await iris.says("I take this from here.");
  await ana.reads(["This is the third time", "I am sorry to hear it.", "What happened?", "I take this from here."]);
  assert.ok(!(await ana.page.getByRole("dialog").innerText()).includes("free repair"));
  await look(ana.page, "taken-over");
});
