// The page's own scripts and the widget: calls from before it was loaded, what they are told, greetings, and a page that
// puts another body in place of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { until } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";

test("a page's scripts are told what happens, also what they asked for before the widget was there", async (t) => {
  const house = await startHouse(t);
  const page = await (await somebody(t, {}, /a handler of the page/)).tab();
  await page.addInitScript(`
    window.told = [];
    window.Balie = { q: [["on", "ready", () => { told.push("ready"); throw new Error("a handler of the page"); }]] };
    for (const name of ["open", "close", "chat:start", "chat:queued", "message:sent"]) Balie.q.push(["on", name, () => told.push(name)]);
    Balie.q.push(["setFields", { name: "Ana" }]);
  `);
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await page.evaluate(`Balie.startChat({ text: "Do you ship to Ghent?" })`);
  await ana.reads(["Do you ship to Ghent?"]);
  await page.evaluate("Balie.close()");
  await until("the page is told of the message", async () => (await page.evaluate<string[]>("told")).includes("message:sent"));
  assert.deepEqual((await page.evaluate<string[]>("told")).toSorted(), ["chat:queued", "chat:start", "close", "message:sent", "open", "ready"]);

  await page.evaluate(() => (document.body = document.createElement("body")));
  await page.getByRole("button", { name: /^(Chat with us|Leave a message)/ }).waitFor();
});

test("a greeting appears by the site's rules, once, and not again when it was closed", async (t) => {
  const house = await startHouse(t);
  const look = { side: "start", offset: { x: 40, y: 60 }, theme: "dark" };
  await house.request("PATCH", "/api/sites/demo", { widget: { ...look, greetings: [{ text: "Not here", page: "/elsewhere" }, { text: "Shall we help you choose?", visitor: "new" }] } });
  const person = await somebody(t);
  const page = await person.tab();
  await page.goto(`${house.origin}/demo/`);
  const greeting = page.getByText("Shall we help you choose?");
  await greeting.waitFor();
  const box = await page.locator("balie-chat .launcher").boundingBox();
  assert.deepEqual([box?.x, (page.viewportSize()?.height ?? 0) - (box?.y ?? 0) - (box?.height ?? 0)], [40, 60]);
  assert.deepEqual(await page.evaluate("[localStorage.length, sessionStorage.length]"), [0, 0]);
  await page.getByRole("button", { name: "Close greeting" }).click();
  await greeting.waitFor({ state: "detached" });
  await page.reload();
  await page.locator("balie-chat .launcher").waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal(await greeting.count(), 0);
});
