// The icons: 24 by 24, stroke 1.6, in the colour of the text around them. Drawn as paths, so that they need no sprite
// element in the page and no request.

import { type Description, h } from "./dom.ts";

const PATHS = {
  close: "M6 6l12 12M18 6L6 18",
  down: "M5.5 9l6.5 6.5L18.5 9",
  back: "M14.5 5.5L8 12l6.5 6.5",
  send: "M12 19.5V5M6 10.5L12 4.5l6 6",
  smile: "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M8.4 14.2a4.4 4.4 0 0 0 7.2 0M9 9.6v.01M15 9.6v.01",
  mail: "M5.5 5.5h13a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2M4 7.5l8 6 8-6",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M12 7.2V12l3.2 2",
  sent: "M5 12.8l4.4 4.4L19 7.2",
  read: "M2.5 12.8l4.4 4.4L15.8 7.6M12.3 17l.5.4 8.9-9.8",
  alert: "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M12 7.8v5M12 16v.01",
  more: "M5.5 12v.01M12 12v.01M18.5 12v.01",
  desk: "M5.5 15.5a6.5 6.5 0 0 1 13 0zM3.5 18.8h17M12 9V6.6M10.4 6.2h3.2",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: whatever an icon says is also said in words. */
export function icon(name: IconName, more = ""): Description {
  return drawing(PATHS[name], more, name === "more" ? 2.6 : undefined);
}

export function drawing(d: string, more = "", width?: number): Description {
  const path = h("path", { d, "stroke-width": width });
  return h("svg", { class: `icon ${more}`.trim(), viewBox: "0 0 24 24", "aria-hidden": "true" }, path);
}
