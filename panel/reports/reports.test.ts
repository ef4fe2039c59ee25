// The pure parts of the reports and the wall: spans of days, where a chart draws what, and how a department does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { linePath, lonePoints, namedSteps, roundSpanUp, roundUp, stepAt, xAt, yAt } from "../charts/scale.ts";
import { formatPercent } from "../format.ts";
import type { FiguresLine, PromiseQuality } from "../rest.ts";
import type { Lane, LaneFigures, WaitingRow } from "../state/wire.ts";
import { agentsOf, healthOf, inOrder, keptOf, longestNow, longestOf, silenceOf } from "../wall/lanes.ts";
import { heatOf, shadeOf } from "./heat.ts";
import { isForgotten, isTooLong, keepingOf, leanOf, shownOf } from "./promises.ts";
import { dayOf, daysAfter, hourKeyOf, keysOf, monthOf, spanOf, startOf, stepOf, weeksOf } from "./span.ts";

const NOON = new Date(2026, 10, 22, 12, 0, 0).getTime();

test("a span is whole days of the reader's clock", () => {
  const today = spanOf("today", { from: "", to: "" }, NOON);
  assert.deepEqual(today, { from: startOf("2026-11-22"), to: NOON });
  const week = spanOf("week", { from: "", to: "" }, NOON);
  assert.equal(week && dayOf(week.from), "2026-11-16");
  const own = spanOf("own", { from: "2026-11-01", to: "2026-11-02" }, NOON);
  assert.equal(own && dayOf(own.to), "2026-11-03");
  assert.equal(spanOf("own", { from: "2026-11-02", to: "2026-11-01" }, NOON), undefined);
  assert.equal(spanOf("own", { from: "", to: "2026-11-01" }, NOON), undefined);
});

test("a month is its weeks from Monday on, a quarter begins with its first month", () => {
  const weeks = weeksOf("2026-11-01");
  assert.deepEqual([weeks.length, weeks[0]?.[0], weeks.at(-1)?.[6]], [6, "2026-10-26", "2026-12-06"]);
  assert.deepEqual(weeksOf("2027-02-01").map((week) => week[0]), ["2027-02-01", "2027-02-08", "2027-02-15", "2027-02-22"]);
  assert.equal(monthOf("2026-11-22"), "2026-11-01");
  const quarter = spanOf("this_quarter", { from: "", to: "" }, NOON);
  assert.equal(quarter && dayOf(quarter.from), "2026-10-01");
  const month = spanOf("this_month", { from: "", to: "" }, NOON);
  assert.equal(month && dayOf(month.from), "2026-11-01");
});

test("an hour of the week shows how many come in one of them, and is empty where nobody came", () => {
  const from = startOf("2026-11-02") ?? 0;
  const span = { from, to: daysAfter(from, 14) };
  const line = (key: string, offered: number, p90_ms: number | null, in_time: number, judged: number) => ({
    key,
    waits: { offered, p90_ms, in_time, judged },
  });
  const lines = [line("1-09", 6, 4_000, 6, 6), line("5-11", 1, null, 0, 0)] as unknown as FiguresLine[];
  const arrivals = heatOf(lines, span, "arrivals");
  assert.deepEqual(arrivals.hours, [9, 10, 11]);
  assert.deepEqual([...arrivals.cells], [["1-9", 3], ["5-11", 0.5]]);
  assert.equal(arrivals.highest, 3);
  assert.deepEqual([...heatOf(lines, span, "waits").cells], [["1-9", 4_000]]);
  assert.deepEqual([...heatOf(lines, span, "level").cells], [["1-9", 1]]);
  assert.deepEqual(heatOf([], span, "level").hours, []);
  assert.deepEqual([shadeOf(3, 3, "arrivals"), shadeOf(0, 3, "arrivals")], [5, 1]);
  assert.deepEqual([shadeOf(1, 1, "level"), shadeOf(0.4, 1, "level")], [1, 5]);
});

test("who waited longest, what was kept of promises, and how long a silence looks", () => {
  const row = (id: string, enqueued_at: number, mode = "chat") => ({ conversation: id, department: "support", enqueued_at, mode });
  const rows = [row("a", 5), row("b", 3), row("c", 1, "message"), { ...row("d", 0), department: "sales" }] as unknown as WaitingRow[];
  assert.equal(longestOf(rows, "support")?.conversation, "b");
  assert.equal(longestOf(rows, "bikes"), undefined);
  assert.deepEqual(keptOf({ early: 5, within: 4, late: 1, error_median_ms: 0 }), { kept: 9, of: 10 });
  assert.deepEqual([undefined, 0, 15_000, 30_000, 30_001].map(silenceOf), ["none", "some", "long", "long", "too_long"]);
});

test("every day and hour of a span has a key, also where the clock is changed", () => {
  const from = startOf("2026-03-28") ?? 0;
  const span = { from, to: daysAfter(from, 3) };
  assert.deepEqual(keysOf(span, "day"), ["2026-03-28", "2026-03-29", "2026-03-30"]);
  const hours = keysOf({ from, to: daysAfter(from, 1) }, "hour");
  assert.equal(new Set(hours).size, hours.length);
  assert.equal(Date.parse(hours[3] ?? ""), from + 3 * 3_600_000);
  assert.match(hourKeyOf(from), /^2026-03-28T00:00:00[+-]\d\d:\d\d$/u);
  assert.equal(stepOf(span), "day");
  assert.equal(stepOf({ from, to: from + 3_600_000 }), "hour");
});

test("a chart stays within its frame and leaves gaps where nothing is known", () => {
  const frame = { width: 452, height: 200 };
  assert.ok(xAt(frame, 0, 4) >= 40 && xAt(frame, 3, 4) <= 440);
  for (const at of [0, 1, 2, 3]) assert.equal(stepAt(frame, xAt(frame, at, 4), 4), at);
  assert.equal(stepAt(frame, -50, 4), 0);
  assert.equal(stepAt(frame, 9_999, 4), 3);
  assert.equal(yAt(frame, 10, 0, 10), 10);
  assert.equal(yAt(frame, 99, 0, 10), 10);
  assert.equal(yAt(frame, 0, 0, 0), 178);
  assert.equal(linePath([[1, 2], undefined, [3, 4], [5, 6]]), "M1 2M3 4L5 6");
  assert.deepEqual(lonePoints([[1, 2], undefined, [3, 4], [5, 6]]), [[1, 2]]);
  assert.deepEqual(namedSteps(frame, 8, 100), [0, 2, 4, 6]);
  assert.equal(roundUp(0), 1);
  assert.equal(roundUp(17), 20);
  assert.equal(roundSpanUp(61_000), 120_000);
});

test("a share is never rounded up to everything or down to nothing", () => {
  assert.equal(formatPercent("en", 0.999), "99%");
  assert.equal(formatPercent("en", 1), "100%");
  assert.equal(formatPercent("en", 0.001), "1%");
  assert.equal(formatPercent("en", 0), "0%");
});

function quality(judged: number, kept: number, bias_ms: number, error_median_ms = 8_000): PromiseQuality {
  return { judged, kept, bias_ms, error_median_ms, open: 0, taken_out: 0 };
}

test("promises say whether too many were broken, which way they lean, and nothing while they are few", () => {
  const keepings = [quality(19, 0, 0), quality(20, 15, 0), quality(20, 16, 0), quality(20, 20, 0), quality(400, 371, 0), quality(400, 373, 0)];
  assert.deepEqual(keepings.map(keepingOf), ["few", "less", "as", "as", "as", "more"]);
  const leans = [quality(19, 19, 60_000), quality(20, 18, 5_000), quality(20, 18, 5_001), quality(20, 18, -5_001), quality(20, 18, -30_000, 60_000)];
  assert.deepEqual(leans.map(leanOf), ["few", "right", "long", "short", "right"]);
  const nobody = { ...quality(0, 0, 0), bias_ms: null, error_median_ms: null };
  assert.deepEqual([keepingOf(nobody), leanOf(nobody)], ["few", "few"]);
});

test("promises are shown of one department or of all, the most first, and where there are none not at all", () => {
  const made = (judged: number) => ({ first: quality(judged, judged, 0), later: quality(0, 0, 0) });
  const departments = [{ department: "sales", ...made(2) }, { department: "support", ...made(40) }];
  const all = made(42);
  const shown = shownOf({ all, departments }, "");
  assert.deepEqual(shown?.departments.map((one) => one.department), ["support", "sales"]);
  assert.equal(shown?.whole, all);
  assert.equal(shownOf({ all, departments }, "sales")?.whole.first.judged, 2);
  assert.equal(shownOf({ all, departments }, "bikes"), undefined);
  assert.equal(shownOf({ all: made(0), departments: [] }, ""), undefined);
});

test("promises are looked at for a month of any length, and for as long as they are kept", () => {
  const from = startOf("2026-10-01") ?? 0;
  const month_ms = 31 * 24 * 3_600_000 + 3_600_000;
  assert.equal(isTooLong({ from, to: from + month_ms }), false, "October with the hour that comes twice");
  assert.equal(isTooLong({ from, to: from + month_ms + 1 }), true);
  const quarter = spanOf("this_quarter", { from: "", to: "" }, NOON);
  assert.equal(quarter && isTooLong(quarter), true);
  assert.equal(isForgotten({ from, to: NOON }, NOON), false);
  assert.equal(isForgotten({ from, to: NOON }, NOON + 40 * 24 * 3_600_000), true);
});

const none: LaneFigures = {
  offered: 0,
  answered: 0,
  abandoned: 0,
  short_abandoned: 0,
  open: 0,
  in_time: 0,
  judged: 0,
  p50_ms: null,
  p90_ms: null,
  p95_ms: null,
  max_ms: null,
  occupancy: null,
  slot_occupancy: null,
  talks: {
    served: 0,
    response_p50_ms: null,
    response_p90_ms: null,
    handled: 0,
    handled_p50_ms: null,
    handled_p90_ms: null,
    greeted: 0,
    ungreeted: 0,
    silent: 0,
    transfers: 0,
    rated: 0,
    score: null,
  },
};

function lane(department: string, in_time: number, judged: number): Lane {
  return {
    department,
    waiting: 0,
    messages: 0,
    longest_wait_ms: 0,
    agents_online: 1,
    free_slots: 1,
    eta: null,
    service_level: null,
    abandoned: 0,
    standard: { threshold_ms: 20_000, target_percent: 80, definition: "without_short" },
    quarter: { ...none, in_time, judged },
    day: none,
    promises: { early: 0, within: 0, late: 0, error_median_ms: null },
    staffing: null,
  };
}

test("a department is below its standard only when enough came, and at risk before", () => {
  assert.equal(healthOf(lane("a", 0, 0)), "quiet");
  assert.equal(healthOf(lane("a", 0, 4)), "ok", "too few to say");
  assert.equal(healthOf(lane("a", 3, 5)), "below");
  assert.equal(healthOf(lane("a", 4, 5)), "ok");
  const warning = { expected: 0.5, reason: "arrivals" as const, arrivals_before_per_hour: 4, agents_needed: 2, at: null, leaving: [] };
  const risk = { ...lane("a", 5, 5), staffing: { agents: 1, arrivals_per_hour: 20, steps: [], ahead: [], warning } };
  assert.equal(healthOf(risk), "risk");
  const order = inOrder([lane("fine", 5, 5), { ...risk, department: "risky" }, lane("bad", 0, 5)]);
  assert.deepEqual(
    order.map((one) => one.department),
    ["bad", "risky", "fine"],
  );
});

test("the longest wait grows by itself, and colleagues are as last told", () => {
  const waits = { ...lane("a", 0, 0), waiting: 1, longest_wait_ms: 5_000 };
  assert.equal(longestNow(waits, 1_000, 4_000), 8_000);
  assert.equal(longestNow(lane("a", 0, 0), 1_000, 4_000), 0);
  const person = (id: string, status: "online" | "away" | "offline") => ({
    id,
    name: id,
    role: "agent" as const,
    departments: [],
    skills: [],
    capacity: 2,
    status,
    load: 0,
  });
  const place = (id: string, load: number) => ({ id, name: id, status: "online" as const, load, capacity: 3 });
  const places = new Map([
    ["bo", place("bo", 2)],
    ["di", place("di", 1)],
  ]);
  const agents = agentsOf([person("al", "online"), person("bo", "offline"), person("cy", "offline")], places);
  assert.deepEqual(
    agents.map((agent) => [agent.id, agent.load]),
    [
      ["bo", 2],
      ["di", 1],
      ["al", 0],
    ],
  );
});
