// What the forms may ask for, carried out. What was written in one form stands in the other.

import { type Context, showForm } from "./actions.ts";
import type { SiteInfo } from "./embed.ts";
import { answers, complaintAbout, complaints, errorsOf } from "./form.ts";
import { type FormActions, isOpen, isPlainStart, type Model, questionOf, screenOf } from "./model.ts";
import type { RefusedStart } from "./session.ts";
import { fieldsOf } from "./view/form.ts";

/** When the desk opens next, as of now: what the page was told when it was loaded may be otherwise. @inside */
export interface Hours {
  ask(): Promise<void>;
  /** Asks if everybody has gone, or somebody come, since it was told. */
  follow(model: Model): void;
}

export function createHours({ host: { origin, site }, model, change }: Context): Hours {
  let wasOpen = model().site.open;

  async function ask(): Promise<void> {
    wasOpen = isOpen(model());
    try {
      const { next_open_at } = (await (await fetch(`${origin}/api/sites/${site}/widget`, { cache: "reload", credentials: "omit" })).json()) as SiteInfo;
      change({ site: { ...model().site, next_open_at } });
    } catch {
      // what was told before stays
    }
  }

  return { ask, follow: (present) => isOpen(present) !== wasOpen && void ask() };
}

/** Puts what was written where it can be changed, and says what was wrong with it. */
export function startRefused({ model, change, keep }: Context, hours: Hours, refused: RefusedStart): void {
  change({ errors: errorsOf(refused, model()) });
  if (refused.code !== "closed_hours") return;
  keep({ ...model().values, [questionOf(model())]: refused.text ?? "" });
  change({ form: "message" });
  void hours.ask();
}

export function createFormActions(context: Context): FormActions {
  const { host, session, model, change, keep, frame, actions } = context;
  return {
    ...actions,
    leftField(name) {
      const field = fieldsOf(model()).find((each) => each.name === name);
      const value = model().values[name] ?? "";
      const words = field && value.trim() && complaintAbout(field, value, model());
      if (words) change({ errors: { ...model().errors, [name]: words } });
    },
    submitForm() {
      const errors = complaints(model());
      change({ errors });
      if (Object.keys(errors).length > 0) {
        queueMicrotask(() => {
          const field = frame.element.querySelector(".field.bad");
          field?.querySelector<HTMLElement>("input, select, textarea")?.focus();
          field?.scrollIntoView({ block: "nearest" }); // the words below the field count too
        });
        return;
      }
      const { fields, department, text } = answers(model());
      host.tell("form:sent", { fields });
      if (screenOf(model()) === "start") session.start(fields, department, text);
      else if (!model().visit.doing.message) session.leaveMessage({ fields, department, text: text ?? "" });
    },
    leaveMessage() {
      const { values, visit: { timeline } } = model();
      const name = questionOf(model());
      const own = timeline.events.flatMap((event) => (event.kind === "message" && event.from.role === "visitor" ? (event.text ?? "") : ""));
      const written = [...own, ...timeline.pending.map(({ text }) => text), values[""] ?? ""].filter(Boolean).join("\n");
      if (!values[name]?.trim()) keep({ ...values, [name]: written });
      showForm(context, "message");
    },
    chatNow() {
      const { values } = model();
      const name = questionOf(model());
      if (isPlainStart(model())) keep({ ...values, "": values[name] ?? "", [name]: "" });
      showForm(context, "start");
    },
  };
}
