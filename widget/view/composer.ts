// Where the visitor writes.

import { charsOf, TEXT_CHARS_MAX } from "../../client/limits.ts";
import { type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type Actions, canAttach, isWaiting, type Model } from "../model.ts";
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
    mounted: fit,
    oninput: (event: InputEvent) => {
      if (!(event.target instanceof HTMLTextAreaElement)) return;
      fit(event.target);
      actions.typed("", event.target.value);
    },
    onkeydown: (event: KeyboardEvent) => keyPressed(event, actions),
    onpaste: (event: ClipboardEvent) => {
      const files = event.clipboardData?.files;
      if (files === undefined || files.length === 0) return;
      event.preventDefault();
      actions.attach(files);
    },
    onblur: () => actions.leftComposer(),
  });
  const send = h("button", { type: "button", class: "tool go", "aria-label": say(Word.send), "aria-disabled": cannot ? "true" : undefined, onclick: actions.sendMessage }, icon("send"));
  const hasMouse = matchMedia("(pointer: fine)").matches;
  const smile = hasMouse && tool("smile", say(Word.emoji), () => actions.toggleEmoji(!model.hasEmoji), { "aria-expanded": model.hasEmoji ? "true" : "false", key: "smile" });
  return h(
    "div",
    { class: "composer", key: "composer" },
    model.hasEmoji && model.later?.emoji(model),
    h("div", { class: "box", key: "box" }, canAttach(model) && attach(model, actions), input, smile, send),
    below(model, actions, text),
  );
}

function attach({ site, phrases: { say } }: Model, actions: Actions): Description {
  const onchange = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement) || target.files === null) return;
    actions.attach(target.files);
    target.value = ""; // the same file may be chosen again
  };
  return h("label", { class: "tool", key: "attach" }, icon("clip"), h("input", { type: "file", class: "sr", multiple: true, accept: site.uploads?.types.join(), "aria-label": say(Word.attach), onchange }));
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

function below(model: Model, actions: Actions, text: string): Description | false {
  const { say, number } = model.phrases;
  const length = charsOf(text);
  if (model.complaint !== undefined) return h("div", { class: "below", key: "complaint" }, h("span", { class: "over", role: "status" }, model.complaint));
  if (length > COUNT_FROM) {
    const over = length > TEXT_CHARS_MAX && h("span", { class: "over", role: "status" }, say(Word.tooLong, { n: length - TEXT_CHARS_MAX }));
    return h("div", { class: "below", key: "count" }, over || h("span", null), h("span", { class: "num" }, `${number(length)} / ${number(TEXT_CHARS_MAX)}`));
  }
  if (!isWaiting(model)) return false;
  const isLeaving = model.visit.doing.leave !== undefined;
  const leave = h("button", { type: "button", "aria-disabled": isLeaving ? "true" : undefined, onclick: () => !isLeaving && actions.ask("leave") }, isLeaving ? say(Word.leaving) : say(Word.leaveLine));
  return h("div", { class: "below", key: "waiting" }, h("span", null, say(Word.whileWaiting)), leave);
}
