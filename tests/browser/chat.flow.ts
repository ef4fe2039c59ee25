// One chat from the closed launcher to the rating: what the visitor and the agent see of each other, and what they do not.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";

/** Everything a page may keep. */
async function kept(page: Page): Promise<string[]> {
  const inPage = await page.evaluate(async () => [
    ...Object.keys(localStorage),
    ...Object.keys(sessionStorage),
    ...(await indexedDB.databases()).map(({ name }) => name ?? ""),
    ...(await caches.keys()),
  ]);
  return [...inPage, ...(await page.context().cookies()).map(({ name }) => name)];
}

test("nothing is kept and no socket is opened before the visitor opens the chat", async (t) => {
  const house = await startHouse(t);
  const page = await (await somebody(t)).tab();
  const sockets: string[] = [];
  const requests: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  const answered = page.waitForResponse(/\/api\/sites\/demo\/widget/);
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await answered;
  await page.getByRole("button", { name: "Leave a message, we are away just now" }).waitFor();
  assert.deepEqual(await kept(page), []);
  assert.deepEqual(sockets, []);
  assert.deepEqual(requests.filter((path) => /widget|\/ws|\/api/.test(path)), ["/widget.js", "/api/sites/demo/widget"]);
  await look(page, "demo");

  await ana.open();
  await until("the socket opens with the chat", () => sockets.length === 1);
  await until("the visitor is remembered from then on", async () => (await kept(page)).includes("balie:demo:session"));
});

test("two people talk, and each sees only what is meant for them", async (t) => {
  const house = await startHouse(t);
  await house.request("POST", "/api/tags", { tag: "delivery" });
  await house.request("POST", "/api/tags", { tag: "bikes" });
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.open();
  await ana.page.getByRole("button", { name: "Start a chat" }).waitFor();
  await look(ana.page, "leave-message");
  await ana.starts("Do you ship to Ghent?");
  await ana.isNumber(1);
  await look(ana.page, "waiting");

  const noor = await agentAt(t, house, house.admin);
  await noor.waiting().first().waitFor();
  await look(noor.page, "inbox-away-one-waits");
  await ana.page.getByRole("textbox", { name: "Message" }).pressSequentially("Half a ");
  await noor.goesOnline();
  await noor.hasChat("Do you ship to Ghent?");
  await ana.sees("Noor Haddad joined the chat");
  await ana.page.keyboard.type("thought");
  assert.equal(await ana.page.getByRole("textbox", { name: "Message" }).inputValue(), "Half a thought", "who writes is not interrupted");
  await ana.page.getByRole("textbox", { name: "Message" }).fill("");

  await noor.says("Yes, on Tuesdays.");
  await ana.hears("Yes, on Tuesdays.");
  await noor.page.getByText("read", { exact: true }).filter({ visible: true }).waitFor();
  await ana.says("And <b>today</b>? See https://shop.example/ghent or javascript:alert(1)");
  await noor.hears("And <b>today</b>? See https://shop.example/ghent or javascript:alert(1)");
  const links = await noor.page.getByRole("log").getByRole("link").evaluateAll((all) => all.map((each) => each.getAttribute("href")));
  assert.deepEqual(links, ["https://shop.example/ghent"]);
  assert.equal(await ana.page.locator(".log .bubble b").count(), 0);
  assert.equal(await noor.page.locator(".log .bub b").count(), 0);
  assert.deepEqual(await ana.page.locator(".log .bubble a").evaluateAll((all) => all.map((each) => each.getAttribute("href"))), ["https://shop.example/ghent"]);
  await ana.sees("Read");
  await look(ana.page, "chat");

  await ana.page.getByRole("textbox", { name: "Message" }).pressSequentially("One more");
  // The demo site lets agents see the words before they are sent.
  await noor.page.getByRole("log").getByText("One more").waitFor();
  await noor.sees("typing, not sent");
  await look(noor.page, "panel-chat-typing");
  await ana.page.getByRole("textbox", { name: "Message" }).fill("");
  await noor.page.locator("[data-composer]").pressSequentially("Let me look");
  await ana.sees("Noor Haddad is typing");
  await look(ana.page, "chat-typing");
  await noor.page.locator("[data-composer]").fill("");

  await noor.notes("Wants it today, perhaps by courier");
  await noor.page.locator(".msg.note").getByText("Wants it today, perhaps by courier").waitFor();
  await look(noor.page, "panel-note");
  await noor.says("By courier, before six.");
  await ana.reads(["Do you ship to Ghent?", "Yes, on Tuesdays.", "And <b>today</b>? See https://shop.example/ghent or javascript:alert(1)", "By courier, before six."]);
  assert.ok(!(await ana.page.content()).includes("perhaps by courier"));
  assert.ok(!(await ana.page.getByRole("dialog").innerText()).includes("perhaps by courier"));

  await noor.page.locator(".conv-head").getByRole("button", { name: "Close" }).click();
  await look(noor.page, "panel-close-dialog");
  await noor.page.keyboard.press("Escape");
  await noor.closes("delivery", "bikes");
  await ana.sees("Noor Haddad ended the chat");
  await look(ana.page, "ended");
  await ana.page.getByRole("radio", { name: "Good", exact: true }).check({ force: true });
  await ana.page.getByLabel(/^What made the difference/).fill("Quick and clear");
  await look(ana.page, "rating");
  await ana.page.getByRole("button", { name: "Send rating" }).click();
  await ana.sees("You rated this chat 4 of 5");
  await look(ana.page, "rated");
  await ana.page.getByRole("button", { name: "New chat" }).click();
  await ana.starts("One more question");
  await noor.hasChat("One more question");
  assert.deepEqual(await ana.said(), ["One more question"]);

  await noor.page.goto(`${house.origin}/panel/#history`);
  await noor.page.getByText("Do you ship to Ghent?").first().click();
  await noor.sees("Quick and clear");
  await noor.page.getByText("delivery", { exact: true }).first().waitFor();
  await noor.page.locator(".hrow", { hasText: "Do you ship to Ghent?" }).getByText(/Noor Haddad/).waitFor();
  await look(noor.page, "history");
});
