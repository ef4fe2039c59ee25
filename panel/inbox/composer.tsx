// Where one writes: a reply or a note, with drafts kept, canned replies behind "/", and typing told while it lasts.

import { useEffect, useRef, useState } from "preact/hooks";
import { charsOf, TEXT_CHARS_MAX, wellFormed } from "../../client/limits.ts";
import { useApp, useDesk, useWords } from "../app.ts";
import type { DraftMode } from "../drafts.ts";
import { formatLanguage } from "../format.ts";
import { Icon } from "../icon.tsx";
import { useCommand } from "../parts/hooks.ts";
import type { CannedReply } from "../rest.ts";
import type { Chat } from "../state/model.ts";
import { cannedQuery, fillVariables, findCanned, nextVariable, type CannedQuery } from "./canned.ts";
import { CannedList, optionId } from "./canned_list.tsx";
import { firstName, visitorName } from "./names.ts";
import { useTyping } from "./typing.ts";

export interface ComposerProps {
  chat: Chat;
  /** Only notes, where one looks at a colleague's chat. */
  notes_only: boolean;
  /** Text taken back from a failed message, to be written anew. */
  restored: { kind: "message" | "note"; text: string; round: number } | undefined;
}

export function Composer({ chat, notes_only, restored }: ComposerProps) {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const field = useRef<HTMLTextAreaElement>(null);
  const [mode, setMode] = useState<DraftMode>(notes_only ? "note" : "reply");
  const [text, setText] = useState(() => app.drafts.read(chat.id, notes_only ? "note" : "reply"));
  const [query, setQuery] = useState<CannedQuery | undefined>(undefined);
  const [chosen, setChosen] = useState(0);
  const typing = useTyping(chat.id, mode === "reply" && !notes_only);
  const name = visitorName(words, chat.visitor);
  const found = query && mode === "reply" ? findCanned(app.directory.canned.value, query.text, chat.department) : [];
  const over = charsOf(text) - TEXT_CHARS_MAX;
  const { enter_sends } = app.preferences.value;

  const change = (next: string, caret: number | undefined) => {
    setText(next);
    app.drafts.write(chat.id, mode, next);
    setQuery(caret === undefined ? undefined : cannedQuery(next, caret));
    setChosen(0);
    typing(next);
  };
  const switchTo = (next: DraftMode) => {
    setMode(next);
    setText(app.drafts.read(chat.id, next));
    setQuery(undefined);
    field.current?.focus();
  };
  const send = () => {
    const said = wellFormed(text.trim());
    if (said === "" || over > 0) return;
    if (!desk.write(chat.id, mode === "note" ? "note" : "message", said)) {
      app.toast.value = { text: words.conversation.failed };
      return;
    }
    change("", undefined);
  };
  const fill = (template: string) => fillVariables(template, variablesOf(chat, name, desk.state.value.me?.name));
  const insert = (reply: CannedReply) => {
    if (!query) return;
    const filled = fill(reply.text);
    const end = query.start + 1 + query.text.length;
    const next = text.slice(0, query.start) + filled + text.slice(end);
    change(next, undefined);
    selectLater(field.current, nextVariable(next, query.start) ?? { start: query.start + filled.length, end: query.start + filled.length });
  };

  useEffect(() => {
    if (!restored) return;
    const next_mode = restored.kind === "note" ? "note" : "reply";
    setMode(next_mode);
    setText(restored.text);
    app.drafts.write(chat.id, next_mode, restored.text);
    field.current?.focus();
  }, [app, chat.id, restored]);

  useCommand("reply", () => switchTo("reply"), !notes_only);
  useCommand("note", () => switchTo("note"));

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (query && found.length > 0 && cannedKey(event)) return event.preventDefault();
    if (event.key === "Escape" && query) {
      setQuery(undefined);
      return event.preventDefault();
    }
    if (event.key === "Tab" && !event.shiftKey && field.current) {
      const variable = nextVariable(text, field.current.selectionEnd);
      if (!variable) return undefined;
      field.current.setSelectionRange(variable.start, variable.end);
      return event.preventDefault();
    }
    const is_chord = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && !event.altKey && (is_chord || (enter_sends && !event.shiftKey))) {
      event.preventDefault();
      send();
    }
    return undefined;
  };
  const cannedKey = (event: KeyboardEvent): boolean => {
    if (event.key === "ArrowDown") setChosen((chosen + 1) % found.length);
    else if (event.key === "ArrowUp") setChosen((chosen + found.length - 1) % found.length);
    else if (event.key === "Enter" || event.key === "Tab") {
      const reply = found[chosen];
      if (reply) insert(reply);
    } else return false;
    return true;
  };
  const openCanned = () => {
    const caret = field.current?.selectionEnd ?? text.length;
    const gap = caret === 0 || /\s/u.test(text[caret - 1] ?? "") ? "/" : " /";
    const next = text.slice(0, caret) + gap + text.slice(caret);
    change(next, caret + gap.length);
    selectLater(field.current, { start: caret + gap.length, end: caret + gap.length });
  };

  return (
    <form
      class="composer"
      aria-label={mode === "reply" ? words.composer.reply_label : words.composer.note}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {query && mode === "reply" && <CannedList query={query.text} found={found} chosen={chosen} fill={fill} onInsert={insert} />}
      <div class={mode === "note" ? "comp-box is-note" : "comp-box"}>
        <textarea
          ref={field}
          rows={2}
          dir="auto"
          value={text}
          data-composer
          aria-label={mode === "reply" ? words.composer.reply_to(name) : words.composer.note_on(name)}
          placeholder={mode === "reply" ? words.composer.reply_placeholder : words.composer.note_placeholder}
          aria-autocomplete="list"
          aria-controls={query && found.length > 0 ? "canned" : undefined}
          aria-activedescendant={query && found.length > 0 ? optionId(chosen) : undefined}
          onInput={(event) => change(event.currentTarget.value, event.currentTarget.selectionEnd)}
          onKeyDown={onKeyDown}
        />
        <div class="comp-bar">
          {!notes_only && <ModeSwitch mode={mode} onSwitch={switchTo} />}
          {mode === "reply" && (
            <button type="button" class="icon-btn" aria-label={words.composer.canned} title={`${words.composer.canned} · /`} onClick={openCanned}>
              <Icon name="slash" />
            </button>
          )}
          <span class="grow" />
          {over > 0 ? (
            <span class="bad-t tiny" role="alert">
              {words.composer.too_long(over)}
            </span>
          ) : (
            mode === "reply" &&
            chat.visitor.lang && (
              <span class="muted tiny hide-s">{words.composer.sees(formatLanguage(words.lang, chat.visitor.lang))}</span>
            )
          )}
          <button type="submit" class="btn btn-p" disabled={text.trim() === "" || over > 0}>
            {mode === "reply" ? words.composer.send : words.composer.add_note} <kbd aria-hidden="true">{enter_sends ? "↵" : "Ctrl ↵"}</kbd>
          </button>
        </div>
      </div>
    </form>
  );
}

function ModeSwitch({ mode, onSwitch }: { mode: DraftMode; onSwitch: (mode: DraftMode) => void }) {
  const words = useWords();
  return (
    <fieldset class="seg">
      <legend class="sr">{words.composer.mode}</legend>
      <label>
        <input type="radio" name="mode" checked={mode === "reply"} onChange={() => onSwitch("reply")} />
        <span>{words.composer.reply}</span>
      </label>
      <label>
        <input type="radio" name="mode" checked={mode === "note"} onChange={() => onSwitch("note")} />
        <span>
          <Icon name="note" />
          {words.composer.note} <kbd aria-hidden="true">N</kbd>
        </span>
      </label>
    </fieldset>
  );
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
