// One Chromium a file, and people in it: each person has a browser context, so nothing is shared but what the server says.
//
// Every page is watched. At the end of a test it must have had no error of a script, no message of ours on the console and
// no violation of its content policy; what the browser itself says about a server that is away does not count.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { DEADLINE_MS } from "./until.ts";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run", "--force-color-profile=srgb", "--font-render-hinting=none"];
/** The browser's own words about a request that failed: not ours to avoid, and the page says it better. */
const OF_THE_BROWSER = /^(Failed to load resource|WebSocket connection to)/;

/** Where pictures are left, under the root of the repository. */
export const PICTURES = join("target", "screenshots");
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

let pictures = 0;
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

/** What everybody saw when a test failed says more than its words. */
async function leavePictures(test: TestContext, context: BrowserContext): Promise<void> {
  for (const page of context.pages()) {
    pictures += 1;
    const name = `failed-${test.name.replace(/\W+/g, "-").slice(0, 60)}-${pictures}.png`;
    await page.screenshot({ path: join(PICTURES, name) }).catch(() => {}); // a page that hangs has no picture
  }
}

/** Somebody with a browser of their own; `expected` is what its pages may complain of. */
export async function somebody(test: TestContext, options: BrowserContextOptions = {}, expected?: RegExp): Promise<Watched> {
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
    if (!["error", "warning"].includes(message.type()) || OF_THE_BROWSER.test(message.text()) || expected?.test(message.text())) return;
    faults.push(`${message.text()} (${message.location().url})`);
  });
  test.after(async () => {
    if (Reflect.get(test, "passed") !== true) await leavePictures(test, context);
    await context.close();
    assert.deepEqual(faults, [], "what the pages complained of");
  });
  return { context, tab: async () => context.newPage() };
}
