// The window as an element: opening, closing, focus and keys. What stands in it the views say; this draws it when the model
// has changed, keeps the log at its end, and knows what was on screen.

import { patch } from "./dom.ts";
import { type Host, PHONE } from "./embed.ts";
import { Word } from "./i18n/index.ts";
import { type Actions, type Model, type Screen, screenOf, siteName } from "./model.ts";
import styles from "./style.css";
import { windowView } from "./view/window.ts";

/** @inside */
export interface Frame {
  element: HTMLElement;
  isOpen(): boolean;
  /** False if it was so already. */
  open(): boolean;
  close(): boolean;
  draw(model: Model, actions: Actions): void;
  focusFirst(): void;
  /** The field shrinks again once its words are gone. */
  resetComposer(): void;
  destroy(): void;
}

/** @inside */
export interface FrameOptions {
  host: Host;
  model(): Model;
  actions(): Actions;
  /** The end of the log is on screen. */
  onSeen(seq: number): void;
  phone(): Promise<Screen>;
}

/** Read while the code is loaded, before anybody presses. */
const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

export function createFrame({ host, model, actions, onSeen, phone }: FrameOptions): Frame {
  const { root } = host;
  const element = document.createElement("div");
  element.className = "window";
  element.hidden = true;
  element.setAttribute("role", "dialog");
  root.adoptedStyleSheets.push(sheet);
  root.append(element);
  let isOpen = false;
  let screen: Screen | undefined;

  function find<E extends HTMLElement>(selector: string): E | null {
    return element.querySelector<E>(selector);
  }

  function focusFirst(): void {
    const { isPhone, home } = model();
    const wanted = isPhone || home.article !== undefined ? "h2" : screenOf(model()) === "chat" ? ".write" : ".field input, .field select, .field textarea, .write";
    (find(wanted) ?? find(".stars input, h2"))?.focus({ preventScroll: true });
  }

  function keyPressed(event: KeyboardEvent): void {
    event.stopPropagation(); // what is typed here is not for the page's own shortcuts
    const { menu, question, hasEmoji } = model();
    if (event.key !== "Escape") return;
    if (menu) actions().toggleMenu(false);
    else if (question !== undefined) actions().ask(undefined);
    else if (hasEmoji) actions().toggleEmoji(false);
    else actions().close();
  }

  element.addEventListener("keydown", keyPressed);
  return {
    element,
    isOpen: () => isOpen,
    open() {
      if (isOpen) return false;
      isOpen = true;
      element.hidden = false;
      if (matchMedia(PHONE).matches) {
        phone().then(
          (loaded) => {
            screen = loaded;
            if (isOpen) screen.enter();
          },
          () => {}, // it is still a window
        );
      }
      return true;
    },
    close() {
      if (!isOpen) return false;
      isOpen = false;
      element.hidden = true;
      screen?.leave();
      host.launcher.button.focus({ preventScroll: true });
      return true;
    },
    draw(present, wishes) {
      element.setAttribute("aria-label", present.phrases.say(Word.chatWith, { site: siteName(present) }));
      if (present.isPhone) element.setAttribute("aria-modal", "true");
      else element.removeAttribute("aria-modal");
      const focused = root.activeElement;
      patch(element, windowView(present, wishes));
      const log = find(".log");
      if (log !== null && present.isAtBottom) log.scrollTop = log.scrollHeight;
      // What had the focus may be gone with its screen; the window keeps it rather than lose it to the page.
      if (focused !== null && !focused.isConnected && root.activeElement === null) focusFirst();
      const { last } = present.visit.timeline;
      if (log !== null && !document.hidden && present.isAtBottom && last !== undefined) onSeen(last);
    },
    focusFirst,
    resetComposer() {
      const input = find(".write");
      if (input !== null) input.style.blockSize = "";
    },
    destroy() {
      screen?.leave();
      element.remove();
    },
  };
}
