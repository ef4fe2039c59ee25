// The head of the window: whom the visitor talks to, and the window's own tools.

import { type Child, type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { type Actions, type Model, siteName } from "../model.ts";
import { closeTool, face, lastAgent, mark, presence, tool } from "./parts.ts";

export function chatHead(model: Model, actions: Actions, isWaiting: boolean, isClosed: boolean): Description {
  const { visit, phrases: { say } } = model;
  const agent = isClosed ? lastAgent(visit) : visit.conversation?.agent;
  const picture = agent ? face(agent.id, agent.name) : mark();
  if (isClosed) return head(model, actions, picture, agent?.name ?? siteName(model), say(Word.ended), true);
  if (agent) return head(model, actions, picture, agent.name, siteName(model), true);
  return head(model, actions, mark(), siteName(model), isWaiting ? model.ticket?.since(model) : presence(model), isWaiting);
}

export function head(model: Model, actions: Actions, picture: Description, title: string, second: Child | boolean, hasMenu = false): Description {
  const { say } = model.phrases;
  const below = typeof second === "string" ? h("p", null, second) : typeof second === "boolean" ? false : second;
  const more = hasMenu && tool("more", say(Word.more), () => actions.toggleMenu(!model.menu), { "aria-haspopup": "menu", "aria-expanded": model.menu ? "true" : "false", key: "more" });
  return h(
    "div", // no header: inside the page that would be a second banner
    { class: "head", key: "head" },
    picture,
    h("div", { class: "who" }, h("h2", { tabindex: -1 }, title), below),
    h("div", { class: "tools" }, more, closeTool(model, actions)),
  );
}
