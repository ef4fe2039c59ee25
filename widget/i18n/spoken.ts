// The widget's words for the unit tests, as the bundler would hand them to a visitor.

import { type Phrases, phrases } from "./index.ts";

/** Each language's file, put in by client/unit.mjs. */
declare const BALIE_TEXTS: Record<string, string>;

export const LANGUAGES = Object.keys(BALIE_TEXTS);

export function spoken(tag: string): Phrases {
  return phrases(BALIE_TEXTS[tag] ?? "", tag, tag);
}

/** Every text and every plural form of it; only the forms, each behind its name, if `isPlural`. */
export function textsOf(tag: string): string[];
export function textsOf(tag: string, isPlural: true): [form: string, text: string][];
export function textsOf(tag: string, isPlural = false): (string | [string, string])[] {
  const lines = (BALIE_TEXTS[tag] ?? "").split("\n").slice(0, -1).map((line) => line.split("\t"));
  if (!isPlural) return lines.flatMap((forms) => forms.filter((_, at) => at === 0 || at % 2 === 0));
  return lines.filter(({ length }) => length > 1).flatMap((forms) => forms.flatMap((text, at): [string, string][] => (at % 2 === 0 ? [[at === 0 ? "other" : (forms[at - 1] ?? ""), text]] : [])));
}

/** The names of the plural forms of each text that has any. */
export function formsOf(tag: string): string[][] {
  const lines = (BALIE_TEXTS[tag] ?? "").split("\n").filter((line) => line.includes("\t"));
  return lines.map((line) => ["other", ...line.split("\t").filter((_, at) => at % 2 === 1)]);
}
