// A week by the clock of one place, and dates that are none of it: when a department is open, or when somebody works. With what
// follows from it right now.

import { useMemo, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { formatMoment } from "../format.ts";
import type { Words } from "../i18n/index.ts";
import { Icon } from "../icon.tsx";
import type { Hours } from "../rest.ts";
import { SelectField, Toggle } from "./controls.tsx";
import { hoursFault, hoursOf, openState, usualWeek, weekdays, type HoursEdit, type SpanEdit } from "./hours.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A Monday, for the names of the days. */
const SOME_MONDAY = Date.UTC(2024, 0, 1);

/** What a week is about. */
export type WeekKind = "hours" | "shifts";

export interface HoursEditorProps {
  kind: WeekKind;
  /** Undefined is always open, or in no plan. */
  edit: HoursEdit | undefined;
  onChange: (edit: HoursEdit | undefined) => void;
  /** Somebody tried to save: faults are shown. */
  is_checked: boolean;
  error: string | undefined;
}

export function HoursEditor({ kind, edit, onChange, is_checked, error }: HoursEditorProps) {
  const words = useWords()[kind];
  const hours = useMemo(() => (edit ? hoursOf(edit) : null), [edit]);
  // What was set up stays while one looks at "always".
  const [kept, setKept] = useState<HoursEdit | undefined>(edit);
  const toggle = (has_hours: boolean) => {
    if (edit) setKept(edit);
    onChange(has_hours ? (kept ?? usualWeek(Intl.DateTimeFormat().resolvedOptions().timeZone)) : undefined);
  };
  return (
    <section class="sub wide" aria-labelledby="hours">
      <h3 id="hours">{words.title}</h3>
      <Toggle label={words.has} help={words.has_help} checked={edit !== undefined} onChange={toggle} />
      {edit && (
        <>
          <Now kind={kind} hours={hours} is_whole={hoursFault(edit) === undefined} />
          <ZoneField kind={kind} tz={edit.tz} onChange={(tz) => onChange({ ...edit, tz })} />
          <Week kind={kind} edit={edit} onChange={onChange} is_checked={is_checked} />
          {error && (
            <p class="err" role="alert">
              {error}
            </p>
          )}
          <ClosedDates kind={kind} edit={edit} onChange={onChange} />
        </>
      )}
    </section>
  );
}

function Now({ kind, hours, is_whole }: { kind: WeekKind; hours: Hours | null; is_whole: boolean }) {
  const words = useWords()[kind];
  const text = useOpenText(hours, kind);
  return (
    <p class="hours-now" role="status">
      <Icon name="clock" />
      {is_whole ? text : words.not_whole}
    </p>
  );
}

/** "Open, until 17:00", "Next shift Mon 09:00": of what is in the controls, or of a department or a person in the list. */
export function useOpenText(hours: Hours | null, kind: WeekKind = "hours"): string {
  const app = useApp();
  const words = useWords();
  const minute = Math.floor(app.clock.now.value / MINUTE_MS);
  return useMemo(() => openText(words, kind, hours, minute * MINUTE_MS), [words, kind, hours, minute]);
}

function openText(words: Words, kind: WeekKind, hours: Hours | null, now: number): string {
  const of_kind = words[kind];
  if (hours === null) return of_kind.always;
  const { is_open, until } = openState(hours, now);
  if (until === undefined) return is_open ? of_kind.open_on : of_kind.closed_on;
  const when = soonest(words.lang, until, now);
  return is_open ? of_kind.open_until(when) : of_kind.opens(when);
}

/** As other moments are written, but those to come: the day is named unless it is today. */
function soonest(language: string, at: number, now: number): string {
  if (new Date(at).toDateString() === new Date(now).toDateString()) return formatMoment(language, at, now);
  const is_near = at - now < 6 * DAY_MS;
  const day = is_near ? ({ weekday: "long" } as const) : ({ day: "numeric", month: "long" } as const);
  return new Intl.DateTimeFormat(language, { ...day, hour: "2-digit", minute: "2-digit" }).format(at);
}

function ZoneField({ kind, tz, onChange }: { kind: WeekKind; tz: string; onChange: (tz: string) => void }) {
  const words = useWords()[kind];
  const zones = useMemo(() => [...new Set([tz, "UTC", ...Intl.supportedValuesOf("timeZone")])].sort(), [tz]);
  return (
    <div class="cols">
      <SelectField
        name="hours.tz"
        label={words.zone}
        help={words.zone_help}
        options={zones.map((zone) => [zone, zone.replaceAll("_", " ")] as const)}
        value={tz}
        onChange={onChange}
      />
    </div>
  );
}

interface PartProps {
  kind: WeekKind;
  edit: HoursEdit;
  onChange: (edit: HoursEdit) => void;
}

function Week({ kind, edit, onChange, is_checked }: PartProps & { is_checked: boolean }) {
  const { lang, [kind]: words } = useWords();
  const names = useMemo(() => {
    const format = new Intl.DateTimeFormat(lang, { weekday: "long", timeZone: "UTC" });
    return weekdays.map((day) => format.format(SOME_MONDAY + (day - 1) * DAY_MS));
  }, [lang]);
  const fault = hoursFault(edit);
  const setDay = (day: number, spans: readonly SpanEdit[]) =>
    onChange({ ...edit, days: edit.days.map((known, index) => (index === day ? spans : known)) });
  const monday = edit.days[0] ?? [];

  return (
    <div class="f">
      <table class="week" aria-label={words.week}>
        <tbody>
          {names.map((name, day) => (
            <Day
              key={name}
              kind={kind}
              name={name}
              spans={edit.days[day] ?? []}
              onChange={(spans) => setDay(day, spans)}
              error={fault && fault.day === day && is_checked ? words.faults[fault.fault] : undefined}
            />
          ))}
        </tbody>
      </table>
      {fault?.fault === "never" && is_checked && (
        <p class="err" role="alert">
          {words.faults.never}
        </p>
      )}
      {monday.length > 0 && (
        <button
          type="button"
          class="link link-row"
          onClick={() => onChange({ ...edit, days: edit.days.map((spans, day) => (day < 5 ? monday : spans)) })}
        >
          {words.as_monday(names[0] ?? "")}
        </button>
      )}
    </div>
  );
}

interface DayProps {
  kind: WeekKind;
  name: string;
  spans: readonly SpanEdit[];
  onChange: (spans: readonly SpanEdit[]) => void;
  error: string | undefined;
}

function Day({ kind, name, spans, onChange, error }: DayProps) {
  const { common, [kind]: words } = useWords();
  const set = (at: number, part: Partial<SpanEdit>) =>
    onChange(spans.map((span, index) => (index === at ? { ...span, ...part } : span)));
  const add = () => onChange([...spans, spans.length === 0 ? { from: "09:00", to: "17:00" } : { from: "", to: "" }]);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <div class="spans">
          {spans.length === 0 && <span class="muted">{words.closed}</span>}
          {spans.map((span, at) => (
            <span key={at} class="span-in">
              <input
                type="time"
                class="in"
                aria-label={words.from(name)}
                value={span.from}
                onInput={(event) => set(at, { from: event.currentTarget.value })}
              />
              –
              <input
                type="time"
                class="in"
                aria-label={words.to(name)}
                value={span.to}
                onInput={(event) => set(at, { to: event.currentTarget.value })}
              />
              <button
                type="button"
                class="icon-btn"
                aria-label={words.remove(name)}
                title={common.remove}
                onClick={() => onChange(spans.filter((_, index) => index !== at))}
              >
                <Icon name="x" />
              </button>
            </span>
          ))}
          <button type="button" class="icon-btn" aria-label={words.add(name)} title={common.add} onClick={add}>
            <Icon name="plus" />
          </button>
        </div>
        {error && (
          <p class="err" role="alert">
            {error}
          </p>
        )}
      </td>
    </tr>
  );
}

function ClosedDates({ kind, edit, onChange }: PartProps) {
  const { lang, common, [kind]: words } = useWords();
  const [date, setDate] = useState("");
  const add = () => {
    if (date === "") return;
    onChange({ ...edit, closed: [...new Set([...edit.closed, date])].sort() });
    setDate("");
  };
  const format = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeZone: "UTC" });
  const nameOf = (day: string): string => format.format(Date.parse(`${day}T00:00:00Z`));
  return (
    <fieldset class="f">
      <legend>{words.closed_dates}</legend>
      {edit.closed.length > 0 && (
        <ul class="tag-list">
          {edit.closed.map((day) => (
            <li key={day} class="chip">
              {nameOf(day)}
              <button
                type="button"
                aria-label={common.remove_name(nameOf(day))}
                onClick={() => onChange({ ...edit, closed: edit.closed.filter((other) => other !== day) })}
              >
                <Icon name="x" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="in-row">
        <input
          type="date"
          class="in in-auto"
          aria-label={words.closed_date}
          value={date}
          onInput={(event) => setDate(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            add();
          }}
        />
        <button type="button" class="btn" disabled={date === ""} onClick={add}>
          {common.add}
        </button>
      </div>
    </fieldset>
  );
}
