// What happens elsewhere, told here: sounds, and one sentence at the foot of the page. Called by desk.ts with each effect.

import type { App } from "./app.ts";
import type { Refused } from "./desk.ts";
import { visitorName } from "./inbox/names.ts";
import { isLookedAt } from "./parts/hooks.ts";
import { isJustBack } from "./state/line.ts";
import type { DeskState, Effect } from "./state/model.ts";
import { unreadCount } from "./state/order.ts";

/** A ringing offer sounds again this often. */
const RING_EVERY_MS = 5_000;

type Told = Exclude<Effect, { kind: "say_hello" | "open_again" | "clock" }>;

export function tellNews(app: App, effect: Told, state: DeskState): void {
  switch (effect.kind) {
    case "rings":
      return ring(app, effect.conversation);
    case "assigned":
      return arrived(app, effect.conversation);
    case "visitor_message":
      return heard(app, effect.conversation, state);
    case "news":
      return explainLoss(app, effect);
    case "refused":
      return explainRefusal(app, effect);
  }
}

/** Take, transfer and close that came too late, in words that say who was quicker. */
export function tellRefused(app: App, refused: Refused): void {
  const words = app.words.value;
  const { chat, command, message } = refused;
  const owner = chat?.owner;
  const is_taken =
    command.t === "take" && chat !== undefined && owner !== undefined && owner.id !== app.desk.value?.state.value.me?.id;
  app.toast.value = {
    text: is_taken ? words.conflict.took(owner.name, visitorName(words, chat.visitor)) : message || words.conflict.refused,
  };
}

function ring(app: App, conversation: string): void {
  const offer = app.desk.value?.state.value.offers.find((one) => one.conversation === conversation);
  if (!offer || offer.answered !== undefined || offer.expires_at <= app.clock.read()) return;
  app.sounds.play("offer");
  window.setTimeout(() => ring(app, conversation), RING_EVERY_MS);
}

/** The next chat opens by itself where nothing else is being read; it never takes the focus. */
function arrived(app: App, conversation: string): void {
  app.sounds.play("chat");
  const route = app.router.route.value;
  const is_wide = window.matchMedia("(min-width: 721px)").matches;
  if (is_wide && route.page === "inbox" && route.conversation === undefined) app.router.arrive({ page: "inbox", conversation });
}

/** Once a chat until it is read, and only where one is not looking at it already. */
function heard(app: App, conversation: string, state: DeskState): void {
  const route = app.router.route.value;
  const is_open = route.page === "inbox" && route.conversation === conversation;
  const chat = state.chats.get(conversation);
  if ((is_open && isLookedAt()) || !chat || unreadCount(chat) > 1) return;
  app.sounds.play("message");
}

function explainLoss(app: App, news: Extract<Told, { kind: "news" }>): void {
  const words = app.words.value;
  const name = visitorName(words, news.visitor);
  // What went while the line was down is told by the bar.
  const line = app.desk.value?.line.value;
  if (line && isJustBack(line, app.clock.read())) return;
  const text = lossText();
  if (text !== undefined) app.toast.value = { text };

  function lossText(): string | undefined {
    switch (news.reason) {
      case "missed":
        return words.offer.missed(name);
      case "declined":
        return undefined;
      case "requeued":
        return words.conflict.requeued(name);
      case "taken":
        return news.by === undefined ? words.conflict.taken(name) : words.conflict.took(news.by, name);
      case "transferred":
        // One's own transfer has said so already.
        return news.by === undefined ? undefined : words.conflict.took(news.by, name);
      case "closed":
        return news.was_offer ? words.offer.went_on(name) : words.conflict.closed(name);
    }
  }
}

function explainRefusal(app: App, refused: Extract<Told, { kind: "refused" }>): void {
  // What may not be seen is shown in its place; a refused ping, read or typing is nobody's news.
  if (refused.re !== "status" && refused.re !== "accept" && refused.re !== "decline") return;
  app.toast.value = { text: refused.message };
}
