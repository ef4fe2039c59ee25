// The chat itself, loaded when it is first opened: makes the session, keeps the one model, and puts the pieces together.
// One way only: session → model → views; views call actions, and nothing else changes the model.

import { browserClock, browserLock, browserStore, browserSurroundings, listen, openSocket, socketUrl, whenIdle } from "../client/browser.ts";
import type { Cancel, KeyValueStore } from "../client/environment.ts";
import { secureRandom } from "../client/id.ts";
import { TYPING_FOR_MS } from "../client/timeline.ts";
import { type Context, createActions } from "./actions.ts";
import { onDemand } from "./demand.ts";
import { type Host, outboxPrefix, PHONE, type Prepared, type SiteInfo, type Widget } from "./embed.ts";
import { createFrame } from "./frame.ts";
import { type Phrases, phrases, Word } from "./i18n/index.ts";
import { createMemory, type Memory } from "./memory.ts";
import { type Actions, isOpen, isPlainStart, type Later, type Model, questionOf, screenOf } from "./model.ts";
import { createSession, type RefusedStart, type Session } from "./session.ts";
import { PALE_AFTER_MS } from "./thread.ts";
import { createTitle } from "./title.ts";
import { afterConnection, afterTime, afterVisit, cleanTable, unreadCount } from "./update.ts";
import { emptyVisit, isInLine, isLive } from "./visit.ts";

const BACK_FOR_MS = 4_000;
/** While the window is open, time itself changes what it shows: waits, typing, banners. */
const TICK_MS = 1_000;
/** A timer's worth more than the moment it is for, so that the moment is surely past. */
const SLACK_MS = 20;
/** Where what tells it cannot be loaded, only the latest is worth telling. */
const UNTOLD_MAX = 100;

/** What may be loaded after the chat itself, by the part of the model that it fills, if any. */
const PARTS = {
  later: part("", () => import("./later.ts")),
  laterHome: part("_home", () => import("./later_home.ts")),
  forms: part("_forms", () => import("./later_forms.ts")),
  ticket: part("_ticket", () => import("./later_ticket.ts")),
  phone: part("_phone", () => import("./later_phone.ts")),
  plain: part("_plain", () => import("./later_plain.ts")),
};

/** Firefox never asks again for a module that could not be loaded: each later try has an address of its own. */
function part<T>(name: string, load: () => Promise<T>): () => Promise<T> {
  return () => load().catch(() => import(`${import.meta.url.replace("t/app", `t/later${name}`)}?${Date.now()}`) as Promise<T>);
}

/** @inside */
interface Part<T> {
  create(context: Context): T;
}

type Parts = typeof PARTS;
type PartName = keyof Parts;
type Loaded = { [K in PartName]?: Awaited<ReturnType<Parts[K]>> };

/**
 * Fetches what the chat needs, and gives what begins it: only then is anything stored or a socket opened. Fails if the server
 * does not answer, or has words of another version only.
 */
export async function prepare(host: Host, words: Promise<Response | undefined>): Promise<Prepared> {
  const site = await host.siteInfo();
  if (site === undefined) throw new Error("The server does not answer.");
  const local = browserStore(() => localStorage);
  const memory = createMemory(host.site, local, browserStore(() => sessionStorage));
  const isKnown = memory.session() !== undefined;
  // What will be seen first comes beside the words, so that nothing moves when it comes; the chat begins without it, too.
  const seen: Record<PartName, boolean> = {
    later: isKnown,
    laterHome: site.articles,
    ticket: !!memory.session()?.isLive,
    forms: isKnown || !site.open || !isPlainStart({ site }),
    phone: matchMedia(PHONE).matches,
    plain: !CSS.supports("color", "light-dark(red, oklch(from red l c h))"),
  };
  const early: Loaded = {};
  const load = async <K extends PartName>(name: K): Promise<void> => {
    if (seen[name]) early[name] = (await PARTS[name]().catch(() => undefined)) as Loaded[K];
  };
  const [spoken] = await Promise.all([phrasesOf(host, site, words), ...(Object.keys(PARTS) as PartName[]).map(load)]);
  const make = (): Made => create(host, { ...site, articles: early.laterHome !== undefined }, spoken, local, memory, early);
  // Made ahead, unseen. Whoever is known will come without a press, and may have become somebody before it.
  let made = isKnown ? undefined : make();
  return {
    begin() {
      if (memory.session()) made?.destroy();
      if (!made || memory.session()) made = make();
      made.begin();
      return made;
    },
    destroy: () => made?.destroy(),
  };
}

/** Just after an upgrade a browser may still know where the words of the version before are; the name without a hash is never theirs. */
function phrasesOf({ origin, wishes }: Host, { lang }: SiteInfo, words: Promise<Response | undefined>): Promise<Phrases> {
  const read = async (answer: Response | undefined): Promise<Phrases> => phrases(await (answer as Response).text(), lang, wishes);
  return words.then(read).catch(() => fetch(`${origin}/widget/words-${lang}.txt`).then(read));
}

/** @inside */
interface Made extends Widget {
  begin(): void;
}

function create(host: Host, site: SiteInfo, spoken: Phrases, local: KeyValueStore, memory: Memory, early: Loaded): Made {
  const clock = browserClock;
  const title = createTitle();
  let model = firstModel(site, spoken, memory);
  const session = sessionOf(host, memory, local, { forgotten: () => keep({}), later: () => later() });
  const frame = createFrame({ host, model: () => model, actions: () => actions, onSeen: session.saw, phone: () => phoneScreen() });
  /** What happened and is not told yet, because who tells it is not there. */
  const untold: ((later: Later) => void)[] = [];
  let isDrawDue = false;
  /** The number of unread messages that the page was told last. */
  let told = 0;
  /** What the launcher shows, at first what the loader let it show: to draw it takes a phone some milliseconds. */
  let shown = `false,0,${!site.open}`;
  let tick: Cancel = () => {};

  function change(part: Partial<Model>): void {
    model = { ...model, ...part };
    if (isDrawDue) return;
    isDrawDue = true;
    queueMicrotask(() => isDrawDue && draw());
  }

  function say(word: Word.messageSent | Word.offline | Word.reconnecting | Word.back): void {
    tell((teller) => teller.say(spoken.say(word)));
  }

  function tell(...more: typeof untold): void {
    untold.push(...more);
    const { later: teller } = model;
    if (teller) for (const each of untold.splice(0)) each(teller);
    else untold.splice(0, untold.length - UNTOLD_MAX);
  }

  function keep(values: Model["values"]): void {
    change({ values });
    memory.keepDraft({ values: { ...values } });
  }

  function draw(): void {
    isDrawDue = false;
    tell();
    const unread = unreadCount(model.visit, session.seen.get());
    if (unread !== told) host.tell("unread", { count: unread });
    told = unread;
    const isAway = !isOpen(model) && !isLive(model.visit);
    const state = { isOpen: frame.isOpen(), unread, isAway };
    if (shown !== (shown = `${Object.values(state)}`)) host.launcher.show(state);
    title(unread);
    if (!frame.isOpen()) return;
    const screen = screenOf(model);
    // From here on the form stays, whoever comes or goes; until something was written the first word of the server may still choose it.
    const { values, visit } = model;
    if ((visit.isKnown || values[""] || values[questionOf(model)]) && (screen === "start" || screen === "message")) model = { ...model, form: screen };
    frame.draw(model, actions);
  }

  function lookAgainAfter(delay_ms: number): void {
    clock.after(delay_ms + SLACK_MS, () => change({ now: clock.now() }));
  }

  function visitChanged(): void {
    const before = model;
    const visit = session.visit.get();
    change(afterVisit(model, visit, clock.now()));
    if (isInLine(visit)) want(ticket);
    if (visit.timeline.pending.length > 0) lookAgainAfter(PALE_AFTER_MS);
    if (visit.timeline.typing.length > 0) lookAgainAfter(TYPING_FOR_MS);
    // The question is in the log now; until now it was kept in the form, had it been refused.
    if (before.visit.conversation === undefined && before.visit.doing.start !== undefined && visit.conversation !== undefined) keep({ ...model.values, [questionOf(model)]: "" });
    if (screenOf(before) === "message" && screenOf(model) === "sent") {
      say(Word.messageSent);
      keep({ ...model.values, [questionOf(model)]: "", "": "" });
    }
    const after = model;
    tell(({ hear }) => hear(before.visit, after));
  }

  function startRefused(refusedStart: RefusedStart | undefined): void {
    change({ refusedStart, errors: {} });
    if (refusedStart !== undefined) want(() => forms().then(({ refused }) => refused(refusedStart)));
    // Without a form the words go back into the composer, unless something else stands there by now.
    if (isPlainStart(model) && refusedStart?.code !== "closed_hours" && refusedStart?.text !== undefined && (model.values[""] ?? "") === "") keep({ ...model.values, "": refusedStart.text });
  }

  function connectionChanged(): void {
    const before = model.banner;
    host.tell("connection", { state: session.connection.get().kind });
    change(afterConnection(model, session.connection.get(), clock.now()));
    if (model.connection.kind === "open") whenIdle(fetchLater);
    if (model.banner !== "back" || before === "back") return;
    say(Word.back);
    clock.after(BACK_FOR_MS, () => model.banner === "back" && change({ banner: undefined }));
  }

  function timePassed(): void {
    const before = model.banner;
    change({ ...afterTime(model, clock.now()), isLasting: session.isLasting() });
    if (model.banner !== before && model.banner === "offline") say(Word.offline);
    if (model.banner !== before && model.banner === "reconnecting") say(Word.reconnecting);
    tick = clock.after(TICK_MS, timePassed);
    whenIdle(fetchLater); // what could not be loaded may be wanted now
  }

  function open(): void {
    if (!frame.open()) return;
    const seen = session.seen.get();
    const hasUnread = seen > 0 && unreadCount(model.visit, seen) > 0;
    change({ isPhone: matchMedia(PHONE).matches, isAtBottom: true, below: 0, fresh_after: hasUnread ? seen : undefined });
    memory.keepOpen(true);
    host.tell("open");
    if (screenOf(model) === "start" && !isPlainStart(model)) host.tell("form:shown");
    tick();
    timePassed();
    draw();
    frame.focusFirst();
  }

  function close(): void {
    if (!frame.close()) return;
    tick();
    memory.keepOpen(false);
    host.tell("close");
    change({ menu: false, hasEmoji: false, form: undefined, question: undefined, fresh_after: undefined });
  }

  const shared = { host, clock, session, frame, model: () => model, change, keep, close, local, later: () => later(), laterHome: () => laterHome(), forms: () => forms(), ticket: () => ticket() };
  const actions: Actions = createActions(shared);
  const context = { ...shared, actions };
  /** Made once, and shown from then on. */
  const demand = <T extends object>(load: () => Promise<Part<T>>, show: (part: T) => Partial<Model>, loaded: Part<T> | undefined): (() => Promise<T>) => {
    const make = ({ create }: Part<T>): T => {
      const part = create(context);
      change(show(part));
      return part;
    };
    return onDemand(load, make, loaded);
  };
  const later = demand(PARTS.later, (part) => ({ later: part }), early.later);
  const laterHome = demand(PARTS.laterHome, (part) => ({ laterHome: part }), early.laterHome);
  const forms = demand(PARTS.forms, (part) => ({ forms: part }), early.forms);
  const ticket = demand(PARTS.ticket, (part) => ({ ticket: part, ...part.after(model, model.visit, clock.now()) }), early.ticket);
  const phoneScreen = onDemand(PARTS.phone, ({ create }) => create(context), early.phone);
  early.plain?.create(context);
  const fetchLater = (): void => [later, forms].forEach(want); // asked for again when there is a line
  const redraw = (): void => change({ now: clock.now() });
  const phone = matchMedia(PHONE);
  const page: { navigation?: EventTarget } = window;
  const undo: Cancel[] = [];
  function fieldsSet(): void {
    keep({ ...host.wanted.fields, ...model.values });
  }

  function begin(): void {
    const now = clock.now();
    change({ now, lost_since: now });
    undo.push(
      session.visit.subscribe(visitChanged),
      session.connection.subscribe(connectionChanged),
      session.seen.subscribe(redraw),
      session.refusedStart.subscribe(startRefused),
      session.barred.subscribe((barred) => change({ barred })),
      listen(document, "visibilitychange", redraw),
      // What a single-page app does the newer one of the two hears wholly, the other only of Back.
      listen(page.navigation ?? window, "currententrychange popstate", session.pageChanged),
      listen(phone, "change", () => {
        change({ isPhone: phone.matches });
        if (phone.matches) want(phoneScreen);
      }),
    );
    visitChanged();
    connectionChanged();
    fieldsSet();
    // The window is drawn first: what the server is told takes a phone as long, above all the time zone.
    whenIdle(() => undo.length > 0 && session.begin());
    whenIdle(fetchLater);
  }

  // Drawn ahead, unless it is wanted at once: to draw it twice would take a phone some milliseconds.
  if (!memory.session()) clock.after(0, () => undo.length > 0 || frame.draw(model, actions));
  return {
    begin,
    identified: session.begin,
    pageSet: session.pageChanged,
    fieldsSet,
    startChat(text, department) {
      open();
      if (text !== undefined && text !== "" && !isLive(model.visit) && model.visit.doing.start === undefined) session.start(model.forms?.answers() ?? {}, department ?? site.departments[0]?.key, text);
    },
    open,
    close,
    toggle: () => (frame.isOpen() ? close() : open()),
    destroy() {
      close();
      for (const each of undo.splice(0)) each();
      model.later?.stop();
      session.stop();
      title(0);
      frame.destroy();
    },
  };
}

/** Nobody waits for it; where it cannot be loaded it is asked for again. */
function want(part: () => Promise<unknown>): void {
  part().catch(() => {});
}

function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function sessionOf(host: Host, memory: Memory, local: KeyValueStore, { forgotten, later }: { forgotten(): void; later(): Promise<Later> }): Session {
  return createSession({
    site: host.site,
    url: socketUrl(host.origin, "/ws/visitor"),
    openSocket,
    clock: browserClock,
    random: secureRandom,
    surroundings: browserSurroundings,
    local,
    lock: browserLock(outboxPrefix(host.site)),
    memory,
    identity: () => host.wanted.identity,
    dropIdentity(message) {
      host.wanted.identity = undefined;
      if (message === undefined) return;
      console.error(`Balie: ${message}`);
      host.tell("error", { message });
    },
    forgotten,
    page: () => ({ url: location.href, title: document.title, referrer: document.referrer, ...host.wanted.page }),
    lang: host.wishes.split(",")[0] ?? "",
    tz: timeZone,
    probe: async () => (await later()).probe(),
    leaveByHttp: async (message, line) => (await later()).leaveByHttp(message, line),
  });
}

function firstModel(site: SiteInfo, spoken: Phrases, memory: Memory): Model {
  const now = browserClock.now();
  return {
    ...cleanTable(),
    phrases: spoken,
    later: undefined,
    laterHome: undefined,
    forms: undefined,
    ticket: undefined,
    now,
    isPhone: matchMedia(PHONE).matches,
    site,
    isExpected: memory.session()?.isLive === true,
    visit: emptyVisit(),
    connection: { kind: "idle" },
    lost_since: now,
    isLasting: true,
    banner: undefined,
    barred: undefined,
    home: { query: "" },
    values: memory.draft().values,
    errors: {},
    isQuiet: false,
    isDropping: false,
    progress: undefined,
    range: undefined,
    isBusy: false,
    hasWayOut: false,
  };
}
