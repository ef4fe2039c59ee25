// How visitors waited: the sums, per hour or day, per department.

import { useApp, useWords } from "../app.ts";
import { Chart } from "../charts/chart.tsx";
import { roundSpanUp, roundUp } from "../charts/scale.ts";
import { formatClock, formatPercent, formatSpan } from "../format.ts";
import type { Words } from "../i18n/index.ts";
import type { FiguresLine, FiguresReport, Standard, WaitFigures } from "../rest.ts";
import { Heat } from "./heat.tsx";
import { Promises } from "./promises.tsx";
import { CsvLink, NotLoaded, ownZone, useCursor, useFigures } from "./reports.tsx";
import { keysOf, startOf, stepOf, type Span } from "./span.ts";

export function Waiting({ span, department }: { span: Span; department: string }) {
  const words = useWords();
  const step = stepOf(span);
  const tz = ownZone();
  const of = department === "" ? {} : { department };
  const by_time = useFigures({ ...span, by: step, tz, ...of });
  const by_department = useFigures({ ...span, by: "department", tz });
  if (by_time.kind !== "loaded") return <NotLoaded loaded={by_time} />;
  const report = by_time.value;
  return (
    <>
      <Sums line={report.total} standards={standardsIn(report, department)} />
      <Charts span={span} step={step} report={report} department={department} />
      {by_department.kind === "loaded" ? (
        <Departments report={by_department.value} />
      ) : (
        <NotLoaded loaded={by_department} />
      )}
      <Promises span={span} department={department} />
      <Heat span={span} department={department} />
      <p class="act-row">
        <CsvLink path="/api/reports/figures.csv" query={{ ...span, by: step, tz, ...of }} />
        <span class="muted">{words.reports.all_figures[step]}</span>
      </p>
    </>
  );
}

function standardsIn(report: FiguresReport, department: string): Standard[] {
  const all = Object.entries(report.standards);
  return all.filter(([key]) => department === "" || key === department).map(([, standard]) => standard);
}

/** The standard, where all that are shown have the same. */
function commonStandard(standards: readonly Standard[]): Standard | undefined {
  const [first, ...others] = standards;
  const is_same = (one: Standard) =>
    one.threshold_ms === first?.threshold_ms &&
    one.target_percent === first.target_percent &&
    one.definition === first.definition;
  return others.every(is_same) ? first : undefined;
}

export function orUnknown(words: Words, span_ms: number | null | undefined): string {
  return span_ms === null || span_ms === undefined ? words.reports.unknown : formatSpan(words, span_ms);
}

export function percentOf(words: Words, part: number, whole: number): string {
  return whole === 0 ? words.reports.unknown : formatPercent(words.lang, part / whole);
}

function Sums({ line, standards }: { line: FiguresLine; standards: Standard[] }) {
  const words = useWords();
  const waits = line.waits;
  if (!waits) return null;
  const { talks } = line;
  const rated = talks.ratings.reduce((sum, count) => sum + count, 0);
  const standard = commonStandard(standards);
  const number = new Intl.NumberFormat(words.lang, { maximumFractionDigits: 2 });
  return (
    <dl class="panel kpis num">
      <Sum name={words.reports.conversations} value={number.format(waits.offered)}>
        {words.reports.answered_of(number.format(waits.answered))}
      </Sum>
      <Sum name={words.reports.within_standard} value={percentOf(words, waits.in_time, waits.judged)}>
        {standard ? standardText(words, standard) : words.reports.own_standards}
      </Sum>
      <Sum name={words.reports.half} value={orUnknown(words, waits.p50_ms)}>
        {words.reports.nine_longest(orUnknown(words, waits.p90_ms), orUnknown(words, waits.max_ms))}
      </Sum>
      <Sum name={words.reports.gave_up} value={percentOf(words, waits.abandoned, waits.offered)}>
        {words.reports.short_apart(number.format(waits.abandoned), number.format(waits.short_abandoned))}
      </Sum>
      <Sum name={words.reports.first_response} value={orUnknown(words, talks.response_p50_ms)}>
        {words.reports.nine_in_ten(orUnknown(words, talks.response_p90_ms))}
      </Sum>
      <Sum name={words.reports.rating} value={talks.score === null ? words.reports.unknown : number.format(talks.score)}>
        {words.reports.rated(number.format(rated))}
      </Sum>
    </dl>
  );
}

export function Sum({ name, value, children }: { name: string; value: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} <p class="vs">{children}</p>
      </dd>
    </div>
  );
}

/** `80 % in 0:20`. */
export function standardText(words: Words, standard: Standard): string {
  return words.reports.standard(
    formatPercent(words.lang, standard.target_percent / 100),
    formatSpan(words, standard.threshold_ms),
  );
}

interface ChartsProps {
  span: Span;
  step: "hour" | "day";
  report: FiguresReport;
  department: string;
}

function Charts({ span, step, report, department }: ChartsProps) {
  const words = useWords();
  const cursor = useCursor();
  const lines = new Map(report.lines.map((line) => [line.key, line]));
  const keys = report.lines.length === 0 ? [] : keysOf(span, step);
  const waits = keys.map((key) => lines.get(key)?.waits ?? undefined);
  const steps = keys.map((key) => stepName(words, key, step));
  const standard = commonStandard(standardsIn(report, department));
  const of = (value: (one: WaitFigures) => number | null) => waits.map((one) => (one ? value(one) : null));
  const p90 = of((one) => one.p90_ms);
  const level = of((one) => (one.judged === 0 ? null : (100 * one.in_time) / one.judged));
  const offered = of((one) => one.offered);
  const span_text = (ms: number) => formatSpan(words, ms);
  const count_text = (count: number) => new Intl.NumberFormat(words.lang).format(count);
  const percent_text = (percent: number) => formatPercent(words.lang, percent / 100);
  const longest = Math.max(0, ...p90.map((value) => value ?? 0));
  // A level is drawn from a half up, and said so, unless it was lower.
  const lowest = Math.min(...level.map((value) => value ?? 100)) < 50 ? 0 : 50;
  const shared = { steps, step_head: words.reports.step_heads[step], cursor, name_px: step === "hour" ? 56 : 64 };
  const title = words.reports.charts[step];

  return (
    <>
      <Chart
        {...shared}
        title={title.waits}
        unit={words.reports.open_counted}
        sentence={words.reports.sentences.waits(span_text(longest))}
        series={[
          { name: words.reports.half, kind: "line", values: of((one) => one.p50_ms), format: span_text },
          { name: words.reports.nine, kind: "line", is_second: true, values: p90, format: span_text },
        ]}
        high={roundSpanUp(longest)}
      />
      <div class="wall-2">
        <Chart
          {...shared}
          title={title.level}
          unit={standard ? standardText(words, standard) : words.reports.own_standards}
          sentence={words.reports.sentences.level(percentOf(words, report.total.waits?.in_time ?? 0, report.total.waits?.judged ?? 0))}
          series={[{ name: words.reports.within_standard, kind: "line", values: level, format: percent_text }]}
          low={lowest}
          high={100}
          standard={standard?.target_percent}
        />
        <Chart
          {...shared}
          title={title.arrivals}
          unit={words.reports.count}
          sentence={words.reports.sentences.arrivals(count_text(report.total.waits?.offered ?? 0))}
          series={[
            { name: words.reports.conversations, kind: "bar", is_second: true, values: offered, format: count_text },
            { name: words.reports.gave_up, kind: "bar", values: of((one) => one.abandoned), format: count_text },
          ]}
          high={roundUp(Math.max(2, ...offered.map((value) => value ?? 0)))}
        />
      </div>
    </>
  );
}

/** How a step is called, and how at an axis. */
export function stepName(words: Words, key: string, step: "hour" | "day"): { name: string; short: string } {
  if (step === "hour") {
    const at = Date.parse(key);
    const short = formatClock(words.lang, at);
    const name = new Intl.DateTimeFormat(words.lang, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    return { name: name.format(at), short };
  }
  const at = startOf(key) ?? 0;
  const short = new Intl.DateTimeFormat(words.lang, { day: "numeric", month: "short" }).format(at);
  const name = new Intl.DateTimeFormat(words.lang, { weekday: "short", day: "numeric", month: "short" }).format(at);
  return { name, short };
}

function Departments({ report }: { report: FiguresReport }) {
  const app = useApp();
  const words = useWords();
  const rows = [...report.lines].sort((one, other) => (other.waits?.offered ?? 0) - (one.waits?.offered ?? 0));
  const heads = [
    words.reports.chats,
    words.reports.half,
    words.reports.nine,
    words.reports.within_standard,
    words.reports.gave_up,
    words.reports.greeted,
    words.reports.unbroken,
  ];
  return (
    <section class="panel" aria-labelledby="by-department">
      <header class="panel-h">
        <h2 id="by-department">{words.reports.by_department}</h2>
      </header>
      <div class="tbl" tabIndex={0} role="group" aria-label={words.settings.table}>
        <table aria-labelledby="by-department">
          <thead>
            <tr>
              <th scope="col">{words.reports.department}</th>
              {heads.map((head) => (
                <th key={head} scope="col" class="r">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody class="num">
            {rows.map((line) => (
              <FiguresRow key={line.key} name={line.name ?? app.directory.departmentName(line.key)} line={line} />
            ))}
          </tbody>
          <tfoot class="num">
            <FiguresRow name={words.reports.all} line={report.total} />
          </tfoot>
        </table>
      </div>
      <p class="advice">{words.reports.definitions}</p>
    </section>
  );
}

function FiguresRow({ name, line }: { name: string; line: FiguresLine }) {
  const words = useWords();
  const { waits, talks } = line;
  if (!waits) return null;
  const cells = [
    new Intl.NumberFormat(words.lang).format(waits.offered),
    orUnknown(words, waits.p50_ms),
    orUnknown(words, waits.p90_ms),
    percentOf(words, waits.in_time, waits.judged),
    percentOf(words, waits.abandoned, waits.offered),
    percentOf(words, talks.greeted, talks.greeted + talks.ungreeted),
    percentOf(words, talks.served - talks.silent, talks.served),
  ];
  return (
    <tr>
      <th scope="row">{name}</th>
      {cells.map((cell, at) => (
        <td key={at} class="r">
          {cell}
        </td>
      ))}
    </tr>
  );
}
