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
const ROUNDS = 27;
/** How long the finger is down: not at all, as a script would press; a quick tap; one at leisure. The chat is fetched meanwhile. */
const PRESSES_MS = [0, 80, 200];
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
  const first = new Map<number, number[]>();
  const again: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = await browser.newContext({ ...devices["Pixel 7"], locale: "en-GB" });
    const page = await context.newPage();
    await page.goto(`${server.origin}/demo/`, { waitUntil: "networkidle" });
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWER });
    /** From the release of the finger to the picture in which there is something to press or to write in. */
    const open = async (press_ms: number): Promise<number> => {
      const opened = page.evaluate(async () => {
        const root = document.querySelector("balie-chat")?.shadowRoot;
        if (!root) return Number.NaN;
        const begun = await new Promise<number>((done) => root.addEventListener("click", () => done(performance.now()), { capture: true, once: true }));
        const isThere = (): boolean => root.querySelector("[role=dialog]:not([hidden]) :is(textarea, input)") !== null;
        await new Promise<void>((done) => {
          const observer = new MutationObserver(() => isThere() && done());
          observer.observe(root, { subtree: true, childList: true, attributes: true });
          if (isThere()) done();
        });
        await new Promise((done) => requestAnimationFrame(done));
        await new Promise((done) => setTimeout(done)); // the picture is painted between the two
        return performance.now() - begun;
      });
      const { x, y, width, height } = (await page.locator("balie-chat button[aria-haspopup=dialog]").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
      await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x: x + width / 2, y: y + height / 2 }] });
      await page.waitForTimeout(press_ms);
      await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
      return opened;
    };
    const press_ms = PRESSES_MS[round % PRESSES_MS.length] ?? 0;
    first.set(press_ms, [...(first.get(press_ms) ?? []), await open(press_ms)]);
    await page.keyboard.press("Escape");
    await page.waitForTimeout(1_000);
    again.push(await open(press_ms));
    await context.close();
  }
  for (const [press_ms, all] of first) console.log(`first opening, ${CPU_SLOWER} × slower, all fetched from this machine, after a press of ${press_ms} ms: ${spread(all)}`);
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
