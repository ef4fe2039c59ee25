// /widget.js: what every page view pays for. Puts the launcher into the corner, and loads the chat itself when somebody
// presses it, or at once when an earlier page left a conversation open, so that its place in line is kept.
//
// <script src="https://chat.example/widget.js" data-site="demo" async></script>
//
// Before the visitor opens the chat nothing is stored, no socket is opened, and the one request asks for the site's colour
// and whether anybody is at the desk; the chat's code is loaded when a pointer or the focus comes near. The page gets one global, `Balie`, and one element, which `Balie.shutdown` removes.

import type { BalieApi, BalieCall } from "../client/api.ts";
import { type Greeter, type Host, type LauncherState, type LauncherWords, PHONE, type Prepared, sessionKey, type SiteInfo, type Tell, type Wanted, type Widget, windowKey } from "./embed.ts";
import styles from "./launcher.css";

/** In the names of all that it loads, put in by the bundler. */
declare const BALIE_HASH: string;

/** Until the server has said them in the visitor's language; should it never, at least in one that many read. */
const ENGLISH = { chat: "Chat with us", failed: "The chat does not answer just now." } as LauncherWords; // nothing else is said before

/** How long a failure is said. */
const TIP_MS = 6_000;
const SVG = "http://www.w3.org/2000/svg";
const MARK =
  "M16 3.4C8.5 3.4 2.8 8.4 2.8 14.8c0 3.5 1.7 6.6 4.5 8.7v4.2c0 .9 1 1.5 1.8 1l4.2-2.8c.9.2 1.8.2 2.7.2 7.5 0 13.2-5 13.2-11.3S23.5 3.4 16 3.4M14.3 8.6h3.4a.8.8 0 0 1 0 1.6h-.85v1.15a6.3 6.3 0 0 1 5.45 6.15h-12.6a6.3 6.3 0 0 1 5.45-6.15V10.2h-.85a.8.8 0 0 1 0-1.6M9 18.7h14a.9.9 0 0 1 0 1.8H9a.9.9 0 0 1 0-1.8";
const DOWN = "M7 12l9 9 9-9";

interface App {
  prepare(host: Host, words: Promise<Response | undefined>): Promise<Prepared>;
}

function load(script: HTMLScriptElement, site: string, calls: BalieCall[]): void {
  const origin = new URL(script.src).origin;
  const wishes = [script.dataset["lang"], document.documentElement.lang, ...navigator.languages].filter(Boolean).join();
  const wanted: Wanted = { fields: {} };
  const handlers = new Map<string, Set<(detail: never) => void>>();
  let words = ENGLISH;
  let info: Promise<SiteInfo | undefined> | undefined;
  let prepared: Promise<Prepared> | undefined;
  let loading: Promise<Widget | undefined> | undefined;
  let widget: Widget | undefined;
  let isGone = false;

  const element = document.createElement("balie-chat");
  const root = element.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];
  const button = make("button", { "aria-haspopup": "dialog" });
  const badge = make("span", { class: "badge", "aria-hidden": "true" });
  const tip = make("div", { class: "tip", role: "status" });
  tip.hidden = true;
  root.append(tip, button);

  function show({ isOpen, unread, isAway }: LauncherState): void {
    badge.textContent = unread > 99 ? "99+" : `${unread}`;
    dressed(button, { class: `launcher ${isAway && !isOpen ? "away" : ""}`, "aria-expanded": `${isOpen}`, "aria-label": unread > 0 ? newMessages(unread) : isAway ? words.away : words.chat });
    button.replaceChildren(isOpen ? drawing(DOWN, "down") : drawing(MARK));
    if (unread > 0 && !isOpen) button.append(badge);
  }

  /** In the digits that one sees, so that who says them to the computer is understood. */
  function newMessages(count: number): string {
    const form = words.unread[new Intl.PluralRules(element.lang).select(count)] ?? words.unread["other"] ?? "";
    return form.replace("{n}", badge.textContent as string);
  }

  /** A handler that throws is the page's own trouble, and shown as such. */
  const tell: Tell = (event, ...detail) => {
    for (const handler of handlers.get(event) ?? []) attempt(() => handler(detail[0] as never));
  };

  async function siteInfo(): Promise<SiteInfo | undefined> {
    const ask = (cache: RequestCache): Promise<Response> => fetch(`${origin}/api/sites/${encodeURIComponent(site)}/widget?lang=${encodeURIComponent(wishes)}`, { cache });
    // Without a network what an earlier page was told will do.
    info ??= ask("default")
      .catch(() => ask("force-cache"))
      .then((answer) => {
        if (answer.ok) return answer.json().then(dress);
        if (answer.status === 404) console.error(`Balie: there is no site "${site}" at ${origin}.`);
        return undefined;
      })
      .catch(() => undefined);
    const known = await info;
    if (!known) info = undefined; // the next one asks again
    return known;
  }

  const host: Host = { site, origin, wishes, root, siteInfo, launcher: { button, show }, tell, wanted };

  /** Once: what stands in the shadow root is styled anew each time, though nothing is different. */
  function dress(known: SiteInfo): SiteInfo {
    const { color, look: { side, offset, theme } } = known;
    words = known.launcher;
    element.lang = known.lang;
    element.dir = known.dir;
    element.style.cssText = `--start:auto;--end:auto;--${side}:${offset.x}px;--bottom:${offset.y}px;--scheme:${theme.replace("auto", "light dark")};${color ? `--brand:${color}` : ""}`;
    return known;
  }

  const part = <T>(name: string): Promise<T> => import(`${origin}/widget/${name}-${BALIE_HASH}.js`);

  /**
   * The code and, beside it, the words and what will be seen first; nothing is stored and no socket opened before it begins.
   * The chat asks for these parts itself once it is there: what comes to nothing here costs time only.
   */
  function prepare(): Promise<Prepared> {
    if (prepared) return prepared;
    const words = siteInfo().then((known) => {
      const { articles, form, open, words } = known as SiteInfo;
      for (const name of [articles && "home", (form[0] || !open) && "forms", matchMedia(PHONE).matches && "phone"]) if (name) part("later_" + name).catch(() => {});
      const answer = fetch(origin + words);
      stored(() => sessionStorage, ""); // the browser's first look takes a phone some milliseconds, in which the network is busy anyway
      return answer;
    }).catch(() => undefined);
    return (prepared = part<App>("app").then((app) => app.prepare(host, words)));
  }

  function chat(run?: (loaded: Widget) => void): void {
    loading ??= loaded();
    void loading.then((here) => here && run?.(here));
  }

  async function loaded(): Promise<Widget | undefined> {
    dressed(button, { "aria-busy": "true" });
    try {
      const chat = await prepare();
      if (!isGone) widget = chat.begin();
    } catch (error) {
      loading = prepared = undefined;
      tip.textContent = words.failed;
      tip.hidden = false;
      setTimeout(() => (tip.hidden = true), TIP_MS);
      tell("error", { message: String(error) });
    }
    button.removeAttribute("aria-busy");
    return widget;
  }

  const set = (part: Partial<Wanted>, run: (loaded: Widget) => void): void => {
    Object.assign(wanted, part);
    if (widget) run(widget);
  };
  const api: BalieApi = {
    open: () => chat((here) => here.open()),
    close: () => widget?.close(),
    toggle: () => chat((here) => here.toggle()),
    identify: (identity) => set({ identity: identity ?? "" }, (here) => here.identified()),
    setFields: (fields) => set({ fields: { ...wanted.fields, ...fields } }, (here) => here.fieldsSet()),
    setPage: (page) => set({ page }, (here) => here.pageSet()),
    startChat: ({ text, department } = {}) => chat((here) => here.startChat(text, department)),
    on: (event, handler) => void handlers.set(event, (handlers.get(event) ?? new Set()).add(handler)),
    off: (event, handler) => void handlers.get(event)?.delete(handler),
    shutdown() {
      isGone = true;
      observer.disconnect();
      prepared?.then((chat) => chat.destroy(), () => {});
      element.remove();
      delete page.Balie;
    },
    q: { push: (...more) => more.forEach(([name, ...values]) => attempt(() => (api[name] as (...all: unknown[]) => void)(...values))) },
  };
  Object.defineProperty(page, "Balie", { value: api, configurable: true });
  // Who comes near it will perhaps press it: then all is there already.
  button.onpointerover = button.onfocus = () => prepare().catch(() => (prepared = undefined));
  button.onclick = () => button.getAttribute("aria-busy") ?? api.toggle();

  /** A page that puts another body in place of this one, as single-page apps do, gets the launcher back. */
  const observer = new MutationObserver(stand);
  function stand(): void {
    if (!element.isConnected) document.body?.append(element);
    for (const each of [document.documentElement, document.body]) if (each) observer.observe(each, { childList: true });
  }

  void siteInfo().then((known) => {
    if (isGone) return;
    if (!widget) show({ isOpen: false, unread: 0, isAway: known?.open === false });
    stand();
    if (!known) return;
    tell("ready", { open: known.open });
    // An earlier page may have left a conversation that is not over.
    const isLive = stored(() => localStorage, sessionKey(site))?.includes('"isLive":true') === true;
    if (isLive || known.connect === "load") chat((here) => stored(() => sessionStorage, windowKey(site)) === "open" && !matchMedia(PHONE).matches && here.open());
    // Without it nothing is missing, so nobody is told if it does not come.
    if (!isLive && known.greetings[0]) part<Greeter>("greeting").then(({ greet }) => greet(known, { root, tell, open: api.open, isBusy: () => isGone || widget !== undefined }), () => {});
  });
  api.q.push(...calls);
}

/** Read, never written, here. Storage may be forbidden; then nothing was kept. */
function stored(choose: () => Storage, key: string): string | null {
  try {
    return choose().getItem(key);
  } catch {
    return null;
  }
}

/** What the page did wrong is shown as such and breaks nothing of ours. */
function attempt(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.error(error);
  }
}

function make<T extends "button" | "span" | "div">(tag: T, attributes: Record<string, string>): HTMLElementTagNameMap[T] {
  return dressed(document.createElement(tag), attributes);
}

function drawing(path: string, name = ""): SVGElement {
  const svg = dressed(document.createElementNS(SVG, "svg"), { class: name, viewBox: "0 0 32 32", "aria-hidden": "true" });
  svg.append(dressed(document.createElementNS(SVG, "path"), { d: path }));
  return svg;
}

function dressed<E extends Element>(element: E, attributes: Record<string, string>): E {
  for (const each in attributes) element.setAttribute(each, attributes[each] as string);
  return element;
}

const script = document.currentScript as HTMLScriptElement | null; // no SVG page has a chat
const site = script?.dataset["site"];
const page = globalThis as { Balie?: Partial<BalieApi> & { q?: BalieCall[] } };
const early = page.Balie;
if (early?.open) console.warn("Balie is on this page already.");
else if (!script || !site) console.error("Balie: the script needs data-site, the key of the site.");
else load(script, site, Array.isArray(early?.q) ? early.q : []);
