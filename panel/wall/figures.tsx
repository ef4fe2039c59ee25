// The live figures of one department side by side: the last quarter of an hour, and the last day.

import { useWords } from "../app.ts";
import { formatPercent, formatSpan } from "../format.ts";
import type { Words } from "../i18n/index.ts";
import type { Lane, LaneFigures } from "../state/wire.ts";
import { ENOUGH } from "./lanes.ts";

export function Figures({ lane, name }: { lane: Lane; name: string }) {
  const words = useWords();
  const { figures } = words.wall;
  const quarter = rowsOf(words, lane.quarter);
  const day = rowsOf(words, lane.day);
  return (
    <section class="panel" aria-labelledby="wall-figures">
      <header class="panel-h">
        <h2 id="wall-figures">{figures.title(name)}</h2>
        <span class="muted">{figures.of_whom}</span>
      </header>
      <div class="tbl" tabIndex={0} role="group" aria-label={words.settings.table}>
        <table aria-labelledby="wall-figures">
          <thead>
            <tr>
              <th scope="col">{figures.figure}</th>
              <th scope="col" class="r">
                {figures.quarter}
              </th>
              <th scope="col" class="r">
                {figures.day}
              </th>
            </tr>
          </thead>
          <tbody class="num">
            {quarter.map(([head, value], at) => (
              <tr key={head}>
                <th scope="row">{head}</th>
                <td class="r">{value}</td>
                <td class="r">{day[at]?.[1]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function rowsOf(words: Words, figures: LaneFigures): [string, string][] {
  const heads = words.wall.figures;
  const { talks } = figures;
  const number = new Intl.NumberFormat(words.lang, { maximumFractionDigits: 2 });
  const span = (span_ms: number | null) => (span_ms === null ? words.reports.unknown : formatSpan(words, span_ms));
  // So few say nothing as a share.
  const share = (part: number, whole: number) =>
    whole === 0
      ? words.reports.unknown
      : whole < ENOUGH
        ? words.wall.of(String(part), String(whole))
        : formatPercent(words.lang, part / whole);
  const rated = `${number.format(talks.score ?? 0)} (${number.format(talks.rated)})`;
  return [
    [heads.came, number.format(figures.offered)],
    [heads.gave_up, number.format(figures.abandoned)],
    [heads.short, number.format(figures.short_abandoned)],
    [words.reports.within_standard, share(figures.in_time, figures.judged)],
    [words.reports.half, span(figures.p50_ms)],
    [words.reports.nine, span(figures.p90_ms)],
    [heads.longest, span(figures.max_ms)],
    [heads.first_word, span(talks.response_p50_ms)],
    [heads.first_word_nine, span(talks.response_p90_ms)],
    [words.reports.handling, span(talks.handled_p50_ms)],
    [words.reports.greeted, share(talks.greeted, talks.greeted + talks.ungreeted)],
    [words.reports.unbroken, share(talks.served - talks.silent, talks.served)],
    [words.reports.transfers, number.format(talks.transfers)],
    [words.reports.rating, talks.score === null ? words.reports.unknown : rated],
  ];
}
