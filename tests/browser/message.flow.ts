// Nobody is at the desk, or not soon: a message is left for later, from the start, out of the line, or without a socket. What
// was written comes along wherever it goes.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { type House, newestLog, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { type Visitor, visitorAt } from "./support/visitor.ts";
import { wireTo } from "./support/wire.ts";

const FORM = [
  { name: "name", label: "Your name", kind: "text", required: false },
  { name: "email", label: "Email", kind: "email", required: false },
];

async function leaves({ page }: Visitor, email: string, text?: string): Promise<void> {
  const chat = page.getByRole("dialog");
  await chat.getByLabel(/email/i).fill(email);
  if (text !== undefined) await chat.getByLabel("Your message").fill(text);
  await chat.getByRole("button", { name: "Send message" }).click();
}

/** Every line closes until the day after tomorrow, whose name it gives. */
async function closes(house: House): Promise<string> {
  const opens = new Date(Date.now() + 2 * 86_400_000);
  const hours = { tz: "Europe/Amsterdam", week: [{ days: [opens.getUTCDay() || 7], from: "09:00", to: "17:00" }], closed: [] };
  for (const department of ["support", "sales"]) await house.request("PATCH", `/api/departments/${department}`, { hours });
  return new Intl.DateTimeFormat("en-GB", { weekday: "long", timeZone: "UTC" }).format(opens);
}

/** A chat is opened while somebody is at the desk, and what the page says to the server is held until it is let through. */
async function opensUnheard(t: TestContext): Promise<{ house: House; ana: Visitor; letThrough: () => void }> {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const page = await (await somebody(t)).tab();
  let letThrough = (): void => {};
  const held = new Promise<void>((done) => (letThrough = done));
  await page.routeWebSocket(/\/ws\/visitor$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => void held.then(() => server.send(frame)));
  });
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await ana.open();
  await ana.sees("Somebody is at the desk now");
  return { house, ana, letThrough };
}

test("a message left while nobody is there says where the answer goes, and becomes a chat when somebody answers", async (t) => {
  const house = await startHouse(t);
  const consent = { text: "I agree that the shop keeps this for 90 days.", url: "https://shop.example/privacy", required: true };
  await house.request("PATCH", "/api/sites/demo", { form: FORM, widget: { consent } });
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.open();
  await ana.sees("Write down your question and we answer by email.");
  await ana.page.getByRole("button", { name: "Send message" }).click();
  assert.equal(await ana.page.locator(".note-bad").count(), 3, "the address, the message and the consent are needed");
  await look(ana.page, "message-errors");
  await ana.page.getByLabel("Your name").fill("Ana");
  await ana.page.getByLabel("Your message").fill("Where is <b>my</b> order?");

  await ana.page.keyboard.press("Escape");
  await ana.open();
  await ana.page.reload();
  await ana.open();
  await until("what was written survives closing and a reload", async () => (await ana.page.getByLabel("Your message").inputValue()) === "Where is <b>my</b> order?");
  assert.equal(await ana.page.getByLabel("Your name").inputValue(), "Ana");
  await ana.page.getByRole("checkbox").check();
  await leaves(ana, "ana@shop");
  await ana.sees("That address looks unfinished.");
  await leaves(ana, "ana@shop.example");
  await ana.sees("We have your message.");
  await ana.sees("ana@shop.example");
  await ana.sees("Where is <b>my</b> order?");
  await look(ana.page, "message-sent");
  await ana.page.reload();
  await ana.sees("We have your message.");
  await ana.page.getByRole("button", { name: "Add something…" }).click();
  await ana.says("It is number 20418.");
  await ana.reads(["Where is <b>my</b> order?", "It is number 20418."]);
  await ana.sees(/^Sent$/);
  assert.equal(await ana.page.locator(".ticket").count(), 0, "who left a message stands in no line");
  await look(ana.page, "message-more");
  const [begin, said] = await newestLog(house);
  assert.deepEqual([Reflect.get(begin ?? {}, "mode"), Reflect.get(begin ?? {}, "fields"), said?.text], ["message", { name: "Ana", email: "ana@shop.example" }, "Where is <b>my</b> order?"]);

  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  await noor.hasChat("It is number 20418.");
  await noor.says("On its way.");
  await ana.hears("On its way.");
});

test("somebody comes back while a message is written: an offer, not a jump, and the words come along", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.isWelcomed();
  await ana.page.getByLabel("Your message").fill("Is the Duin in stock?");
  await noor.goesOnline();
  await ana.sees("Somebody is back.");
  assert.equal(await ana.page.getByLabel("Your message").inputValue(), "Is the Duin in stock?");
  await look(ana.page, "message-somebody-back");
  await ana.page.getByRole("button", { name: "Chat now" }).click();
  await until("the words came along", async () => (await ana.page.getByLabel(/^Your question/).inputValue()) === "Is the Duin in stock?");
  await ana.page.getByRole("button", { name: "Start the chat" }).click();
  await noor.hasChat("Is the Duin in stock?");
});

test("who stands in line when everybody leaves may leave a message instead, and keeps the place until it is sent", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  // Both before the server has answered the first.
  await noor.page.getByRole("button", { name: "One chat fewer at a time" }).evaluate((button) => {
    for (let press = 0; press < 2; press += 1) if (button instanceof HTMLElement) button.click();
  });
  await noor.page.getByText("0/1", { exact: true }).waitFor();
  const cas = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await cas.starts("I am served at once");
  await cas.sees("Noor Haddad joined the chat");
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("My tyre is flat");
  await ana.isNumber(1);
  await noor.page.getByRole("group", { name: "My availability" }).getByRole("button").first().click();
  await noor.page.getByRole("menuitemradio", { name: /^Away/ }).click();
  await ana.sees("You keep place 1 in line");
  await look(ana.page, "ticket-away");

  await ana.page.getByRole("button", { name: "Leave a message instead" }).click();
  await until("what was said stands in the message", async () => (await ana.page.getByLabel("Your message").inputValue()) === "My tyre is flat");
  await look(ana.page, "message-instead");
  await ana.page.getByRole("button", { name: "Back" }).click();
  await ana.isNumber(1);
  await ana.page.getByRole("button", { name: "Leave a message instead" }).click();
  await leaves(ana, "ana@shop.example");
  await ana.sees("We have your message.");
  const { conversations } = (await house.request("GET", "/api/conversations?limit=10")) as { conversations: { id: string; state: string }[] };
  assert.deepEqual(conversations.map(({ state }) => state).sort(), ["active", "closed", "queued"]);
});

test("a network that lets no socket through: it is said, and the message goes another way, once", async (t) => {
  const house = await startHouse(t);
  const wire = await wireTo(t, house.origin);
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", wire.origin], form: FORM });
  const ana = await visitorAt(await (await somebody(t)).tab(), `${wire.origin}/demo/`);
  wire.refuses("/ws/");
  await ana.open();
  await ana.sees("This network does not let the chat through.");
  await look(ana.page, "blocked");
  await ana.page.getByRole("dialog").getByRole("button", { name: "Leave a message" }).click();
  await leaves(ana, "ana@shop.example", "Do you read me?");
  await ana.sees("We have your message.");
  const log = await newestLog(house);
  assert.deepEqual(log.map(({ kind, text }) => text ?? kind), ["queued", "Do you read me?"]);
  wire.mend();
});

test("an address that has no socket left is told that it is busy, and may leave a message meanwhile", async (t) => {
  const house = await startHouse(t, { settings: { BALIE_ADDRESS_SOCKETS_MAX: "1", BALIE_LIMIT_LOOPBACK: "true" } });
  await house.request("PATCH", "/api/sites/demo", { form: FORM });
  const bram = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await bram.starts("I was here first");
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.open();
  await ana.sees("It is busy right now");
  await look(ana.page, "busy");
  await ana.page.getByRole("dialog").getByRole("button", { name: "Leave a message" }).click();
  await leaves(ana, "ana@shop.example", "Do you read me?");
  await ana.sees("We have your message.");
});

test("after hours it is said when somebody is there again; a chat that comes too late becomes a message, with its words", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.isWelcomed();
  await ana.page.getByLabel(/^Your question/).fill("Are you still there?");
  const day = await closes(house);
  await ana.page.getByRole("button", { name: "Start the chat" }).click();
  await ana.sees("We are closed now.");
  await ana.sees(`We are back on ${day} at 09:00.`);
  await until("the words came along", async () => (await ana.page.getByLabel("Your message").inputValue()) === "Are you still there?");
  await look(ana.page, "closed");

  await noor.page.getByRole("group", { name: "My availability" }).getByRole("button").first().click();
  await noor.page.getByRole("menuitemradio", { name: /^Away/ }).click();
  const bram = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await bram.open();
  await bram.sees(`We are back on ${day} at 09:00.`);
  assert.equal(await bram.page.getByRole("button", { name: "Start a chat" }).count(), 0);
  await look(bram.page, "after-hours");
  await leaves(bram, "bram@shop.example", "When are you back?");
  await bram.sees(`We answer on ${day} from 09:00.`);
});

test("the desk closes before the server's first word: what is being written stays, and becomes a message", async (t) => {
  const { house, ana, letThrough } = await opensUnheard(t);
  await ana.page.getByLabel(/^Your question/).fill("Are you still there?");
  await ana.page.keyboard.press("ArrowLeft");
  const day = await closes(house);
  letThrough();
  await ana.sees("Nobody at the desk just now");
  await ana.page.keyboard.type(", Noor");
  await ana.page.getByRole("button", { name: "Start the chat" }).click();
  await ana.sees(`We are back on ${day} at 09:00.`);
  await until("the words came along", async () => (await ana.page.getByLabel("Your message").inputValue()) === "Are you still there, Noor?");
});

test("the desk closes before the server's first word: who has written nothing reads when it opens, and is offered no chat", async (t) => {
  const { house, ana, letThrough } = await opensUnheard(t);
  const day = await closes(house);
  letThrough();
  await ana.sees(`We are back on ${day} at 09:00.`);
  assert.equal(await ana.page.getByRole("button", { name: "Start a chat" }).count(), 0);
  await look(ana.page, "closed-meanwhile");
});

test("the line that was asked for is closed, another is not: nobody is called at the desk above a message to who went home", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const closed = { tz: "Europe/Amsterdam", week: [{ days: [((new Date().getUTCDay() + 2) % 7) + 1], from: "09:00", to: "17:00" }], closed: [] };
  await house.request("PATCH", "/api/departments/sales", { hours: closed });
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.open();
  await ana.sees("Somebody is at the desk now");
  await ana.page.getByRole("dialog").getByRole("combobox").selectOption({ label: "Sales" });
  await ana.page.getByLabel(/^Your question/).fill("Is there a discount for ten?");
  await ana.page.getByRole("button", { name: "Start the chat" }).click();
  await ana.sees("We are closed now.");
  await ana.sees("Nobody at the desk just now");
  assert.equal(await ana.page.getByText("Somebody is at the desk now").count(), 0);
});

test("where the form for a message did not come it is said, and it stands there as soon as the line lets it through", async (t) => {
  const house = await startHouse(t);
  const tab = await (await somebody(t)).tab();
  await tab.route("**/later_forms*", (route) => route.abort());
  const ana = await visitorAt(tab, `${house.origin}/demo/`);
  await ana.open();
  await ana.sees("The chat does not answer just now.");
  await look(tab, "form-missing");
  await tab.unroute("**/later_forms*");
  await ana.sees("Write down your question and we answer by email.");
});
