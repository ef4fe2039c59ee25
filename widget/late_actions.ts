// What the late views may ask for, carried out; the chat's own actions are in actions.ts.

import type { Cancel } from "../client/environment.ts";
import type { Context } from "./actions.ts";
import type { Attachments } from "./attachments.ts";
import { quietKey } from "./embed.ts";
import { fileActions, save } from "./files.ts";
import { Word } from "./i18n/index.ts";
import { type Actions, type LateActions, siteName } from "./model.ts";
import { transcript } from "./transcript.ts";
import { cleanTable } from "./update.ts";
import { COMMENT } from "./view/ended.ts";
import { threadOptions } from "./view/log.ts";

/** A star without words is a rating too, after this. */
const RATE_AFTER_MS = 10_000;

type Late = Omit<LateActions, keyof Actions>;

export function createLateActions(context: Context, attachments: Attachments): LateActions {
  return { ...context.actions, ...fileActions(context, attachments), ...rating(context), ...choices(context) };
}

function choices(context: Context): Pick<Late, "answer" | "insert" | "toggleSound" | "confirm" | "save"> {
  const { session, model, change, keep, frame, host, local, actions } = context;
  return {
    answer: (text) => session.send(text) && actions.toBottom(),
    insert(sign) {
      const input = frame.element.querySelector<HTMLTextAreaElement>(".write");
      input?.setRangeText(sign, input.selectionStart, input.selectionEnd, "end");
      keep({ ...model().values, "": input?.value ?? sign });
      actions.toggleEmoji(false);
    },
    toggleSound() {
      const isQuiet = !model().isQuiet;
      change({ isQuiet });
      if (isQuiet) local.set(quietKey(host.site), "1");
      else local.remove(quietKey(host.site));
    },
    confirm() {
      actions.ask(undefined);
      session.leave();
    },
    save() {
      change({ menu: false });
      saveChat(context);
    },
  };
}

function rating({ session, model, change, keep, frame, clock, actions }: Context): Pick<Late, "choose" | "comment" | "rate" | "skipRating" | "beginAnew"> {
  let later: Cancel = () => {};
  function rate(): void {
    later();
    const { score, visit, values } = model();
    if (score === undefined || visit.doing.rate !== undefined) return;
    session.rate(score, (values[COMMENT] ?? "").trim() || undefined);
    keep({ ...values, [COMMENT]: "" });
  }
  return {
    rate,
    choose(score) {
      change({ score });
      later();
      if (!model().values[COMMENT]) later = clock.after(RATE_AFTER_MS, rate);
    },
    comment(words) {
      later(); // somebody who writes decides when it is done
      actions.typed(COMMENT, words);
    },
    skipRating() {
      later();
      change({ isRatingSkipped: true, score: undefined });
    },
    beginAnew() {
      later();
      session.beginAnew();
      change(cleanTable());
      queueMicrotask(frame.focusFirst);
    },
  };
}

/** The conversation as a text file, made in the browser. */
function saveChat({ clock, model }: Context): void {
  const present = model();
  const { say, time, date } = present.phrases;
  const stamp = (at: number): string => `${date(at)} ${time(at)}`;
  const text = transcript(present.visit.timeline, siteName(present), { ...threadOptions(present), stamp, you: say(Word.you) });
  save(new Blob([text], { type: "text/plain" }), "chat.txt", clock);
}
