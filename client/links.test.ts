import assert from "node:assert/strict";
import { test } from "node:test";
import { charsOf, wellFormed } from "./limits.ts";
import { partsOf } from "./links.ts";

const links = (text: string): [string, string | undefined][] => partsOf(text).filter(({ href }) => href).map(({ text: shown, href }) => [shown, href]);

test("web and mail addresses become links, the sentence around them does not", () => {
  assert.deepEqual(links("See https://noord.example/track/1. Or www.noord.example, or mail eva@noord.example!"), [
    ["https://noord.example/track/1", "https://noord.example/track/1"],
    ["www.noord.example", "https://www.noord.example/"],
    ["eva@noord.example", "mailto:eva@noord.example"],
  ]);
  assert.deepEqual(links("(see http://a.example/b_(c))"), [["http://a.example/b_(c)", "http://a.example/b_(c)"]]);
});

test("no other scheme ever becomes a link", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "JaVaScRiPt://www%0aalert(1)", "http://", "https://<b>"]) {
    for (const [, href] of links(text)) assert.match(href ?? "", /^(https?|mailto):/, text);
  }
  assert.deepEqual(links("javascript:alert(1)"), []);
});

test("the parts put together are the text", () => {
  for (const text of ["", "plain", "a https://x.example b", "https://x.example", "x@y.example.", "www.", `${")".repeat(3000)} https://x.example/${")".repeat(3000)}`]) {
    assert.equal(partsOf(text).map((part) => part.text).join(""), text);
  }
});

test("length is counted in scalar values, and half a pair is never sent", () => {
  assert.equal(charsOf("a😀é"), 3);
  assert.equal(wellFormed("a\uD83Db\uDE00"), "a\uFFFDb\uFFFD");
  assert.equal(wellFormed("a😀"), "a😀");
});
