// The page of options (/demo/options.html): each attribute, setting and call by a button, and what the page is told in its
// log. It is served under the server's own policy, which allows nothing inline: every violation fails the test.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test, type TestContext } from "node:test";
import type { Locator, Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { type House, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until, untilEqual } from "./support/until.ts";
import { type Visitor, visitorOn } from "./support/visitor.ts";

interface Options {
  house: House;
  page: Page;
  ana: Visitor;
  launcher: Locator;
  press(name: string | RegExp): Promise<void>;
  /** What the log says of a call or an event, the newest last. */
  lines(name: string): Promise<string[]>;
  logs(name: string, detail?: string): Promise<void>;
}

async function options(t: TestContext, expected?: RegExp, site: object = {}): Promise<Options> {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/sites/demo", site);
  const page = await (await somebody(t, {}, expected)).tab();
  await page.goto(`${house.origin}/demo/options.html`);
  const lines = async (name: string): Promise<string[]> =>
    page.getByRole("log", { name: "What happened" }).locator("p").evaluateAll((all, wanted) => all.filter((line) => line.querySelector("b")?.textContent === wanted).map((line) => line.querySelector("span")?.textContent ?? ""), name);
  return {
    house,
    page,
    ana: visitorOn(page),
    launcher: page.locator("balie-chat .launcher"),
    lines,
    press: async (name) => page.getByRole("main").getByRole("button", { name, exact: true }).click(),
    async logs(name, detail) {
      await until(`the log says ${name}`, async () => (await lines(name)).some((line) => detail === undefined || line === detail));
    },
  };
}

test("each call of the API is made by its button, and each event shows in the log", async (t) => {
  const form = [{ name: "name", label: "Your name", kind: "text" }];
  const { house, page, ana, launcher, press, lines, logs } = await options(t, undefined, { form });
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  await logs("ready");
  const window = page.getByRole("dialog");
  await press("open()");
  await window.waitFor();
  await press("close()");
  await window.waitFor({ state: "hidden" });
  await press("toggle()");
  await window.waitFor();
  await press("toggle()");
  await window.waitFor({ state: "hidden" });
  await press('q.push(["open"])');
  await window.waitFor();
  assert.deepEqual([(await lines("open")).length, (await lines("close")).length], [3, 2]);
  await press("setFields()");
  await press("setPage()");
  await press("startChat()");
  await ana.reads(["Do you ship to Ghent?"]);
  await noor.hasChat("Do you ship to Ghent?");
  await noor.says("We do.");
  await ana.hears("We do.");
  for (const event of ["presence", "connection", "chat:start", "chat:queued", "chat:assigned", "message:sent", "message:received"]) await logs(event);
  const { conversations } = (await house.request("GET", "/api/conversations")) as { conversations: { visitor: { name?: string; page?: { url: string } } }[] };
  assert.equal(conversations[0]?.visitor.name, "Ana de Wit");
  await noor.sees("Basket");
  await look(page, "options-chat");

  await press("off() for all events");
  await press("Clear");
  await press("close()");
  await window.waitFor({ state: "hidden" });
  assert.deepEqual(await lines("close"), []);
  await press("off() for all events");
  await press("open()");
  await logs("open");

  await press("shutdown()");
  await launcher.waitFor({ state: "detached" });
  assert.deepEqual(await page.evaluate(() => ["Balie" in globalThis, document.querySelector("balie-chat"), document.querySelector("script[src$='/widget.js']")]), [false, null, null]);
  await press("Put it on the page");
  await press("open()");
  await ana.reads(["Do you ship to Ghent?", "We do."]);
});

test("an identity is passed on, and one that is refused is said in the log", async (t) => {
  const { page, press, logs } = await options(t, /^Balie: The identity is not signed/, { identity_secret: "a bicycle by the water of the north" });
  await page.getByLabel(/^a token that the site signed/).fill("a.b.c");
  await press("identify()");
  await press("open()");
  await logs("error", `{"message":"The identity is not signed with this site's key."}`);
});

test("attributes and settings are seen at once, and the snippet says them", async (t) => {
  const { page, launcher, press, logs } = await options(t, /^Balie: there is no site "nowhere"/);
  await launcher.waitFor();
  await look(page, "options");
  const snippet = page.locator("#snippet");
  const widget = page.locator("balie-chat");
  const lang = page.getByLabel("data-lang");
  const spoken = readdirSync("widget/i18n").filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
  assert.deepEqual((await lang.locator("option").evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value))).filter(Boolean).toSorted(), spoken.toSorted());
  await lang.selectOption("ar");
  await page.locator("balie-chat[dir=rtl] .launcher").waitFor();
  await lang.selectOption("nl");
  await page.getByRole("button", { name: /^(Chat met ons|Laat een bericht achter)/ }).waitFor();
  assert.match(await snippet.innerText(), /data-site="demo" data-lang="nl" async><\/script>$/);

  await page.getByLabel("theme").selectOption("dark");
  await page.getByLabel("side").selectOption("start");
  await page.getByLabel("offset x").fill("40");
  await page.getByLabel("a greeting").fill("Kunnen we helpen?");
  await page.getByLabel("a greeting").blur();
  await page.getByRole("button", { name: "Kunnen we helpen?" }).waitFor();
  await until("it stands at the other side", async () => (await launcher.boundingBox())?.x === 40);
  assert.match(await snippet.innerText(), /PATCH \/api\/sites\/demo[^]*"side": "start"[^]*"theme": "dark"[^]*"x": 40[^]*"text": "Kunnen we helpen\?"/);
  await page.getByRole("button", { name: "Kunnen we helpen?" }).click();
  await page.getByRole("dialog").waitFor();
  await look(page, "options-start");
  assert.equal(await widget.evaluate((element) => getComputedStyle(element.shadowRoot?.querySelector(".window") ?? element).colorScheme), "dark");

  await page.getByRole("button", { name: "Chat verkleinen" }).click();
  await page.getByLabel("data-lang").selectOption("");
  await page.getByLabel(/^Call open\(\)/).check();
  await page.getByRole("dialog").waitFor();
  assert.match(await snippet.innerText(), /window\.Balie = \{ q: \[\["open"\]\] \};/);
  await page.getByLabel(/^Call open\(\)/).uncheck();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await press("Copy");
  await page.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await snippet.textContent());

  await page.getByLabel("data-site").fill("nowhere");
  await page.getByLabel("data-site").blur();
  await logs("→ the tag", '{"site":"nowhere"}');
  assert.match(await page.locator("#policy").innerText(), /script-src 'self';/);
});

test("the page can be used by keyboard alone", async (t) => {
  const { page, launcher, logs } = await options(t);
  await launcher.waitFor();
  const names: string[] = [];
  for (let stops = 0; stops < 60; stops += 1) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => document.activeElement?.textContent ?? "");
    names.push(name);
    if (name === "startChat()") break;
  }
  assert.ok(["agent panel", "Put it on the page", "open()", "setFields()"].every((name) => names.includes(name)), names.join(", "));
  await page.keyboard.press("Enter");
  await logs("chat:queued");
  await untilEqual("the log of the chat", ["Do you ship to Ghent?"], visitorOn(page).said);
});
