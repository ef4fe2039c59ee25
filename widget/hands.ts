// What the window makes of hands beyond opening and closing it: a press beside the menu, Tab where the window covers
// everything else, and files that are held over it or pasted.

import type { Context } from "./actions.ts";

export function watchHands({ frame: { element }, host: { root }, model, actions }: Context): void {
  element.addEventListener("pointerdown", ({ target }) => {
    const isOutside = target instanceof Element && target.closest(".menu, [aria-haspopup=menu]") === null;
    if (model().menu && isOutside) actions.toggleMenu(false);
  });
  element.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (files === undefined || files.length === 0 || !(event.target instanceof Element && event.target.matches(".write"))) return;
    event.preventDefault();
    actions.attach(files);
  });
  element.addEventListener("keydown", (event) => {
    const { isPhone, question } = model();
    if (event.key === "Tab" && (isPhone || question !== undefined)) keepFocusInside(event, element.querySelector(".ask") ?? element, root);
  });
  // The whole window is the target; without an answer the browser would leave the page for the file.
  element.addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files") !== true) return;
    event.preventDefault();
    actions.drag(true);
  });
  element.addEventListener("dragleave", ({ relatedTarget }) => !(relatedTarget instanceof Node && element.contains(relatedTarget)) && actions.drag(false));
  element.addEventListener("drop", (event) => {
    actions.drag(false);
    if (event.dataTransfer === null || event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    actions.attach(event.dataTransfer.files);
  });
}

/** For as long as it covers everything else. */
function keepFocusInside(event: KeyboardEvent, element: Element, root: ShadowRoot): void {
  const stops = [...element.querySelectorAll<HTMLElement>("button, a[href], input, textarea, select, [tabindex='0']")].filter((each) => each.offsetParent !== null && each.tabIndex >= 0);
  const [first, last] = [stops[0], stops.at(-1)];
  const { activeElement } = root;
  if (event.shiftKey && (activeElement === first || activeElement === null)) last?.focus();
  else if (!event.shiftKey && activeElement === last) first?.focus();
  else return;
  event.preventDefault();
}
