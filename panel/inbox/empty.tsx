// What stands where a conversation would be: it says what will happen next.

import { useApp, useDesk, useWords } from "../app.ts";
import { formatSpan } from "../format.ts";
import { Icon } from "../icon.tsx";
import { isForLater, mineInOrder } from "../state/order.ts";

export function EmptyConversation() {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const state = desk.state.value;
  // What was left for later is in the list; it is not somebody who waits.
  const waiting = [...state.waiting.values()].filter((row) => !isForLater(row.mode));
  const mine = mineInOrder(state).length;
  const now = app.clock.now.value;
  if (!state.is_ready) return <div class="empty" role="status" aria-label={words.bar.connecting} />;

  if (state.status !== "online") {
    const longest_ms = now - Math.min(...waiting.map((row) => row.enqueued_at));
    return (
      <div class="empty">
        <Icon name="clock" />
        <b>{waiting.length > 0 ? words.conversation.away_title(waiting.length) : words.conversation.away_quiet}</b>
        <p class="num">
          {waiting.length > 0 ? words.conversation.away_longest(formatSpan(words, longest_ms)) : words.conversation.away_help}
        </p>
        <button type="button" class="btn btn-p" onClick={() => desk.setStatus("online")}>
          {words.conversation.go_online} <kbd aria-hidden="true">O</kbd>
        </button>
      </div>
    );
  }
  if (mine > 0 || waiting.length > 0) {
    return (
      <div class="empty">
        <Icon name="inbox" />
        <b>{words.conversation.empty_pick}</b>
        <p>{words.conversation.empty_pick_help}</p>
      </div>
    );
  }
  const free = Math.max(0, state.capacity - mine);
  return (
    <div class="empty">
      <Icon name="inbox" />
      <b>{words.conversation.empty_title}</b>
      <p>{free > 0 ? words.conversation.empty_free(free) : words.conversation.empty_full}</p>
      <a class="btn" href="/demo/" target="_blank" rel="noopener">
        {words.conversation.fresh_demo}
      </a>
    </div>
  );
}

/** On a phone the list stands alone: what would stand beside it is said above it. */
export function AwayHint() {
  const words = useWords();
  const desk = useDesk();
  const state = desk.state.value;
  if (!state.is_ready || state.status === "online") return null;
  return (
    <div class="away-hint">
      <p>
        <b>{words.conversation.away_quiet}.</b> {words.conversation.away_help}
      </p>
      <button type="button" class="btn btn-p" onClick={() => desk.setStatus("online")}>
        {words.conversation.go_online}
      </button>
    </div>
  );
}

/** "Not yours" and "not there" look the same. */
export function NothingHere() {
  const words = useWords();
  return (
    <div class="empty">
      <Icon name="lock" />
      <p>{words.problem.gone}</p>
    </div>
  );
}
