// What is wrong with the line, floating over the log so that nothing below it moves.

import { type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import type { Actions, Model } from "../model.ts";

/** A wait shorter than this is over before a hand is at the button. */
const TRY_NOW_FROM_MS = 5_000;

export function banner(model: Model, actions: Actions): Description | false {
  const { connection, now, phrases: { say }, visit } = model;
  switch (model.banner) {
    case undefined:
      return false;
    case "offline":
      return h("div", { class: "banner", key: "offline" }, icon("off"), h("p", null, h("b", null, say(Word.offline)), ` ${model.isLasting ? say(Word.offlineMore) : say(Word.stayHere)}`));
    case "reconnecting": {
      const canWait = connection.kind === "waiting" && connection.until - now > TRY_NOW_FROM_MS;
      const tryNow = canWait && h("button", { type: "button", class: "button text", onclick: actions.tryNow }, say(Word.tryNow));
      return h("div", { class: "banner", key: "reconnecting" }, icon("retry", "turning"), h("p", null, h("b", null, say(Word.reconnecting)), ` ${model.isLasting ? say(Word.reconnectingMore) : say(Word.stayHere)}`), tryNow);
    }
    case "back": {
      const isAllSent = visit.timeline.pending.every(({ sent }) => sent !== undefined) && !Object.values(visit.doing).some(Boolean);
      return h("div", { class: "banner ok", key: "back" }, icon("sent"), h("p", null, h("b", null, say(Word.back)), isAllSent && ` ${say(Word.backMore)}`));
    }
    default:
      return model.banner satisfies never;
  }
}
