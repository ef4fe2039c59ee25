// The npm package, as somebody who installs it meets it: packed, installed without a network into an empty folder, checked
// by TypeScript, and run: the programs of its README in Node.js and in a page, both against a real server.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { agentAt } from "./support/agent.ts";
import { somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { siteOf } from "./support/site.ts";
import { visitorOn } from "./support/visitor.ts";

const run = promisify(execFile);

/** A folder outside the repository with the package in it, and the README's programs. */
async function installed(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "balie-package-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await run("npm", ["run", "--silent", "package"]);
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", folder, "./target/package"]);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "shop", version: "1.0.0", private: true, type: "module" }));
  // With an empty cache and no network: whatever it needed beside itself would fail here.
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--cache", join(folder, "cache"), join(folder, stdout.trim())], { cwd: folder });
  const readme = await readFile(join(folder, "node_modules", "@balie", "client", "README.md"), "utf8");
  const [page = "", program = ""] = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code = ""]) => code);
  await mkdir(join(folder, "source"));
  await writeFile(join(folder, "source", "page.ts"), page);
  await writeFile(join(folder, "source", "program.ts"), program);
  return folder;
}

/** TypeScript's complaints, "" for none; what it makes of the programs lies beside them. */
async function compiled(folder: string): Promise<string> {
  const options = { strict: true, exactOptionalPropertyTypes: true, target: "es2022", module: "nodenext", lib: ["es2023", "dom"], types: ["node"], typeRoots: [resolve("node_modules/@types")] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["source"] }));
  const tsc = resolve("node_modules/typescript/bin/tsc");
  return run(process.execPath, [tsc, "-p", folder]).then(
    () => "",
    (error: { stdout?: string }) => error.stdout ?? String(error),
  );
}

test("the package installs offline, its types hold, and the README's programs chat", async (t) => {
  const folder = await installed(t);
  assert.equal(await compiled(folder), "");
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.goesOnline();

  // Node.js 22 has WebSocket; 20 has it behind the flag, which 22 still knows.
  const asked = run(process.execPath, ["--experimental-websocket", join("source", "program.js"), house.origin, "Do you ship to Ghent?"], { cwd: folder });
  await noor.hasChat("Do you ship to Ghent?");
  await noor.says("We do.");
  assert.equal((await asked).stdout, "Noor Haddad: We do.\n");

  const balie = join(folder, "node_modules", "@balie", "client");
  const page = (await readFile(join(folder, "source", "page.js"), "utf8")).replace("https://chat.example.com", house.origin);
  const imports = `<script type="importmap">{"imports":{"@balie/client/widget":"/widget.js"}}</script>`;
  const address = await siteOf(t, {
    "/": ["text/html", `<!doctype html><html lang="en"><head><title>Shop</title>${imports}<script type="module" src="/page.js"></script></head><body><h1>Shop</h1></body></html>`],
    "/page.js": ["text/javascript", page],
    "/widget.js": ["text/javascript", await readFile(join(balie, "widget.js"), "utf8")],
  });
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", address] });
  const ana = visitorOn(await (await somebody(t)).tab());
  await ana.page.goto(address);
  await ana.page.getByRole("dialog").waitFor();
  await ana.starts("And to Bruges?");
  await ana.sees("Noor Haddad joined the chat");
  assert.equal(await ana.page.locator("script[src*='//']").count(), 0, "the tag goes when it has done its work");

  // A second call gives the same one; after it was shut down another puts it back.
  const again = `import("/widget.js").then(({ load }) => Promise.all([1, 2].map(() => load({ origin: "${house.origin}", site: "demo" })))).then(([one, two]) => one === two && one === window.Balie)`;
  assert.equal(await ana.page.evaluate(again), true);
  await ana.page.evaluate("Balie.shutdown()");
  assert.equal(await ana.page.evaluate(again), true);
  await ana.page.locator("balie-chat").first().waitFor({ state: "attached" }); // once the site has answered
  assert.equal(await ana.page.locator("balie-chat").count(), 1);
});

test("a wrong use of the API does not pass TypeScript", async (t) => {
  const folder = await installed(t);
  await writeFile(
    join(folder, "source", "wrong.ts"),
    `import type { BalieApi } from "@balie/client/widget";
     export function wrong(balie: BalieApi): void {
       balie.on("no:such", () => {});
       balie.on("chat:ended", ({ why }) => console.log(why));
       balie.q.push(["open", 1]);
     }`,
  );
  const complaints = await compiled(folder);
  assert.deepEqual([...complaints.matchAll(/wrong\.ts[(:](\d+)/g)].map(([, line]) => line), ["3", "4", "5"], complaints);
});

test("where the script cannot be loaded, load says so and may be tried again", async (t) => {
  const folder = await installed(t);
  const house = await startHouse(t);
  const script = await readFile(join(folder, "node_modules", "@balie", "client", "widget.js"), "utf8");
  const address = await siteOf(t, { "/": ["text/html", "<!doctype html><title>Shop</title><h1>Shop</h1>"], "/balie.js": ["text/javascript", script] });
  await house.request("PATCH", "/api/sites/demo", { origins: ["self", address] });
  const page = await (await somebody(t)).tab();
  await page.goto(address);
  const load = (origin: string): string => `import("/balie.js").then(({ load }) => load({ origin: "${origin}", site: "demo" })).then(() => "loaded", String)`;
  assert.equal(await page.evaluate(load(`${address}/nowhere`)), `Error: Balie: ${address}/widget.js could not be loaded.`);
  assert.equal(await page.evaluate(load(house.origin)), "loaded");
});
