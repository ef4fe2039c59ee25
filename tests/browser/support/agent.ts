// Somebody at the panel, in verbs.

import type { Locator, Page } from "playwright-core";
import type { TestContext } from "node:test";
import { type Watched, somebody } from "./browser.ts";
import { type House, PASSWORD, type Person } from "./house.ts";
import { until, untilEqual } from "./until.ts";

export interface Agent extends Watched {
  page: Page;
  goesOnline(): Promise<void>;
  /** Waits until a chat stands open that holds this message. */
  hasChat(message: string): Promise<void>;
  says(text: string): Promise<void>;
  notes(text: string): Promise<void>;
  /** The messages of the open chat in order, without notes and without what is only being typed. */
  said(): Promise<string[]>;
  hears(text: string): Promise<void>;
  reads(expected: readonly string[], deadline_ms?: number): Promise<void>;
  sees(words: string | RegExp): Promise<void>;
  /** The rows under "Waiting". */
  waiting(): Locator;
  transfers(to: string, note?: string): Promise<void>;
  closes(...tags: string[]): Promise<void>;
}

/** Signed in, with the panel open. */
export async function agentAt(test: TestContext, house: House, person: Person, hash = ""): Promise<Agent> {
  const watched = await somebody(test);
  const { context } = watched;
  const answer = await context.request.post(`${house.origin}/api/login`, { data: { email: person.email, password: PASSWORD }, headers: { origin: house.origin } });
  if (!answer.ok()) throw new Error(`${person.name} cannot sign in: ${answer.status()} ${await answer.text()}`);
  const page = await watched.tab();
  await page.goto(`${house.origin}/panel/${hash}`);
  await page.getByRole("navigation", { name: "Balie" }).waitFor();
  return { ...watched, ...agentOn(page) };
}

/** On a page where somebody is signed in already. */
export function agentOn(page: Page): Omit<Agent, keyof Watched> {
  const composer = page.locator("[data-composer]");
  const log = page.getByRole("log");
  const status = page.getByRole("group", { name: "My availability" }).getByRole("button").first();

  async function said(): Promise<string[]> {
    return log.locator(".msg:not(.note):not(.peek) .bub").allInnerTexts();
  }
  async function write(mode: "Reply" | "Note", text: string): Promise<void> {
    await page.getByRole("group", { name: "Write a" }).getByText(mode).click();
    await composer.fill(text);
    await composer.press("Enter");
  }
  return {
    page,
    said,
    async goesOnline() {
      await status.click();
      await page.getByRole("menuitemradio", { name: /^Online/ }).click();
      await until("the panel says Online", async () => (await status.innerText()).includes("Online"));
    },
    async hasChat(message) {
      await log.getByText(message, { exact: true }).waitFor();
    },
    says: (text) => write("Reply", text),
    notes: (text) => write("Note", text),
    async hears(text) {
      await until(`the agent reads "${text}"`, async () => (await said()).includes(text));
    },
    reads: (expected, deadline_ms) => untilEqual("what the agent reads", expected, said, deadline_ms),
    async sees(words) {
      await page.getByText(words).filter({ visible: true }).first().waitFor();
    },
    waiting: () => page.getByRole("region", { name: "Waiting" }).locator("[data-waiting]"),
    async transfers(to, note) {
      await page.getByRole("button", { name: "Transfer" }).first().click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: to }).click();
      if (note !== undefined) await dialog.getByRole("textbox", { name: "Note for the colleague" }).fill(note);
      await dialog.getByRole("button", { name: "Transfer", exact: false }).last().click();
    },
    async closes(...tags) {
      await page.locator(".conv-head").getByRole("button", { name: "Close" }).click();
      const dialog = page.getByRole("dialog");
      for (const tag of tags) await dialog.getByRole("button", { name: tag, exact: true }).click();
      await dialog.getByRole("button", { name: "Close chat" }).click();
    },
  };
}
