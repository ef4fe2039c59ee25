// Answers before people: a visitor searches, reads, says whether it helped, and takes what they looked for along to a
// person. What they did is counted, and nothing of it is kept in the browser.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { PHONE, somebody } from "./support/browser.ts";
import { type House, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { type Visitor, visitorAt } from "./support/visitor.ts";

const LONG = Array.from({ length: 30 }, (_, line) => `Line ${line + 1} of what there is to say about leasing a bike through your employer.`).join("\n\n");
const ARTICLES = [
  ["Where is my order?", "You find it under **your orders**."],
  ["Returning a bike or a part", "You have *30 days*, counted from the day it arrived.\n\n1. Open [your orders](https://shop.example/orders) and choose `Return`.\n2. Print the label.\n3. Take it to a parcel point.\n\n- in its box\n- unridden\n\nA whole bike is collected at your door: <b>no box</b> needed, [really](javascript:alert(1))."],
  ["When is my money back?", "Two working days after your return has arrived."],
  ["Which frame size fits me?", "Measure from the floor to your hip."],
  ["Leasing through your employer", LONG],
  ["Service and repair, by appointment", "Call the shop or come by."],
  ["Batteries in winter", "Charge them inside."],
  ["Do you ship to Belgium?", "We do."],
] as const;

async function houseWithArticles(test: TestContext): Promise<House> {
  const house = await startHouse(test);
  for (const [title, body] of ARTICLES) await house.request("POST", "/api/articles", { site: "demo", lang: "en", title, body, status: "published" });
  await house.request("POST", "/api/articles", { site: "demo", lang: "en", title: "Return of the draft", body: "Not for anybody's eyes." });
  return house;
}

/** Name of what has the focus in the widget. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement?.shadowRoot?.activeElement;
    return (element?.getAttribute("aria-label") ?? element?.textContent ?? "").trim();
  });
}

async function titles({ page }: Visitor): Promise<string[]> {
  return page.getByRole("dialog").locator(".list button > span").evaluateAll((spans) => spans.map((span) => span.firstChild?.textContent ?? ""));
}

interface Figures {
  visits: number;
  searched: number;
  read: number;
  helpful: number;
  not_helpful: number;
  chats: number;
}

async function figures(house: House): Promise<Figures> {
  return (await house.request("GET", "/api/reports/self-service?site=demo")) as Figures;
}

test("a visitor finds an answer in spite of a slip, reads it and says that it helped", async (t) => {
  const house = await houseWithArticles(t);
  const page = await (await somebody(t)).tab();
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await ana.open();
  const chat = page.getByRole("dialog");
  await ana.sees("Often asked");
  assert.deepEqual(await titles(ana), ARTICLES.map(([title]) => title));
  assert.equal(await focused(page), "Search for an answer");
  await look(page, "home");

  await page.keyboard.type("retrun");
  await ana.sees("2 answers");
  const found = ["Returning a bike or a part", "When is my money back?"];
  assert.deepEqual((await titles(ana)).sort(), found);
  assert.equal(await chat.getByRole("status").innerText(), "2 answers");
  assert.equal(await focused(page), "Search for an answer", "whoever types goes on typing");
  await look(page, "home-found");

  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Clear search");
  await page.keyboard.press("Tab");
  assert.ok((await focused(page)).startsWith((await titles(ana))[0] ?? "?"), "the answers come next");
  await chat.getByRole("button", { name: /^Returning/ }).press("Enter");
  await chat.getByRole("heading", { name: "Returning a bike or a part" }).waitFor();
  assert.equal(await focused(page), "Returning a bike or a part", "the article is read from its title on");
  assert.deepEqual(await chat.locator(".article ol > li").allInnerTexts(), ["Open your orders and choose Return.", "Print the label.", "Take it to a parcel point."]);
  assert.deepEqual(await chat.locator(".article ul > li").evaluateAll((items) => items.map((item) => item.getAttribute("value"))), [null, null], "no number where none was written");
  await ana.sees("<b>no box</b>");
  assert.deepEqual(await chat.locator(".article a").evaluateAll((links) => links.map((link) => link.getAttribute("href"))), ["https://shop.example/orders"]);
  await look(page, "article");

  await chat.getByRole("button", { name: "Yes, thanks" }).click();
  await ana.sees("2 answers");
  assert.match(await focused(page), /^Returning/, "back is where one came from");
  await chat.getByRole("button", { name: "Clear search" }).click();
  await ana.sees("Often asked");
  await chat.getByRole("textbox", { name: "Search for an answer" }).fill("unicycle <zebra>");
  await ana.sees("No answers for “unicycle <zebra>”");
  await look(page, "home-nothing");

  await until("it is counted", async () => (await figures(house)).helpful === 1);
  const { visits, searched, read, chats } = await figures(house);
  assert.deepEqual({ visits, searched, read, chats }, { visits: 1, searched: 1, read: 1, chats: 0 });
  const kept = await page.evaluate(() => [...Object.values(localStorage), ...Object.values(sessionStorage)].join());
  assert.ok(!kept.includes("unicycle") && !kept.includes("retrun"), "what was searched is nobody's business");
});

test("the list stands where it was after an article, and an article of any length can be read", async (t) => {
  const house = await houseWithArticles(t);
  const page = await (await somebody(t, { viewport: PHONE })).tab();
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await ana.open();
  const chat = page.getByRole("dialog");
  await ana.sees("Often asked");
  assert.equal(await focused(page), "Hello. How can we help?", "on a phone no keyboard comes by surprise");
  await page.setViewportSize({ width: 390, height: 500 });
  const scroll = (): Promise<number> => chat.locator(".page").evaluate((element) => element.scrollTop);
  // The window follows the screen a moment later, and until then there is less to scroll.
  await until("the list is scrolled", async () => {
    await chat.locator(".page").evaluate((element) => element.scrollTo(0, 120));
    return (await scroll()) === 120;
  });
  await chat.getByRole("button", { name: "Leasing through your employer" }).click();
  await ana.sees("Line 30 of");
  assert.equal(await scroll(), 0, "an article begins at its beginning");
  await chat.locator(".article").evaluate((element) => element.scrollTo(0, 1_000_000));
  await page.screenshot({ path: "target/screenshots/article-end-phone.png" });
  await chat.getByRole("button", { name: "Back" }).click();
  await until("the list is where it was", async () => (await scroll()) === 120);
});

test("who finds no answer takes the question along to a person, sees it, and may change it", async (t) => {
  const house = await houseWithArticles(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const page = await (await somebody(t)).tab();
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await ana.open();
  const chat = page.getByRole("dialog");
  await chat.getByRole("textbox", { name: "Search for an answer" }).fill("return a tandem");
  await chat.getByRole("button", { name: "Start a chat" }).click();
  const question = chat.getByLabel(/^Your question/);
  assert.equal(await question.inputValue(), "return a tandem");
  await look(page, "start-from-home");
  await chat.getByRole("button", { name: "Back" }).click();
  await chat.getByRole("button", { name: /^Returning/ }).click();
  await chat.getByRole("button", { name: "No, chat with us" }).click();
  assert.equal(await question.inputValue(), "Returning a bike or a part");
  await question.fill("Can I return a tandem?");
  await chat.getByRole("button", { name: "Start the chat" }).click();
  await noor.hasChat("Can I return a tandem?");
  await until("it is counted", async () => (await figures(house)).chats === 1);
  const { visits, not_helpful } = await figures(house);
  assert.deepEqual({ visits, not_helpful }, { visits: 1, not_helpful: 1 });

  // An open chat comes before everything else; once it is put away, home is there again.
  await page.reload();
  await ana.reads(["Can I return a tandem?"]);
  await noor.closes();
  await ana.sees("Noor Haddad ended the chat");
  await chat.getByRole("button", { name: "New chat" }).click();
  await ana.sees("Often asked");
  assert.equal((await figures(house)).chats, 1, "a chat that goes on is not another one");
});

test("from a message that was left the way on leads to the answers, and from there back to what was written", async (t) => {
  const house = await houseWithArticles(t);
  const page = await (await somebody(t)).tab();
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await ana.open();
  const chat = page.getByRole("dialog");
  await chat.getByRole("button", { name: "Leave a message" }).click();
  await chat.getByLabel("Your email").fill("ana@shop.example");
  await chat.getByLabel("Your message").fill("Where is my order?");
  await chat.getByRole("button", { name: "Send message" }).click();
  await ana.sees("We have your message.");
  await chat.getByRole("button", { name: "Search for an answer" }).click();
  await chat.getByRole("button", { name: /^Where is my order/ }).click();
  await ana.sees("You find it under your orders.");
  await chat.getByRole("button", { name: "Yes, thanks" }).click();
  await chat.getByRole("button", { name: "Back", exact: true }).click();
  await ana.sees("We have your message.");
  await chat.getByRole("button", { name: "Search for an answer" }).click();
  await chat.getByRole("button", { name: "Add something…" }).click();
  await ana.reads(["Where is my order?"]);
});

test("without a line the answers are still there", async (t) => {
  const house = await houseWithArticles(t);
  const page = await (await somebody(t)).tab();
  await page.routeWebSocket(/\/ws\//, (socket) => void socket.close({ code: 1001 }));
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await ana.open();
  const chat = page.getByRole("dialog");
  await chat.getByRole("textbox", { name: "Search for an answer" }).fill("frame");
  await ana.sees("1 answer");
  await chat.getByRole("button", { name: /^Which frame size/ }).click();
  await ana.sees("Measure from the floor to your hip.");
});
