/*
 * The words of every language against what English asks for and what Intl knows of the language. That they are whole the
 * bundler checks before anything is built (client/languages.mjs); here it is shown that it does.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, holesOf, textOf } from "../../client/words.mjs";
import english from "./en.json";
import { phrases, Word } from "./index.ts";
import { formsOf, LANGUAGES, spoken, textsOf } from "./spoken.ts";

/** The languages that the widget promises; it may speak more. */
const PROMISED = "ar bg cs da de el en es et fi fr he hi hu it ja ko lt lv nb nl pl pt pt-BR ro sk sv tr uk zh-Hans".split(" ");

/** Which letters a language is written in. */
const SCRIPTS: Record<string, RegExp> = {
  ar: /\p{Script=Arabic}/u,
  bg: /\p{Script=Cyrillic}/u,
  el: /\p{Script=Greek}/u,
  he: /\p{Script=Hebrew}/u,
  hi: /\p{Script=Devanagari}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u,
  ko: /\p{Script=Hangul}/u,
  uk: /\p{Script=Cyrillic}/u,
  "zh-Hans": /\p{Script=Han}/u,
};

test("a number chooses the form, and is written as the language does", () => {
  assert.equal(spoken("en").say(Word.before, { n: 1 }), "1 person before you");
  assert.equal(spoken("en").say(Word.before, { n: 1_234 }), "1,234 people before you");
  assert.equal(spoken("nl").say(Word.before, { n: 1_234 }), "1.234 mensen vóór je");
  assert.equal(spoken("nl").say(Word.aboutMinutes, { low: 3, n: 5 }), "Ongeveer 3 tot 5 minuten");
});

test("what is filled in stays as it is, braces and dollar signs too", () => {
  assert.equal(spoken("en").say(Word.joined, { name: "$& {name}" }), "$& {name} joined the chat");
});

test("times are written for the region that was wished for, as long as it speaks the language", () => {
  const noon = new Date(2026, 5, 14, 12).getTime();
  const date = (wishes: string) => phrases(textOf([], english), "en", wishes).date(noon);
  assert.equal(date("not a tag,nl-BE,en-US"), "June 14, 2026");
  assert.equal(date("en-GB"), "14 June 2026");
});

test("words of another version are refused rather than mixed up", () => {
  assert.throws(() => phrases("Chat\nClose\n000000", "en", "en"), /another version/);
});

test("each language has the plural forms that it needs, and no other", () => {
  for (const tag of LANGUAGES) {
    const { pluralCategories } = new Intl.PluralRules(tag).resolvedOptions();
    for (const forms of formsOf(tag)) assert.deepEqual(forms.toSorted(), pluralCategories.toSorted(), tag);
  }
});

test("a language that is not whole stops the build and is told where", () => {
  const faults = (words: Record<string, unknown>): string => faultsOf("xx", { ...english, ...words } as never, english).join();
  assert.equal(faults({}), "");
  assert.match(faults({ mistaken: "x" }), /mistaken is no key/);
  assert.match(faults({ joined: "{nam} joined" }), /joined has \{nam\}.*joined leaves out \{name\}/);
  assert.match(faults({ before: "{n} before you" }), /before needs an object/);
  assert.match(faults({ launcherNew: { zero: "none", one: "one", other: "{n}" } }), /launcherNew leaves out \{n\} in one/);
  assert.match(faults({ before: { one: "one" } }), /lacks the plural form "other"/);
  assert.match(faults({ before: { other: "{n}", several: "{n}" } }), /"several"/);
  assert.match(faults({ send: " Send" }), /send must be text/);
  const { send: _send, ...lacking } = english;
  assert.match(faultsOf("xx", lacking, english).join(), /send is missing/);
  assert.deepEqual(holesOf(english.passedOn), ["from", "to"]);
});

test("the widget speaks every language that it promises", () => {
  assert.deepEqual(PROMISED.filter((tag) => !LANGUAGES.includes(tag)), []);
});

test("each language is written in its own letters", () => {
  for (const tag of LANGUAGES) {
    const own = SCRIPTS[tag] ?? /\p{Script=Latin}/u;
    for (const text of textsOf(tag)) {
      // What is filled in is not ours, and a few names are Latin everywhere.
      const said = text.replace(/\{\w+\}/g, "").replace(/email|emoji|e-mail/gi, "");
      const letters = said.match(/\p{L}/gu) ?? [];
      assert.ok(letters.every((letter) => own.test(letter) || letter === "ー"), `${tag}: ${text}`);
    }
  }
});

test("nobody is shouted at, and no mark turns the direction of the text", () => {
  for (const tag of LANGUAGES) for (const text of textsOf(tag)) assert.doesNotMatch(text, /[!¡！\u200e\u200f\u202a-\u202e\u2066-\u2069]/, `${tag}: ${text}`);
});

test("a form that stands for more than one number says which", () => {
  for (const tag of LANGUAGES) {
    const plural = new Intl.PluralRules(tag);
    const numbers = Array.from({ length: 200 }, (_, n) => plural.select(n));
    for (const [form, text] of textsOf(tag, true)) {
      const isOne = numbers.filter((each) => each === form).length === 1;
      assert.ok(isOne || text.includes("{n}"), `${tag}: ${form}: ${text}`);
      assert.ok(!text.includes("{low}") || text.includes("{n}"), `${tag}: ${form}: ${text}`);
    }
  }
});
