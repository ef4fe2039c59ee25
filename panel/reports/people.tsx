// What each agent did: chats, how long they took, first words, silences, ratings, and how full the time was.

import { useWords } from "../app.ts";
import { formatPercent, formatSpan } from "../format.ts";
import { Avatar } from "../parts/avatar.tsx";
import type { FiguresLine } from "../rest.ts";
import { CsvLink, NotLoaded, ownZone, useFigures } from "./reports.tsx";
import type { Span } from "./span.ts";
import { orUnknown, percentOf } from "./waiting.tsx";

export function People({ span }: { span: Span }) {
  const words = useWords();
  const tz = ownZone();
  const loaded = useFigures({ ...span, by: "agent", tz });
  if (loaded.kind !== "loaded") return <NotLoaded loaded={loaded} />;
  const lines = [...loaded.value.lines].sort((one, other) => other.talks.handled - one.talks.handled);
  const heads = [
    words.reports.chats,
    words.reports.handling,
    words.reports.first_response,
    words.reports.greeted,
    words.reports.unbroken,
    words.reports.transfers,
    words.reports.rating,
    words.reports.online,
    words.reports.busy,
    words.reports.places_taken,
  ];
  return (
    <section class="panel" aria-labelledby="by-agent">
      <header class="panel-h">
        <h2 id="by-agent">{words.reports.by_agent}</h2>
        <span class="muted">{words.reports.by_agent_help}</span>
        <span class="grow" />
        <CsvLink path="/api/reports/figures.csv" query={{ ...span, by: "agent", tz }} />
      </header>
      {lines.length === 0 ? (
        <p class="advice">{words.reports.nothing}</p>
      ) : (
        <div class="tbl" tabIndex={0} role="group" aria-label={words.settings.table}>
          <table aria-labelledby="by-agent">
            <thead>
              <tr>
                <th scope="col">{words.reports.agent}</th>
                {heads.map((head) => (
                  <th key={head} scope="col" class="r">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody class="num">
              {lines.map((line) => (
                <AgentRow key={line.key} line={line} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function AgentRow({ line }: { line: FiguresLine }) {
  const words = useWords();
  const { talks, work } = line;
  const number = new Intl.NumberFormat(words.lang, { maximumFractionDigits: 2 });
  const share = (value: number | null | undefined) =>
    value === null || value === undefined ? words.reports.unknown : formatPercent(words.lang, value);
  const cells = [
    number.format(talks.handled),
    orUnknown(words, talks.handled_p50_ms),
    orUnknown(words, talks.response_p50_ms),
    percentOf(words, talks.greeted, talks.greeted + talks.ungreeted),
    percentOf(words, talks.served - talks.silent, talks.served),
    number.format(talks.transfers),
    talks.score === null ? words.reports.unknown : number.format(talks.score),
    formatSpan(words, work?.online_ms ?? 0),
    share(work?.occupancy),
    share(work?.slot_occupancy),
  ];
  const name = line.name ?? words.reports.gone;
  return (
    <tr>
      <th scope="row">
        <span class="who">
          <Avatar id={line.key} name={line.name ?? undefined} size="s" />
          {name}
        </span>
      </th>
      {cells.map((cell, at) => (
        <td key={at} class="r">
          {cell}
        </td>
      ))}
    </tr>
  );
}
