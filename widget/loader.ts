// /widget.js: what every page view pays for. Puts the launcher into the corner, and loads the chat itself when somebody
// presses it, or at once when an earlier page left a conversation open, so that its place in line is kept.
//
// <script src="https://chat.example/widget.js" data-site="demo" async></script>
//
// Before the visitor opens the chat nothing is stored, no socket is opened, and the one request asks for the site's colour
// and whether anybody is at the desk. The page gets one global, `Balie`, and one element, which `Balie.destroy` removes.

import { type Host, type Launcher, type LauncherState, type LauncherWords, PHONE, sessionKey, type SiteInfo, type Widget, windowKey } from "./embed.ts";
import styles from "./launcher.css";

/** The hashed name of the chat, put in by the bundler. */
declare const BALIE_APP: string;

/** Until the server has said them in the visitor's language; should it never, at least in one that many read. */
const ENGLISH: LauncherWords = { chat: "Chat with us", away: "", failed: "The chat does not answer just now. Try again in a moment.", unread: {}, greeting: "", close: "" };

/** How long a failure is said. */
const TIP_MS = 6_000;
const SVG = "http://www.w3.org/2000/svg";
const MARK =
  "M16 3.4C8.5 3.4 2.8 8.4 2.8 14.8c0 3.5 1.7 6.6 4.5 8.7v4.2c0 .9 1 1.5 1.8 1l4.2-2.8c.9.2 1.8.2 2.7.2 7.5 0 13.2-5 13.2-11.3S23.5 3.4 16 3.4zM14.3 8.6h3.4a.8.8 0 0 1 0 1.6h-.85v1.15a6.3 6.3 0 0 1 5.45 6.15h-12.6a6.3 6.3 0 0 1 5.450-6.150V10.2h-.850a.8.8 0 0 1 0-1.6zM9 18.7h14a.9.9 0 0 1 0 1.8H9a.9.9 0 0 1 0-1.8z";
const DOWN = "M5.5 9l6.5 6.5L18.5 9";

interface App {
  start(host: Host): Promise<Widget>;
}

function load(script: HTMLScriptElement, site: string): void {
  const origin = new URL(script.src).origin;
  const wishes = [script.dataset["lang"], document.documentElement.lang, ...navigator.languages].filter(Boolean).join();
  let words = ENGLISH;
  const element = document.createElement("balie-chat");
  const root = element.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  button.type = "button";
  button.className = "launcher";
  button.setAttribute("aria-haspopup", "dialog");
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.setAttribute("aria-hidden", "true");
  const tip = document.createElement("span");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  root.append(tip, button);

  const launcher: Launcher = { button, show };
  show({ isOpen: false, unread: 0, isAway: false });

  function show({ isOpen, unread, isAway }: LauncherState): void {
    button.setAttribute("aria-expanded", String(isOpen));
    button.setAttribute("aria-label", unread > 0 ? newMessages(unread) : isAway ? words.away : words.chat);
    button.classList.toggle("away", isAway && !isOpen);
    button.replaceChildren(isOpen ? drawing("down", "0 0 24 24", DOWN) : drawing("mark", "0 0 32 32", MARK));
    badge.textContent = unread > 99 ? "99+" : String(unread);
    if (unread > 0 && !isOpen) button.append(badge);
  }

  function newMessages(count: number): string {
    const form = words.unread[new Intl.PluralRules(element.lang).select(count)] ?? words.unread["other"] ?? words.chat;
    return form.replace("{n}", String(count));
  }

  let info: Promise<SiteInfo | undefined> | undefined;
  const siteInfo = async (): Promise<SiteInfo | undefined> => {
    const ask = (cache: RequestCache): Promise<Response> => fetch(`${origin}/api/sites/${encodeURIComponent(site)}/widget?lang=${encodeURIComponent(wishes)}`, { credentials: "omit", cache });
    // Without a network what an earlier page was told will do.
    info ??= ask("default")
      .catch(() => ask("force-cache"))
      .then((answer) => (answer.ok ? (answer.json() as Promise<SiteInfo>) : undefined))
      .catch(() => undefined);
    const known = await info;
    if (known === undefined) info = undefined; // the next one asks again
    else {
      words = known.launcher;
      element.lang = known.lang;
      element.dir = known.dir;
      element.style.setProperty("--brand", known.color); // null leaves our own
    }
    return known;
  };

  let widget: Widget | undefined;
  let isGone = false;
  const host: Host = { site, origin, wishes, root, siteInfo, launcher };

  async function chat(): Promise<Widget | undefined> {
    if (widget !== undefined || isGone) return widget;
    button.setAttribute("aria-busy", "true");
    // A page that was open while the server was upgraded asks for a hashed name that is gone, or has words of the other
    // version; the plain name never is.
    const from = async (path: string): Promise<Widget> => ((await import(origin + path)) as App).start(host);
    try {
      const loaded = await from(BALIE_APP).catch(() => from("/widget/app.js"));
      if (isGone) loaded.destroy();
      else widget = loaded;
    } catch {
      tip.textContent = words.failed;
      tip.hidden = false;
      setTimeout(() => (tip.hidden = true), TIP_MS);
    }
    button.removeAttribute("aria-busy");
    return widget;
  }

  const toggle = (): void => void chat().then((loaded) => loaded?.toggle());
  button.addEventListener("click", () => button.getAttribute("aria-busy") === null && toggle());

  const global: Widget = {
    open: () => void chat().then((loaded) => loaded?.open()),
    close: () => widget?.close(),
    toggle,
    destroy() {
      isGone = true;
      widget?.destroy();
      element.remove();
      Reflect.deleteProperty(globalThis, "Balie");
    },
  };
  Object.defineProperty(globalThis, "Balie", { value: global, configurable: true });

  const appear = (): void => {
    document.body.append(element);
    void siteInfo().then((known) => widget === undefined && show({ isOpen: false, unread: 0, isAway: known?.open === false }));
    if (!hasConversation(site)) return;
    void chat().then((loaded) => wasOpen(site) && !matchMedia(PHONE).matches && loaded?.open());
  };
  if (document.body === null) addEventListener("DOMContentLoaded", appear, { once: true });
  else appear();
}

/** Read, never written, here: an earlier page may have left a conversation that is not over. */
function hasConversation(site: string): boolean {
  try {
    return localStorage.getItem(sessionKey(site))?.includes('"isLive":true') === true;
  } catch {
    return false; // storage is forbidden, so nothing was kept
  }
}

function wasOpen(site: string): boolean {
  try {
    return sessionStorage.getItem(windowKey(site)) === "open";
  } catch {
    return false;
  }
}

function drawing(name: string, viewBox: string, path: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", name);
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  if (name === "mark") {
    line.setAttribute("fill", "currentColor");
    line.setAttribute("fill-rule", "evenodd");
  }
  svg.append(line);
  return svg;
}

const script = document.currentScript;
const site = script instanceof HTMLScriptElement ? script.dataset["site"] : undefined;
if ("Balie" in globalThis) console.warn("Balie: the widget is on this page already.");
else if (!(script instanceof HTMLScriptElement) || site === undefined || site === "") console.error('Balie: the script needs data-site="…", the key of the site.');
else load(script, site);
