// Files of a visitor: chosen, dropped and pasted, in line and in a chat; shown as pictures and cards, saved, refused in words,
// cancelled, tried again, and gone with their page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { deflateSync } from "node:zlib";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { type House, newestLog, startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { until, untilEqual } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";

/** A picture in one colour, as a camera would not make it but every decoder reads it. */
function picture(width: number, height: number, rgb: [number, number, number]): Buffer {
  const row = Buffer.concat([Buffer.from([0]), Buffer.concat(Array.from({ length: width }, () => Buffer.from(rgb)))]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const parts: [string, Buffer][] = [["IHDR", head], ["IDAT", deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))], ["IEND", Buffer.alloc(0)]];
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...parts.map(([name, body]) => chunk(name, body))]);
}

function chunk(name: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name), body]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(body.length, 0);
  ends.writeUInt32BE(checksum(named), 4);
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
}

function checksum(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

const RED: [number, number, number] = [200, 30, 30];
const BIKE = { name: "bike.png", mimeType: "image/png", buffer: picture(600, 400, RED) };
const SLIP = { name: "slip 1.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n") };

const clip = (page: Page) => page.getByLabel("Attach a file");

/** What the log holds, files by name. */
async function logged(house: House): Promise<string[]> {
  return (await newestLog(house)).flatMap((event) => {
    const file = Reflect.get(event, "attachment") as { name: string } | undefined;
    return event.kind === "message" ? [file?.name ?? event.text ?? ""] : [];
  });
}

/** The colour in the middle of the canvas. */
async function middle(page: Page, name: string): Promise<number[]> {
  return page.getByRole("img", { name }).evaluate((element) => {
    if (!(element instanceof HTMLCanvasElement)) return [];
    const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }); // so that the browser does not complain
    copy?.drawImage(element, -element.width / 2, -element.height / 2);
    return [...(copy?.getImageData(0, 0, 1, 1).data.slice(0, 3) ?? [])];
  });
}

async function drops(page: Page, type: "drop" | "paste", file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
  const selector = type === "drop" ? ".log" : ".write";
  await page.locator(selector).evaluate(
    (element, [kind, name, mimeType, base64]) => {
      const bytes = Uint8Array.from(atob(base64 ?? ""), (sign) => sign.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], name ?? "", { type: mimeType ?? "" }));
      const shared = { bubbles: true, composed: true, cancelable: true };
      if (kind === "drop") {
        element.dispatchEvent(new DragEvent("dragover", { ...shared, dataTransfer: data }));
        element.dispatchEvent(new DragEvent("drop", { ...shared, dataTransfer: data }));
      } else element.dispatchEvent(new ClipboardEvent("paste", { ...shared, clipboardData: data }));
    },
    [type, file.name, file.mimeType, file.buffer.toString("base64")],
  );
}

test("files are chosen, dropped and pasted, in line and in a chat, and stand in the order they were sent", async (t) => {
  const house = await startHouse(t);
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  const { page } = ana;
  await ana.starts("Which one?");
  await ana.isNumber(1);
  await clip(page).setInputFiles([BIKE, SLIP]);
  await ana.says("These two");
  await untilEqual("the log", ["Which one?", "bike.png", "slip 1.pdf", "These two"], () => logged(house));
  await until("the picture is drawn", async () => (await middle(page, "Picture (You): bike.png"))[0] === 200);
  await look(page, "files");

  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  await noor.hasChat("Which one?");
  await drops(page, "drop", { ...BIKE, name: "dropped.png" });
  await drops(page, "paste", { ...BIKE, name: "pasted.png" });
  await untilEqual("the log", ["Which one?", "bike.png", "slip 1.pdf", "These two", "dropped.png", "pasted.png"], () => logged(house));

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /^slip/ }).click()]);
  assert.deepEqual(await readFile(await download.path()), SLIP.buffer);
  await page.reload();
  await until("the picture is drawn again", async () => (await middle(page, "Picture (You): dropped.png"))[0] === 200);
});

test("what is too big, empty, of a wrong kind or not what it says is refused in words, and the words around it arrive", async (t) => {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/sites/demo", { widget: { uploads: { bytes_max: 65_536, types: ["image/*"] } } });
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  const { page } = ana;
  await ana.starts("Hello?");
  await clip(page).setInputFiles([{ ...BIKE, buffer: Buffer.alloc(65_537, 1) }]);
  await ana.sees("This file is over 64 kB.");
  await clip(page).setInputFiles([{ name: "setup.exe", mimeType: "application/x-msdownload", buffer: Buffer.from("MZ") }]);
  await ana.sees("We cannot take this kind of file.");
  await clip(page).setInputFiles([{ ...BIKE, buffer: Buffer.alloc(0) }]);
  await ana.sees("This file is empty.");
  await clip(page).setInputFiles([{ name: "holiday\u202Egpj.png", mimeType: "image/png", buffer: Buffer.concat([Buffer.from("MZ"), Buffer.alloc(4_000, 7)]) }]);
  await ana.says("Do you see it?");
  await ana.sees("Not sent");
  await ana.sees("We cannot take this kind of file.");
  assert.ok((await page.locator(".bubble.file").innerText()).includes("holidaygpj.png"), "no mark of direction turns the name around");
  await look(page, "file-refused");
  await page.getByRole("button", { name: "Delete" }).click();
  await untilEqual("the log", ["Hello?", "Do you see it?"], () => logged(house));
  assert.equal(await page.locator(".bubble.file").count(), 0);
});

test("an upload tells how far it is, can be cancelled and tried again, and a file goes with its page", async (t) => {
  const house = await startHouse(t);
  const person = await somebody(t);
  const ana = await visitorAt(await person.tab(), `${house.origin}/demo/`);
  const { page } = ana;
  await ana.starts("Hello?");
  let isHeld = true;
  await page.route("**/attachments?*", async (route) => {
    if (isHeld) return; // the answer never comes
    await route.continue();
  });
  await clip(page).setInputFiles([{ ...BIKE, name: "cancelled.png" }, { ...BIKE, name: "kept.png" }]);
  await ana.says("After the files");
  await ana.sees("Uploading");
  await page.getByRole("progressbar", { name: "Uploading" }).first().waitFor();
  await look(page, "uploading");
  await page.getByRole("button", { name: "Cancel upload" }).first().click();
  await until("one is left", async () => (await page.locator(".bubble.file").count()) === 1);
  assert.deepEqual(await logged(house), ["Hello?"], "what was written after the file waits for it");

  await page.reload();
  await ana.sees("This file did not arrive before the page was closed. Choose it again.");
  await untilEqual("the log", ["Hello?", "After the files"], () => logged(house));
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
  await look(page, "file-gone");
  await page.getByRole("button", { name: "Delete" }).click();

  await page.unroute("**/attachments?*");
  await page.route("**/attachments?*", async (route) => {
    await (isHeld ? route.abort() : route.continue());
  });
  await clip(page).setInputFiles([{ ...BIKE, name: "again.png" }]);
  await ana.sees("The file did not arrive. Try again.");
  isHeld = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await untilEqual("the log", ["Hello?", "After the files", "again.png"], () => logged(house));
});

test("where a site takes no files there is no way to attach one, and a dropped one is not opened in place of the page", async (t) => {
  const house = await startHouse(t);
  await house.request("PATCH", "/api/sites/demo", { widget: { uploads: null } });
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Hello?");
  // Comes with what looks after files, once the browser has nothing else to do.
  await ana.page.locator("balie-chat .box button[aria-expanded]").waitFor();
  assert.equal(await clip(ana.page).count(), 0);
  await drops(ana.page, "drop", BIKE);
  await ana.sees("Files cannot be sent here.");
});
