// Pictures of every state of the widget, in three languages (one from right to left), on a desk and on a phone, in light and
// dark: `tests/run gallery` leaves them in target/gallery, with an index.html to look through beside the design.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after as afterAll, test } from "node:test";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { DESKTOP, PHONE } from "./support/browser.ts";
import { follow, joined, LENA, mine, place, queued, type Script, system, theirs, TOM } from "./support/script.ts";
import { type Server, startServer } from "./support/server.ts";

const OUT = join("target", "gallery");
const LOOKS = [
  { size: "desk", viewport: { width: 480, height: 720 }, colorScheme: "light" },
  { size: "desk", viewport: { width: 480, height: 720 }, colorScheme: "dark" },
  { size: "phone", viewport: PHONE, colorScheme: "light" },
  { size: "phone", viewport: PHONE, colorScheme: "dark" },
] as const;

/** What people say in the pictures. */
const SAID = {
  en: { question: "Do you have the city bike in green?", answer: "We do, in two sizes. How tall are you?", reply: "1.78 m. And is delivery free?", long: "It is, above 50 euros. See https://shop.example/delivery for the days.", bot: "Hello, what is it about?", choices: ["Delivery", "Returns", "Talk to a person"], search: "delivery", unknown: "submarine", greeting: "Unsure about your size? We know every frame by name.", consent: "I agree that Demo shop keeps this conversation for 90 days." },
  nl: { question: "Hebben jullie de stadsfiets ook in het groen?", answer: "Zeker, in twee maten. Hoe lang ben je?", reply: "1,78 m. En is bezorgen gratis?", long: "Ja, boven de 50 euro. Op https://shop.example/bezorgen staan de dagen.", bot: "Hallo, waar gaat het over?", choices: ["Bezorgen", "Retourneren", "Met een mens praten"], search: "bezorgen", unknown: "duikboot", greeting: "Twijfel je over je maat? Wij kennen elk frame bij naam.", consent: "Ik vind het goed dat Demo shop dit gesprek 90 dagen bewaart." },
  ar: { question: "هل لديكم دراجة المدينة باللون الأخضر؟", answer: "نعم، بمقاسين. كم طولك؟", reply: "1.78 م. وهل التوصيل مجاني؟", long: "نعم، لما فوق 50 يورو. الأيام هنا: https://shop.example/delivery", bot: "مرحبًا، ما الموضوع؟", choices: ["التوصيل", "الإرجاع", "التحدث إلى شخص"], search: "التوصيل", unknown: "غواصة", greeting: "هل أنت غير متأكد من مقاسك؟ نعرف كل إطار باسمه.", consent: "أوافق على أن يحتفظ المتجر بهذه المحادثة 90 يومًا." },
};
type Language = keyof typeof SAID;
type Said = (typeof SAID)["en"];

interface Moment {
  page: Page;
  chat: Locator;
  said: Said;
  cut(): Promise<void>;
}

interface State {
  name: string;
  /** What the site wants, beside what it always wants. */
  site?: (said: Said) => object;
  script: (said: Said) => Script;
  /** What the visitor does then; by default the window is opened and nothing more. */
  act?: (moment: Moment) => Promise<void>;
  /** The window stays closed. */
  isClosed?: boolean;
  /** The server is not there. */
  isDown?: boolean;
}

const chatting = (said: Said): Script => ({ state: "active", read: 2, log: [queued(), mine(said.question), joined(), theirs(said.answer), mine(said.reply), theirs(said.long)] });
const waiting = (said: Said, ...after: object[]): Script => ({ state: "queued", log: [queued(), mine(said.question)], after });
const ended = (said: Said): Script => ({ ...chatting(said), state: "closed", log: [...(chatting(said).log ?? []), system("closed", { reason: "agent" }, { role: "agent", ...LENA })] });
const FORM = [
  { name: "name", label: "Name", kind: "text", required: false },
  { name: "email", label: "Email", kind: "email", required: true },
];
const composer = ({ chat }: Moment): Locator => chat.locator("textarea").last();

async function writes(moment: Moment, text: string): Promise<void> {
  await composer(moment).fill(text);
  await composer(moment).press("Enter");
}

async function opensMenu({ chat }: Moment): Promise<void> {
  await chat.locator("button[aria-haspopup=menu]").click();
}

const STATES: State[] = [
  { name: "launcher", script: () => ({}), isClosed: true },
  { name: "launcher-away", site: () => ({ open: false }), script: () => ({}), isClosed: true },
  { name: "greeting", site: (said) => ({ greetings: [{ text: said.greeting, after_ms: 0 }] }), script: () => ({}), isClosed: true, act: async ({ page }) => { await page.mouse.wheel(0, 200); await page.waitForTimeout(400); } },
  { name: "home", site: () => ({ articles: true }), script: () => ({}) },
  { name: "home-results", site: () => ({ articles: true }), script: () => ({}), act: async ({ chat, said }) => { await chat.locator("input[type=search]").fill(said.search); } },
  { name: "home-nothing", site: () => ({ articles: true }), script: () => ({}), act: async ({ chat, said }) => { await chat.locator("input[type=search]").fill(said.unknown); } },
  { name: "article", site: () => ({ articles: true }), script: () => ({}), act: async ({ chat }) => { await chat.locator(".page li button, .page li a").first().click(); } },
  { name: "composer-first", site: () => ({ departments: [{ key: "support", name: "Support" }] }), script: () => ({}) },
  { name: "form", site: (said) => ({ form: FORM, consent: { text: said.consent, url: "https://shop.example/privacy", required: true } }), script: () => ({}) },
  { name: "form-errors", site: (said) => ({ form: FORM, consent: { text: said.consent, required: true } }), script: () => ({}), act: async ({ chat }) => { await chat.locator("input[type=email]").fill("ada@home"); await chat.locator(".foot button").last().click(); } },
  { name: "waiting-fourth", script: (said) => waiting(said, place(4, 6, { eta: { p50_ms: 170_000, p90_ms: 290_000 } })) },
  { name: "waiting-many", script: (said) => waiting(said, place(17, 30, { eta: { p50_ms: 1_500_000, p90_ms: 3_000_000 } })) },
  { name: "waiting-next", script: (said) => waiting(said, place(1, 3, { eta: { p50_ms: 20_000, p90_ms: 55_000 } })) },
  { name: "waiting-unknown", script: (said) => waiting(said, place(2, 2)) },
  { name: "waiting-paused", script: (said) => waiting(said, place(2, 4, { paused: true })) },
  { name: "waiting-nobody", script: (said) => ({ ...waiting(said, place(2, 4)), open: false }) },
  { name: "waiting-long", script: (said) => waiting(said, place(9, 14, { eta: { p50_ms: 2_400_000, p90_ms: 4_800_000 } })) },
  { name: "ask-leave", script: (said) => waiting(said, place(3, 5)), act: async ({ chat }) => { await chat.locator(".foot button, .composer ~ * button").last().click(); } },
  { name: "chat", script: chatting },
  { name: "chat-typing", script: (said) => ({ ...chatting(said), after: [{ t: "typing", from: { role: "agent", ...LENA }, on: true }] }) },
  { name: "chat-sending", script: (said) => ({ ...chatting(said), commands: "silence" }), act: async (moment) => { await writes(moment, moment.said.reply); await moment.page.waitForTimeout(900); } },
  { name: "chat-failed", script: (said) => ({ ...chatting(said), commands: "refuse" }), act: async (moment) => { await writes(moment, moment.said.reply); await moment.page.waitForTimeout(300); } },
  { name: "chat-files", script: (said) => ({ ...chatting(said), log: [...(chatting(said).log ?? []), theirs("", { text: undefined, attachment: { id: "0198c5a0-0000-7000-8000-0000000000d1", name: "frame.png", type: "image/png", bytes: 184_320, width: 1200, height: 800 } }), theirs("", { text: undefined, attachment: { id: "0198c5a0-0000-7000-8000-0000000000d2", name: "manual 2026.pdf", type: "application/pdf", bytes: 3_250_000 } })] }), act: async ({ page }) => { await page.waitForTimeout(400); } },
  { name: "chat-article", site: () => ({ articles: true }), script: (said) => ({ ...chatting(said), log: [...(chatting(said).log ?? []), theirs(said.search, { article: { id: "0198c5a0-0000-7000-8000-0000000000e1", title: said.search } })] }) },
  { name: "chat-choices", script: (said) => ({ state: "active", log: [queued(), { ...theirs(said.bot, { choices: said.choices }), from: { role: "bot", name: "Balie" } }] }) },
  { name: "chat-emoji", script: chatting, act: async ({ chat }) => { const button = chat.locator("button[aria-haspopup]:not([aria-haspopup=menu])"); if (await button.count() > 0 && await button.first().isVisible()) await button.first().click(); } },
  { name: "chat-menu", script: chatting, act: opensMenu },
  { name: "chat-too-long", script: chatting, act: async (moment) => { await composer(moment).fill("a".repeat(10_037)); } },
  { name: "ask-end", script: chatting, act: async (moment) => { await opensMenu(moment); await moment.chat.locator("[role=menuitem]").last().click(); } },
  { name: "transferred", script: (said) => ({ ...chatting(said), log: [...(chatting(said).log ?? []), system("transferred", { to: { agent: TOM } }, { role: "agent", ...LENA }), joined(TOM), theirs(said.answer, {}, TOM)] }) },
  { name: "requeued", script: (said) => ({ ...waiting(said), log: [queued(), mine(said.question), joined(), theirs(said.answer), system("agent_away", { agent: LENA }), system("requeued", { department: "support", enqueued_at: 0, reason: "agent_gone" })], after: [place(1, 3)] }) },
  { name: "reconnecting", script: chatting, act: async ({ cut, page }) => { await cut(); await page.waitForTimeout(4_500); } },
  { name: "ended", script: ended },
  { name: "ended-rating", script: ended, act: async ({ chat }) => { await chat.locator("input[type=radio]").nth(3).check({ force: true }); } },
  { name: "rated", script: (said) => ({ ...ended(said), log: [...(ended(said).log ?? []), system("rated", { score: 4 }, { role: "visitor" })] }) },
  { name: "offline-form", site: () => ({ open: false, next_open_at: Date.now() + 40_000_000 }), script: () => ({ open: false }) },
  { name: "down", script: () => ({}), isDown: true, act: async ({ page }) => { await page.waitForTimeout(7_000); } },
];

let browser: Browser;
afterAll(async () => browser?.close());

async function contextFor(server: Server, look: (typeof LOOKS)[number], language: Language): Promise<BrowserContext> {
  const isPhone = look.size === "phone";
  const context = await browser.newContext({ viewport: isPhone ? PHONE : DESKTOP, colorScheme: look.colorScheme, reducedMotion: "reduce", locale: language, timezoneId: "Europe/Amsterdam", hasTouch: isPhone, isMobile: isPhone });
  await context.route(`${server.origin}/demo/`, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/<html[^>]*>/, `<html lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}">`) });
  });
  return context;
}

async function shoot(context: BrowserContext, server: Server, state: State, said: Said, file: string, clip: { width: number; height: number } | undefined): Promise<string | undefined> {
  const page = await context.newPage();
  try {
    await page.route("**/api/sites/demo/widget**", async (route) => {
      if (state.isDown === true) return route.abort();
      const answer = await route.fetch();
      return route.fulfill({ response: answer, json: { ...((await answer.json()) as object), open: true, articles: false, ...state.site?.(said) } });
    });
    const cut = await follow(page, state.script(said));
    if (state.isDown === true) await cut();
    await page.goto(`${server.origin}/demo/`);
    const chat = page.getByRole("dialog");
    const launcher = page.locator("balie-chat button[aria-haspopup=dialog]");
    await launcher.waitFor();
    if (state.isClosed !== true) {
      await launcher.click();
      await chat.waitFor();
      await page.waitForTimeout(500);
    }
    await state.act?.({ page, chat, said, cut });
    await page.waitForTimeout(250);
    const viewport = page.viewportSize() ?? DESKTOP;
    const corner = clip === undefined ? {} : { clip: { x: (await isRightToLeft(page)) ? 0 : viewport.width - clip.width, y: viewport.height - clip.height, ...clip } };
    await page.screenshot({ path: file, ...corner });
    return undefined;
  } catch (error) {
    await page.screenshot({ path: file }).catch(() => {});
    return `${file}: ${String(error).split("\n")[0]}`;
  } finally {
    await page.evaluate(() => localStorage.clear()).catch(() => {});
    await page.close();
  }
}

async function isRightToLeft(page: Page): Promise<boolean> {
  return page.evaluate(() => document.querySelector<HTMLElement>("balie-chat")?.dir === "rtl");
}

test("a picture of every state", async (t) => {
  browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--force-color-profile=srgb"] });
  const server = await startServer(t);
  await rm(OUT, { recursive: true, force: true });
  const wanted = process.env["BALIE_STATES"]?.split(",");
  const troubles: string[] = [];
  const rows: string[] = [];
  for (const language of Object.keys(SAID) as Language[]) {
    await mkdir(join(OUT, language), { recursive: true });
    for (const look of language === "en" ? LOOKS : [LOOKS[0], LOOKS[3]]) {
      const context = await contextFor(server, look, language);
      for (const state of STATES.filter(({ name }) => wanted === undefined || wanted.includes(name))) {
        const file = join(language, `${state.name}-${look.size}-${look.colorScheme}.png`);
        const trouble = await shoot(context, server, state, SAID[language], join(OUT, file), look.size === "desk" ? look.viewport : undefined);
        if (trouble !== undefined) troubles.push(trouble);
        rows.push(`<figure><img src="${file}" alt="" loading="lazy"><figcaption>${file}</figcaption></figure>`);
      }
      await context.close();
    }
  }
  await writeFile(join(OUT, "index.html"), `<!doctype html><meta charset="utf-8"><title>Balie's widget, every state</title><style>body{display:flex;flex-wrap:wrap;gap:16px;font:13px system-ui;margin:16px}figure{margin:0}img{height:540px;border:1px solid #ccc}</style>${rows.join("\n")}\n`);
  console.log(`${rows.length} pictures in ${OUT}/index.html`);
  if (troubles.length > 0) throw new Error(`${troubles.length} could not be brought about:\n${troubles.join("\n")}`);
});

