// The panel's quieter pages: an administrator arranges the house, everybody else is told what they may not change.

import assert from "node:assert/strict";
import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { PASSWORD, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { visitorAt } from "./support/visitor.ts";

test("an administrator adds a department, a person, a reply, a tag and a site", async (t) => {
  const house = await startHouse(t);
  const { page } = await agentAt(t, house, house.admin, "#settings/departments");
  const field = (name: string) => page.getByRole("form").getByLabel(name, { exact: true });
  const pane = async (name: string, button: string): Promise<void> => {
    await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await look(page, `settings-${name.toLowerCase().replace(" ", "-")}`);
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("form").waitFor();
  };
  const save = async (): Promise<void> => {
    await page.keyboard.press("Control+s");
    await page.getByRole("status").getByText("Saved").waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
  };

  await pane("Departments", "New department");
  await field("Name").fill("After sales");
  assert.equal(await field("Key").inputValue(), "after-sales");
  await look(page, "settings-department-new");
  await save();
  await page.getByRole("button", { name: "After sales" }).waitFor();

  await pane("People", "New person");
  await field("Name").fill("Daan Smit");
  await field("E-mail").fill("daan@shop.example");
  await page.getByRole("form").getByLabel("First password", { exact: true }).fill("short");
  await page.keyboard.press("Control+s");
  await page.getByRole("alert").first().waitFor();
  await look(page, "settings-person-refused");
  await page.getByRole("form").getByLabel("First password", { exact: true }).fill(PASSWORD);
  await page.getByRole("form").getByRole("checkbox", { name: "After sales" }).check();
  await save();
  await page.getByRole("button", { name: "Daan Smit" }).waitFor();

  await pane("Canned replies", "New reply");
  await field("Shortcut").fill("hours");
  await field("Title").fill("Opening hours");
  await field("Text").fill("Hello {visitor.first_name}, we are open from ten to six.");
  await save();
  await page.getByRole("cell", { name: "Opening hours" }).waitFor();
  await look(page, "settings-canned-one");

  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Tags" }).click();
  await page.getByLabel("New tag").fill("delivery");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText("delivery", { exact: true }).waitFor();
  await look(page, "settings-tags");

  await pane("Sites", "New site");
  await field("Name").fill("Noord Bikes");
  await field("Allowed origins").fill("https://noord.example");
  await look(page, "settings-site-new");
  await save();
  await page.getByRole("button", { name: "Noord Bikes" }).waitFor();
  const { sites } = (await house.request("GET", "/api/sites")) as { sites: { key: string; origins: string[] }[] };
  assert.deepEqual(sites.find(({ key }) => key === "noord-bikes")?.origins, ["https://noord.example"]);
});

test("an administrator sets opening hours, is told what makes no sense, and reads when it opens next", async (t) => {
  const house = await startHouse(t);
  const { page } = await agentAt(t, house, house.admin, "#settings/departments");
  await page.getByRole("row", { name: /^Support/ }).getByText("always", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Support" }).click();
  const form = page.getByRole("form");
  await form.getByRole("switch", { name: "Open at set hours" }).check();
  await form.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await form.getByRole("status").getByText(/^(Open|Closed)/).waitFor();
  await form.getByRole("heading", { name: "Opening hours" }).scrollIntoViewIfNeeded();
  await look(page, "settings-hours");
  await form.getByLabel("Monday, closes").fill("08:00");
  await page.keyboard.press("Control+s");
  await form.getByText("It closes before it opens.", { exact: false }).waitFor();
  await look(page, "settings-hours-refused");
  await form.getByLabel("Monday, closes").fill("12:00");
  await form.getByRole("button", { name: "Add hours on Monday" }).click();
  await form.getByLabel("Monday, opens").last().fill("22:00");
  await form.getByLabel("Monday, closes").last().fill("00:00");
  await form.getByRole("button", { name: "Every weekday as on Monday" }).click();
  for (const day of ["Tuesday", "Wednesday", "Thursday", "Friday"]) {
    for (let left = 2; left > 0; left -= 1) await form.getByRole("button", { name: `Remove these hours on ${day}` }).first().click();
  }
  await form.getByLabel("Another closed day").fill("2026-12-25");
  await page.keyboard.press("Enter");
  await form.getByText("25 Dec 2026").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByRole("status").getByText("Saved").waitFor();
  const { departments } = (await house.request("GET", "/api/departments")) as { departments: { key: string; hours: unknown }[] };
  assert.deepEqual(departments.find(({ key }) => key === "support")?.hours, {
    tz: "Asia/Tokyo",
    week: [
      { days: [1], from: "09:00", to: "12:00" },
      { days: [1], from: "22:00", to: "24:00" },
    ],
    closed: ["2026-12-25"],
  });
  await page.getByRole("row", { name: /^Support/ }).getByText(/^(Open, until|Closed, opens) /).waitFor();
});

test("an administrator arranges the widget of a site, sees it in both themes, and is told what is wrong where it is", async (t) => {
  const house = await startHouse(t);
  const { page } = await agentAt(t, house, house.admin, "#settings/sites");
  await page.getByRole("button", { name: "Demo", exact: false }).first().click();
  const form = page.getByRole("form");
  const field = (name: string) => form.getByLabel(name, { exact: true });
  await form.waitFor();
  await look(page, "settings-site-edit");
  const brandOf = async (): Promise<string> => form.locator(".prev-btn").first().evaluate((button) => getComputedStyle(button).backgroundColor);
  const before = await brandOf();
  await field("Colour").fill("#e8b931");
  assert.notEqual(await brandOf(), before);
  await form.getByRole("group", { name: "Side" }).getByText("Left", { exact: true }).click();
  await field("Logo optional").fill("http://shop.example/logo.svg");
  await form.getByRole("button", { name: "Add a question" }).click();
  await field("Question").last().fill("Order number");
  await form.getByRole("checkbox", { name: "Must be answered" }).last().check();
  await form.getByRole("switch", { name: "Say something about personal data" }).check();
  await field("The line").fill("We keep what you write for a year.");
  await form.getByRole("button", { name: "Add a greeting" }).click();
  await field("Says").fill("Need a hand with your order?");
  await field("Where the address contains optional").fill("/checkout");
  await field("After optional").fill("soon");
  await page.keyboard.press("Control+s");
  await form.getByText("Use a number.").waitFor();
  await field("After optional").fill("20");
  await page.keyboard.press("Control+s");
  await form.getByText(/begins with https/).waitFor();
  await form.locator(".prevs").scrollIntoViewIfNeeded();
  await look(page, "settings-site-look");
  await form.getByRole("button", { name: "Add a greeting" }).scrollIntoViewIfNeeded();
  await look(page, "settings-site-rules");
  await field("Logo optional").fill("https://shop.example/logo.svg");
  await page.keyboard.press("Control+s");
  await page.getByRole("status").getByText("Saved").waitFor();

  const { sites } = (await house.request("GET", "/api/sites")) as { sites: { key: string; color: string; form: unknown; widget: Record<string, unknown> }[] };
  const demo = sites.find(({ key }) => key === "demo");
  assert.equal(demo?.color, "#e8b931");
  assert.deepEqual(demo?.form, [{ name: "order_number", label: "Order number", kind: "text", required: true }]);
  assert.deepEqual(
    [demo?.widget["logo"], demo?.widget["side"], demo?.widget["consent"], demo?.widget["greetings"]],
    [
      "https://shop.example/logo.svg",
      "start",
      { text: "We keep what you write for a year.", required: false },
      [{ text: "Need a hand with your order?", page: "/checkout", after_ms: 20_000 }],
    ],
  );
});

test("an agent may look at the settings, change the own account, and is signed out elsewhere by a new password", async (t) => {
  const house = await startHouse(t);
  const person = await house.person("Daan Smit");
  const elsewhere = await agentAt(t, house, person);
  await elsewhere.sees("You are away");
  const { page } = await agentAt(t, house, person, "#settings/departments");
  await page.getByText("Only an administrator can change this.").waitFor();
  assert.equal(await page.getByRole("button", { name: "New department" }).count(), 0);
  await look(page, "settings-read-only");

  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "My account" }).click();
  await page.getByText("last seen").first().waitFor();
  await look(page, "settings-account");
  await page.getByLabel("Language", { exact: true }).selectOption("nl");
  await page.getByRole("heading", { level: 1, name: "Mijn account" }).waitFor();
  await look(page, "settings-account-nl");
  await page.getByLabel("Taal", { exact: true }).selectOption("en");

  const next = `${PASSWORD}, twice`;
  await page.getByLabel("Password now").fill(PASSWORD);
  await page.getByLabel("New password").fill(next);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Password changed. Every other session has ended.").waitFor();
  await elsewhere.sees(/^You were signed out/);
  await look(elsewhere.page, "signed-out-elsewhere");
  await elsewhere.page.getByLabel("E-mail").fill(person.email);
  await elsewhere.page.getByLabel("Password").fill(next);
  await elsewhere.page.getByRole("button", { name: "Sign in" }).click();
  await elsewhere.sees("You are away");
});

test("a visitor who reads Dutch is spoken to in Dutch", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  await house.request("PATCH", "/api/sites/demo", { form: [
    { name: "name", label: "Naam", kind: "text", required: true },
    { name: "email", label: "E-mail", kind: "email", required: false },
  ] });
  const page = await (await somebody(t, { locale: "nl-BE" })).tab();
  await page.addInitScript(() => {
    // With the first node of the page, so that no script of it is earlier.
    const watch = new MutationObserver(() => {
      if (document.documentElement === null) return;
      watch.disconnect();
      document.documentElement.lang = "nl";
    });
    watch.observe(document, { childList: true });
  });
  const ana = await visitorAt(page, `${house.origin}/demo/`);
  await page.getByRole("button", { name: /^Chat met ons/ }).click();
  await ana.sees("Hallo. Waarmee kunnen we helpen?");
  await page.getByRole("button", { name: "Chat starten" }).click();
  await ana.sees("Dit veld is nodig");
  await page.getByLabel(/^E-mail/).fill("ana@shop");
  await look(page, "dutch-form");
  await page.getByLabel("Naam").fill("Ana Peeters");
  await page.getByLabel(/^E-mail/).fill("ana@shop.example");
  await page.getByLabel(/^Je vraag/).fill("Leveren jullie in Gent?");
  await page.getByRole("button", { name: "Chat starten" }).click();
  await page.getByRole("textbox", { name: "Bericht" }).waitFor();
  await noor.hasChat("Leveren jullie in Gent?");
  await noor.says("Jazeker, ook op zaterdag.");
  await ana.sees("Jazeker, ook op zaterdag.");
  await look(page, "dutch-chat");
});
