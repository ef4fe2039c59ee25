// One department on the wall: who waits, for how long, what the next would be promised, and the standard.

import { useApp, useDesk, useWords } from "../app.ts";
import { formatEstimate, formatPercent, formatSpan } from "../format.ts";
import { Icon } from "../icon.tsx";
import type { Lane, LanePromises } from "../state/wire.ts";
import { healthOf, keptOf, longestNow, longestOf, PROMISES_ENOUGH, type Health } from "./lanes.ts";
import { PromiseBar } from "./promise_bar.tsx";
import { levelText, targetText, withinText } from "./words.ts";

const chips: Record<Health, string> = { ok: "ok", risk: "warn", below: "bad", quiet: "" };
const bars: Record<Health, string> = { ok: "bl-ok", risk: "bl-warn", below: "bl-bad", quiet: "bl-ok" };

export function HealthChip({ lane }: { lane: Lane }) {
  const words = useWords();
  const health = healthOf(lane);
  return (
    <span class={`chip ${chips[health]}`}>
      {health === "ok" ? <Icon name="tick" /> : health === "quiet" ? null : <Icon name="warn" />}
      {words.wall.health[health]}
    </span>
  );
}

export function DepartmentCard({ lane, told_at }: { lane: Lane; told_at: number }) {
  const app = useApp();
  const words = useWords();
  const id = `wall-${lane.department}`;
  const longest = longestNow(lane, told_at, app.clock.now.value);
  const is_late = longest > lane.standard.threshold_ms;
  const promised = longestOf(useDesk().state.value.waiting.values(), lane.department)?.promised;
  const first_word = lane.quarter.talks.response_p50_ms;
  return (
    <section class="panel dept" aria-labelledby={id}>
      <header>
        <h2 id={id}>{app.directory.departmentName(lane.department)}</h2>
        <span class="grow" />
        <HealthChip lane={lane} />
      </header>
      <div class="duo">
        <div>
          <p class="big num">{lane.waiting}</p>
          <p class="lbl">{words.wall.waiting}</p>
        </div>
        <div class="longest">
          {lane.waiting === 0 ? (
            <b>{words.wall.nobody_waits}</b>
          ) : (
            <>
              <div class="line">
                <b class={`num${is_late ? " bad-t" : ""}`}>{formatSpan(words, longest)}</b>
                {promised && <span class="lbl num">{words.wall.promised(formatEstimate(words, promised))}</span>}
              </div>
              {promised && <PromiseBar promised={promised} waited_ms={longest} />}
              <p class="lbl">{words.wall.longest}</p>
            </>
          )}
          {lane.messages > 0 && <p class="lbl">{words.wall.messages(lane.messages)}</p>}
        </div>
      </div>
      <dl>
        <Fact name={words.wall.next_arrival}>{formatEstimate(words, lane.eta)}</Fact>
        <Fact name={words.wall.agents}>
          {lane.agents_online} <small>{words.wall.places_free(lane.free_slots)}</small>
        </Fact>
        <Fact name={words.wall.level(withinText(words, lane))}>
          {levelText(words, lane)} <small>{words.wall.standard(targetText(words, lane))}</small>
          <Bullet lane={lane} />
        </Fact>
        <Fact name={words.wall.gave_up}>
          {lane.day.abandoned} <small>{words.wall.of_day(lane.day.offered)}</small>
        </Fact>
        <Fact name={words.wall.promises}>
          <Kept promises={lane.promises} />
        </Fact>
        <Fact name={words.wall.first_word}>
          {first_word === null ? words.wall.nobody_came : formatSpan(words, first_word)}
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="num">{children}</dd>
    </div>
  );
}

/** How many promises were kept, and of these how many waits were shorter than half of them were to be. */
function Kept({ promises }: { promises: LanePromises }) {
  const words = useWords();
  const { kept, of } = keptOf(promises);
  if (of < PROMISES_ENOUGH) {
    return (
      <>
        {words.wall.too_few} <small>{words.wall.of(String(of), String(PROMISES_ENOUGH))}</small>
      </>
    );
  }
  const at = (count: number) => Math.round((1_000 * count) / of) / 10;
  const { early, within, late } = promises;
  return (
    <>
      {formatPercent(words.lang, kept / of)}{" "}
      <small>{words.wall.off_by(formatSpan(words, promises.error_median_ms ?? 0))}</small>
      <svg class="kept-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="k-early" width={at(early)} height="6" />
        <rect class="k-within" x={at(early)} width={at(within)} height="6" />
        <rect class="k-late" x={at(kept)} width={at(late)} height="6" />
      </svg>
      <small>{words.wall.kept(early, within, late)}</small>
    </>
  );
}

/** The level of the last quarter of an hour as a bar, with the standard as a mark. */
export function Bullet({ lane }: { lane: Lane }) {
  const { in_time, judged } = lane.quarter;
  const level = judged === 0 ? 0 : (100 * in_time) / judged;
  return (
    <svg class="bullet" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bl-t" width="100" height="10" />
      <rect class={bars[healthOf(lane)]} width={level} height="10" />
      <path class="bl-s" d={`M${lane.standard.target_percent} -2v14`} />
    </svg>
  );
}
