// What every page view pays for, and what the first opening costs. The numbers are promises to the sites that embed the
// widget: raise one only in a commit that says what it bought.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const LOADER_BYTES_MAX = 3 * 1024;
/** What a visitor loads for a chat with words: the loader and the chat, style sheets included. */
const CHAT_BYTES_MAX = 20 * 1024;
/** All that a visitor can ever come to load of code and style, on a phone, in an old browser, with files, forms and articles. */
const WIDGET_BYTES_MAX = 39_424;
/** Of each language; only one is ever loaded. */
const WORDS_BYTES_MAX = 2 * 1024;

test("the widget keeps to its size", () => {
  const out = mkdtempSync(join(tmpdir(), "balie-size-"));
  try {
    execFileSync(process.execPath, ["client/bundle.mjs", "--out", out]);
    const manifest: unknown = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"));
    assert.ok(Array.isArray(manifest));
    const bytes = new Map<string, number>(manifest.map(({ path, brotli_bytes }) => [path, brotli_bytes]));
    const scripts = [...bytes].filter(([path]) => /^\/widget(\/[a-z_]+)?\.js$/.test(path));
    const loader = bytes.get("/widget.js") ?? Number.NaN;
    const chat = loader + (bytes.get("/widget/app.js") ?? Number.NaN);
    const all = scripts.reduce((sum, [, each]) => sum + each, 0);
    assert.ok(loader <= LOADER_BYTES_MAX, `the loader has ${loader} bytes`);
    assert.ok(chat <= CHAT_BYTES_MAX, `the loader and the chat have ${chat} bytes`);
    assert.ok(scripts.length > 3 && all <= WIDGET_BYTES_MAX, `all of the widget has ${all} bytes: ${scripts.join("; ")}`);
    const words = manifest.filter(({ path }) => /^\/widget\/words-\D+\.txt$/.test(path)).map(({ path, brotli_bytes }) => `${path}: ${brotli_bytes}`);
    assert.ok(words.length > 1);
    assert.deepEqual(words.filter((each) => Number(each.split(": ")[1]) > WORDS_BYTES_MAX), []);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
