// Lists do not jump: while the pointer is over a list or the keyboard is in it, rows keep their places; the new order
// comes when the hand rests. What appears is shown at the end at once, what is gone leaves at once.

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** The longest that a movement long past may hold back the order. */
const HOLD_MS = 4_000;
const MOVE_MS = 240;

/** The order shown before, with what is gone left out and what is new at its end. */
export function heldOrder(shown: readonly string[], now: readonly string[]): string[] {
  const present = new Set(now);
  const kept = shown.filter((id) => present.has(id));
  const known = new Set(kept);
  return [...kept, ...now.filter((id) => !known.has(id))];
}

/** Gives the order to draw and a ref for the list element, whose children must carry `data-key`. */
export function useSteadyOrder<E extends HTMLElement>(
  ids: readonly string[],
): { order: readonly string[]; list: RefObject<E | null> } {
  const list = useRef<E>(null);
  const shown = useRef<readonly string[]>(ids);
  const [held, setHeld] = useState(false);

  useEffect(() => {
    const element = list.current?.parentElement ?? list.current;
    if (!element) return undefined;
    let timer = 0;
    const hold = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => setHeld(false), HOLD_MS);
      setHeld(true);
    };
    const release = () => {
      window.clearTimeout(timer);
      setHeld(false);
    };
    element.addEventListener("pointermove", hold);
    element.addEventListener("keydown", hold);
    element.addEventListener("pointerleave", release);
    return () => {
      window.clearTimeout(timer);
      element.removeEventListener("pointermove", hold);
      element.removeEventListener("keydown", hold);
      element.removeEventListener("pointerleave", release);
    };
  }, []);

  const order = held ? heldOrder(shown.current, ids) : ids;
  shown.current = order;
  useMoves(list, order);
  return { order, list };
}

/** Slides rows from where they were to where they are. Only `transform` moves, so nothing below is laid out anew. */
function useMoves(list: RefObject<HTMLElement | null>, order: readonly string[]): void {
  const tops = useRef(new Map<string, number>());
  const keys = order.join(" ");
  useLayoutEffect(() => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const next = new Map<string, number>();
    for (const row of list.current?.children ?? []) {
      if (!(row instanceof HTMLElement) || row.dataset.key === undefined) continue;
      const top = row.offsetTop;
      const before = tops.current.get(row.dataset.key);
      next.set(row.dataset.key, top);
      if (before === undefined || before === top || still) continue;
      row.animate([{ transform: `translateY(${before - top}px)` }, { transform: "none" }], {
        duration: MOVE_MS,
        easing: "cubic-bezier(0.2, 0.8, 0.2, 1)",
      });
    }
    tops.current = next;
  }, [list, keys]);
}
