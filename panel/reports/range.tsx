// Which time a report is of: a usual span by one press, or a first and a last day in a calendar or typed.

import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { dayOf, monthOf, spanNames, startOf, weeksOf, type Span, type SpanName } from "./span.ts";

export interface OwnRange {
  from: string;
  to: string;
}

export interface RangeProps {
  name: SpanName;
  own: OwnRange;
  /** What is shown now; undefined while an own range makes no sense. */
  span: Span | undefined;
  onName: (name: SpanName) => void;
  onOwn: (own: OwnRange) => void;
}

export function RangeChoice(props: RangeProps) {
  const { name, own, span, onName, onOwn } = props;
  const words = useWords();
  const [is_open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!is_open) return undefined;
    const onPointer = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", onPointer);
    return () => document.removeEventListener("pointerdown", onPointer);
  }, [is_open]);
  const format = new Intl.DateTimeFormat(words.lang, { day: "numeric", month: "short" });
  const shown = span ? format.formatRange(span.from, span.to - 1) : words.reports.spans.own;
  return (
    <div
      class="menu range"
      ref={root}
      onKeyDown={(event) => {
        if (!is_open || event.key !== "Escape") return;
        event.preventDefault();
        setOpen(false);
        trigger.current?.focus();
      }}
    >
      <button
        ref={trigger}
        type="button"
        class="btn"
        aria-expanded={is_open}
        aria-label={`${words.reports.span}: ${words.reports.spans[name]}, ${shown}`}
        onClick={() => setOpen(!is_open)}
      >
        <Icon name="calendar" />
        <span class="num">{shown}</span>
        <Icon name="down" />
      </button>
      {is_open && (
        <div class="pop pop-down range-pop" role="group" aria-label={words.reports.span}>
          <ul>
            {spanNames.map((one) => (
              <li key={one}>
                <button
                  type="button"
                  aria-pressed={one === name}
                  onClick={() => {
                    onName(one);
                    if (one === "own") return;
                    setOpen(false);
                    trigger.current?.focus();
                  }}
                >
                  {words.reports.spans[one]}
                </button>
              </li>
            ))}
          </ul>
          <div class="cal">
            <Calendar name={name} own={own} span={span} onName={onName} onOwn={onOwn} />
            {name === "own" && <Typed own={own} onOwn={onOwn} />}
          </div>
        </div>
      )}
    </div>
  );
}

/** For whoever knows the day: quicker than any calendar. */
function Typed({ own, onOwn }: { own: OwnRange; onOwn: (own: OwnRange) => void }) {
  const words = useWords();
  return (
    <div class="range-typed">
      {(["from", "to"] as const).map((end) => (
        <label key={end}>
          {words.reports[end]}
          <input class="in num" type="date" value={own[end]} onChange={(event) => onOwn({ ...own, [end]: event.currentTarget.value })} />
        </label>
      ))}
    </div>
  );
}

/** One month; the first press sets the first day, the second the last. */
function Calendar({ span, onName, onOwn }: RangeProps) {
  const app = useApp();
  const words = useWords();
  const today = dayOf(app.clock.read());
  const shown_from = span ? dayOf(span.from) : today;
  const shown_to = span ? dayOf(span.to - 1) : today;
  const [month, setMonth] = useState(() => monthOf(shown_to));
  const [begun, setBegun] = useState<string | undefined>(undefined);
  const [from, to] = begun === undefined ? [shown_from, shown_to] : [begun, begun];
  const choose = (day: string) => {
    onName("own");
    if (begun === undefined) {
      setBegun(day);
      onOwn({ from: day, to: day });
    } else {
      setBegun(undefined);
      onOwn(day < begun ? { from: day, to: begun } : { from: begun, to: day });
    }
  };
  const move = (months: number) => {
    const first = new Date(startOf(month) ?? 0);
    first.setMonth(first.getMonth() + months);
    setMonth(monthOf(dayOf(first.getTime())));
  };
  const first = startOf(month) ?? 0;
  const title = new Intl.DateTimeFormat(words.lang, { month: "long", year: "numeric" }).format(first);
  const long = new Intl.DateTimeFormat(words.lang, { day: "numeric", month: "long" });
  const short = new Intl.DateTimeFormat(words.lang, { weekday: "short" });
  const weeks = weeksOf(month);
  return (
    <>
      <div class="cal-head">
        <button type="button" class="icon-btn" aria-label={words.reports.month_before} onClick={() => move(-1)}>
          <Icon name="left" />
        </button>
        <b aria-live="polite">{title}</b>
        <button type="button" class="icon-btn flip" aria-label={words.reports.month_after} onClick={() => move(1)}>
          <Icon name="left" />
        </button>
      </div>
      <table aria-label={title} onKeyDown={(event) => walk(event)}>
        <thead>
          <tr>
            {weeks[0]?.map((day) => (
              <th key={day} scope="col">
                {short.format(startOf(day) ?? 0)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class="num">
          {weeks.map((week) => (
            <tr key={week[0]}>
              {week.map((day) => {
                const is_end = day === from || day === to;
                const look = `${monthOf(day) === month ? "" : "out "}${day >= from && day <= to ? "rg " : ""}${is_end ? "end" : ""}`;
                return (
                  <td key={day} class={look}>
                    <button
                      type="button"
                      aria-label={long.format(startOf(day) ?? 0)}
                      aria-pressed={day >= from && day <= to}
                      disabled={day > today}
                      onClick={() => choose(day)}
                    >
                      {Number(day.slice(8))}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="help" role="status">
        {begun === undefined ? words.reports.choose_first : words.reports.choose_last}
      </p>
    </>
  );
}

/** Arrows move by a day and by a week within the month. */
function walk(event: preact.TargetedKeyboardEvent<HTMLTableElement>): void {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const days = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("tbody button")];
  const at = days.findIndex((day) => day === document.activeElement);
  days[at + step]?.focus();
}

