// What stands around the rows of a conversation now and then: why something was not sent, who is typing, the way back down,
// what is wrong with the line, how much more can be written.

import { TEXT_CHARS_MAX } from "../../client/limits.ts";
import { typistsAt } from "../../client/timeline.ts";
import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import type { Actions, LateActions, Model } from "../model.ts";
import type { Turn } from "../thread.ts";
import { banner } from "./banner.ts";

/** Over the log. */
export function around(model: Model, actions: Actions): Child[] {
  return [typing(model), jump(model, actions), banner(model, actions)];
}

/** Under a turn that was not sent: why, and what can be done about it. */
export function failed({ cmd = "", refusal, isGone }: Turn, { phrases: { say } }: Model, actions: LateActions): Description {
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

/** Below a composer that is nearly full, or too full. */
export function count(length: number, { phrases: { say, number } }: Model): Description {
  const over = length > TEXT_CHARS_MAX && h("span", { class: "over", role: "status" }, say(Word.tooLong, { n: length - TEXT_CHARS_MAX }));
  return h("div", { class: "below", key: "count" }, over || h("span", null), h("span", { class: "num" }, `${number(length)} / ${number(TEXT_CHARS_MAX)}`));
}
