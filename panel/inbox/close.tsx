// Ending a chat, with what it was about. No second question.

import { useRef, useState } from "preact/hooks";
import { useApp, useDesk, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { Dialog } from "../parts/dialog.tsx";
import type { Chat } from "../state/model.ts";

/** So many tags are offered at once; typing finds the others. */
const OFFERED_MAX = 8;

export interface CloseDialogProps {
  chat: Chat;
  name: string;
  onClose: () => void;
  onDone: () => void;
}

export function CloseDialog({ chat, name, onClose, onDone }: CloseDialogProps) {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const field = useRef<HTMLInputElement>(null);
  const [tags, setTags] = useState<string[]>([]);
  const [text, setText] = useState("");
  const known = app.directory.tags.value;
  const offered = known
    .filter((tag) => !tags.includes(tag) && tag.toLowerCase().includes(text.trim().toLowerCase()))
    .slice(0, OFFERED_MAX);

  const add = (tag: string) => {
    if (!tags.includes(tag)) setTags([...tags, tag]);
    setText("");
    field.current?.focus();
  };
  const submit = () => {
    desk.close(chat.id, tags);
    app.toast.value = { text: words.close.done(name) };
    onDone();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const first = offered[0];
    if (event.key === "Backspace" && text === "") return setTags(tags.slice(0, -1));
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || text.trim() === "" || first === undefined) return undefined;
    event.preventDefault();
    return add(first);
  };

  return (
    <Dialog title={words.close.title(name)} onClose={onClose} onSubmit={submit}>
      <label class="search search-tags">
        <Icon name="tag" />
        {tags.map((tag) => (
          <span key={tag} class="chip" dir="auto">
            {tag}
          </span>
        ))}
        <span class="sr">{words.close.tags}</span>
        <input
          ref={field}
          type="text"
          value={text}
          autofocus
          placeholder={tags.length === 0 ? words.close.tags : ""}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      {offered.length > 0 && (
        <p class="tag-offer">
          <span class="muted">{words.close.often}</span>
          {offered.map((tag) => (
            <button key={tag} type="button" class="chip line" dir="auto" onClick={() => add(tag)}>
              {tag}
            </button>
          ))}
        </p>
      )}
      <p class="muted">{words.close.tags_help}</p>
      <div class="act">
        <button type="button" class="btn" onClick={onClose}>
          {words.common.cancel}
        </button>
        <button type="submit" class="btn btn-p">
          {words.close.button} <kbd aria-hidden="true">Ctrl ↵</kbd>
        </button>
      </div>
    </Dialog>
  );
}
