// Before the chat: the greeting and what the site wants to know. Where it wants to know nothing there is only the composer.

import { type Description, h, type Props } from "../dom.ts";
import type { FormField } from "../embed.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type Actions, isPlainStart, type Model, refusalWords, siteName } from "../model.ts";
import { composer } from "./composer.ts";
import { closeTool, presence } from "./parts.ts";

/** Names under which our own two fields keep their values; a site's field cannot start with a blank. */
export const DEPARTMENT = " department";
export const QUESTION = " question";

export function start(model: Model, actions: Actions): Description[] {
  const greeting = model.site.texts.greeting;
  const hello = h(
    "div",
    { class: "hello", key: "hello" },
    h("div", { class: "row" }, h("span", { class: "logo", "aria-hidden": "true" }, icon("desk")), h("span", { class: "clip" }, siteName(model)), closeTool(model, actions)),
    h("h2", { class: "lead", tabindex: -1 }, greeting === undefined || greeting === "" ? model.phrases.say(Word.lead) : greeting),
    presence(model),
  );
  if (isPlainStart(model)) return [hello, h("div", { class: "page", key: "page" }, trouble(model), waitHint(model)), composer(model, actions)];
  return [hello, form(model, actions)];
}

/** One form, so that Enter in a field and a phone's Go key start the chat. */
function form(model: Model, actions: Actions): Description {
  const { say } = model.phrases;
  const onsubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    actions.submitForm();
  };
  return h(
    "form",
    { class: "form", key: "form", novalidate: true, onsubmit },
    h("div", { class: "page" }, trouble(model), fieldsOf(model).map((each) => field(each, model, actions)), waitHint(model)),
    h("div", { class: "foot" }, h("button", { type: "submit", class: "button main wide" }, say(Word.startChat))),
  );
}

/** The site's fields, and around them ours: the department where there is a choice, the question unless the site asks it. */
export function fieldsOf({ site, phrases: { say } }: Model): FormField[] {
  if (site === undefined) return [];
  const department: FormField = { name: DEPARTMENT, label: say(Word.about), kind: "select", required: true, options: site.departments.map(({ name }) => name) };
  const question: FormField = { name: QUESTION, label: say(Word.question), kind: "textarea", required: false };
  return [...site.form.filter(({ kind }) => kind !== "textarea"), ...(site.departments.length > 1 ? [department] : []), ...site.form.filter(({ kind }) => kind === "textarea"), ...(site.form.some(({ kind }) => kind === "textarea") ? [] : [question])];
}

function waitHint({ visit, site, phrases: { say } }: Model): Description | false {
  return (visit.open ?? site.open) === false && h("p", { class: "soft small", key: "hint" }, say(Word.letYouKnow));
}

/** Why the chat could not be started, where that is about no field. */
function trouble(model: Model): Description | false {
  const refused = model.refusedStart;
  if (refused === undefined || (refused.field !== undefined && refused.field in model.errors)) return false;
  return h("div", { class: "banner bad in", role: "alert", key: "trouble" }, icon("alert"), h("p", null, refusalWords(model, refused.code)));
}

function field(each: FormField, model: Model, actions: Actions): Description {
  const { say } = model.phrases;
  const id = `field-${each.name.trim()}`;
  const error = model.errors[each.name];
  const label = h("label", { for: id }, each.label, " ", !each.required && each.kind !== "select" && h("i", null, say(Word.optional)));
  const note = error !== undefined && h("p", { class: "note-bad", id: `${id}-note` }, icon("alert", "s"), error);
  return h("div", { class: error === undefined ? "field" : "field bad", key: each.name }, label, control(each, id, model, actions), note);
}

function control(each: FormField, id: string, model: Model, actions: Actions): Description {
  const error = model.errors[each.name];
  const value = model.values[each.name] ?? "";
  const shared: Props = {
    id,
    name: each.name.trim(),
    "aria-required": each.required ? "true" : undefined,
    "aria-invalid": error === undefined ? undefined : "true",
    "aria-describedby": error === undefined ? undefined : `${id}-note`,
    onblur: () => actions.leftField(each.name),
  };
  const typed = (event: { target: EventTarget | null }): void => {
    const { target } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) actions.typed(each.name, target.value);
  };
  if (each.kind === "textarea") return h("textarea", { ...shared, rows: 3, value, oninput: typed });
  if (each.kind === "select") return select(each, shared, value, model, typed);
  const autocomplete = each.kind === "email" ? "email" : each.name === "name" ? "name" : undefined;
  return h("input", { ...shared, type: each.kind === "email" ? "email" : "text", autocomplete, maxlength: 500, value, oninput: typed });
}

function select(each: FormField, shared: Props, value: string, model: Model, typed: (event: Event) => void): Description {
  // Our own choice begins with the first department, which is the site's default; a site's question begins with no answer.
  const isOwn = each.name === DEPARTMENT;
  const options = (each.options ?? []).map((option) => h("option", { value: option, key: option }, option));
  const none = !isOwn && h("option", { value: "", key: "" }, model.phrases.say(Word.choose));
  const present = isOwn && value === "" ? (each.options?.[0] ?? "") : value;
  return h("div", { class: "select" }, h("select", { ...shared, value: present, onchange: typed }, none, options), icon("down", "s"));
}
