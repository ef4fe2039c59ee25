import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { problemOf, queryOf } from "./api.ts";
import { createDrafts } from "./drafts.ts";
import { formatEstimate, formatSpan, initialsOf } from "./format.ts";
import { litBlocks, strengthOf } from "./gate/password.ts";
import { en } from "./i18n/en.ts";
import { pickLanguage } from "./i18n/index.ts";
import { nl } from "./i18n/nl.ts";
import { iconNames } from "./icon.tsx";
import { commandOf } from "./keyboard.ts";
import { heldOrder } from "./parts/steady.ts";
import { parsePreferences } from "./preferences.ts";
import { hrefOf, parseRoute } from "./route.ts";
import { keyFrom } from "./settings/pane.tsx";

const MINUTE_MS = 60_000;

describe("times and names", () => {
  it("are written short under an hour and with a unit above", () => {
    assert.equal(formatSpan(en, 161_000), "2:41");
    assert.equal(formatSpan(en, -5), "0:00");
    assert.equal(formatSpan(en, 64 * MINUTE_MS), "1 h 04");
  });

  it("promise a range with a unit, or say that it is not known", () => {
    assert.equal(formatEstimate(en, null), "not known yet");
    assert.equal(formatEstimate(en, { p50_ms: 0, p90_ms: 0 }), "at once");
    assert.equal(formatEstimate(en, { p50_ms: 10_000, p90_ms: 40_000 }), "under 1 min");
    assert.equal(formatEstimate(nl, { p50_ms: 5 * MINUTE_MS, p90_ms: 9 * MINUTE_MS }), "5–9 min");
  });

  it("give initials for any name", () => {
    assert.equal(initialsOf("Hannah Lindqvist"), "HL");
    assert.equal(initialsOf("李"), "李");
    assert.equal(initialsOf("  "), "?");
  });
});

describe("keys", () => {
  const key = (name: string, code = "", more: Partial<KeyboardEvent> = {}) =>
    ({ key: name, code, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, ...more }) as KeyboardEvent;
  const idle = { writing: false, letters: true, chord: false };

  it("are letters only outside a text field, and chords anywhere", () => {
    assert.equal(commandOf(key("r"), idle), "reply");
    assert.equal(commandOf(key("r"), { ...idle, writing: true }), undefined);
    assert.equal(commandOf(key("r"), { ...idle, letters: false }), undefined);
    assert.equal(commandOf(key("å", "KeyA", { altKey: true }), { ...idle, writing: true }), "accept");
    assert.equal(commandOf(key("3", "Digit3", { altKey: true }), idle), "chat_3");
  });

  it("go somewhere after G, and leave the browser's own chords alone", () => {
    assert.equal(commandOf(key("g"), idle), "chord");
    assert.equal(commandOf(key("h"), { ...idle, chord: true }), "go_history");
    assert.equal(commandOf(key("r", "KeyR", { ctrlKey: true }), idle), undefined);
    assert.equal(commandOf(key("s", "KeyS", { ctrlKey: true }), { ...idle, writing: true }), "save");
  });
});

describe("addresses", () => {
  it("survive a round trip and fall back to the inbox", () => {
    for (const route of ["#inbox", "#inbox/0192-a", "#history/0192-a", "#settings/people"])
      assert.equal(hrefOf(parseRoute(route)), route);
    assert.deepEqual(parseRoute("#nowhere"), { page: "inbox" });
    assert.deepEqual(parseRoute("#settings/nothing"), { page: "settings", pane: "departments" });
  });
});

describe("a list under the hand", () => {
  it("keeps the order shown, drops what is gone and adds what is new at its end", () => {
    assert.deepEqual(heldOrder(["a", "b", "c"], ["c", "d", "a"]), ["a", "c", "d"]);
  });
});

describe("drafts", () => {
  it("are kept per conversation and mode, and do not grow without bound", () => {
    const kept = new Map<string, string>();
    const drafts = createDrafts({
      get: (key) => kept.get(key) ?? null,
      set: (key, value) => Boolean(kept.set(key, value)),
      remove: (key) => void kept.delete(key),
      isLasting: () => true,
      keys: (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)),
      onForeignChange: () => () => undefined,
    });
    drafts.write("c1", "reply", "half a");
    drafts.write("c1", "note", "aside");
    assert.equal(drafts.read("c1", "reply"), "half a");
    drafts.write("c1", "reply", "");
    assert.equal(drafts.read("c1", "reply"), "");
    assert.equal(drafts.read("c1", "note"), "aside");
    for (let count = 0; count < 150; count += 1) drafts.write(`d${String(count).padStart(4, "0")}`, "reply", "x");
    assert.ok(kept.size <= 100);
    assert.equal(drafts.read("d0149", "reply"), "x");
  });
});

describe("what the server refuses", () => {
  it("is read without trusting its shape", () => {
    const answer = (status: number, retry?: string) => ({ status, headers: new Headers(retry ? { "retry-after": retry } : {}) });
    assert.deepEqual(problemOf(answer(422), { detail: "Too short.", field: "password" }), {
      status: 422,
      detail: "Too short.",
      field: "password",
    });
    assert.deepEqual(problemOf(answer(429, "30"), {}), { status: 429, detail: "", retry_ms: 30_000 });
    assert.deepEqual(problemOf(answer(502), "<html>"), { status: 502, detail: "" });
  });

  it("is asked with only the filters that are set", () => {
    assert.equal(queryOf({ q: "battery key", state: "", limit: 50, before: undefined }), "?q=battery+key&limit=50");
    assert.equal(queryOf({}), "");
  });
});

describe("passwords", () => {
  it("grow stronger by length alone, counted in characters as people see them", () => {
    assert.equal(strengthOf("123456789"), 0);
    assert.equal(strengthOf("1234567890"), 1);
    assert.equal(strengthOf("🦊🦊🦊🦊🦊"), 0);
    assert.equal(litBlocks("correct horse battery staple"), 4);
    assert.equal(litBlocks(""), 0);
  });
});

describe("preferences", () => {
  it("take from storage only what has the right type", () => {
    assert.deepEqual(parsePreferences('{"sound":false,"language":"nl","hints":"yes","other":1}'), {
      sound: false,
      language: "nl",
    });
    assert.deepEqual(parsePreferences("not json"), {});
    assert.deepEqual(parsePreferences(undefined), {});
  });
});

describe("words", () => {
  it("follow the browser's first language that the panel speaks", () => {
    assert.equal(pickLanguage("auto", ["de-DE", "nl-BE", "en"]), "nl");
    assert.equal(pickLanguage("auto", ["fr"]), "en");
    assert.equal(pickLanguage("en", ["nl"]), "en");
  });
});

describe("every word", () => {
  it("is shown somewhere", async () => {
    const files = (await readdir("panel", { recursive: true })).filter(
      (name) => /\.tsx?$/u.test(name) && !/^i18n|\.test\./u.test(name),
    );
    const sources = (await Promise.all(files.map((name) => readFile(`panel/${name}`, "utf8")))).join("\n");
    for (const [group, words] of Object.entries(en)) {
      if (typeof words === "string") continue;
      for (const name of Object.keys(words)) {
        // The help of a choice is looked up by the name of the choice.
        const found = [name, name.replace(/_help$/u, "")].some((text) => new RegExp(`\\b${text}\\b`, "u").test(sources));
        assert.ok(found, `${group}.${name} is nowhere used`);
      }
    }
  });
});

describe("keys of departments and sites", () => {
  it("are made from names as the contract wants them", () => {
    assert.equal(keyFrom("Crème & Café, Étage 2"), "creme-cafe-etage-2");
    assert.match(keyFrom("x".repeat(80)), /^[a-z0-9-]{1,40}$/u);
  });
});

describe("icons", () => {
  it("are all drawn in the page", async () => {
    const page = await readFile("panel/index.html", "utf8");
    for (const name of iconNames) assert.ok(page.includes(`id="i-${name}"`), `no icon "${name}"`);
  });
});
