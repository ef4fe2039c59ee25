// A page that stays open while the server becomes another version: what it was told to load has other names now, and is there
// all the same.

import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { BINARY } from "./support/server.ts";
import { until } from "./support/until.ts";
import { visitorAt } from "./support/visitor.ts";

/** A part of the widget, as a binary names it, with its hash. */
const PART = /^\/widget\/[A-Za-z_-]+-([0-9a-f]{10})\.(?:js|txt)/;

/** Another build: this one with another hash in the name of each part, wherever it stands. */
async function anotherBuild(test: TestContext): Promise<string> {
  const bytes = await readFile(BINARY);
  const hashes = new Set<string>();
  for (const at of placesOf("/widget/", bytes)) hashes.add(PART.exec(bytes.toString("latin1", at, at + 80))?.[1] ?? "");
  hashes.delete("");
  for (const hash of hashes) for (const at of placesOf(hash, bytes)) bytes.write([...hash].reverse().join(""), at, "latin1");
  const folder = await mkdtemp(join(tmpdir(), "balie-flow-"));
  test.after(async () => rm(folder, { recursive: true, force: true }));
  const binary = join(folder, "balie");
  await writeFile(binary, bytes);
  await chmod(binary, 0o755);
  return binary;
}

function* placesOf(words: string, bytes: Buffer): Generator<number> {
  for (let at = bytes.indexOf(words); at >= 0; at = bytes.indexOf(words, at + words.length)) yield at;
}

test("a page from before an upgrade opens its chat, with all that belongs to it, and so does one from after it", async (t) => {
  const house = await startHouse(t, { binary: await anotherBuild(t) });
  await house.request("PATCH", "/api/sites/demo", { form: [{ name: "email", label: "Email", kind: "email", required: false }], widget: { uploads: { bytes_max: 1_000_000, types: ["text/plain"] } } });
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();
  const tab = await (await somebody(t)).tab();
  const asked: string[] = [];
  tab.on("response", (response) => void (response.url().includes("/widget/") && asked.push(`${response.status()} ${response.url()}`)));
  // In the compressed form of the loader the other build's names could not be put.
  await tab.route("**/widget.js", async (route) => route.fulfill({ response: await route.fetch({ headers: { ...route.request().headers(), "accept-encoding": "identity" } }) }));
  const ana = await visitorAt(tab, `${house.origin}/demo/`);
  await house.stop("SIGTERM");
  await house.startAgain();
  await until("Noor is back", async () => ((await house.request("GET", "/api/sites/demo/widget")) as { open: boolean }).open);
  await ana.starts("Is this still the same chat?");
  await noor.hasChat("Is this still the same chat?");
  await ana.page.getByRole("button", { name: "Attach a file" }).waitFor();
  const bram = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await bram.starts("Is this the new one?");
  const app = async (page: typeof ana.page): Promise<string[]> => page.evaluate(() => performance.getEntriesByType("resource").flatMap(({ name }) => /\/widget\/app[^/]*$/.exec(name)?.[0] ?? []));
  const [[old], [fresh]] = [await app(ana.page), await app(bram.page)];
  assert.notEqual(old, fresh, "the two are of two versions");
  assert.deepEqual(asked.filter((each) => !each.startsWith("200 ")), [], "all came under the names that the page knew");
});
