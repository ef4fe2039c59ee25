// Who waits, in the true order of each line; empty lines are folded into one sentence.

import { useApp, useDesk, useWords } from "../app.ts";
import { formatAgo, formatEstimate, formatSpan } from "../format.ts";
import { Icon } from "../icon.tsx";
import { hrefOf } from "../route.ts";
import { isForLater, lineInOrder } from "../state/order.ts";
import type { Lane, WaitingRow } from "../state/wire.ts";
import { languageMark, visitorName } from "./names.ts";

export function Waiting({ selected, onTake }: { selected: string | undefined; onTake: (conversation: string) => void }) {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const state = desk.state.value;
  const keys = departmentsOf(state.lanes, state.departments, state.waiting);
  const busy = keys.filter((key) => lineInOrder(state, key).length > 0);
  const idle = keys.filter((key) => !busy.includes(key));
  const is_stale = !desk.is_up.value && state.is_ready;

  return (
    <section class={is_stale ? "is-stale" : ""} aria-label={words.list.waiting}>
      <div class="sec-head sec-wait">
        <h2>{words.list.waiting}</h2>
        <span class="num muted">{state.waiting.size}</span>
        <span class="grow" />
        {state.waiting.size > 1 && <span class="muted tiny">{words.list.waiting_shown}</span>}
      </div>
      {busy.map((key) => (
        <Department
          key={key}
          department={key}
          rows={lineInOrder(state, key)}
          lane={laneOf(state.lanes, key)}
          selected={selected}
          onTake={onTake}
        />
      ))}
      {state.is_ready && idle.length > 0 && (
        <p class="idle-lines">
          {words.list.nobody_waits_in(
            listOf(
              words.lang,
              idle.map((key) => app.directory.departmentName(key)),
            ),
          )}
        </p>
      )}
    </section>
  );
}

interface DepartmentProps {
  department: string;
  rows: WaitingRow[];
  lane: Lane | undefined;
  selected: string | undefined;
  onTake: (conversation: string) => void;
}

function Department({ department, rows, lane, selected, onTake }: DepartmentProps) {
  const app = useApp();
  const words = useWords();
  const now = app.clock.now.value;
  // What was left for later waits for nobody's return, so its hours say nothing about the line.
  const live = rows.filter((row) => !isForLater(row.mode));
  const longest_ms = now - Math.min(...live.map((row) => row.enqueued_at));

  return (
    <>
      <div class="dept-head">
        <h3>{app.directory.departmentName(department)}</h3>
        <span class="muted num">
          {rows.length}
          {live.length > 0 && <span class="hide-m"> · {words.list.longest(formatSpan(words, longest_ms))}</span>}
        </span>
        <span class="grow" />
        {lane?.eta && (
          <span class="next">
            {words.list.next_arrival} <b class="num">{formatEstimate(words, lane.eta)}</b>
          </span>
        )}
      </div>
      <ol class="rows waits">
        {rows.map((row, at) => (
          <WaitingItem
            key={row.conversation}
            row={row}
            position={at + 1}
            is_open={row.conversation === selected}
            onTake={onTake}
          />
        ))}
      </ol>
    </>
  );
}

interface WaitingItemProps {
  row: WaitingRow;
  position: number;
  is_open: boolean;
  onTake: (conversation: string) => void;
}

function WaitingItem({ row, position, is_open, onTake }: WaitingItemProps) {
  const app = useApp();
  const words = useWords();
  const name = visitorName(words, row.visitor);
  const is_message = isForLater(row.mode);
  const waited_ms = app.clock.now.value - row.enqueued_at;
  const is_ringing = useDesk().state.value.offers.some((offer) => offer.conversation === row.conversation);

  return (
    <li>
      <a
        class={is_open ? "wrow is-open" : "wrow"}
        href={hrefOf({ page: "inbox", conversation: row.conversation })}
        aria-current={is_open ? "true" : undefined}
        data-row={row.conversation}
        data-waiting
      >
        <span class="pos num">{position}</span>
        <span class="row-a">
          <b dir="auto">{name}</b>
          {row.visitor.lang && <span class="lang">{languageMark(row.visitor.lang)}</span>}
          {is_message && (
            <span class="chip">
              <Icon name="mail" />
              {words.list.message}
            </span>
          )}
          {is_ringing && <span class="chip warn">{words.list.on_offer}</span>}
        </span>
        <span class={is_message ? "wt wt-left num" : "wt num"}>
          {is_message ? formatAgo(words.lang, waited_ms) : formatSpan(words, waited_ms)}
        </span>
        <span class="row-b" dir="auto">
          {row.summary}
        </span>
      </a>
      <button type="button" class="take" title={`${words.list.take} · X`} onClick={() => onTake(row.conversation)}>
        <span aria-hidden="true">{words.list.take}</span>
        <span class="sr">{words.list.take_name(name)}</span>
      </button>
    </li>
  );
}

/** My departments first, then whatever else the figures or the rows name (a supervisor sees all). */
function departmentsOf(lanes: readonly Lane[], mine: readonly string[], waiting: ReadonlyMap<string, WaitingRow>): string[] {
  const others = [...lanes.map((lane) => lane.department), ...[...waiting.values()].map((row) => row.department)];
  return [...new Set([...mine, ...others])];
}

function laneOf(lanes: readonly Lane[], department: string): Lane | undefined {
  return lanes.find((lane) => lane.department === department);
}

function listOf(language: string, names: string[]): string {
  return new Intl.ListFormat(language, { type: "disjunction" }).format(names);
}
