// The conversation itself: rows from thread.ts as elements.

import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type Actions, departmentName, type Model } from "../model.ts";
import { type Row, rowsOf, type ThreadOptions, type Turn } from "../thread.ts";
import { face, mark } from "./parts.ts";

export function threadOptions(model: Model): ThreadOptions {
  return {
    say: model.phrases.say,
    now: model.now,
    clock_ahead_ms: model.visit.clock_ahead_ms,
    isConnected: model.connection.kind === "open",
    systemLine: model.later?.systemLine,
    departmentName: (key) => departmentName(model, key),
    refusalWords: (code, isFile) => model.forms?.refusalWords(code, isFile),
    fresh_after: model.fresh_after,
  };
}

export function stage(model: Model, actions: Actions): Description {
  const { say } = model.phrases;
  const onscroll = (event: Event): void => {
    if (event.currentTarget instanceof HTMLElement) actions.scrolled(event.currentTarget);
  };
  const rows = rowsOf(model.visit.timeline, threadOptions(model)).map((row) => rowView(row, model));
  // Own messages are not read out to their writer, and new ones are said by the live region: the log itself stays quiet.
  const log = h("div", { class: "log", key: "log", role: "log", "aria-live": "off", "aria-label": say(Word.conversation), tabindex: 0, onscroll }, rows, model.later?.quick(model));
  return h("div", { class: "stage", key: "stage" }, log, model.later?.around(model));
}

function rowView(row: Row, model: Model): Description {
  const { phrases, now } = model;
  switch (row.kind) {
    case "day":
      return h("p", { class: "day", key: row.key }, phrases.day(row.at, now));
    case "fresh":
      return h("p", { class: "day fresh", key: row.key }, phrases.say(Word.fresh));
    case "system":
      return h("p", { class: "system", key: row.key }, row.strong !== undefined && h("b", null, row.strong), row.strong !== undefined && " ", row.text);
    case "turn":
      return turnView(row, model);
    default:
      return row satisfies never;
  }
}

function turnView(turn: Turn, model: Model): Description {
  const { say } = model.phrases;
  const pale = turn.state === "sending" || turn.state === "waiting" || turn.state === "uploading" ? " wait" : turn.state === "failed" ? " lost" : "";
  const bubbles = turn.bubbles.map(({ key, text, file, article }) => {
    if (file) return model.later?.file(key, file, pale, turn, model);
    if (article) return model.later?.article(key, article, model);
    return h("div", { class: `bubble${pale}`, key, dir: "auto" }, model.later?.linked(text) ?? text);
  });
  // Who says it is told to everybody, and once.
  const turnOf = (kind: string, name: string, ...parts: Child[]): Description => h("div", { class: `turn${kind}`, key: turn.key, role: "group", "aria-label": name }, parts);
  if (turn.isMine) return turnOf(" mine", say(Word.you), h("div", { class: "stack" }, bubbles), meta(turn, model));
  const more = turn.isBot && ` ${say(Word.automatic)}`;
  const name = h("p", { class: "name", "aria-hidden": "true" }, turn.name, more && h("em", null, more));
  return turnOf("", turn.name + (more || ""), turn.isBot ? mark("s") : face(turn.id, turn.name, "s"), h("div", { class: "stack" }, name, bubbles), meta(turn, model));
}

/** Under a turn: when, and for an own one how far it got. */
function meta(turn: Turn, model: Model): Child {
  const { say } = model.phrases;
  const time = h("span", { class: "num" }, model.phrases.time(turn.at));
  switch (turn.state) {
    case "plain":
      return h("p", { class: "meta" }, time);
    case "sent":
      return h("p", { class: "meta" }, icon("sent"), h("span", null, say(Word.sent)), " ", time);
    case "read":
      return h("p", { class: "meta read" }, icon("read"), h("span", null, say(Word.read)), " ", time);
    case "uploading":
      return h("p", { class: "meta" }, icon("clock"), say(Word.uploading));
    case "sending":
      return h("p", { class: "meta" }, icon("clock"), say(Word.sending));
    case "waiting":
      return h("p", { class: "meta" }, icon("clock"), say(Word.waitingForLine));
    case "failed":
      return model.later?.failed(turn, model);
    default:
      return turn.state satisfies never;
  }
}
