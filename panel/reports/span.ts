// The time of a report: whole days of the reader's own clock, and how its lines are named. Pure, for its test.

export type SpanName = "today" | "yesterday" | "week" | "month" | "this_month" | "this_quarter" | "own";

export const spanNames: readonly SpanName[] = ["today", "yesterday", "week", "month", "this_month", "this_quarter", "own"];

export interface Span {
  from: number;
  to: number;
}

/** A day as a date field writes it, `2026-11-22`, on the reader's clock. */
export function dayOf(at: number): string {
  const day = new Date(at);
  const two = (count: number) => String(count).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** The first moment of a day that a date field wrote; undefined for none. */
export function startOf(day: string): number | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/u.exec(day);
  if (!parts) return undefined;
  return new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])).getTime();
}

/** So many days after; the clock may be changed in between. */
export function daysAfter(at: number, days: number): number {
  const day = new Date(at);
  day.setDate(day.getDate() + days);
  return day.getTime();
}

/** Undefined for an own span that is none: an end before its beginning, a day left empty. */
export function spanOf(name: SpanName, own: { from: string; to: string }, now: number): Span | undefined {
  const today = startOf(dayOf(now)) ?? now;
  switch (name) {
    case "today":
      return { from: today, to: now };
    case "yesterday":
      return { from: daysAfter(today, -1), to: today };
    case "week":
      return { from: daysAfter(today, -6), to: now };
    case "month":
      return { from: daysAfter(today, -27), to: now };
    case "this_month":
      return { from: firstOf(today, 1), to: now };
    case "this_quarter":
      return { from: firstOf(today, 3), to: now };
    case "own": {
      const from = startOf(own.from);
      const last = startOf(own.to);
      if (from === undefined || last === undefined || last < from) return undefined;
      return { from, to: Math.min(daysAfter(last, 1), Math.max(now, from + 1)) };
    }
  }
}

/** The first day of the month, or of the quarter of the year, that a day lies in. */
function firstOf(at: number, months: 1 | 3): number {
  const day = new Date(at);
  return new Date(day.getFullYear(), Math.floor(day.getMonth() / months) * months, 1).getTime();
}

/** The first day of a day's month. */
export function monthOf(day: string): string {
  return `${day.slice(0, 7)}-01`;
}

/** The weeks that a month touches, each from Monday on; the month by its first day. */
export function weeksOf(month: string): string[][] {
  const first = startOf(month) ?? 0;
  const weekday = (new Date(first).getDay() + 6) % 7;
  const weeks: string[][] = [];
  let monday = daysAfter(first, -weekday);
  do {
    const begins = monday;
    weeks.push(Array.from({ length: 7 }, (_, at) => dayOf(daysAfter(begins, at))));
    monday = daysAfter(monday, 7);
  } while (monthOf(dayOf(monday)) === month);
  return weeks;
}

/** Two days or less are shown by the hour. */
export function stepOf(span: Span): "hour" | "day" {
  return span.to - span.from <= 2 * 24 * 3_600_000 ? "hour" : "day";
}

/**
 * Every hour or day of a span as the server writes its key, in order: those in which nobody came are not among its lines,
 * and are drawn all the same.
 */
export function keysOf(span: Span, step: "hour" | "day"): string[] {
  const keys: string[] = [];
  if (step === "day") {
    for (let at = startOf(dayOf(span.from)) ?? span.from; at < span.to; at = daysAfter(at, 1)) keys.push(dayOf(at));
    return keys;
  }
  const first = new Date(span.from);
  first.setMinutes(0, 0, 0);
  for (let at = first.getTime(); at < span.to; at += 3_600_000) keys.push(hourKeyOf(at));
  return keys;
}

/** `2026-11-22T09:00:00+01:00`: an hour that the clock repeats stands twice, told apart by its offset. */
export function hourKeyOf(at: number): string {
  const offset = -new Date(at).getTimezoneOffset();
  const two = (count: number) => String(count).padStart(2, "0");
  const sign = offset < 0 ? "-" : "+";
  const zone = `${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${dayOf(at)}T${two(new Date(at).getHours())}:00:00${zone}`;
}
