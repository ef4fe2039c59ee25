// The sheet behind "?": every key that does something.

import { useWords } from "./app.ts";
import { Dialog } from "./parts/dialog.tsx";

export function Keys({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const { keys } = words;
  return (
    <Dialog title={keys.title} onClose={onClose} wide>
      <div class="keys">
        <KeyGroup
          title={keys.anywhere}
          rows={[
            [keys.accept_decline, ["Alt", "A", "X"]],
            [keys.next_previous, ["Alt", "↓", "↑"]],
            [keys.chat_n, ["Alt", "1"]],
            [keys.next_unanswered, ["Alt", "U"]],
            [keys.leave, ["Esc"]],
            [keys.dialog, ["Ctrl", "↵"]],
          ]}
        />
        <KeyGroup
          title={keys.in_composer}
          rows={[
            [keys.send, ["↵", "⇧↵"]],
            [keys.canned, ["/"]],
            [keys.article, ["Alt", "K"]],
          ]}
        />
        <KeyGroup
          title={keys.outside}
          rows={[
            [keys.move_open, ["J", "K", "↵"]],
            [keys.take, ["X"]],
            [keys.reply_note, ["R", "N"]],
            [keys.transfer_close, ["T", "E"]],
            [keys.card, ["I"]],
            [keys.search, ["/"]],
            [keys.next_unanswered, ["U"]],
            [keys.online_away, ["O", "W"]],
            [keys.go, ["G", "I", "W", "H", "R", "S"]],
            [keys.big_screen, ["B"]],
            [keys.sheet, ["?"]],
          ]}
        />
      </div>
      <div class="act">
        <button type="button" class="btn" onClick={onClose}>
          {words.common.close}
        </button>
      </div>
    </Dialog>
  );
}

function KeyGroup({ title, rows }: { title: string; rows: [string, string[]][] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(([what, keys]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
