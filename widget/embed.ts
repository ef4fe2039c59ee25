// What the loader and the app know of each other, and the names under which things are kept in the browser. The loader is
// what every page view pays for, so this file holds next to no code.

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
  open: boolean;
  /** There is something to read before the chat. */
  articles: boolean;
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

/** What the app gives the loader, and `Balie` to the page. */
export interface Widget {
  open(): void;
  close(): void;
  toggle(): void;
  /** Takes away everything it put into the page. The conversation goes on, on the server. */
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
