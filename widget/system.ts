// What the log says of an event in which nobody speaks: who came and went, where the conversation was passed, how it ended.

import type { EventFrame } from "../client/wire.ts";
import { Word } from "./i18n/index.ts";
import { nameOf, type SystemLine, type ThreadOptions } from "./thread.ts";

export function systemLine(event: EventFrame, { say, departmentName }: ThreadOptions): SystemLine | undefined {
  const from = nameOf(event.from, say);
  switch (event.kind) {
    case "assigned":
      return { text: say(Word.joined, event.agent) };
    case "transferred": {
      const { to } = event;
      // Nobody passes on who waits when their department closes: another one stands in, where they have waited as long.
      if ("department" in to) return { text: say(event.from.role === "system" ? Word.standIn : Word.passedToLine, { from, to: departmentName(to.department) }) };
      // Somebody who takes a chat over passes it to nobody: who joined is said by the next line.
      return to.agent.id === event.from.id ? undefined : { text: say(Word.passedOn, { from, to: to.agent.name }) };
    }
    case "requeued":
      return { strong: say(Word.requeued), text: say(Word.requeuedMore) };
    case "agent_away":
      return { text: say(Word.lost, event.agent) };
    case "agent_back":
      return { text: say(Word.returned, event.agent) };
    case "closed": {
      if (event.reason === "agent") return { text: say(Word.endedBy, { name: from }) };
      const words: Record<string, Word.endedByYou | Word.leftLine | Word.lapsed> = { visitor: Word.endedByYou, left: Word.leftLine, abandoned: Word.lapsed };
      return { text: say(words[event.reason] ?? Word.ended) };
    }
    case "rated":
      return { text: say(Word.rated, { n: event.score }) };
    default:
      return undefined; // words, what was asked before the chat, and events of a newer server
  }
}

/** A system line as one sentence, "" where the event has none. */
export function systemText(event: EventFrame, options: ThreadOptions): string {
  const { strong, text = "" }: Partial<SystemLine> = systemLine(event, options) ?? {};
  return strong ? `${strong} ${text}` : text;
}
