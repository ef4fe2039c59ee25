// Small hooks shared by the views.

import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app.ts";
import type { Command } from "../keyboard.ts";
import { unreadTotal } from "../state/order.ts";

/** Lets this view answer a key while it is on screen. The latest `run` is used without registering anew. */
export function useCommand(command: Command, run: () => void, enabled = true): void {
  const app = useApp();
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => (enabled ? app.keyboard.on(command, () => latest.current()) : undefined), [app, command, enabled]);
}

/** The title of the tab, with what is unread in front: "(3) Inbox · Balie". */
export function useTitle(page: string): void {
  const desk = useApp().desk.value;
  const unread = desk ? unreadTotal(desk.state.value) : 0;
  const title = `${unread > 0 ? `(${unread}) ` : ""}${page} · Balie`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Whether somebody is looking: the page is visible and has the focus. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(isLookedAt);
  useEffect(() => {
    const update = () => setVisible(isLookedAt());
    const events = ["focus", "blur"] as const;
    for (const name of events) window.addEventListener(name, update);
    document.addEventListener("visibilitychange", update);
    return () => {
      for (const name of events) window.removeEventListener(name, update);
      document.removeEventListener("visibilitychange", update);
    };
  }, []);
  return visible;
}

export function isLookedAt(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
