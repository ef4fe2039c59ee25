// Our words for the server's codes.

import { Word } from "./i18n/index.ts";
import type { Model } from "./model.ts";

/** Our words for the server's code, because the server speaks one language and we speak the visitor's. */
export function refusalWords({ phrases: { say, size }, site }: Model, code: string, isFile = false): string {
  if (isFile && code === "too_large") return say(Word.fileTooBig, { size: size(site.uploads?.bytes_max ?? 0) });
  if (isFile && code === "bad_field") return say(Word.fileKind);
  if (isFile && code === "forbidden") return say(Word.filesOff);
  switch (code) {
    case "gone":
      return say(Word.fileGone);
    case "not_sent":
      return say(isFile ? Word.fileFailed : Word.errorOther);
    case "closed_hours":
      return say(Word.closed);
    case "queue_full":
      return say(Word.lineFull);
    case "forbidden":
      return say(Word.refused);
    case "wrong_state":
      return say(Word.errorState);
    case "conflict":
      return say(Word.errorConflict);
    case "too_large":
      return say(Word.errorLarge);
    case "rate_limited":
      return say(Word.errorRate);
    case "unavailable":
      return say(Word.errorAway);
    case "not_found":
      return say(Word.errorGone);
    default:
      return say(Word.errorOther);
  }
}
