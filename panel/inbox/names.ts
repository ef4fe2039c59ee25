// What to call a visitor, in lists, heads and sentences.

import type { Words } from "../i18n/index.ts";

/** The name as given; else "Visitor 4f2a", from the end of the id, which is its random part. */
export function visitorName(words: Words, visitor: { id: string; name?: string }): string {
  const name = visitor.name?.trim();
  return name ? name : words.names.visitor(visitor.id.slice(-4));
}

/** "Hannah" of "Hannah Lindqvist", for sentences. */
export function firstName(name: string): string {
  return name.split(/\s+/u)[0] ?? name;
}

/** The two-letter mark of a language tag. */
export function languageMark(tag: string): string {
  return tag.split("-")[0]?.toLowerCase() ?? tag;
}
