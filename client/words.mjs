/**
 * The widget's words as data: what is wrong with a language, and what it becomes for the code and for a visitor. Pure;
 * languages.mjs reads the files and calls this.
 */
import { createHash } from 'node:crypto';

/** Keys that the server sends with the site's settings, and their names there. */
export const LAUNCHER = { launcherChat: 'chat', launcherAway: 'away', launcherFailed: 'failed', launcherNew: 'unread', greeting: 'greeting', closeGreeting: 'close' };

/** Unicode's names for plural forms; which of them a language has, `Intl` knows and words.test.ts checks. */
const FORMS = new Set(['zero', 'one', 'two', 'few', 'many', 'other']);

const isPlural = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The names between braces, each once. */
export function holesOf(value) {
  const texts = isPlural(value) ? Object.values(value) : [value];
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1])))].sort();
}

/** What is wrong with a language, in sentences; `english` is the measure. */
export function faultsOf(tag, words, english) {
  const faults = [];
  const at = (key, what) => faults.push(`widget/i18n/${tag}.json: ${key} ${what}.`);
  for (const key of Object.keys(english)) if (!(key in words)) at(key, 'is missing');
  for (const [key, value] of Object.entries(words)) {
    if (!(key in english)) {
      at(key, 'is no key of en.json');
      continue;
    }
    if (isPlural(value) !== isPlural(english[key])) {
      at(key, isPlural(value) ? 'has plural forms, which it has not in English' : 'needs an object of plural forms');
      continue;
    }
    const texts = isPlural(value) ? Object.values(value) : [value];
    if (!texts.every((text) => typeof text === 'string' && /^\S(?:[^\n\t]*\S)?$/.test(text))) at(key, 'must be text in one line, without blanks around it');
    else {
      const known = holesOf(english[key]);
      const unknown = holesOf(value).find((hole) => !known.includes(hole));
      // One form may say its number as a word ("eine Person"), so only what has no forms must fill every hole.
      const left = isPlural(value) ? undefined : known.find((hole) => !holesOf(value).includes(hole));
      if (unknown !== undefined) at(key, `has {${unknown}}, which is nothing that English fills in`);
      if (left !== undefined) at(key, `leaves out {${left}}`);
    }
    // Who says the launcher's name to the computer says what stands on its badge. Without a message there is none.
    if (key === 'launcherNew' && Object.entries(value).some(([form, text]) => form !== 'zero' && !holesOf(text).includes('n'))) at(key, 'leaves out {n} in one of its forms');
    const form = isPlural(value) ? Object.keys(value).find((each) => !FORMS.has(each)) : undefined;
    if (form !== undefined) at(key, `has "${form}", which is no plural form of Unicode`);
    if (isPlural(value) && !('other' in value)) at(key, 'lacks the plural form "other"');
  }
  return faults;
}

/** The keys that the chat asks for, in the order of en.json. */
export function keysOf(english) {
  return Object.keys(english).filter((key) => !(key in LAUNCHER));
}

/** The source of words.ts. The types cost nobody a byte: they say which holes a text has. */
export function enumOf(english) {
  const keys = keysOf(english);
  const holes = keys.filter((key) => holesOf(english[key]).length > 0);
  return [
    '// Made from en.json by `node client/languages.mjs`; change that one, then run it.\n',
    '/** A place in the list of words that the visitor loaded. */',
    'export const enum Word {',
    ...keys.map((key) => `  ${key},`),
    '}\n',
    '/** What has to be filled in. */',
    'export interface Holes {',
    ...holes.map((key) => `  [Word.${key}]: ${holesOf(english[key]).map((hole) => `"${hole}"`).join(' | ')};`),
    '}\n',
  ].join('\n');
}

/**
 * What a visitor loads: a text a line. Plural forms stand in one line with tabs between them, first the one that always
 * fits, then each other form behind its name. The last line tells which list of keys the places belong to.
 */
export function textOf(words, english) {
  const line = (value) => (isPlural(value) ? [value.other, ...Object.entries(value).filter(([form]) => form !== 'other').flat()].join('\t') : value);
  return [...words.map(line), versionOf(english)].join('\n');
}

/** The chat and the words it loads must be of one list, also while a server is being upgraded. */
export function versionOf(english) {
  return createHash('sha256').update(keysOf(english).join()).digest('hex').slice(0, 6);
}
