// Without a pointer: the whole chat by keyboard alone, the panel by its keys, and the chat under a thumb.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { PHONE, somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";

/** Name and role of what has the focus, looked for inside the widget too. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (!(element instanceof HTMLElement)) return "";
    const labelled = "labels" in element && element.labels instanceof NodeList ? element.labels[0]?.textContent : undefined;
    return (element.getAttribute("aria-label") ?? labelled ?? element.innerText).trim().replace(/\s+/g, " ");
  });
}

async function tabUntil(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let step = 0; step < 30; step += 1) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    if (typeof name === "string" ? now === name : name.test(now)) return;
    seen.push(now);
  }
  assert.fail(`${String(name)} cannot be reached; the focus went through ${seen.join(", ")}`);
}

test("a visitor opens the chat, asks, answers, ends it and rates it by keyboard alone", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  const { keyboard } = ana.page;
  const press = (key: string) => keyboard.press(key);

  await tabUntil(ana.page, /^(Chat with us|Leave a message)/);
  await press("Enter");
  await until("the focus is in the form", async () => (await focused(ana.page)) === "What is it about?");
  await press("Tab");
  await keyboard.type("Are you open on Monday?");
  await tabUntil(ana.page, "Start the chat");
  await press("Enter");
  await until("the focus is where one writes", async () => (await focused(ana.page)) === "Message");
  await noor.hasChat("Are you open on Monday?");
  await keyboard.type("One line");
  await press("Shift+Enter");
  await keyboard.type("and another");
  await press("Enter");
  await noor.reads(["Are you open on Monday?", "One line\nand another"]);

  await press("Escape");
  await ana.page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.match(await focused(ana.page), /^(Chat with us|Leave a message)/);
  await noor.says("On Mondays we are closed.");
  await ana.page.getByRole("button", { name: "Chat with us, 1 new message" }).waitFor();
  await look(ana.page, "unread");
  await press("Enter");
  await ana.sees("New messages");
  await ana.hears("On Mondays we are closed.");
  await look(ana.page, "new-messages");

  await tabUntil(ana.page, "More options");
  await press("Enter");
  await until("the menu has the focus", async () => (await focused(ana.page)) === "Sound On");
  await look(ana.page, "menu");
  await press("Escape");
  await until("the menu gives the focus back", async () => (await focused(ana.page)) === "More options");
  await press("Enter");
  await press("ArrowDown");
  assert.equal(await focused(ana.page), "Save chat");
  await press("ArrowDown");
  assert.equal(await focused(ana.page), "End chat");
  await press("Enter");
  await until("the safe answer has the focus", async () => (await focused(ana.page)) === "Go on");
  await look(ana.page, "end-question");
  await press("Shift+Tab");
  assert.equal(await focused(ana.page), "End chat");
  await press("Enter");
  await ana.sees("You ended the chat");
  await tabUntil(ana.page, "Very bad");
  for (const name of ["Bad", "Fair", "Good"]) {
    await press("ArrowRight");
    assert.equal(await focused(ana.page), name);
  }
  await tabUntil(ana.page, "Send rating");
  await press("Enter");
  await ana.sees("You rated this chat 4 of 5");
  assert.notEqual(await focused(ana.page), "", "the focus stays in the chat");
});

test("an agent goes online, takes, answers, notes, transfers and closes by the panel's keys", async (t) => {
  const house = await startHouse(t);
  await house.request("POST", "/api/tags", { tag: "delivery" });
  await house.request("POST", "/api/canned-replies", { shortcut: "hours", title: "Opening hours", text: "We are open from ten to six.", department: null });
  await house.person("Daan Smit");
  const noor = await agentAt(t, house, house.admin);
  const { keyboard } = noor.page;
  const press = (key: string) => keyboard.press(key);
  await noor.sees("You are away");

  await press("?");
  await noor.page.getByRole("dialog", { name: "The keys" }).waitFor();
  await look(noor.page, "keys-sheet");
  await press("Escape");
  await noor.page.getByRole("dialog").waitFor({ state: "detached" });
  for (const [letter, heading] of [["h", "History"], ["s", "Departments"], ["i", "Inbox"]] as const) {
    await press("g");
    await press(letter);
    await noor.page.getByRole("heading", { level: 1, name: heading }).waitFor({ state: "attached" });
  }

  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("When are you open?");
  const bram = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await bram.starts("My chain is off");
  await until("both wait", async () => (await noor.waiting().count()) === 2);
  await press("j");
  await press("j");
  await look(noor.page, "list-focus");
  await press("x"); // out of turn, while away
  await noor.hasChat("My chain is off");
  await until("one writes at once", async () => (await focused(noor.page)).startsWith("Reply to"));
  await keyboard.type("Is it the long one?");
  await press("Enter");
  await bram.hears("Is it the long one?");
  await press("Escape");
  await press("o");
  await noor.sees("Online");
  await bram.sees("Noor Haddad joined the chat");
  await until("Ana's chat came too", async () => (await noor.waiting().count()) === 0);
  await press("u");
  await noor.hasChat("When are you open?");
  await press("Escape");

  await press("r");
  await keyboard.type("/hou");
  await noor.page.getByRole("option", { name: /hours/ }).waitFor();
  await look(noor.page, "canned-list");
  await press("Enter");
  await until("the reply is in the field", async () => (await noor.page.locator("[data-composer]").inputValue()) === "We are open from ten to six.");
  await press("Enter");
  await ana.hears("We are open from ten to six.");
  await press("Escape");
  await press("n");
  await keyboard.type("Asked before");
  await press("Enter");
  await noor.page.locator(".msg.note").getByText("Asked before").waitFor();
  await press("Escape");
  await press("e");
  await noor.page.getByRole("dialog").waitFor();
  await keyboard.type("del");
  await press("Enter");
  await press("Control+Enter");
  await ana.sees("Noor Haddad ended the chat");

  await until("the closed chat has left the list", async () => (await noor.page.locator("[data-row]").count()) === 1);

  await press("Alt+1");
  await noor.hasChat("My chain is off");
  const daan = await agentAt(t, house, { name: "Daan Smit", email: "daan@shop.example" });
  await daan.goesOnline();
  await press("Escape");
  await press("t");
  await noor.page.getByRole("dialog").getByRole("button", { name: /Daan Smit/, disabled: false }).waitFor();
  await keyboard.type("daan");
  await press("Control+Enter");
  await daan.hasChat("My chain is off");
  await noor.page.getByRole("log").waitFor({ state: "detached" });
  await press("w");
  await noor.sees("You are away");
});

test("on a phone the chat is the whole screen, Back closes it, and Enter is a new line", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const phone = await somebody(t, { viewport: PHONE, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  const ana = await visitorAt(await phone.tab(), `${house.origin}/demo/`);
  await ana.page.getByRole("button", { name: /^(Chat with us|Leave a message)/ }).tap();
  const window = ana.page.getByRole("dialog");
  await window.waitFor();
  assert.deepEqual(await window.boundingBox(), { x: 0, y: 0, ...PHONE });
  assert.equal(await window.getAttribute("aria-modal"), "true");
  await ana.starts("Do you mend e-bikes?");
  await noor.hasChat("Do you mend e-bikes?");
  const composer = ana.page.getByRole("textbox", { name: "Message" });
  await composer.fill("Mine is");
  await composer.press("Enter");
  await composer.pressSequentially("heavy");
  assert.equal(await composer.inputValue(), "Mine is\nheavy");
  await ana.page.getByRole("button", { name: "Send" }).tap();
  await noor.hears("Mine is\nheavy");
  await ana.sees("Noor Haddad joined the chat");
  await look(ana.page, "touch", { sizes: ["phone"] });
  await ana.page.goBack();
  await window.waitFor({ state: "hidden" });
  assert.equal(new URL(ana.page.url()).pathname, "/demo/");
  assert.ok(await ana.page.evaluate(() => document.documentElement.style.overflow !== "hidden"), "the page scrolls again");

  // The panel, by thumb: the list, one chat, the card.
  const desk = await somebody(t, { viewport: PHONE, isMobile: true, hasTouch: true });
  await desk.context.addCookies(await noor.context.cookies());
  const panel = await desk.tab();
  await panel.goto(`${house.origin}/panel/`);
  await panel.getByText("Mine is").last().tap();
  await panel.getByRole("log").getByText("Do you mend e-bikes?").waitFor();
  await look(panel, "thumb-chat", { sizes: ["phone"] });
  await panel.getByRole("button", { name: "Visitor’s card" }).tap();
  await panel.getByText("Page now").waitFor();
  await look(panel, "thumb-card", { sizes: ["phone"] });
  await panel.getByRole("button", { name: "Close the card" }).tap();
  await panel.getByRole("link", { name: "Back to the list" }).tap();
  await panel.getByRole("region", { name: "Waiting" }).waitFor();
});
