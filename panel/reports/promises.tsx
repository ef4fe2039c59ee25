// What visitors were promised when they came, against how long they then waited: kept or not, how far off, and to which side.

import { useCallback } from "preact/hooks";
import type { Api } from "../api.ts";
import { useApp, useWords } from "../app.ts";
import { formatPercent, formatSpan } from "../format.ts";
import type { Words } from "../i18n/index.ts";
import { Icon } from "../icon.tsx";
import type { PromiseQuality, PromisesMade } from "../rest.ts";
import { PROMISES_ENOUGH } from "../wall/lanes.ts";
import { isForgotten, isTooLong, KEPT_DAYS, keepingOf, leanOf, shownOf, type ShownPromises } from "./promises.ts";
import { NotLoaded, useReport } from "./reports.tsx";
import type { Span } from "./span.ts";
import { orUnknown } from "./waiting.tsx";

export function Promises({ span, department }: { span: Span; department: string }) {
  const words = useWords();
  const { promises } = words.reports;
  return (
    <section class="panel" aria-labelledby="promises">
      <header class="panel-h">
        <h2 id="promises">{promises.title}</h2>
        <span class="muted">{promises.unit}</span>
      </header>
      {isTooLong(span) ? <p class="advice">{promises.too_long}</p> : <Asked span={span} department={department} />}
    </section>
  );
}

function Asked({ span, department }: { span: Span; department: string }) {
  const app = useApp();
  const words = useWords();
  const { from, to } = span;
  const loaded = useReport(useCallback((api: Api) => api.promises({ from, to }), [from, to]));
  if (loaded.kind !== "loaded") return <NotLoaded loaded={loaded} />;
  const shown = shownOf(loaded.value, department);
  const forgotten = isForgotten(span, app.clock.read()) ? words.reports.promises.forgotten(KEPT_DAYS) : "";
  return (
    <>
      {shown && <Table shown={shown} has_all={department === ""} />}
      <p class="advice">
        {shown ? summary(words, shown.whole.first) : words.reports.promises.none} {forgotten}
      </p>
    </>
  );
}

/** In words what the figures say of all that are shown. */
function summary(words: Words, first: PromiseQuality): string {
  const { promises } = words.reports;
  const number = new Intl.NumberFormat(words.lang);
  const keeping = keepingOf(first);
  const lean = leanOf(first);
  const said =
    keeping === "few" || lean === "few"
      ? [promises.too_few(number.format(first.judged), number.format(PROMISES_ENOUGH))]
      : [promises.keeping[keeping], promises.lean[lean](formatSpan(words, Math.abs(first.bias_ms ?? 0)))];
  if (first.open > 0) said.push(promises.open(number.format(first.open), first.open));
  if (first.taken_out > 0) said.push(promises.taken_out(number.format(first.taken_out), first.taken_out));
  return said.join(" ");
}

function Table({ shown, has_all }: { shown: ShownPromises; has_all: boolean }) {
  const app = useApp();
  const words = useWords();
  const { promises } = words.reports;
  return (
    <div class="tbl" tabIndex={0} role="group" aria-label={words.settings.table}>
      <table aria-labelledby="promises">
        <thead>
          <tr>
            <th scope="col">{words.reports.department}</th>
            {[promises.count, promises.kept, promises.off, promises.average, promises.later].map((head) => (
              <th key={head} scope="col" class="r">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class="num">
          {shown.departments.map((one) => (
            <Row key={one.department} name={app.directory.departmentName(one.department)} made={one} />
          ))}
        </tbody>
        {has_all && (
          <tfoot class="num">
            <Row name={words.reports.all} made={shown.whole} />
          </tfoot>
        )}
      </table>
    </div>
  );
}

function Row({ name, made: { first, later } }: { name: string; made: PromisesMade }) {
  const words = useWords();
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="r">{new Intl.NumberFormat(words.lang).format(first.judged)}</td>
      <td class="r">
        <Kept quality={first} />
      </td>
      <td class="r">{orUnknown(words, first.error_median_ms)}</td>
      <td class="r">{leanText(words, first)}</td>
      <td class="r">
        <Kept quality={later} />
      </td>
    </tr>
  );
}

/** A share, or the count itself while so few say nothing as a share. */
function Kept({ quality }: { quality: PromiseQuality }) {
  const words = useWords();
  const { judged, kept } = quality;
  const keeping = keepingOf(quality);
  if (judged === 0) return <>{words.reports.unknown}</>;
  if (keeping === "few") return <>{words.wall.of(String(kept), String(judged))}</>;
  const share = formatPercent(words.lang, kept / judged);
  if (keeping !== "less") return <>{share}</>;
  return (
    <span class="chip bad">
      <Icon name="warn" />
      {share} <span class="sr">{words.reports.promises.below}</span>
    </span>
  );
}

function leanText(words: Words, quality: PromiseQuality): string {
  const lean = leanOf(quality);
  if (quality.judged === 0) return words.reports.unknown;
  if (lean === "few") return words.wall.too_few;
  return words.reports.promises.leans[lean](formatSpan(words, Math.abs(quality.bias_ms ?? 0)));
}
