// The sentences of the wall that are put together from a department's figures.

import { formatClock, formatPercent, formatSpan } from "../format.ts";
import type { Words } from "../i18n/index.ts";
import type { Lane } from "../state/wire.ts";
import { ENOUGH, healthOf } from "./lanes.ts";

/** `within 0:20`. */
export function withinText(words: Words, lane: Lane): string {
  return words.wall.within(formatSpan(words, lane.standard.threshold_ms));
}

export function targetText(words: Words, lane: Lane): string {
  return formatPercent(words.lang, lane.standard.target_percent / 100);
}

/** `83 %`, or `2 of 3` while so few say nothing as a share. */
export function levelText(words: Words, lane: Lane): string {
  const { in_time, judged } = lane.quarter;
  if (judged === 0) return lane.quarter.offered === 0 ? words.wall.nobody_came : words.reports.unknown;
  if (judged < ENOUGH) return words.wall.of(String(in_time), String(judged));
  return formatPercent(words.lang, in_time / judged);
}

/** Why a standard will be missed, or undefined where nothing warns. */
export function warningText(
  words: Words,
  lane: Lane,
  name: string,
  nameOf: (agent: string) => string,
): { what: string; why: string } | undefined {
  const warning = lane.staffing?.warning;
  if (!warning || !lane.staffing) return undefined;
  const target = targetText(words, lane);
  const within = withinText(words, lane);
  const number = new Intl.NumberFormat(words.lang, { maximumFractionDigits: 1 });
  const what =
    healthOf(lane) === "below"
      ? words.wall.stays_below(name)
      : warning.at === null
        ? words.wall.will_miss(name)
        : words.wall.will_miss_at(name, formatClock(words.lang, warning.at));
  const expected = words.wall.expected(formatPercent(words.lang, warning.expected), target, within);
  const reasons = {
    arrivals: words.wall.reasons.arrivals(
      number.format(lane.staffing.arrivals_per_hour),
      number.format(warning.arrivals_before_per_hour),
    ),
    agents: words.wall.reasons.agents(lane.staffing.agents),
    line: words.wall.reasons.line(lane.waiting),
    shifts: words.wall.reasons.shifts(new Intl.ListFormat(words.lang).format(warning.leaving.map(nameOf)), warning.leaving.length),
  };
  const needed = warning.agents_needed;
  const remedy = needed === null ? "" : ` ${words.wall.needed(needed)}`;
  return { what, why: `${expected} ${reasons[warning.reason]}${remedy}` };
}
