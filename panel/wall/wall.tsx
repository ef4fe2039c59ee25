// The team lead's wall: every department live, a warning before a standard is missed, the trend of the last hours, who is
// at the desk, and what one agent more or fewer would do.

import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useDesk, useWords, type App } from "../app.ts";
import { Chart } from "../charts/chart.tsx";
import { roundUp } from "../charts/scale.ts";
import { formatClock, formatPercent } from "../format.ts";
import { Icon } from "../icon.tsx";
import { useCommand, useTitle } from "../parts/hooks.ts";
import { ownZone, useCursor } from "../reports/reports.tsx";
import { startOf, dayOf } from "../reports/span.ts";
import type { FiguresLine } from "../rest.ts";
import { hrefOf } from "../route.ts";
import type { Lane } from "../state/wire.ts";
import { DepartmentCard } from "./department.tsx";
import { Figures } from "./figures.tsx";
import { busiest, inOrder } from "./lanes.ts";
import { Agents, Outlook } from "./outlook.tsx";
import { targetText, warningText, withinText } from "./words.ts";

const QUARTER_MS = 15 * 60_000;
/** Between two looks at the trend while nothing happens: its steps are a quarter of an hour. */
const TREND_EVERY_MS = 30_000;
/** From a change to the look at it: what changes together is looked at once. */
const TREND_SOON_MS = 400;
/** Between two looks at least. */
const TREND_PAUSE_MS = 3_000;

type TrendSpan = "hour" | "hours" | "today";
const trendSpans: readonly TrendSpan[] = ["hour", "hours", "today"];

export function Wall() {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const { lanes, lanes_at } = desk.state.value;
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const first = useRef<string | undefined>(undefined);
  const [span, setSpan] = useState<TrendSpan>("hours");
  useTitle(words.wall.title);
  useCommand("big_screen", () => app.router.go({ page: "wall", is_big: true }));
  const ordered = inOrder(lanes);
  // What is shown first stays, whatever becomes busier meanwhile.
  first.current ??= busiest(lanes)?.department;
  const shown = lanes.find((lane) => lane.department === (chosen ?? first.current)) ?? ordered[0];
  const name = (lane: Lane) => app.directory.departmentName(lane.department);
  const is_live = desk.is_up.value;

  return (
    <main class="page" aria-labelledby="wall-h">
      <header class="page-head page-head-wrap">
        <h1 id="wall-h">{words.wall.title}</h1>
        <span class={is_live ? "chip ok" : "chip"}>
          {is_live && <span class="dot live" aria-hidden="true" />}
          {is_live ? words.wall.live : words.wall.as_of(formatClock(words.lang, lanes_at))}
        </span>
        <span class="grow" />
        <a class="btn" href={hrefOf({ page: "wall", is_big: true })}>
          <Icon name="screen" />
          <span>{words.wall.big_screen}</span>
          <kbd aria-hidden="true">B</kbd>
        </a>
      </header>
      <div class={`page-in${is_live ? "" : " is-stale"}`}>
        <Warnings lanes={ordered} />
        <div class="depts">
          {ordered.map((lane) => (
            <DepartmentCard key={lane.department} lane={lane} told_at={lanes_at} />
          ))}
        </div>
        {shown && (
          <>
            <div class="act-row">
              {ordered.length > 1 && (
                <select
                  class="in in-auto"
                  aria-label={words.reports.department}
                  value={shown.department}
                  onChange={(event) => setChosen(event.currentTarget.value)}
                >
                  {lanes.map((lane) => (
                    <option key={lane.department} value={lane.department}>
                      {name(lane)}
                    </option>
                  ))}
                </select>
              )}
              <fieldset class="seg">
                <legend class="sr">{words.wall.span}</legend>
                {trendSpans.map((one) => (
                  <label key={one}>
                    <input type="radio" name="span" checked={one === span} onChange={() => setSpan(one)} />
                    <span>{words.wall.spans[one]}</span>
                  </label>
                ))}
              </fieldset>
            </div>
            <Trend lane={shown} name={name(shown)} span={span} />
            <div class="wall-3">
              <Outlook lane={shown} name={name(shown)} />
              <Agents />
              <Figures lane={shown} name={name(shown)} />
            </div>
          </>
        )}
      </div>
    </main>
  );
}

/** Read once a change, not once a second. */
function Warnings({ lanes }: { lanes: Lane[] }) {
  const app = useApp();
  const words = useWords();
  const warnings = lanes.map((lane) => warningText(words, lane, app.directory.departmentName(lane.department), (id) => personName(app, id)));
  return (
    <div role="status" class="warnings">
      {warnings.map(
        (warning) =>
          warning && (
            <section key={warning.what} class="alert" aria-label={words.wall.warning}>
              <Icon name="warn" />
              <div>
                <p>
                  <b>{warning.what}</b>
                </p>
                <p>{warning.why}</p>
              </div>
            </section>
          ),
      )}
    </div>
  );
}

export function personName(app: App, id: string): string {
  return app.directory.people.value.find((person) => person.id === id)?.name ?? app.words.value.reports.gone;
}

function spanStart(span: TrendSpan, now: number): number {
  const whole = Math.floor(now / QUARTER_MS) * QUARTER_MS;
  if (span === "today") return startOf(dayOf(now)) ?? whole;
  return whole - (span === "hour" ? 3 : 15) * QUARTER_MS;
}

/** Looked at anew soon after something changed, but not more often than the log should be read for it. */
function useTrend(lane: Lane, from: number): FiguresLine[] {
  const app = useApp();
  const { department, day } = lane;
  const question = `${department} ${from}`;
  const [known, setKnown] = useState<{ question: string; lines: FiguresLine[] }>({ question, lines: [] });
  const looked = useRef({ question: "", at: 0 });
  const counts = [day.offered, day.answered, day.abandoned].join();
  useEffect(() => {
    let is_current = true;
    const look = () => {
      looked.current = { question, at: Date.now() };
      const asked = { from, to: app.clock.read() + 1, by: "quarter", department, tz: ownZone() };
      void app.api.figures(asked).then((answer) => {
        if (is_current && answer.ok) setKnown({ question, lines: answer.value.lines });
      });
    };
    const passed_ms = Date.now() - looked.current.at;
    const is_other = looked.current.question !== question;
    const soon = window.setTimeout(look, is_other ? 0 : Math.max(TREND_SOON_MS, TREND_PAUSE_MS - passed_ms));
    const timer = window.setInterval(look, TREND_EVERY_MS);
    return () => {
      is_current = false;
      window.clearTimeout(soon);
      window.clearInterval(timer);
    };
  }, [app, department, from, question, counts]);
  return known.question === question ? known.lines : [];
}

function Trend({ lane, name, span }: { lane: Lane; name: string; span: TrendSpan }) {
  const app = useApp();
  const words = useWords();
  const cursor = useCursor();
  const now = app.clock.now.value;
  const from = spanStart(span, now);
  const lines = useTrend(lane, from);
  const by_start = new Map(lines.map((line) => [Date.parse(line.key), line.waits]));
  const count = Math.floor((now - from) / QUARTER_MS) + 1;
  const past = Array.from({ length: count }, (_, at) => from + at * QUARTER_MS);
  const courses = lane.staffing?.ahead ?? [];
  // What is to come stands where its quarter of an hour will.
  const starts = [...past, ...courses.map((_, at) => from + (count + at) * QUARTER_MS)];
  const waits = past.map((start) => by_start.get(start) ?? undefined);
  const steps = starts.map((start) => {
    const clock = formatClock(words.lang, start);
    return { name: clock, short: clock };
  });
  const level = waits.map((one) => (one && one.judged > 0 ? (100 * one.in_time) / one.judged : null));
  const offered = waits.map((one) => one?.offered ?? 0);
  const no_more: null[] = courses.map(() => null);
  const values = courses.map((one) => ({ value: 100 * one.service_level, low: 100 * one.low, high: 100 * one.high }));
  const lowest = [...level, ...values.map((one) => one.low)].some((value) => value !== null && value < 50);
  const percent = (value: number) => formatPercent(words.lang, value / 100);
  const number = (value: number) => new Intl.NumberFormat(words.lang).format(value);
  const shared = { steps, step_head: words.reports.time, cursor, name_px: 56 };
  return (
    <div class="wall-2">
      <Chart
        {...shared}
        title={words.wall.level_of(name)}
        unit={words.wall.a_quarter(withinText(words, lane))}
        sentence={words.wall.level_sentence(name, targetText(words, lane))}
        series={[{ name: words.reports.within_standard, kind: "line", values: [...level, ...no_more], format: percent }]}
        ahead={values.length > 0 ? { name: words.wall.predicted, values } : undefined}
        low={lowest ? 0 : 50}
        high={100}
        standard={lane.standard.target_percent}
      />
      <Chart
        {...shared}
        title={words.wall.arrivals_of(name)}
        unit={words.reports.a_quarter}
        sentence={words.reports.sentences.arrivals(number(offered.reduce((sum, one) => sum + one, 0)))}
        series={[
          { name: words.reports.arrivals, kind: "bar", is_second: true, values: [...offered, ...no_more], format: number },
          { name: words.reports.gave_up, kind: "bar", values: [...waits.map((one) => one?.abandoned ?? 0), ...no_more], format: number },
        ]}
        high={roundUp(Math.max(2, ...offered))}
      />
    </div>
  );
}
