// The number in the visitor's hand: the place, a picture of the line, the wait in words.

import { type Child, type Description, h } from "../dom.ts";
import { rangeWords } from "../eta.ts";
import { icon } from "../icons.ts";
import { Word } from "../i18n/index.ts";
import type { Actions, Model } from "../model.ts";
import { button } from "./parts.ts";

/** More people than these are told as a number. */
const DOTS_BEFORE_MAX = 8;
const DOTS_BEHIND_MAX = 3;

export function ticket(model: Model, actions: Actions): Description {
  const { visit, phrases: { say } } = model;
  const place = visit.conversation?.place;
  const isAway = visit.open === false;
  const position = place?.position;
  const isStrip = isLaterWait(model);
  const kind = `ticket${isStrip ? " strip" : ""}${isAway || model.isBusy ? " busy" : ""}`;
  const wayOut = model.hasWayOut && button("", actions.leaveMessage, icon("mail"), say(Word.leaveInstead));
  const number = h("span", { class: "place num", "aria-hidden": "true", key: "place" }, h("span", { key: String(position), class: "swap" }, position === undefined ? "–" : String(position)));
  const what = h("div", { class: "what", key: "what" }, h("b", null, title(model)), h("span", null, isStrip ? waitWords(model) : second(model)));
  if (isStrip) return h("div", { class: kind, role: "group", "aria-label": say(Word.place), key: "ticket" }, number, what, wayOut || line(model));
  return h(
    "div",
    { class: kind, role: "group", "aria-label": say(Word.place), key: "ticket" },
    h("div", { class: "top" }, number, what),
    h("div", { class: "cut" }),
    h("div", { class: "low" }, line(model), h("p", { class: "eta" }, icon("clock"), h("span", null, waitWords(model))), h("p", { class: "fine" }, hint(model)), wayOut),
  );
}

/** Back in line, or passed on to another one by who served them: the conversation above matters more than the ticket. */
function isLaterWait({ visit: { timeline } }: Model): boolean {
  return timeline.events.some(({ kind }) => kind === "assigned" || kind === "requeued");
}

function title({ visit, isBusy, phrases: { say } }: Model): string {
  const position = visit.conversation?.place?.position;
  if (visit.open === false) return say(Word.away);
  if (isBusy) return say(Word.busy);
  return position === 1 ? say(Word.next) : say(Word.place);
}

function second({ visit, phrases: { say } }: Model): string {
  const position = visit.conversation?.place?.position;
  if (position === undefined) return "";
  if (visit.open === false) return say(Word.keepPlace, { n: position });
  return position === 1 ? say(Word.nextMore) : say(Word.before, { n: position - 1 });
}

export function waitWords({ visit, range, phrases: { say } }: Model): string {
  if (visit.open === false) return say(Word.cannotSay);
  return rangeWords(range?.range, say);
}

function hint({ visit, range, hasWayOut, phrases: { say } }: Model): string {
  const place = visit.conversation?.place;
  if (place?.isPaused === true) return say(Word.paused);
  if (visit.open === false) return say(Word.letYouKnow);
  if (hasWayOut) return say(Word.orWait);
  if (place?.position === 1) return say(Word.stay);
  return range?.range === undefined ? say(Word.unknownMore) : say(Word.lookAround);
}

/** The desk, those before, you, those behind. Only a picture: the words say the same. */
function line({ visit, phrases: { say } }: Model): Description {
  const { position = 1, waiting = 1 } = visit.conversation?.place ?? {};
  const before = position - 1;
  const behind = Math.max(0, waiting - position);
  const dots: Child[] = [];
  for (let each = 0; each < Math.min(before, DOTS_BEFORE_MAX); each += 1) dots.push(h("i", { key: `b${before - each}` }));
  if (before > DOTS_BEFORE_MAX) dots.push(h("span", { class: "num" }, `+${before - DOTS_BEFORE_MAX}`));
  dots.push(h("i", { class: "you", key: "you" }), h("span", { key: "word" }, say(Word.you)));
  for (let each = 0; each < Math.min(behind, DOTS_BEHIND_MAX); each += 1) dots.push(h("i", { class: "behind", key: `a${each}` }));
  return h("div", { class: "queue", "aria-hidden": "true", key: "line" }, icon("desk", "desk"), dots);
}

/** Below the composer: what to do meanwhile, and the way out. */
export function belowComposer({ visit, phrases: { say } }: Model, actions: Actions): Description {
  const isLeaving = visit.doing.leave !== undefined;
  const leave = h("button", { type: "button", "aria-disabled": isLeaving ? "true" : undefined, onclick: () => !isLeaving && actions.ask("leave") }, isLeaving ? say(Word.leaving) : say(Word.leaveLine));
  return h("div", { class: "below", key: "waiting" }, h("span", null, say(Word.whileWaiting)), leave);
}

/** Since when, and how long that is, counted here between the server's words. */
export function since(model: Model): Child[] {
  const { visit, now, phrases } = model;
  const from = visit.conversation?.waiting_since;
  if (from === undefined) return [];
  const minutes = Math.floor((now + visit.clock_ahead_ms - from) / 60_000);
  const time = phrases.time(from);
  return [h("p", { class: "num" }, isLaterWait(model) ? phrases.say(Word.backSince, { time }) : phrases.say(Word.waitingSince, { time }), minutes > 0 && ` · ${phrases.minutes(minutes)}`)];
}
