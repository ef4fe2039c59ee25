// Times, spans, ranges and names as the panel writes them. Pure: the present moment and the words are passed in.

import type { Words } from "./i18n/index.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `2:41` under an hour, `1 h 04` above. A clock that runs behind the server's never shows less than 0:00. */
export function formatSpan(words: Words, span_ms: number): string {
  const seconds = Math.max(0, Math.floor(span_ms / SECOND_MS));
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return `${words.time.hours(String(Math.floor(seconds / 3600)))} ${two(Math.floor((seconds % 3600) / 60))}`;
}

/** For what is long past its urgency: `0:40`, then `4 min`, then `2 h`. */
export function formatSince(words: Words, span_ms: number): string {
  if (span_ms < MINUTE_MS) return formatSpan(words, span_ms);
  if (span_ms < HOUR_MS) return words.time.minutes(String(Math.floor(span_ms / MINUTE_MS)));
  return words.time.hours(String(Math.floor(span_ms / HOUR_MS)));
}

/** `12 s` under a minute, else `2:41`: for bars that count down or up in words. */
export function formatCount(words: Words, span_ms: number): string {
  const seconds = Math.max(0, Math.ceil(span_ms / SECOND_MS));
  return seconds < 60 ? words.time.seconds(seconds) : formatSpan(words, seconds * SECOND_MS);
}

/** For what was left some time ago, `this minute`, `2 hr ago`, `yesterday`: rounded down, as nobody counts it in seconds. */
export function formatAgo(language: string, span_ms: number): string {
  const [unit, unit_ms] =
    span_ms < HOUR_MS
      ? (["minute", MINUTE_MS] as const)
      : span_ms < DAY_MS
        ? (["hour", HOUR_MS] as const)
        : (["day", DAY_MS] as const);
  const count = Math.max(0, Math.floor(span_ms / unit_ms));
  return new Intl.RelativeTimeFormat(language, { style: "short", numeric: "auto" }).format(-count, unit);
}

export interface Estimate {
  p50_ms: number;
  p90_ms: number;
}

/** A promise is always a range with a unit: `5–9 min`, `under 1 min`, `at once`, `not known yet`. */
export function formatEstimate(words: Words, estimate: Estimate | null | undefined): string {
  if (!estimate) return words.time.unknown;
  if (estimate.p90_ms <= 0) return words.time.at_once;
  const low = Math.round(estimate.p50_ms / MINUTE_MS);
  const high = Math.ceil(estimate.p90_ms / MINUTE_MS);
  if (high <= 1 && low < 1) return words.time.under_minute;
  return words.time.minutes(low === high ? String(high) : `${low}–${high}`);
}

/** The time of day as the language writes it, `14:05`. */
export function formatClock(language: string, at: number): string {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(at);
}

/** `Today, 21 November` as the head of a day in a log. */
export function formatDay(words: Words, language: string, at: number, now: number): string {
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "long" }).format(at);
  const distance = Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS);
  if (distance === 0) return `${words.conversation.today}, ${day}`;
  if (distance === 1) return `${words.conversation.yesterday}, ${day}`;
  return new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" }).format(at);
}

/** The shortest that is not ambiguous: `14:31` today, `Fri 16:02` this week, `12 Nov`, `12 Nov 2024`. */
export function formatMoment(language: string, at: number, now: number): string {
  const distance = Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS);
  if (distance <= 0) return formatClock(language, at);
  if (distance < 7) return new Intl.DateTimeFormat(language, { weekday: "short", hour: "2-digit", minute: "2-digit" }).format(at);
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : ({ year: "numeric" } as const);
  return new Intl.DateTimeFormat(language, { day: "numeric", month: "short", ...year }).format(at);
}

/** Local midnight: days in a log turn where the reader's day turns. */
export function startOfDay(at: number): number {
  const day = new Date(at);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

/** The time where the visitor is, or undefined for a zone this browser does not know. */
export function formatLocalTime(language: string, zone: string, now: number): string | undefined {
  try {
    return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(now);
  } catch {
    return undefined;
  }
}

/** `Dutch` for `nl-NL`; the tag itself where the browser has no name for it. */
export function formatLanguage(language: string, tag: string): string {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** One or two letters for an avatar. */
export function initialsOf(name: string): string {
  const parts = name.trim().split(/\s+/u);
  const first = [...(parts[0] ?? "")][0] ?? "?";
  const last = parts.length > 1 ? ([...(parts[parts.length - 1] ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** Which of the six avatar colours a person has: always the same for the same id. */
export function hueOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 9973;
  return (sum % 6) + 1;
}

/** A share from 0 to 1 as the language writes it, `84 %`. Never rounded up to everything or down to nothing. */
export function formatPercent(language: string, share: number): string {
  const whole = Math.round(share * 100);
  const honest = whole === 100 && share < 1 ? 99 : whole === 0 && share > 0 ? 1 : whole;
  return new Intl.NumberFormat(language, { style: "percent" }).format(honest / 100);
}

/** The size of a file, `1.2 MB`. */
export function formatBytes(language: string, bytes: number): string {
  const [unit, value] =
    bytes < 1_000 ? ["byte", bytes] : bytes < 1_000_000 ? ["kilobyte", bytes / 1_000] : ["megabyte", bytes / 1_000_000];
  return new Intl.NumberFormat(language, { style: "unit", unit: String(unit), maximumFractionDigits: 1 }).format(Number(value));
}

function two(count: number): string {
  return String(count).padStart(2, "0");
}
