// After the chat: the rating, and the ways on. Below the log, never over it.

import { type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { drawing } from "../icons.ts";
import type { LateActions, Model } from "../model.ts";
import { SAVE } from "./file.ts";
import { button, lastAgent } from "./parts.ts";

const STAR = "M12 3.8l2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z";

/** Under this name the model keeps the words beside the stars. */
export const COMMENT = " comment";

export function ended(model: Model, actions: LateActions): Description {
  const { visit } = model;
  const hadAgent = visit.timeline.events.some(({ kind }) => kind === "assigned");
  const isRated = visit.timeline.events.some(({ kind }) => kind === "rated");
  if (isRated) return h("div", { class: "ended", key: "rated" }, thanks(model), ways(model, actions));
  if (!hadAgent || model.isRatingSkipped) return h("div", { class: "ended", key: "over" }, ways(model, actions));
  return rating(model, actions);
}

function rating(model: Model, actions: LateActions): Description {
  const { say } = model.phrases;
  const { score } = model;
  const isSending = model.visit.doing.rate !== undefined;
  const scores = [Word.score1, Word.score2, Word.score3, Word.score4, Word.score5].map((word) => say(word));
  const stars = scores.map((name, index) =>
    h(
      "label",
      { class: score !== undefined && index < score ? "on" : "", key: name, title: name },
      h("input", { type: "radio", name: "score", value: String(index + 1), "aria-label": name, checked: score === index + 1, onchange: () => actions.choose(index + 1) }),
      drawing(STAR),
    ),
  );
  return h(
    "div",
    { class: "ended", key: "rating" },
    h("p", { class: "title", "aria-hidden": "true" }, say(Word.howWas)),
    h("fieldset", { class: "stars" }, h("legend", { class: "sr" }, say(Word.howWas)), stars),
    h("div", { class: "ends", "aria-hidden": "true" }, h("span", null, scores[0]), h("span", null, scores[4])),
    score === undefined ? ways(model, actions) : [comment(model, actions), choices(model, actions, isSending)],
  );
}

function comment({ values, phrases: { say } }: Model, actions: LateActions): Description {
  const oninput = (event: Event): void => {
    if (event.target instanceof HTMLTextAreaElement) actions.comment(event.target.value);
  };
  const label = h("label", { for: "comment" }, say(Word.difference), " ", h("i", null, say(Word.optional)));
  return h("div", { class: "field", key: "comment" }, label, h("textarea", { id: "comment", rows: 2, maxlength: 1000, value: values[COMMENT] ?? "", oninput }));
}

function choices({ phrases: { say } }: Model, actions: LateActions, isSending: boolean): Description {
  const send = h("button", { type: "button", class: "button main", "aria-disabled": isSending ? "true" : undefined, onclick: () => !isSending && actions.rate() }, isSending ? say(Word.sending) : say(Word.sendRating));
  return h("div", { class: "pair", key: "choices" }, button("text", actions.skipRating, say(Word.skip)), send);
}

function thanks({ visit, phrases: { say } }: Model): Description {
  const name = lastAgent(visit)?.name ?? say(Word.somebody);
  return h("div", { key: "thanks" }, h("p", { class: "title" }, say(Word.thanks, { name })), h("p", { class: "soft" }, say(Word.readable)));
}

function ways({ visit, phrases: { say } }: Model, actions: LateActions): Description {
  const hasWords = visit.timeline.events.some(({ kind }) => kind === "message");
  return h("div", { class: "pair", key: "ways" }, hasWords && button("", actions.save, drawing(SAVE), say(Word.save)), button(hasWords ? "" : "main", actions.beginAnew, say(Word.newChat)));
}
