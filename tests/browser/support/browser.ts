// One Chromium a file, and people in it: each person has a browser context, so nothing is shared but what the server says.
//
// Every page is watched. At the end of a test it must have had no error of a script, no message of ours on the console and
// no violation of its content policy; what the browser itself says about a server that is away does not count.

import assert from "node:assert/strict";
import { after, type TestContext } from "node:test";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { DEADLINE_MS } from "./until.ts";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run", "--force-color-profile=srgb", "--font-render-hinting=none"];
/** The browser's own words about a request that failed: not ours to avoid, and the page says it better. */
const OF_THE_BROWSER = /^(Failed to load resource|WebSocket connection to)/;

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

let browser: Promise<Browser> | undefined;

async function launched(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: FLAGS });
  return browser;
}

after(async () => (await browser)?.close());

export interface Watched {
  context: BrowserContext;
  /** Opens another tab of the same person. */
  tab(): Promise<Page>;
}

/** Somebody with a browser of their own. */
export async function somebody(test: TestContext, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await (await launched()).newContext({
    viewport: DESKTOP,
    locale: "en-GB",
    timezoneId: "Europe/Amsterdam",
    // Movement is a matter of taste; what stands where after it is what the flows are about.
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(DEADLINE_MS);
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
      console.error(`policy: ${violatedDirective} forbids ${blockedURI} at ${sourceFile}:${lineNumber}`);
    });
  });
  const faults: string[] = [];
  context.on("weberror", (error) => faults.push(String(error.error().stack ?? error.error())));
  context.on("console", (message) => {
    if (!["error", "warning"].includes(message.type()) || OF_THE_BROWSER.test(message.text())) return;
    faults.push(`${message.text()} (${message.location().url})`);
  });
  test.after(async () => {
    await context.close();
    assert.deepEqual(faults, [], "what the pages complained of");
  });
  return { context, tab: async () => context.newPage() };
}
