// The screens that a chat seldom comes to: what is wrong with the server or the line, and a message that is left for later.

import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type FormActions, isOpen, isPlainStart, type Model, screenOf, siteName } from "../model.ts";
import { refusalWords } from "../refusal.ts";
import { leftMessage } from "../visit.ts";
import { form } from "./form.ts";
import { head } from "./head.ts";
import { button, mark, presence, tool } from "./parts.ts";
import { fine } from "./start.ts";

export function page(model: Model, actions: FormActions): Description[] {
  switch (screenOf(model)) {
    case "down":
      return down(model, actions);
    case "refused":
      return refused(model, actions);
    case "sent":
      return sent(model, actions);
    case "message":
      return message(model, actions);
    default:
      return full(model, actions);
  }
}

/** A page with one thing to say. */
function notice(model: Model, actions: FormActions, picture: Description, lead: string, more: string, rest: Child = false, ...foot: Child[]): Description[] {
  return [
    head(model, actions, mark(), siteName(model), false),
    // Without a control in it nobody could scroll it by key where it is too high for the screen.
    h("div", { class: "page", key: "page", tabindex: 0 }, picture, h("div", null, h("h3", { class: "lead" }, lead), h("p", { class: "soft" }, more)), rest),
    h("div", { class: "foot", key: "foot" }, foot),
  ];
}

const warning = (): Description => h("div", { class: "big warn" }, icon("alert"));

function leaveButton({ phrases: { say } }: Model, actions: FormActions): Description {
  return button("main wide", actions.leaveMessage, icon("mail"), say(Word.leaveMessage));
}

/** The server does not answer: what happened, what stays, what is done about it. Never a dead end. */
function down(model: Model, actions: FormActions): Description[] {
  const { say } = model.phrases;
  const { connection, now } = model;
  if (model.barred) return notice(model, actions, warning(), say(model.barred === "busy" ? Word.busy : Word.blocked), say(Word.messageIntro), false, leaveButton(model, actions), button("wide", actions.tryNow, say(Word.tryNow)));
  const seconds = connection.kind === "waiting" || connection.kind === "offline" ? Math.max(0, Math.ceil((connection.until - now) / 1_000)) : 0;
  const kept = model.visit.timeline.pending[0]?.text;
  return notice(
    model,
    actions,
    warning(),
    say(Word.down),
    say(Word.downMore),
    [kept !== undefined && h("dl", { class: "keep" }, h("dt", null, say(Word.question)), h("dd", null, kept)), h("p", { class: "soft small num" }, seconds > 0 ? say(Word.nextTry, { n: seconds }) : say(Word.trying))],
    button("main wide", actions.tryNow, say(Word.tryNow)),
  );
}

function refused(model: Model, actions: FormActions): Description[] {
  const { say } = model.phrases;
  return notice(model, actions, warning(), say(Word.refused), say(Word.refusedMore)).slice(0, 2);
}

function full(model: Model, actions: FormActions): Description[] {
  const { say } = model.phrases;
  const again = isPlainStart(model) ? actions.sendMessage : actions.submitForm;
  return notice(model, actions, h("div", { class: "big warn" }, icon("clock")), say(Word.lineFull), say(Word.lineFullMore), false, leaveButton(model, actions), button("wide", again, say(Word.tryAgain)));
}

function message(model: Model, actions: FormActions): Description[] {
  const { say } = model.phrases;
  const canGoBack = !!model.barred || model.site.articles || model.visit.conversation !== undefined;
  const buttons = [canWait(model) && button("wide", actions.chatNow, say(Word.startAChat)), h("p", { class: "fine" }, say(Word.emailOnly)), fine(model)];
  return [
    head(model, actions, canGoBack ? tool("back", say(Word.goBack), actions.back) : mark(), say(Word.leaveMessage), presence(model, isOpen(model) && !isTooLate(model))),
    h("div", { class: "stage", key: "stage" }, form(model, actions, Word.sendMessage, [trouble(model), offer(model, actions)], buttons), model.later?.banner(model)),
  ];
}

/** Whom the visitor asked for has gone home, though another department may still be there. */
function isTooLate({ refusedStart }: Model): boolean {
  return refusedStart?.code === "closed_hours";
}

/** Nobody is there, but the shift has not ended: a place in line is worth something. */
function canWait(model: Model): boolean {
  const { visit } = model;
  return visit.conversation === undefined && opensAt(model) === undefined && visit.open === false && !isTooLate(model);
}

/** On the form for a message: what becomes of it, or that somebody is back. */
function offer(model: Model, actions: FormActions): Description {
  const { say } = model.phrases;
  const isClosed = isTooLate(model);
  if (model.visit.conversation === undefined && !model.barred && !isClosed && isOpen(model)) {
    return h("div", { class: "banner ok in", role: "status", key: "back" }, icon("desk"), h("p", null, say(Word.somebodyBack)), button("", actions.chatNow, say(Word.chatNow)));
  }
  return h("p", { class: "soft", key: "intro" }, `${isClosed ? `${say(Word.closed)} ` : ""}${say(Word.messageIntro)} ${backAt(model, Word.backAt)}`);
}

/** When somebody is there again, "" where nobody can say. */
function backAt(model: Model, word: Word.backAt | Word.answerFrom): string {
  const { now, phrases: { say, time, weekday } } = model;
  const at = opensAt(model);
  return at === undefined ? "" : say(word, { day: weekday(at, now), time: time(at) });
}

/** Undefined while the shift lasts, which may have begun since the page was told of it. */
function opensAt({ site: { next_open_at }, now }: Model): number | undefined {
  return next_open_at !== null && next_open_at > now ? next_open_at : undefined;
}

/** Said only of what the server has. */
function sent(model: Model, actions: FormActions): Description[] {
  const { say } = model.phrases;
  const { email, text } = leftMessage(model.visit) ?? {};
  const copy = h("dl", { class: "keep" }, h("dt", null, say(Word.answerTo)), h("dd", null, email ?? ""), h("dt", null, say(Word.yourMessage)), h("dd", { dir: "auto" }, text ?? ""));
  const ways = [
    model.site.articles && button("wide", () => actions.goOn("home"), say(Word.search)),
    model.visit.conversation !== undefined && button("wide", () => actions.goOn("chat"), say(Word.add)),
  ];
  const [, page, foot] = notice(model, actions, h("div", { class: "big" }, icon("sent")), say(Word.haveMessage), backAt(model, Word.answerFrom), copy, ...ways);
  return [head(model, actions, mark(), say(Word.messageSent), false), page, foot] as Description[];
}

/** Why the chat could not be started, where that is about no field. */
export function trouble(model: Model): Description | false {
  const refused = model.refusedStart;
  if (refused === undefined || refused.code === "closed_hours" || (refused.field !== undefined && refused.field in model.errors)) return false;
  return h("div", { class: "banner bad in", role: "alert", key: "trouble" }, icon("alert"), h("p", null, refusalWords(model, refused.code)));
}
