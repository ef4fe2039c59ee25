// Looks at states of the widget, several at a time, for what somebody could not read, reach or press, on a phone or elsewhere. Called by the
// flows that look at all states; there are two of them, because one file has two minutes.

import type { TestContext } from "node:test";
import type { BrowserContextOptions } from "playwright-core";
import { PHONE, somebody } from "./browser.ts";
import { settled, violationsOn } from "./look.ts";
import { unreachable } from "./reach.ts";
import { bringAbout, SAID, type State } from "./states.ts";

/** On so many pages at a time: most of a state's time is waiting. */
const PAGES = 4;
/** Pages that are told of a server that is away say so on their console. */
const EXPECTED = /Balie|Failed to fetch|net::ERR/;

/** Every fault, with the name of its state: what axe finds by WCAG 2.2 AA, what is too small, what is wider than its place. */
export async function faultsOf(t: TestContext, origin: string, states: State[], options: BrowserContextOptions = { viewport: PHONE, hasTouch: true, isMobile: true }): Promise<string[]> {
  const found: string[] = [];
  const isPhone = options.isMobile === true;
  const waiting = states.filter(({ isDeskOnly }) => !isPhone || isDeskOnly !== true);
  async function work(): Promise<void> {
    const { context, tab } = await somebody(t, options, EXPECTED);
    await context.addInitScript(() => location.protocol !== "about:" && localStorage.clear()); // what the state before has left
    for (let state = waiting.shift(); state !== undefined; state = waiting.shift()) {
      const page = await tab();
      await bringAbout(page, origin, state, SAID.en);
      await settled(page);
      for (const each of [...(await violationsOn(page, "balie-chat")), ...(await unreachable(page, isPhone))]) found.push(`${state.name}: ${each}`);
      await page.close();
      await context.setOffline(false);
    }
  }
  await Promise.all(Array.from({ length: PAGES }, work));
  return found;
}
