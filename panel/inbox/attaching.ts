// Choosing files for a conversation: by button, dropped anywhere on it, or pasted into its field. They are only put aside
// here, to be sent with the next message.

import type { RefObject } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { STAGED_MAX } from "../staged.ts";

export interface Attaching {
  choose(files: Iterable<File>): void;
  /** Takes what was pasted, if it is files; false leaves the paste to the field. */
  paste(event: ClipboardEvent): boolean;
  /** Files are held over the conversation. */
  is_over: boolean;
}

export function useAttaching(conversation: string, field: RefObject<HTMLElement | null>): Attaching {
  const app = useApp();
  const words = useWords();
  const [is_over, setOver] = useState(false);

  const choose = useCallback(
    (files: Iterable<File>) => {
      const chosen = [...files];
      const empty = chosen.find((file) => file.size === 0);
      const items = chosen
        .filter((file) => file.size > 0)
        .map((file) => ({ kind: "file" as const, file }));
      const left_out = app.staged.add(conversation, items);
      if (empty) app.toast.value = { text: words.file.empty(empty.name) };
      else if (left_out > 0) app.toast.value = { text: words.file.too_many(STAGED_MAX) };
      field.current?.focus();
    },
    [app, conversation, field, words],
  );

  useEffect(() => {
    const pane = field.current?.closest<HTMLElement>(".conv");
    if (!pane) return undefined;
    const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const onOver = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      // Going from one child to another leaves nothing.
      if (!(event.relatedTarget instanceof Node && pane.contains(event.relatedTarget))) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      setOver(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      choose(event.dataTransfer?.files ?? []);
    };
    pane.addEventListener("dragover", onOver);
    pane.addEventListener("dragleave", onLeave);
    pane.addEventListener("drop", onDrop);
    return () => {
      pane.removeEventListener("dragover", onOver);
      pane.removeEventListener("dragleave", onLeave);
      pane.removeEventListener("drop", onDrop);
    };
  }, [choose, field]);

  return {
    choose,
    is_over,
    paste(event) {
      const data = event.clipboardData;
      // A table copied from an office program comes as a picture of it too: then the words are meant.
      if (!data || data.files.length === 0 || data.types.includes("text/plain")) return false;
      choose(data.files);
      return true;
    },
  };
}
