// Reports: waits, people, ratings and staffing over any time, each chart with the table behind it, all as comma-separated values.

import { signal } from "@preact/signals";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { type Answer, type Api, type Problem, queryOf } from "../api.ts";
import { useApp, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { useTitle } from "../parts/hooks.ts";
import type { FiguresReport } from "../rest.ts";
import { hrefOf, reportTabs, type ReportTab } from "../route.ts";
import { People } from "./people.tsx";
import { RangeChoice } from "./range.tsx";
import { Ratings } from "./ratings.tsx";
import { spanOf, stepOf, dayOf, type Span, type SpanName } from "./span.ts";
import { Staffing } from "./staffing.tsx";
import { Waiting } from "./waiting.tsx";

/** The zone of all reports: the reader's own, so that a day is the day they had. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function Reports({ tab }: { tab: ReportTab }) {
  const words = useWords();
  const app = useApp();
  const [name, setName] = useState<SpanName>("week");
  const [own, setOwn] = useState(() => ({ from: dayOf(app.clock.read()), to: dayOf(app.clock.read()) }));
  const [department, setDepartment] = useState("");
  useTitle(words.reports.title);
  // The span stands still while one reads; choosing anew brings it up to now.
  const span = useMemo(() => spanOf(name, own, app.clock.read()), [app, name, own]);

  return (
    <main class="page" aria-labelledby="reports-h">
      <header class="page-head page-head-wrap">
        <h1 id="reports-h">{words.reports.title}</h1>
        <nav class="seg" aria-label={words.reports.kind}>
          {reportTabs.map((one) => (
            <a key={one} href={hrefOf({ page: "reports", tab: one })} aria-current={one === tab ? "page" : undefined}>
              {words.reports.tabs[one]}
            </a>
          ))}
        </nav>
        <span class="grow" />
        {tab !== "staffing" && (
          <>
            <RangeChoice name={name} own={own} span={span} onName={setName} onOwn={setOwn} />
            {tab !== "people" && <DepartmentChoice value={department} onChange={setDepartment} has_all />}
          </>
        )}
      </header>
      <div class="page-in">
        {tab === "staffing" ? (
          <Staffing />
        ) : span === undefined ? (
          <p class="advice" role="alert">
            {words.reports.wrong_span}
          </p>
        ) : tab === "waiting" ? (
          <Waiting span={span} department={department} />
        ) : tab === "ratings" ? (
          <Ratings span={span} department={department} />
        ) : (
          <People span={span} />
        )}
      </div>
    </main>
  );
}

interface DepartmentChoiceProps {
  value: string;
  onChange: (key: string) => void;
  has_all?: boolean;
}

export function DepartmentChoice({ value, onChange, has_all = false }: DepartmentChoiceProps) {
  const app = useApp();
  const words = useWords();
  return (
    <select
      class="in in-auto"
      aria-label={words.reports.department}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {has_all && <option value="">{words.reports.all_departments}</option>}
      {app.directory.departments.value.map((one) => (
        <option key={one.key} value={one.key}>
          {one.name}
        </option>
      ))}
    </select>
  );
}

/** A table of ours for a spreadsheet. The browser asks with its cookie. */
export function CsvLink({ path, query }: { path: string; query: object }) {
  const words = useWords();
  return (
    <a class="btn" href={`${path}${queryOf(query)}`} download>
      <Icon name="download" />
      <span>{words.reports.csv}</span>
    </a>
  );
}

export type Loaded<T> = { kind: "loading" } | { kind: "loaded"; value: T } | { kind: "refused"; problem: Problem };

export interface FiguresAsked {
  from: number;
  to: number;
  by: "hour" | "day" | "quarter" | "week_hour" | "department" | "agent";
  department?: string;
  tz: string;
}

/**
 * A report, asked for again whenever `ask` is another function (`useCallback`); an answer to an older question is dropped. Where
 * `ask` gives nothing there is nothing to ask.
 */
export function useReport<T>(ask: (api: Api) => Promise<Answer<T>> | undefined): Loaded<T> {
  const app = useApp();
  const [loaded, setLoaded] = useState<Loaded<T>>({ kind: "loading" });
  useEffect(() => {
    let is_current = true;
    setLoaded({ kind: "loading" });
    void ask(app.api)?.then((answer) => {
      if (!is_current) return;
      setLoaded(answer.ok ? { kind: "loaded", value: answer.value } : { kind: "refused", problem: answer.problem });
    });
    return () => {
      is_current = false;
    };
  }, [app, ask]);
  return loaded;
}

export function useFigures(asked: FiguresAsked): Loaded<FiguresReport> {
  const { from, to, by, department, tz } = asked;
  const ask = useCallback(
    (api: Api) => api.figures({ from, to, by, tz, ...(department === undefined ? {} : { department }) }),
    [from, to, by, department, tz],
  );
  return useReport(ask);
}

export function NotLoaded<T>({ loaded }: { loaded: Loaded<T> }) {
  const app = useApp();
  const words = useWords();
  if (loaded.kind === "refused") {
    return (
      <p class="alert bad" role="alert">
        <Icon name="warn" />
        <span>{app.explain(loaded.problem)}</span>
      </p>
    );
  }
  return (
    <p class="advice" role="status">
      {words.common.loading}…
    </p>
  );
}

/** One cursor for the charts of a page. */
export function useCursor() {
  return useMemo(() => signal<number | undefined>(undefined), []);
}

export function useStep(span: Span): "hour" | "day" {
  return stepOf(span);
}
