// The menu of a chat, and the one question that the window asks.

import { type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import type { LateActions, Model } from "../model.ts";
import { button } from "./parts.ts";

export function menu(model: Model, actions: LateActions): Description {
  const { say } = model.phrases;
  const { conversation, timeline } = model.visit;
  const item = (label: string, onclick: () => void, kind = ""): Description => h("button", { type: "button", role: "menuitem", class: kind, tabindex: -1, onclick }, label);
  const isClosed = conversation?.state === "closed";
  const isLine = conversation?.state !== "active";
  const items = [
    h("button", { type: "button", role: "menuitemcheckbox", "aria-checked": model.isQuiet ? "false" : "true", tabindex: -1, onclick: actions.toggleSound }, say(Word.sound), " ", h("span", null, say(model.isQuiet ? Word.off : Word.on))),
    timeline.events.some(({ kind }) => kind === "message") && item(say(Word.save), actions.save),
    isClosed && item(say(Word.newChat), actions.beginAnew),
    !isClosed && item(isLine ? say(Word.leaveLine) : say(Word.endChat), () => actions.ask(isLine ? "leave" : "end"), "end"),
  ];
  return h("div", { class: "menu", role: "menu", key: "menu", "aria-label": say(Word.more), onkeydown: moveInMenu, mounted: (element) => focusFirst(element) }, items);
}

function moveInMenu(event: KeyboardEvent): void {
  const { currentTarget, key } = event;
  if (!(currentTarget instanceof HTMLElement) || !["ArrowDown", "ArrowUp", "Home", "End"].includes(key)) return;
  event.preventDefault();
  const items = [...currentTarget.querySelectorAll<HTMLElement>("button")];
  const root = currentTarget.getRootNode();
  const at = items.findIndex((each) => root instanceof ShadowRoot && each === root.activeElement);
  const next = key === "Home" ? 0 : key === "End" ? items.length - 1 : (at + (key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
  items[next]?.focus();
}

function focusFirst(element: HTMLElement): void {
  element.querySelector<HTMLElement>("button")?.focus();
}

/** Asked once; the safe answer is the main one and has the focus. */
export function question(model: Model, actions: LateActions): Description {
  const { say } = model.phrases;
  const isLeave = model.question === "leave";
  const safe = h("button", { type: "button", class: "button main", onclick: () => actions.ask(undefined), mounted: (element) => element.focus() }, isLeave ? say(Word.stayInLine) : say(Word.goOn));
  return h(
    "div",
    { class: "ask", key: "ask" },
    h(
      "div",
      { role: "alertdialog", "aria-modal": "true", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
      h("div", null, h("h3", { class: "title", id: "ask-title" }, isLeave ? say(Word.leaveTitle) : say(Word.endTitle)), h("p", { class: "soft", id: "ask-text" }, isLeave ? say(Word.leaveText) : say(Word.endText))),
      h("div", { class: "pair" }, button("", actions.confirm, isLeave ? say(Word.leave) : say(Word.endChat)), safe),
    ),
  );
}
