// Handing a chat on: who has room comes first, who has none is shown with the reason.

import { useEffect, useState } from "preact/hooks";
import { useApp, useDesk, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { StatusDot } from "../parts/status.tsx";
import type { Chat } from "../state/model.ts";
import type { TransferTo } from "../state/wire.ts";
import { transferChoices, type TransferChoice } from "./transfer_choices.ts";

export interface TransferDialogProps {
  chat: Chat;
  name: string;
  onClose: () => void;
  onDone: () => void;
}

export function TransferDialog({ chat, name, onClose, onDone }: TransferDialogProps) {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const [query, setQuery] = useState("");
  const [picked, setPicked] = useState<string | undefined>(undefined);
  const [note, setNote] = useState("");
  const [is_missing, setMissing] = useState(false);
  const choices = transferChoices(desk.state.value, app.directory.departments.value, app.directory.people.value, chat).filter(
    (choice) => choice.name.toLowerCase().includes(query.trim().toLowerCase()),
  );
  // Who is here and how busy may have changed since the names were loaded.
  useEffect(() => void app.directory.reload(), [app]);
  // With one fitting choice left, Enter means that one.
  const open = choices.filter((choice) => choice.obstacle === undefined);
  const chosen = open.find((choice) => choice.key === picked) ?? (query !== "" && open.length === 1 ? open[0] : undefined);

  const submit = () => {
    if (!chosen) return setMissing(true);
    const to: TransferTo = chosen.kind === "agent" ? { agent: chosen.id } : { department: chosen.id };
    desk.transfer(chat.id, to, note.trim());
    app.toast.value = { text: words.transfer.done(name, chosen.name) };
    onDone();
  };

  return (
    <Dialog title={words.transfer.title(name)} onClose={onClose} onSubmit={submit}>
      <label class="search">
        <Icon name="search" />
        <span class="sr">{words.transfer.find}</span>
        <input
          type="search"
          placeholder={words.transfer.find}
          value={query}
          autofocus
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      </label>
      <ul class="tr">
        {choices.map((choice) => (
          <li key={choice.key}>
            <button
              type="button"
              class="tr-o"
              aria-pressed={choice.key === chosen?.key}
              disabled={choice.obstacle !== undefined}
              onClick={() => {
                setPicked(choice.key);
                setMissing(false);
              }}
            >
              {choice.kind === "agent" ? <StatusDot status={choice.status} /> : <Icon name="layers" />}
              <b>{choice.name}</b>
              <span class="muted">
                <ChoiceHelp choice={choice} />
              </span>
            </button>
          </li>
        ))}
        {choices.length === 0 && <li class="muted tr-none">{words.transfer.nobody}</li>}
      </ul>
      <textarea
        class="in"
        rows={2}
        dir="auto"
        aria-label={words.transfer.note}
        placeholder={words.transfer.note}
        value={note}
        onInput={(event) => setNote(event.currentTarget.value)}
      />
      {is_missing && (
        <p class="err" role="alert">
          {words.transfer.choose}
        </p>
      )}
      <div class="act">
        <button type="button" class="btn" onClick={onClose}>
          {words.common.cancel}
        </button>
        <button type="submit" class="btn btn-p">
          {words.transfer.button} <kbd aria-hidden="true">Ctrl ↵</kbd>
        </button>
      </div>
    </Dialog>
  );
}

function ChoiceHelp({ choice }: { choice: TransferChoice }) {
  const words = useWords();
  if (choice.kind === "department")
    return <>{choice.obstacle ? words.transfer.has_it : words.transfer.waiting(choice.waiting)}</>;
  const places = words.transfer.places(choice.load, choice.capacity);
  const obstacles: Record<NonNullable<TransferChoice["obstacle"]>, string> = {
    full: `${places}, ${words.transfer.full}`,
    away: words.transfer.away,
    offline: words.transfer.offline,
    has_it: words.transfer.has_it,
  };
  return <>{choice.obstacle ? obstacles[choice.obstacle] : places}</>;
}
