// The types of words.mjs, for the tests of it.

export type Text = string | Record<string, string>;
type Words = Record<string, Text>;

export const LAUNCHER: Record<string, string>;
export function holesOf(value: Text): string[];
export function faultsOf(tag: string, words: Words, english: Words): string[];
export function keysOf(english: Words): string[];
export function enumOf(english: Words): string;
export function textOf(words: Text[], english: Words): string;
export function versionOf(english: Words): string;
