// Files at the desk: chosen, dropped, pasted, looked at before they go, cancelled, refused in words, and seen in the log
// and in the history.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { agentAt } from "./support/agent.ts";
import { DESKTOP, somebody } from "./support/browser.ts";
import { type House, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until, untilEqual } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";

interface Named {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const terms: Named = { name: "terms & <b>conditions.txt", mimeType: "text/plain", buffer: Buffer.from("Thirty days.\n".repeat(200)) };

/** A picture of some size that any browser reads. */
async function picture(page: Page, name: string): Promise<Named> {
  return { name, mimeType: "image/png", buffer: await page.screenshot({ clip: { x: 0, y: 0, width: DESKTOP.width, height: 720 } }) };
}

async function chatting(t: TestContext): Promise<{ house: House; page: Page }> {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Which lock fits this bike?");
  await noor.hasChat("Which lock fits this bike?");
  return { house, page: noor.page };
}

/** What dropping or pasting hands over, made in the page: nobody else may make such an event. */
async function hand(page: Page, kind: "drop" | "paste", file: Named): Promise<void> {
  await page.locator("[data-composer]").evaluate(
    (field, { kind: how, name, type, text }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], name, { type }));
      if (how === "paste") field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      else
        for (const step of ["dragover", "drop"]) field.dispatchEvent(new DragEvent(step, { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    { kind, name: file.name, type: file.mimeType, text: file.buffer.toString("base64") },
  );
}

test("an agent sends files with a reply and with a note, and finds them in the history", async (t) => {
  const { house, page } = await chatting(t);
  const photo = await picture(page, "the lock.png");
  const tray = page.getByRole("list", { name: "To be sent" });
  await page.locator("input[type=file]").setInputFiles([terms, { ...terms, name: "not this.txt" }]);
  await hand(page, "paste", photo);
  await untilEqual("what is put aside", [terms.name, "not this.txt", "the lock.png"], async () => tray.locator("bdi").allInnerTexts());
  await look(page, "files-tray");
  await tray.getByRole("button", { name: "Do not send not this.txt" }).click();
  await page.locator("[data-composer]").fill("This one, with the terms.");
  await page.locator("[data-composer]").press("Enter");
  const log = page.getByRole("log");
  const open = log.getByRole("button", { name: "Picture the lock.png, show it whole" });
  await open.waitFor();
  await log.getByRole("link", { name: "Download terms & _b_conditions.txt" }).waitFor();
  assert.equal(await tray.count(), 0);
  const shown = open.locator("img");
  await until("the picture is there", async () => shown.evaluate((image) => image instanceof HTMLImageElement && image.naturalWidth > 0));
  assert.deepEqual(await shown.evaluate((image) => [image.getAttribute("width"), image.getAttribute("height")]), ["320", "180"]);
  assert.equal(await log.locator(".file-n b").count(), 0, "a name is text");

  await hand(page, "drop", { ...terms, name: "for colleagues.txt" });
  await page.getByRole("group", { name: "Write a" }).getByText("Note").click();
  await page.getByRole("button", { name: "Add note" }).click();
  await log.locator(".msg.note").getByText("for colleagues.txt").waitFor();
  await look(page, "files-log");

  await open.click();
  const dialog = page.getByRole("dialog");
  await until("the whole picture is there", async () => dialog.locator("img").evaluate((image) => image instanceof HTMLImageElement && image.naturalWidth === 1280));
  await look(page, "files-viewer");
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("link", { name: "Download" }).click()]);
  assert.equal(download.suggestedFilename(), "the lock.png");
  await page.keyboard.press("Escape");
  await until("the focus comes back", async () => open.evaluate((button) => button === document.activeElement));

  await page.goto(`${house.origin}/panel/#history`);
  await page.getByText("Which lock fits this bike?").first().click();
  await page.getByRole("region", { name: "Transcript" }).getByRole("button", { name: /^Picture the lock.png/ }).waitFor();
  await look(page, "files-history");
});

test("a file on its way shows how far it is and can be stopped, and one that is refused says why", async (t) => {
  const { page } = await chatting(t);
  const log = page.getByRole("log");
  const send = async (file: Named): Promise<void> => {
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByRole("button", { name: "Send", exact: false }).last().click();
  };
  // Held back on its way, as on a slow line.
  await page.route("**/attachments?name=*", () => {});
  await send({ ...terms, name: "slow.txt" });
  await log.getByRole("progressbar", { name: "Uploading slow.txt" }).waitFor();
  await look(page, "files-uploading");
  await log.getByRole("button", { name: "Cancel slow.txt" }).click();
  await log.getByText("slow.txt").waitFor({ state: "detached" });
  await page.unroute("**/attachments?name=*");

  await send({ name: "holiday.png", mimeType: "image/png", buffer: Buffer.from("MZ\u0090\u0000".repeat(100), "latin1") });
  await log.getByRole("alert").waitFor();
  await look(page, "files-refused");
  await log.getByRole("button", { name: "Remove" }).click();
  await log.getByText("holiday.png").waitFor({ state: "detached" });

  await page.locator("input[type=file]").setInputFiles({ ...terms, name: "nothing.txt", buffer: Buffer.alloc(0) });
  await page.getByText("nothing.txt is empty.").waitFor();
});
