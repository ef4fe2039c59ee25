// What was left for later, at the desk: told apart from who waits, and answered without pretending that somebody listens.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";

test("a message that was left says where its answer goes and that nobody may be there", async (t) => {
  const house = await startHouse(t);
  const left = await fetch(`${house.origin}/api/sites/demo/messages`, {
    method: "POST",
    headers: { origin: house.origin, "content-type": "application/json" },
    body: JSON.stringify({ cmd: randomUUID(), fields: { name: "Ada Lovelace", email: "ada@example.com" }, text: "Do you lend engines?" }),
  });
  assert.equal(left.status, 201, await left.text());

  const noor = await agentAt(t, house, house.admin);
  const { page } = noor;
  const row = noor.waiting().filter({ hasText: "Do you lend engines?" });
  await row.getByText("Message", { exact: true }).waitFor();
  await noor.sees("You are away");
  await look(page, "message-waits");
  await row.click();
  await page.getByText("Left for later. Take it to answer.").waitFor();
  await page.locator(".conv-head").getByText("Message, answer to ada@example.com").waitFor();
  await page.getByRole("log").getByText(/^Left a message for/).waitFor();
  await page.getByRole("button", { name: /^Take this chat/ }).click();
  await page.getByText("The visitor may not be here", { exact: false }).waitFor();
  await look(page, "message-taken");
  await noor.says("On Tuesdays.");
  await noor.reads(["Do you lend engines?", "On Tuesdays."]);
});
