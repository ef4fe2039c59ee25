// On a phone the window is the whole screen: the page behind stands still, the height follows the keyboard, focus stays
// inside, and the browser's Back closes the window before it leaves the page. All of it is undone when the window closes.

import { whenIdle } from "../client/browser.ts";
import type { Cancel } from "../client/environment.ts";
import type { Context } from "./actions.ts";
import styles from "./later_phone.css";
import type { Screen } from "./model.ts";
import { wear } from "./embed.ts";

/** How we know our own entry in the browser's history. */
const ENTRY = "balie";

export function create({ frame: { element }, host: { root }, close }: Context): Screen {
  wear(root, styles);
  let undo: Cancel[] = [];

  function standStill(): Cancel {
    const { style } = document.documentElement;
    const before = style.overflow;
    style.overflow = "hidden";
    return () => {
      style.overflow = before;
    };
  }

  function followKeyboard(): Cancel {
    const viewport = window.visualViewport;
    if (viewport === null) return () => {};
    const fit = (): void => {
      element.style.setProperty("--screen", `${viewport.height}px`);
      element.style.transform = viewport.offsetTop > 0 ? `translateY(${viewport.offsetTop}px)` : "";
    };
    fit();
    viewport.addEventListener("resize", fit);
    viewport.addEventListener("scroll", fit);
    return () => {
      viewport.removeEventListener("resize", fit);
      viewport.removeEventListener("scroll", fit);
      element.style.removeProperty("--screen");
      element.style.transform = "";
    };
  }

  function closeOnBack(): Cancel {
    history.pushState({ [ENTRY]: true }, "");
    const back = (): void => {
      undo = undo.filter((each) => each !== cancel);
      removeEventListener("popstate", back);
      close();
    };
    addEventListener("popstate", back);
    const cancel = (): void => {
      removeEventListener("popstate", back);
      const state: unknown = history.state;
      if (typeof state === "object" && state !== null && ENTRY in state) history.back();
    };
    return cancel;
  }

  return {
    enter() {
      if (undo.length > 0) return;
      const entered: Cancel[] = [];
      undo = entered;
      // Nobody scrolls, types or goes back before the window is seen, and all this takes a phone the time in which it is drawn.
      whenIdle(() => undo === entered && undo.push(standStill(), followKeyboard(), closeOnBack()));
    },
    leave() {
      const all = undo;
      undo = [];
      for (const each of all) each();
    },
  };
}
