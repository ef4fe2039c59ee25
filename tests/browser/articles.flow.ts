// Articles at the desk: written, seen as visitors will see them, put in order, published, and pointed to in a chat.

import assert from "node:assert/strict";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { type House, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { untilEqual } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";

const BODY = "## In short\n\nWithin **thirty** days, in any shop. <b>No questions</b>.\n\n- Pack it\n- [Print the label](https://shop.example/label)";

async function published(house: House, title: string, body = BODY): Promise<string> {
  const added = (await house.request("POST", "/api/articles", { site: "demo", lang: "en", title, body, status: "published" })) as { id: string };
  return added.id;
}

test("a supervisor writes an article, sees it as visitors will, and publishes it", async (t) => {
  const house = await startHouse(t);
  const { page } = await agentAt(t, house, await house.person("Iris Bos", "supervisor"), "#settings/articles");
  await page.getByText("No articles yet.", { exact: false }).waitFor();
  await look(page, "articles-none");
  await page.getByRole("button", { name: "New article" }).click();
  const form = page.getByRole("form");
  await form.getByLabel("Title").fill("Returning a bike");
  await form.getByLabel("Language").fill("en");
  await form.getByLabel("Text").fill(BODY);
  const preview = form.getByRole("group", { name: "As visitors see it" });
  await preview.getByRole("listitem").first().waitFor();
  assert.equal(await preview.getByRole("heading", { name: "In short" }).count(), 1);
  assert.equal(await preview.locator("strong").innerText(), "thirty");
  assert.equal(await preview.getByRole("link", { name: "Print the label" }).getAttribute("href"), "https://shop.example/label");
  await preview.getByText("<b>No questions</b>", { exact: false }).waitFor();
  await look(page, "articles-writing");

  // What is not saved survives a look at another page, and the browser asks before the panel is left.
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Tags" }).click();
  await page.getByRole("heading", { level: 1, name: "Tags" }).waitFor();
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Articles" }).click();
  assert.equal(await form.getByLabel("Title").inputValue(), "Returning a bike");
  const asked = page.waitForEvent("dialog");
  await page.evaluate(() => void setTimeout(() => location.reload()));
  const question = await asked;
  assert.equal(question.type(), "beforeunload");
  await question.dismiss();

  await form.getByLabel("Title").fill(" ");
  await form.getByRole("button", { name: "Save and publish" }).click();
  await form.getByRole("alert").first().waitFor();
  await look(page, "articles-refused");
  await form.getByLabel("Title").fill("Returning a bike");
  await form.getByRole("button", { name: "Save and publish" }).click();
  await page.getByRole("status").getByText("Saved").waitFor();
  await page.getByRole("row", { name: /Returning a bike/ }).getByText("published").waitFor();
  const found = (await (await fetch(`${house.origin}/api/sites/demo/articles?lang=en`)).json()) as { articles: { title: string }[] };
  assert.deepEqual(found.articles.map(({ title }) => title), ["Returning a bike"]);

  await form.getByRole("button", { name: "Save as draft" }).click();
  await page.getByRole("row", { name: /Returning a bike/ }).getByText("draft").waitFor();
  await form.getByRole("button", { name: "Remove" }).click();
  await form.getByRole("button", { name: "Press again to remove" }).click();
  await page.getByText("No articles yet.", { exact: false }).waitFor();
});

test("articles are found by word, put in order by key, and tell what they spared", async (t) => {
  const house = await startHouse(t);
  const first = await published(house, "Opening hours", "From nine to five.");
  await published(house, "Returning a bike");
  await house.request("POST", "/api/articles", { site: "demo", lang: "nl", title: "Een fiets terugbrengen", body: "Binnen dertig dagen." });
  for (const visit of ["018f3c1e-0000-4000-8000-000000000001", "018f3c1e-0000-4000-8000-000000000002"]) {
    for (const note of [
      { kind: "searched", found: 0, q: "gift card" },
      { kind: "read", article: first },
    ]) {
      const answer = await fetch(`${house.origin}/api/sites/demo/self-service`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ visit, ...note }) });
      assert.ok(answer.ok, await answer.text());
    }
  }
  const { page } = await agentAt(t, house, house.admin, "#settings/articles");
  const titles = async (): Promise<string[]> => page.getByRole("table", { name: "Articles" }).locator("tbody th").allInnerTexts();
  await untilEqual("the list", ["Opening hours", "Returning a bike", "Een fiets terugbrengen"], titles);
  await page.getByText("gift card").waitFor();
  await page.getByText("of 2 visits").first().waitFor();
  await look(page, "articles");
  const down = page.getByRole("button", { name: "Move Opening hours down" });
  await down.focus();
  await page.keyboard.press("Enter");
  await untilEqual("the list in its new order", ["Returning a bike", "Opening hours", "Een fiets terugbrengen"], titles);
  assert.ok(await down.evaluate((button) => button === document.activeElement), "the focus stays on the button");
  await page.getByPlaceholder("Words of an article").fill("terug");
  await untilEqual("what was looked for", ["Een fiets terugbrengen"], titles);
});

test("an agent reads articles and is told who may change them", async (t) => {
  const house = await startHouse(t);
  await published(house, "Returning a bike");
  const { page } = await agentAt(t, house, await house.person("Daan Smit"), "#settings/articles");
  await page.getByText("Only a supervisor or administrator can change this.").waitFor();
  await page.getByRole("button", { name: "Returning a bike" }).click();
  await page.getByRole("listitem").getByText("Pack it").waitFor();
  assert.equal(await page.getByRole("button", { name: "New article" }).count(), 0);
  assert.equal(await page.getByText("What articles spare").count(), 0);
  await look(page, "articles-read-only");
});

test("an agent finds an article with the keyboard and sends it, and the visitor reads it in the chat", async (t) => {
  const house = await startHouse(t);
  await published(house, "Opening hours", "From nine to five.");
  await published(house, "Returning a bike");
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Can I bring it back?");
  await noor.hasChat("Can I bring it back?");

  const { page } = noor;
  await page.locator("[data-composer]").focus();
  await page.keyboard.press("Alt+k");
  const finding = page.getByRole("dialog", { name: "Send an article" });
  const found = async (): Promise<string[]> => finding.getByRole("option").locator("b").allInnerTexts();
  await untilEqual("all articles", ["Opening hours", "Returning a bike"], found);
  await page.keyboard.type("retuning");
  await untilEqual("the one that was meant", ["Returning a bike"], found);
  await finding.getByRole("listitem").getByText("Pack it").waitFor();
  await look(page, "articles-sending");
  await page.keyboard.press("Enter");
  await finding.waitFor({ state: "detached" });
  await page.locator("[data-composer]").press("Enter");
  await page.getByRole("log").locator(".bub-article").getByText("Returning a bike").waitFor();
  await look(page, "articles-sent");

  await ana.page.getByRole("dialog").getByRole("button", { name: /Returning a bike/ }).click();
  await ana.sees("Within thirty days, in any shop.");
  await ana.page.getByRole("dialog").getByRole("button", { name: "Back" }).click();
  await ana.sees("Can I bring it back?");
});
