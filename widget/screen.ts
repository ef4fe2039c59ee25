// On a phone the window is the whole screen: the page behind stands still, the height follows the keyboard, focus stays
// inside, and the browser's Back closes the window before it leaves the page. All of it is undone when the window closes.

import type { Cancel } from "../client/environment.ts";

/** How we know our own entry in the browser's history. */
const ENTRY = "balie";

/** @inside */
export interface Screen {
  enter(): void;
  leave(): void;
}

export function createScreen(element: HTMLElement, close: () => void): Screen {
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
      if (undo.length === 0) undo = [standStill(), followKeyboard(), closeOnBack()];
    },
    leave() {
      const all = undo;
      undo = [];
      for (const each of all) each();
    },
  };
}

/** Keeps Tab within the element, for as long as it covers everything else. */
export function keepFocusInside(event: KeyboardEvent, element: HTMLElement, root: ShadowRoot): void {
  if (event.key !== "Tab") return;
  const stops = [...element.querySelectorAll<HTMLElement>("button, a[href], input, textarea, select, [tabindex='0']")].filter((each) => each.offsetParent !== null && each.tabIndex >= 0);
  const [first, last] = [stops[0], stops.at(-1)];
  const { activeElement } = root;
  if (event.shiftKey && (activeElement === first || activeElement === null)) last?.focus();
  else if (!event.shiftKey && activeElement === last) first?.focus();
  else return;
  event.preventDefault();
}
