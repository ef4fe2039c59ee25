// The widget's words for the unit tests, as the bundler would hand them to a visitor.

import { type Phrases, phrases } from "./index.ts";

/** Each language's file, put in by client/unit.mjs. */
declare const BALIE_TEXTS: Record<string, string>;

export const LANGUAGES = Object.keys(BALIE_TEXTS);

export function spoken(tag: string): Phrases {
  return phrases(BALIE_TEXTS[tag] ?? "", tag, tag);
}

/** The names of the plural forms of each text that has any. */
export function formsOf(tag: string): string[][] {
  const lines = (BALIE_TEXTS[tag] ?? "").split("\n").filter((line) => line.includes("\t"));
  return lines.map((line) => ["other", ...line.split("\t").filter((_, at) => at % 2 === 1)]);
}
