/*
 * Home without a browser: what is asked of the server and when, what is told of the visit, what comes along into the chat;
 * and what the views make of an article.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { fakeClock } from "../client/fakes.ts";
import type { Child, Description } from "./dom.ts";
import type { FormField } from "./embed.ts";
import { fakeModel, fakeSite } from "./fakes.ts";
import type { Frame } from "./frame.ts";
import { type Article, createHome, type Found, type HomeActions } from "./home.ts";
import { type Actions, type Model, QUESTION, screenOf } from "./model.ts";
import { emptyVisit } from "./visit.ts";
import { article, home as homeView } from "./view/home.ts";

const EMAIL: FormField = { name: "email", label: "Email", kind: "email", required: true };
const RETURNS: Article = { id: "a1", title: "Returning a bike", lang: "en", blocks: [{ kind: "paragraph", runs: [{ text: "You have 30 days." }] }] };
const FOUND: Found = { lang: "en", articles: [{ id: "a1", title: "Returning a bike", excerpt: "Within 30 days" }] };

interface Asked {
  path: string;
  body?: Record<string, unknown>;
}

/** A page at home; `answer` is what the server says to a path, undefined that it is away. */
function atHome(t: TestContext, answer: (path: string) => unknown = () => FOUND, form: FormField[] = []) {
  const clock = fakeClock();
  const asked: Asked[] = [];
  const real = globalThis.fetch;
  t.after(() => {
    globalThis.fetch = real;
  });
  globalThis.fetch = async (url, init) => {
    const path = String(url).replace("https://chat.example/api/sites/demo/", "");
    asked.push({ path, ...(typeof init?.body === "string" ? { body: JSON.parse(init.body) } : {}) });
    const said = answer(path);
    if (said === undefined) throw new TypeError("Failed to fetch");
    return Response.json(said);
  };
  const site = fakeSite({ form, departments: [{ key: "support", name: "Support" }], articles: true });
  let model = fakeModel(site);
  const change = (part: Partial<Model>): void => {
    model = { ...model, ...part };
  };
  // Nothing of the window is drawn here: there is no element to be found in it.
  const frame = { element: { querySelector: () => null }, focusFirst: () => {} } as unknown as Frame;
  const host = { site: "demo", origin: "https://chat.example", wishes: "en-GB,nl", root: {} as ShadowRoot, siteInfo: async () => site, tell: () => {}, wanted: { fields: {} }, launcher: {} as never };
  const { actions, note } = createHome({ host, clock, frame, model: () => model, change, keep: (values) => change({ values }), actions: { goOn: (form) => change({ form }) } as Actions });
  const told = (): unknown[] => asked.flatMap(({ path, body }) => (body === undefined ? [] : [[path, { ...body, visit: typeof body["visit"] }]]));
  const gets = (): string[] => asked.flatMap(({ path, body }) => (body === undefined ? [path] : []));
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((done) => setImmediate(done));
  };
  async function search(query: string): Promise<void> {
    actions.search(query);
    clock.advance(250);
    await settled();
  }
  return { model: () => model, change, actions, note, clock, asked, told, gets, settled, search };
}

/** All text of a view, a line an element that has some of its own. */
function textsOf(child: Child): string[] {
  if (typeof child === "string") return [child];
  if (Array.isArray(child)) return child.flatMap(textsOf);
  return child === null || child === undefined || child === false ? [] : child.children.flatMap(textsOf);
}

function find(child: Child, tag: string): Description[] {
  if (Array.isArray(child)) return child.flatMap((each) => find(each, tag));
  if (typeof child !== "object" || child === null) return [];
  return [...(child.tag === tag ? [child] : []), ...find(child.children, tag)];
}

test("while somebody types nothing is asked, and only the last words are", async (t) => {
  const { actions, clock, gets, settled, model } = atHome(t);
  for (const query of ["r", "re", "ret"]) {
    actions.search(query);
    clock.advance(249);
  }
  assert.deepEqual(gets(), []);
  clock.advance(1);
  await settled();
  assert.deepEqual(gets(), ["articles?q=ret&lang=en-GB%2Cnl"]);
  assert.deepEqual([model().home.asked, model().home.found], ["ret", FOUND]);
});

test("an answer that comes after the next words is not shown", async (t) => {
  const { actions, clock, settled, model, told } = atHome(t);
  actions.search("return");
  clock.advance(250);
  actions.search("returns");
  await settled();
  assert.equal(model().home.asked, undefined);
  assert.deepEqual(told(), []);
});

test("what was searched, read, voted and begun is told under one visit that is of this page only", async (t) => {
  const { actions, asked, told, note, search, settled } = atHome(t, (path) => (path.startsWith("articles/") ? RETURNS : path.includes("q=nothing") ? { lang: "en", articles: [] } : FOUND));
  await search("");
  assert.deepEqual(told(), [], "looking at what is often asked is no search");
  await search("return");
  await search("nothing here");
  actions.openArticle("a1");
  await settled();
  actions.vote(false);
  note("chat");
  await settled();
  assert.deepEqual(told(), [
    ["self-service", { visit: "string", kind: "searched", found: 1 }],
    ["self-service", { visit: "string", kind: "searched", found: 0, q: "nothing here" }],
    ["self-service", { visit: "string", kind: "read", article: "a1" }],
    ["articles/a1/feedback", { visit: "string", helpful: false }],
    ["self-service", { visit: "string", kind: "chat" }],
  ]);
  assert.equal(new Set(asked.flatMap(({ body }) => body?.["visit"] ?? [])).size, 1);
});

test("a server that is away breaks nothing, and is said to be", async (t) => {
  const { actions, search, settled, model, told } = atHome(t, () => undefined);
  await search("return");
  assert.ok(textsOf(homeView(model(), {} as HomeActions)).includes("The chat does not answer just now."));
  actions.openArticle("a1");
  await settled();
  assert.deepEqual(told(), [], "what was not seen is not counted");
  assert.equal(screenOf(model()), "home");
});

test("what was looked for comes along into the field of the question, where it can be seen", async (t) => {
  for (const [form, field] of [[[], ""], [[EMAIL], QUESTION], [[EMAIL, { ...EMAIL, name: "story", kind: "textarea" }], "story"]] as [FormField[], string][]) {
    const { actions, search, model, change } = atHome(t, () => FOUND, form);
    await search(" return ");
    actions.startChat();
    assert.equal(model().values[field], "return");
    assert.equal(screenOf(model()), "start");
    // Another suggestion may take its place, the visitor's own words never go.
    change({ form: undefined });
    change({ home: { ...model().home, article: RETURNS } });
    actions.startChat();
    assert.equal(model().values[field], "Returning a bike");
    change({ values: { [field]: "Mine" } });
    change({ form: undefined });
    actions.startChat();
    assert.equal(model().values[field], "Mine");
  }
});

test("an article that was opened in the chat leads back to it", async (t) => {
  const { actions, settled, model, change } = atHome(t, () => RETURNS);
  change({ visit: { ...emptyVisit(), isKnown: true, conversation: { id: "c", state: "active", department: "support" } } });
  actions.openArticle("a1");
  await settled();
  assert.equal(screenOf(model()), "article");
  actions.vote(false);
  assert.equal(screenOf(model()), "chat");
  assert.deepEqual(model().values, {});
});

test("the count is said in words, and so is that nothing was found", async (t) => {
  const { search, model } = atHome(t, (path) => (path.includes("q=x") ? { lang: "en", articles: [] } : FOUND));
  const statusOf = (): string[] => find(homeView(model(), {} as HomeActions), "p").filter(({ props }) => props["role"] === "status").flatMap(textsOf);
  assert.deepEqual(statusOf(), []);
  await search("");
  assert.deepEqual(statusOf(), ["Often asked"]);
  await search("bike");
  assert.deepEqual(statusOf(), ["1 answer"]);
  await search("x<b>");
  assert.deepEqual(statusOf(), ["No answers for “x<b>”"]);
});

test("blocks become elements: lists held together, marks around text, and no link that runs anything", (t) => {
  const { model, change } = atHome(t);
  const runs = [{ text: "<img onerror=x>", strong: true, emphasis: true, code: true }];
  const links = ["https://shop.example/", "mailto:help@shop.example", "javascript:alert(1)", "data:text/html,x", "//shop.example"].map((href) => ({ text: href, href }));
  const shown: Article = {
    id: "a2",
    title: "All",
    blocks: [
      { kind: "heading", runs: [{ text: "First" }] },
      { kind: "item", number: 3, runs },
      { kind: "item", number: 4, runs: [{ text: "four" }] },
      { kind: "item", runs: [{ text: "dot" }] },
      { kind: "code", runs: [{ text: "a\n  b" }] },
      { kind: "paragraph", runs: links },
    ],
  };
  change({ home: { query: "", article: shown } });
  const [, page] = article(model(), {} as HomeActions);
  assert.deepEqual(find(page, "div")[0]?.children.map((each) => (typeof each === "string" ? each : each.tag)), ["h3", "ol", "ul", "pre", "p"]);
  assert.deepEqual(find(page, "li").map(({ props }) => props["value"]), [3, 4, undefined]);
  assert.deepEqual(find(find(find(page, "strong"), "em"), "code").flatMap(textsOf), ["<img onerror=x>"]);
  assert.deepEqual(find(page, "a").map(({ props }) => [props["href"], props["rel"]]), [
    ["https://shop.example/", "noopener noreferrer nofollow"],
    ["mailto:help@shop.example", "noopener noreferrer nofollow"],
  ]);
});
