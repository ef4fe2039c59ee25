// What stands in the log beside words. A file: a picture that draws itself, a card to download, or one that is still on its
// way. The card of an article. The answers that may be given with one press.

import { type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { drawing, icon } from "../icons.ts";
import { type Actions, canAttach, type LateActions, type Model } from "../model.ts";
import type { ShownFile, Turn } from "../thread.ts";
import { tool } from "./parts.ts";

export const SAVE = "M12 4v11M7 10.5l5 5 5-5M5 20h14";
const CLIP = "M19.5 11.2l-7.7 7.7a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-7.9 7.9a1.5 1.5 0 0 1-2.2-2.2l7.1-7";
const FILE = "M13.5 3.5H7.8A1.8 1.8 0 0 0 6 5.3v13.4a1.8 1.8 0 0 0 1.8 1.8h8.4a1.8 1.8 0 0 0 1.8-1.8V8zM13.5 3.5V8H18M9.2 12.5h5.6M9.2 16h3.6";

/** Width and height that a picture may take, in CSS pixels. */
const PICTURE_PX = 240;

export function fileBubble(key: string, file: ShownFile, pale: string, turn: Turn, model: Model, actions: LateActions): Description {
  const { say, size, percent } = model.phrases;
  const name = plainName(file.name);
  const title = h("b", { dir: "auto" }, name);
  const { id, width, height } = file;
  if (id === undefined) {
    const sent = model.progress?.cmd === key ? model.progress.bytes : 0;
    const part = Math.min(1, sent / (file.bytes || 1));
    const isOnItsWay = pale === " wait";
    const second = h("small", null, isOnItsWay ? say(Word.progress, { percent: percent(part), size: size(file.bytes) }) : size(file.bytes));
    const bar = isOnItsWay && h("progress", { value: part, "aria-label": say(Word.uploading) });
    return h("div", { class: `bubble file${pale}`, key }, tile(), h("span", null, title, second, bar), isOnItsWay && tool("close", say(Word.cancelUpload), () => actions.discard(key)));
  }
  const save = (): void => actions.download(id, name);
  const label = say(Word.download, { file: name });
  if (width === undefined || height === undefined) {
    return h("button", { type: "button", class: "bubble file", key, title: label, onclick: save }, tile(), h("span", null, title, h("small", null, size(file.bytes))), drawing(SAVE, "s"));
  }
  const scale = Math.min(1, PICTURE_PX / width, PICTURE_PX / height);
  const canvas = h("canvas", {
    role: "img",
    "aria-label": say(Word.picture, { name: turn.isMine ? say(Word.you) : turn.name, file: name }),
    width: Math.ceil(width * scale),
    height: Math.ceil(height * scale),
    mounted: (element) => actions.paint(element, id),
  });
  return h("div", { class: "bubble pic", key }, canvas, h("button", { type: "button", class: "tool", "aria-label": label, onclick: save }, drawing(SAVE)));
}

/** An article of the site that somebody points to: it is read in place. */
export function articleBubble(key: string, { id, title }: { id: string; title: string }, { phrases: { say } }: Model, actions: LateActions): Description {
  return h("button", { type: "button", class: "bubble file", key, name: id, onclick: () => actions.openArticle(id) }, tile(), h("span", null, h("b", { dir: "auto" }, title), h("small", null, say(Word.readAnswer))), icon("back", "s next"));
}

/** What may be answered with one press, under the last message and until anything is answered. */
export function quick({ visit: { timeline: { events, pending } }, phrases: { say } }: Model, actions: LateActions): Description | false {
  const last: { kind: string; choices?: string[] } | undefined = events.findLast(({ kind }) => kind === "message" || kind === "closed");
  if (last?.choices === undefined || pending.length > 0) return false;
  return h("div", { class: "quick", key: "quick", role: "group", "aria-label": say(Word.choices) }, last.choices.map((text) => h("button", { type: "button", dir: "auto", onclick: () => actions.answer(text) }, text)));
}

/** Over the window while a file is held there. */
export function drop({ phrases: { say } }: Model): Description {
  return h("div", { class: "drop", key: "drop" }, drawing(FILE), say(Word.dropHere));
}

function tile(): Description {
  return h("i", { class: "tile" }, drawing(FILE));
}

/** Without the marks that turn the direction of writing: `exe.gpj` must not read `jpg.exe` backwards. */
function plainName(name: string): string {
  return name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}

/** Chooses files, where the chat takes any. */
export function clip(model: Model, actions: Actions): Description | false {
  const { site, phrases: { say } } = model;
  const onchange = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement) || target.files === null) return;
    actions.attach(target.files);
    target.value = ""; // the same file may be chosen again
  };
  return canAttach(model) && h("label", { class: "tool", key: "attach" }, drawing(CLIP), h("input", { type: "file", class: "sr", multiple: true, accept: site.uploads?.types.join(), "aria-label": say(Word.attach), onchange }));
}
