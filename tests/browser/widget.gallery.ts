// Pictures of every state of the widget, in three languages (one from right to left), on a desk and on a phone, in light and
// dark; and some of them at 200 % zoom, on the narrowest phone, with forced colours. `tests/run gallery` leaves them in
// target/gallery, with an index.html to look through beside the design. Each is also checked as in support/faults.ts, and what
// is wrong with any of them is listed at the end.
//
// To be quick: BALIE_STATES=chat,form and BALIE_LOOKS=en-desk-light,ar-phone-dark make only those.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after as afterAll, test } from "node:test";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";
import { DESKTOP, PHONE } from "./support/browser.ts";
import { settled, violationsOn } from "./support/look.ts";
import { unreachable } from "./support/reach.ts";
import { type Server, startServer } from "./support/server.ts";
import { DEADLINE_MS } from "./support/until.ts";
import { bringAbout, type Language, SAID, type State, STATES } from "./support/states.ts";

const OUT = join("target", "gallery");
/** Of a desk's screen the corner with the widget. */
const CORNER = { width: 480, height: 720 };
/** On so many pages at a time: most of a state's time is waiting. */
const PAGES = 4;
/** So many states that could not be brought about say enough: the build is broken. */
const TROUBLES_MAX = 10;
/** Those that have the most in them are looked at in the odd ways too. */
const TELLING = ["launcher-many-unread", "greeting", "home", "article", "form-errors", "message-sent", "waiting-fourth", "waiting-long", "requeued", "chat", "chat-failed", "chat-choices", "chat-menu", "ask-leave", "files", "reconnecting", "ended-rating"];

interface Look {
  name: string;
  language: Language;
  isPhone: boolean;
  options: BrowserContextOptions;
  only?: string[];
}

function looks(): Look[] {
  const phone = { viewport: PHONE, hasTouch: true, isMobile: true };
  const plain = (["light", "dark"] as const).flatMap((colorScheme) => [
    { size: "desk", isPhone: false, options: { viewport: DESKTOP, colorScheme }, colorScheme },
    { size: "phone", isPhone: true, options: { ...phone, colorScheme }, colorScheme },
  ]);
  const all: Look[] = plain.map(({ size, colorScheme, ...look }) => ({ name: `en-${size}-${colorScheme}`, language: "en", ...look }));
  for (const language of ["nl", "ar"] as const) {
    for (const { size, colorScheme, ...look } of plain) if ((size === "desk") === (colorScheme === "light")) all.push({ name: `${language}-${size}-${colorScheme}`, language, ...look });
  }
  return [
    ...all,
    // 1280 by 800 at 200 %, and 320 CSS pixels: WCAG 1.4.4 and 1.4.10.
    { name: "en-zoomed-light", language: "en", isPhone: false, options: { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }, only: TELLING },
    { name: "nl-narrow-light", language: "nl", isPhone: true, options: { ...phone, viewport: { width: 320, height: 568 } }, only: TELLING },
    { name: "en-desk-forced", language: "en", isPhone: false, options: { viewport: DESKTOP, forcedColors: "active" }, only: TELLING },
  ];
}

let browser: Browser;
afterAll(async () => browser?.close());

async function contextFor(server: Server, { language, options }: Look): Promise<BrowserContext> {
  const context = await browser.newContext({ reducedMotion: "reduce", locale: language, timezoneId: "Europe/Amsterdam", ...options });
  context.setDefaultTimeout(DEADLINE_MS);
  await context.route(`${server.origin}/demo/`, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/<html[^>]*>/, `<html lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}">`) });
  });
  return context;
}

async function shoot(server: Server, state: State, look: Look, file: string): Promise<string[]> {
  const context = await contextFor(server, look);
  const page = await context.newPage();
  try {
    const error = await bringAbout(page, server.origin, state, SAID[look.language]).then(() => [], (reason: unknown) => [String(reason).split("\n")[0] ?? ""]);
    await settled(page);
    const { width, height } = page.viewportSize() ?? DESKTOP;
    const isCorner = width > CORNER.width * 2;
    await page.screenshot({ path: file, ...(isCorner ? { clip: { x: look.language === "ar" ? 0 : width - CORNER.width, y: height - CORNER.height, ...CORNER } } : {}) });
    return error.length > 0 ? error : [...(await violationsOn(page, "balie-chat")), ...(await unreachable(page, look.isPhone))];
  } finally {
    await context.close();
  }
}

test("a picture of every state", async (t) => {
  browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--force-color-profile=srgb"] });
  const server = await startServer(t);
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  const [states, names] = [process.env["BALIE_STATES"]?.split(","), process.env["BALIE_LOOKS"]?.split(",")];
  const wanted = looks()
    .filter(({ name }) => names?.includes(name) ?? true)
    .flatMap((look) => Object.values(STATES).flat().filter(({ name, isDeskOnly }) => (states?.includes(name) ?? true) && (look.only?.includes(name) ?? true) && !(look.isPhone && isDeskOnly === true)).map((state) => ({ state, look, file: `${look.name}-${state.name}.png` })));
  const waiting = [...wanted];
  const faults: string[] = [];
  let troubles = 0;
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined && troubles < TROUBLES_MAX; next = waiting.shift()) {
      const { state, look, file } = next;
      const found = await shoot(server, state, look, join(OUT, file));
      if (found.some((each) => each.includes("Error"))) troubles += 1;
      faults.push(...found.map((each) => `${file}: ${each}`));
    }
  }
  await Promise.all(Array.from({ length: PAGES }, work));
  const figures = wanted.map(({ file }) => `<figure><img src="${file}" alt="" loading="lazy"><figcaption>${file}</figcaption></figure>`);
  await writeFile(join(OUT, "index.html"), `<!doctype html><meta charset="utf-8"><title>Balie's widget, every state</title><style>body{display:flex;flex-wrap:wrap;gap:16px;font:13px system-ui;margin:16px}figure{margin:0}img{height:540px;border:1px solid #ccc}</style>${figures.join("\n")}\n`);
  console.log(`${wanted.length} pictures in ${OUT}/index.html`);
  if (faults.length > 0) throw new Error(`${faults.length} faults:\n${faults.join("\n")}`);
});
