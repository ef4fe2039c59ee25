// The live desk: one agent socket, the outbox of its commands, and the state that the views read. Made when somebody has
// signed in and stopped when they leave. Frames go through state/reduce.ts; this file only carries out.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Connection, ConnectionState } from "../client/connection.ts";
import { createConnection } from "../client/connection.ts";
import type { Clock as ClientClock, KeyValueStore, Random, Socket, Surroundings } from "../client/environment.ts";
import { createOutbox, type Entry, type Outbox, type OutboxChange, type TabLock } from "../client/outbox.ts";
import { newsOf, restoredNews } from "../client/outbox_news.ts";
import { afterOf, type News } from "../client/timeline.ts";
import type { Clock } from "./clock.ts";
import { emptyLine, lineAfter, type Line } from "./state/line.ts";
import { emptyDesk, type Chat, type DeskState, type Effect } from "./state/model.ts";
import { helloOf, reduce, withAnsweredOffer, withNews, withoutChat, withoutPast, withPast } from "./state/reduce.ts";
import { createUploads, type Post, type Uploads } from "./uploads.ts";
import type { Problem } from "./api.ts";
import type { AgentStatus, EventFrame, FromAgent, ToAgent, TransferTo } from "./state/wire.ts";

export type AgentCommand = Extract<FromAgent, { cmd: string }>;

/** A command that was refused for good and is no bubble: it is told once, and forgotten. */
export interface Refused {
  command: AgentCommand;
  message: string;
  chat: Chat | undefined;
}

export interface DeskOptions {
  url: string;
  agent: string;
  openSocket(url: string): Socket;
  client_clock: ClientClock;
  clock: Clock;
  random: Random;
  newId(): string;
  surroundings: Surroundings;
  store: KeyValueStore;
  lock: TabLock;
  postFile: Post;
  explainUpload(problem: Problem): string;
  isStillWelcome(): Promise<boolean>;
  onSignedOut(): void;
  onEffect(effect: Exclude<Effect, { kind: "say_hello" | "open_again" | "clock" }>, state: DeskState): void;
  onRefused(refused: Refused): void;
}

export interface Desk {
  state: ReadonlySignal<DeskState>;
  line: ReadonlySignal<Line>;
  is_up: ReadonlySignal<boolean>;
  setStatus(status: AgentStatus, capacity?: number): void;
  answerOffer(conversation: string, answer: "accept" | "decline"): void;
  /** Follows a conversation that is not mine while it is looked at; undefined looks away. */
  look(conversation: string | undefined): void;
  /** False if the outbox is full: then nothing was kept and the text must stay where it is. */
  write(conversation: string, kind: "message" | "note", text: string): boolean;
  /** The bubble is there at once, the command goes when the file has arrived. False if the outbox is full. */
  attach(conversation: string, kind: "message" | "note", file: File): boolean;
  /** Words that point to an article. */
  recommend(conversation: string, article: string, text: string): boolean;
  /** Takes one away that failed, or whose file is under way, and gives its text back. */
  withdraw(conversation: string, cmd: string): string | undefined;
  resend(cmd: string): void;
  /** How far each file is that is on its way. */
  uploads: Pick<Uploads, "progress" | "has">;
  typing(conversation: string, on: boolean): void;
  markRead(conversation: string): void;
  take(conversation: string): void;
  transfer(conversation: string, to: TransferTo, note: string): void;
  close(conversation: string, tags: string[]): void;
  prepend(conversation: string, earlier: readonly EventFrame[]): void;
  retryNow(): void;
  stop(): void;
}

export function createDesk(options: DeskOptions): Desk {
  const state = signal<DeskState>(emptyDesk);
  const line = signal<Line>(emptyLine);
  let looked_at: string | undefined;
  /** Followed on this socket and let go of: the server would go on after what it sent, which is no longer held. */
  const let_go = new Set<string>();
  /** Chosen while there was no line: said as soon as there is one, or the choice would be lost without a word. */
  let chosen_status: Extract<FromAgent, { t: "status" }> | undefined;

  const connection: Connection<FromAgent> = createConnection<FromAgent, ToAgent>({
    url: options.url,
    open: options.openSocket,
    clock: options.client_clock,
    random: options.random,
    surroundings: options.surroundings,
    hello: () => ({ t: "hello", ...helloOf(state.value) }),
    ping: (n) => ({ t: "ping", n }),
    onFrame: receive,
    onClose: (code) => outbox.closed(code),
    isStillWelcome: options.isStillWelcome,
  });

  const outbox: Outbox<AgentCommand> = createOutbox<AgentCommand>({
    store: options.store,
    prefix: `balie:agent:${options.agent}:outbox:`,
    lock: options.lock,
    clock: options.client_clock,
    send: (command) => connection.send(command),
    onChange: outboxChanged,
  });

  const uploads = createUploads({
    post: options.postFile,
    now: () => options.client_clock.now(),
    onProgress: (cmd) => outbox.hold(cmd),
    onEnd({ cmd }, end) {
      const entry = outbox.entries().find((one) => one.command.cmd === cmd);
      if (entry === undefined || !isSaid(entry.command)) return;
      if (end.ok) outbox.complete({ ...entry.command, attachment: end.attachment });
      else outbox.refused(cmd, { code: "not_sent", message: options.explainUpload(end.problem) });
    },
  });

  const unwatch = connection.state.subscribe((next: ConnectionState) => {
    line.value = lineAfter(line.value, { kind: "connection", state: next }, options.clock.read());
    if (next.kind === "signed_out") options.onSignedOut();
  });

  function receive(frame: ToAgent): void {
    const step = reduce(state.value, frame, options.clock.read());
    state.value = step.state;
    // A conversation that has just come may have words of ours on their way, from before a reload.
    if (frame.t === "welcome" || frame.t === "assigned" || frame.t === "opened") {
      for (const entry of outbox.entries()) tell(entry, restoredNews(entry));
    }
    if (frame.t === "welcome") welcomed();
    else if (frame.t === "ack") outbox.acknowledged(frame.cmd);
    else if (frame.t === "error" && frame.cmd !== undefined) {
      outbox.refused(frame.cmd, { code: frame.code, message: frame.message }, frame.retry_ms);
    } else if (frame.t === "bye") {
      line.value = lineAfter(line.value, { kind: "bye", reason: frame.reason, retry_ms: frame.retry_ms }, options.clock.read());
    }
    for (const effect of step.effects) carryOut(effect);
  }

  function welcomed(): void {
    let_go.clear();
    const unsent = outbox.entries().filter((entry) => entry.failed === undefined && isSaid(entry.command));
    line.value = lineAfter(line.value, { kind: "welcome", unsent: unsent.length }, options.clock.read());
    connection.send({ t: "lanes", on: true });
    if (chosen_status !== undefined && connection.send(chosen_status)) chosen_status = undefined;
    const looked = looked_at;
    if (looked !== undefined && state.value.chats.get(looked)?.relation !== "mine") openAnew(looked);
    outbox.opened();
  }

  function carryOut(effect: Effect): void {
    if (effect.kind === "clock") options.clock.set(effect.now);
    else if (effect.kind === "say_hello") connection.helloAgain();
    else if (effect.kind === "open_again") openAnew(effect.conversation);
    else {
      line.value = lineAfter(line.value, effect, options.clock.read());
      options.onEffect(effect, state.value);
      if (effect.kind === "news" && effect.conversation !== looked_at) {
        letGo(withoutPast(state.value, effect.conversation), effect.conversation);
      }
    }
  }

  function outboxChanged(change: OutboxChange<AgentCommand>): void {
    const { kind, entry } = change;
    if (kind === "failed" && !isSaid(entry.command)) {
      const { command: refused } = entry;
      options.onRefused({
        command: refused,
        message: entry.failed?.message ?? "",
        chat: state.value.chats.get(refused.conversation),
      });
      outbox.discard(refused.cmd);
      return;
    }
    tell(entry, newsOf(change));
  }

  function tell(entry: Entry<AgentCommand>, news: News[]): void {
    const now = options.clock.read();
    for (const one of news) state.value = withNews(state.value, entry.command.conversation, one, now);
  }

  function command(made: AgentCommand): boolean {
    return outbox.add(made, made.conversation, made.conversation);
  }

  function say(kind: "message" | "note", conversation: string, said: { text?: string; article?: string }, file?: File): boolean {
    const cmd = options.newId();
    const made: AgentCommand = { t: kind === "note" ? "note" : "send", cmd, conversation, ...said };
    if (file === undefined) return command(made);
    const note = { name: file.name, type: file.type, bytes: file.size };
    if (!outbox.add(made, conversation, conversation, note)) return false;
    uploads.add({ cmd, conversation, file });
    return true;
  }

  function openAnew(conversation: string): void {
    const chat = state.value.chats.get(conversation);
    const after = (chat && afterOf(chat.timeline)) ?? (let_go.has(conversation) ? 0 : undefined);
    connection.send({ t: "open", conversation, ...(after === undefined ? {} : { after }) });
  }

  function letGo(next: DeskState, conversation: string): void {
    if (next !== state.value) let_go.add(conversation);
    state.value = next;
  }

  function lookAway(): void {
    const old = looked_at;
    const chat = old === undefined ? undefined : state.value.chats.get(old);
    if (old === undefined || chat?.relation === "mine") return;
    connection.send({ t: "shut", conversation: old });
    letGo(withoutChat(state.value, old), old);
  }

  connection.start();

  return {
    state,
    line,
    is_up: computed(() => line.value.kind === "up" || line.value.kind === "back"),
    setStatus: (status, capacity) => {
      const choice = { t: "status", status, ...(capacity === undefined ? {} : { capacity }) } as const;
      chosen_status = connection.send(choice) ? undefined : choice;
    },
    answerOffer(conversation, answer) {
      if (connection.send({ t: answer, conversation })) state.value = withAnsweredOffer(state.value, conversation, answer);
    },
    look(conversation) {
      if (conversation === looked_at) return;
      lookAway();
      looked_at = conversation;
      if (conversation !== undefined && state.value.chats.get(conversation)?.relation !== "mine") openAnew(conversation);
    },
    write: (conversation, kind, text) => say(kind, conversation, { text }),
    attach: (conversation, kind, file) => say(kind, conversation, {}, file),
    recommend: (conversation, article, text) => say("message", conversation, { text, article }),
    uploads,
    withdraw(conversation, cmd) {
      const own = state.value.chats.get(conversation)?.timeline.pending.find((pending) => pending.cmd === cmd);
      uploads.forget(cmd);
      outbox.discard(cmd);
      return own?.text;
    },
    resend(cmd) {
      outbox.retry(cmd);
      uploads.retry(cmd);
    },
    typing: (conversation, on) => void connection.send({ t: "typing", conversation, on }),
    markRead(conversation) {
      const chat = state.value.chats.get(conversation);
      if (!chat || chat.relation !== "mine") return;
      const seq = chat.timeline.last ?? 0;
      if (seq <= chat.timeline.read.agent || !connection.send({ t: "read", conversation, seq })) return;
      const me = { role: "agent", id: options.agent } as const;
      state.value = withNews(state.value, conversation, { t: "read", from: me, seq }, options.clock.read());
    },
    take: (conversation) => void command({ t: "take", cmd: options.newId(), conversation }),
    transfer: (conversation, to, note) =>
      void command({ t: "transfer", cmd: options.newId(), conversation, to, ...(note === "" ? {} : { note }) }),
    close: (conversation, tags) => void command({ t: "close", cmd: options.newId(), conversation, tags }),
    prepend(conversation, earlier) {
      state.value = withPast(state.value, conversation, earlier);
    },
    retryNow: () => connection.retryNow(),
    stop() {
      unwatch();
      uploads.stop();
      outbox.stop();
      connection.stop();
    },
  };
}

/** A command that will be read in the log. */
function isSaid(command: AgentCommand): command is Extract<AgentCommand, { t: "send" | "note" }> {
  return command.t === "send" || command.t === "note";
}
