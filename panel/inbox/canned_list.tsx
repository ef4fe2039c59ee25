// The canned replies that fit, inside the composer: the focus stays in the text.

import { useWords } from "../app.ts";
import type { CannedReply } from "../rest.ts";
import { splitVariables } from "./canned.ts";

export function optionId(at: number): string {
  return `canned-${at}`;
}

export interface CannedListProps {
  query: string;
  found: CannedReply[];
  chosen: number;
  /** Fills what is known, so that one reads what will be said. */
  fill: (text: string) => string;
  onInsert: (reply: CannedReply) => void;
}

export function CannedList({ query, found, chosen, fill, onInsert }: CannedListProps) {
  const words = useWords();
  return (
    <div class="canned">
      <p class="canned-h" role="status">
        <span>
          {found.length === 0
            ? words.composer.canned_none(query)
            : query === ""
              ? words.composer.canned
              : words.composer.canned_for(query)}
        </span>
        <span class="grow" />
        {found.length > 0 && (
          <span class="muted" aria-hidden="true">
            <kbd aria-hidden="true">↑</kbd>
            <kbd aria-hidden="true">↓</kbd> {words.composer.choose} <kbd aria-hidden="true">↵</kbd> {words.composer.insert}{" "}
            <kbd aria-hidden="true">Esc</kbd>
          </span>
        )}
      </p>
      {found.length > 0 && (
        <div role="listbox" id="canned" aria-label={words.composer.canned}>
          {found.map((reply, at) => (
            <div
              key={reply.id}
              id={optionId(at)}
              class="opt"
              role="option"
              aria-selected={at === chosen}
              // The field keeps the focus, so that the caret stays where the reply will go.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => onInsert(reply)}
            >
              <b>/{reply.shortcut}</b>
              <span dir="auto">
                {splitVariables(fill(reply.text)).map((part, index) =>
                  part.is_variable ? <mark key={index}>{part.text}</mark> : part.text,
                )}
              </span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
