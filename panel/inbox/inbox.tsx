// The inbox: my chats and who waits on the left, one conversation in the middle, its visitor on the right.

import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useDesk, useWords } from "../app.ts";
import { useCommand, useTitle } from "../parts/hooks.ts";
import { hrefOf } from "../route.ts";
import type { Chat } from "../state/model.ts";
import { mineInOrder, nextUnanswered } from "../state/order.ts";
import { Card } from "./card.tsx";
import { Conversation } from "./conversation.tsx";
import { AwayHint, EmptyConversation, NothingHere } from "./empty.tsx";
import { Mine } from "./mine.tsx";
import { Offers } from "./offers.tsx";
import { StatusBar } from "./status.tsx";
import { Waiting } from "./waiting.tsx";

const CHAT_KEYS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

export function Inbox({ conversation }: { conversation: string | undefined }) {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const [card_open, setCardOpen] = useState(false);
  const state = desk.state.value;
  const mine = mineInOrder(state);
  const chat = conversation === undefined ? undefined : state.chats.get(conversation);

  useTitle(words.rail.inbox);
  useEffect(() => setCardOpen(false), [conversation]);
  useFocusOnOpen(conversation);

  const go = (id: string | undefined) =>
    app.router.go(id === undefined ? { page: "inbox" } : { page: "inbox", conversation: id });
  const focusOnceMine = useFocusOnceMine(chat);
  const take = (id: string) => {
    desk.take(id);
    focusOnceMine(id);
    go(id);
  };
  const onDone = () => {
    const next = nextUnanswered(state, conversation);
    go(next?.id);
    if (!next) focusList();
  };
  useInboxKeys(
    mine.map((one) => one.id),
    conversation,
    go,
    take,
  );
  useCommand("card", () => setCardOpen(!card_open), chat !== undefined);
  useCommand("leave", () => setCardOpen(false), card_open);

  return (
    <>
      <main class="desk">
        <h1 class="sr">{words.rail.inbox}</h1>
        <section class="list" aria-label={words.list.label}>
          <StatusBar />
          <AwayHint />
          <div class="list-scroll" tabIndex={0} role="group" aria-label={words.list.scroll} data-list>
            <Mine selected={conversation} />
            <Waiting selected={conversation} onTake={take} />
          </div>
          <Offers />
          {app.preferences.value.hints && app.preferences.value.letter_keys && <Hints />}
        </section>
        {chat ? (
          <Conversation
            key={chat.id}
            chat={chat}
            card_open={card_open}
            onCard={() => setCardOpen(!card_open)}
            onTake={take}
            onDone={onDone}
          />
        ) : (
          <section class="conv conv-empty" aria-label={words.rail.inbox}>
            {conversation !== undefined && (
              <a class="back link" href={hrefOf({ page: "inbox" })}>
                {words.conversation.back}
              </a>
            )}
            {conversation !== undefined && state.hidden.has(conversation) ? <NothingHere /> : <EmptyConversation />}
          </section>
        )}
      </main>
      <Card chat={chat} open={card_open} onClose={() => setCardOpen(false)} />
    </>
  );
}

function Hints() {
  const words = useWords();
  return (
    <p class="hints" aria-label={words.list.keys} role="note">
      <span>
        <kbd>J</kbd>
        <kbd>K</kbd> {words.list.key_move}
      </span>
      <span>
        <kbd>↵</kbd> {words.list.key_open}
      </span>
      <span>
        <kbd>R</kbd> {words.list.key_reply}
      </span>
      <span>
        <kbd>?</kbd> {words.list.key_all}
      </span>
    </p>
  );
}

/** Opening a chat focuses its composer. */
function useFocusOnOpen(conversation: string | undefined): void {
  const { router } = useApp();
  const [last, setLast] = useState(conversation);
  useEffect(() => {
    if (conversation === last) return;
    setLast(conversation);
    if (conversation !== undefined && !router.hasArrived()) focusComposer();
  }, [conversation, last, router]);
}

/** A chat that is taken gets its composer only when the server has agreed: who took it wants to write then. */
function useFocusOnceMine(chat: Chat | undefined): (conversation: string) => void {
  const taken = useRef<string | undefined>(undefined);
  const is_mine = chat?.relation === "mine" && chat.state === "active";
  useEffect(() => {
    if (!is_mine || taken.current !== chat?.id) return;
    taken.current = undefined;
    focusComposer();
  }, [chat?.id, is_mine]);
  return (conversation) => (taken.current = conversation);
}

/** On touch this would raise the keyboard over what one came to read. */
function focusComposer(): void {
  if (window.matchMedia("(pointer: coarse)").matches) return;
  document.querySelector<HTMLElement>("[data-composer]")?.focus();
}

function useInboxKeys(
  mine: string[],
  selected: string | undefined,
  go: (id: string | undefined) => void,
  take: (id: string) => void,
): void {
  const desk = useDesk();
  const step = (by: number) => {
    if (mine.length === 0) return;
    const at = selected === undefined ? -1 : mine.indexOf(selected);
    go(mine[at < 0 ? (by > 0 ? 0 : mine.length - 1) : (at + by + mine.length) % mine.length]);
  };
  useCommand("next_chat", () => step(1));
  useCommand("previous_chat", () => step(-1));
  useCommand("next_unanswered", () => {
    const next = nextUnanswered(desk.state.value, selected);
    if (next) go(next.id);
  });
  useCommand("down", () => moveInList(1));
  useCommand("up", () => moveInList(-1));
  useCommand("take", () => {
    const row =
      document.activeElement instanceof HTMLElement ? document.activeElement.closest<HTMLElement>("[data-waiting]") : null;
    const id = row?.dataset.row ?? (selected !== undefined && desk.state.value.waiting.has(selected) ? selected : undefined);
    if (id !== undefined) take(id);
  });
  useChatKeys(mine, go);
}

/** One command for each of the first nine; `latest` spares registering them anew with every frame. */
function useChatKeys(mine: string[], go: (id: string | undefined) => void): void {
  const app = useApp();
  const latest = useRef({ mine, go });
  latest.current = { mine, go };
  useEffect(() => {
    const undo = CHAT_KEYS.map((key) =>
      app.keyboard.on(`chat_${key}`, () => {
        const id = latest.current.mine[key - 1];
        if (id !== undefined) latest.current.go(id);
      }),
    );
    return () => undo.forEach((off) => off());
  }, [app]);
}

/** J and K move the focus over all rows, mine and waiting. */
function moveInList(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row === document.activeElement);
  const from = at >= 0 ? at : rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  rows[from < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, from + by))]?.focus();
}

function focusList(): void {
  document.querySelector<HTMLElement>("[data-list]")?.focus();
}
