// Tells somebody who does not see the window what happened in it: new messages, who came and went, the place in line. Says
// what the visitor did not do themselves, and only what is news.

import { Word } from "./i18n/index.ts";
import { isWaiting, type Model, type Ticket } from "./model.ts";
import { systemText } from "./system.ts";
import { saidIn } from "./thread.ts";
import { threadOptions } from "./view/log.ts";
import type { Visit } from "./visit.ts";

/** A place is said at most so often; being next at once. */
const PLACE_EVERY_MS = 30_000;

/** @inside */
export interface Narrator {
  /** Compares what was with what is. */
  hear(before: Visit, model: Model): void;
}

export function createNarrator(say: (words: string) => void, ring: () => void): Narrator {
  let told: number | undefined;
  let told_at = 0;

  function place(model: Model, ticket: Ticket): void {
    const { visit, now, phrases: { say: words } } = model;
    const position = visit.conversation?.place?.position;
    if (position === told || (told && position && position > 1 && now - told_at < PLACE_EVERY_MS)) return;
    told = position;
    told_at = now;
    const wait = ticket.words(model);
    if (position) say(position === 1 ? `${words(Word.next)}. ${wait}.` : words(Word.announcePlace, { n: position, wait }));
  }

  return {
    hear(before, model) {
      const { visit } = model;
      if (isWaiting(model) && model.ticket) place(model, model.ticket);
      // The first look at a conversation is history, not news.
      if (before.timeline.conversation !== visit.timeline.conversation || !before.isKnown) return;
      const known = before.timeline.last ?? Infinity;
      for (const event of visit.timeline.events) {
        if (event.seq <= known || event.seq <= visit.told_seq || event.from.role === "visitor") continue;
        if (event.kind !== "message") say(systemText(event, threadOptions(model)));
        else {
          ring();
          say(`${event.from.name ?? model.phrases.say(Word.somebody)}: ${saidIn(event)}`);
        }
      }
      if (failures(visit) > failures(before)) say(`${model.phrases.say(Word.notSent)}.`);
    },
  };
}

function failures({ timeline: { pending } }: Visit): number {
  return pending.filter(({ failed }) => failed).length;
}
