// Small pieces that several views share.

import type { AgentName } from "../../client/wire.ts";
import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { icon, type IconName } from "../icons.ts";
import { type Actions, isOpen, type Model } from "../model.ts";

export function tool(name: IconName, label: string, onclick: () => void, more: Record<string, string | boolean> = {}): Description {
  return h("button", { type: "button", class: "tool", "aria-label": label, onclick, ...more }, icon(name));
}

export function button(kind: string, onclick: () => void, ...children: Child[]): Description {
  return h("button", { type: "button", class: `button ${kind}`, onclick }, ...children);
}

/** The window's own tools: on a phone it is closed, elsewhere it shrinks into the launcher. */
export function closeTool({ phrases: { say }, isPhone }: Model, actions: Actions): Description {
  return tool(isPhone ? "close" : "down", isPhone ? say(Word.closeWindow) : say(Word.minimise), actions.close);
}

/** Initials on one of six colours that stays the same for a person. */
export function face(id: string, name: string, size = ""): Description {
  let sum = 0;
  for (const sign of id) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 6;
  const initials = name.trim().split(/\s+/).filter((_, index, all) => index === 0 || index === all.length - 1).map((word) => [...word][0] ?? "");
  return h("span", { class: `face hue-${sum + 1} ${size}`, "aria-hidden": "true" }, initials.join("").toUpperCase());
}

export function mark(size = ""): Description {
  return h("span", { class: `face mark ${size}`, "aria-hidden": "true" }, icon("desk"));
}

export function link(href: string, ...children: Child[]): Description {
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, children);
}

export function presence(model: Model, isThere = isOpen(model)): Description {
  const { say } = model.phrases;
  return h("p", null, h("i", { class: isThere ? "dot" : "dot away" }), isThere ? say(Word.open) : say(Word.away));
}

/** Whoever answers, or did when the chat ended. */
export function lastAgent({ conversation, timeline }: Model["visit"]): AgentName | undefined {
  const last = timeline.events.findLast(({ kind }) => kind === "assigned");
  return conversation?.agent ?? (last?.kind === "assigned" ? last.agent : undefined);
}
