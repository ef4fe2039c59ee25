// Where the outbox meets the timeline: what a change of a kept command means for the conversation that shows it.

import type { Command, Entry, FileNote, OutboxChange } from "./outbox.ts";
import type { News } from "./timeline.ts";

/** A command that will be read in the log: `send` or `note` with words or a file, or a `start` with its first words. */
function saidBy(command: Command & { text?: string }, file: FileNote | undefined): { kind: "message" | "note"; text: string; file?: FileNote } | undefined {
  if (command.text === undefined && file === undefined) return undefined;
  const said = { text: command.text ?? "", ...(file === undefined ? {} : { file }) };
  if (command.t === "note") return { kind: "note", ...said };
  return command.t === "send" || command.t === "start" ? { kind: "message", ...said } : undefined;
}

/** Nothing for commands that say nothing (`close`, `rate`, …): their owner looks at the change itself. */
export function newsOf<C extends Command>({ kind, entry }: OutboxChange<C>): News[] {
  const { cmd } = entry.command;
  switch (kind) {
    case "added":
    case "retried":
      return restoredNews(entry);
    case "failed":
      return entry.failed === undefined ? [] : [{ t: "failed", cmd, refusal: entry.failed }];
    case "gone":
      // What had failed or was still held was never acknowledged: somebody, perhaps in another tab, threw it away.
      return [entry.failed === undefined && entry.held_until === undefined ? { t: "gone", cmd } : { t: "discarded", cmd }];
    default:
      return kind satisfies never;
  }
}

/** After a reload: what the outbox still holds, shown again. */
export function restoredNews<C extends Command>(entry: Entry<C>): News[] {
  const said = saidBy(entry.command, entry.file);
  if (said === undefined) return [];
  const { cmd } = entry.command;
  const sending: News = { t: "sending", cmd, ...said };
  return entry.failed === undefined ? [sending] : [sending, { t: "failed", cmd, refusal: entry.failed }];
}
