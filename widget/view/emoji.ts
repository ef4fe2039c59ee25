// Forty signs for those who have a mouse; a phone's keyboard has its own.

import { type Description, h } from "../dom.ts";
import { Word } from "../i18n/index.ts";
import type { LateActions, Model } from "../model.ts";

const SIGNS = [..."😀😄😁😅😂🙂😉😊😍😘😜🤔😐🙄😬😴😎😢😭😡😱🤗👍👎👏🙏👋💪👌🤞🎉🔥⭐✅❌❓💡🚲📦🎁"];
const COLUMNS = 8;

export function emoji(model: Model, actions: LateActions): Description {
  const signs = SIGNS.map((sign) => h("button", { type: "button", onclick: () => actions.insert(sign) }, sign));
  return h("div", { class: "emoji", key: "emoji", role: "group", "aria-label": model.phrases.say(Word.emoji), onkeydown: move, mounted: (element) => element.querySelector("button")?.focus() }, signs);
}

function move({ key, currentTarget, target }: KeyboardEvent): void {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[key];
  if (step === undefined || !(currentTarget instanceof HTMLElement)) return;
  const all = [...currentTarget.querySelectorAll("button")];
  all[all.findIndex((each) => each === target) + step]?.focus();
}
