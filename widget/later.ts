// What a chat does not need at once, with what it looks like: files, emoji, suggested answers, links, the menu and its
// question, the end of a chat and its rating, and how the page and who does not see the window hear of it all. Loaded when
// the browser has nothing else to do after the chat has begun (app.ts).

import { listen } from "../client/browser.ts";
import type { Context } from "./actions.ts";
import { createAttachments } from "./attachments.ts";
import { createSound, createSpeaker } from "./attention.ts";
import { quietKey, wear } from "./embed.ts";
import { toldOf } from "./events.ts";
import { watchHands } from "./hands.ts";
import { createLateActions } from "./late_actions.ts";
import styles from "./later.css";
import type { Later } from "./model.ts";
import { createNarrator } from "./narrator.ts";
import { leaveByHttp } from "./posting.ts";
import { postMessageTo, postTo, probeAt } from "./upload.ts";
import { systemLine } from "./system.ts";
import { around, count, failed } from "./view/around.ts";
import { banner } from "./view/banner.ts";
import { emoji } from "./view/emoji.ts";
import { ended } from "./view/ended.ts";
import { articleBubble, clip, drop, fileBubble, quick } from "./view/file.ts";
import { linked } from "./view/linked.ts";
import { menu, question } from "./view/menu.ts";

export function create(context: Context): Later {
  const { host: { origin, root, site, tell }, clock, frame, session, model: present } = context;
  const attachments = createAttachments(session, clock, postTo(origin, session.token));
  const actions = createLateActions(context, attachments);
  const undo = [attachments.progress.subscribe((progress) => context.change({ progress })), listen(window, "pagehide", attachments.drop), attachments.stop];
  const speaker = createSpeaker(clock);
  const sound = createSound();
  const narrator = createNarrator(speaker.say, () => !present().isQuiet && !(frame.isOpen() && document.hasFocus()) && sound());
  context.change({ isQuiet: context.local.get(quietKey(site)) !== null });
  wear(root, styles);
  watchHands(context);
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
    count,
    clip: (model) => clip(model, actions),
    systemLine,
    failed: (turn, model) => failed(turn, model, actions),
    around: (model) => around(model, actions),
    banner: (model) => banner(model, actions),
    attach: actions.attach,
    hear(before, model) {
      narrator.hear(before, model);
      for (const kind of ["start", "message"] as const) {
        const isNew = model.visit.doing[kind] !== undefined && before.doing[kind] === undefined;
        if (isNew && model.site.articles) void context.laterHome().then(({ note }) => note(kind === "start" ? "chat" : "message"));
      }
      for (const [event, detail] of toldOf(before, model.visit)) (tell as (event: string, detail: unknown) => void)(event, detail);
    },
    say: speaker.say,
    probe: () => probeAt(origin, site),
    leaveByHttp: (message, line) => leaveByHttp(message, line, (body, token) => postMessageTo(origin, site, body, token)),
    stop() {
      for (const each of undo) each();
      speaker.stop();
      speaker.element.remove();
    },
  };
}
