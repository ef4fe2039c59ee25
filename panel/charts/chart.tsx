// A chart over equal steps of time: bars and up to two lines, drawn at real pixel size, with the table behind it.
// Own SVG, not a library: it takes the colours of the page, also forced ones, needs no inline style, prints, and is far
// smaller than the smallest that draws on a canvas.

import type { Signal } from "@preact/signals";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useWords } from "../app.ts";
import { linePath, lonePoints, MARGIN, namedSteps, stepAt, xAt, yAt, type Frame } from "./scale.ts";

export interface Series {
  name: string;
  kind: "line" | "bar";
  /** The second line and the pale bars. */
  is_second?: boolean;
  /** One for each step; null where too little is known. */
  values: readonly (number | null)[];
  format: (value: number) => string;
}

/** What is expected of the first line in the last steps: a range is drawn, never a bare line. */
export interface Prediction {
  name: string;
  values: readonly { value: number; low: number; high: number }[];
}

export interface ChartProps {
  title: string;
  /** Unit and span, beside the title. */
  unit: string;
  /** What it shows, as a sentence. */
  sentence: string;
  /** The name of each step: full, and short for the axis. */
  steps: readonly { name: string; short: string }[];
  /** How wide a short name is. */
  name_px?: number;
  series: readonly Series[];
  ahead?: Prediction | undefined;
  low?: number;
  high: number;
  /** A dashed line with its value on the axis. */
  standard?: number | undefined;
  /** What the steps are, as the head of the table. */
  step_head: string;
  /** One cursor for all charts of a page. */
  cursor: Signal<number | undefined>;
}

const HEIGHT_PX = 200;

export function Chart(props: ChartProps) {
  const { title, unit, series, steps } = props;
  const words = useWords();
  const id = useId();
  const [is_table, setTable] = useState(false);
  return (
    <section class="panel" aria-labelledby={id}>
      <header class="panel-h">
        <h2 id={id}>{title}</h2>
        <span class="muted">{unit}</span>
        <div class="panel-h-end">
          {(series.length > 1 || props.ahead) && !is_table && <Legend series={series} ahead={props.ahead} />}
          <button type="button" class="link" aria-pressed={is_table} onClick={() => setTable(!is_table)}>
            {is_table ? words.reports.chart : words.reports.table}
            <span class="sr">: {title}</span>
          </button>
        </div>
      </header>
      {steps.length === 0 ? (
        <p class="advice">{words.reports.nothing}</p>
      ) : is_table ? (
        <StepTable {...props} />
      ) : (
        <Drawing {...props} />
      )}
    </section>
  );
}

function Legend({ series, ahead }: { series: readonly Series[]; ahead: Prediction | undefined }) {
  return (
    <p class="legend">
      {series.map((one) => (
        <span key={one.name}>
          <svg viewBox="0 0 16 8" aria-hidden="true">
            {one.kind === "bar" ? (
              <rect class={one.is_second ? "bar2" : "bar1"} width="16" height="8" rx="2" />
            ) : (
              <path class={one.is_second ? "l2" : "l1"} d="M0 4h16" />
            )}
          </svg>
          {one.name}
        </span>
      ))}
      {ahead && (
        <span>
          <svg viewBox="0 0 16 8" aria-hidden="true">
            <rect class="a1" width="16" height="8" />
            <path class="l1 fc" d="M0 4h16" />
          </svg>
          {ahead.name}
        </span>
      )}
    </p>
  );
}

function Drawing(props: ChartProps) {
  const { sentence, steps, series, high, standard, cursor } = props;
  const words = useWords();
  const region = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = region.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const frame: Frame = { width, height: HEIGHT_PX };
  const low = props.low ?? 0;
  const at = cursor.value;
  const move = (by: number) => {
    const next = at === undefined ? (by > 0 ? 0 : steps.length - 1) : at + by;
    cursor.value = Math.min(steps.length - 1, Math.max(0, next));
  };
  const middle = (low + high) / 2;
  const format = series[0]?.format ?? String;

  return (
    <div
      class="chart-s"
      ref={region}
      tabIndex={0}
      role="group"
      aria-label={words.reports.chart_keys}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.preventDefault();
        move(event.key === "ArrowLeft" ? -1 : 1);
      }}
      onPointerMove={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        cursor.value = stepAt(frame, event.clientX - box.left, steps.length);
      }}
      onPointerLeave={() => (cursor.value = undefined)}
    >
      {width > 0 && (
        <svg class="chart" width={width} height={HEIGHT_PX} viewBox={`0 0 ${width} ${HEIGHT_PX}`} role="img" aria-label={sentence}>
          {[low, middle, high].map((value) => (
            <g key={value}>
              <path class="g" d={`M${MARGIN.left} ${yAt(frame, value, low, high)}H${width - MARGIN.right}`} />
              {(standard === undefined || Math.abs(value - standard) > (high - low) / 12) && (
                <text class="t-l" x={MARGIN.left - 6} y={yAt(frame, value, low, high) + 4}>
                  {format(value)}
                </text>
              )}
            </g>
          ))}
          {series.map((one) => (
            <Shape key={one.name} series={one} frame={frame} low={low} high={high} />
          ))}
          {props.ahead && <Ahead {...props} frame={frame} low={low} />}
          {standard !== undefined && (
            <g>
              <path class="std" d={`M${MARGIN.left} ${yAt(frame, standard, low, high)}H${width - MARGIN.right}`} />
              <text class="t-l t-now" x={MARGIN.left - 6} y={yAt(frame, standard, low, high) + 4}>
                {format(standard)}
              </text>
            </g>
          )}
          {namedSteps(frame, steps.length, props.name_px ?? 64).map((step) => (
            <text key={step} class="t-m" x={xAt(frame, step, steps.length)} y={HEIGHT_PX - 6}>
              {steps[step]?.short}
            </text>
          ))}
          {at !== undefined && at < steps.length && (
            <path class="nowl" d={`M${xAt(frame, at, steps.length)} ${MARGIN.top}V${HEIGHT_PX - MARGIN.bottom}`} />
          )}
        </svg>
      )}
      <p class="chart-at num" aria-live="polite">
        {at !== undefined && steps[at] && (
          <>
            <b>{steps[at].name}</b>{" "}
            {columnsOf(props, words.reports.unknown)
              .map((column) => `${column.name} ${column.said(at)}`)
              .join(", ")}
          </>
        )}
      </p>
    </div>
  );
}

interface ShapeProps {
  series: Series;
  frame: Frame;
  low: number;
  high: number;
}

function Shape({ series, frame, low, high }: ShapeProps) {
  const count = series.values.length;
  if (series.kind === "line") {
    const points = series.values.map((value, at) =>
      value === null ? undefined : ([xAt(frame, at, count), yAt(frame, value, low, high)] as const),
    );
    return (
      <g>
        <path class={series.is_second ? "l2" : "l1"} d={linePath(points)} />
        {lonePoints(points).map(([x, y]) => (
          <circle key={x} class={series.is_second ? "d2" : "d1"} cx={x} cy={y} r={3} />
        ))}
      </g>
    );
  }
  const room = (frame.width - MARGIN.left - MARGIN.right) / Math.max(1, count);
  const width = Math.max(1, Math.min(32, room * 0.72));
  const ground = yAt(frame, low, low, high);
  return (
    <g>
      {series.values.map((value, at) => {
        if (value === null || value <= low) return null;
        const top = yAt(frame, value, low, high);
        return (
          <rect
            key={at}
            class={series.is_second ? "bar2" : "bar1"}
            x={xAt(frame, at, count) - width / 2}
            y={top}
            width={width}
            height={Math.max(0, ground - top)}
            rx={1.5}
          />
        );
      })}
    </g>
  );
}

/** From the last that was measured on: a dotted line in its range, behind a hairline for now. */
function Ahead({ series, ahead, steps, high, frame, low }: ChartProps & { frame: Frame; low: number }) {
  if (!ahead || ahead.values.length === 0) return null;
  const first = steps.length - ahead.values.length;
  const x = (at: number) => xAt(frame, at, steps.length);
  const y = (value: number) => yAt(frame, value, low, high);
  const measured = series[0]?.values[first - 1];
  const from = measured === null || measured === undefined ? [] : [[x(first - 1), y(measured)] as const];
  const along = (value: (one: Prediction["values"][number]) => number) =>
    ahead.values.map((one, at) => [x(first + at), y(value(one))] as const);
  const band = [...from, ...along((one) => one.high), ...along((one) => one.low).reverse()];
  const now = x(first - 1);
  return (
    <g>
      <path class="a1" d={`${linePath(band)}Z`} />
      <path class="l1 fc" d={linePath([...from, ...along((one) => one.value)])} />
      <path class="nowl" d={`M${now} ${MARGIN.top}V${frame.height - MARGIN.bottom}`} />
    </g>
  );
}

function StepTable(props: ChartProps) {
  const { title, steps, step_head } = props;
  const words = useWords();
  const columns = columnsOf(props, words.reports.unknown);
  return (
    <div class="tbl tbl-tall" tabIndex={0} role="group" aria-label={words.settings.table}>
      <table aria-label={title}>
        <thead>
          <tr>
            <th scope="col">{step_head}</th>
            {columns.map((one) => (
              <th key={one.name} scope="col" class="r">
                {one.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class="num">
          {steps.map((step, at) => (
            <tr key={step.name}>
              <th scope="row">{step.name}</th>
              {columns.map((one) => (
                <td key={one.name} class="r">
                  {one.said(at)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Column {
  name: string;
  said: (at: number) => string;
}

/** What is said of each step, as the table and the cursor have it. */
function columnsOf({ series, ahead, steps }: ChartProps, unknown: string): Column[] {
  const columns: Column[] = series.map((one) => ({
    name: one.name,
    said: (at) => {
      const value = one.values[at];
      return value === null || value === undefined ? unknown : one.format(value);
    },
  }));
  const format = series[0]?.format ?? String;
  if (ahead) {
    const first = steps.length - ahead.values.length;
    const said = (at: number) => {
      const one = ahead.values[at - first];
      return one ? `${format(one.value)} (${format(one.low)}–${format(one.high)})` : unknown;
    };
    columns.push({ name: ahead.name, said });
  }
  return columns;
}
