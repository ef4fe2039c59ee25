// What visitors thought of it: scores in all, over time, by department and by agent.

import { useApp, useWords } from "../app.ts";
import { Chart } from "../charts/chart.tsx";
import { roundUp } from "../charts/scale.ts";
import type { Words } from "../i18n/index.ts";
import type { FiguresLine, TalkFigures } from "../rest.ts";
import { CsvLink, NotLoaded, ownZone, useCursor, useFigures } from "./reports.tsx";
import { keysOf, stepOf, type Span } from "./span.ts";
import { percentOf, stepName, Sum } from "./waiting.tsx";

const BEST = 5;

export function Ratings({ span, department }: { span: Span; department: string }) {
  const app = useApp();
  const words = useWords();
  const tz = ownZone();
  const step = stepOf(span);
  const of = department === "" ? {} : { department };
  const by_time = useFigures({ ...span, by: step, tz, ...of });
  const by_department = useFigures({ ...span, by: "department", tz, ...of });
  const by_agent = useFigures({ ...span, by: "agent", tz });
  if (by_time.kind !== "loaded") return <NotLoaded loaded={by_time} />;
  const { total, lines } = by_time.value;
  const { ratings } = words.reports;
  const nameOf = (line: FiguresLine) => line.name ?? app.directory.departmentName(line.key);
  return (
    <>
      <Sums talks={total.talks} words={words} />
      {ratedOf(total.talks) === 0 ? (
        <p class="advice">{ratings.nobody}</p>
      ) : (
        <>
          <div class="wall-2">
            <Scores talks={total.talks} />
            <OverTime span={span} step={step} lines={lines} />
          </div>
          {by_department.kind === "loaded" ? (
            <Table id="rated-departments" title={words.reports.by_department} lines={by_department.value.lines} nameOf={nameOf}>
              <CsvLink path="/api/reports/figures.csv" query={{ ...span, by: "department", tz, ...of }} />
            </Table>
          ) : (
            <NotLoaded loaded={by_department} />
          )}
          {department === "" &&
            (by_agent.kind === "loaded" ? (
              <Table
                id="rated-agents"
                title={words.reports.by_agent}
                lines={by_agent.value.lines}
                nameOf={(line) => line.name ?? words.reports.gone}
              >
                <CsvLink path="/api/reports/figures.csv" query={{ ...span, by: "agent", tz }} />
              </Table>
            ) : (
              <NotLoaded loaded={by_agent} />
            ))}
        </>
      )}
    </>
  );
}

function ratedOf(talks: TalkFigures): number {
  return talks.ratings.reduce((sum, count) => sum + count, 0);
}

function scoreText(words: Words, talks: TalkFigures): string {
  if (talks.score === null) return words.reports.unknown;
  return new Intl.NumberFormat(words.lang, { minimumFractionDigits: 1, maximumFractionDigits: 2 }).format(talks.score);
}

function Sums({ talks, words }: { talks: TalkFigures; words: Words }) {
  const { ratings } = words.reports;
  const number = new Intl.NumberFormat(words.lang);
  const rated = ratedOf(talks);
  const [one = 0, two = 0, , four = 0, five = 0] = talks.ratings;
  return (
    <dl class="panel kpis num">
      <Sum name={words.reports.rating} value={scoreText(words, talks)}>
        {ratings.of_best(BEST)}
      </Sum>
      <Sum name={ratings.rated} value={percentOf(words, rated, talks.served)}>
        {ratings.of_served(number.format(rated), number.format(talks.served))}
      </Sum>
      <Sum name={ratings.good} value={percentOf(words, four + five, rated)}>
        {ratings.scores("4, 5")}
      </Sum>
      <Sum name={ratings.bad} value={percentOf(words, one + two, rated)}>
        {ratings.scores("1, 2")}
      </Sum>
    </dl>
  );
}

function Scores({ talks }: { talks: TalkFigures }) {
  const words = useWords();
  const { ratings } = words.reports;
  const rated = ratedOf(talks);
  const number = new Intl.NumberFormat(words.lang);
  return (
    <section class="panel" aria-labelledby="scores">
      <header class="panel-h">
        <h2 id="scores">{ratings.title}</h2>
        <span class="muted">{words.reports.rated(number.format(rated))}</span>
      </header>
      <table class="scores" aria-labelledby="scores">
        <tbody class="num">
          {talks.ratings
            .map((count, at) => ({ count, score: at + 1 }))
            .reverse()
            .map(({ count, score }) => (
              <tr key={score}>
                <th scope="row">{score}</th>
                <td class="wide-cell">
                  <svg class="score-bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="bl-t" width="100" height="12" />
                    <rect class="bar1" width={(100 * count) / rated} height="12" />
                  </svg>
                </td>
                <td class="r">{number.format(count)}</td>
                <td class="r">{percentOf(words, count, rated)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  );
}

function OverTime({ span, step, lines }: { span: Span; step: "hour" | "day"; lines: readonly FiguresLine[] }) {
  const words = useWords();
  const cursor = useCursor();
  const { ratings } = words.reports;
  const known = new Map(lines.map((line) => [line.key, line.talks]));
  const keys = keysOf(span, step);
  const score = new Intl.NumberFormat(words.lang, { maximumFractionDigits: 2 });
  const counts = keys.map((key) => {
    const talks = known.get(key);
    return talks ? ratedOf(talks) : 0;
  });
  const most = roundUp(Math.max(2, ...counts));
  // Bars of counts under a line of scores: the bars' own scale is told in the table and at the cursor.
  const scaled = counts.map((count) => 1 + ((BEST - 1) * count) / most);
  return (
    <Chart
      title={ratings.over_time}
      unit={ratings.over_time_unit}
      sentence={ratings.over_time_sentence}
      steps={keys.map((key) => stepName(words, key, step))}
      step_head={words.reports.step_heads[step]}
      name_px={step === "hour" ? 56 : 64}
      cursor={cursor}
      series={[
        { name: words.reports.rating, kind: "line", values: keys.map((key) => known.get(key)?.score ?? null), format: (value) => score.format(value) },
        {
          name: ratings.count,
          kind: "bar",
          is_second: true,
          values: scaled,
          format: (value) => score.format(Math.round(((value - 1) * most) / (BEST - 1))),
        },
      ]}
      low={1}
      high={BEST}
    />
  );
}

interface TableProps {
  id: string;
  title: string;
  lines: readonly FiguresLine[];
  nameOf: (line: FiguresLine) => string;
  children: preact.ComponentChildren;
}

function Table({ id, title, lines, nameOf, children }: TableProps) {
  const words = useWords();
  const number = new Intl.NumberFormat(words.lang);
  const rated = lines.filter((line) => ratedOf(line.talks) > 0).sort((one, other) => ratedOf(other.talks) - ratedOf(one.talks));
  const scores = [5, 4, 3, 2, 1];
  return (
    <section class="panel" aria-labelledby={id}>
      <header class="panel-h">
        <h2 id={id}>{title}</h2>
        <span class="grow" />
        {children}
      </header>
      <div class="tbl" tabIndex={0} role="group" aria-label={words.settings.table}>
        <table aria-labelledby={id}>
          <thead>
            <tr>
              <th scope="col">{words.wall.name}</th>
              {[words.reports.rating, words.reports.ratings.count, ...scores.map(String)].map((head) => (
                <th key={head} scope="col" class="r">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody class="num">
            {rated.map((line) => (
              <tr key={line.key}>
                <th scope="row">{nameOf(line)}</th>
                <td class="r">{scoreText(words, line.talks)}</td>
                <td class="r">{number.format(ratedOf(line.talks))}</td>
                {scores.map((score) => (
                  <td key={score} class="r">
                    {number.format(line.talks.ratings[score - 1] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
