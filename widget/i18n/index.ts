// The words of this build's language, and the formats that go with them. The chat is bundled once a language, so that
// nobody loads words they do not read.

import { en, type Words } from "./en.ts";
import type { Language } from "./launcher.ts";
import { nl } from "./nl.ts";

export type { Words } from "./en.ts";

/** Put in by the bundler; the words of the other languages fall away. */
declare const BALIE_LANGUAGE: Language;

export interface Phrases {
  words: Words;
  lang: Language;
  /** `14:02`, or with am and pm where the visitor's browser has it so, whatever the page speaks. */
  time(at: number): string;
  /** `Today`, `Yesterday`, or a date. */
  day(at: number, now: number): string;
  /** `14 June 2026`, as the visitor's region writes it. */
  date(at: number): string;
  minutes(count: number): string;
}

/** `tag` may be narrower than the language (`en-US`): it decides how times are written. */
export function phrases(tag: string): Phrases {
  const words = BALIE_LANGUAGE === "nl" ? nl : en;
  const locale = localeOf(tag, BALIE_LANGUAGE);
  const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", ...(hourCycle === undefined ? {} : { hourCycle }) });
  const weekday = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
  const minutes = new Intl.NumberFormat(locale, { style: "unit", unit: "minute", unitDisplay: "short" });
  return {
    words,
    lang: BALIE_LANGUAGE,
    time: (at) => time.format(at),
    day(at, now) {
      const days = daysBetween(at, now);
      return days === 0 ? words.today : days === 1 ? words.yesterday : weekday.format(at);
    },
    date: (at) => date.format(at),
    minutes: (count) => minutes.format(count),
  };
}

function localeOf(tag: string, language: Language): string {
  try {
    return tag.toLowerCase().startsWith(language) ? (Intl.getCanonicalLocales(tag)[0] ?? language) : language;
  } catch {
    return language; // a tag that a page made up
  }
}

/** In the visitor's own days; noon is far enough from every change of the clock. */
function daysBetween(at: number, now: number): number {
  const noon = (moment: number): number => new Date(moment).setHours(12, 0, 0, 0);
  return Math.round((noon(now) - noon(at)) / 86_400_000);
}
