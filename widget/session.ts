// The visitor's line to the server: one connection, one outbox, one visit, and what happens between them. Made when the
// chat is first opened (or when an open conversation is found from an earlier page); the views call its actions and look at
// `visit` and `connection`, and never see the socket.

import { type Connection, type ConnectionState, createConnection } from "../client/connection.ts";
import { type Cancel, type Clock, type KeyValueStore, observable, type Observable, type Random, type Socket, type Surroundings } from "../client/environment.ts";
import { createIds } from "../client/id.ts";
import { wellFormed } from "../client/limits.ts";
import { createOutbox, type Entry, type OutboxChange, type Refusal, type TabLock } from "../client/outbox.ts";
import { afterOf } from "../client/timeline.ts";
import type { FromVisitor, Page, ToVisitor, VisitorHello } from "../client/wire.ts";
import { outboxPrefix } from "./embed.ts";
import type { Memory } from "./memory.ts";
import { changed, emptyVisit, isLive, isOver, keptOf, receive, restored, type Visit, type VisitorCommand, withoutConversation } from "./visit.ts";

export interface SessionOptions {
  site: string;
  url: string;
  openSocket(url: string): Socket;
  clock: Clock;
  random: Random;
  surroundings: Surroundings;
  local: KeyValueStore;
  lock: TabLock;
  memory: Memory;
  /** Where the visitor is now. */
  page(): Page;
  lang: string;
  tz?: string;
}

/** Why a chat could not be started, which field was wrong, and what had been written. */
export type RefusedStart = Refusal & { field?: string; text?: string };

export interface Session {
  visit: Observable<Visit>;
  connection: Observable<ConnectionState>;
  /** The last `start` that was refused for good, until the next one. */
  refusedStart: Observable<RefusedStart | undefined>;
  /** The last `seq` that was on screen, on this page or an earlier one. */
  seen: Observable<number>;
  start(fields: Record<string, string>, department: string | undefined, text: string | undefined): void;
  /** False if too much is waiting already; the words should stay where they are. */
  send(text: string): boolean;
  retry(cmd: string): void;
  discard(cmd: string): void;
  /** What stands in the field, "" for nothing; agents see the words themselves only where the site wants that. */
  typing(words: string, isShown: boolean): void;
  /** Everything up to here was on screen. */
  saw(seq: number): void;
  /** Gives up the place in line, or ends the chat. */
  leave(): void;
  rate(score: number, comment: string | undefined): void;
  /** Puts a closed conversation away. */
  beginAnew(): void;
  pageChanged(): void;
  tryNow(): void;
  /** Whether all that is kept outlives this page. */
  isLasting(): boolean;
  stop(): void;
}

/** A visitor has one conversation at a time, so all commands stand in one line. */
const LANE = "visitor";
/** Others see "is typing" for 6 s; half of that keeps it steady. */
const TYPING_EVERY_MS = 3_000;
/** Where agents see the words, they come as fast as one reads. */
const PREVIEW_EVERY_MS = 1_000;
/** Nobody who comes back later than this wants to be put in line for what they wrote then. */
const START_FOR_MS = 10 * 60_000;
/** Addresses of pages can be long (searches, tracking); the frame has a limit, and nobody reads further. */
const PAGE_CHARS_MAX = 2_000;

/** A closed conversation can be read for a day. */
const READABLE_MS = 24 * 3_600_000;

/** The conversation as an earlier page left it, if it is the one to go on with. */
function firstVisit(memory: Memory, now: number): Visit {
  const session = memory.session();
  const visit = emptyVisit(session?.dismissed);
  const kept = memory.log();
  const isOld = session?.isLive === false && (kept?.events.at(-1)?.at ?? 0) < now - READABLE_MS;
  return kept === undefined || kept.epoch !== session?.epoch || kept.conversation.id !== session.conversation || isOld ? visit : restored(visit, kept);
}

export function createSession(options: SessionOptions): Session {
  const { site, clock, memory, local } = options;
  const remembered = memory.session();
  const visit = observable<Visit>(firstVisit(memory, clock.now()));
  const refusedStart = observable<RefusedStart | undefined>(undefined);
  const seen = observable(remembered?.seen ?? 0);
  const newId = createIds(clock, options.random);
  let token = remembered?.token;
  let epoch = remembered?.epoch;
  let typed_at = Number.NEGATIVE_INFINITY;
  /** Tells the latest words when their time has come. */
  let typingLater: Cancel | undefined;

  const connection: Connection<FromVisitor> = createConnection<FromVisitor, ToVisitor>({
    url: options.url,
    open: options.openSocket,
    clock,
    random: options.random,
    surroundings: options.surroundings,
    hello: () => ({ t: "hello", ...hello() }),
    ping: (n) => ({ t: "ping", n }),
    onFrame,
    onClose: (code) => outbox.closed(code),
    onUnauthorized() {
      const hadToken = token !== undefined;
      token = undefined;
      memory.dropSession();
      return hadToken;
    },
  });

  const outbox = createOutbox<VisitorCommand>({
    store: { ...local, set: keepWords },
    prefix: outboxPrefix(site),
    lock: options.lock,
    clock,
    send: (command) => connection.send(command),
    refuse,
    onChange: outboxChanged,
  });

  function hello(): VisitorHello {
    const { timeline } = visit.get();
    const conversation = timeline.conversation === "" ? remembered?.conversation : timeline.conversation;
    return {
      site,
      page: page(),
      lang: options.lang,
      ...(token === undefined ? {} : { token }),
      ...(epoch === undefined ? {} : { epoch }),
      // Without the events of an earlier page the whole log is asked for, not what came after.
      ...(conversation === undefined ? {} : { conversation, after: afterOf(timeline) ?? 0 }),
      ...(options.tz === undefined ? {} : { tz: options.tz }),
    };
  }

  function page(): Page {
    const { url, title, referrer } = options.page();
    const cut = (text: string): string => wellFormed(text.slice(0, PAGE_CHARS_MAX));
    return { url: cut(url), title: cut(title), ...(referrer === undefined ? {} : { referrer: cut(referrer) }) };
  }

  function onFrame(frame: ToVisitor): void {
    if (frame.t === "welcome") {
      token = frame.token;
      epoch = frame.epoch;
    }
    show(receive(visit.get(), frame, clock.now()));
    if (frame.t === "welcome") welcomed(frame);
    else if (frame.t === "ack") outbox.acknowledged(frame.cmd);
    else if (frame.t === "error" && frame.cmd !== undefined) refused(frame.cmd, frame);
    if (visit.get().timeline.condition !== "whole") connection.helloAgain();
  }

  function welcomed({ conversation }: Extract<ToVisitor, { t: "welcome" }>): void {
    outbox.opened();
    // What was read while there was no line, the server does not know yet.
    const unsaid = Math.min(seen.get(), conversation?.seq ?? 0);
    if (conversation !== undefined && conversation.id === visit.get().conversation?.id && unsaid > conversation.read.visitor) {
      connection.send({ t: "read", seq: unsaid });
    }
  }

  function refused(cmd: string, frame: Extract<ToVisitor, { t: "error" }>): void {
    const { code, message, retry_ms, field } = frame;
    const isStart = visit.get().doing.start === cmd;
    const text = visit.get().timeline.pending.find((own) => own.cmd === cmd)?.text;
    outbox.refused(cmd, { code, message }, retry_ms);
    if (!isStart || retry_ms !== undefined) return;
    // What was written goes back to where it can be changed; a second `start` of the same words is another command.
    outbox.discard(cmd);
    refusedStart.set({ code, message, ...(field === undefined ? {} : { field }), ...(text === undefined ? {} : { text }) });
  }

  /** The disk may be full: unsent words are worth more than a copy of what the server has. */
  function keepWords(key: string, value: string): boolean {
    if (local.set(key, value)) return true;
    memory.keepLog(undefined);
    return local.set(key, value);
  }

  /** A visit to show and to remember. */
  function show(next: Visit): void {
    const before = visit.get();
    visit.set(next);
    const conversation = next.conversation?.id;
    if (conversation !== before.conversation?.id && conversation !== remembered?.conversation) seen.set(0);
    if (next.conversation !== before.conversation || next.token !== before.token || next.doing !== before.doing) remember();
    const kept = next.timeline.events === before.timeline.events ? undefined : keptOf(next);
    if (kept !== undefined) memory.keepLog(kept);
    // What another tab had on screen is read here too.
    if (next.timeline.read.visitor > seen.get()) seen.set(next.timeline.read.visitor);
  }

  function remember(): void {
    const { conversation, dismissed, timeline } = visit.get();
    if (token === undefined || epoch === undefined) return;
    memory.keepSession({
      token,
      epoch,
      isLive: isLive(visit.get()) || visit.get().doing.start !== undefined,
      seen: timeline.conversation === "" ? 0 : seen.get(),
      ...(conversation === undefined ? {} : { conversation: conversation.id }),
      ...(dismissed === undefined ? {} : { dismissed }),
    });
  }

  function outboxChanged(change: OutboxChange<VisitorCommand>): void {
    show(changed(visit.get(), change, clock.now()));
    const { command } = change.entry;
    // A refused `leave` or `rate` has no words to keep; the log says how things are.
    if (change.kind === "failed" && command.t !== "send" && command.t !== "start") outbox.discard(command.cmd);
  }

  /** What was written for a conversation that is over must not land in the next one. */
  function refuse({ conversation, command }: Entry<VisitorCommand>): Refusal | undefined {
    const { conversation: present } = visit.get();
    if (conversation === undefined || command.t === "start") return undefined;
    const isMissed = present?.id !== conversation || (isOver(visit.get()) && command.t !== "rate");
    return isMissed ? { code: "wrong_state", message: "" } : undefined;
  }

  function add(command: VisitorCommand): boolean {
    const conversation = visit.get().timeline.conversation;
    return outbox.add(command, LANE, conversation === "" ? undefined : conversation);
  }

  /** After a reload: what an earlier page wrote and nobody has answered yet. */
  function restore(): void {
    for (const entry of outbox.entries()) {
      const isStale = entry.command.t === "start" && clock.now() - entry.made_at > START_FOR_MS;
      if (isStale) outbox.discard(entry.command.cmd);
      else outboxChanged({ kind: "added", entry });
    }
  }

  restore();
  connection.start();

  function tellTyping(words: string, isShown: boolean): void {
    typed_at = clock.now();
    connection.send({ t: "typing", on: true, ...(isShown ? { preview: wellFormed(words) } : {}) });
  }

  /** Whether anybody had been told that there is typing. */
  function typingEnds(): boolean {
    const wasTold = typed_at !== Number.NEGATIVE_INFINITY;
    typed_at = Number.NEGATIVE_INFINITY;
    typingLater?.();
    typingLater = undefined;
    return wasTold;
  }

  return {
    visit,
    connection: connection.state,
    refusedStart,
    seen,
    start(fields, department, text) {
      refusedStart.set(undefined);
      const words = text === undefined || text === "" ? {} : { text: wellFormed(text) };
      add({ t: "start", cmd: newId(), fields, ...(department === undefined ? {} : { department }), ...words });
    },
    send(text) {
      typingEnds();
      return add({ t: "send", cmd: newId(), text: wellFormed(text) });
    },
    retry: (cmd) => outbox.retry(cmd),
    discard: (cmd) => outbox.discard(cmd),
    typing(words, isShown) {
      if (!isLive(visit.get())) return;
      if (words === "") {
        if (typingEnds()) connection.send({ t: "typing", on: false });
        return;
      }
      const due_in_ms = typed_at + (isShown ? PREVIEW_EVERY_MS : TYPING_EVERY_MS) - clock.now();
      typingLater?.();
      typingLater = undefined;
      if (due_in_ms <= 0) tellTyping(words, isShown);
      else if (isShown) typingLater = clock.after(due_in_ms, () => tellTyping(words, true));
    },
    saw(seq) {
      if (seq <= seen.get()) return;
      seen.set(seq);
      connection.send({ t: "read", seq });
      remember();
    },
    leave: () => void add({ t: "leave", cmd: newId() }),
    rate: (score, comment) => void add({ t: "rate", cmd: newId(), score, ...(comment === undefined ? {} : { comment: wellFormed(comment) }) }),
    beginAnew() {
      for (const { command } of outbox.entries()) outbox.discard(command.cmd);
      seen.set(0);
      show(withoutConversation(visit.get()));
      memory.keepLog(undefined);
      remember();
    },
    pageChanged() {
      const { url, title } = page();
      connection.send({ t: "page", url, title });
    },
    tryNow: () => connection.retryNow(),
    isLasting: () => local.isLasting(),
    stop() {
      typingEnds();
      connection.stop();
      outbox.stop();
    },
  };
}
