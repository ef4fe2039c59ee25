// The widget as a guest: on a page of another origin with a strict policy, style rules that hit everything and scripts
// that bend the language. It must look and work as on the demo page, and leave nothing behind.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { PHONE, somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { type Files, siteOf } from "./support/site.ts";
import { until } from "./support/until.ts";
import { visitorAt, visitorOn } from "./support/visitor.ts";
import { wireTo } from "./support/wire.ts";

const CSS = `
  * { all: revert !important }
  balie-chat { display: none !important; transform: scale(0) !important }
  * { letter-spacing: .4em; text-transform: uppercase; line-height: 3; font: italic 30px cursive; color: #800; text-align: right }
  div, span, p, h2, h3, form, label, button, input, textarea, select, svg, path, ol, i, b {
    all: unset !important; display: none !important; border: 9px solid red !important; position: static !important
  }
  balie-chat { letter-spacing: 1em; font-size: 50px; direction: rtl; color: red; text-indent: 4em; word-spacing: 1em; cursor: wait }
  :focus { outline: none !important }
`;

/** A page's own script that spoils what lazy scripts rely on, and a shortcut on every letter. */
const SCRIPT = `
  Object.prototype.everywhere = "a";
  Array.prototype.everywhere = function () { throw new Error("called by the page"); };
  String.prototype.everywhere = Number.prototype.everywhere = "b";
  window.h = window.t = window.start = window.load = 1;
  window.shortcuts = 0;
  document.addEventListener("keydown", (event) => { window.shortcuts += 1; event.preventDefault(); });
`;

/** A shop of another origin. */
async function shop(t: TestContext, balie: string): Promise<string> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    `script-src 'self' ${balie}`,
    `connect-src ${balie} ${balie.replace("http", "ws")}`,
    "trusted-types 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A strict shop</title><link rel="stylesheet" href="/shop.css"><script src="/shop.js"></script>
    <script src="${balie}/widget.js" data-site="demo" async></script></head><body><main><h1>A strict shop</h1></main></body></html>`;
  const files: Files = { "/": ["text/html", html], "/shop.css": ["text/css", CSS], "/shop.js": ["text/javascript", SCRIPT] };
  return siteOf(t, files, { "content-security-policy": policy });
}

/** How the parts of the widget look: what a rule of the page could have changed. */
async function looks(page: Page): Promise<Record<string, string>> {
  return page.evaluate(() => {
    const root = document.querySelector("balie-chat")?.shadowRoot;
    const found: Record<string, string> = {};
    for (const part of [".launcher", ".window", ".head", ".head h2", ".ticket .place", ".bubble", ".meta", ".composer", ".write", ".go"]) {
      const element = root?.querySelector(part);
      if (element === null || element === undefined) throw new Error(`${part} is missing`);
      const style = getComputedStyle(element);
      const names = ["display", "color", "background-color", "font-family", "font-size", "font-style", "font-weight", "line-height", "letter-spacing", "word-spacing", "text-transform", "text-indent", "text-align", "direction", "cursor", "border-top-width"];
      const { width, height } = element.getBoundingClientRect();
      // The ticket counts minutes and the bubble tells the time, whose digits differ in width.
      const size = part === ".meta" || part === ".ticket .place" ? "" : `${Math.round(width)}×${Math.round(height)}`;
      found[part] = `${size} ${names.map((name) => style.getPropertyValue(name)).join(" | ")}`;
    }
    return found;
  });
}

test("a page with a strict policy, hostile styles and hostile scripts has the same chat as any other", async (t) => {
  const house = await startHouse(t);
  const address = await shop(t, house.origin);
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", address] });
  const bram = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await bram.starts("Do you ship to Ghent?");
  await bram.isNumber(1);

  const ana = await visitorAt(await (await somebody(t)).tab(), address);
  await ana.starts("Do you ship to Ghent?");
  await ana.isNumber(2);
  await ana.page.getByRole("textbox", { name: "Message" }).pressSequentially("abc");
  assert.equal(await ana.page.evaluate("shortcuts"), 0, "what is typed into the chat is not for the page's shortcuts");
  await ana.page.getByRole("textbox", { name: "Message" }).fill("");
  assert.deepEqual(await looks(ana.page), await looks(bram.page));
  // Axe is itself a script that the bent language breaks; the widget has been loaded and used by now.
  await ana.page.evaluate(() => {
    for (const { prototype } of [Object, Array, String, Number]) Reflect.deleteProperty(prototype, "everywhere");
  });
  await look(ana.page, "hostile");

  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  await ana.sees("Noor Haddad joined the chat");
  await noor.page.locator("[data-row]").last().click();
  await noor.says("We do.");
  await ana.hears("We do.");

  const globals = await ana.page.evaluate(() => Object.keys(globalThis).filter((name) => /balie/i.test(name)));
  assert.deepEqual(globals, [], "its one global does not show in loops");
  await ana.page.evaluate("Balie.shutdown()");
  assert.deepEqual(await ana.page.evaluate(() => ["Balie" in globalThis, document.querySelector("balie-chat") !== null, document.body.children.length]), [false, false, 1]);
});

test("where the page forbids the picture of a site's logo there is our mark, and nothing broken", async (t) => {
  const house = await startHouse(t);
  const address = await shop(t, house.origin);
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", address], widget: { logo: "https://pictures.example/logo.svg" } });
  const ana = visitorOn(await (await somebody(t, {}, /pictures\.example/)).tab());
  await ana.page.goto(address);
  await ana.open();
  await ana.page.getByRole("button", { name: "Start a chat" }).click();
  await ana.page.locator(".logo svg").waitFor();
  await ana.page.locator(".logo img").waitFor({ state: "hidden" });
});

test("a page that the site does not list is not served, and says so in words", async (t) => {
  const house = await startHouse(t);
  const address = await shop(t, house.origin);
  const person = await somebody(t, {}, /blocked by CORS policy/);
  const ana = visitorOn(await person.tab());
  await ana.page.goto(address);
  await ana.open();
  await ana.sees("The chat cannot be used on this page.");
  const { conversations } = (await house.request("GET", "/api/conversations")) as { conversations: unknown[] };
  assert.deepEqual(conversations, []);
});

test("a chat goes on without what is loaded later, which comes when the line is back", async (t) => {
  const house = await startHouse(t);
  const wire = await wireTo(t, house.origin);
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", wire.origin] });
  const page = await (await somebody(t, {}, /ERR_FAILED|WebSocket/)).tab();
  await page.route(/widget\/later(-\w+)?\.js/, (route) => route.abort());
  const ana = await visitorAt(page, `${wire.origin}/demo/`);
  await ana.starts("Do you ship to Ghent?");
  await ana.isNumber(1);
  await page.getByRole("button", { name: "More options" }).click();
  await ana.says("And to Bruges?");
  await ana.reads(["Do you ship to Ghent?", "And to Bruges?"]);
  assert.equal(await page.getByRole("menuitem").count(), 0);

  await page.unroute(/widget\/later(-\w+)?\.js/);
  wire.refuses("/ws/");
  await ana.sees("Reconnecting.");
  wire.mend();
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await page.getByRole("menuitem", { name: "Leave the line" }).waitFor();
});

test("a press under which the chat is drawn ahead opens it, and a pointer that only passes leaves nothing behind", async (t) => {
  const house = await startHouse(t);
  const page = await (await somebody(t)).tab();
  const sockets: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.goto(`${house.origin}/demo/`);
  const launcher = page.getByRole("button", { name: /^(Chat with us|Leave a message)/ });
  const drawn = page.locator("balie-chat .window :is(input, textarea)").first();
  await launcher.hover();
  await drawn.waitFor({ state: "attached" });
  await page.mouse.move(0, 0);
  assert.deepEqual(sockets, []);
  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ""]);
  await page.reload();
  await launcher.waitFor();
  const { x, y, width, height } = (await launcher.boundingBox()) ?? assert.fail("the launcher takes no room");
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await drawn.waitFor({ state: "attached" });
  await page.mouse.up();
  await page.getByRole("dialog").waitFor();
});

test("what is seen first is fetched beside the chat: the way to the server and back is paid for once", async (t) => {
  const house = await startHouse(t);
  const page = await (await somebody(t, { viewport: PHONE })).tab();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(/\/widget\/([a-z_]+)-/.exec(request.url())?.[1] ?? ""));
  let release = (): void => {};
  const held = new Promise<void>((done) => (release = done));
  await page.route("**/widget/app-*.js", (route) => held.then(() => route.continue()));
  await page.goto(`${house.origin}/demo/`);
  await page.getByRole("button", { name: /^(Chat with us|Leave a message)/ }).click();
  // Nobody is at the desk, so the form for a message is; the chat itself has not come yet.
  await until("all of it is asked for", () => ["app", "words", "later_forms", "later_phone"].every((name) => asked.includes(name)));
  release();
  await page.getByRole("dialog").getByRole("textbox").first().waitFor();
  assert.deepEqual(asked.filter((name) => name === "later_forms" || name === "later_phone").length, 2);
});
