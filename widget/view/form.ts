// A form: what the site wants to know before the chat, or what a message for later needs.

import { type Child, type Description, h, type Props } from "../dom.ts";
import type { FormField } from "../embed.ts";
import { Word } from "../i18n/index.ts";
import { icon } from "../icons.ts";
import { type FormActions, type Model, QUESTION, screenOf } from "../model.ts";
import { privacy } from "./start.ts";

/** Names under which our own fields keep their values, beside QUESTION; a site's field cannot start with a blank. */
export const DEPARTMENT = " department";
export const CONSENT = " consent";

/** One form, so that Enter in a field and a phone's Go key send it. */
export function form(model: Model, actions: FormActions, wish: Word.startChat | Word.sendMessage, top: Child, foot: Child): Description {
  const { phrases: { say }, visit: { doing } } = model;
  const isSending = doing.message !== undefined;
  const onsubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    actions.submitForm();
  };
  return h(
    "form",
    { class: "form", key: "form", novalidate: true, onsubmit },
    h("div", { class: "page" }, top, fieldsOf(model).map((each) => field(each, model, actions)), agreement(model, actions)),
    h("div", { class: "foot" }, h("button", { type: "submit", class: "button main wide", "aria-disabled": isSending ? "true" : undefined }, say(isSending ? Word.sending : wish)), foot),
  );
}

function agreement({ site: { consent }, values, errors, phrases: { say } }: Model, actions: FormActions): Description | false {
  if (consent?.required !== true) return false;
  const error = errors[CONSENT];
  const onchange = ({ target }: Event): void => actions.typed(CONSENT, target instanceof HTMLInputElement && target.checked ? "on" : "");
  const box = h("input", { type: "checkbox", checked: values[CONSENT] === "on", "aria-required": "true", "aria-invalid": error === undefined ? undefined : "true", "aria-describedby": error === undefined ? undefined : "consent-note", onchange });
  return h("div", { class: error === undefined ? "field" : "field bad", key: CONSENT }, h("label", { class: "check" }, box, h("span", null, consent.text, " ", privacy(consent.url, say(Word.dataMore)))), error !== undefined && noteBad(error, "consent-note"));
}

function noteBad(words: string, id: string): Description {
  return h("p", { class: "note-bad", id }, icon("alert", "s"), words);
}

/** The site's fields, and around them ours: the department where there is a choice, the question unless the site asks it. */
export function fieldsOf(model: Model): FormField[] {
  const { site, phrases: { say } } = model;
  const isMessage = screenOf(model) === "message";
  // An answer by mail needs an address and something to answer.
  const form = site.form.map((each) => (isMessage && (each.name === "email" || each.kind === "textarea") ? { ...each, required: true } : each));
  if (isMessage && !form.some(({ name }) => name === "email")) form.push({ name: "email", label: say(Word.yourEmail), kind: "email", required: true });
  const department: FormField = { name: DEPARTMENT, label: say(Word.about), kind: "select", required: true, options: site.departments.map(({ name }) => name) };
  const question: FormField = { name: QUESTION, label: say(isMessage ? Word.yourMessage : Word.question), kind: "textarea", required: isMessage };
  const long = form.filter(({ kind }) => kind === "textarea");
  return [...form.filter(({ kind }) => kind !== "textarea"), ...(site.departments.length > 1 ? [department] : []), ...(long.length > 0 ? long : [question])];
}

function field(each: FormField, model: Model, actions: FormActions): Description {
  const { say } = model.phrases;
  const id = `field-${each.name.trim()}`;
  const error = model.errors[each.name];
  const label = h("label", { for: id }, each.label, " ", !each.required && each.kind !== "select" && h("i", null, say(Word.optional)));
  const note = error !== undefined && noteBad(error, `${id}-note`);
  return h("div", { class: error === undefined ? "field" : "field bad", key: each.name }, label, control(each, id, model, actions), note);
}

function control(each: FormField, id: string, model: Model, actions: FormActions): Description {
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
