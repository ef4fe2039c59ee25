// What a page pays for the widget: bytes, the time until the chat is open, and what Lighthouse makes of it. Run by hand
// (`tests/run figures`): times depend on the machine, so they go into docs/widget.md and never into a test.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { chromium, devices } from "playwright-core";
import { startServer } from "./support/server.ts";

const run = promisify(execFile);
const ROUNDS = 9;
/** What Lighthouse calls a mid-range phone, against a desktop's core. */
const CPU_SLOWER = 4;
const LIGHTHOUSE = "lighthouse@13.5.0";
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const spread = (values: number[]): string => `median ${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`;

test("bytes", async () => {
  const out = await mkdtemp(join(tmpdir(), "balie-figures-"));
  try {
    await run(process.execPath, ["client/bundle.mjs", "--out", out]);
    const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8")) as { path: string; bytes: number; brotli_bytes?: number }[];
    for (const { path, bytes, brotli_bytes: brotli } of manifest) {
      if (path.startsWith("/widget") && !/-[0-9a-f]{10}\./.test(path)) console.log(`${path}: ${brotli ?? bytes} B brotli, ${bytes} B`);
    }
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});

test("opening", async (t) => {
  const server = await startServer(t);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  t.after(() => browser.close());
  const first: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = await browser.newContext({ ...devices["Pixel 7"], locale: "en-GB" });
    const page = await context.newPage();
    await page.goto(`${server.origin}/demo/`, { waitUntil: "networkidle" });
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWER });
    /** From the press to the second frame after there is something in the window to press or to write in. */
    const open = async (): Promise<number> =>
      page.evaluate(async () => {
        const root = document.querySelector("balie-chat")?.shadowRoot;
        const launcher = root?.querySelector<HTMLButtonElement>("button[aria-haspopup=dialog]");
        const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));
        const begun = performance.now();
        launcher?.click();
        while (!root?.querySelector("[role=dialog] :is(textarea, input)")) await new Promise((done) => setTimeout(done));
        await frame();
        await frame();
        return performance.now() - begun;
      });
    first.push(await open());
    await page.keyboard.press("Escape");
    await page.waitForTimeout(1_000);
    again.push(await open());
    await context.close();
  }
  console.log(`first opening, ${CPU_SLOWER} × slower, the app fetched from this machine: ${spread(first)}`);
  console.log(`opening again: ${spread(again)}`);
});

interface Report {
  categories: { performance: { score: number } };
  audits: Record<string, { numericValue?: number }>;
}

/** On a busy machine Lighthouse now and then loses the trace it measures by, and says so; then it is asked again. */
async function lighthouse(address: string, options: readonly string[], tries = 4): Promise<Report> {
  try {
    const { stdout } = await run("npx", ["--yes", LIGHTHOUSE, address, "--quiet", "--only-categories=performance", "--output=json", `--chrome-flags=--headless ${FLAGS.join(" ")}`, ...options], {
      env: { ...process.env, CHROME_PATH: CHROMIUM },
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout) as Report;
  } catch (error) {
    if (tries <= 1) throw error;
    return lighthouse(address, options, tries - 1);
  }
}

test("lighthouse", async (t) => {
  const server = await startServer(t);
  for (const [name, options] of [["with the widget", []], ["without", ["--blocked-url-patterns=*/widget.js"]]] as const) {
    const scores: number[] = [];
    const shifts: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const report = await lighthouse(`${server.origin}/demo/`, options);
      scores.push(Math.round(report.categories.performance.score * 100));
      shifts.push(report.audits["cumulative-layout-shift"]?.numericValue ?? Number.NaN);
    }
    console.log(`${name}: performance ${scores.join(", ")}; layout shift ${Math.max(...shifts)}`);
  }
});
