// The page's own scripts and the widget: calls from before it was loaded, what they are told, greetings, and a page that
// puts another body in place of its own.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { somebody } from "./support/browser.ts";
import { type House, startHouse } from "./support/house.ts";
import { siteOf } from "./support/site.ts";
import { until } from "./support/until.ts";
import { visitorAt, visitorOn } from "./support/visitor.ts";

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
  await house.request("PATCH", "/api/sites/demo", { color: "#8a1c1c", widget: { ...look, greetings: [{ text: "Not here", page: "/elsewhere" }, { text: "Shall we help you choose?", visitor: "new" }] } });
  const person = await somebody(t);
  const page = await person.tab();
  await page.goto(`${house.origin}/demo/`);
  const greeting = page.getByText("Shall we help you choose?");
  await greeting.waitFor();
  const box = await page.locator("balie-chat .launcher").boundingBox();
  assert.deepEqual([box?.x, (page.viewportSize()?.height ?? 0) - (box?.y ?? 0) - (box?.height ?? 0)], [40, 60]);
  const [red = 0, green = 0, blue = 0] = await page.evaluate(() => {
    const launcher = document.querySelector("balie-chat")?.shadowRoot?.querySelector(".launcher");
    const pixel = new OffscreenCanvas(1, 1).getContext("2d", { colorSpace: "srgb" });
    if (launcher === null || launcher === undefined || pixel === null) return [];
    pixel.fillStyle = getComputedStyle(launcher).color;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  });
  assert.ok(red > green + 30 && red > blue + 30, `the launcher's mark has the site's colour, not ${red} ${green} ${blue}`);
  assert.deepEqual(await page.evaluate("[localStorage.length, sessionStorage.length]"), [0, 0]);
  await page.getByRole("button", { name: "Close greeting" }).click();
  await greeting.waitFor({ state: "detached" });
  await page.reload();
  await page.locator("balie-chat .launcher").waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal(await greeting.count(), 0);
});

/** A page of another origin, in the words of whoever embeds the widget there; the site takes it. */
async function pageWith(t: TestContext, house: House, page: Page, head: string, body = ""): Promise<void> {
  const address = await siteOf(t, { "/": ["text/html", `<!doctype html><html lang="en"><head><title>Shop</title>${head}</head><body><h1>Shop</h1>${body}</body></html>`] });
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", address] });
  await page.goto(address);
}

test("a page that names the script several times has one widget, the first", async (t) => {
  const house = await startHouse(t);
  const page = await (await somebody(t, {}, /^Balie is on this page already\./)).tab();
  const warned: string[] = [];
  page.on("console", (message) => message.type() === "warning" && warned.push(message.text()));
  const tag = (site: string): string => `<script src="${house.origin}/widget.js" data-site="${site}"></script>`;
  await pageWith(t, house, page, tag("demo") + tag("demo"), tag("elsewhere"));
  await page.locator("balie-chat .launcher").waitFor();
  assert.equal(await page.locator("balie-chat").count(), 1);
  assert.deepEqual(warned, ["Balie is on this page already.", "Balie is on this page already."]);
  const ana = visitorOn(page);
  await ana.starts("Do you ship to Ghent?");
  await ana.reads(["Do you ship to Ghent?"]);
});

test("a script in the head, run before there is a body, puts the launcher into it when it comes", async (t) => {
  const house = await startHouse(t);
  const page = await (await somebody(t)).tab();
  const known = page.waitForResponse(/\/api\/sites\/demo\/widget/);
  // The parser stops at this one, so that everything the widget asked for is there before the body is.
  await page.route(/\/slow\.js$/, async (route) => {
    await (await known).finished();
    await route.fulfill({ contentType: "text/javascript", body: "window.bodyAtSlow = document.body" });
  });
  await pageWith(t, house, page, `<script src="${house.origin}/widget.js" data-site="demo"></script><script src="/slow.js"></script>`);
  await page.locator("balie-chat .launcher").waitFor();
  assert.equal(await page.evaluate("bodyAtSlow"), null);
});

test("where storage is forbidden greetings, calls and the chat work all the same", async (t) => {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/sites/demo", { widget: { greetings: [{ text: "Shall we help?" }] } });
  const page = await (await somebody(t)).tab();
  await page.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException("The operation is insecure.", "SecurityError");
        },
      });
    }
  });
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await page.getByText("Shall we help?").waitFor();
  await page.getByRole("button", { name: "Close greeting" }).click();
  assert.equal(await page.getByText("Shall we help?").count(), 0);
  await page.evaluate(`Balie.startChat({ text: "Do you ship to Ghent?" })`);
  await ana.reads(["Do you ship to Ghent?"]);
  await page.evaluate("Balie.shutdown()");
  assert.deepEqual(await page.evaluate(() => ["Balie" in globalThis, document.querySelector("balie-chat")]), [false, null]);
});

test("a wrong or a missing key of the site is said on the console, and the page is left alone", async (t) => {
  const house = await startHouse(t);
  const said = /^Balie: (there is no site "nowhere" at|the script needs data-site,)/;
  const page = await (await somebody(t, {}, said)).tab();
  const words: string[] = [];
  page.on("console", (message) => words.push(message.text()));
  const address = `${house.origin}/widget.js`;
  await pageWith(t, house, page, `<script src="${address}"></script>`, `<script src="${address}" data-site="nowhere"></script>`);
  await until("both are said", () => words.filter((each) => said.test(each)).length === 2);
});

test("the site's logo stands at the top of the window", async (t) => {
  const house = await startHouse(t);
  const logo = "https://shop.example/logo.svg";
  await house.request("PATCH", "/api/sites/demo", { widget: { logo } });
  const page = await (await somebody(t)).tab();
  await page.route(logo, (route) => route.fulfill({ contentType: "image/svg+xml", body: `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><path fill="#b42" d="M0 0h90v90H0z"/></svg>` }));
  await pageWith(t, house, page, `<script src="${house.origin}/widget.js" data-site="demo"></script>`);
  const ana = visitorOn(page);
  await ana.open();
  await page.getByRole("button", { name: "Start a chat" }).click();
  const picture = page.locator("balie-chat img");
  await until("it is loaded", async () => picture.evaluate((image) => image instanceof HTMLImageElement && image.naturalWidth > 0));
  assert.deepEqual(await picture.evaluate((image) => [image.clientWidth, image.clientHeight]), [28, 28]);
  await page.screenshot({ path: "target/screenshots/logo.png" });
});
