// docs/widget.md is what developers of sites go by: it names each method, event, setting, attribute and language that there
// is, and none that there is not.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const guide = readFileSync("docs/widget.md", "utf8");
const api = readFileSync("client/api.ts", "utf8");
const loader = readFileSync("widget/loader.ts", "utf8");

/** What stands between this heading and the next one. */
function section(heading: string): string {
  const [, text] = guide.split(`\n${heading}\n`);
  assert.ok(text !== undefined, `docs/widget.md has no "${heading}"`);
  return text.split(/\n#+ /)[0] ?? "";
}

/** The names in code style in the first column of the tables there, without what is in brackets. */
function firstColumn(heading: string): string[] {
  return [...section(heading).matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`(]+)[^`]*`/g)].map(([, name = ""]) => name));
}

/** The members of an interface of client/api.ts. */
function membersOf(name: string): string[] {
  const [, body = ""] = new RegExp(`interface ${name} \\{\\n([^]*?)\\n\\}`).exec(api) ?? [];
  return [...body.matchAll(/^ {2}"?([\w:]+)"?[(:<]/gm)].map(([, member = ""]) => member);
}

test("each method is explained, and no other", () => {
  const methods = membersOf("BalieApi").map((name) => (name === "q" ? "q.push" : name));
  assert.ok(methods.length >= 10);
  assert.deepEqual(firstColumn("## The API").toSorted(), methods.toSorted());
});

test("each event is explained with all it carries, and no other", () => {
  const events = membersOf("BalieEvents");
  assert.ok(events.length >= 20);
  assert.deepEqual(firstColumn("### Events").toSorted(), events.toSorted());
  for (const event of events) {
    const [, detail = ""] = new RegExp(`^ {2}"?${event}"?: (?:\\{ (.*) \\}|undefined);$`, "m").exec(api) ?? [];
    const [, row = ""] = new RegExp(`^\\| \`${event}\` \\| ([^|]*)\\|`, "m").exec(section("### Events")) ?? [];
    const told = [...row.matchAll(/`(\w+)\??`/g)].map(([, name = ""]) => name);
    const carried = [...detail.replace(/\{[^}]*\}/g, "").matchAll(/(\w+)\??:/g)].map(([, name = ""]) => name);
    assert.deepEqual(told, carried, event);
  }
});

test("each setting of a site is explained, and no other", () => {
  const { components } = JSON.parse(readFileSync("docs/openapi.json", "utf8")) as { components: { schemas: Record<string, { properties: Record<string, unknown> }> } };
  const settingsOf = (schema: string): string[] => Object.keys(components.schemas[schema]?.properties ?? {});
  const settings = [...settingsOf("SiteChange").filter((name) => name !== "widget"), ...settingsOf("WidgetSettings").map((name) => `widget.${name}`)];
  assert.ok(settings.length >= 15);
  assert.deepEqual(firstColumn("## What the site decides").toSorted(), settings.toSorted());
});

test("each attribute that the script reads is explained", () => {
  const read = [...loader.matchAll(/dataset\["(\w+)"\]/g)].map(([, name]) => `data-${name}`);
  const told = firstColumn("## One line").filter((name) => name.startsWith("data-"));
  assert.deepEqual(told.toSorted(), [...new Set(read)].toSorted());
});

test("the languages are those that there are", () => {
  const tags = readdirSync("widget/i18n").filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
  const [, count, list = ""] = /^(\d+): ([^.]*)\./.exec(section("## Languages").trim()) ?? [];
  assert.deepEqual(list.split(", "), tags.toSorted((a, b) => a.localeCompare(b)));
  assert.equal(Number(count), tags.length);
});
