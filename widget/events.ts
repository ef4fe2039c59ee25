// What a page's own scripts are told of the conversation (client/api.ts): pure, from what was and what is. History that an
// earlier page has told already is not told again.

import type { BalieEvent, BalieEvents } from "../client/api.ts";
import type { EventFrame } from "../client/wire.ts";
import type { Said } from "./thread.ts";
import { isLive, type Visit } from "./visit.ts";

export type Told = { [E in BalieEvent]: [E, BalieEvents[E]] }[BalieEvent];

export function toldOf(before: Visit, visit: Visit): Told[] {
  const told: Told[] = [];
  if (visit.open !== undefined && visit.open !== before.open) told.push(["presence", { open: visit.open }]);
  if (visit.doing.start !== undefined && before.doing.start === undefined) told.push(["chat:start", undefined]);
  const isSame = before.timeline.conversation === visit.timeline.conversation;
  const known = isSame ? (before.timeline.last ?? 0) : 0;
  // A conversation that began here is news from its first event on; one that was found is history up to what was told.
  for (const event of visit.timeline.events) if (before.isKnown && event.seq > Math.max(known, visit.told_seq)) told.push(...inLog(event));
  const place = visit.conversation?.place;
  if (place !== undefined && place.position !== before.conversation?.place?.position && isLive(visit)) told.push(["chat:position", { position: place.position, waiting: place.waiting }]);
  for (const { cmd, failed, text } of visit.timeline.pending) {
    if (failed !== undefined && before.timeline.pending.find((own) => own.cmd === cmd)?.failed === undefined) told.push(["message:failed", { text }]);
  }
  return told;
}

function inLog(event: EventFrame): Told[] {
  const { conversation, seq } = event;
  switch (event.kind) {
    case "queued":
      return [["chat:queued", { conversation, department: event.department }]];
    case "assigned":
      return [["chat:assigned", { conversation, agent: event.agent }]];
    case "transferred":
      return [["chat:transferred", { conversation }]];
    case "requeued":
      return [["chat:requeued", { conversation }]];
    case "agent_away":
      return [["agent:away", { conversation }]];
    case "agent_back":
      return [["agent:back", { conversation }]];
    case "closed":
      return [["chat:ended", { conversation, reason: event.reason }]];
    case "rated":
      return [["rating", { conversation, score: event.score }]];
    case "message": {
      const { attachment, text: words }: Said = event;
      const text = words ? { text: words } : {};
      if (event.from.role !== "visitor") return [["message:received", { conversation, seq, ...text, ...(event.from.name === undefined ? {} : { from: event.from.name }) }]];
      return attachment === undefined ? [["message:sent", { conversation, seq, ...text }]] : [["file:sent", { conversation, seq, name: attachment.name }]];
    }
    case "note":
      return [];
    default:
      event satisfies never;
      return []; // an event of a newer server
  }
}
