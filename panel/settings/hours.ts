// Opening hours: as they are edited, day by day, and what they say of a moment. Pure. What they mean to visitors the server
// decides; here the same is worked out so that one reads the effect of a change before it is saved.

import type { Hours } from "../rest.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;
/** So many days are looked through for the next opening. */
const DAYS_AHEAD = 400;

export interface SpanEdit {
  /** As the browser's time field has it; midnight as an end is `00:00` there. */
  from: string;
  to: string;
}

export interface HoursEdit {
  tz: string;
  /** From Monday; an empty day is closed. */
  days: readonly (readonly SpanEdit[])[];
  closed: readonly string[];
}

export const weekdays = [1, 2, 3, 4, 5, 6, 7] as const;

/** What a department gets that was always open: a usual week to be changed. */
export function usualWeek(tz: string): HoursEdit {
  return { tz, days: weekdays.map((day) => (day <= 5 ? [{ from: "09:00", to: "17:00" }] : [])), closed: [] };
}

export function hoursEditOf(hours: Hours): HoursEdit {
  const spansOf = (day: number): SpanEdit[] =>
    hours.week
      .filter((span) => span.days.includes(day))
      .map((span) => ({ from: span.from, to: span.to === "24:00" ? "00:00" : span.to }))
      .sort((a, b) => (a.from < b.from ? -1 : 1));
  return { tz: hours.tz, days: weekdays.map(spansOf), closed: [...hours.closed].sort() };
}

/** Days with the same span share one entry, as one would write them down. */
export function hoursOf(edit: HoursEdit): Hours {
  const week: Hours["week"] = [];
  edit.days.forEach((spans, index) => {
    for (const { from, to: shown } of spans) {
      const to = shown === "00:00" ? "24:00" : shown;
      const same = week.find((span) => span.from === from && span.to === to && !span.days.includes(index + 1));
      if (same) same.days.push(index + 1);
      else week.push({ days: [index + 1], from, to });
    }
  });
  return { tz: edit.tz, week, closed: [...new Set(edit.closed)].sort() };
}

export type HoursFault = "missing" | "order" | "overlap" | "never";

/** What is wrong with the week, and on which day (from 0); that it is never open is no day's fault. */
export function hoursFault(edit: HoursEdit): { day: number | undefined; fault: HoursFault } | undefined {
  for (const [day, spans] of edit.days.entries()) {
    if (spans.some(({ from, to }) => from === "" || to === "")) return { day, fault: "missing" };
    const minutes = spans.map(minutesOf).sort(([a], [b]) => a - b);
    if (minutes.some(([from, to]) => from >= to)) return { day, fault: "order" };
    if (minutes.some(([from], at) => at > 0 && from < (minutes[at - 1]?.[1] ?? 0))) return { day, fault: "overlap" };
  }
  return edit.days.every((spans) => spans.length === 0) ? { day: undefined, fault: "never" } : undefined;
}

export interface OpenState {
  is_open: boolean;
  /** When that changes; undefined when nothing that is planned changes it. */
  until: number | undefined;
}

export function openState(hours: Hours, now: number): OpenState {
  const edit = hoursEditOf(hours);
  const zone = zoneOf(hours.tz);
  if (!zone) return { is_open: false, until: undefined };
  const today = zone.dateAt(now);
  let closes: number | undefined;
  // Yesterday may still be going on where clocks went back; a week of adjoining spans never closes.
  const days_ahead = (): number => (closes === undefined ? DAYS_AHEAD : 8);
  for (let ahead = -1; ahead <= days_ahead(); ahead += 1) {
    const date = dateAfter(today, ahead);
    if (hours.closed.includes(date)) continue;
    for (const span of edit.days[weekdayOf(date) - 1] ?? []) {
      const [from, to] = minutesOf(span);
      const opens = zone.momentOf(date, from);
      const ends = zone.momentOf(date, to);
      if (closes !== undefined) {
        if (opens > closes) return { is_open: true, until: closes };
        closes = Math.max(closes, ends);
      } else if (opens <= now && now < ends) closes = ends;
      else if (opens > now) return { is_open: false, until: opens };
    }
  }
  return closes === undefined
    ? { is_open: false, until: undefined }
    : { is_open: true, until: closes - now > 8 * DAY_MS ? undefined : closes };
}

function minutesOf({ from, to }: SpanEdit): [number, number] {
  const end = clockMinutes(to);
  return [clockMinutes(from), end === 0 ? DAY_MINUTES : end];
}

function clockMinutes(text: string): number {
  const [hours = "0", minutes = "0"] = text.split(":");
  return Number(hours) * 60 + Number(minutes);
}

interface Zone {
  dateAt(at: number): string;
  /** The moment at which the clock there shows so many minutes of the date. */
  momentOf(date: string, minutes: number): number;
}

/** Undefined for a zone that this browser does not know. */
function zoneOf(tz: string): Zone | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: tz,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    });
  } catch {
    return undefined;
  }
  /** What the clock there shows, as if it were that of UTC. */
  const shownAt = (at: number): number => {
    const parts = new Map(format.formatToParts(at).map((part) => [part.type, Number(part.value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
  };
  return {
    dateAt: (at) => new Date(shownAt(at)).toISOString().slice(0, 10),
    momentOf(date, minutes) {
      const wanted = Date.parse(`${date}T00:00:00Z`) + minutes * MINUTE_MS;
      // The first guess may lie on the other side of a change of clocks; the second does not.
      let at = wanted;
      for (let round = 0; round < 2; round += 1) at += wanted - shownAt(at);
      return at;
    },
  };
}

function dateAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** 1 is Monday. */
function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
}
