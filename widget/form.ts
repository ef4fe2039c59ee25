// What the visitor filled in before the chat: whether it will do, and what of it goes to the server.

import { charsOf, TEXT_CHARS_MAX } from "../client/limits.ts";
import type { FormField } from "./embed.ts";
import { Word } from "./i18n/index.ts";
import { type Model, questionOf } from "./model.ts";
import { CONSENT, DEPARTMENT, fieldsOf } from "./view/form.ts";

/** Only what is surely unfinished is called so; whether an address exists nobody can see from its letters. */
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;

/** Words about what is wrong with a field, or undefined. */
export function complaintAbout(field: FormField, value: string, { phrases: { say } }: Model): string | undefined {
  const text = value.trim();
  if (text === "") return field.required && field.name !== DEPARTMENT ? say(Word.needed) : undefined;
  if (field.kind === "email" && !EMAIL.test(text)) return say(Word.badEmail);
  const over = charsOf(value) - TEXT_CHARS_MAX;
  return over > 0 ? say(Word.tooLong, { n: over }) : undefined;
}

export function complaints(model: Model): Record<string, string> {
  const found: Record<string, string> = {};
  for (const field of fieldsOf(model)) {
    const words = complaintAbout(field, model.values[field.name] ?? "", model);
    if (words !== undefined) found[field.name] = words;
  }
  if (model.site.consent?.required === true && model.values[CONSENT] !== "on") found[CONSENT] = model.phrases.say(Word.needed);
  return found;
}

/** @inside */
export interface Answers {
  fields: Record<string, string>;
  department: string | undefined;
  text: string | undefined;
}

/** Fields left empty are not sent. Without a field for the question, the site's own long field begins the conversation. */
export function answers(model: Model): Answers {
  const { site, values } = model;
  const fields: Record<string, string> = {};
  for (const { name } of fieldsOf(model)) {
    const value = (values[name] ?? "").trim();
    if (value !== "" && !name.startsWith(" ")) fields[name] = value;
  }
  const chosen = values[DEPARTMENT];
  const department = site.departments.find(({ name }) => name === chosen) ?? site.departments[0];
  const text = (values[questionOf(model)] ?? "").trim();
  return { fields, department: department?.key, text: text === "" ? undefined : text };
}

/** The server found a field wrong: its words stand at that field, in the visitor's language. */
export function errorsOf(refused: Model["refusedStart"], model: Model): Record<string, string> {
  const name = refused?.field?.replace(/^fields\.?/, "");
  const field = fieldsOf(model).find((each) => each.name === name);
  if (field === undefined) return {};
  return { [field.name]: field.kind === "email" ? model.phrases.say(Word.badEmail) : model.phrases.say(Word.needed) };
}
