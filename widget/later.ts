// What a chat does not need at once, with what it looks like: files, emoji, suggested answers, links, the menu and its
// question, the end of a chat and its rating, and how the page and who does not see the window hear of it all. Loaded when
// the browser has nothing else to do after the chat has begun (app.ts).

import type { Context } from "./actions.ts";
import { createSound, createSpeaker } from "./attention.ts";
import { wear } from "./embed.ts";
import { toldOf } from "./events.ts";
import { createLateActions } from "./late_actions.ts";
import styles from "./later.css";
import type { Later } from "./model.ts";
import { createNarrator } from "./narrator.ts";
import { postMessageTo, probeAt } from "./upload.ts";
import { emoji } from "./view/emoji.ts";
import { ended } from "./view/ended.ts";
import { articleBubble, drop, fileBubble, quick } from "./view/file.ts";
import { linked } from "./view/linked.ts";
import { menu, question } from "./view/menu.ts";

export function create(context: Context): Later {
  const { host: { origin, root, site, tell }, clock, frame, model: present } = context;
  const actions = createLateActions(context);
  const speaker = createSpeaker(clock);
  const sound = createSound();
  const narrator = createNarrator(speaker.say, () => !present().isQuiet && !(frame.isOpen() && document.hasFocus()) && sound());
  wear(root, styles);
  root.append(speaker.element);
  return {
    ended: (model) => ended(model, actions),
    menu: (model) => menu(model, actions),
    question: (model) => question(model, actions),
    emoji: (model) => emoji(model, actions),
    quick: (model) => quick(model, actions),
    drop,
    file: (key, file, pale, turn, model) => fileBubble(key, file, pale, turn, model, actions),
    article: (key, article, model) => articleBubble(key, article, model, actions),
    linked,
    attach: actions.attach,
    hear(before, model) {
      narrator.hear(before, model);
      for (const [event, detail] of toldOf(before, model.visit)) (tell as (event: string, detail: unknown) => void)(event, detail);
    },
    say: speaker.say,
    probe: () => probeAt(origin, site),
    postMessage: (message, token) => postMessageTo(origin, site, message, token),
    stop() {
      speaker.stop();
      speaker.element.remove();
    },
  };
}
