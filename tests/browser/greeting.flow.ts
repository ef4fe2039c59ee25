// Greetings by the site's rules: when one comes, for whom, and that it never nags.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { PHONE, somebody, type Watched } from "./support/browser.ts";
import { type House, startHouse } from "./support/house.ts";
import { visitorOn } from "./support/visitor.ts";

interface Rule {
  text: string;
  page?: string;
  after_ms?: number;
  scroll_percent?: number;
  visitor?: "any" | "new" | "returning";
}

/** Somebody on the demo page of a site with these greetings. */
async function greeted(t: TestContext, greetings: Rule[], options: BrowserContextOptions = {}): Promise<Watched & { house: House; page: Page }> {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/sites/demo", { widget: { greetings } });
  const person = await somebody(t, options);
  const page = await person.tab();
  await page.goto(`${house.origin}/demo/`);
  return { ...person, house, page };
}

/** The launcher is there and the greetings' code has come and has looked at its rules. */
async function isSettled(page: Page): Promise<void> {
  await page.locator("balie-chat .launcher").waitFor();
  await page.waitForLoadState("networkidle");
  await page.evaluate(async () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

test("a greeting waits until the visitor has read so much of the page", async (t) => {
  const { page } = await greeted(t, [{ text: "Found what you need?", scroll_percent: 95 }]);
  await isSettled(page);
  const greeting = page.getByText("Found what you need?");
  assert.equal(await greeting.count(), 0);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 4));
  await isSettled(page);
  assert.equal(await greeting.count(), 0, "not at a quarter");
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await greeting.waitFor();
});

test("on a phone nobody is greeted before they scroll", async (t) => {
  const { page } = await greeted(t, [{ text: "Shall we help?" }], { viewport: PHONE, hasTouch: true, isMobile: true });
  await isSettled(page);
  const greeting = page.getByText("Shall we help?");
  assert.equal(await greeting.count(), 0);
  await page.evaluate(() => scrollTo(0, 200));
  await greeting.waitFor();
});

test("who scrolled before the greetings' code came is greeted as soon as it is there", async (t) => {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/sites/demo", { widget: { greetings: [{ text: "Shall we help?" }] } });
  const { tab } = await somebody(t, { viewport: PHONE, hasTouch: true, isMobile: true });
  const page = await tab();
  let goOn = (): void => {};
  const hasScrolled = new Promise<void>((done) => (goOn = done));
  await page.route("**/widget/greeting*", async (route) => {
    await hasScrolled;
    await route.continue();
  });
  const isAsked = page.waitForRequest("**/widget/greeting*");
  await page.goto(`${house.origin}/demo/`);
  await isAsked;
  await page.evaluate(async () => {
    const scrolled = new Promise((done) => addEventListener("scroll", done, { once: true }));
    scrollTo(0, 200);
    await scrolled;
  });
  goOn();
  await page.getByText("Shall we help?").waitFor();
});

test("who has chatted here before is greeted as such, by the first rule that fits, and by one only", async (t) => {
  const rules: Rule[] = [{ text: "Somewhere else", page: "/elsewhere" }, { text: "Good to see you again", visitor: "returning" }, { text: "New here?", visitor: "new" }, { text: "Anybody", visitor: "any" }];
  const { page, tab, house } = await greeted(t, rules);
  await page.getByText("New here?").waitFor();
  const ana = visitorOn(page);
  await ana.starts("Do you ship to Ghent?");
  assert.equal(await page.getByText("New here?").count(), 0, "the chat takes its place");
  await ana.chooses("Leave the line");
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await ana.sees("Chat ended");
  await page.close();
  const next = await tab();
  await next.goto(`${house.origin}/demo/`);
  await next.getByText("Good to see you again").waitFor();
  for (const other of ["New here?", "Anybody", "Somewhere else"]) assert.equal(await next.getByText(other).count(), 0, other);
});

test("who closed a greeting gets none on any later page of this visit, whatever the rules", async (t) => {
  const { page, house } = await greeted(t, [{ text: "Shall we help?" }, { text: "Still there?", after_ms: 1 }]);
  await page.evaluate(() => {
    const told: unknown[] = [];
    Object.assign(window, { told });
    for (const event of ["greeting:shown", "greeting:closed"] as const) window.Balie?.on(event, (detail) => told.push([event, detail]));
  });
  await page.getByText(/^(Shall we help|Still there)/).waitFor();
  await page.getByRole("button", { name: "Close greeting" }).click();
  const told = await page.evaluate<[string, { text: string }][]>("told");
  assert.equal(told.at(-1)?.[0], "greeting:closed");
  await page.goto(`${house.origin}/demo/?another`);
  await isSettled(page);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await isSettled(page);
  assert.equal(await page.getByText(/^(Shall we help|Still there)/).count(), 0);
});

test("pressing a greeting opens the chat", async (t) => {
  const { page } = await greeted(t, [{ text: "Shall we help?" }]);
  await page.getByText("Shall we help?").click();
  await page.getByRole("dialog").waitFor();
  assert.equal(await page.getByText("Shall we help?").count(), 0);
});

test("a single-page app that changes its address brings no second greeting", async (t) => {
  const { page } = await greeted(t, [{ text: "Shall we help?" }, { text: "Unsure about your size?", page: "/sizes" }]);
  await page.getByText("Shall we help?").waitFor();
  await page.evaluate(() => {
    history.pushState({}, "", "/demo/sizes");
    scrollTo(0, document.documentElement.scrollHeight);
  });
  await isSettled(page);
  assert.equal(await page.getByText("Unsure about your size?").count(), 0);
  assert.equal(await page.getByText("Shall we help?").count(), 1);
});
