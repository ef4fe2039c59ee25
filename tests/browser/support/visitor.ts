// A visitor of the demo shop, in verbs. What is on the page is found by role and name where a person would, and by class
// only where there is neither (a bubble, the line that says how far a message got).

import type { Page } from "playwright-core";
import { until, untilEqual } from "./until.ts";

export interface Visitor {
  page: Page;
  /** Presses the launcher. */
  open(): Promise<void>;
  /** Opens the chat for the first time and waits for the server's first word: from then on the form stays, whoever comes or goes. */
  isWelcomed(): Promise<void>;
  /** Opens the chat if need be, fills the form in and starts. */
  starts(question: string, department?: string): Promise<void>;
  says(text: string): Promise<void>;
  /** The messages in the log, in order, whoever wrote them; also those that are not confirmed yet. */
  said(): Promise<string[]>;
  hears(text: string): Promise<void>;
  /** Waits until the log reads just so. */
  reads(expected: readonly string[], deadline_ms?: number): Promise<void>;
  /** Waits until these words are to be seen in the chat. */
  sees(words: string | RegExp): Promise<void>;
  /** Waits until the number on the ticket is this. */
  isNumber(place: number): Promise<void>;
  /** Opens the menu and takes the entry. */
  chooses(entry: string): Promise<void>;
}

export async function visitorAt(page: Page, address: string): Promise<Visitor> {
  await page.goto(address);
  return visitorOn(page);
}

/** On a page that is there already. */
export function visitorOn(page: Page): Visitor {
  const chat = page.getByRole("dialog");
  const composer = chat.getByRole("textbox", { name: "Message" });

  async function open(): Promise<void> {
    await page.getByRole("button", { name: /^(Chat with us|Leave a message)/ }).click();
    await chat.waitFor();
  }
  async function isWelcomed(): Promise<void> {
    const welcome = page.waitForEvent("websocket").then((socket) => socket.waitForEvent("framereceived", ({ payload }) => payload.includes('"t":"welcome"')));
    await Promise.all([welcome, open()]);
  }
  async function said(): Promise<string[]> {
    return chat.locator(".log .bubble").allInnerTexts();
  }
  async function sees(words: string | RegExp): Promise<void> {
    await chat.getByText(words).first().waitFor();
  }
  return {
    page,
    open,
    isWelcomed,
    said,
    sees,
    async starts(question, department) {
      if (!(await chat.isVisible())) await open();
      // While nobody is at the desk a message is offered first.
      const start = chat.getByRole("button", { name: /^Start (the|a) chat$/ });
      if ((await start.innerText()) === "Start a chat") await start.click();
      if (department !== undefined) await chat.getByLabel("What is it about?").selectOption({ label: department });
      await chat.getByLabel(/^Your question/).fill(question);
      await chat.getByRole("button", { name: "Start the chat" }).click();
      await composer.waitFor();
    },
    async says(text) {
      await composer.fill(text);
      await composer.press("Enter");
    },
    async hears(text) {
      await until(`the visitor reads "${text}"`, async () => (await said()).includes(text));
    },
    reads: (expected, deadline_ms) => untilEqual("what the visitor reads", expected, said, deadline_ms),
    async isNumber(place) {
      await until(`the ticket says ${place}`, async () => (await chat.locator(".ticket .place").innerText()).trim() === String(place));
    },
    async chooses(entry) {
      await chat.getByRole("button", { name: "More options" }).click();
      await chat.getByRole("menuitem", { name: entry }).click();
    },
  };
}

/** Somebody without a widget begins a conversation, from this page. */
export async function begins(page: Page, text: string): Promise<void> {
  await page.evaluate(async (text) => {
    const socket = new WebSocket(`ws://${location.host}/ws/visitor`);
    const say = (frame: object) => socket.send(JSON.stringify(frame));
    const hello = { t: "hello", site: "demo", page: { url: location.href, title: "" } };
    socket.onopen = () => say(hello);
    await new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        const { t } = JSON.parse(String(data)) as { t: string };
        if (t === "welcome") say({ t: "start", cmd: crypto.randomUUID(), fields: {}, text });
        if (t === "ack") resolve();
      };
    });
  }, text);
}
