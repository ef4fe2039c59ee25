// What is asked before the chat, messages for later, and the screens that a chat seldom comes to. Loaded at once where one of
// them will be seen first, else when the browser has nothing else to do.

import type { Context } from "./actions.ts";
import { wear } from "./embed.ts";
import { answers } from "./form.ts";
import { createFormActions, createHours, startRefused } from "./form_actions.ts";
import { Word } from "./i18n/index.ts";
import styles from "./later_forms.css";
import type { Forms } from "./model.ts";
import { refusalWords } from "./refusal.ts";
import { form } from "./view/form.ts";
import { page, trouble } from "./view/page.ts";
import { fine } from "./view/start.ts";

export function create(context: Context): Forms {
  const actions = createFormActions(context);
  const hours = createHours(context);
  const { host, model: present } = context;
  wear(host.root, styles);
  return {
    start: (model, top) => form(model, actions, Word.startChat, top, fine(model)),
    page(model) {
      hours.follow(model); // only who sees it asks
      return page(model, actions);
    },
    leaveMessage: actions.leaveMessage,
    answers: () => answers(present()).fields,
    refused: (refused) => startRefused(context, hours, refused),
    trouble,
    refusalWords: (code, isFile) => refusalWords(present(), code, isFile),
  };
}
