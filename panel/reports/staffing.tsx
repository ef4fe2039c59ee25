// A day to come: expected arrivals and the agents it takes, by the quarter hour.

import { useCallback, useState } from "preact/hooks";
import type { Api } from "../api.ts";
import { useApp, useWords } from "../app.ts";
import { Chart } from "../charts/chart.tsx";
import { roundUp } from "../charts/scale.ts";
import { formatPercent, formatSpan } from "../format.ts";
import type { StaffingReport } from "../rest.ts";
import { CsvLink, DepartmentChoice, NotLoaded, ownZone, useCursor, useReport } from "./reports.tsx";
import { dayOf, daysAfter } from "./span.ts";
import { standardText } from "./waiting.tsx";

export function Staffing() {
  const app = useApp();
  const words = useWords();
  const [chosen, setChosen] = useState("");
  const [day, setDay] = useState(() => dayOf(daysAfter(app.clock.read(), 1)));
  const department = chosen === "" ? (app.directory.departments.value[0]?.key ?? "") : chosen;
  const tz = ownZone();
  const asked = { department, day, tz };
  const ask = useCallback(
    (api: Api) => (department === "" ? undefined : api.staffing({ department, day, tz })),
    [department, day, tz],
  );
  const loaded = useReport(ask);
  return (
    <>
      <div class="act-row">
        <DepartmentChoice value={department} onChange={setChosen} />
        <input
          class="in in-auto num"
          type="date"
          aria-label={words.reports.day}
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
        <span class="grow" />
        <CsvLink path="/api/reports/staffing.csv" query={asked} />
      </div>
      {loaded.kind === "loaded" ? <Table report={loaded.value} /> : <NotLoaded loaded={loaded} />}
    </>
  );
}

function Table({ report }: { report: StaffingReport }) {
  const words = useWords();
  const cursor = useCursor();
  const { basis, quarters, standard } = report;
  const number = new Intl.NumberFormat(words.lang, { maximumFractionDigits: 1 });
  const steps = quarters.map((quarter) => ({ name: quarter.time, short: quarter.time }));
  const agents = quarters.map((quarter) => quarter.agents);
  const arrivals = quarters.map((quarter) => quarter.arrivals);
  const most = Math.max(0, ...agents.map((count) => count ?? 0));
  const is_known = basis.chats >= basis.chats_needed;
  const share = (value: number | null) => (value === null ? words.reports.unknown : formatPercent(words.lang, value));
  if (quarters.length === 0) return <p class="panel advice advice-alone">{words.reports.no_past}</p>;
  return (
    <>
      <p class="panel advice advice-alone">
        {is_known
          ? words.reports.staffing_basis({
              days: number.format(basis.days),
              chats: number.format(basis.chats),
              length: formatSpan(words, basis.chat_alone_ms ?? 0),
              each: number.format(basis.chats_each),
              patience: basis.patience_ms === null ? undefined : formatSpan(words, basis.patience_ms),
              standard: standardText(words, standard),
            })
          : words.reports.too_few(number.format(basis.chats), number.format(basis.chats_needed))}
      </p>
      <div class="wall-2">
        <Chart
          title={words.reports.agents_needed}
          unit={standardText(words, standard)}
          sentence={words.reports.sentences.agents(number.format(most))}
          steps={steps}
          step_head={words.reports.time}
          name_px={56}
          series={[{ name: words.reports.agents, kind: "bar", values: agents, format: (value) => number.format(value) }]}
          high={roundUp(Math.max(2, most))}
          cursor={cursor}
        />
        <Chart
          title={words.reports.expected}
          unit={words.reports.a_quarter}
          sentence={words.reports.sentences.expected(number.format(arrivals.reduce((sum, count) => sum + count, 0)))}
          steps={steps}
          step_head={words.reports.time}
          name_px={56}
          series={[
            { name: words.reports.arrivals, kind: "bar", is_second: true, values: arrivals, format: (value) => number.format(value) },
          ]}
          high={roundUp(Math.max(2, ...arrivals))}
          cursor={cursor}
        />
      </div>
      <section class="panel" aria-labelledby="staffing-h">
        <header class="panel-h">
          <h2 id="staffing-h">{words.reports.staffing_table}</h2>
          <span class="muted">{report.tz}</span>
        </header>
        <div class="tbl tbl-tall" tabIndex={0} role="group" aria-label={words.settings.table}>
          <table aria-labelledby="staffing-h">
            <thead>
              <tr>
                <th scope="col">{words.reports.time}</th>
                {[words.reports.arrivals, words.reports.agents, words.reports.within_standard, words.reports.mean_wait, words.reports.places_taken].map(
                  (head) => (
                    <th key={head} scope="col" class="r">
                      {head}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody class="num">
              {quarters
                .filter((quarter) => quarter.arrivals > 0)
                .map((quarter) => (
                  <tr key={quarter.start}>
                    <th scope="row">{quarter.time}</th>
                    <td class="r">{number.format(quarter.arrivals)}</td>
                    <td class="r">{quarter.agents ?? words.reports.unknown}</td>
                    <td class="r">{share(quarter.service_level)}</td>
                    <td class="r">{quarter.wait_ms === null ? words.reports.unknown : formatSpan(words, quarter.wait_ms)}</td>
                    <td class="r">{share(quarter.occupancy)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
