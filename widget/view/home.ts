// Home: the greeting, the search, what is often asked or was found, and a person one tap away. And an article, read in place.

import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { drawing, icon } from "../icons.ts";
import type { Article, HomeActions, Run } from "../home.ts";
import { isOpen, type Model } from "../model.ts";
import { head } from "./head.ts";
import { button, link, tool } from "./parts.ts";
import { hello } from "./start.ts";

const SEARCH = "M15.5 15.5L20 20M10.8 4.5a6.3 6.3 0 1 0 0 12.6a6.3 6.3 0 1 0 0-12.6";

/** The server's limit for a search. */
const QUERY_CHARS_MAX = 200;

export function home(model: Model, actions: HomeActions): Description[] {
  const { home: { query, asked, found }, phrases: { say } } = model;
  const count = found?.articles.length ?? 0;
  const status = asked === undefined ? "" : found === undefined ? say(Word.down) : asked === "" ? say(Word.oftenAsked) : count > 0 ? say(Word.answers, { n: count }) : say(Word.noAnswers, { q: asked });
  const rows = found?.articles.map(({ id, title, excerpt }) =>
    h("li", { key: id }, h("button", { type: "button", name: id, onclick: () => actions.openArticle(id) }, h("span", { dir: "auto" }, title, asked !== "" && h("small", { class: "soft small" }, excerpt)), icon("back", "s next"))),
  );
  return [
    hello(model, actions, query !== "", search(model, actions)),
    h("div", { class: "page", key: "page" }, h("p", { class: "soft small", role: "status" }, status), count > 0 && h("ul", { class: "list", lang: found?.lang }, rows)),
    h("div", { class: "foot", key: "foot" }, asked !== undefined && asked !== "" && h("p", { class: "soft small" }, say(Word.notFound)), button("main wide", actions.startChat, say(model.visit.conversation ? Word.add : isOpen(model) ? Word.startAChat : Word.leaveMessage))),
  ];
}

function search({ home: { query, asked }, phrases: { say } }: Model, actions: HomeActions): Description {
  const label = say(Word.search);
  const oninput = ({ target }: Event): void => {
    if (target instanceof HTMLInputElement) actions.search(target.value);
  };
  const clear = (): void => actions.search("");
  return h(
    "div",
    { class: "field search", key: "search", role: "search", mounted: () => asked === undefined && clear() },
    drawing(SEARCH),
    h("input", { "aria-label": label, placeholder: label, enterkeyhint: "search", maxlength: QUERY_CHARS_MAX, value: query, oninput }),
    query !== "" && tool("close", say(Word.clearSearch), clear),
  );
}

export function article(model: Model, actions: HomeActions): Description[] {
  const { home: { article: shown }, phrases: { say } } = model;
  if (shown === undefined) return [];
  return [
    head(model, actions, tool("back", say(Word.goBack), actions.closeArticle), shown.title, false),
    h("div", { class: "page article", key: `article ${shown.id}`, lang: shown.lang, dir: "auto", tabindex: 0 }, bodyOf(shown)),
    h(
      "div",
      { class: "foot", key: "foot" },
      h("p", { class: "soft small" }, say(Word.helpful)),
      h("div", { class: "pair" }, button("", () => actions.vote(true), say(Word.yesThanks)), button("", () => actions.vote(false), say(Word.noChat))),
    ),
  ];
}

const TAGS = { paragraph: "p", heading: "h3", code: "pre" } as const;

/** Items that follow one another are one list. */
function bodyOf({ blocks }: Article): Description[] {
  const parts: Description[] = [];
  for (const { kind, number, runs } of blocks) {
    const words = runs.map(runOf);
    if (kind === "item") {
      const tag = number === undefined ? "ul" : "ol";
      if (parts.at(-1)?.tag !== tag) parts.push(h(tag, null));
      parts.at(-1)?.children.push(h("li", { value: number }, words));
    } else parts.push(h(TAGS[kind] ?? "p", null, words));
  }
  return parts;
}

/** Words are text, whatever they look like; only what leads to the web or to mail is a link. */
function runOf({ text, strong, emphasis, code, href }: Run): Child {
  let words: Child = text;
  if (code) words = h("code", null, words);
  if (emphasis) words = h("em", null, words);
  if (strong) words = h("strong", null, words);
  return href !== undefined && /^(https?|mailto):/i.test(href) ? link(href, words) : words;
}
