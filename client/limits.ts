// What a client checks before it sends, so that a person hears it while the words can still be changed. The server checks
// the same again.

/** In Unicode scalar values, as the server counts. */
export const TEXT_CHARS_MAX = 10_000;

/** Unicode scalar values: an emoji of one code point counts once, not twice as in `length`. */
export function charsOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Half of a surrogate pair, which no UTF-8 can carry, becomes the replacement mark. */
export function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}
