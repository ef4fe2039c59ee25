// The widget's words in the visitor's language, and the formats that go with it. The words are data that the chat loads
// when it starts: one list a language, in which a `Word` is a place.

import { type Holes, Word } from "./words.ts";

export { Word };

/** Which list of keys this code was bundled with, put in by the bundler. */
declare const BALIE_WORDS: string;

type Fill<W extends Word> = W extends keyof Holes ? [holes: Record<Holes[W], string | number>] : [];

/** Numbers are written as the language does; `n` chooses the plural form. */
export type Say = <W extends Word>(word: W, ...holes: Fill<W>) => string;

/** @inside */
export interface Phrases {
  say: Say;
  /** `14:02`, or with am and pm where the visitor's browser has it so, whatever the page speaks. */
  time(at: number): string;
  /** `Today`, `Yesterday`, or a date. */
  day(at: number, now: number): string;
  /** `14 June 2026`, as the visitor's region writes it. */
  date(at: number): string;
  /** `Monday`, or a date beyond a week. */
  weekday(at: number, now: number): string;
  minutes(count: number): string;
  /** `3.1 MB`. */
  size(bytes: number): string;
  /** Of 1. */
  percent(part: number): string;
  number(count: number): string;
}

/**
 * `text` is the file of the language `lang`; `wishes` are the tags asked for, of which one may be narrower (`en-US`): it
 * decides how times are written. Throws if the words belong to another version of the chat.
 */
export function phrases(text: string, lang: string, wishes: string): Phrases {
  const lines = text.split("\n");
  if (lines.pop() !== BALIE_WORDS) throw new Error("The words are of another version.");
  const locale = localeOf(wishes, lang);
  const times = (options: Intl.DateTimeFormatOptions): Format => formatted(() => new Intl.DateTimeFormat(locale, options));
  const numbers = (options?: Intl.NumberFormatOptions): Format => formatted(() => new Intl.NumberFormat(locale, options));
  const unit = (name: string, digits: number): Format => numbers({ style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits });
  const weekday = times({ weekday: "long", day: "numeric", month: "long" });
  const number = numbers();
  const plural = formatted(() => {
    const rules = new Intl.PluralRules(lang);
    return { format: (count) => rules.select(count) };
  });

  function say(word: Word, holes: Record<string, string | number> = {}): string {
    const forms = (lines[word] ?? "").split("\t");
    const form = forms[forms.length > 1 ? forms.indexOf(plural(Number(holes["n"]))) + 1 : 0] ?? "";
    return form.replace(/{(\w+)}/g, (_, name: string) => {
      const value = holes[name] ?? "";
      return typeof value === "number" ? number(value) : value;
    });
  }

  return {
    say,
    number,
    time: formatted(() => {
      const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
      return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", ...(hourCycle === undefined ? {} : { hourCycle }) });
    }),
    day(at, now) {
      const days = daysBetween(at, now);
      return days === 0 ? say(Word.today) : days === 1 ? say(Word.yesterday) : weekday(at);
    },
    date: times({ dateStyle: "long" }),
    weekday: (at, now) => (daysBetween(now, at) < 7 ? times({ weekday: "long" }) : times({ day: "numeric", month: "long" }))(at),
    minutes: unit("minute", 0),
    size: (bytes) => (bytes < MEGABYTE ? unit("kilobyte", 0)(Math.ceil(bytes / 1024)) : unit("megabyte", 1)(bytes / MEGABYTE)),
    percent: numbers({ style: "percent" }),
  };
}

type Format = (value: number) => string;

/** Made when it is first asked: each costs a phone some ten milliseconds, and the first screen writes no times. */
function formatted(make: () => { format: Format }): Format {
  let made: { format: Format } | undefined;
  return (value) => (made ??= make()).format(value);
}

/** The first wish that is of the language and that `Intl` knows how to write. */
function localeOf(wishes: string, lang: string): string {
  return wishes.split(",").find((tag) => {
    try {
      return new Intl.Locale(tag).language === new Intl.Locale(lang).language;
    } catch {
      return false; // a tag that a page made up
    }
  }) ?? lang;
}

const MEGABYTE = 1024 * 1024;

/** In the visitor's own days; noon is far enough from every change of the clock. */
function daysBetween(at: number, now: number): number {
  const noon = (moment: number): number => new Date(moment).setHours(12, 0, 0, 0);
  return Math.round((noon(now) - noon(at)) / 86_400_000);
}
