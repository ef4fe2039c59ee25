// When visitors come and how they wait, hour by hour of the week: a table whose cells are as dark as their number is high.

import { useMemo, useState } from "preact/hooks";
import { useWords } from "../app.ts";
import { formatPercent, formatSpan } from "../format.ts";
import { NotLoaded, CsvLink, ownZone, useFigures } from "./reports.tsx";
import { heatOf, heatMeasures, shadeOf, weekHours, type HeatMeasure } from "./heat.ts";
import type { Span } from "./span.ts";

const DAY_MS = 86_400_000;
/** A Monday, for the names of the days. */
const SOME_MONDAY = Date.UTC(2024, 0, 1);

export function Heat({ span, department }: { span: Span; department: string }) {
  const words = useWords();
  const { heat } = words.reports;
  const [measure, setMeasure] = useState<HeatMeasure>("arrivals");
  const tz = ownZone();
  const asked = { ...span, by: "week_hour" as const, tz, ...(department === "" ? {} : { department }) };
  const loaded = useFigures(asked);
  const names = useMemo(() => dayNames(words.lang), [words.lang]);
  if (loaded.kind !== "loaded") return <NotLoaded loaded={loaded} />;
  const { hours, cells, highest } = heatOf(loaded.value.lines, span, measure);
  const number = new Intl.NumberFormat(words.lang, { maximumFractionDigits: 1 });
  const said = (value: number) =>
    measure === "arrivals" ? number.format(value) : measure === "waits" ? formatSpan(words, value) : formatPercent(words.lang, value);
  return (
    <section class="panel" aria-labelledby="heat">
      <header class="panel-h">
        <h2 id="heat">{heat.title}</h2>
        <span class="muted">{heat.units[measure]}</span>
        <span class="grow" />
        <fieldset class="seg">
          <legend class="sr">{heat.measure}</legend>
          {heatMeasures.map((one) => (
            <label key={one}>
              <input type="radio" name="heat" checked={one === measure} onChange={() => setMeasure(one)} />
              <span>{heat.measures[one]}</span>
            </label>
          ))}
        </fieldset>
        <CsvLink path="/api/reports/figures.csv" query={asked} />
      </header>
      {hours.length === 0 ? (
        <p class="advice">{words.reports.nothing}</p>
      ) : (
        <div class="tbl" tabIndex={0} role="group" aria-label={words.settings.table}>
          <table class="heat num" aria-labelledby="heat">
            <thead>
              <tr>
                <th scope="col">
                  <span class="sr">{heat.weekday}</span>
                </th>
                {hours.map((hour) => (
                  <th key={hour} scope="col">
                    {String(hour).padStart(2, "0")}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {weekHours.days.map((day) => (
                <tr key={day}>
                  <th scope="row">{names[day - 1]}</th>
                  {hours.map((hour) => {
                    const value = cells.get(`${day}-${hour}`);
                    // An hour in which nobody came is empty, not zero.
                    return value === undefined ? (
                      <td key={hour} />
                    ) : (
                      <td key={hour} class={`h${shadeOf(value, highest, measure)}`}>
                        {said(value)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="advice">{words.reports.zone(tz)}</p>
    </section>
  );
}

function dayNames(language: string): string[] {
  const format = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
  return weekHours.days.map((day) => format.format(SOME_MONDAY + (day - 1) * DAY_MS));
}
