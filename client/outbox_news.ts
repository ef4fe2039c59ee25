// Where the outbox meets the timeline: what a change of a kept command means for the conversation that shows it.

import type { Command, Entry, OutboxChange } from "./outbox.ts";
import type { News } from "./timeline.ts";

/**
 * Of the commands only `send`, `note` and a `start` with its first words have a text or a file, which will be read in the
 * log. Those that say nothing (`close`, `rate`, …) are no news: their owner looks at the change itself.
 */
export function newsOf<C extends Command & { text?: string | undefined }>({ kind, entry }: OutboxChange<C>): News[] {
  const { command, file, failed, held_until } = entry;
  const { t, cmd, text } = command;
  // What had failed or was still held was never acknowledged: somebody, perhaps in another tab, threw it away.
  if (kind === "gone") return [{ t: failed ?? held_until ? "discarded" : "gone", cmd }];
  const isShown = kind !== "failed" && (text ?? file) !== undefined;
  return [
    ...(isShown ? [{ t: "sending" as const, cmd, kind: t === "note" ? ("note" as const) : ("message" as const), text: text ?? "", file }] : []),
    ...(failed ? [{ t: "failed" as const, cmd, refusal: failed }] : []),
  ];
}

/** After a reload: what the outbox still holds, shown again. */
export function restoredNews<C extends Command>(entry: Entry<C>): News[] {
  return newsOf({ kind: "added", entry });
}
