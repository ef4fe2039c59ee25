// What the views may ask for, carried out: each a few lines on the session and the model.

import type { Clock, KeyValueStore } from "../client/environment.ts";
import { charsOf, TEXT_CHARS_MAX } from "../client/limits.ts";
import type { Host } from "./embed.ts";
import type { Frame } from "./frame.ts";
import { Word } from "./i18n/index.ts";
import type { Actions, Forms, Later, LaterHome, Model, Ticket } from "./model.ts";
import type { Session } from "./session.ts";
import { isLive } from "./visit.ts";

/** Nearer to the end than this counts as at the end. */
const BOTTOM_PX = 48;

/** @inside */
export interface Context {
  host: Host;
  clock: Clock;
  session: Session;
  frame: Frame;
  model(): Model;
  actions: Actions;
  /** What is not needed at once; refused while it cannot be loaded. */
  later(): Promise<Later>;
  laterHome(): Promise<LaterHome>;
  forms(): Promise<Forms>;
  ticket(): Promise<Ticket>;
  change(part: Partial<Model>): void;
  /** What was typed, which outlives a reload of the tab. */
  keep(values: Model["values"]): void;
  close(): void;
  local: KeyValueStore;
}

export function createActions(context: Omit<Context, "actions">): Actions {
  const { session, model, change, frame } = context;
  return {
    close: context.close,
    discard: session.discard,
    tryNow: session.tryNow,
    ...writing(context),
    leaveMessage: () => void context.forms().then(({ leaveMessage }) => leaveMessage(), () => cannot(context)),
    back: () => showForm(context, undefined),
    goOn: (form) => showForm(context, form),
    toggleMenu(menu) {
      change({ menu });
      if (!menu) queueMicrotask(() => frame.element.querySelector<HTMLElement>("[aria-haspopup=menu]")?.focus());
    },
    ask(question) {
      change({ question, menu: false });
      if (!question) queueMicrotask(frame.focusFirst);
    },
    openArticle: (id) =>
      context.laterHome().then(
        ({ openArticle }) => openArticle(id),
        () => cannot(context),
      ),
    scrolled(log) {
      const isAtBottom = log.scrollHeight - log.scrollTop - log.clientHeight <= BOTTOM_PX;
      if (isAtBottom !== model().isAtBottom) change({ isAtBottom, below: 0 });
    },
    toBottom: () => change({ isAtBottom: true, below: 0 }),
  };
}

/** The server does not answer, so it is said where the visitor looks. */
function cannot({ model, change }: Omit<Context, "actions">): void {
  change({ complaint: model().phrases.say(Word.errorAway) });
}

function writing(context: Omit<Context, "actions">): Pick<Actions, "typed" | "leftComposer" | "sendMessage" | "toggleEmoji" | "attach" | "drag"> {
  const { session, model, change, keep, frame } = context;
  function cleared(): void {
    keep({ ...model().values, "": "" });
    change({ isAtBottom: true, below: 0 });
    queueMicrotask(frame.resetComposer);
  }
  return {
    typed(field, value) {
      const { [field]: _mended, ...errors } = model().errors;
      change({ errors, complaint: undefined });
      keep({ ...model().values, [field]: value });
      context.ticket().catch(() => {}); // whoever writes will perhaps stand in line
      if (!field) session.typing(value, model().site.typing_preview);
    },
    leftComposer: () => session.typing("", false),
    toggleEmoji(hasEmoji) {
      change({ hasEmoji });
      if (!hasEmoji) queueMicrotask(frame.focusFirst);
    },
    attach(files) {
      const chosen = [...files]; // the browser empties its own list
      context.later().then(
        ({ attach }) => attach(chosen),
        () => cannot(context),
      );
    },
    drag: (isDropping) => isDropping !== model().isDropping && change({ isDropping }),
    sendMessage() {
      const { values, visit, phrases, site } = model();
      const text = (values[""] ?? "").trim();
      const over = charsOf(text) - TEXT_CHARS_MAX;
      if (!text) return;
      if (over > 0) change({ complaint: phrases.say(Word.tooLong, { n: over }) });
      else if (isLive(visit) || visit.doing.start) {
        if (session.send(text)) cleared();
        else change({ complaint: phrases.say(Word.full) });
      } else {
        session.start({}, site.departments[0]?.key, text);
        cleared();
      }
    },
  };
}

export function showForm({ change, frame }: Pick<Context, "change" | "frame">, form: Model["form"]): void {
  change({ form, errors: {}, refusedStart: undefined });
  queueMicrotask(frame.focusFirst);
}
