// What one agent fewer or more would do now, and who is at the desk.

import { useEffect, useMemo } from "preact/hooks";
import { useApp, useDesk, useWords } from "../app.ts";
import { formatClock, formatPercent, formatSpan } from "../format.ts";
import { Places } from "../inbox/status.tsx";
import { Avatar } from "../parts/avatar.tsx";
import { StatusDot } from "../parts/status.tsx";
import type { Person } from "../rest.ts";
import { openState } from "../settings/hours.ts";
import type { Lane } from "../state/wire.ts";
import { agentsOf, silenceOf, type Silence } from "./lanes.ts";
import { withinText } from "./words.ts";

const MINUTE_MS = 60_000;

export function Outlook({ lane, name }: { lane: Lane; name: string }) {
  const words = useWords();
  const { staffing } = lane;
  return (
    <section class="panel" aria-labelledby="wall-outlook">
      <header class="panel-h">
        <h2 id="wall-outlook">{words.wall.outlook(name)}</h2>
        {staffing && staffing.arrivals_per_hour > 0 && (
          <span class="muted">
            {words.wall.at_rate(new Intl.NumberFormat(words.lang, { maximumFractionDigits: 1 }).format(staffing.arrivals_per_hour))}
          </span>
        )}
      </header>
      {!staffing ? (
        <p class="advice">{words.wall.outlook_unknown}</p>
      ) : staffing.arrivals_per_hour === 0 ? (
        <p class="advice">{words.wall.outlook_idle}</p>
      ) : (
        <div class="tbl" tabIndex={0} role="group" aria-label={words.settings.table}>
          <table aria-labelledby="wall-outlook">
            <thead>
              <tr>
                <th scope="col">{words.wall.agents}</th>
                <th scope="col">{withinText(words, lane)}</th>
                <th scope="col" class="r">
                  {words.wall.mean_wait}
                </th>
                <th scope="col" class="r">
                  {words.wall.busy}
                </th>
              </tr>
            </thead>
            <tbody class="num">
              {staffing.steps.map((step) => {
                const is_kept = 100 * step.service_level >= lane.standard.target_percent;
                return (
                  <tr key={step.agents} class={step.agents === staffing.agents ? "now-row" : ""}>
                    <th scope="row">{words.wall.step(step.agents, step.agents - staffing.agents)}</th>
                    <td>
                      <svg class="hb" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                        <rect class="bl-t" width="100" height="8" />
                        <rect class={is_kept ? "bl-ok" : "bl-bad"} width={100 * step.service_level} height="8" />
                      </svg>
                      {formatPercent(words.lang, step.service_level)}
                    </td>
                    <td class="r">{step.wait_ms === null ? words.wall.endless : formatSpan(words, step.wait_ms)}</td>
                    <td class="r">{formatPercent(words.lang, step.occupancy)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

export function Agents() {
  const app = useApp();
  const words = useWords();
  const { places, silences } = useDesk().state.value;
  const now = app.clock.now.value;
  const agents = agentsOf(app.directory.people.value, places);
  // Names were read at sign-in; how everybody stands is pushed from then on, and who is new is read anew.
  const newcomers = [...places.keys()].filter((id) => !app.directory.people.value.some((person) => person.id === id)).join();
  useEffect(() => {
    void app.directory.reload();
  }, [app, newcomers]);
  const taking = agents.filter((agent) => agent.status === "online");
  const free = taking.reduce((sum, agent) => sum + Math.max(0, agent.capacity - agent.load), 0);
  return (
    <section class="panel" aria-labelledby="wall-agents">
      <header class="panel-h">
        <h2 id="wall-agents">{words.wall.agents}</h2>
        <span class="muted num">{words.wall.agents_here(agents.length, taking.length, free)}</span>
      </header>
      {agents.length === 0 ? (
        <p class="advice">{words.wall.nobody_here}</p>
      ) : (
        <div class="tbl" tabIndex={0} role="group" aria-label={words.settings.table}>
          <table aria-labelledby="wall-agents">
            <thead>
              <tr>
                <th scope="col">{words.wall.name}</th>
                <th scope="col">{words.wall.state}</th>
                <th scope="col">{words.wall.chats}</th>
                <th scope="col" class="r">
                  {words.wall.silence}
                </th>
                <th scope="col" class="hide-s">
                  {words.settings.departments}
                </th>
              </tr>
            </thead>
            <tbody>
              {agents.map((agent) => (
                <tr key={agent.id}>
                  <th scope="row">
                    <span class="who">
                      <Avatar id={agent.id} name={agent.name} size="s" />
                      {agent.name}
                    </span>
                  </th>
                  <td>
                    <span class="state">
                      <StatusDot status={agent.status} />
                      {words.status[agent.status]} <ShiftEnd agent={agent} now={now} />
                    </span>
                  </td>
                  <td>
                    <span class="who">
                      <Places taken={agent.load} capacity={agent.capacity} ringing={0} />
                    </span>
                  </td>
                  <SilenceCell since={silences.get(agent.id)} now={now} />
                  <td class="hide-s">{agent.departments.map((key) => app.directory.departmentName(key)).join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** "until 17:00" for who is in a planned shift. */
function ShiftEnd({ agent, now }: { agent: Person; now: number }) {
  const app = useApp();
  const words = useWords();
  const rota = app.directory.rotas.value.get(agent.id);
  const minute = Math.floor(now / MINUTE_MS);
  const state = useMemo(() => rota && openState(rota, minute * MINUTE_MS), [rota, minute]);
  if (!state?.is_open || state.until === undefined || agent.status === "offline") return null;
  return <span class="muted num">{words.wall.until(formatClock(words.lang, state.until))}</span>;
}

const silenceLooks: Record<Silence, string> = { none: "muted", some: "", long: "warn-t", too_long: "bad-t" };

/** How long the visitor has waited for a word who has waited longest for one of this agent. */
function SilenceCell({ since, now }: { since: number | undefined; now: number }) {
  const words = useWords();
  const span_ms = since === undefined ? undefined : Math.max(0, now - since);
  return (
    <td class={`r ${silenceLooks[silenceOf(span_ms)]}`}>
      {span_ms === undefined ? words.wall.no_silence : formatSpan(words, span_ms)}
    </td>
  );
}
