// My chats, the longest silence first, and the ones that I only watch.

import { useApp, useDesk, useWords } from "../app.ts";
import { formatAgo, formatSince, formatSpan } from "../format.ts";
import { Icon } from "../icon.tsx";
import { Avatar } from "../parts/avatar.tsx";
import { useSteadyOrder } from "../parts/steady.ts";
import { hrefOf } from "../route.ts";
import type { Chat } from "../state/model.ts";
import { typistsAt } from "../../client/timeline.ts";
import { lastMessage, leftMessage, saidIn, mineInOrder, unansweredSince, unreadCount, watched } from "../state/order.ts";
import { languageMark, visitorName } from "./names.ts";

/** "No silence over 30 s": amber says that it is near, red that it is past. */
const SOON_MS = 15_000;
const LATE_MS = 30_000;

export function Mine({ selected }: { selected: string | undefined }) {
  const words = useWords();
  const state = useDesk().state.value;
  const mine = mineInOrder(state);
  const watching = watched(state);
  const { order, list } = useSteadyOrder<HTMLUListElement>(mine.map((chat) => chat.id));
  const rows = order.flatMap((id) => mine.find((chat) => chat.id === id) ?? []);

  return (
    <>
      <div class="sec-head">
        <h2>{words.list.mine}</h2>
        <span class="num muted">{mine.length}</span>
        <span class="grow" />
        {mine.length > 1 && <span class="muted tiny">{words.list.mine_order}</span>}
      </div>
      <ul class="rows" ref={list}>
        {rows.map((chat) => (
          <Row key={chat.id} chat={chat} is_open={chat.id === selected} />
        ))}
      </ul>
      {watching.length > 0 && (
        <>
          <div class="sec-head sec-wait">
            <h2>{words.list.watching}</h2>
            <span class="num muted">{watching.length}</span>
          </div>
          <ul class="rows">
            {watching.map((chat) => (
              <Row key={chat.id} chat={chat} is_open={chat.id === selected} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Row({ chat, is_open }: { chat: Chat; is_open: boolean }) {
  const words = useWords();
  const { visitor } = chat;
  const name = visitorName(words, visitor);
  const unread = chat.relation === "mine" ? unreadCount(chat) : 0;
  const is_message = leftMessage(chat) !== undefined;

  return (
    <li data-key={chat.id}>
      <a
        class={is_open ? "row is-open" : "row"}
        href={hrefOf({ page: "inbox", conversation: chat.id })}
        aria-current={is_open ? "true" : undefined}
        data-row={chat.id}
      >
        <Avatar id={visitor.id} name={visitor.name} />
        <span class="row-a">
          <b dir="auto">{name}</b>
          {visitor.lang && <span class="lang">{languageMark(visitor.lang)}</span>}
          {visitor.verified && (
            <span class="vf" role="img" aria-label={words.list.verified}>
              <Icon name="verified" />
            </span>
          )}
          {is_message && (
            <span class="chip">
              <Icon name="mail" />
              {words.list.message}
            </span>
          )}
        </span>
        <Timer chat={chat} />
        <RowText chat={chat} />
        {unread > 0 && (
          <b class="badge">
            <span aria-hidden="true">{unread}</span>
            <span class="sr">{words.list.unread(unread)}</span>
          </b>
        )}
      </a>
    </li>
  );
}

function Timer({ chat }: { chat: Chat }) {
  const app = useApp();
  const words = useWords();
  const now = app.clock.now.value;
  const since = unansweredSince(chat);
  if (since === undefined) {
    const last = lastMessage(chat);
    return last ? (
      <span class="timer num" title={words.list.you_replied}>
        {formatSince(words, now - last.at)}
      </span>
    ) : null;
  }
  const silence_ms = now - since;
  // Nobody sits and waits for the answer to what was left for later.
  if (leftMessage(chat)) {
    return (
      <span class="timer num" title={words.list.waits_for_you}>
        {formatAgo(words.lang, silence_ms)}
      </span>
    );
  }
  const rank = silence_ms >= LATE_MS ? " late" : silence_ms >= SOON_MS ? " soon" : "";
  return (
    <span class={`timer num${rank}`} title={words.list.waits_for_you}>
      {formatSpan(words, silence_ms)}
    </span>
  );
}

/** The draft, what is being typed, or what was said last: the first of these there is. */
function RowText({ chat }: { chat: Chat }) {
  const app = useApp();
  const words = useWords();
  // A draft that appears or goes redraws the row.
  void app.drafts.changes.value;
  const draft = app.drafts.read(chat.id, "reply") || app.drafts.read(chat.id, "note");
  const typist = typistsAt(chat.timeline, app.clock.now.value).find((one) => one.from.role === "visitor");
  const pending = chat.timeline.pending[chat.timeline.pending.length - 1];
  const last = lastMessage(chat);

  if (typist) {
    return (
      <span class="row-b" dir="auto">
        <span class="typing-dots" role="img" aria-label={words.list.typing}>
          <i />
          <i />
          <i />
        </span>{" "}
        {typist.preview ?? ""}
      </span>
    );
  }
  if (draft !== "") {
    return (
      <span class="row-b" dir="auto">
        <span class="draft">{words.list.draft}</span> {draft}
      </span>
    );
  }
  const is_own = pending !== undefined || (last !== undefined && last.from.role !== "visitor");
  return (
    <span class="row-b" dir="auto">
      {is_own && (
        <span class="you" role="img" aria-label={words.names.you}>
          <Icon name={pending ? "clock" : "ticks"} />
        </span>
      )}
      {pending ? (pending.file?.name ?? pending.text) : last ? saidIn(last) : ""}
    </span>
  );
}
