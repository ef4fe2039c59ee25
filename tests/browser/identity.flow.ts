// Customers whom the site knows: a token that it signed goes through `Balie.identify` to the agent, on every device, and
// what is wrong with one is said without taking the chat away (docs/identity.md).

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { type House, newestLog, startHouse } from "./support/house.ts";
import { until, untilEqual } from "./support/until.ts";
import { visitorOn } from "./support/visitor.ts";

interface Customer {
  sub: string;
  name: string;
}

const ANA: Customer = { sub: "c-1", name: "Ana de Wit" };
const BRAM: Customer = { sub: "c-2", name: "Bram Koster" };

async function freshSecret(house: House): Promise<string> {
  const { identity_secret: secret } = (await house.request("POST", "/api/sites/demo/identity-secret")) as { identity_secret: string };
  return secret;
}

function signed(customer: Customer, secret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const words = `${part({ alg: "HS256", typ: "JWT" })}.${part({ ...customer, aud: "demo", exp: Math.floor(Date.now() / 1_000) + 600 })}`;
  return `${words}.${createHmac("sha256", secret).update(words).digest("base64url")}`;
}

/** Identified before the widget is there, as a page does that knows its customer; without a customer nobody is said. */
async function pageOf(page: Page, address: string, identity?: string): Promise<void> {
  await page.addInitScript(`window.told = []; window.Balie = { q: ${JSON.stringify([["identify", identity]])} }; Balie.q.push(["on", "error", ({ message }) => told.push(message)]);`);
  await page.goto(address);
}

async function cards(house: House): Promise<{ name?: string; verified?: boolean }[]> {
  const { conversations } = (await house.request("GET", "/api/conversations")) as { conversations: { visitor: { name?: string; verified?: boolean } }[] };
  return conversations.map(({ visitor }) => visitor);
}

test("an agent sees who the site says it is, and the customer finds the chat on another device", async (t) => {
  const house = await startHouse(t);
  const secret = await freshSecret(house);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const ana = visitorOn(await (await somebody(t)).tab());
  await pageOf(ana.page, `${house.origin}/demo/`, signed(ANA, secret));
  await ana.starts("Where is my parcel?");
  await noor.hasChat("Where is my parcel?");
  await noor.sees(ANA.name);
  const [card] = await cards(house);
  assert.deepEqual([card?.name, card?.verified], [ANA.name, true]);

  const phone = visitorOn(await (await somebody(t)).tab());
  await pageOf(phone.page, `${house.origin}/demo/`, signed(ANA, secret));
  await phone.open();
  await phone.reads(["Where is my parcel?"]);
});

test("somebody who signs in during a chat goes on with it", async (t) => {
  const house = await startHouse(t);
  const secret = await freshSecret(house);
  const ana = visitorOn(await (await somebody(t)).tab());
  await ana.page.goto(`${house.origin}/demo/`);
  await ana.starts("Where is my parcel?");
  await ana.page.evaluate(`Balie.identify(${JSON.stringify(signed(ANA, secret))})`);
  await until("the visitor is known", async () => (await cards(house)).some(({ name, verified }) => name === ANA.name && verified === true));
  await ana.says("Number 12.");
  await ana.reads(["Where is my parcel?", "Number 12."]);
  assert.equal((await cards(house)).length, 1);
});

test("another customer on the same browser sees nothing of the one before, nor does nobody", async (t) => {
  const house = await startHouse(t);
  const secret = await freshSecret(house);
  const { page, ...ana } = visitorOn(await (await somebody(t)).tab());
  const chat = page.getByRole("dialog");
  await pageOf(page, `${house.origin}/demo/`, signed(ANA, secret));
  await ana.starts("Where is my parcel?");
  await ana.reads(["Where is my parcel?"]);
  await page.evaluate(`Balie.identify(${JSON.stringify(signed(BRAM, secret))})`);
  await until("Ana's chat is gone", async () => (await ana.said()).length === 0);
  await ana.starts("A bell, please.");
  await ana.reads(["A bell, please."]);
  await untilEqual("whose chats there are", [ANA.name, BRAM.name], async () => (await cards(house)).map(({ name = "" }) => name).toSorted());

  await chat.getByRole("textbox", { name: "Message" }).fill("My card is");
  await page.evaluate("Balie.identify()");
  await until("Bram's chat is gone", async () => (await ana.said()).length === 0);
  await chat.getByLabel("Your message").waitFor();
  const kept = await page.evaluate(() => [...Object.values(localStorage), ...Object.values(sessionStorage)].join());
  assert.doesNotMatch(kept, /bell|parcel|My card/);
  assert.equal((await cards(house)).length, 2);
});

test("who signed out on another page is forgotten at the next, and who never signed in is not", async (t) => {
  const house = await startHouse(t);
  const secret = await freshSecret(house);
  const person = await somebody(t);
  const ana = visitorOn(await person.tab());
  await pageOf(ana.page, `${house.origin}/demo/`, signed(ANA, secret));
  await ana.starts("Where is my parcel?");
  await ana.page.close();
  const out = visitorOn(await person.tab());
  await pageOf(out.page, `${house.origin}/demo/`);
  await out.starts("Do you sell bells?");
  await out.reads(["Do you sell bells?"]);
  await out.page.reload();
  await out.reads(["Do you sell bells?"]);
});

test("who signs out in one tab is forgotten in the other one too, without a reload; both go on as the same nobody", async (t) => {
  const house = await startHouse(t);
  const secret = await freshSecret(house);
  const person = await somebody(t);
  const [left, right] = [visitorOn(await person.tab()), visitorOn(await person.tab())];
  for (const { page } of [left, right]) await pageOf(page, `${house.origin}/demo/`, signed(ANA, secret));
  await left.starts("Where is my parcel?");
  if (!(await right.page.getByRole("dialog").isVisible())) await right.open();
  await right.reads(["Where is my parcel?"]);
  await right.page.getByRole("textbox", { name: "Message" }).fill("My card is");

  await left.page.evaluate("Balie.identify()");
  await until("the other tab shows nothing of it", async () => (await right.said()).length === 0);
  await right.page.getByLabel("Your message").waitFor();
  const kept = await right.page.evaluate(() => [...Object.values(localStorage), ...Object.values(sessionStorage)].join());
  assert.doesNotMatch(kept, /parcel|My card/);
  await left.starts("Do you sell bells?");
  await right.reads(["Do you sell bells?"]);
});

test("an identity that the server refuses is said in words, and the chat goes on without it", async (t) => {
  const house = await startHouse(t);
  const secret = await freshSecret(house);
  const ana = visitorOn(await (await somebody(t, {}, /^Balie: The identity is not signed with this site's key/)).tab());
  await pageOf(ana.page, `${house.origin}/demo/`, signed(ANA, `${secret}?`));
  await ana.starts("Where is my parcel?");
  await until("the chat is there", async () => (await cards(house)).length === 1);
  assert.deepEqual(await ana.page.evaluate("told"), ["The identity is not signed with this site's key."]);
  assert.deepEqual((await cards(house)).map(({ verified }) => verified), [false]);
});

test("a chat outlives the token it began with", async (t) => {
  const house = await startHouse(t);
  const secret = await freshSecret(house);
  const ana = visitorOn(await (await somebody(t, {}, /^Balie: The identity is not signed with this site's key/)).tab());
  await pageOf(ana.page, `${house.origin}/demo/`, signed(ANA, secret));
  await ana.starts("Where is my parcel?");
  await ana.reads(["Where is my parcel?"]);
  await freshSecret(house); // from now on the token is worth nothing, as when its time is over
  await house.stop("SIGKILL");
  await ana.says("Number 12.");
  await house.startAgain();
  await until("both are in one log", async () => {
    const words = (await newestLog(house)).map(({ text }) => text);
    return words.includes("Where is my parcel?") && words.includes("Number 12.");
  });
  assert.deepEqual((await cards(house)).map(({ name }) => name), [ANA.name]);
});
