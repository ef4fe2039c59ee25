// Coming back: reloads, a second tab, a server that is killed and one that is stopped. Whatever was written stands in
// both logs once, in the same order, afterwards.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { type Agent, agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { type House, newestLog, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { type Visitor, visitorAt, visitorOn } from "./support/visitor.ts";

test("a reload of either page loses nothing, doubles nothing, and keeps what was being written", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("First");
  await noor.hasChat("First");
  await noor.says("Second");
  await ana.hears("Second");
  const said = ["First", "Second"];

  await ana.page.getByRole("textbox", { name: "Message" }).fill("Half a thought");
  await ana.page.reload();
  await ana.reads(said);
  await until("the draft is back", async () => (await ana.page.getByRole("textbox", { name: "Message" }).inputValue()) === "Half a thought");
  await ana.says("Third");
  await noor.hears("Third");
  said.push("Third");

  await noor.page.locator("[data-composer]").fill("Half an answer");
  await noor.page.reload();
  await noor.reads(said);
  await until("the agent's draft is back", async () => (await noor.page.locator("[data-composer]").inputValue()) === "Half an answer");
  await noor.says("Fourth");
  said.push("Fourth");
  await ana.reads(said);
  // Sent and reloaded at once: the answer was lost, the message must not be.
  await ana.says("Fifth");
  await ana.page.reload();
  said.push("Fifth");
  await ana.reads(said);
  await noor.reads(said);
});

test("two tabs of one visitor show the same chat, whichever writes", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const person = await somebody(t);
  const first = await visitorAt(await person.tab(), `${house.origin}/demo/`);
  await first.starts("From the first tab");
  await noor.hasChat("From the first tab");
  const second = await visitorAt(await person.tab(), `${house.origin}/demo/`);
  await second.open();
  const said = ["From the first tab"];
  await second.reads(said);
  for (const [writer, text] of [[second, "From the second"], [first, "From the first again"]] as const) {
    await writer.says(text);
    said.push(text);
    await Promise.all([first.reads(said), second.reads(said), noor.reads(said)]);
  }
  await noor.says("To both");
  said.push("To both");
  await Promise.all([first.reads(said), second.reads(said)]);
  await noor.closes();
  await Promise.all([first.sees("Noor Haddad ended the chat"), second.sees("Noor Haddad ended the chat")]);
});

test("a visitor whose agent is gone is told, and keeps the place in line", async (t) => {
  const house = await startHouse(t, { settings: { BALIE_AGENT_AWAY_MS: "300", BALIE_AGENT_GRACE_MS: "2500" } });
  const daan = await agentAt(t, house, await house.person("Daan Smit"));
  await daan.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Is it mended?");
  await daan.hasChat("Is it mended?");
  await daan.says("Nearly.");
  await ana.hears("Nearly.");
  await daan.page.close();
  await ana.sees("Daan Smit lost the connection. One moment, please.");
  await ana.sees("You are back in line, your place is kept.");
  await ana.isNumber(1);
  await look(ana.page, "requeued");

  const eva = await agentAt(t, house, await house.person("Eva Vos"));
  await eva.goesOnline();
  await eva.reads(["Is it mended?", "Nearly."]);
  await eva.says("It is mended.");
  await ana.reads(["Is it mended?", "Nearly.", "It is mended."]);
  await look(eva.page, "panel-requeued");
});

interface Pair {
  house: House;
  ana: Visitor;
  noor: Agent;
}

async function talking(t: TestContext): Promise<Pair> {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("v0");
  await noor.hasChat("v0");
  await noor.says("a0");
  await ana.hears("a0");
  return { house, ana, noor };
}

/** What both wrote must stand in the log, in each one's order, and both pages must show what the log says. */
async function agree({ house, ana, noor }: Pair, written: { visitor: string[]; agent: string[] }): Promise<void> {
  const all = written.visitor.length + written.agent.length;
  await until("everything is in the log", async () => (await newestLog(house)).filter(({ kind }) => kind === "message").length >= all);
  const messages = (await newestLog(house)).filter(({ kind }) => kind === "message");
  const textsOf = (role: string): string[] => messages.flatMap(({ from, text }) => (from.role === role && text !== undefined ? [text] : []));
  assert.deepEqual(textsOf("visitor"), written.visitor);
  assert.deepEqual(textsOf("agent"), written.agent);
  const texts = messages.map(({ text }) => text ?? "");
  await ana.reads(texts);
  await noor.reads(texts);
}

/** The pages try again by themselves, by now half a minute apart perhaps; a browser that finds its network tries at once. */
async function comeBack(house: House, ...pages: Page[]): Promise<void> {
  await house.startAgain();
  for (const page of pages) await page.evaluate(() => dispatchEvent(new Event("online")));
}

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(`both go on writing while the server is gone by ${signal}, and everything arrives once and in order`, async (t) => {
    const pair = await talking(t);
    const { house, ana, noor } = pair;
    const written = { visitor: ["v0"], agent: ["a0"] };
    const write = async (): Promise<void> => {
      const [ours, theirs] = [`v${written.visitor.length}`, `a${written.agent.length}`];
      await Promise.all([ana.says(ours), noor.says(theirs)]);
      written.visitor.push(ours);
      written.agent.push(theirs);
    };

    for (let each = 0; each < 4; each += 1) await write();
    const stopped = house.stop(signal); // while the last messages are on their way
    await write();
    assert.equal(await stopped, signal === "SIGTERM" ? 0 : null);
    for (let each = 0; each < 3; each += 1) await write();
    await ana.sees("Reconnecting.");
    await noor.sees(signal === "SIGTERM" ? "The server is restarting." : /^No connection for /);
    await ana.sees("Waiting for the connection");
    await look(ana.page, `gone-${signal.toLowerCase()}`);
    await look(noor.page, `panel-gone-${signal.toLowerCase()}`);

    // Both sentences go after some seconds, so they are looked for together.
    await Promise.all([comeBack(house, ana.page, noor.page), ana.sees("You are back."), noor.sees("Connected.")]);
    await write();
    await agree(pair, written);
    await noor.sees("Online");
  });
}

test("a status chosen while the server is gone counts as soon as it is back", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.sees("You are away");
  await house.stop("SIGKILL");
  await noor.sees(/^No connection for /);
  await noor.page.keyboard.press("o");
  await house.startAgain();
  await noor.sees("Online");
  await noor.sees("All quiet at the desk");
});

test("a visitor who opens the chat while the server is gone is told so, and gets in when it is back", async (t) => {
  const house = await startHouse(t);
  const page = await (await somebody(t)).tab();
  await page.goto(`${house.origin}/demo/`);
  const ana = visitorOn(page);
  await ana.open();
  await page.getByRole("button", { name: "Start a chat" }).click();
  await page.getByRole("button", { name: "Start the chat" }).waitFor();
  await house.stop("SIGKILL");
  await page.getByLabel(/^Your question/).fill("Are you there?");
  await page.getByRole("button", { name: "Start the chat" }).click();
  await ana.sees("The chat does not answer just now.");
  await ana.sees("Are you there?");
  await look(page, "down");
  await comeBack(house, page);
  await ana.isNumber(1);
  await ana.reads(["Are you there?"]);
});
