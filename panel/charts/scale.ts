// Where values lie in a chart, and which of them are named at its axes. Pure, for its test.

/** The size of a chart and the room its axes take, in pixels. */
export interface Frame {
  width: number;
  height: number;
}

export const MARGIN = { left: 40, right: 12, top: 10, bottom: 22 } as const;

/** The middle of the n-th of `count` equal steps. */
export function xAt(frame: Frame, at: number, count: number): number {
  const room = frame.width - MARGIN.left - MARGIN.right;
  return round(MARGIN.left + (room * (at + 0.5)) / Math.max(1, count));
}

/** Which step a point lies in. */
export function stepAt(frame: Frame, x: number, count: number): number {
  const room = frame.width - MARGIN.left - MARGIN.right;
  return Math.min(count - 1, Math.max(0, Math.floor(((x - MARGIN.left) / room) * count)));
}

export function yAt(frame: Frame, value: number, low: number, high: number): number {
  const room = frame.height - MARGIN.top - MARGIN.bottom;
  const share = (Math.min(high, Math.max(low, value)) - low) / Math.max(high - low, Number.EPSILON);
  return round(frame.height - MARGIN.bottom - room * share);
}

/** The end of an axis that starts at 0: a round number not below the highest value, so that its half is round too. */
export function roundUp(highest: number): number {
  if (!(highest > 0)) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(highest));
  const steps = [1, 2, 4, 6, 8, 10];
  return (steps.find((step) => step * magnitude >= highest) ?? 10) * magnitude;
}

/** The same for spans: ends at whole seconds, minutes or hours that people say. */
export function roundSpanUp(highest_ms: number): number {
  const SECOND = 1_000;
  const steps = [2, 10, 20, 60, 120, 240, 600, 1_200, 2_400, 3_600, 7_200, 14_400, 28_800, 86_400].map((s) => s * SECOND);
  return steps.find((step) => step >= highest_ms) ?? roundUp(highest_ms / 86_400_000) * 86_400_000;
}

/** Those that no line would reach: alone between values that are not known. */
export function lonePoints(points: readonly (readonly [number, number] | undefined)[]): (readonly [number, number])[] {
  return points.filter(
    (point, at): point is readonly [number, number] =>
      point !== undefined && points[at - 1] === undefined && points[at + 1] === undefined,
  );
}

/** The path of a line; a value that is not known leaves a gap. */
export function linePath(points: readonly (readonly [number, number] | undefined)[]): string {
  let path = "";
  let is_drawing = false;
  points.forEach((point) => {
    if (point === undefined) {
      is_drawing = false;
      return;
    }
    const [x, y] = point;
    path += `${is_drawing ? "L" : "M"}${x} ${y}`;
    is_drawing = true;
  });
  return path;
}

/** Which of `count` steps are named when each name takes so many pixels: evenly spread, the first among them. */
export function namedSteps(frame: Frame, count: number, name_px: number): number[] {
  const room = frame.width - MARGIN.left - MARGIN.right;
  const most = Math.max(1, Math.floor(room / name_px));
  const every = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.ceil(count / every) }, (_, at) => at * every);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
