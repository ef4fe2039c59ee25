// The wire is cut below the browser: answers that never arrive, words that never leave, a line that carries nothing and says
// nothing, tabs that are closed with messages unsent, a browser whose storage is full or forbidden. Whatever was written
// stands in the log once, in order, and the page never says what is not true.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { type Agent, agentAt } from "./support/agent.ts";
import { somebody, type Watched } from "./support/browser.ts";
import { type House, newestLog, startHouse } from "./support/house.ts";
import { until, untilEqual } from "./support/until.ts";
import { type Visitor, visitorAt, visitorOn } from "./support/visitor.ts";
import { type Wire, wireTo } from "./support/wire.ts";

interface Talk {
  house: House;
  wire: Wire;
  person: Watched;
  ana: Visitor;
  noor: Agent;
}

/** Ana and Noor talk: "One" and "Two" have been said. Ana's words go over the wire. */
async function talking(t: TestContext): Promise<Talk> {
  const house = await startHouse(t);
  const wire = await wireTo(t, house.origin);
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", wire.origin] });
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const person = await somebody(t);
  const ana = await visitorAt(await person.tab(), `${wire.origin}/demo/`);
  await ana.starts("One");
  await noor.hasChat("One");
  await noor.says("Two");
  await ana.hears("Two");
  return { house, wire, person, ana, noor };
}

async function logged(house: House): Promise<string[]> {
  return (await newestLog(house)).flatMap(({ kind, text }) => (kind === "message" && text !== undefined ? [text] : []));
}

/** The log, the agent and the pages all say just this. */
async function allSay(house: House, expected: string[], ...readers: Pick<Visitor, "reads">[]): Promise<void> {
  await untilEqual("what the log says", expected, () => logged(house));
  for (const reader of readers) await reader.reads(expected);
}

/** What a browser tells its pages when it finds its network; without it the next try may be half a minute away. */
async function findsItsNetwork(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.evaluate(() => dispatchEvent(new Event("online")));
}

/** Another tab of the same page with a copy of its sessionStorage, as "Duplicate tab" makes it. */
async function duplicate({ page }: Visitor): Promise<Visitor> {
  const [copy] = await Promise.all([page.waitForEvent("popup"), page.evaluate(() => void window.open(location.href))]);
  return visitorOn(copy);
}

test("a reload while a message is on its way loses it neither going nor coming", async (t) => {
  const { house, wire, ana, noor } = await talking(t);
  wire.lose("up");
  await ana.says("Three");
  await ana.page.reload();
  await allSay(house, ["One", "Two", "Three"], ana, noor);

  wire.lose("down");
  await ana.says("Four");
  await until("the server has it", async () => (await logged(house)).includes("Four"));
  await ana.page.reload();
  await allSay(house, ["One", "Two", "Three", "Four"], ana, noor);

  // The server has the message, its answer is lost, and the server dies with it.
  wire.lose("down");
  await ana.says("Five");
  await until("the server has it", async () => (await logged(house)).includes("Five"));
  await house.stop("SIGKILL");
  await house.startAgain();
  await findsItsNetwork(noor.page);
  await ana.page.reload();
  await allSay(house, ["One", "Two", "Three", "Four", "Five"], ana, noor);
});

test("without a line a reload shows the chat at once, and what is written then is sent later", async (t) => {
  const { house, wire, ana, noor } = await talking(t);
  wire.refuses("/ws/");
  await ana.page.reload();
  await ana.reads(["One", "Two"]);
  await ana.says("Three");
  await ana.reads(["One", "Two", "Three"]);
  await ana.sees("Reconnecting.");
  await ana.sees("Waiting for the connection");
  await noor.says("Four");
  await ana.page.reload();
  await ana.reads(["One", "Two", "Three"]);
  wire.mend();
  await findsItsNetwork(ana.page);
  await allSay(house, ["One", "Two", "Four", "Three"], ana, noor);
});

test("a line that carries nothing and says nothing is noticed, and the page says when all is sent", async (t) => {
  const { house, wire, ana, noor } = await talking(t);
  wire.goesDark();
  await ana.says("Three");
  await ana.sees("Reconnecting.");
  assert.equal(await ana.page.getByText("Everything has been sent").count(), 0);
  wire.mend();
  await findsItsNetwork(ana.page);
  await ana.sees("Everything has been sent.");
  assert.ok((await logged(house)).includes("Three"), "it says so only once it is true");
  await allSay(house, ["One", "Two", "Three"], ana, noor);
});

test("a duplicated tab has the same chat, and neither repeats what the other says", async (t) => {
  const { house, wire, ana, noor } = await talking(t);
  const copy = await duplicate(ana);
  await copy.reads(["One", "Two"]);
  await Promise.all([ana.says("Three"), copy.says("Four")]);
  await until("both are there", async () => (await logged(house)).length === 4);
  const said = await logged(house);
  assert.deepEqual([...said].sort(), ["Four", "One", "Three", "Two"]);
  await allSay(house, said, ana, copy, noor);

  // Without a line, too, each shows what the other has written.
  wire.refuses("/ws/");
  await ana.says("Five");
  await copy.reads([...said, "Five"]);
  await copy.says("Six");
  await ana.reads([...said, "Five", "Six"]);
  wire.mend();
  await findsItsNetwork(ana.page, copy.page);
  await allSay(house, [...said, "Five", "Six"], ana, copy, noor);
});

test("a tab that is closed leaves its unsent messages to another one, or to the next page", async (t) => {
  const { house, wire, person, ana, noor } = await talking(t);
  const other = await visitorAt(await person.tab(), `${wire.origin}/demo/`);
  await other.open();
  await other.reads(["One", "Two"]);
  wire.refuses("/ws/");
  await ana.says("Three");
  await other.reads(["One", "Two", "Three"]);
  await ana.page.close();
  wire.mend();
  await findsItsNetwork(other.page);
  await allSay(house, ["One", "Two", "Three"], other, noor);

  wire.refuses("/ws/");
  await other.says("Four");
  await other.says("Five");
  await other.page.close();
  wire.mend();
  // Not opened: what waits is sent all the same, because somebody wrote it.
  const next = await visitorAt(await person.tab(), `${wire.origin}/demo/`);
  await allSay(house, ["One", "Two", "Three", "Four", "Five"], noor);
  await next.open();
  await next.reads(["One", "Two", "Three", "Four", "Five"]);
});

/** Leaves no room for one more character. */
async function fillStorage(page: Page): Promise<void> {
  await page.evaluate(() => {
    let piece = "x".repeat(1 << 22);
    for (let name = 0; piece.length > 0; name += 1) {
      try {
        localStorage.setItem(`page:${name}`, piece);
      } catch {
        piece = piece.slice(0, piece.length >> 1);
      }
    }
  });
}

test("a browser whose storage is full keeps the words as long as the page, says so, and sends them", async (t) => {
  const { house, wire, ana, noor } = await talking(t);
  await fillStorage(ana.page);
  wire.refuses("/ws/");
  // The chat's own copy of the log makes room for what nobody else has.
  await ana.says("Three");
  await ana.sees("Reconnecting.");
  await ana.sees("Nothing is lost.");
  await fillStorage(ana.page);
  await ana.says("Four");
  await ana.sees("Stay on this page: what you write goes out when it is back.");
  assert.equal(await ana.page.getByText("Nothing is lost.").count(), 0);
  await ana.page.screenshot({ path: "target/screenshots/full-storage.png" });
  wire.mend();
  await findsItsNetwork(ana.page);
  await ana.sees("Everything has been sent.");
  await allSay(house, ["One", "Two", "Three", "Four"], ana, noor);
  await ana.page.reload();
  await ana.reads(["One", "Two", "Three", "Four"]);
});

test("where storage is forbidden the chat works, for as long as the page lives", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const page = await (await somebody(t)).tab();
  await page.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException("The operation is insecure.", "SecurityError");
        },
      });
    }
  });
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await ana.starts("One");
  await noor.hasChat("One");
  await house.stop("SIGKILL");
  await ana.says("Two");
  await ana.sees("Stay on this page: what you write goes out when it is back.");
  await house.startAgain();
  await findsItsNetwork(ana.page, noor.page);
  await allSay(house, ["One", "Two"], ana, noor);
});
