// Chooses the language of the panel. Called once at start and when the preference changes.

import { en, type Words } from "./en.ts";
import { nl } from "./nl.ts";

export type { Words };
export type Language = "en" | "nl";
export type LanguageChoice = Language | "auto";

const languages: Record<Language, Words> = { en, nl };

/** The language for a choice; `auto` takes the first of the browser's languages that the panel speaks. */
export function pickLanguage(choice: LanguageChoice, browser: readonly string[]): Language {
  if (choice !== "auto") return choice;
  for (const tag of browser) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "en" || base === "nl") return base;
  }
  return "en";
}

/**
 * The words of a language. Their `lang` is the reader's own kind of it where the browser names one (`en-GB`), so that
 * times and dates look as the reader writes them.
 */
export function wordsIn(language: Language, browser: readonly string[]): Words {
  const own_kind = browser.find((tag) => tag.toLowerCase().split("-")[0] === language);
  return { ...languages[language], lang: own_kind ?? language };
}
