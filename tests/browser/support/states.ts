// Every state that the widget can be in before a visitor, each brought about in a moment: what the site wants, what the socket
// says, what the visitor does, and by what one sees that it is there. The gallery takes pictures of them, support/faults.ts
// looks for what somebody could not read, reach or press.

import { deflateSync, crc32 } from "node:zlib";
import type { Locator, Page } from "playwright-core";
import { follow, joined, LENA, type Made, mine, type Played, place, queued, type Script, system, theirs, TOM } from "./script.ts";
import { until } from "./until.ts";

/** What people say, in three languages. */
export const SAID = {
  en: { question: "Do you have the city bike in green?", answer: "We do, in two sizes. How tall are you?", reply: "1.78 m. And is delivery free?", link: "It is, above 50 euros. See https://shop.example/delivery for the days.", bot: "Hello, what is it about?", choices: ["Delivery", "Returns", "Talk to a person"], search: "delivery", unknown: "submarine", greeting: "Unsure about your size? We know every frame by name.", consent: "I agree that Demo shop keeps this conversation for 90 days.", articles: ["Where is my order?", "Delivery at home", "Returning a bike or a part", "Which frame size fits me?"] },
  nl: { question: "Hebben jullie de stadsfiets ook in het groen?", answer: "Zeker, in twee maten. Hoe lang ben je?", reply: "1,78 m. En is bezorgen gratis?", link: "Ja, boven de 50 euro. Op https://shop.example/bezorgen staan de dagen.", bot: "Hallo, waar gaat het over?", choices: ["Bezorgen", "Retourneren", "Met een mens praten"], search: "bezorgen", unknown: "duikboot", greeting: "Twijfel je over je maat? Wij kennen elk frame bij naam.", consent: "Ik vind het goed dat Demo shop dit gesprek 90 dagen bewaart.", articles: ["Waar is mijn bestelling?", "Thuis bezorgd", "Een fiets of onderdeel retourneren", "Welke framemaat past mij?"] },
  ar: { question: "هل لديكم دراجة المدينة باللون الأخضر؟", answer: "نعم، بمقاسين. كم طولك؟", reply: "1.78 م. وهل التوصيل مجاني؟", link: "نعم، لما فوق 50 يورو. الأيام هنا: https://shop.example/delivery", bot: "مرحبًا، ما الموضوع؟", choices: ["التوصيل", "الإرجاع", "التحدث إلى شخص"], search: "التوصيل", unknown: "غواصة", greeting: "هل أنت غير متأكد من مقاسك؟ نعرف كل إطار باسمه.", consent: "أوافق على أن يحتفظ المتجر بهذه المحادثة 90 يومًا.", articles: ["أين طلبي؟", "التوصيل إلى المنزل", "إرجاع دراجة أو قطعة", "أي مقاس إطار يناسبني؟"] },
};
export type Language = keyof typeof SAID;
type Said = (typeof SAID)["en"];

interface Moment {
  page: Page;
  chat: Locator;
  said: Said;
  played: Played;
}

type Answer = { status?: number; json?: unknown; body?: Buffer } | "away" | "never";

export interface State {
  name: string;
  /** What the site wants, beside what it always wants. */
  site?: (said: Said) => object;
  script?: (said: Said) => Script;
  /** Answers to requests of the widget, by a part of their address; the first that fits counts. */
  answers?: (said: Said) => Record<string, Answer>;
  /** No socket opens, from the first on. */
  isCut?: boolean;
  /** What the visitor does then; by default the window is opened and nothing more. */
  act?: (moment: Moment) => Promise<void>;
  /** By this in the widget one sees that the state is there. */
  shown: string;
  /** The window stays closed. */
  isClosed?: boolean;
  /** There is none on a phone, where the system has its own. */
  isDeskOnly?: boolean;
}

const FORM = [
  { name: "name", label: "Name", kind: "text", required: false },
  { name: "email", label: "Email", kind: "email", required: true },
];
const PHOTO = { id: "0198c5a0-0000-7000-8000-0000000000d1", name: "frame.png", type: "image/png", bytes: 184_320, width: 1200, height: 800 };
const MANUAL = { id: "0198c5a0-0000-7000-8000-0000000000d2", name: "manual of the city bike, edition of 2026.pdf", type: "application/pdf", bytes: 3_250_000 };
const UPLOADS = { uploads: { bytes_max: 20_971_520, types: ["image/*", "application/pdf"] } };

const opening = (said: Said): Made[] => [queued(), mine(said.question), joined(), theirs(said.answer), mine(said.reply), theirs(said.link)];
const chatting = (said: Said, ...more: Made[]): Script => ({ state: "active", read: { agent: 5, visitor: 6 }, log: [...opening(said), ...more] });
const waiting = (said: Said, ...after: object[]): Script => ({ state: "queued", log: [queued(), mine(said.question)], after });
const ended = (said: Said, ...more: Made[]): Script => ({ ...chatting(said, system("closed", { reason: "agent" }, { role: "agent", ...LENA }), ...more), state: "closed" });
const eta = (p50_ms: number, p90_ms: number): object => ({ eta: { p50_ms, p90_ms } });
const list = (titles: string[]): object => ({ lang: null, articles: titles.map((title, index) => ({ id: `a${index}`, title, excerpt: "…" })) });
const article = ({ articles: [title = ""], link, answer }: Said): object => ({
  id: "a0",
  title,
  blocks: [{ kind: "paragraph", runs: [{ text: `${link} ` }, { text: answer, strong: true }] }, { kind: "heading", runs: [{ text: title }] }, ...[1, 2, 3].map((number) => ({ kind: "item", number, runs: [{ text: answer }] })), { kind: "code", runs: [{ text: "NB-20418" }] }],
});
const answering = (said: Said): Record<string, { json: unknown }> => ({
  "articles/a0": { json: article(said) },
  [`articles?q=${encodeURIComponent(said.search)}`]: { json: list(said.articles.slice(1, 3)) },
  [`articles?q=${encodeURIComponent(said.unknown)}`]: { json: list([]) },
  "articles?": { json: list(said.articles) },
});
const home = { site: () => ({ articles: true }), answers: answering };

async function writes({ chat }: Moment, text: string): Promise<void> {
  await chat.locator(".write").fill(text);
  await chat.locator(".go").click();
}

async function searches({ chat }: Moment, words: string): Promise<void> {
  await chat.locator(".search input").fill(words);
}

async function opensMenu({ chat }: Moment): Promise<void> {
  await chat.locator("[aria-haspopup=menu]").click();
}

/** Fills what has to be filled in, and sends the form. */
async function submits({ chat, said }: Moment): Promise<void> {
  await chat.locator("textarea").fill(said.question);
  await chat.locator("[type=submit]").click();
}

async function attaches({ chat }: Moment, name: string, mimeType: string): Promise<void> {
  await chat.locator("input[type=file]").setInputFiles({ name, mimeType, buffer: Buffer.alloc(310_000, 7) });
}

/** Closes the window, and lets Lena write so many messages. */
async function misses({ chat, page, played, said }: Moment, count: number): Promise<void> {
  await chat.locator(".bubble").first().waitFor();
  await chat.locator(".tool").last().waitFor();
  await chat.locator(".head .tools button, .hello .tool").last().click();
  await chat.waitFor({ state: "hidden" });
  await page.waitForTimeout(50); // the last of the log has been told as read
  played.add(...Array.from({ length: count }, () => theirs(said.answer)));
}

const START: State[] = [
  { name: "launcher", shown: ".launcher", isClosed: true },
  { name: "launcher-away", site: () => ({ open: false }), shown: ".launcher.away", isClosed: true },
  { name: "launcher-unread", script: chatting, act: async (moment) => misses(moment, 2), shown: ".badge" },
  { name: "launcher-many-unread", script: chatting, act: async (moment) => misses(moment, 120), shown: ".badge" },
  { name: "launcher-failed", answers: () => ({ "/widget/app": "away" }), act: async ({ page }) => page.locator("balie-chat .launcher").click(), shown: ".tip:not([hidden])", isClosed: true },
  { name: "greeting", site: (said) => ({ greetings: [{ text: said.greeting, after_ms: 0 }] }), act: async ({ page }) => page.evaluate(() => scrollTo(0, 300)), shown: ".tip:not([hidden]) .no", isClosed: true },
  { name: "home", ...home, shown: ".list li:nth-child(4)" },
  { name: "home-found", ...home, act: async (moment) => searches(moment, moment.said.search), shown: ".list li:nth-child(2):last-child" },
  { name: "home-nothing", ...home, act: async (moment) => searches(moment, moment.said.unknown), shown: ".page:not(:has(.list))" },
  { name: "article", ...home, act: async ({ chat }) => chat.locator(".list button").first().click(), shown: ".article" },
  { name: "composer-first", site: () => ({ departments: [{ key: "support", name: "Support" }] }), shown: ".hello ~ .composer" },
  { name: "form", site: (said) => ({ form: FORM, consent: { text: said.consent, url: "https://shop.example/privacy", required: true } }), shown: ".check" },
  { name: "form-errors", site: (said) => ({ form: FORM, consent: { text: said.consent, required: true } }), act: async (moment) => { await moment.chat.locator("input[type=email]").fill("ada@home"); await moment.chat.locator("[type=submit]").click(); }, shown: ".note-bad" },
  { name: "line-full", script: () => ({ commands: { refuse: "queue_full" } }), act: submits, shown: ".big.warn" },
  { name: "offline-form", site: () => ({ open: false, next_open_at: Date.now() + 40_000_000 }), script: () => ({ open: false }), shown: "[type=submit]" },
  { name: "closed-hours", script: () => ({ commands: { refuse: "closed_hours" } }), answers: () => ({ "/api/sites/demo/widget": { json: { next_open_at: Date.now() + 40_000_000 } } }), act: submits, shown: ".head + .stage [type=submit]" },
  { name: "message-sent", site: () => ({ articles: true }), script: (said) => ({ state: "queued", log: [queued({ mode: "message", fields: { email: "ada@home.example" } }), mine(said.question)] }), shown: ".keep" },
];

const LINE: State[] = [
  { name: "waiting-fourth", script: (said) => waiting(said, place(4, 6, eta(170_000, 290_000))), shown: ".ticket" },
  { name: "waiting-many", script: (said) => waiting(said, place(17, 30, eta(800_000, 1_500_000))), shown: ".ticket" },
  { name: "waiting-next", script: (said) => waiting(said, place(1, 3, eta(20_000, 55_000))), shown: ".ticket" },
  { name: "waiting-unknown", script: (said) => waiting(said, place(2, 2)), shown: ".ticket" },
  { name: "waiting-paused", script: (said) => waiting(said, place(2, 4, { paused: true })), shown: ".ticket" },
  { name: "waiting-nobody", script: (said) => ({ ...waiting(said, place(2, 4)), open: false }), shown: ".ticket.busy .button" },
  { name: "waiting-long", script: (said) => waiting(said, place(9, 14, eta(2_400_000, 4_800_000))), shown: ".ticket.busy .button" },
  { name: "message-instead", script: (said) => waiting(said, place(9, 14, eta(2_400_000, 4_800_000))), act: async ({ chat }) => chat.locator(".ticket .button").click(), shown: ".head + .stage [type=submit]" },
  { name: "requeued", script: (said) => ({ ...waiting(said, place(1, 3)), log: [...opening(said), system("agent_away", { agent: LENA }), system("requeued", { department: "support", enqueued_at: 0, reason: "agent_gone" })] }), shown: ".ticket.strip" },
  { name: "ask-leave", script: (said) => waiting(said, place(3, 5)), act: async ({ chat }) => chat.locator(".below button").click(), shown: "[role=alertdialog]" },
];

const CHAT: State[] = [
  { name: "chat", script: chatting, shown: ".turn:nth-last-child(1)" },
  { name: "chat-read", script: (said) => ({ ...chatting(said, mine(said.question)), read: { agent: 7 } }), shown: ".meta.read" },
  { name: "chat-typing", script: (said) => ({ ...chatting(said), after: [{ t: "typing", from: { role: "agent", ...LENA }, on: true }] }), shown: ".typing" },
  { name: "chat-sent", script: (said) => ({ ...chatting(said), read: { agent: 3 } }), act: async (moment) => writes(moment, moment.said.reply), shown: ".mine:last-child .meta .icon" },
  { name: "chat-sending", script: (said) => ({ ...chatting(said), commands: "silence" }), act: async (moment) => writes(moment, moment.said.reply), shown: ".bubble.wait" },
  { name: "chat-failed", script: (said) => ({ ...chatting(said), commands: { refuse: "wrong_state" } }), act: async (moment) => writes(moment, moment.said.reply), shown: ".meta.lost" },
  { name: "chat-days", script: (said) => chatting(said, mine(said.question, { days_ago: 8 }), theirs(said.answer, { days_ago: 1 }), mine(said.reply)), shown: ".day ~ .day" },
  { name: "chat-new-messages", script: chatting, act: async (moment) => { await misses(moment, 2); await moment.page.locator("balie-chat .launcher").click(); }, shown: ".day.fresh" },
  { name: "chat-below", script: (said) => chatting(said, ...opening(said).slice(3), ...opening(said).slice(3), ...opening(said).slice(3)), act: async ({ chat, played, said }) => { await chat.locator(".log").evaluate((log) => { log.scrollTop = 0; }); await chat.locator(".jump").waitFor(); played.add(theirs(said.answer), theirs(said.link)); }, shown: ".jump:not(.quiet)" },
  { name: "chat-choices", script: (said) => ({ state: "active", log: [queued(), { ...theirs(said.bot, { choices: said.choices }), from: { role: "bot", name: "Balie" } }] }), shown: ".quick" },
  { name: "chat-article", site: () => ({ articles: true }), script: (said) => chatting(said, theirs(said.articles[0], { article: { id: "a0", title: said.articles[0] } })), answers: answering, shown: "button.bubble.file" },
  { name: "chat-long-text", script: (said) => chatting(said, theirs(`${said.link} `.repeat(9)), mine("x".repeat(400))), shown: ".mine:last-child" },
  { name: "chat-too-long", script: chatting, act: async ({ chat }) => chat.locator(".write").fill("a".repeat(10_037)), shown: ".over" },
  { name: "chat-emoji", script: chatting, act: async ({ chat }) => chat.locator(".box button[aria-expanded]").click(), shown: ".emoji", isDeskOnly: true },
  { name: "chat-menu", script: chatting, act: opensMenu, shown: "[role=menu]" },
  { name: "ask-end", script: chatting, act: async (moment) => { await opensMenu(moment); await moment.chat.locator("[role=menuitem]").last().click(); }, shown: "[role=alertdialog]" },
  { name: "transferred", script: (said) => chatting(said, system("transferred", { to: { agent: TOM } }, { role: "agent", ...LENA }), joined(TOM), theirs(said.answer, {}, TOM)), shown: ".turn:last-child" },
  { name: "files", script: (said) => chatting(said, theirs(undefined, { attachment: PHOTO }), theirs(undefined, { attachment: MANUAL }), mine(undefined, { attachment: { ...PHOTO, name: "mine.png" } })), answers: () => ({ "/thumbnail": { body: picture() } }), shown: ".mine .pic" },
  { name: "files-uploading", site: () => UPLOADS, script: chatting, answers: () => ({ "/attachments": "never" }), act: async (moment) => attaches(moment, "slip.png", "image/png"), shown: ".file progress" },
  { name: "files-refused", site: () => UPLOADS, script: chatting, act: async (moment) => attaches(moment, "setup.exe", "application/x-msdownload"), shown: ".over" },
  { name: "files-failed", site: () => UPLOADS, script: chatting, answers: () => ({ "/attachments": { status: 415, json: {} } }), act: async (moment) => attaches(moment, "slip.png", "image/png"), shown: ".meta.lost" },
];

const END: State[] = [
  { name: "ended", script: ended, shown: ".stars" },
  { name: "ended-rating", script: ended, act: async ({ chat }) => chat.locator("input[type=radio]").nth(3).check({ force: true }), shown: "#comment" },
  { name: "rated", script: (said) => ended(said, system("rated", { score: 4 }, { role: "visitor" })), shown: ".ended .title" },
];

const LINE_LOST: State[] = [
  { name: "offline", script: chatting, act: async ({ played, page }) => { await page.context().setOffline(true); await played.cut(); }, shown: ".banner" },
  { name: "reconnecting", script: chatting, act: async (moment) => { await moment.played.cut(); await writes(moment, moment.said.reply); }, shown: ".banner" },
  { name: "back", script: chatting, act: async ({ chat, played }) => { await played.cut(); await chat.locator(".banner").waitFor(); played.mend(); }, shown: ".banner.ok" },
  // Only the question why no socket opens asks for the site without a language.
  { name: "down", isCut: true, answers: () => ({ "/api/sites/demo/widget": "away" }), shown: ".big.warn" },
  { name: "blocked", isCut: true, answers: () => ({ "/messages": { status: 400, json: {} } }), shown: ".foot > .button + .button" },
  { name: "busy", isCut: true, answers: () => ({ "/messages": { status: 400, json: {} }, "/ws/visitor": { status: 429, json: {} } }), shown: ".foot > .button + .button" },
  { name: "refused", isCut: true, answers: () => ({ "/messages": { status: 403, json: {} } }), shown: ".page:last-child .big.warn" },
];

/** By the part of a visit that they belong to. */
export const STATES = { before: START, waiting: LINE, chatting: CHAT, after: [...END, ...LINE_LOST] };

/** Long enough on a busy machine for a line that is lost, which is told after three seconds, and tried thrice at that. */
const SHOWN_WITHIN_MS = 15_000;

/** Brings the page of the demo shop into the state. */
export async function bringAbout(page: Page, origin: string, state: State, said: Said): Promise<void> {
  await page.route("**/api/sites/demo/widget?lang**", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), open: true, articles: false, greetings: [], ...state.site?.(said) } });
  });
  for (const [part, answer] of Object.entries(state.answers?.(said) ?? {}).reverse()) {
    await page.route(
      ({ href }) => href.includes(part) && !href.includes("/widget?lang"),
      (route) => (answer === "away" ? route.abort() : answer === "never" ? undefined : route.fulfill({ status: 200, ...answer })),
    );
  }
  const played = await follow(page, state.script?.(said) ?? {});
  if (state.isCut === true) await played.cut();
  await page.goto(`${origin}/demo/`);
  const chat = page.locator("balie-chat [role=dialog]");
  const launcher = page.locator("balie-chat .launcher");
  await launcher.waitFor();
  if (state.isClosed !== true) {
    await launcher.click();
    await chat.waitFor();
    await chat.locator(state.script?.(said).log === undefined ? ".head, .hello" : ".log, .keep").first().waitFor();
  }
  await state.act?.({ page, chat, said, played });
  await page.locator(`balie-chat ${state.shown}`).first().waitFor({ timeout: SHOWN_WITHIN_MS });
  await until("the pictures are drawn", async () => page.locator("balie-chat canvas").evaluateAll((all) => all.every((each) => each instanceof HTMLCanvasElement && each.getContext("2d")?.getImageData(5, 5, 1, 1).data[3] === 255)));
}

/** A picture of one colour, 300 by 200, as a server makes small ones. */
function picture(): Buffer {
  const [width, height] = [300, 200];
  const row = Buffer.concat([Buffer.of(0), ...Array.from({ length: width }, (_, x) => Buffer.of(60 + (x >> 1), 140, 120))]);
  const number = (value: number): Buffer => Buffer.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  const part = (kind: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
    return Buffer.concat([number(data.length), body, number(crc32(body))]);
  };
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), part("IHDR", Buffer.concat([number(width), number(height), Buffer.of(8, 2, 0, 0, 0)])), part("IDAT", pixels), part("IEND", Buffer.alloc(0))]);
}
