// What people wrote, as text with links. Never markup: every piece goes in as a text node.

import { useMemo } from "preact/hooks";
import { partsOf } from "../../client/links.ts";
import { useWords } from "../app.ts";

export function Prose({ text }: { text: string }) {
  const words = useWords();
  const parts = useMemo(() => partsOf(text), [text]);
  return (
    <>
      {parts.map((part, at) =>
        part.href === undefined ? (
          part.text
        ) : (
          <a key={at} href={part.href} target="_blank" rel="noopener noreferrer nofollow" title={words.conversation.link_opens}>
            {part.text}
          </a>
        ),
      )}
    </>
  );
}
