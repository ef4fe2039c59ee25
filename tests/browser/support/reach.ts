// What axe does not look for: whether all of the widget can be reached by a finger and stands within the screen.

import type { Page } from "playwright-core";

/** WCAG 2.2, 2.5.8 asks for 24 by 24; ours are these, but for what stands in a line of text. */
const MOUSE_PX = 24;
const TOUCH_PX = 44;

/** Every target that is too small, and every part that is wider than its place, in words. */
export async function unreachable(page: Page, isTouch: boolean): Promise<string[]> {
  return page.evaluate((least) => {
    const root = document.querySelector("balie-chat")?.shadowRoot;
    const found: string[] = [];
    const named = (element: Element): string => `${element.tagName.toLowerCase()}.${element.className} "${(element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 30)}"`;
    for (const element of root?.querySelectorAll("button, input, textarea, select, label.tool") ?? []) {
      // What is seen of a box, a star or a file to choose is the label around it.
      const target = element.closest("label") ?? element;
      const [own, around] = [element.getBoundingClientRect(), target.getBoundingClientRect()];
      const [width, height] = [Math.max(own.width, around.width), Math.max(own.height, around.height)];
      // Half a pixel is what a zoom leaves over.
      if (target.checkVisibility() && (width < least - 0.5 || height < least - 0.5)) found.push(`${named(target)} is ${Math.round(width)} by ${Math.round(height)}`);
    }
    for (const element of root?.querySelectorAll(".window, .page, .log, .foot, .hello, .head, .ended, .composer, .bubble, .button") ?? []) {
      if (element.scrollWidth > element.clientWidth + 1) found.push(`${named(element)} holds ${element.scrollWidth} in ${element.clientWidth}`);
    }
    const launcher = root?.querySelector(".window:not([hidden])") ?? root?.querySelector(".launcher");
    const { left = 0, right = 0, top = 0, bottom = 0 } = launcher?.getBoundingClientRect() ?? {};
    if (left < 0 || top < 0 || right > innerWidth + 1 || bottom > innerHeight + 1) found.push(`it stands at ${Math.round(left)}…${Math.round(right)} by ${Math.round(top)}…${Math.round(bottom)} of ${innerWidth} by ${innerHeight}`);
    return found;
  }, isTouch ? TOUCH_PX : MOUSE_PX);
}
