// What the composer does, apart from how it looks: drafts and sending in one hook, canned replies in the other.

import { useEffect, useState } from "preact/hooks";
import { charsOf, TEXT_CHARS_MAX, wellFormed } from "../../client/limits.ts";
import type { Pending } from "../../client/timeline.ts";
import { useApp, useDesk, useWords } from "../app.ts";
import type { Desk } from "../desk.ts";
import type { DraftMode } from "../drafts.ts";
import type { CannedReply } from "../rest.ts";
import type { Staged } from "../staged.ts";
import type { Chat } from "../state/model.ts";
import { cannedQuery, fillVariables, findCanned, nextVariable, type CannedQuery } from "./canned.ts";
import { firstName, visitorName } from "./names.ts";
import { useTyping } from "./typing.ts";

/** Text taken back from a failed message, to be written anew; `round` tells two of the same words apart. */
export interface Restored {
  kind: Pending["kind"];
  text: string;
  round: number;
}

type Field = { current: HTMLTextAreaElement | null };

export interface Writing {
  mode: DraftMode;
  text: string;
  /** How many characters there are too many; none when it is not positive. */
  over: number;
  change(text: string): void;
  switchTo(mode: DraftMode): void;
  send(): void;
  /** Whether there is anything to send. */
  can_send: boolean;
}

export function useWriting(chat: Chat, notes_only: boolean, restored: Restored | undefined, field: Field): Writing {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const [mode, setMode] = useState<DraftMode>(notes_only ? "note" : "reply");
  const [text, setText] = useState(() => app.drafts.read(chat.id, notes_only ? "note" : "reply"));
  const typing = useTyping(chat.id, mode === "reply" && !notes_only);
  const over = charsOf(text) - TEXT_CHARS_MAX;
  const staged = app.staged.all.value.get(chat.id) ?? [];

  const change = (next: string) => {
    setText(next);
    app.drafts.write(chat.id, mode, next);
    typing(next);
  };

  useEffect(() => {
    if (!restored) return;
    const next_mode = restored.kind === "note" ? "note" : "reply";
    setMode(next_mode);
    setText(restored.text);
    app.drafts.write(chat.id, next_mode, restored.text);
    field.current?.focus();
  }, [app, chat.id, restored, field]);

  return {
    mode,
    text,
    over,
    change,
    switchTo(next) {
      setMode(next);
      setText(app.drafts.read(chat.id, next));
      field.current?.focus();
    },
    can_send: over <= 0 && (text.trim() !== "" || staged.length > 0),
    send() {
      const said = wellFormed(text.trim());
      const kind = mode === "note" ? "note" : "message";
      if (over > 0) return;
      if (said !== "") {
        if (desk.write(chat.id, kind, said)) change("");
        // The outbox is full or the text too big for a frame: it stays in the field.
        else return void (app.toast.value = { text: words.conversation.failed });
      }
      // A file takes longer than words: what was written beside it comes first.
      const unsent = app.staged.take(chat.id).filter((item) => !sendStaged(desk, chat.id, kind, item));
      if (unsent.length === 0) return;
      app.staged.add(chat.id, unsent);
      app.toast.value = { text: words.conversation.failed };
    },
  };
}

function sendStaged(desk: Desk, conversation: string, kind: Pending["kind"], item: Staged): boolean {
  if (item.kind === "file") return desk.attach(conversation, kind, item.file);
  const text = articleText(item.title, item.excerpt);
  return kind === "message" ? desk.recommend(conversation, item.article, text) : desk.write(conversation, kind, text);
}

/** What is said where an article is pointed to, for whoever only sees words. */
export function articleText(title: string, excerpt: string): string {
  const text = excerpt === "" ? title : `${title} — ${excerpt}`;
  return [...text].slice(0, TEXT_CHARS_MAX).join("");
}

export interface Canned {
  query: CannedQuery | undefined;
  found: CannedReply[];
  chosen: number;
  /** Called with every change of the text, for what stands before the caret. */
  look(text: string, caret: number): void;
  dismiss(): void;
  insert(reply: CannedReply): void;
  /** Puts a slash at the caret, as if it were typed. */
  start(): void;
  fill(template: string): string;
  /** True when the key was one of the list's. */
  onKey(key: string): boolean;
}

export function useCanned(chat: Chat, writing: Writing, field: Field): Canned {
  const app = useApp();
  const words = useWords();
  const me = useDesk().state.value.me?.name;
  const [query, setQuery] = useState<CannedQuery | undefined>(undefined);
  const [chosen, setChosen] = useState(0);
  const is_open = query !== undefined && writing.mode === "reply";
  const found = is_open ? findCanned(app.directory.canned.value, query.text, chat.department) : [];
  const fill = (template: string) => fillVariables(template, variablesOf(chat, visitorName(words, chat.visitor), me));

  const look = (text: string, caret: number) => {
    setQuery(cannedQuery(text, caret));
    setChosen(0);
  };
  const insert = (reply: CannedReply) => {
    if (!query) return;
    const filled = fill(reply.text);
    const text = writing.text.slice(0, query.start) + filled + writing.text.slice(query.start + 1 + query.text.length);
    const end = query.start + filled.length;
    writing.change(text);
    setQuery(undefined);
    selectLater(field.current, nextVariable(text, query.start) ?? { start: end, end });
  };
  const start = () => {
    const caret = field.current?.selectionEnd ?? writing.text.length;
    const slash = caret === 0 || /\s/u.test(writing.text[caret - 1] ?? "") ? "/" : " /";
    const text = writing.text.slice(0, caret) + slash + writing.text.slice(caret);
    writing.change(text);
    look(text, caret + slash.length);
    selectLater(field.current, { start: caret + slash.length, end: caret + slash.length });
  };
  const onKey = (key: string): boolean => {
    if (!is_open) return false;
    if (key === "Escape") setQuery(undefined);
    else if (found.length === 0) return false;
    else if (key === "ArrowDown") setChosen((chosen + 1) % found.length);
    else if (key === "ArrowUp") setChosen((chosen + found.length - 1) % found.length);
    else if (key === "Enter" || key === "Tab") {
      const reply = found[chosen];
      if (reply) insert(reply);
    } else return false;
    return true;
  };

  return {
    query: is_open ? query : undefined,
    found,
    chosen,
    look,
    dismiss: () => setQuery(undefined),
    insert,
    start,
    fill,
    onKey,
  };
}

function variablesOf(chat: Chat, name: string, agent: string | undefined): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (chat.visitor.name) {
    values.set("visitor.name", name);
    values.set("visitor.first_name", firstName(name));
  }
  if (agent) values.set("agent.name", agent);
  for (const [key, attribute] of Object.entries(chat.visitor.attributes ?? {})) values.set(key, attribute.value);
  return values;
}

/** The text must be in the field before a part of it can be selected, so this waits for the drawing. */
function selectLater(field: HTMLTextAreaElement | null, range: { start: number; end: number }): void {
  requestAnimationFrame(() => {
    field?.focus();
    field?.setSelectionRange(range.start, range.end);
  });
}
