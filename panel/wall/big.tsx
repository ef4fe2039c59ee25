// The wall on a big screen: read from five metres, always dark, without controls. Esc or B leads back.

import { useEffect } from "preact/hooks";
import { useApp, useDesk, useWords } from "../app.ts";
import { formatClock, formatEstimate, formatPercent, formatSpan } from "../format.ts";
import { Icon } from "../icon.tsx";
import { Places } from "../inbox/status.tsx";
import { useCommand, useTitle } from "../parts/hooks.ts";
import { StatusDot } from "../parts/status.tsx";
import type { Lane } from "../state/wire.ts";
import { Bullet, HealthChip } from "./department.tsx";
import { agentsOf, healthOf, inOrder, keptOf, longestNow, longestOf, PROMISES_ENOUGH, type Health } from "./lanes.ts";
import { PromiseBar } from "./promise_bar.tsx";
import { personName } from "./wall.tsx";
import { levelText, targetText, warningText, withinText } from "./words.ts";

/** More do not fit a screen that is read from afar. */
const DEPARTMENTS_MAX = 6;
const AGENTS_MAX = 12;

const levels: Record<Health, string> = { ok: "ok-t", risk: "warn-t", below: "bad-t", quiet: "" };

export function BigWall() {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const { lanes, lanes_at, places } = desk.state.value;
  const now = app.clock.now.value;
  const back = () => app.router.go({ page: "wall", is_big: false });
  useTitle(words.wall.title);
  useCommand("leave", back);
  useCommand("big_screen", back);
  useFullScreen();
  const shown = inOrder(lanes).slice(0, DEPARTMENTS_MAX);
  const name = (lane: Lane) => app.directory.departmentName(lane.department);
  const warning = shown.map((lane) => warningText(words, lane, name(lane), (id) => personName(app, id))).find((one) => one !== undefined);
  const day = new Intl.DateTimeFormat(words.lang, { weekday: "long", day: "numeric", month: "long" }).format(now);

  return (
    <main class="big-wall" data-theme="dark" aria-labelledby="big-h">
      <header>
        <h1 id="big-h">{words.wall.title}</h1>
        <span class="muted">{day}</span>
        <time class="num">{formatClock(words.lang, now)}</time>
      </header>
      <p class={warning ? "bw-alert" : "sr"} role="status">
        {warning && (
          <>
            <Icon name="warn" />
            <span>
              <b>{warning.what}</b> {warning.why}
            </span>
          </>
        )}
        {!desk.is_up.value && words.wall.as_of(formatClock(words.lang, lanes_at))}
      </p>
      <div class={`bw-grid bw-${Math.min(3, Math.max(1, shown.length))}${desk.is_up.value ? "" : " is-stale"}`}>
        {shown.map((lane) => (
          <BigDepartment key={lane.department} lane={lane} name={name(lane)} longest={longestNow(lane, lanes_at, now)} />
        ))}
      </div>
      <ul class="bw-foot">
        {agentsOf(app.directory.people.value, places)
          .slice(0, AGENTS_MAX)
          .map((agent) => (
            <li key={agent.id} class="bw-a">
              <StatusDot status={agent.status} />
              <span class="cut">
                {agent.name}
                <span class="sr">, {words.status[agent.status]}</span>
              </span>
              <Places taken={agent.load} capacity={agent.capacity} ringing={0} />
            </li>
          ))}
      </ul>
    </main>
  );
}

function BigDepartment({ lane, name, longest }: { lane: Lane; name: string; longest: number }) {
  const words = useWords();
  const is_late = longest > lane.standard.threshold_ms;
  const promised = longestOf(useDesk().state.value.waiting.values(), lane.department)?.promised;
  const { kept, of } = keptOf(lane.promises);
  return (
    <section class="bw" aria-label={name}>
      <h2>
        {name} <HealthChip lane={lane} />
      </h2>
      <div class="bw-duo">
        <p class="bw-n num">{lane.waiting}</p>
        <div>
          <p class="bw-k">{lane.waiting === 0 ? words.wall.waiting : words.wall.waiting_longest}</p>
          <p class={`bw-v num${is_late ? " bad-t" : ""}`}>
            {lane.waiting === 0 ? words.wall.nobody : formatSpan(words, longest)}
          </p>
          {promised && lane.waiting > 0 && <PromiseBar promised={promised} waited_ms={longest} />}
        </div>
      </div>
      <div class="bw-pair">
        <div>
          <p class="bw-k">{words.wall.next_arrival}</p>
          <p class={`bw-v num${lane.eta ? "" : " bw-words"}`}>{formatEstimate(words, lane.eta)}</p>
        </div>
        <div>
          <p class="bw-k">{words.wall.promises}</p>
          <p class="bw-v num">
            {of < PROMISES_ENOUGH ? words.wall.too_few : formatPercent(words.lang, kept / of)}
          </p>
        </div>
      </div>
      <div>
        <p class="bw-k">
          {words.wall.level(withinText(words, lane))}, {words.wall.standard(targetText(words, lane))}
        </p>
        <p class={`bw-v num ${levels[healthOf(lane)]}`}>{levelText(words, lane)}</p>
        <Bullet lane={lane} />
      </div>
    </section>
  );
}

/** Takes the whole screen where the browser lets it: it does after a key or a click, and not after a reload. */
function useFullScreen(): void {
  useEffect(() => {
    void document.documentElement.requestFullscreen?.().catch(() => undefined);
    return () => {
      if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    };
  }, []);
}
