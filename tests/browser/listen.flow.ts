// The widget as it is heard: docs/screen-reader.md is a script, and this walks it by keyboard alone. What Chromium's
// accessibility tree and the live regions say at each step must be what the script says there, no more and no less, in
// that order; so a thing that is announced twice, or never, fails here.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { type Reader, readerOf } from "./support/reader.ts";
import { until, untilEqual } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";
import { wireTo } from "./support/wire.ts";

/** What the script says at a step: what has the focus, what is read in a part of the page, what is announced. */
interface Step {
  title: string;
  blocks: { kind: string; role: string; lines: string[] }[];
}

/** The steps of the script: headings with a number, and the fenced blocks below each. */
function scriptIn(path: string): Step[] {
  const [, ...parts] = readFileSync(path, "utf8").split(/^## \d+\. /m);
  return parts.map((part) => {
    const blocks = [...part.matchAll(/^```(focus|read|said) ?(\w*)\n([^]*?)^```$/gm)].map(([, kind = "", role = "", text = ""]) => ({ kind, role, lines: text.split("\n").filter(Boolean) }));
    return { title: part.split("\n")[0] ?? "", blocks };
  });
}

/** The time of day is another one each time. */
function timeless(lines: string[]): string[] {
  return lines.map((line) => line.replace(/\b\d{1,2}:\d{2}\b/g, "14:02").replace(/ · 1 min\b/, ""));
}

/** Goes on to the next step, which has to have this title, and hears it out; without a title, to the end of the script. */
function walkThrough(waiting: Step[], reader: Reader): (title?: string) => Promise<void> {
  const heard: string[] = [];
  return async (title) => {
    const step = waiting.shift();
    assert.equal(step?.title, title, "the next step of the script");
    for (const { kind, role, lines } of step?.blocks ?? []) {
      if (kind === "focus") await untilEqual(`${title}: what has the focus`, lines, async () => timeless([await reader.focused()]));
      if (kind === "read") await untilEqual(`${title}: what is read`, lines, async () => timeless(await reader.lines(role)));
      if (kind !== "said") continue;
      await untilEqual(`${title}: what is announced`, lines, async () => {
        heard.push(...timeless(await reader.said()));
        return heard;
      });
      heard.length = 0;
    }
    if (step === undefined) assert.deepEqual([...heard, ...(await reader.said())], [], "nothing more was announced");
  };
}

test("from the launcher to the rating everything is heard once, and done by keyboard", async (t) => {
  const house = await startHouse(t);
  const wire = await wireTo(t, house.origin);
  const form = [{ name: "email", label: "Email", kind: "email", required: true }];
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", wire.origin], form });
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  for (const left of [2, 1]) {
    await noor.page.getByRole("button", { name: "One chat fewer at a time" }).click();
    await noor.page.getByText(`0/${left}`, { exact: true }).waitFor();
  }
  const cas = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await cas.page.getByRole("button", { name: "Chat with us" }).click();
  await cas.page.getByLabel("Email").fill("cas@home.example");
  await cas.starts("I am served first");
  await noor.hasChat("I am served first");

  const page = await (await somebody(t)).tab();
  await page.goto(`${wire.origin}/demo/`);
  const { keyboard } = page;
  const launcher = page.getByRole("button", { name: "Chat with us" });
  await launcher.waitFor();
  const reader = await readerOf(page);
  const hear = walkThrough(scriptIn("docs/screen-reader.md"), reader);
  const tab = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) await keyboard.press("Tab");
  };

  await launcher.focus();
  await hear("The launcher");
  await keyboard.press("Enter");
  await hear("The window opens");
  await keyboard.type("ada@home");
  await keyboard.press("Enter");
  await hear("A form with a mistake");
  await keyboard.type(".example");
  await tab(2);
  await keyboard.type("Is the Duin in stock?");
  await tab(1);
  await keyboard.press("Enter");
  await hear("In line");
  await noor.closes();
  await hear("Somebody joins");
  await noor.hasChat("Is the Duin in stock?");
  await noor.page.locator("[data-composer]").pressSequentially("It is");
  await until("the visitor sees that somebody types", async () => (await page.locator(".typing").count()) === 1);
  await hear("Somebody types");
  await noor.says("It is.");
  await hear("A message");
  await keyboard.type("In green too?");
  await keyboard.press("Enter");
  await noor.hears("In green too?");
  await hear("Your own message");
  await noor.page.locator("input[type=file]").setInputFiles({ name: "colours.txt", mimeType: "text/plain", buffer: Buffer.from("green\n") });
  await noor.page.getByRole("list", { name: "To be sent" }).waitFor();
  await noor.page.locator("[data-composer]").press("Enter");
  await hear("A file");
  wire.refuses("/");
  await hear("The line is lost");
  wire.mend();
  await hear("The line is back");
  await noor.closes();
  await hear("The chat is over");
  await tab(5);
  for (const _star of [2, 3, 4]) await keyboard.press("ArrowRight");
  await hear("The rating");
  await tab(3);
  await keyboard.press("Enter");
  await hear("The rating is sent");
  await keyboard.press("Escape");
  await hear("The window closes");
  await hear();
});
