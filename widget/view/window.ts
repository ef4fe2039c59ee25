// The window: which screen stands in it, its head, its menu and its one question.

import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type Actions, isPlainStart, isWaiting, type Model, screenOf, siteName } from "../model.ts";
import { leftMessage } from "../visit.ts";
import { banner } from "./banner.ts";
import { composer } from "./composer.ts";
import { agentName, ended } from "./ended.ts";
import { article, home } from "./home.ts";
import { stage } from "./log.ts";
import { button, closeTool, face, mark, presence, tool } from "./parts.ts";
import { backAt, form, start } from "./start.ts";
import { ticket } from "./ticket.ts";

export function windowView(model: Model, actions: Actions): Description[] {
  switch (screenOf(model)) {
    case "loading":
      return [head(model, actions, mark(), siteName(model), false), h("div", { class: "page", key: "page" })];
    case "home":
      return home(model, actions);
    case "article":
      return [head(model, actions, tool("back", model.phrases.say(Word.goBack), actions.back), model.home.article?.title ?? "", false), ...article(model, actions)];
    case "start":
      return model.refusedStart?.code === "queue_full" ? full(model, actions) : start(model, actions);
    case "message":
      return message(model, actions);
    case "sent":
      return sent(model, actions);
    case "chat":
      return chat(model, actions);
    case "down":
      return down(model, actions);
    case "refused":
      return refused(model, actions);
  }
}

function chat(model: Model, actions: Actions): Description[] {
  const { visit } = model;
  const { conversation } = visit;
  const isClosed = conversation?.state === "closed";
  const parts: Child[] = [
    chatHead(model, actions, isWaiting(model), isClosed),
    isWaiting(model) && ticket(model, actions),
    stage(model, actions),
    isClosed ? ended(model, actions) : composer(model, actions),
    model.menu && menu(model, actions),
    model.question !== undefined && question(model, actions),
    model.isDropping && h("div", { class: "drop", key: "drop" }, icon("file"), model.phrases.say(Word.dropHere)),
  ];
  return parts.filter((part): part is Description => typeof part === "object" && part !== null && !Array.isArray(part));
}

function chatHead(model: Model, actions: Actions, isWaiting: boolean, isClosed: boolean): Description {
  const { visit, phrases: { say } } = model;
  const agent = visit.conversation?.agent;
  const last = agentName(visit.timeline.events);
  if (isClosed) {
    const who = agent?.name ?? last;
    return head(model, actions, who === undefined ? mark() : face(agent?.id ?? who, who), who ?? siteName(model), say(Word.ended), true);
  }
  if (agent !== undefined) return head(model, actions, face(agent.id, agent.name), agent.name, siteName(model), true);
  return head(model, actions, mark(), siteName(model), isWaiting ? waiting(model) : presence(model), isWaiting);
}

/** Since when, and how long that is, counted here between the server's words. */
function waiting({ visit, now, phrases }: Model): Child[] {
  const since = visit.conversation?.waiting_since;
  if (since === undefined) return [];
  const minutes = Math.floor((now + visit.clock_ahead_ms - since) / 60_000);
  const isLater = visit.timeline.events.some(({ kind }) => kind === "requeued" || kind === "transferred");
  const time = phrases.time(since);
  return [h("p", { class: "num" }, isLater ? phrases.say(Word.backSince, { time }) : phrases.say(Word.waitingSince, { time }), minutes > 0 && ` · ${phrases.minutes(minutes)}`)];
}

function head(model: Model, actions: Actions, picture: Description, title: string, second: Child | boolean, hasMenu = false): Description {
  const { say } = model.phrases;
  const below = typeof second === "string" ? h("p", null, second) : typeof second === "boolean" ? false : second;
  const more = hasMenu && tool("more", say(Word.more), () => actions.toggleMenu(!model.menu), { "aria-haspopup": "menu", "aria-expanded": model.menu ? "true" : "false", key: "more" });
  return h(
    "div", // no header: inside the page that would be a second banner
    { class: "head", key: "head" },
    picture,
    h("div", { class: "who" }, h("h2", { tabindex: -1 }, title), below),
    h("div", { class: "tools" }, more, closeTool(model, actions)),
  );
}

function menu(model: Model, actions: Actions): Description {
  const { say } = model.phrases;
  const { conversation, timeline } = model.visit;
  const item = (label: string, onclick: () => void, kind = ""): Description => h("button", { type: "button", role: "menuitem", class: kind, tabindex: -1, onclick }, label);
  const isClosed = conversation?.state === "closed";
  const isLine = conversation?.state !== "active";
  const items = [
    h("button", { type: "button", role: "menuitemcheckbox", "aria-checked": model.isQuiet ? "false" : "true", tabindex: -1, onclick: actions.toggleSound }, say(Word.sound), " ", h("span", null, say(model.isQuiet ? Word.off : Word.on))),
    timeline.events.some(({ kind }) => kind === "message") && item(say(Word.save), actions.save),
    isClosed && item(say(Word.newChat), actions.beginAnew),
    !isClosed && item(isLine ? say(Word.leaveLine) : say(Word.endChat), () => actions.ask(isLine ? "leave" : "end"), "end"),
  ];
  return h("div", { class: "menu", role: "menu", key: "menu", "aria-label": say(Word.more), onkeydown: moveInMenu, mounted: (element) => focusFirst(element) }, items);
}

function moveInMenu(event: KeyboardEvent): void {
  const { currentTarget, key } = event;
  if (!(currentTarget instanceof HTMLElement) || !["ArrowDown", "ArrowUp", "Home", "End"].includes(key)) return;
  event.preventDefault();
  const items = [...currentTarget.querySelectorAll<HTMLElement>("button")];
  const root = currentTarget.getRootNode();
  const at = items.findIndex((each) => root instanceof ShadowRoot && each === root.activeElement);
  const next = key === "Home" ? 0 : key === "End" ? items.length - 1 : (at + (key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
  items[next]?.focus();
}

function focusFirst(element: HTMLElement): void {
  element.querySelector<HTMLElement>("button")?.focus();
}

/** Asked once; the safe answer is the main one and has the focus. */
function question(model: Model, actions: Actions): Description {
  const { say } = model.phrases;
  const isLeave = model.question === "leave";
  const safe = h("button", { type: "button", class: "button main", onclick: () => actions.ask(undefined), mounted: (element) => element.focus() }, isLeave ? say(Word.stayInLine) : say(Word.goOn));
  return h(
    "div",
    { class: "ask", key: "ask" },
    h(
      "div",
      { role: "alertdialog", "aria-modal": "true", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
      h("div", null, h("h3", { class: "title", id: "ask-title" }, isLeave ? say(Word.leaveTitle) : say(Word.endTitle)), h("p", { class: "soft", id: "ask-text" }, isLeave ? say(Word.leaveText) : say(Word.endText))),
      h("div", { class: "pair" }, button("", actions.confirm, isLeave ? say(Word.leave) : say(Word.endChat)), safe),
    ),
  );
}

/** A page with one thing to say. */
function notice(model: Model, actions: Actions, picture: Description, lead: string, more: string, rest: Child = false, ...foot: Child[]): Description[] {
  return [
    head(model, actions, mark(), siteName(model), false),
    h("div", { class: "page", key: "page" }, picture, h("div", null, h("h3", { class: "lead" }, lead), h("p", { class: "soft" }, more)), rest),
    h("div", { class: "foot", key: "foot" }, foot),
  ];
}

const warning = (): Description => h("div", { class: "big warn" }, icon("alert"));

function leaveButton({ phrases: { say } }: Model, actions: Actions): Description {
  return button("main wide", actions.leaveMessage, icon("mail"), say(Word.leaveMessage));
}

/** The server does not answer: what happened, what stays, what is done about it. Never a dead end. */
function down(model: Model, actions: Actions): Description[] {
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

function refused(model: Model, actions: Actions): Description[] {
  const { say } = model.phrases;
  return notice(model, actions, warning(), say(Word.refused), say(Word.refusedMore)).slice(0, 2);
}

function full(model: Model, actions: Actions): Description[] {
  const { say } = model.phrases;
  const again = isPlainStart(model) ? actions.sendMessage : actions.submitForm;
  return notice(model, actions, h("div", { class: "big warn" }, icon("clock")), say(Word.lineFull), say(Word.lineFullMore), false, leaveButton(model, actions), button("wide", again, say(Word.tryAgain)));
}

function message(model: Model, actions: Actions): Description[] {
  const { say } = model.phrases;
  const canGoBack = !!model.barred || model.site.articles || model.visit.conversation !== undefined;
  return [head(model, actions, canGoBack ? tool("back", say(Word.goBack), actions.back) : mark(), say(Word.leaveMessage), presence(model)), h("div", { class: "stage", key: "stage" }, form(model, actions), banner(model, actions))];
}

/** Said only of what the server has. */
function sent(model: Model, actions: Actions): Description[] {
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
