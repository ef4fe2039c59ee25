// Where one writes: a reply or a note. A note turns the whole composer amber, so that none is sent by mistake.

import { useRef, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import type { DraftMode } from "../drafts.ts";
import { formatLanguage } from "../format.ts";
import { Icon } from "../icon.tsx";
import { useCommand } from "../parts/hooks.ts";
import type { Chat } from "../state/model.ts";
import { nextVariable } from "./canned.ts";
import { CannedList, optionId } from "./canned_list.tsx";
import { leftMessage } from "../state/order.ts";
import { visitorName } from "./names.ts";
import { ArticleDialog } from "./article_dialog.tsx";
import { useAttaching, type Attaching } from "./attaching.ts";
import { Tray } from "./tray.tsx";
import { useCanned, useWriting, type Canned, type Restored, type Writing } from "./writing.ts";

export interface ComposerProps {
  chat: Chat;
  /** Only notes, where one looks at a colleague's chat. */
  notes_only: boolean;
  restored: Restored | undefined;
}

export function Composer({ chat, notes_only, restored }: ComposerProps) {
  const app = useApp();
  const words = useWords();
  const field = useRef<HTMLTextAreaElement>(null);
  const writing = useWriting(chat, notes_only, restored, field);
  const canned = useCanned(chat, writing, field);
  const attaching = useAttaching(chat.id, field);
  const is_reply = writing.mode === "reply";
  const is_left = leftMessage(chat) !== undefined;
  const name = visitorName(words, chat.visitor);
  const has_options = canned.query !== undefined && canned.found.length > 0;
  const switchTo = (mode: DraftMode) => {
    canned.dismiss();
    writing.switchTo(mode);
  };

  useCommand("reply", () => switchTo("reply"), !notes_only);
  const [finding, setFinding] = useState(false);
  useCommand("article", () => setFinding(true), is_reply);
  useCommand("note", () => switchTo("note"));

  return (
    <form
      class="composer"
      aria-label={is_reply ? words.composer.reply_label : words.composer.note}
      onSubmit={(event) => {
        event.preventDefault();
        writing.send();
      }}
    >
      {canned.query && (
        <CannedList
          query={canned.query.text}
          found={canned.found}
          chosen={canned.chosen}
          fill={canned.fill}
          onInsert={canned.insert}
        />
      )}
      {is_left && is_reply && (
        <p class="comp-hint" id="composer-left">
          <Icon name="mail" />
          {words.composer.left}
        </p>
      )}
      <div class={is_reply ? "comp-box" : "comp-box is-note"}>
        <Tray conversation={chat.id} />
        <textarea
          ref={field}
          rows={2}
          dir="auto"
          value={writing.text}
          data-composer
          aria-label={is_reply ? words.composer.reply_to(name) : words.composer.note_on(name)}
          placeholder={is_reply ? words.composer.reply_placeholder : words.composer.note_placeholder}
          aria-describedby={is_left && is_reply ? "composer-left" : undefined}
          aria-autocomplete="list"
          aria-controls={has_options ? "canned" : undefined}
          aria-activedescendant={has_options ? optionId(canned.chosen) : undefined}
          onInput={(event) => {
            writing.change(event.currentTarget.value);
            canned.look(event.currentTarget.value, event.currentTarget.selectionEnd);
          }}
          onPaste={(event) => {
            if (attaching.paste(event)) event.preventDefault();
          }}
          onKeyDown={(event) => {
            if (!event.isComposing && composerKey(event, writing, canned, app.preferences.value.enter_sends))
              event.preventDefault();
          }}
        />
        <ComposerBar chat={chat} notes_only={notes_only} writing={writing} onSwitch={switchTo} onCanned={canned.start} attaching={attaching} onArticle={() => setFinding(true)} />
      </div>
      {finding && (
        <ArticleDialog
          chat={chat}
          onClose={() => {
            setFinding(false);
            field.current?.focus();
          }}
        />
      )}
      {attaching.is_over && (
        <p class="drop" aria-hidden="true">
          <Icon name="attach" />
          {words.file.drop}
        </p>
      )}
    </form>
  );
}

/** True when the key did something here and must do nothing else. */
function composerKey(event: KeyboardEvent, writing: Writing, canned: Canned, enter_sends: boolean): boolean {
  if (canned.onKey(event.key)) return true;
  const field = event.currentTarget;
  if (event.key === "Tab" && !event.shiftKey && field instanceof HTMLTextAreaElement) {
    const variable = nextVariable(writing.text, field.selectionEnd);
    if (variable) field.setSelectionRange(variable.start, variable.end);
    return variable !== undefined;
  }
  const is_chord = event.ctrlKey || event.metaKey;
  if (event.key !== "Enter" || event.altKey || !(is_chord || (enter_sends && !event.shiftKey))) return false;
  writing.send();
  canned.dismiss();
  return true;
}

interface ComposerBarProps {
  chat: Chat;
  notes_only: boolean;
  writing: Writing;
  onSwitch: (mode: DraftMode) => void;
  onCanned: () => void;
  attaching: Attaching;
  onArticle: () => void;
}

function ComposerBar({ chat, notes_only, writing, onSwitch, onCanned, attaching, onArticle }: ComposerBarProps) {
  const app = useApp();
  const words = useWords();
  const is_reply = writing.mode === "reply";
  const lang = chat.visitor.lang;
  return (
    <div class="comp-bar">
      {!notes_only && <ModeSwitch mode={writing.mode} onSwitch={onSwitch} />}
      {is_reply && (
        <button
          type="button"
          class="icon-btn"
          aria-label={words.composer.canned}
          title={`${words.composer.canned} · /`}
          onClick={onCanned}
        >
          <Icon name="slash" />
        </button>
      )}
      {is_reply && (
        <button
          type="button"
          class="icon-btn"
          aria-label={words.articles.insert_button}
          title={`${words.articles.insert_button} · Alt K`}
          onClick={onArticle}
        >
          <Icon name="book" />
        </button>
      )}
      <AttachButton attaching={attaching} />
      <span class="grow" />
      {writing.over > 0 ? (
        <span class="bad-t tiny" role="alert">
          {words.composer.too_long(writing.over)}
        </span>
      ) : (
        is_reply && lang && <span class="muted tiny hide-s">{words.composer.sees(formatLanguage(words.lang, lang))}</span>
      )}
      <button type="submit" class="btn btn-p" disabled={!writing.can_send}>
        {is_reply ? words.composer.send : words.composer.add_note}{" "}
        <kbd aria-hidden="true">{app.preferences.value.enter_sends ? "↵" : "Ctrl ↵"}</kbd>
      </button>
    </div>
  );
}

/** The browser's own dialog for files, behind a button that looks like the others. */
function AttachButton({ attaching }: { attaching: Attaching }) {
  const words = useWords();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="icon-btn"
        aria-label={words.file.attach}
        title={words.file.attach}
        onClick={() => input.current?.click()}
      >
        <Icon name="attach" />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          attaching.choose(event.currentTarget.files ?? []);
          // The same file may be chosen again.
          event.currentTarget.value = "";
        }}
      />
    </>
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
