// Before the chat: the greeting and what the site wants to know. Where it wants to know nothing there is only the composer.

import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type Actions, isOpen, isPlainStart, type Model, siteName } from "../model.ts";
import { composer } from "./composer.ts";
import { button, closeTool, presence, tool } from "./parts.ts";

export function start(model: Model, actions: Actions): Description[] {
  if (isPlainStart(model)) return [hello(model, actions), h("div", { class: "page", key: "page" }, model.forms?.trouble(model), instead(model, actions), fine(model)), composer(model, actions)];
  return [hello(model, actions), model.forms?.start(model, [model.forms?.trouble(model), instead(model, actions)]) ?? h("div", { class: "page", key: "page" })];
}

/** Whom one talks to; of the greeting only what there is room for. */
export function hello(model: Model, actions: Actions, isShort = false, ...more: Child[]): Description {
  const { site, form, phrases: { say } } = model;
  const first = site.articles && form !== undefined ? tool("back", say(Word.goBack), actions.back) : h("span", { class: "logo", "aria-hidden": "true" }, icon("desk"), site.look.logo && h("img", { src: site.look.logo, alt: "", onerror: hide }));
  const lead = !isShort && [h("h2", { class: "lead", tabindex: -1 }, site.texts.greeting || say(Word.lead)), presence(model)];
  return h("div", { class: "hello", key: "hello" }, h("div", { class: "row" }, first, h("span", { class: "clip" }, siteName(model)), closeTool(model, actions)), lead, more);
}

/** A picture that is gone, or that the page's policy forbids: our mark is under it. */
function hide({ target }: Event): void {
  if (target instanceof HTMLElement) target.hidden = true;
}

/** What the site says about what it keeps; where it has to be agreed to, that stands among the fields. */
export function fine({ site: { consent }, phrases: { say } }: Model): Description | false {
  return consent !== null && !consent.required && h("p", { class: "fine", key: "fine" }, consent.text, " ", privacy(consent.url, say(Word.dataMore)));
}

export function privacy(url: string | undefined, words: string): Description | false {
  return url !== undefined && h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words);
}

/** Nobody is at the desk: who waits is told when that changes, who would rather not may leave a message. */
function instead(model: Model, actions: Actions): Description | false {
  const { say } = model.phrases;
  return !isOpen(model) && h("div", { class: "soft small", key: "hint" }, say(Word.letYouKnow), " ", button("text", actions.leaveMessage, say(Word.leaveInstead)));
}
