// One conversation: who it is, what was said, and what one may do about it, which depends on whose it is.

import { useEffect, useState } from "preact/hooks";
import type { Pending } from "../../client/timeline.ts";
import { useApp, useDesk, useWords } from "../app.ts";
import { formatAgo, formatSpan } from "../format.ts";
import { Icon } from "../icon.tsx";
import { Avatar } from "../parts/avatar.tsx";
import { useCommand, useVisible } from "../parts/hooks.ts";
import { hrefOf } from "../route.ts";
import type { Chat } from "../state/model.ts";
import { leftMessage } from "../state/order.ts";
import { CloseDialog } from "./close.tsx";
import { Composer } from "./composer.tsx";
import { LogView } from "./log_view.tsx";
import { visitorName } from "./names.ts";
import { TransferDialog } from "./transfer.tsx";
import { useEarlier } from "./earlier.ts";
import type { Restored } from "./writing.ts";

export interface ConversationProps {
  chat: Chat;
  card_open: boolean;
  onCard: () => void;
  onTake: (conversation: string) => void;
  /** After a close or a transfer: where the eye should go next. */
  onDone: () => void;
}

export function Conversation({ chat, card_open, onCard, onTake, onDone }: ConversationProps) {
  const words = useWords();
  const desk = useDesk();
  const [dialog, setDialog] = useState<"transfer" | "close" | undefined>(undefined);
  const [restored, setRestored] = useState<Restored | undefined>(undefined);
  const earlier = useEarlier(chat.timeline, (events) => desk.prepend(chat.id, events));
  const visible = useVisible();
  const name = visitorName(words, chat.visitor);
  const is_mine = chat.relation === "mine" && chat.state === "active";
  const last = chat.timeline.last;
  const is_up = desk.is_up.value;

  useEffect(() => {
    if (visible && is_up) desk.markRead(chat.id);
  }, [desk, chat.id, last, visible, is_up]);
  useCommand("transfer", () => setDialog("transfer"), is_mine);
  useCommand("close", () => setDialog("close"), is_mine);

  const edit = (pending: Pending) => {
    const text = desk.withdraw(chat.id, pending.cmd);
    if (text !== undefined) setRestored({ kind: pending.kind, text, round: (restored?.round ?? 0) + 1 });
  };
  const finish = () => {
    setDialog(undefined);
    onDone();
  };

  return (
    <section class="conv" aria-labelledby="conv-name">
      <Head
        chat={chat}
        name={name}
        card_open={card_open}
        onCard={onCard}
        onTransfer={is_mine ? () => setDialog("transfer") : undefined}
        onClose={is_mine ? () => setDialog("close") : undefined}
      />
      <LogView
        label={words.conversation.log(name)}
        visitor_name={name}
        timeline={chat.timeline}
        me={desk.state.value.me?.id}
        is_live
        is_loading={chat.timeline.events.length === 0}
        onEarlier={earlier}
        onEdit={edit}
        onRemove={(pending) => void desk.withdraw(chat.id, pending.cmd)}
        onResend={(pending) => desk.resend(pending.cmd)}
      />
      <Foot key={chat.id} chat={chat} name={name} restored={restored} onTake={onTake} />
      {dialog === "transfer" && <TransferDialog chat={chat} name={name} onClose={() => setDialog(undefined)} onDone={finish} />}
      {dialog === "close" && <CloseDialog chat={chat} name={name} onClose={() => setDialog(undefined)} onDone={finish} />}
    </section>
  );
}

interface HeadProps {
  chat: Chat;
  name: string;
  card_open: boolean;
  onCard: () => void;
  onTransfer: (() => void) | undefined;
  onClose: (() => void) | undefined;
}

function Head({ chat, name, card_open, onCard, onTransfer, onClose }: HeadProps) {
  const words = useWords();
  const me = useDesk().state.value.me?.id;
  const others = chat.viewers.filter((viewer) => viewer.id !== me && viewer.id !== chat.owner?.id);

  return (
    <header class="conv-head">
      <a class="back icon-btn" href={hrefOf({ page: "inbox" })} aria-label={words.conversation.back}>
        <Icon name="left" />
      </a>
      <Avatar id={chat.visitor.id} name={chat.visitor.name} size="l" />
      <div class="conv-id">
        <h2 id="conv-name">
          <span dir="auto">{name}</span>
          {chat.visitor.verified && (
            <span class="vf" role="img" aria-label={words.list.verified}>
              <Icon name="verified" />
            </span>
          )}
        </h2>
        <p class="muted">
          <Standing chat={chat} />
        </p>
      </div>
      <span class="grow" />
      {others.length > 0 && (
        <span class="watch" title={words.conversation.viewers(others.map((viewer) => viewer.name).join(", "))}>
          <Icon name="eye" />
          <span>{others.map((viewer) => viewer.name.split(" ")[0]).join(", ")}</span>
        </span>
      )}
      {onTransfer && (
        <button type="button" class="btn btn-fold" title={`${words.conversation.transfer} · T`} onClick={onTransfer}>
          <Icon name="transfer" />
          <span>{words.conversation.transfer}</span>
          <kbd aria-hidden="true">T</kbd>
        </button>
      )}
      {onClose && (
        <button type="button" class="btn btn-fold" title={`${words.conversation.close} · E`} onClick={onClose}>
          <Icon name="done" />
          <span>{words.conversation.close}</span>
          <kbd aria-hidden="true">E</kbd>
        </button>
      )}
      <button
        type="button"
        class="icon-btn card-toggle"
        aria-label={words.conversation.card}
        aria-expanded={card_open}
        title={`${words.conversation.card} · I`}
        onClick={onCard}
      >
        <Icon name="side" />
      </button>
    </header>
  );
}

/** "Message, answer to ada@example.com · Support · left 2 hr ago", "Support · waited 1:52", "Sales · waiting 0:40", "Support · with Noor Haddad". */
function Standing({ chat }: { chat: Chat }) {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const department = app.directory.departmentName(chat.department);
  const enqueued_at = desk.state.value.waiting.get(chat.id)?.enqueued_at;
  const assigned = [...chat.timeline.events].reverse().find((event) => event.kind === "assigned");
  const now = app.clock.now.value;
  const left = leftMessage(chat);

  if (left && chat.state !== "closed") {
    return (
      <>
        <span>{left.email ? words.conversation.message_to(left.email) : words.list.message}</span>
        {` · ${department} · ${words.conversation.left(formatAgo(words.lang, now - left.at))}`}
        {chat.owner && chat.owner.id !== desk.state.value.me?.id && ` · ${words.conversation.with(chat.owner.name)}`}
      </>
    );
  }
  if (chat.state === "closed") return <>{`${department} · ${words.history.states.closed}`}</>;
  if (chat.state !== "active") {
    return (
      <>
        {department}
        {enqueued_at !== undefined && (
          <>
            {" · "}
            <span class="num">{words.conversation.waiting_for(formatSpan(words, now - enqueued_at))}</span>
          </>
        )}
      </>
    );
  }
  return (
    <>
      {department}
      {assigned?.kind === "assigned" && assigned.waited_ms >= 1_000 && (
        <span class="num">{` · ${words.conversation.waited(formatSpan(words, assigned.waited_ms))}`}</span>
      )}
      {chat.owner && chat.owner.id !== desk.state.value.me?.id && ` · ${words.conversation.with(chat.owner.name)}`}
    </>
  );
}

interface FootProps {
  chat: Chat;
  name: string;
  restored: Restored | undefined;
  onTake: (conversation: string) => void;
}

/** The composer for what is mine; one sentence and one wide button for what is not. */
function Foot({ chat, restored, onTake }: FootProps) {
  const words = useWords();
  const desk = useDesk();
  const role = desk.state.value.me?.role ?? "agent";

  if (chat.state === "closed") return <ReadOnlyFoot text={words.conversation.read_only_closed} />;
  if (chat.state === "active" && chat.relation === "mine")
    return <Composer key="all" chat={chat} notes_only={false} restored={restored} />;
  if (chat.state !== "active") {
    return (
      <ReadOnlyFoot
        text={
          chat.lost === "requeued"
            ? words.conversation.read_only_requeued
            : leftMessage(chat)
              ? words.conversation.read_only_message
              : words.conversation.read_only_waiting
        }
      >
        <button type="button" class="btn btn-p btn-l" onClick={() => onTake(chat.id)}>
          {words.conversation.take} <kbd aria-hidden="true">X</kbd>
        </button>
      </ReadOnlyFoot>
    );
  }
  if (role === "agent") return <ReadOnlyFoot text={words.conversation.read_only_gone} />;
  return (
    <>
      <ReadOnlyFoot text={words.conversation.read_only_watching(chat.owner?.name ?? words.names.someone)}>
        <button type="button" class="btn" onClick={() => onTake(chat.id)}>
          {words.conversation.take_over}
        </button>
      </ReadOnlyFoot>
      <Composer key="notes" chat={chat} notes_only restored={restored} />
    </>
  );
}

function ReadOnlyFoot({ text, children }: { text: string; children?: preact.ComponentChildren }) {
  return (
    <div class="conv-foot">
      <p class="muted">{text}</p>
      {children}
    </div>
  );
}
