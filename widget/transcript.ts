// The conversation as text. Pure, as the rows of the log are.

import type { Timeline } from "../client/timeline.ts";
import { Word } from "./i18n/index.ts";
import { systemText } from "./system.ts";
import { nameOf, saidIn, type ThreadOptions } from "./thread.ts";

/** The conversation as a text file, for whoever wants to keep it. */
export function transcript(timeline: Timeline, site: string, options: ThreadOptions & { stamp(at: number): string; you: string }): string {
  const { say, stamp, you } = options;
  const lines = timeline.events.map((event) => {
    const isMine = event.from.role === "visitor";
    const text = event.kind === "message" ? say(Word.savedBy, { name: isMine ? you : nameOf(event.from, say), text: saidIn(event) }) : systemText(event, options);
    return text && `[${stamp(event.at)}] ${text}\n`;
  });
  return `${site}\n\n${lines.join("")}`;
}
