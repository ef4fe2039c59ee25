// The page of options (/demo/options.html): puts the widget on the page as the form says, makes each call of its API, and
// shows what the page is told. The site's settings are tried by changing what the widget is answered on this page alone.

import type { BalieApi, BalieCall, BalieEvent } from "../../client/api.ts";

/** All of them, or it does not compile. */
const EVENTS = Object.keys({
  ready: 1, open: 1, close: 1, unread: 1, presence: 1, connection: 1, "form:shown": 1, "form:sent": 1, "chat:start": 1, "chat:queued": 1, "chat:position": 1, "chat:assigned": 1, "chat:transferred": 1,
  "chat:requeued": 1, "chat:ended": 1, "agent:away": 1, "agent:back": 1, "message:sent": 1, "message:received": 1, "message:failed": 1, "file:sent": 1, rating: 1, "greeting:shown": 1, "greeting:closed": 1, error: 1,
} satisfies Record<BalieEvent, 1>) as BalieEvent[];

/** As docs/widget.md has them; tests/browser/options.flow.ts compares the two. */
const LANGUAGES = "ar bg cs da de el en es et fi fr he hi hu it ja ko lt lv nb nl pl pt pt-BR ro sk sv tr uk zh-Hans".split(" ");
/** A log that nobody clears must not grow for ever. */
const LINES_MAX = 200;

/** What the server says of a site, as far as it is tried here. */
interface Settings {
  dir: string;
  color: string | null;
  connect: string;
  greetings: { text: string }[];
  look: { side: string; theme: string; offset: { x: number; y: number } };
  departments: { key: string; name: string }[];
}

function find<E extends Element>(selector: string, kind: new () => E): E {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`There is no ${selector}.`);
  return found;
}

const tag = find("#tag", HTMLFormElement);
const site = find("#site", HTMLFormElement);
const log = find("#log", HTMLDivElement);
const snippet = find("#snippet code", HTMLElement);
const copied = find("#copied", HTMLElement);

/** What stands in a field of a form. */
function value(form: HTMLFormElement, name: string): string {
  const given = new FormData(form).get(name);
  return typeof given === "string" ? given : "";
}

function put(form: HTMLFormElement, name: string, text: string): void {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = text;
}

/** A line of the log; it stays at its end for whoever reads there. */
function write(kind: "made" | "told", name: string, detail?: unknown): void {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  const line = document.createElement("p");
  const time = document.createElement("time");
  const title = document.createElement("b");
  const more = document.createElement("span");
  line.className = name === "error" ? "error" : kind;
  time.textContent = new Date().toTimeString().slice(0, 8);
  title.textContent = kind === "made" ? `→ ${name}` : name;
  more.textContent = detail === undefined ? "" : JSON.stringify(detail);
  line.append(time, title, more);
  log.append(line);
  if (log.children.length > LINES_MAX) log.firstElementChild?.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

const handlers = new Map(EVENTS.map((event) => [event, (detail: unknown) => happened(event, detail)]));
let isOpen = false;
let isDeaf = false;

function happened(event: BalieEvent, detail: unknown): void {
  if (event === "open" || event === "close") isOpen = event === "open";
  write("told", event, detail);
}

/** The widget, or before it is there a list that takes the same calls. */
function api(): BalieApi | undefined {
  return typeof window.Balie?.open === "function" ? window.Balie : undefined;
}

/** Answers the widget with the settings of the form, on this page alone. */
function answerFor(known: Settings): Settings {
  const text = value(site, "greeting");
  return {
    ...known,
    color: touched.has("color") ? value(site, "color") : known.color,
    connect: value(site, "connect"),
    greetings: text === "" ? known.greetings : [{ text }],
    look: { ...known.look, side: value(site, "side"), theme: value(site, "theme"), offset: { x: number("x"), y: number("y") } },
  };
}

function number(name: string): number {
  return Math.min(400, Math.max(0, Math.round(Number(value(site, name)))));
}

const isSettings = (address: unknown): boolean => typeof address === "string" && /\/api\/sites\/[^/]+\/widget\?/.test(address);
/** Fields of the second form that were changed: the others are the site's own. */
const touched = new Set<string>();
let ownSettings: Settings | undefined;

function tryOnThisPage(): void {
  const fetched = window.fetch.bind(window);
  window.fetch = async (address, options) => {
    const answer = await fetched(address, options);
    if (!isSettings(address) || !answer.ok) return answer;
    const known = (await answer.json()) as Settings;
    show(known);
    return Response.json(answerFor(known));
  };
}

/** The site's own settings in the form, where nothing was changed. */
function show(known: Settings): void {
  const { color, connect, look, departments } = known;
  const own = { color: color ?? "#0f5f5c", theme: look.theme, side: look.side, connect, x: String(look.offset.x), y: String(look.offset.y) };
  for (const [name, text] of Object.entries(own)) if (!touched.has(name)) put(site, name, text);
  const choice = find("[data-call=startChat] select", HTMLSelectElement);
  if (ownSettings === undefined) for (const { key, name } of departments) choice.add(new Option(name, key));
  ownSettings = known;
  makeRoom();
  describe();
}

/** Where the window will open nothing else stands; the sides are those of the widget's language. */
function makeRoom(): void {
  const { dataset, style } = document.body;
  dataset["side"] = (value(site, "side") === "start") === (ownSettings?.dir === "rtl") ? "end" : "start";
  style.setProperty("--x", `${number("x")}px`);
  style.setProperty("--y", `${number("y")}px`);
}

let mounted = Promise.resolve();

/** Takes it away, and puts it back as the forms say; one after the other, because a script that is under way cannot be stopped. */
function mount(): void {
  describe();
  if (tag.reportValidity()) mounted = mounted.then(putBack);
}

async function putBack(): Promise<void> {
  const wasOpen = isOpen;
  api()?.shutdown();
  isOpen = false;
  const q: BalieCall[] = isDeaf ? [] : EVENTS.map((event) => ["on", event, handlers.get(event)] as BalieCall);
  if (wasOpen || new FormData(tag).has("early")) q.push(["open"]);
  Object.assign(window, { Balie: { q } });
  const script = document.createElement("script");
  script.src = "/widget.js";
  script.dataset["site"] = value(tag, "site");
  const lang = value(tag, "lang");
  if (lang !== "") script.dataset["lang"] = lang;
  write("made", "the tag", { ...script.dataset });
  await new Promise((done) => {
    script.onload = script.onerror = done;
    document.head.append(script);
  });
  script.remove();
}

/** What to copy: the line, and the settings that differ from the site's own. */
function describe(): void {
  const [key, lang] = [value(tag, "site"), value(tag, "lang")];
  const early = new FormData(tag).has("early") ? `<script>\n  window.Balie = { q: [["open"]] };\n</script>\n` : "";
  const line = `<script src="${location.origin}/widget.js" data-site="${key}"${lang === "" ? "" : ` data-lang="${lang}"`} async></script>`;
  snippet.textContent = early + line + settings(key);
}

function settings(key: string): string {
  if (touched.size === 0) return "";
  const widget = {
    ...(touched.has("side") && { side: value(site, "side") }),
    ...(touched.has("theme") && { theme: value(site, "theme") }),
    ...(touched.has("connect") && { connect: value(site, "connect") }),
    ...((touched.has("x") || touched.has("y")) && { offset: { x: number("x"), y: number("y") } }),
    ...(touched.has("greeting") && value(site, "greeting") !== "" && { greetings: [{ text: value(site, "greeting") }] }),
  };
  const change = { ...(touched.has("color") && { color: value(site, "color") }), ...(Object.keys(widget).length > 0 && { widget }) };
  return `\n\nThe site's settings, in the panel or as\nPATCH /api/sites/${key}  ("widget" is replaced whole)\n${JSON.stringify(change, null, 2)}`;
}

/** Makes the call and says so; before the widget is there it waits in the list. */
function call(...made: BalieCall): void {
  const [name, ...values] = made;
  write("made", `${name}()`, values.length === 0 ? undefined : values.length === 1 ? values[0] : values);
  window.Balie?.q.push(made);
}

function pressed(button: HTMLButtonElement): void {
  switch (button.dataset["call"]) {
    case "open":
      return call("open");
    case "close":
      return call("close");
    case "toggle":
      return call("toggle");
    case "q":
      write("made", 'q.push(["open"])');
      return window.Balie?.q.push(["open"]);
    case "off":
      isDeaf = !isDeaf;
      button.setAttribute("aria-pressed", String(isDeaf));
      write("made", isDeaf ? "off()" : "on()", "every event");
      for (const [event, handler] of handlers) window.Balie?.q.push([isDeaf ? "off" : "on", event, handler] as BalieCall);
      return undefined;
    case "shutdown":
      call("shutdown");
      isOpen = false;
      return undefined;
    default:
      return undefined;
  }
}

function submitted(form: HTMLFormElement): void {
  const given = Object.fromEntries([...new FormData(form)].filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== ""));
  switch (form.dataset["call"]) {
    case "setFields":
      return call("setFields", given);
    case "setPage":
      return call("setPage", { url: given["url"] ?? location.href, ...(given["title"] === undefined ? {} : { title: given["title"] }) });
    case "startChat":
      return call("startChat", given);
    case "identify":
      return given["token"] === undefined ? call("identify") : call("identify", given["token"].trim());
    default:
      return mount();
  }
}

async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(snippet.textContent ?? "");
    copied.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(snippet); // then the keyboard copies it
    copied.textContent = "Selected: copy it with the keyboard";
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest<HTMLButtonElement>("button[data-call]") : null;
  if (button !== null) pressed(button);
});
document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target instanceof HTMLFormElement) submitted(event.target);
});
for (const form of [tag, site]) {
  form.addEventListener("change", ({ target }) => {
    if (form === site && (target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) touched.add(target.name);
    makeRoom();
    mount();
  });
}
find("#copy", HTMLButtonElement).addEventListener("click", () => void copy());
find("#clear", HTMLButtonElement).addEventListener("click", () => log.replaceChildren());

const lang = find("#tag select", HTMLSelectElement);
for (const each of LANGUAGES) lang.add(new Option(`${each} · ${new Intl.DisplayNames([each], { type: "language" }).of(each) ?? each}`, each));
tryOnThisPage();
mount();
const { headers } = await fetch(location.href, { method: "HEAD" });
find("#policy code", HTMLElement).textContent = (headers.get("content-security-policy") ?? "none").replaceAll("; ", ";\n");
