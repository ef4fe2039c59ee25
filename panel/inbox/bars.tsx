// The bar above everything: one at a time, by rank. Nothing while all is well.

import { useApp, useDesk, useWords } from "../app.ts";
import { formatCount } from "../format.ts";
import { Icon } from "../icon.tsx";
import { BACK_MS, GRACE_MS, LOST_MS, QUIET_MS, type Line } from "../state/line.ts";

export function Bars() {
  const app = useApp();
  const line = useDesk().line.value;
  const now = app.clock.now.value;
  switch (line.kind) {
    case "fresh":
    case "up":
      return null;
    case "down":
      return now - line.since < QUIET_MS ? null : line.is_restarting ? (
        <RestartBar line={line} now={now} />
      ) : (
        <DownBar line={line} now={now} />
      );
    case "back":
      return <BackBar line={line} now={now} />;
  }
}

function DownBar({ line, now }: { line: Extract<Line, { kind: "down" }>; now: number }) {
  const words = useWords();
  const desk = useDesk();
  const has_chats = [...desk.state.value.chats.values()].some((chat) => chat.relation === "mine");
  const kept_ms = line.since + GRACE_MS - now;
  return (
    <div class="bar" role="status">
      <Icon name="offline" />
      {/* Read once and not each second: a timer is no news. */}
      <span class="sr">{words.bar.no_connection(formatCount(words, QUIET_MS))}</span>
      <span aria-hidden="true">
        <b>{line.is_offline ? words.bar.offline : words.bar.no_connection(formatCount(words, now - line.since))}</b>{" "}
        {line.until === undefined || line.until <= now
          ? words.bar.trying
          : words.bar.trying_in(formatCount(words, line.until - now))}{" "}
        {has_chats && kept_ms > 0 && words.bar.kept(formatCount(words, kept_ms))}
      </span>
      <span class="grow" />
      <button type="button" class="link" onClick={() => desk.retryNow()}>
        {words.bar.try_now}
      </button>
    </div>
  );
}

function RestartBar({ line, now }: { line: Extract<Line, { kind: "down" }>; now: number }) {
  const words = useWords();
  const left_ms = Math.max(line.since + line.retry_ms, line.until ?? 0) - now;
  return (
    <div class="bar" role="status">
      <Icon name="refresh" spins />
      <span>
        <b>{words.bar.restarting}</b>{" "}
        <span aria-hidden="true">{left_ms > 0 ? words.bar.back_in(formatCount(words, left_ms)) : words.bar.trying}</span>
      </span>
    </div>
  );
}

function BackBar({ line, now }: { line: Extract<Line, { kind: "back" }>; now: number }) {
  const words = useWords();
  if (line.lost > 0 && now - line.at < LOST_MS) {
    return (
      <div class="bar bad" role="alert">
        <Icon name="warn" />
        <span>
          <b>{words.bar.too_long_title}</b> {words.bar.too_long(line.lost)}
        </span>
      </div>
    );
  }
  if (now - line.at >= BACK_MS) return null;
  return (
    <div class="bar ok" role="status">
      <Icon name="tick" />
      <span>
        <b>{words.bar.connected}</b> {words.bar.back(line.sent, line.received)}
      </span>
    </div>
  );
}
