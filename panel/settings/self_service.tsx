// How far articles answered before anybody was asked: a few figures, and what was searched for without an answer. Counts
// come with the span they are of; too little is said as it is.

import { useEffect, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { formatMoment } from "../format.ts";
import type { SelfServiceReport } from "../rest.ts";
import { Filter } from "./articles.tsx";
import { Table } from "./pane.tsx";

const DAY_MS = 86_400_000;
const spans = ["7", "30", "90"] as const;
/** So many rows say enough; the report itself goes on. */
const SHOWN_MAX = 8;

export function SelfService({ site, onOpen }: { site: string; onOpen: (article: string) => void }) {
  const app = useApp();
  const words = useWords();
  const [days, setDays] = useState<string>("30");
  const [report, setReport] = useState<SelfServiceReport | undefined>(undefined);
  const [problem, setProblem] = useState<string | undefined>(undefined);

  useEffect(() => {
    let is_current = true;
    void app.api.selfService({ site, from: app.clock.read() - Number(days) * DAY_MS }).then((answer) => {
      if (!is_current) return;
      setProblem(answer.ok ? undefined : app.explain(answer.problem));
      if (answer.ok) setReport(answer.value);
    });
    return () => {
      is_current = false;
    };
  }, [app, site, days]);

  return (
    <section class="panel form" aria-labelledby="self-service">
      <div class="in-row">
        <h2 id="self-service">{words.articles.report}</h2>
        <span class="grow" />
        <Filter
          label={words.articles.span}
          value={days}
          options={spans.map((span) => [span, words.articles.days(span)] as const)}
          onChange={setDays}
        />
      </div>
      {problem && <p role="alert">{problem}</p>}
      {report && (report.visits === 0 ? <p class="muted">{words.articles.no_visits}</p> : <Figures report={report} />)}
      {report && report.articles.length > 0 && <Read report={report} onOpen={onOpen} />}
      {report && report.unanswered.length > 0 && <Unanswered report={report} />}
    </section>
  );
}

function Figures({ report }: { report: SelfServiceReport }) {
  const words = useWords();
  const number = new Intl.NumberFormat(words.lang);
  const votes = report.helpful + report.not_helpful;
  const figures: [string, string, string][] = [
    [words.articles.deflected, number.format(report.deflected), words.articles.of(number.format(report.visits))],
    [words.articles.searched, number.format(report.searched), words.articles.of(number.format(report.visits))],
    [words.articles.read, number.format(report.read), words.articles.of(number.format(report.visits))],
    [
      words.articles.helpful,
      votes === 0 ? "–" : number.format(report.helpful),
      votes === 0 ? words.articles.no_votes : words.articles.of_votes(number.format(votes)),
    ],
    [words.articles.asked, number.format(report.chats + report.messages), words.articles.of(number.format(report.visits))],
  ];
  return (
    <dl class="figs">
      {figures.map(([term, value, whole]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>
            <b class="num">{value}</b> <span class="muted num">{whole}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Read({ report, onOpen }: { report: SelfServiceReport; onOpen: (article: string) => void }) {
  const words = useWords();
  const number = new Intl.NumberFormat(words.lang);
  return (
    <Table label={words.articles.most_read} heads={[words.articles.most_read, words.articles.reads, words.articles.helpful]}>
      {report.articles.slice(0, SHOWN_MAX).map((article) => (
        <tr key={article.id}>
          <th scope="row">
            <button type="button" class="row-open" onClick={() => onOpen(article.id)}>
              <span class="cut-in" dir="auto">
                {article.title}
              </span>
            </button>
          </th>
          <td class="num">{number.format(article.reads)}</td>
          <td class="num">
            {article.helpful + article.not_helpful === 0
              ? words.articles.no_votes
              : `${number.format(article.helpful)} ${words.articles.of_votes(number.format(article.helpful + article.not_helpful))}`}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Unanswered({ report }: { report: SelfServiceReport }) {
  const app = useApp();
  const words = useWords();
  const number = new Intl.NumberFormat(words.lang);
  return (
    <Table
      label={words.articles.unanswered}
      heads={[words.articles.unanswered, words.articles.times, words.articles.last]}
    >
      {report.unanswered.slice(0, SHOWN_MAX).map((search) => (
        <tr key={search.phrase}>
          <th scope="row" dir="auto">
            {search.phrase}
          </th>
          <td class="num">{number.format(search.visits)}</td>
          <td class="num">{formatMoment(words.lang, search.last_at, app.clock.now.value)}</td>
        </tr>
      ))}
    </Table>
  );
}
