// What a visitor writes with, and what stands around it: emoji, suggested answers, the limit of a text, words from right to
// left, a sound for who looks away, and a rating without words.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { type Agent, agentAt } from "./support/agent.ts";
import { PHONE, somebody } from "./support/browser.ts";
import { type House, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { type Visitor, visitorAt } from "./support/visitor.ts";

interface Talk {
  house: House;
  ana: Visitor;
  noor: Agent;
}

/** Ana has asked "Hello?", and Noor is there. */
async function talking(t: TestContext, prepare: (page: Page) => Promise<void> = async () => {}): Promise<Talk> {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const page = await (await somebody(t)).tab();
  await prepare(page);
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await ana.starts("Hello?");
  await noor.hasChat("Hello?");
  await ana.sees("Noor Haddad joined the chat");
  return { house, ana, noor };
}

test("an emoji is chosen with the arrow keys, and stands where one was writing; a phone has its own", async (t) => {
  const { house, ana, noor } = await talking(t);
  const { page } = ana;
  const composer = page.getByRole("textbox", { name: "Message" });
  const grid = page.getByRole("group", { name: "Insert an emoji" });
  const open = page.getByRole("button", { name: "Insert an emoji" });
  await composer.fill("Hi there");
  for (let back = 0; back < " there".length; back += 1) await page.keyboard.press("ArrowLeft");
  await open.click();
  assert.equal(await grid.getByRole("button").count(), 40);
  for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft"]) await page.keyboard.press(key);
  await look(page, "emoji", { sizes: ["desk"] });
  await page.keyboard.press("Enter");
  await grid.waitFor({ state: "detached" });
  assert.equal(await composer.inputValue(), "Hi😄 there");
  await open.click();
  await page.keyboard.press("Escape");
  await grid.waitFor({ state: "detached" });
  assert.ok(await composer.isVisible(), "Escape closed the grid, not the chat");
  await composer.press("Enter");
  await noor.hears("Hi😄 there");

  const bram = await visitorAt(await (await somebody(t, { viewport: PHONE, hasTouch: true, isMobile: true })).tab(), `${house.origin}/demo/`);
  await bram.starts("From the train");
  assert.equal(await bram.page.getByRole("button", { name: "Insert an emoji" }).count(), 0);
});

test("a suggested answer is sent as one's own, and all of them go", async (t) => {
  const choices = ["Order 20418", "Another one", "Talk to a person"];
  // The server does not suggest yet what bots will: here its events are given choices on their way.
  const { ana, noor } = await talking(t, async (page) => {
    await page.routeWebSocket(/\/ws\/visitor$/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        const frame = JSON.parse(String(message));
        const isAsked = frame.t === "event" && frame.kind === "message" && frame.from.role === "agent";
        socket.send(JSON.stringify(isAsked ? { ...frame, choices } : frame));
      });
    });
  });
  await noor.says("Which order do you mean?");
  const group = ana.page.getByRole("group", { name: "Suggested answers" });
  await group.waitFor();
  assert.deepEqual(await group.getByRole("button").allInnerTexts(), choices);
  await look(ana.page, "suggested-answers");
  await group.getByRole("button", { name: "Another one" }).click();
  await group.waitFor({ state: "detached" });
  await noor.hears("Another one");
  await ana.reads(["Hello?", "Which order do you mean?", "Another one"]);
});

test("a text over the limit is counted and kept, and says why it is not sent; long words and other scripts keep their place", async (t) => {
  const { ana, noor } = await talking(t);
  const { page } = ana;
  const composer = page.getByRole("textbox", { name: "Message" });
  const send = page.getByRole("button", { name: "Send", exact: true });
  await composer.fill("x".repeat(9_501));
  await ana.sees("9,501 / 10,000");
  await composer.fill("x".repeat(10_037));
  await ana.sees("37 characters too long");
  assert.equal(await send.getAttribute("aria-disabled"), "true");
  await look(page, "limit");
  await composer.press("Enter");
  await ana.sees("37 characters too long");
  assert.equal((await composer.inputValue()).length, 10_037);
  await composer.fill("x".repeat(400));
  await composer.press("Enter");
  await noor.hears("x".repeat(400));
  await noor.says("שלום, איך אפשר לעזור?");
  await ana.hears("שלום, איך אפשר לעזור?");
  const log = page.locator(".log");
  assert.ok(await log.evaluate((element) => element.scrollWidth <= element.clientWidth), "nothing is wider than the log");
  assert.equal(await log.locator(".bubble").last().evaluate((element) => getComputedStyle(element).direction), "rtl");
  assert.equal(await log.locator(".bubble").first().evaluate((element) => getComputedStyle(element).direction), "ltr");
  await look(page, "long-word-and-right-to-left");
});

test("a message sounds for who looks away, until the menu says otherwise, and so it stays", async (t) => {
  const { ana, noor } = await talking(t, async (page) => {
    await page.addInitScript(() => {
      Reflect.set(window, "tones", 0);
      const create = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function () {
        Reflect.set(window, "tones", Number(Reflect.get(window, "tones")) + 1);
        return create.call(this);
      };
    });
  });
  const { page } = ana;
  const tones = async (): Promise<unknown> => page.evaluate(() => Reflect.get(window, "tones"));
  const sound = page.getByRole("menuitemcheckbox", { name: /^Sound/ });
  await noor.says("I am looking.");
  await ana.hears("I am looking.");
  assert.equal(await tones(), 0, "who reads along hears nothing");
  await page.keyboard.press("Escape");
  await noor.says("Found it.");
  await until("it sounds", async () => (await tones()) === 1);
  await ana.open();
  await page.getByRole("button", { name: "More options" }).click();
  assert.equal(await sound.getAttribute("aria-checked"), "true");
  await sound.click();
  assert.equal(await sound.getAttribute("aria-checked"), "false");
  await page.reload();
  await ana.hears("Found it.");
  await page.getByRole("button", { name: "More options" }).click();
  assert.equal(await sound.getAttribute("aria-checked"), "false");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await noor.says("Are you there?");
  await page.getByRole("button", { name: /1 new message/ }).waitFor();
  assert.equal(await tones(), 0);
});

test("a star without words is a rating after a while", async (t) => {
  const { ana, noor } = await talking(t);
  await noor.closes();
  await ana.sees("How was this chat?");
  await ana.page.getByRole("radio", { name: "Good", exact: true }).check({ force: true });
  await ana.sees("You rated this chat 4 of 5");
});

test("where movement is not wanted a message that is confirmed has its new colours at once: never words of one state on the other", async (t) => {
  const { ana } = await talking(t);
  const [before, atOnce, later] = await ana.page.locator(".mine .bubble:not(.wait)").first().evaluate(async (bubble) => {
    const colour = (): string => getComputedStyle(bubble).backgroundColor;
    const solid = colour();
    bubble.classList.add("wait");
    const pale = colour();
    for (let frame = 0; frame < 3; frame += 1) await new Promise((done) => requestAnimationFrame(done));
    return [solid, pale, colour()];
  });
  assert.notEqual(before, atOnce);
  assert.equal(atOnce, later);
});
