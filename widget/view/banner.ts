// What is wrong with the line, floating over the log so that nothing below it moves.

import { type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { drawing, icon } from "../icons.ts";
import type { Actions, Model } from "../model.ts";

const OFF = "M4.5 3.5l15 17M2.8 9.6a13 13 0 0 1 3.8-2.5M10.8 5.7a13 13 0 0 1 10.4 3.9M6.6 13.4a8 8 0 0 1 3.5-2.1M15.3 11.9a8 8 0 0 1 2.1 1.5M12 17.8v.01";
const RETRY = "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.6 3.8v3.9h-3.9";

/** A wait shorter than this is over before a hand is at the button. */
const TRY_NOW_FROM_MS = 5_000;

export function banner(model: Model, actions: Actions): Description | false {
  const { connection, now, phrases: { say }, visit } = model;
  switch (model.banner) {
    case undefined:
      return false;
    case "offline":
      return h("div", { class: "banner", key: "offline" }, drawing(OFF), h("p", null, h("b", null, say(Word.offline)), ` ${model.isLasting ? say(Word.offlineMore) : say(Word.stayHere)}`));
    case "reconnecting": {
      const canWait = connection.kind === "waiting" && connection.until - now > TRY_NOW_FROM_MS;
      const tryNow = canWait && h("button", { type: "button", class: "button text", onclick: actions.tryNow }, say(Word.tryNow));
      return h("div", { class: "banner", key: "reconnecting" }, drawing(RETRY, "turning"), h("p", null, h("b", null, say(Word.reconnecting)), ` ${model.isLasting ? say(Word.reconnectingMore) : say(Word.stayHere)}`), tryNow);
    }
    case "back": {
      const isAllSent = visit.timeline.pending.every(({ sent }) => sent !== undefined) && !Object.values(visit.doing).some(Boolean);
      return h("div", { class: "banner ok", key: "back" }, icon("sent"), h("p", null, h("b", null, say(Word.back)), isAllSent && ` ${say(Word.backMore)}`));
    }
    default:
      return model.banner satisfies never;
  }
}
