// One conversation of the history, open to read.

import { useCallback, useEffect, useState } from "preact/hooks";
import { emptyTimeline, reduce, type Timeline } from "../../client/timeline.ts";
import type { Problem } from "../api.ts";
import { useApp, useDesk, useWords } from "../app.ts";
import { formatMoment } from "../format.ts";
import { Icon } from "../icon.tsx";
import { LogView } from "../inbox/log_view.tsx";
import { visitorName } from "../inbox/names.ts";
import { Avatar } from "../parts/avatar.tsx";
import type { ConversationRecord } from "../rest.ts";
import { hrefOf } from "../route.ts";

const PAGE_EVENTS = 200;

export function Transcript({ id, record }: { id: string; record: ConversationRecord | undefined }) {
  const app = useApp();
  const words = useWords();
  const me = useDesk().state.value.me?.id;
  const found = useRecord(id, record);
  const [timeline, problem] = useTranscript(id);
  const name = found ? visitorName(words, found.visitor) : "";

  return (
    <section class="conv" aria-labelledby="transcript-name">
      <header class="conv-head">
        <a class="back icon-btn" href={hrefOf({ page: "history" })} aria-label={words.history.back}>
          <Icon name="left" />
        </a>
        {found && <Avatar id={found.visitor.id} name={found.visitor.name} size="l" />}
        <div class="conv-id">
          <h2 id="transcript-name" dir="auto">
            {name || words.history.transcript}
          </h2>
          {found && <p class="muted">{headOf(found, app.directory.departmentName(found.department))}</p>}
        </div>
        <span class="grow" />
        {found && found.state !== "closed" && (
          <a class="btn" href={hrefOf({ page: "inbox", conversation: id })}>
            {words.history.open_live}
          </a>
        )}
      </header>
      {problem ? (
        <div class="empty">
          <Icon name="lock" />
          <p>{app.explain(problem)}</p>
        </div>
      ) : (
        <LogView
          label={words.history.transcript}
          visitor_name={name}
          timeline={timeline}
          me={me}
          is_live={false}
          is_loading={timeline.events.length === 0}
        />
      )}
    </section>
  );

  function headOf(shown: ConversationRecord, department: string): string {
    const closed =
      shown.closed_at !== undefined
        ? words.history.closed_at(formatMoment(words.lang, shown.closed_at, app.clock.now.value))
        : words.history.states[shown.state];
    return [department, closed, shown.agent?.name].filter((part) => part !== undefined).join(" · ");
  }
}

/** The record as the list holds it; for an address that was opened directly it is asked for. */
function useRecord(id: string, listed: ConversationRecord | undefined): ConversationRecord | undefined {
  const app = useApp();
  const [fetched, setFetched] = useState<ConversationRecord | undefined>(undefined);
  useEffect(() => {
    if (listed) return;
    void app.api.conversation(id).then((answer) => {
      if (answer.ok) setFetched(answer.value);
    });
  }, [app, id, listed]);
  return listed ?? fetched;
}

/** The whole log, page after page, through the same timeline that the live view has. */
function useTranscript(id: string): [Timeline, Problem | undefined] {
  const app = useApp();
  const [timeline, setTimeline] = useState(() => emptyTimeline(id));
  const [problem, setProblem] = useState<Problem | undefined>(undefined);

  const load = useCallback(
    async (isCurrent: () => boolean) => {
      let log = emptyTimeline(id);
      for (let more = true; more && isCurrent();) {
        const after = log.last ?? 0;
        const answer = await app.api.events(id, after, PAGE_EVENTS);
        if (!isCurrent()) return;
        if (!answer.ok) return setProblem(answer.problem);
        for (const event of answer.value.events) log = reduce(log, { t: "event", ...event }, event.at);
        setTimeline(log);
        // A page that brings nothing further would be asked for again for ever.
        more = answer.value.more && (log.last ?? 0) > after;
      }
    },
    [app, id],
  );

  useEffect(() => {
    let is_current = true;
    void load(() => is_current);
    return () => {
      is_current = false;
    };
  }, [load]);
  return [timeline, problem];
}
