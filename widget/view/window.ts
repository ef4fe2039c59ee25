// The window: which screen stands in it, and what a chat consists of.

import { type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import { type Actions, isWaiting, type Model, screenOf, siteName } from "../model.ts";
import { isOver } from "../visit.ts";
import { composer } from "./composer.ts";
import { chatHead, head } from "./head.ts";
import { stage } from "./log.ts";
import { mark } from "./parts.ts";
import { start } from "./start.ts";

export function windowView(model: Model, actions: Actions): Description[] {
  return screen(model, actions) ?? [head(model, actions, mark(), siteName(model), false), h("div", { class: "page wait", key: "page" }, model.phrases.say(Word.down))];
}

/** Undefined while there is nothing to show, or while it is still being loaded. */
function screen(model: Model, actions: Actions): Description[] | undefined {
  switch (screenOf(model)) {
    case "loading":
      return undefined;
    case "home":
      return model.laterHome?.home(model);
    case "article":
      return model.laterHome?.article(model);
    case "start":
      return model.refusedStart?.code === "queue_full" ? model.forms?.page(model) : start(model, actions);
    case "chat":
      return chat(model, actions);
    default:
      return model.forms?.page(model);
  }
}

function chat(model: Model, actions: Actions): Description[] {
  const { later, ticket, visit } = model;
  const isClosed = isOver(visit);
  const parts = [
    chatHead(model, actions, isWaiting(model), isClosed),
    isWaiting(model) && ticket?.view(model),
    stage(model, actions),
    isClosed ? later?.ended(model) : composer(model, actions),
    model.menu && later?.menu(model),
    model.question && later?.question(model),
    model.isDropping && later?.drop(model),
  ];
  return parts.filter((part) => part instanceof Object);
}
