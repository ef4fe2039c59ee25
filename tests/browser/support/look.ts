// Looking at a state of a page as people may have it before them: on a desk and on a phone, light and dark. Each must be
// free of violations that axe can find, and is left as a picture in target/screenshots.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type axe from "axe-core";
import type { Page } from "playwright-core";
import { DESKTOP, PHONE, PICTURES } from "./browser.ts";

const SIZES = { desk: DESKTOP, phone: PHONE };
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface LookOptions {
  /** Where a state is of one size only. */
  sizes?: (keyof typeof SIZES)[];
}

/** Fails with every violation in every look, and gives the page back at its first size. */
export async function look(page: Page, name: string, { sizes = ["desk", "phone"] }: LookOptions = {}): Promise<void> {
  const before = page.viewportSize() ?? DESKTOP;
  const violations: string[] = [];
  for (const size of sizes) {
    await page.setViewportSize(SIZES[size]);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      await page.screenshot({ path: join(PICTURES, `${name}-${size}-${colorScheme}.png`) });
      for (const each of await violationsOn(page)) violations.push(`${name}, ${size}, ${colorScheme}: ${each}`);
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light" });
  assert.deepEqual(violations, [], "what axe found");
}

/** Two frames: the first draws what the change of size and scheme brought, the second is after it. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await document.fonts.ready;
  });
}

/** What axe finds in the page, or in a part of it. */
export async function violationsOn(page: Page, part = "html"): Promise<string[]> {
  // As an expression it goes in through the debugger, which no content policy forbids.
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(`${SOURCE};undefined`);
  const found = await page.evaluate(
    async ({ tags, selector }) => {
      const { axe: run } = window as unknown as { axe: typeof axe };
      return (await run.run(selector, { runOnly: tags, resultTypes: ["violations"] })).violations;
    },
    { tags: RULES, selector: part },
  );
  return found.flatMap((each) => each.nodes.map((node) => `${each.id} at ${node.target.join(" ")}: ${node.failureSummary?.replace(/\s+/g, " ")}`));
}
