// The head of the list: am I here, and how many chats at a time.

import { useRef } from "preact/hooks";
import { useDesk, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { StatusDot } from "../parts/status.tsx";
import type { AgentStatus } from "../rest.ts";
import { mineInOrder } from "../state/order.ts";

const CAPACITY_MAX = 100;
/** Beyond so many places dots cannot be counted at a glance. */
const DOTS_MAX = 8;

const statuses: readonly AgentStatus[] = ["online", "away", "offline"];
const keys: Record<AgentStatus, string | undefined> = { online: "O", away: "W", offline: undefined };

export function StatusBar() {
  const words = useWords();
  const desk = useDesk();
  const { status, capacity, is_ready } = desk.state.value;
  const mine = mineInOrder(desk.state.value).length;
  const help: Record<AgentStatus, string> = {
    online: words.status.online_help,
    away: words.status.away_help,
    offline: words.status.offline_help(mine),
  };
  // Two quick presses are two steps, also while the first is on its way.
  const asked = useRef<number | undefined>(undefined);
  if (asked.current === capacity) asked.current = undefined;
  const step = (by: number) => {
    const next = (asked.current ?? capacity) + by;
    if (next < 0 || next > CAPACITY_MAX) return;
    asked.current = next;
    desk.setStatus(status, next);
  };

  return (
    <div class="status" role="group" aria-label={words.status.label}>
      <Menu
        label={words.status.menu}
        button_class="status-btn"
        button={
          <>
            <StatusDot status={status} />
            {words.status[status]} <Icon name="down" />
          </>
        }
      >
        {(close) =>
          statuses.map((choice) => (
            <button
              key={choice}
              type="button"
              class="tr-o"
              role="menuitemradio"
              aria-checked={choice === status}
              onClick={() => {
                desk.setStatus(choice);
                close();
              }}
            >
              <StatusDot status={choice} />
              <b>{words.status[choice]}</b>
              <span class="muted">{help[choice]}</span>
              {keys[choice] && <kbd aria-hidden="true">{keys[choice]}</kbd>}
            </button>
          ))
        }
      </Menu>
      {is_ready && (
        <div class="cap">
          <button
            type="button"
            class="step"
            aria-label={words.status.fewer}
            disabled={capacity <= 0}
            onClick={() => step(-1)}
          >
            <Icon name="minus" />
          </button>
          <Places taken={mine} capacity={capacity} ringing={desk.state.value.offers.length} />
          <button
            type="button"
            class="step"
            aria-label={words.status.more}
            disabled={capacity >= CAPACITY_MAX}
            onClick={() => step(1)}
          >
            <Icon name="plus" />
          </button>
        </div>
      )}
    </div>
  );
}

/** Places as dots: full, ringing (amber ring), free (ring); more than eight are a number. */
export function Places({ taken, capacity, ringing }: { taken: number; capacity: number; ringing: number }) {
  const words = useWords();
  const label = ringing > 0 ? words.status.places_ringing(taken, capacity, ringing) : words.status.places(taken, capacity);
  const dots = Math.max(capacity, taken + ringing);
  if (dots > DOTS_MAX || dots === 0) {
    return (
      <span class="num cap-n">
        <span class="sr">{label}</span>
        <span aria-hidden="true">
          {taken}/{capacity}
        </span>
      </span>
    );
  }
  const shapeOf = (at: number) =>
    at < taken ? (at < capacity ? "p-full" : "p-over") : at < taken + ringing ? "p-ring" : "p-free";
  return (
    <>
      <svg class="pips" viewBox={`0 0 ${dots * 12 - 2} 10`} width={dots * 12 - 2} height={10} role="img" aria-label={label}>
        {Array.from({ length: dots }, (_, at) => (
          <circle key={at} class={shapeOf(at)} cx={at * 12 + 5} cy={5} r={shapeOf(at) === "p-full" ? 4 : 3.5} />
        ))}
      </svg>
      <span class="num cap-n" aria-hidden="true">
        {taken}/{capacity}
      </span>
    </>
  );
}
