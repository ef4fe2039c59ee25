// What a department reaches for beyond its own line, as it is edited, and back. Pure.

import type { Routing } from "../rest.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const STEPS_MAX = 8;
const SKILLS_MAX = 32;
/** The most that the server can count to. */
const QUEUE_MAX = 4_294_967_295;

/** Texts as they stand in the controls; what is empty is switched off. */
export interface RoutingEdit {
  speaks: boolean;
  /** Seconds, divided by commas or spaces. */
  steps: string;
  queue_max: string;
  /** Keys of departments, in their order. */
  stand_ins: readonly string[];
  /** Minutes. */
  overflow: string;
}

export type RoutingField = "steps" | "queue_max" | "overflow";

export const noRouting: Routing = { relax_after_ms: [], overflow_after_ms: null, stand_ins: [], queue_max: null, speaks: false };

export function routingEditOf(routing: Routing): RoutingEdit {
  return {
    speaks: routing.speaks,
    steps: routing.relax_after_ms.map((span) => span / SECOND_MS).join(", "),
    queue_max: routing.queue_max === null ? "" : String(routing.queue_max),
    stand_ins: routing.stand_ins,
    overflow: routing.overflow_after_ms === null ? "" : String(routing.overflow_after_ms / MINUTE_MS),
  };
}

/** Of an edit without faults. */
export function routingOf(edit: RoutingEdit): Routing {
  return {
    speaks: edit.speaks,
    relax_after_ms: stepsOf(edit.steps),
    queue_max: edit.queue_max.trim() === "" ? null : numberOf(edit.queue_max),
    stand_ins: [...edit.stand_ins],
    // Without anybody to stand in the time says nothing; it stays in the control until somebody is named.
    overflow_after_ms: edit.overflow.trim() === "" || edit.stand_ins.length === 0 ? null : spanOf(edit.overflow, MINUTE_MS),
  };
}

/** The first control that the server would refuse. */
export function routingFault(edit: RoutingEdit): RoutingField | undefined {
  const { relax_after_ms, queue_max, overflow_after_ms } = routingOf(edit);
  const is_span = (span: number) => span > 0 && span <= DAY_MS;
  const do_rise = relax_after_ms.every((span, index) => is_span(span) && span > (relax_after_ms[index - 1] ?? 0));
  if (!do_rise || relax_after_ms.length > STEPS_MAX) return "steps";
  if (queue_max !== null && !(Number.isInteger(queue_max) && queue_max >= 0 && queue_max <= QUEUE_MAX)) return "queue_max";
  if (overflow_after_ms !== null && !is_span(overflow_after_ms)) return "overflow";
  return undefined;
}

/** Skills as one writes them in one line, as the server keeps them: small letters, each once. */
export function skillsOf(text: string): string[] {
  const skills = text.toLowerCase().split(/[\s,;]+/u).filter((skill) => skill !== "");
  return [...new Set(skills)].sort();
}

/** Whether the server keeps them so. */
export function areSkills(skills: readonly string[]): boolean {
  return skills.length <= SKILLS_MAX && skills.every((skill) => /^[a-z0-9-]{1,40}$/u.test(skill));
}

function stepsOf(text: string): number[] {
  const steps = text.split(/[\s,;]+/u).filter((step) => step !== "");
  return steps.map((step) => spanOf(step, SECOND_MS));
}

/** What is no number becomes none, which is a fault. */
function spanOf(text: string, unit_ms: number): number {
  return Math.round(numberOf(text) * unit_ms);
}

/** Half a minute is written 0.5, or 0,5 where people write so. */
function numberOf(text: string): number {
  return Number(text.trim().replace(",", "."));
}
