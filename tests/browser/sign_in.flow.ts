// Getting in: the one-time link of the first start, signing out, wrong words, signing in again.

import { test } from "node:test";
import { somebody } from "./support/browser.ts";
import { PASSWORD } from "./support/house.ts";
import { look } from "./support/look.ts";
import { startServer } from "./support/server.ts";

test("the first administrator comes in by the printed link, and then by mail address and password", async (t) => {
  const server = await startServer(t);
  const page = await (await somebody(t)).tab();
  const field = (name: string) => page.getByLabel(name, { exact: true });
  const press = (name: string) => page.getByRole("button", { name }).click();

  await page.goto(server.setupLink());
  await page.getByRole("heading", { name: "Set up your front desk" }).waitFor();
  await look(page, "setup");
  await press("Open the desk");
  await page.getByText("Say what visitors should call you.").waitFor();
  await field("Your name").fill("Noor Haddad");
  await field("E-mail").fill("noor@shop.example");
  await field("Password").fill("short");
  await press("Open the desk");
  await page.getByRole("alert").getByText("5 characters more.").waitFor();
  await look(page, "setup-refused");
  await field("Password").fill(PASSWORD);
  await press("Open the desk");
  await page.getByText("You are away", { exact: true }).waitFor();
  await look(page, "inbox-first");

  await page.getByRole("button", { name: /Noor Haddad/ }).click();
  await look(page, "me-menu");
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await look(page, "signed-out");

  await field("E-mail").fill("noor@shop.example");
  await field("Password").fill("not the password");
  await press("Sign in");
  await page.getByText("That did not match.").waitFor();
  await look(page, "login-wrong");
  await field("Password").fill(PASSWORD);
  await press("Sign in");
  await page.getByText("You are away", { exact: true }).waitFor();

  const stranger = await (await somebody(t)).tab();
  await stranger.goto(server.setupLink());
  await stranger.getByText("This link has been used").waitFor();
  await look(stranger, "setup-used");
});
