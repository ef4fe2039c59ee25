// What the views may ask for, carried out: each a few lines on the session and the model.

import type { Cancel, Clock } from "../client/environment.ts";
import { charsOf, TEXT_CHARS_MAX } from "../client/limits.ts";
import type { Tell } from "./embed.ts";
import type { Frame } from "./frame.ts";
import { fileActions, save } from "./files.ts";
import type { HomeActions } from "./home.ts";
import { answers, complaintAbout, complaints, questionOf } from "./form.ts";
import { Word } from "./i18n/index.ts";
import { type Actions, isPlainStart, type Model, screenOf, siteName } from "./model.ts";
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

/** @inside */
export interface Context {
  clock: Clock;
  session: Session;
  /** Where the server is. */
  origin: string;
  frame: Frame;
  model(): Model;
  tell: Tell;
  change(part: Partial<Model>): void;
  /** What was typed, which outlives a reload of the tab. */
  keep(values: Model["values"]): void;
  close(): void;
  /** Remembers whether the visitor wants to hear of messages. */
  keepQuiet(isQuiet: boolean): void;
}

export function createActions(context: Context): Omit<Actions, keyof HomeActions> {
  const { session, model, change } = context;
  return {
    close: context.close,
    retry: (cmd) => session.retry(cmd),
    discard: (cmd) => session.discard(cmd),
    ...fileActions(context),
    ...instead(context),
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

function writing({ session, model, change, keep, frame }: Context): Pick<Actions, "sendMessage" | "answer" | "insert" | "toggleEmoji"> {
  function cleared(): void {
    keep({ ...model().values, "": "" });
    change({ isAtBottom: true, below: 0 });
    queueMicrotask(frame.resetComposer);
  }
  return {
    answer: (text) => session.send(text) && change({ isAtBottom: true, below: 0 }),
    toggleEmoji(isShown) {
      change({ hasEmoji: isShown });
      if (!isShown) queueMicrotask(frame.focusFirst);
    },
    insert(sign) {
      const input = frame.element.querySelector<HTMLTextAreaElement>(".write");
      input?.setRangeText(sign, input.selectionStart, input.selectionEnd, "end");
      keep({ ...model().values, "": input?.value ?? sign });
      this.toggleEmoji(false);
    },
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

function form(context: Context): Pick<Actions, "submitForm" | "leftField"> {
  const { session, model, change, frame } = context;
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
      context.tell("form:sent", { fields });
      if (screenOf(model()) === "start") session.start(fields, department, text);
      else if (model().visit.doing.message === undefined) session.leaveMessage({ fields, department, text: text ?? "" });
    },
  };
}

/** Between the forms: what was written in one stands in the other. */
function instead({ model, change, keep, frame }: Context): Pick<Actions, "leaveMessage" | "chatNow"> {
  function show(form: Model["form"]): void {
    change({ form, errors: {}, refusedStart: undefined });
    queueMicrotask(frame.focusFirst);
  }
  return {
    leaveMessage() {
      const { values, visit: { timeline } } = model();
      const name = questionOf(model());
      const own = timeline.events.flatMap((event) => (event.kind === "message" && event.from.role === "visitor" && event.text !== undefined ? [event.text] : []));
      const written = [...own, ...timeline.pending.map(({ text }) => text), values[""] ?? ""].filter((text) => text !== "").join("\n");
      if ((values[name] ?? "").trim() === "") keep({ ...values, [name]: written });
      show("message");
    },
    chatNow() {
      const { values } = model();
      const name = questionOf(model());
      if (isPlainStart(model())) keep({ ...values, "": values[name] ?? "", [name]: "" });
      show("start");
    },
  };
}

function choices(context: Context): Pick<Actions, "toggleMenu" | "toggleSound" | "ask" | "confirm" | "save"> {
  const { session, model, change, frame, keepQuiet } = context;
  return {
    toggleSound() {
      change({ isQuiet: !model().isQuiet });
      keepQuiet(model().isQuiet);
    },
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
      saveChat(context);
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
function saveChat({ clock, model }: Context): void {
  const present = model();
  const { say, time, date } = present.phrases;
  const stamp = (at: number): string => `${date(at)} ${time(at)}`;
  const text = transcript(present.visit.timeline, siteName(present), { ...threadOptions(present), stamp, you: say(Word.you) });
  save(new Blob([text], { type: "text/plain" }), "chat.txt", clock);
}
