/**
 * The widget's words: from `widget/i18n/TAG.json`, which people write, to what visitors load and what the code names.
 *
 * Called by the bundler, and by whoever changed the keys of en.json:  node client/languages.mjs
 *
 * That writes `widget/i18n/words.ts`, where each key is a number: a visitor loads one list of texts in the language they
 * read, and the code asks for a place in it. The few words of the launcher stay out of that list, because they come with
 * the site's settings before anything is opened.
 *
 * Promises: a language that lacks a key, has one of its own, names a hole that English has not or leaves out the plural
 * form that always fits stops the build, with words that say where.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enumOf, faultsOf, keysOf, LAUNCHER, textOf, versionOf } from './words.mjs';

const FOLDER = resolve(dirname(fileURLToPath(import.meta.url)), '..', 'widget', 'i18n');
const ENUM = join(FOLDER, 'words.ts');

function read(tag) {
  const path = join(FOLDER, `${tag}.json`);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`widget/i18n/${tag}.json cannot be read: ${error.message}`, { cause: error });
  }
}

/** Right to left by the script that the language is written in. */
function isMirrored(tag) {
  return ['Arab', 'Hebr', 'Syrc', 'Thaa', 'Nkoo', 'Adlm'].includes(new Intl.Locale(tag).maximize().script);
}

/** Every language, English first: its tag, direction, launcher words, and the text that a visitor loads. */
export function languages() {
  const english = read('en');
  const tags = readdirSync(FOLDER).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  const others = tags.filter((tag) => tag !== 'en').sort();
  const faults = [];
  const found = ['en', ...others].map((tag) => {
    const words = read(tag);
    faults.push(...faultsOf(tag, words, english));
    const launcher = Object.fromEntries(Object.entries(LAUNCHER).map(([key, name]) => [name, words[key]]));
    return { tag, dir: isMirrored(tag) ? 'rtl' : 'ltr', launcher, text: textOf(keysOf(english).map((key) => words[key]), english) };
  });
  if (faults.length > 0) throw new Error(faults.join('\n'));
  if (readFileSync(ENUM, 'utf8') !== enumOf(english)) throw new Error('widget/i18n/words.ts is older than en.json: run `node client/languages.mjs`.');
  return found;
}

/** Which list of keys this is. */
export function version() {
  return versionOf(read('en'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ENUM, enumOf(read('en')));
