// What every page view pays for, and what the first opening costs. The numbers are promises to the sites that embed the
// widget: raise one only in a commit that says what it bought.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const LOADER_BYTES_MAX = 3 * 1024;
const CHAT_BYTES_MAX = 26 * 1024;

test("the widget keeps to its size", () => {
  const out = mkdtempSync(join(tmpdir(), "balie-size-"));
  try {
    execFileSync(process.execPath, ["client/bundle.mjs", "--out", out]);
    const manifest: unknown = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"));
    assert.ok(Array.isArray(manifest));
    const bytesOf = (path: RegExp): number[] => manifest.filter((entry) => path.test(entry.path)).map((entry) => entry.brotli_bytes);
    const [loader] = bytesOf(/^\/widget\.js$/);
    const chats = bytesOf(/^\/widget\/app-..\.js$/);
    assert.ok(loader !== undefined && loader <= LOADER_BYTES_MAX, `the loader has ${loader} bytes`);
    assert.equal(chats.length, 2);
    for (const bytes of chats) assert.ok(bytes <= CHAT_BYTES_MAX, `the chat has ${bytes} bytes`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
