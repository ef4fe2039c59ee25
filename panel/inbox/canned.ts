// Canned replies while writing: finding them after "/", filling their variables, stepping through what is left. Pure.

import type { CannedReply } from "../rest.ts";

export interface CannedQuery {
  /** What stands after the slash. */
  text: string;
  /** Where the slash is. */
  start: number;
}

const SHOWN_MAX = 6;

/** The query before the caret, if a slash begins a word there. */
export function cannedQuery(text: string, caret: number): CannedQuery | undefined {
  const match = /(?:^|\s)\/([\p{L}\p{N}-]*)$/u.exec(text.slice(0, caret));
  const found = match?.[1];
  return found === undefined ? undefined : { text: found, start: caret - found.length - 1 };
}

/** Best first: shortcuts that begin so, then those that hold it, then titles and texts. */
export function findCanned(replies: readonly CannedReply[], query: string, department: string): CannedReply[] {
  const wanted = query.toLowerCase();
  const rank = (reply: CannedReply): number => {
    const shortcut = reply.shortcut.toLowerCase();
    if (shortcut.startsWith(wanted)) return 0;
    if (shortcut.includes(wanted)) return 1;
    return `${reply.title} ${reply.text}`.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return replies
    .filter((reply) => !reply.department || reply.department === department)
    .map((reply) => ({ reply, rank: rank(reply) }))
    .filter((found) => found.rank < 3)
    .sort((a, b) => a.rank - b.rank || a.reply.shortcut.localeCompare(b.reply.shortcut))
    .slice(0, SHOWN_MAX)
    .map((found) => found.reply);
}

/** Puts known values in place of `{name}`; what is unknown stays as it is written, to be filled in by hand. */
export function fillVariables(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\{([\w.]+)\}/gu, (whole, name: string) => values.get(name) ?? whole);
}

/** Where the next unfilled variable stands, from `from` on and around the end. */
export function nextVariable(text: string, from: number): { start: number; end: number } | undefined {
  const found = [...text.matchAll(/\{[\w.]+\}/gu)].map((match) => ({ start: match.index, end: match.index + match[0].length }));
  return found.find((variable) => variable.start >= from) ?? found[0];
}

/** A text with its unfilled variables told apart, for the list. */
export function splitVariables(text: string): { text: string; is_variable: boolean }[] {
  return text
    .split(/(\{[\w.]+\})/u)
    .filter((part) => part !== "")
    .map((part) => ({ text: part, is_variable: /^\{[\w.]+\}$/u.test(part) }));
}
