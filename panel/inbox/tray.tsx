// What will be sent with the next message, above the field: files and articles, each with a way to take it back.

import { useApp, useWords } from "../app.ts";
import { formatBytes } from "../format.ts";
import { Icon } from "../icon.tsx";
import type { Staged } from "../staged.ts";

export function Tray({ conversation }: { conversation: string }) {
  const app = useApp();
  const words = useWords();
  const items = app.staged.all.value.get(conversation) ?? [];
  if (items.length === 0) return null;
  return (
    <ul class="tray" aria-label={words.file.staged}>
      {items.map((item) => (
        <li key={item.id} class="tray-i">
          <Icon name={item.kind === "article" ? "book" : item.file.type.startsWith("image/") ? "image" : "page"} />
          <span class="tray-t">
            <bdi>{nameOf(item)}</bdi>
            <span class="muted num">
              {item.kind === "file" ? formatBytes(words.lang, item.file.size) : words.articles.one}
            </span>
          </span>
          <button
            type="button"
            class="icon-btn"
            aria-label={words.file.remove(nameOf(item))}
            title={words.common.remove}
            onClick={() => app.staged.remove(conversation, item.id)}
          >
            <Icon name="x" />
          </button>
        </li>
      ))}
    </ul>
  );
}

function nameOf(item: Staged): string {
  return item.kind === "file" ? item.file.name : item.title;
}
