// What every page view pays for, and what the first opening costs. The numbers are promises to the sites that embed the
// widget: raise one only in a commit that says what it bought.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const LOADER_BYTES_MAX = 3 * 1024;
/** The loader and the chat together, style sheets included. The aim is 20 KB; this is what has been reached. */
const WIDGET_BYTES_MAX = 33 * 1024;
/** Of each language; only one is ever loaded. */
const WORDS_BYTES_MAX = 2 * 1024;

test("the widget keeps to its size", () => {
  const out = mkdtempSync(join(tmpdir(), "balie-size-"));
  try {
    execFileSync(process.execPath, ["client/bundle.mjs", "--out", out]);
    const manifest: unknown = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"));
    assert.ok(Array.isArray(manifest));
    const bytesOf = (path: RegExp): number[] => manifest.filter((entry) => path.test(entry.path)).map((entry) => entry.brotli_bytes);
    const [loader] = bytesOf(/^\/widget\.js$/);
    const [chat] = bytesOf(/^\/widget\/app\.js$/);
    assert.ok(loader !== undefined && loader <= LOADER_BYTES_MAX, `the loader has ${loader} bytes`);
    assert.ok(chat !== undefined && loader + chat <= WIDGET_BYTES_MAX, `the loader has ${loader} bytes, the chat ${chat}`);
    const words = manifest.filter(({ path }) => /^\/widget\/words-\D+\.txt$/.test(path)).map(({ path, brotli_bytes }) => `${path}: ${brotli_bytes}`);
    assert.ok(words.length > 1);
    assert.deepEqual(words.filter((each) => Number(each.split(": ")[1]) > WORDS_BYTES_MAX), []);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
