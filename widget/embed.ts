// What the loader and the app know of each other, and the names under which things are kept in the browser. The loader is
// what every page view pays for, so this file holds next to no code.

import type { BalieEvent, BalieEvents } from "../client/api.ts";

/** A field that the site asks before the chat. */
export interface FormField {
  name: string;
  label: string;
  kind: "text" | "email" | "textarea" | "select";
  required: boolean;
  options?: string[];
}

/** `GET /api/sites/{site}/widget`: what the site wants shown. */
export interface SiteInfo {
  site: string;
  name: string;
  /** The one of our languages that fits the visitor best. */
  lang: string;
  dir: "ltr" | "rtl";
  /** Where its words are. */
  words: string;
  launcher: LauncherWords;
  texts: { greeting?: string };
  color: string | null;
  form: FormField[];
  departments: { key: string; name: string }[];
  /** Where chats go while those are closed; not to be chosen. */
  stand_ins?: { key: string; name: string }[];
  /** Whether agents see what stands in the field before it is sent. */
  typing_preview: boolean;
  /** What the visitor is told, or has to agree to, before the chat. */
  consent: { text: string; url?: string; required: boolean } | null;
  /** Null where nothing may be attached. */
  uploads: { bytes_max: number; types: string[] } | null;
  /** From this expected wait on a message may be left instead. */
  long_wait_ms: number;
  /** When the next shift begins; null while there is one, and where there are no hours. */
  next_open_at: number | null;
  look: { logo: string | null; side: "start" | "end"; offset: { x: number; y: number }; theme: "auto" | "light" | "dark" };
  /** Whether the line is opened with the page, or with the chat. */
  connect: "open" | "load";
  greetings: GreetingRule[];
  open: boolean;
  /** There is something to read before the chat. */
  articles: boolean;
}

/** When a greeting appears beside the launcher; what is left out does not matter. */
export interface GreetingRule {
  text: string;
  /** A part of the page's address. */
  page?: string;
  after_ms?: number;
  scroll_percent?: number;
  visitor?: "any" | "new" | "returning";
}

/** What the loader gives the greetings. @inside */
export interface Greeting {
  root: ShadowRoot;
  tell: Tell;
  open(): void;
  /** The chat is there, or everything is gone. */
  isBusy(): boolean;
}

export interface Greeter {
  greet(site: SiteInfo, greeting: Greeting): void;
}

/** What the launcher says; `unread` by plural form, with `{n}` in it. */
export interface LauncherWords {
  chat: string;
  away: string;
  failed: string;
  unread: Record<string, string>;
  greeting: string;
  close: string;
}

/** What the loader gives the app. @inside */
export interface Host {
  site: string;
  /** Where the server is: the origin that the loader came from. */
  origin: string;
  /** The languages that the visitor would like, best first, with commas between them. */
  wishes: string;
  root: ShadowRoot;
  /** Undefined if the server did not answer; asked again by calling it again. */
  siteInfo(): Promise<SiteInfo | undefined>;
  launcher: Launcher;
  tell: Tell;
  wanted: Wanted;
}

/** Tells the page's own scripts what happened. */
export type Tell = <E extends BalieEvent>(event: E, ...detail: BalieEvents[E] extends undefined ? [] : [BalieEvents[E]]) => void;

/** What the page's own scripts said, also before the chat was loaded. @inside */
export interface Wanted {
  /** "" once it said that it knows nobody. */
  identity?: string | undefined;
  fields: Record<string, string>;
  page?: { url: string; title?: string } | undefined;
}

/** @inside */
export interface Launcher {
  button: HTMLButtonElement;
  show(state: LauncherState): void;
}

/** @inside */
export interface LauncherState {
  isOpen: boolean;
  unread: number;
  isAway: boolean;
}

/** The chat, unseen, and nothing of it stored. */
export interface Prepared {
  begin(): Widget;
  destroy(): void;
}

/** What the app gives the loader. @inside */
export interface Widget {
  open(): void;
  close(): void;
  toggle(): void;
  startChat(text: string | undefined, department: string | undefined): void;
  /** Something in `Host.wanted` is different. */
  identified(): void;
  fieldsSet(): void;
  pageSet(): void;
  destroy(): void;
}

/** In localStorage: who the visitor is here. Written only after the chat was opened. */
export const sessionKey = (site: string): string => `balie:${site}:session`;
/** In sessionStorage: whether the window was open in this tab. */
export const windowKey = (site: string): string => `balie:${site}:window`;
/** In sessionStorage: what was typed and not sent. */
export const draftKey = (site: string): string => `balie:${site}:draft`;
/** In localStorage: the conversation as it was last seen. */
export const logKey = (site: string): string => `balie:${site}:log`;
/** In localStorage: the `cmd` of a message that is being left over HTTP. */
export const postedKey = (site: string): string => `balie:${site}:posted`;
/** In localStorage: the visitor wants no sound. */
export const quietKey = (site: string): string => `balie:${site}:quiet`;
/** In localStorage, with the command's id behind it. */
export const outboxPrefix = (site: string): string => `balie:${site}:outbox:`;

/** Below either of these the window is the whole screen. */
export const PHONE = "(max-width: 479.98px), (max-height: 479.98px)";

/** Lets what stands in the shadow root look as a sheet says, beside what it has on. */
export function wear(root: ShadowRoot, styles: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets.push(sheet);
}
