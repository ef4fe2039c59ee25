// Where the visitor writes.

import { charsOf, TEXT_CHARS_MAX } from "../../client/limits.ts";
import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type Actions, isWaiting, type Model } from "../model.ts";
import { tool } from "./parts.ts";

/** From here on the counter shows. */
const COUNT_FROM = TEXT_CHARS_MAX - 500;
/** Five lines and the padding. */
const HEIGHT_PX_MAX = 124;

export function composer(model: Model, actions: Actions): Description {
  const { say } = model.phrases;
  const text = model.values[""] ?? "";
  const cannot = text.trim() === "" || charsOf(text) > TEXT_CHARS_MAX;
  const input = h("textarea", {
    rows: 1,
    class: "write",
    key: "write",
    "aria-label": say(Word.message),
    placeholder: isWaiting(model) ? say(Word.add) : say(Word.write),
    enterkeyhint: "send",
    value: text,
    mounted: (input: HTMLElement) => text && fit(input), // an empty one need not be measured
    oninput: (event: InputEvent) => {
      if (!(event.target instanceof HTMLTextAreaElement)) return;
      fit(event.target);
      actions.typed("", event.target.value);
    },
    onkeydown: (event: KeyboardEvent) => keyPressed(event, actions),
    onblur: () => actions.leftComposer(),
  });
  const send = h("button", { type: "button", class: "tool go", "aria-label": say(Word.send), "aria-disabled": cannot ? "true" : undefined, onclick: actions.sendMessage }, icon("send"));
  const hasMouse = matchMedia("(pointer: fine)").matches;
  const smile = hasMouse && tool("smile", say(Word.emoji), () => actions.toggleEmoji(!model.hasEmoji), { "aria-expanded": model.hasEmoji ? "true" : "false", key: "smile" });
  return h(
    "div",
    { class: "composer", key: "composer" },
    model.hasEmoji && model.later?.emoji(model),
    h("div", { class: "box", key: "box" }, model.later?.clip(model), input, smile, send),
    below(model, text),
  );
}

/** On touch, Enter breaks the line and the button sends; nothing is sent while an input method composes. */
function keyPressed(event: KeyboardEvent, actions: Actions): void {
  const isTouch = matchMedia("(pointer: coarse)").matches;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || isTouch) return;
  event.preventDefault();
  actions.sendMessage();
}

/** Grows with what is written, up to five lines. */
export function fit(element: HTMLElement): void {
  element.style.blockSize = "auto";
  element.style.blockSize = `${Math.min(element.scrollHeight, HEIGHT_PX_MAX)}px`;
}

/** What is wrong, how much is too much, or what can be done while waiting. */
function below(model: Model, text: string): Child {
  if (model.complaint !== undefined) return h("div", { class: "below", key: "over" }, h("span", { class: "over", role: "status" }, model.complaint));
  return charsOf(text) > COUNT_FROM ? model.later?.count(charsOf(text), model) : isWaiting(model) && model.ticket?.below(model);
}
