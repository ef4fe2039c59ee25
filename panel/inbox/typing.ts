// Tells that somebody types: at once, then every few seconds while it lasts, and once when it ends.

import { useCallback, useEffect, useRef } from "preact/hooks";
import { useDesk } from "../app.ts";

/** The far side forgets typing that is not renewed. */
const RENEW_MS = 3_000;
/** A pause this long means that one has stopped. */
const PAUSE_MS = 4_000;

export function useTyping(conversation: string, is_told: boolean): (text: string) => void {
  const desk = useDesk();
  const told_at = useRef(0);
  const timer = useRef(0);

  const stop = useCallback(() => {
    window.clearTimeout(timer.current);
    if (told_at.current === 0) return;
    told_at.current = 0;
    desk.typing(conversation, false);
  }, [conversation, desk]);

  // Looking at another chat, or turning to a note, ends it too.
  useEffect(() => stop, [stop, is_told]);

  return useCallback(
    (text: string) => {
      if (!is_told) return;
      if (text.trim() === "") return stop();
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(stop, PAUSE_MS);
      if (performance.now() - told_at.current < RENEW_MS && told_at.current !== 0) return;
      told_at.current = performance.now();
      desk.typing(conversation, true);
    },
    [conversation, desk, is_told, stop],
  );
}
