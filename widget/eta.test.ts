import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LONGER_AFTER_MS, rangeOf, rangeWords, settle, type Shown } from "./eta.ts";
import { spoken } from "./i18n/spoken.ts";

const MINUTE = 60_000;
const said = (p50: number, p90: number, tag = "en"): string => rangeWords(rangeOf({ p50_ms: p50 * MINUTE, p90_ms: p90 * MINUTE }), spoken(tag).say);

test("a wait is told as people say it: low end down, high end up", () => {
  assert.equal(said(0.2, 1), "Less than a minute");
  assert.equal(said(0.2, 1.01), "About 1 to 2 minutes");
  assert.equal(said(1.9, 2), "About 1 to 2 minutes");
  assert.equal(said(3.9, 4.1), "About 3 to 5 minutes");
  assert.equal(said(4, 4), "About 4 minutes");
  assert.equal(said(9, 10.1), "About 5 to 15 minutes");
  assert.equal(said(14, 31), "About 1 to 45 minutes");
  assert.equal(said(20, 60), "About 15 to 60 minutes");
  assert.equal(said(50, 61), "About 1 to 1½ hours");
  assert.equal(said(80, 91), "More than 1½ hours");
  assert.equal(said(3, 5, "nl"), "Ongeveer 3 tot 5 minuten");
  assert.equal(rangeWords(rangeOf(null), spoken("en").say), "Too early to say how long");
});

test("the server rounds a wait as the widget does", () => {
  const cases: { p50_ms: number; p90_ms: number; low: number; high: number }[] = JSON.parse(
    readFileSync("tests/wait_ranges.json", "utf8"),
  );
  assert.ok(cases.length > 10);
  for (const { p50_ms, p90_ms, low, high } of cases) {
    assert.deepEqual(rangeOf({ p50_ms, p90_ms }), { low, high }, `${p50_ms} ${p90_ms}`);
  }
});

test("a median above the 90th percentile, which no server should send, does not turn the range round", () => {
  assert.equal(said(9, 5), "About 5 minutes");
});

test("shorter words show at once, longer ones only after they held for ten seconds", () => {
  const range = (p50: number, p90: number) => rangeOf({ p50_ms: p50 * MINUTE, p90_ms: p90 * MINUTE });
  let shown: Shown = settle(undefined, range(3, 5), 0);
  shown = settle(shown, range(4, 7), 1_000);
  assert.equal(shown.range?.high, 5);
  shown = settle(shown, range(4, 7), 1_000 + LONGER_AFTER_MS - 1);
  assert.equal(shown.range?.high, 5);
  shown = settle(shown, range(4, 7), 1_000 + LONGER_AFTER_MS);
  assert.equal(shown.range?.high, 7);
  shown = settle(shown, range(2, 4), 20_000);
  assert.equal(shown.range?.high, 4);
  shown = settle(shown, range(6, 9), 21_000);
  shown = settle(shown, range(2, 4), 22_000);
  shown = settle(shown, range(6, 9), 21_000 + LONGER_AFTER_MS);
  assert.equal(shown.range?.high, 4, "the ten seconds begin anew");
});
