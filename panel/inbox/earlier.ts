// Earlier parts of a long log, fetched over HTTP a page at a time.

import { useCallback } from "preact/hooks";
import type { Timeline } from "../../client/timeline.ts";
import { useApp } from "../app.ts";
import type { EventFrame } from "../state/wire.ts";

/** Events a page: two or three screens. */
const PAGE_EVENTS = 100;

/** Gives the function that fetches what lies before the first event held; undefined when the log is whole from its start. */
export function useEarlier(
  timeline: Timeline,
  prepend: (events: readonly EventFrame[]) => void,
): (() => Promise<void>) | undefined {
  const app = useApp();
  const first = timeline.events[0];
  const load = useCallback(async () => {
    if (!first) return;
    const answer = await app.api.events(timeline.conversation, Math.max(0, first.prev - PAGE_EVENTS), PAGE_EVENTS);
    if (answer.ok) prepend(answer.value.events);
    else app.toast.value = { text: app.explain(answer.problem) };
  }, [app, timeline.conversation, first, prepend]);
  return first && first.prev > 0 ? load : undefined;
}
