// Everything the views look at, and everything they may ask for. app.ts keeps the one model and carries out the actions;
// a view gets both and gives a description of elements, nothing more.

import type { ConnectionState } from "../client/connection.ts";
import type { SiteInfo } from "./embed.ts";
import type { Shown } from "./eta.ts";
import type { Home } from "./home.ts";
import type { Child, Description } from "./dom.ts";
import type { Phrases } from "./i18n/index.ts";
import type { Barred, RefusedStart, SessionOptions } from "./session.ts";
import type { ShownFile, ThreadOptions, Turn } from "./thread.ts";
import { isInLine, isLater, isLive, leftMessage, type Visit } from "./visit.ts";

/** `message` is left for later, `sent` is that it was. */
export type ScreenName = "loading" | "home" | "article" | "start" | "message" | "sent" | "chat" | "down" | "refused";

/** How the wait is shown. @inside */
export interface Wait {
  range: Shown | undefined;
  /** The wait is a long one. */
  isBusy: boolean;
  /** Once a message may be left instead of waiting, it may until the wait ends. */
  hasWayOut: boolean;
}

/** @inside */
export interface Model extends Wait {
  phrases: Phrases;
  /** Undefined until it has come. */
  later: Later | undefined;
  laterHome: LaterHome | undefined;
  forms: Forms | undefined;
  ticket: Ticket | undefined;
  now: number;
  isPhone: boolean;
  site: SiteInfo;
  /** An earlier page had an open conversation: wait for it rather than flash the start. */
  isExpected: boolean;
  visit: Visit;
  connection: ConnectionState;
  /** Since when there is no line; undefined while there is one. */
  lost_since: number | undefined;
  /** Whether what was written outlives this page; not where the browser's storage is full or forbidden. */
  isLasting: boolean;
  banner: "offline" | "reconnecting" | "back" | undefined;
  /** No socket comes through to a server that is there. */
  barred: Barred | undefined;
  refusedStart: RefusedStart | undefined;
  home: Home;
  /**
   * The form that the visitor has before them, if any: it does not change under their hands when somebody comes or goes. Of
   * a message that was left: the answers, or the conversation that it began.
   */
  form: "start" | "message" | "home" | "chat" | undefined;
  /** What was typed: the form's fields by name, the composer's under "". */
  values: Readonly<Record<string, string>>;
  /** Words about a field, by its name. */
  errors: Readonly<Record<string, string>>;
  /** Words about the composer: too long, too many waiting. */
  complaint: string | undefined;
  menu: boolean;
  hasEmoji: boolean;
  isQuiet: boolean;
  /** A file is held over the window. */
  isDropping: boolean;
  /** How much of the file that is on its way has gone. */
  progress: { cmd: string; bytes: number } | undefined;
  question: "leave" | "end" | undefined;
  score: number | undefined;
  isRatingSkipped: boolean;
  isAtBottom: boolean;
  /** Messages of others that came while the log was scrolled back. */
  below: number;
  /** `seq` that was seen when the window opened. */
  fresh_after: number | undefined;
}

/** What the chat's own views may ask for. @inside */
export interface Actions {
  close(): void;
  /** From a form to home. */
  back(): void;
  /** On from a message that was left. */
  goOn(to: "home" | "chat"): void;
  typed(field: string, value: string): void;
  /** Nothing is being written in the composer any more. */
  leftComposer(): void;
  sendMessage(): void;
  discard(cmd: string): void;
  toggleMenu(isOpen: boolean): void;
  ask(question: "leave" | "end" | undefined): void;
  /** Opens the form for a message; what was written comes along. */
  leaveMessage(): void;
  attach(files: Iterable<File>): void;
  drag(isOver: boolean): void;
  toggleEmoji(isShown: boolean): void;
  openArticle(id: string): void;
  tryNow(): void;
  scrolled(log: HTMLElement): void;
  toBottom(): void;
}

/** And those of the forms. @inside */
export interface FormActions extends Actions {
  /** A field was left. */
  leftField(field: string): void;
  submitForm(): void;
  /** From a message to a chat after all. */
  chatNow(): void;
}

/** And those of what comes later. @inside */
export interface LateActions extends Actions {
  /** Sends again what had failed. */
  retry(cmd: string): void;
  confirm(): void;
  choose(score: number): void;
  comment(words: string): void;
  rate(): void;
  skipRating(): void;
  beginAnew(): void;
  save(): void;
  /** Says one of the suggested answers. */
  answer(text: string): void;
  download(attachment: string, name: string): void;
  /** Draws the picture on the canvas. */
  paint(canvas: HTMLElement, attachment: string): void;
  insert(sign: string): void;
  toggleSound(): void;
}

/** What a chat does not need at once (later.ts), as far as the chat knows it. @inside */
export interface Later {
  /** Below the log of a chat that is over. */
  ended(model: Model): Description;
  menu(model: Model): Description;
  question(model: Model): Description;
  emoji(model: Model): Description;
  quick(model: Model): Child;
  drop(model: Model): Description;
  file(key: string, file: ShownFile, pale: string, turn: Turn, model: Model): Description;
  article(key: string, article: { id: string; title: string }, model: Model): Description;
  linked(text: string): Child[];
  systemLine: ThreadOptions["systemLine"];
  failed(turn: Turn, model: Model): Description;
  around(model: Model): Child[];
  banner(model: Model): Child;
  count(length: number, model: Model): Description;
  clip(model: Model): Child;
  attach(files: Iterable<File>): void;
  /** Tells the page and who does not see the window what happened. */
  hear(before: Visit, model: Model): void;
  say(words: string): void;
  /** Without a socket. */
  probe: SessionOptions["probe"];
  leaveByHttp: SessionOptions["leaveByHttp"];
  stop(): void;
}

/** What is asked before the chat, messages for later, and screens that a chat seldom comes to (later_forms.ts). @inside */
export interface Forms {
  /** What stands below the greeting; `top` comes before the fields. */
  start(model: Model, top: Child): Description;
  page(model: Model): Description[];
  leaveMessage(): void;
  /** What was filled in so far, for whoever starts the chat without the form. */
  answers(): Record<string, string>;
  /** Why the chat could not be started, where that is about no field. */
  trouble(model: Model): Description | false;
  /** The server did not take what was written. */
  refused(refused: RefusedStart): void;
  refusalWords(code: string, isFile?: boolean): string;
}

/** The window on a phone, where it is the whole screen (later_phone.ts). @inside */
export interface Screen {
  enter(): void;
  leave(): void;
}

/** The number in the visitor's hand (later_ticket.ts). @inside */
export interface Ticket {
  view(model: Model): Description;
  /** What stands below the composer, and in the head of the window. */
  below(model: Model): Description;
  since(model: Model): Child;
  /** How long it may still take. */
  words(model: Model): string;
  after(model: Model, visit: Visit, now: number): Wait;
}

/** Home and articles (later_home.ts), where the site has any. @inside */
export interface LaterHome {
  home(model: Model): Description[];
  article(model: Model): Description[];
  openArticle(id: string): void;
  /** What became of the visit. */
  note(kind: "chat" | "message"): void;
}

/** When a server that never answered is called down rather than slow. */
export const DOWN_AFTER_MS = 5_000;

export function screenOf(model: Model): ScreenName {
  const { visit, connection, lost_since, now } = model;
  if (connection.kind === "refused" || connection.kind === "signed_out") return "refused";
  if (model.home.article !== undefined) return "article";
  if (visit.doing.message !== undefined) return "message";
  if (leftMessage(visit) !== undefined) return model.form === "home" || model.form === "chat" ? model.form : "sent";
  if (model.form === "message" && visit.conversation?.state !== "active") return "message";
  if (visit.conversation !== undefined) return "chat";
  const isHome = model.site.articles && model.form === undefined && visit.doing.start === undefined && !(model.isExpected && !visit.isKnown);
  if (isHome) return "home"; // it needs no socket
  const isDown = lost_since !== undefined && now - lost_since > DOWN_AFTER_MS;
  if (isDown && (!visit.isKnown || visit.doing.start !== undefined)) return "down";
  if (visit.doing.start !== undefined) return "chat";
  if (model.isExpected && !visit.isKnown) return isDown ? "down" : "loading";
  return model.form ?? (isOpen(model) ? "start" : "message");
}

/** Whether somebody could answer now; before the socket says so, as the site did. */
export function isOpen({ visit, site }: Model): boolean {
  return visit.open ?? site.open;
}

/** Stands in line and is shown so; who left a message, or what is not known yet, is not. */
export function isWaiting({ visit }: Model): boolean {
  const [begin] = visit.timeline.events;
  return isInLine(visit) && begin !== undefined && !(begin.kind === "queued" && isLater(begin));
}

export function canAttach({ visit, site }: Model): boolean {
  return site.uploads !== null && isLive(visit);
}

/** Nothing to fill in: the first message starts the chat. */
export function isPlainStart({ site }: Pick<Model, "site">): boolean {
  return site.form.length === 0 && site.departments.length < 2 && site.consent?.required !== true;
}

/** Our own field, where the site does not ask it. */
export const QUESTION = " question";

/** The field that begins the conversation. */
export function questionOf({ site }: Model): string {
  return site.form.find(({ kind }) => kind === "textarea")?.name ?? QUESTION;
}

export function siteName({ site }: Model): string {
  return site.name;
}

export function departmentName({ site }: Model, key: string): string {
  return [...site.departments, ...(site.stand_ins ?? [])].find((department) => department.key === key)?.name ?? key;
}
