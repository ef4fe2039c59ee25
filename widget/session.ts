// The visitor's line to the server: one connection, one outbox, one visit, and what happens between them. Begun when the
// chat is first opened (or when an open conversation is found from an earlier page); the views call its actions and look at
// `visit` and `connection`, and never see the socket.

import { type Connection, type ConnectionState, createConnection } from "../client/connection.ts";
import { type Cancel, type Clock, type KeyValueStore, observable, type Observable, type Random, type Settable, type Socket, type Surroundings } from "../client/environment.ts";
import { createIds } from "../client/id.ts";
import { wellFormed } from "../client/limits.ts";
import { createOutbox, type Entry, type FileNote, type Outbox, type OutboxChange, type Refusal, type TabLock } from "../client/outbox.ts";
import { afterOf } from "../client/timeline.ts";
import type { FromVisitor, Page, ToVisitor, VisitorHello } from "../client/wire.ts";
import { outboxPrefix, sessionKey } from "./embed.ts";
import type { Memory } from "./memory.ts";
import { changed, emptyVisit, isLive, isOver, isLater, keptOf, receive, restored, type Sparse, type Visit, type VisitorCommand, withoutConversation } from "./visit.ts";

/** @inside */
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
  /** What the site signed about its visitor, "" if it says that it knows nobody. Never stored. */
  identity?(): string | undefined;
  /** That one is not to be said again; `why` the server does not take it, if that is the reason. */
  dropIdentity?(why?: string): void;
  /** This browser is another person's from now on: what was typed is not theirs. */
  forgotten?(): void;
  lang: string;
  tz?(): string;
  /** Why no socket opens although the server is there. */
  probe(): Promise<"refused" | Barred>;
  /** Leaves a message without a socket. */
  leaveByHttp(message: Message, line: HttpLine): Promise<void>;
}

/** The network takes no sockets, or the server no more of them from this address. */
export type Barred = "blocked" | "busy";

/** What a message for later consists of, beside the words. */
export interface Message {
  fields: Record<string, string>;
  department: string | undefined;
  text: string;
}

/** What whoever leaves a message without a socket (posting.ts) sees and changes of the session. @inside */
export interface HttpLine {
  site: string;
  local: KeyValueStore;
  visit: Settable<Visit>;
  refusedStart: Settable<RefusedStart | undefined>;
  newId(): string;
  /** Where the visitor is, and which language they speak. */
  about(): object;
  token(): string | undefined;
  /** This browser is that visitor from now on. */
  own(token: string): void;
}

/** Why a chat could not be started, which field was wrong, and what had been written. */
export interface RefusedStart {
  code: string;
  message: string;
  field?: string | undefined;
  text?: string | undefined;
}

/** @inside */
export interface Session {
  visit: Observable<Visit>;
  connection: Observable<ConnectionState>;
  /** The last `start` that was refused for good, until the next one. */
  refusedStart: Observable<RefusedStart | undefined>;
  /** The last `seq` that was on screen, on this page or an earlier one. */
  seen: Observable<number>;
  start(fields: Record<string, string>, department: string | undefined, text: string | undefined): void;
  /** Leaves it for later; whoever stands in line gives up the place, but not before the message is on its way. */
  leaveMessage(message: Message): void;
  /** False if too much is waiting already; the words should stay where they are. */
  send(text: string): boolean;
  /** For commands that bring a file along (attachments.ts). */
  outbox: Outbox<VisitorCommand>;
  /** Keeps a command at its place behind all that was said before, and sends it; false as above. */
  add(command: VisitorCommand, file?: FileNote): boolean;
  newId(): string;
  /** For what is read over HTTP. */
  token(): string | undefined;
  /** No socket comes through, though the server can be reached. */
  barred: Observable<Barred | undefined>;
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
  /** Opens the line; anew where the site says somebody else is here, who it is, or that it is nobody. */
  begin(): void;
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
/** So many sockets have to fail before it is asked why. */
const TRIES_MIN = 3;
/** Addresses of pages can be long (searches, tracking); the frame has a limit, and nobody reads further. */
const PAGE_CHARS_MAX = 2_000;

/** So soon the tab that was told who is here now, or that it is nobody, has a session again for all of them. */
const FOLLOW_AFTER_MS = 2_000;

/** A closed conversation can be read for a day. */
const READABLE_MS = 24 * 3_600_000;

/** The conversation as an earlier page left it, if it is the one to go on with. */
function firstVisit(memory: Memory, now: number): Visit {
  const session = memory.session();
  const visit = emptyVisit(session?.dismissed);
  const kept = memory.log();
  const isOld = session?.isLive === false && (kept?.events.at(-1)?.at ?? 0) < now - READABLE_MS;
  return kept && kept.epoch === session?.epoch && kept.conversation.id === session.conversation && !isOld ? restored(visit, kept) : visit;
}

export function createSession(options: SessionOptions): Session {
  const { site, clock, memory, local } = options;
  const remembered = memory.session();
  const visit = observable<Visit>(firstVisit(memory, clock.now()));
  const refusedStart = observable<RefusedStart | undefined>(undefined);
  const seen = observable(remembered?.seen ?? 0);
  const barred = observable<Barred | undefined>(undefined);
  const newId = createIds(clock, options.random);
  let tries = 0;
  let token = remembered?.token;
  let epoch = remembered?.epoch;
  /** The site has signed who this is. */
  let isSigned = remembered?.isSigned;
  /** Begins again as whoever another tab was told of. */
  let followLater: Cancel = () => {};
  /** 0 while nobody has been told of any typing. */
  let typed_at = 0;
  /** Tells the latest words when their time has come. */
  let typingLater: Cancel = () => {};

  const connection: Connection<Sparse<FromVisitor>> = createConnection<Sparse<FromVisitor>, ToVisitor>({
    ...options,
    open: options.openSocket,
    hello: () => ({ t: "hello", ...hello() }),
    ping: (n) => ({ t: "ping", n }),
    onFrame,
    onClose: (code) => outbox.closed(code),
    onUnauthorized({ field, message = "" }) {
      if (field === "identity") {
        // Without it this browser is still who it was; but a token of before would be refused again at each reconnect.
        options.dropIdentity?.(message);
        return true;
      }
      const hadToken = !!token;
      token = undefined;
      memory.dropSession();
      return hadToken;
    },
    async isStillWelcome() {
      if (++tries < TRIES_MIN) return true;
      const cause = await options.probe();
      if (cause === "refused") return false;
      barred.set(cause);
      return true;
    },
  });

  const outbox = createOutbox<VisitorCommand>({
    ...options,
    store: { ...local, set: keepWords },
    prefix: outboxPrefix(site),
    send: connection.send,
    refuse,
    onChange: outboxChanged,
  });

  function hello(): Sparse<VisitorHello> {
    const { timeline } = visit.get();
    const conversation = timeline.conversation || remembered?.conversation;
    const identity = options.identity?.() || undefined;
    // Without the events of an earlier page the whole log is asked for, not what came after.
    return { site, ...about(), identity, token, epoch, conversation, after: conversation ? (afterOf(timeline) ?? 0) : undefined };
  }

  function about(): Pick<Sparse<VisitorHello>, "page" | "lang" | "tz"> {
    return { page: page(), lang: options.lang, tz: options.tz?.() };
  }

  function page(): Page {
    const { url, title, referrer } = options.page();
    const cut = (text: string): string => wellFormed(text.slice(0, PAGE_CHARS_MAX));
    return { url: cut(url), title: cut(title), ...(referrer && { referrer: cut(referrer) }) };
  }

  function onFrame(frame: ToVisitor): void {
    if (frame.t === "welcome") {
      token = frame.token;
      epoch = frame.epoch;
      isSigned ||= !!options.identity?.();
      tries = 0;
      barred.set(undefined);
    }
    show(receive(visit.get(), frame, clock.now()));
    if (frame.t === "welcome") welcomed(frame);
    else if (frame.t === "ack") outbox.acknowledged(frame.cmd);
    else if (frame.t === "error" && frame.cmd) refused(frame.cmd, frame);
    else if (frame.t === "error" && frame.code === "conflict" && token) {
      // The token is another person's than the site signs now: this one begins without what that one left.
      forget();
      connection.stop();
      connection.start();
    }
    if (visit.get().timeline.condition !== "whole") connection.helloAgain();
  }

  function welcomed({ conversation }: Extract<ToVisitor, { t: "welcome" }>): void {
    outbox.opened();
    // What was read while there was no line, the server does not know yet.
    const unsaid = Math.min(seen.get(), conversation?.seq ?? 0);
    if (conversation && conversation.id === visit.get().conversation?.id && unsaid > conversation.read.visitor) connection.send({ t: "read", seq: unsaid });
  }

  function refused(cmd: string, frame: Extract<ToVisitor, { t: "error" }>): void {
    const { code, message, retry_ms, field } = frame;
    const { doing, timeline } = visit.get();
    const text = timeline.pending.find((own) => own.cmd === cmd)?.text;
    outbox.refused(cmd, { code, message }, retry_ms);
    if ((doing.start !== cmd && doing.message !== cmd) || retry_ms !== undefined) return;
    // What was written goes back to where it can be changed; a second `start` of the same words is another command.
    outbox.discard(cmd);
    refusedStart.set({ code, message, field, text });
  }

  /** The disk may be full: unsent words are worth more than a copy of what the server has. */
  function keepWords(key: string, value: string): boolean {
    const isKept = local.set(key, value);
    if (!isKept) memory.keepLog(undefined);
    return isKept || local.set(key, value);
  }

  /** A visit to show and to remember. */
  function show(next: Visit): void {
    const before = visit.get();
    visit.set(next);
    const id = next.conversation?.id;
    if (id !== before.conversation?.id && id !== remembered?.conversation) seen.set(0);
    if (next.conversation !== before.conversation || next.token !== before.token || next.doing !== before.doing) remember();
    const kept = next.timeline.events !== before.timeline.events && keptOf(next);
    if (kept) memory.keepLog(kept);
    // What another tab had on screen is read here too.
    if (next.timeline.read.visitor > seen.get()) seen.set(next.timeline.read.visitor);
  }

  function remember(): void {
    const present = visit.get();
    const { conversation, dismissed, timeline, doing } = present;
    if (!token || !epoch) return;
    memory.keepSession({
      token,
      epoch,
      isLive: isLive(present) || !!(doing.start ?? doing.message),
      seen: timeline.conversation ? seen.get() : 0,
      conversation: conversation?.id,
      dismissed,
      isSigned,
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
    const present = visit.get();
    const isMissed = present.conversation?.id !== conversation || (isOver(present) && command.t !== "rate");
    return conversation && command.t !== "start" && isMissed ? { code: "wrong_state", message: "" } : undefined;
  }

  function add(command: VisitorCommand, file?: FileNote): boolean {
    return outbox.add(command, LANE, visit.get().timeline.conversation || undefined, file);
  }

  function beNobody(): void {
    token = isSigned = undefined;
    visit.set(emptyVisit());
    options.forgotten?.();
  }

  function forget(): void {
    for (const { command } of outbox.entries()) outbox.discard(command.cmd);
    memory.dropSession();
    beNobody();
  }

  /** Who was signed in and is not any more leaves nothing to who comes after. */
  function forgetSignedOut(): void {
    if (isSigned && options.identity?.() === "") forget();
  }

  /** After a reload: what an earlier page wrote and nobody has answered yet. */
  function restore(): void {
    for (const entry of outbox.entries()) {
      const isStale = entry.command.t === "start" && !isLater(entry.command) && clock.now() - entry.made_at > START_FOR_MS;
      if (isStale) outbox.discard(entry.command.cmd);
      else outboxChanged({ kind: "added", entry });
    }
  }

  /** Another tab was told that somebody else is here, or nobody: what is theirs must not be shown here either. */
  function forgottenElsewhere(): void {
    if (memory.session()) return;
    connection.stop();
    beNobody();
    options.dropIdentity?.(); // what another tab was told is newer
    followLater = clock.after(FOLLOW_AFTER_MS, () => {
      token = memory.session()?.token;
      connection.start();
    });
  }

  restore();
  const stopWatching = local.onForeignChange(sessionKey(site), forgottenElsewhere);

  function tellTyping(words: string, isShown: boolean): void {
    typed_at = clock.now();
    connection.send({ t: "typing", on: true, preview: isShown ? wellFormed(words) : undefined });
  }

  /** Whether anybody had been told that there is typing. */
  function typingEnds(): boolean {
    const wasTold = typed_at > 0;
    typed_at = 0;
    typingLater();
    return wasTold;
  }

  function start(fields: Record<string, string>, department: string | undefined, text = "", mode?: "message"): void {
    refusedStart.set(undefined);
    add({ t: "start", cmd: newId(), fields, department, text: wellFormed(text) || undefined, mode });
  }

  const leave = (): void => void add({ t: "leave", cmd: newId() });

  const line: HttpLine = { site, local, visit, refusedStart, newId, about, token: () => token, own: (given) => (token = given) };

  return {
    visit,
    connection: connection.state,
    refusedStart,
    seen,
    barred,
    start,
    token: line.token,
    outbox,
    add,
    newId,
    leaveMessage(message) {
      if (barred.get()) options.leaveByHttp(message, line).catch(() => refusedStart.set({ code: "unavailable", message: "" }));
      else {
        if (isLive(visit.get())) leave();
        start(message.fields, message.department, message.text, "message");
      }
    },
    send(text) {
      typingEnds();
      return add({ t: "send", cmd: newId(), text: wellFormed(text) });
    },
    retry: outbox.retry,
    discard: outbox.discard,
    typing(words, isShown) {
      if (!isLive(visit.get())) return;
      if (!words) {
        if (typingEnds()) connection.send({ t: "typing", on: false });
        return;
      }
      const due_in_ms = typed_at + (isShown ? PREVIEW_EVERY_MS : TYPING_EVERY_MS) - clock.now();
      typingLater();
      if (due_in_ms <= 0) tellTyping(words, isShown);
      else if (isShown) typingLater = clock.after(due_in_ms, () => tellTyping(words, true));
    },
    saw(seq) {
      if (seq <= seen.get()) return;
      seen.set(seq);
      connection.send({ t: "read", seq });
      remember();
    },
    leave,
    rate: (score, comment) => void add({ t: "rate", cmd: newId(), score, comment: comment && wellFormed(comment) }),
    beginAnew() {
      for (const { command } of outbox.entries()) outbox.discard(command.cmd);
      seen.set(0);
      show(withoutConversation(visit.get()));
      memory.keepLog(undefined);
      remember();
    },
    begin() {
      connection.stop();
      forgetSignedOut();
      connection.start();
    },
    pageChanged() {
      const { url, title } = page();
      connection.send({ t: "page", url, title });
    },
    tryNow: connection.retryNow,
    isLasting: local.isLasting,
    stop() {
      typingEnds();
      followLater();
      stopWatching();
      connection.stop();
      outbox.stop();
    },
  };
}
