// A visitor in Firefox, as Debian ships it, driven over WebDriver BiDi. A smoke test's worth of verbs: Chromium has the
// flows, this tells whether the widget works at all where nobody develops it.

import type { TestContext } from "node:test";
import puppeteer, { type Page } from "puppeteer-core";
import { until } from "./until.ts";

/** A profile that asks nobody for anything: updates, studies, reports and captive portals are off. */
const QUIET = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.safebrowsing.downloads.remote.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,none",
  "toolkit.telemetry.enabled": false,
};

export interface FirefoxVisitor {
  page: Page;
  opens(): Promise<void>;
  /** Writes into the field that is first of its kind in the window. */
  fills(selector: string, text: string): Promise<void>;
  presses(name: string): Promise<void>;
  says(text: string): Promise<void>;
  /** Waits until these words are to be seen in the chat. */
  sees(words: string): Promise<void>;
  /** How often these words stand in the log. */
  count(words: string): Promise<number>;
}

/** Everything the page complained of, and the visitor on it. */
export async function firefoxAt(test: TestContext, address: string): Promise<FirefoxVisitor & { faults: string[] }> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env["FIREFOX"] ?? "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: QUIET,
  });
  test.after(() => browser.close());
  const page = await browser.newPage();
  const faults: string[] = [];
  // Firefox reports a socket that finds no server as a fault of the page; no script can keep it from that.
  page.on("pageerror", (error) => /establish a connection to the server at ws/.test(String(error)) || faults.push(String(error)));
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(address);
  return { ...visitorOn(page), faults };
}

function visitorOn(page: Page): FirefoxVisitor {
  const field = async (selector: string): ReturnType<Page["$"]> => page.$(`balie-chat >>> ${selector}`);
  const chatText = async (): Promise<string> =>
    page.evaluate(() => document.querySelector("balie-chat")?.shadowRoot?.querySelector<HTMLElement>("[role=dialog]")?.innerText ?? "");

  async function fills(selector: string, text: string): Promise<void> {
    const found = await until(`${selector} is there`, async () => (await field(selector)) ?? undefined);
    await found.click();
    await found.type(text);
  }
  return {
    page,
    fills,
    async opens() {
      const launcher = await until("the launcher is there", async () => (await field("button[aria-haspopup=dialog]")) ?? undefined);
      await launcher.click();
      await until("the window is open", async () => (await field("[role=dialog]")) ?? undefined);
    },
    async presses(name) {
      const button = await until(`"${name}" is there`, async () => {
        const found = await page.evaluateHandle((wanted) => {
          const buttons = document.querySelector("balie-chat")?.shadowRoot?.querySelectorAll("button") ?? [];
          return [...buttons].find((each) => each.textContent?.trim() === wanted || each.getAttribute("aria-label") === wanted);
        }, name);
        return found.asElement() ?? undefined;
      });
      await (button as Awaited<ReturnType<Page["$"]>>)?.click();
    },
    async says(text) {
      await fills("textarea", text);
      await page.keyboard.press("Enter");
    },
    async sees(words) {
      await until(`the visitor sees "${words}"`, async () => (await chatText()).includes(words));
    },
    async count(words) {
      return (await chatText()).split(words).length - 1;
    },
  };
}
