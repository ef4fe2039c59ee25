// The conversation itself: rows from thread.ts as elements, the line that says who types, the way back down.

import { typistsAt } from "../../client/timeline.ts";
import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type Actions, departmentName, type Model } from "../model.ts";
import { type Row, rowsOf, type ThreadOptions, type Turn } from "../thread.ts";
import { banner } from "./banner.ts";
import { face, mark } from "./parts.ts";

export function threadOptions(model: Model): ThreadOptions {
  return {
    say: model.phrases.say,
    now: model.now,
    clock_ahead_ms: model.visit.clock_ahead_ms,
    isConnected: model.connection.kind === "open",
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
  const rows = rowsOf(model.visit.timeline, threadOptions(model)).map((row) => rowView(row, model, actions));
  // Own messages are not read out to their writer, and new ones are said by the live region: the log itself stays quiet.
  const log = h("div", { class: "log", key: "log", role: "log", "aria-live": "off", "aria-label": say(Word.conversation), tabindex: 0, onscroll }, rows, model.later?.quick(model));
  return h("div", { class: "stage", key: "stage" }, log, typing(model), jump(model, actions), banner(model, actions));
}

function rowView(row: Row, model: Model, actions: Actions): Description {
  const { phrases, now } = model;
  switch (row.kind) {
    case "day":
      return h("p", { class: "day", key: row.key }, phrases.day(row.at, now));
    case "fresh":
      return h("p", { class: "day fresh", key: row.key }, phrases.say(Word.fresh));
    case "system":
      return h("p", { class: "system", key: row.key }, row.strong !== undefined && h("b", null, row.strong), row.strong !== undefined && " ", row.text);
    case "turn":
      return turnView(row, model, actions);
    default:
      return row satisfies never;
  }
}

function turnView(turn: Turn, model: Model, actions: Actions): Description {
  const { say } = model.phrases;
  const pale = turn.state === "sending" || turn.state === "waiting" || turn.state === "uploading" ? " wait" : turn.state === "failed" ? " lost" : "";
  const bubbles = turn.bubbles.map(({ key, text, file, article }) => {
    if (file) return model.later?.file(key, file, pale, turn, model);
    if (article) return model.later?.article(key, article, model);
    return h("div", { class: `bubble${pale}`, key, dir: "auto" }, model.later?.linked(text) ?? text);
  });
  // Who says it is told to everybody, and once.
  const turnOf = (kind: string, name: string, ...parts: Child[]): Description => h("div", { class: `turn${kind}`, key: turn.key, role: "group", "aria-label": name }, parts);
  if (turn.isMine) return turnOf(" mine", say(Word.you), h("div", { class: "stack" }, bubbles), meta(turn, model, actions));
  const more = turn.isBot && ` ${say(Word.automatic)}`;
  const name = h("p", { class: "name", "aria-hidden": "true" }, turn.name, more && h("em", null, more));
  return turnOf("", turn.name + (more || ""), turn.isBot ? mark("s") : face(turn.id, turn.name, "s"), h("div", { class: "stack" }, name, bubbles), meta(turn, model, actions));
}

/** Under a turn: when, and for an own one how far it got. */
function meta(turn: Turn, model: Model, actions: Actions): Description {
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
      return failed(turn, model, actions);
    default:
      return turn.state satisfies never;
  }
}

function failed({ cmd = "", refusal, isGone }: Turn, { phrases: { say } }: Model, actions: Actions): Description {
  return h(
    "div",
    { class: "meta lost" },
    h("span", { class: "why" }, icon("alert"), say(Word.notSent), refusal !== undefined && refusal !== "" && h("span", { class: "because" }, refusal)),
    isGone !== true && h("button", { type: "button", onclick: () => actions.retry(cmd) }, say(Word.tryAgain)),
    h("button", { type: "button", onclick: () => actions.discard(cmd) }, say(Word.remove)),
  );
}

function typing(model: Model): Description | false {
  const [typist] = typistsAt(model.visit.timeline, model.now).filter(({ from }) => from.role !== "visitor");
  if (typist === undefined) return false;
  const name = typist.from.name ?? model.visit.conversation?.agent?.name ?? model.phrases.say(Word.somebody);
  return h("div", { class: "typing", key: "typing" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i", null), h("i", null), h("i", null)), model.phrases.say(Word.typing, { name }));
}

function jump({ isAtBottom, below, phrases: { say } }: Model, actions: Actions): Description | false {
  if (isAtBottom) return false;
  return h("button", { type: "button", class: below > 0 ? "jump" : "jump quiet", key: "jump", "aria-label": below > 0 ? undefined : say(Word.toBottom), onclick: actions.toBottom }, icon("down", "s"), below > 0 && say(Word.below, { n: below }));
}
