// What the views may ask for, carried out: each a few lines on the session and the model.

import type { Cancel, Clock } from "../client/environment.ts";
import { charsOf, TEXT_CHARS_MAX } from "../client/limits.ts";
import type { Frame } from "./frame.ts";
import { answers, complaintAbout, complaints } from "./form.ts";
import { Word } from "./i18n/index.ts";
import { type Actions, type Model, siteName } from "./model.ts";
import type { Session } from "./session.ts";
import { transcript } from "./thread.ts";
import { cleanTable } from "./update.ts";
import { isLive } from "./visit.ts";
import { COMMENT } from "./view/ended.ts";
import { threadOptions } from "./view/log.ts";
import { fieldsOf } from "./view/start.ts";

/** A star without words is a rating too, after this. */
const RATE_AFTER_MS = 10_000;
/** Nearer to the end than this counts as at the end. */
const BOTTOM_PX = 48;

export interface Context {
  clock: Clock;
  session: Session;
  frame: Frame;
  model(): Model;
  change(part: Partial<Model>): void;
  /** What was typed, which outlives a reload of the tab. */
  keep(values: Model["values"]): void;
  close(): void;
}

export function createActions(context: Context): Actions {
  const { session, model, change } = context;
  return {
    close: context.close,
    retry: (cmd) => session.retry(cmd),
    discard: (cmd) => session.discard(cmd),
    ...writing(context),
    ...form(context),
    ...choices(context),
    ...rating(context),
    tryNow: () => session.tryNow(),
    scrolled(log) {
      const isAtBottom = log.scrollHeight - log.scrollTop - log.clientHeight <= BOTTOM_PX;
      if (isAtBottom !== model().isAtBottom) change({ isAtBottom, below: 0 });
    },
    toBottom: () => change({ isAtBottom: true, below: 0 }),
  };
}

function writing({ session, model, change, keep, frame }: Context): Pick<Actions, "sendMessage"> {
  function cleared(): void {
    keep({ ...model().values, "": "" });
    change({ isAtBottom: true, below: 0 });
    queueMicrotask(frame.resetComposer);
  }
  return {
    sendMessage() {
      const { values, visit, phrases, site } = model();
      const text = (values[""] ?? "").trim();
      const over = charsOf(text) - TEXT_CHARS_MAX;
      if (text === "") return;
      if (over > 0) change({ complaint: phrases.say(Word.tooLong, { n: over }) });
      else if (isLive(visit) || visit.doing.start !== undefined) {
        if (session.send(text)) cleared();
        else change({ complaint: phrases.say(Word.full) });
      } else {
        session.start({}, site.departments[0]?.key, text);
        cleared();
      }
    },
  };
}

function form({ session, model, change, frame }: Context): Pick<Actions, "submitForm" | "leftField"> {
  return {
    leftField(name) {
      if (name === "") {
        session.typing("", false);
        return;
      }
      const field = fieldsOf(model()).find((each) => each.name === name);
      const value = model().values[name] ?? "";
      const words = field === undefined || value.trim() === "" ? undefined : complaintAbout(field, value, model());
      if (words !== undefined) change({ errors: { ...model().errors, [name]: words } });
    },
    submitForm() {
      const errors = complaints(model());
      change({ errors });
      if (Object.keys(errors).length > 0) {
        queueMicrotask(() => {
          const field = frame.element.querySelector(".field.bad");
          field?.querySelector<HTMLElement>("input, select, textarea")?.focus();
          field?.scrollIntoView({ block: "nearest" }); // the words below the field count too
        });
        return;
      }
      const { fields, department, text } = answers(model());
      session.start(fields, department, text);
    },
  };
}

function choices(context: Context): Pick<Actions, "toggleMenu" | "ask" | "confirm" | "save"> {
  const { session, change, frame } = context;
  return {
    toggleMenu(isShown) {
      change({ menu: isShown });
      if (!isShown) queueMicrotask(() => frame.element.querySelector<HTMLElement>("[aria-haspopup=menu]")?.focus());
    },
    ask(question) {
      change({ question, menu: false });
      if (question === undefined) queueMicrotask(frame.focusFirst);
    },
    confirm() {
      change({ question: undefined });
      session.leave();
      queueMicrotask(frame.focusFirst);
    },
    save() {
      change({ menu: false });
      download(context);
    },
  };
}

function rating({ session, model, change, keep, frame, clock }: Context): Pick<Actions, "choose" | "rate" | "skipRating" | "beginAnew" | "typed"> {
  let later: Cancel = () => {};
  function rate(): void {
    later();
    const { score, visit, values } = model();
    if (score === undefined || visit.doing.rate !== undefined) return;
    const comment = (values[COMMENT] ?? "").trim();
    session.rate(score, comment === "" ? undefined : comment);
    keep({ ...values, [COMMENT]: "" });
  }
  return {
    rate,
    choose(score) {
      change({ score });
      later();
      if ((model().values[COMMENT] ?? "") === "") later = clock.after(RATE_AFTER_MS, rate);
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
    typed(field, value) {
      const { [field]: _mended, ...errors } = model().errors;
      change({ errors, complaint: undefined });
      keep({ ...model().values, [field]: value });
      if (field === "") session.typing(value, model().site.typing_preview);
      else if (field === COMMENT) later(); // somebody who writes decides when it is done
    },
  };
}

/** The conversation as a text file, made in the browser. */
function download({ clock, model }: Context): void {
  const present = model();
  const { say, time, date } = present.phrases;
  const stamp = (at: number): string => `${date(at)} ${time(at)}`;
  const text = transcript(present.visit.timeline, siteName(present), { ...threadOptions(present), stamp, you: say(Word.you) });
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "chat.txt";
  link.click();
  clock.after(10_000, () => URL.revokeObjectURL(address));
}
