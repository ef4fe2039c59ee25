// A site while it is being edited: everything as it stands in the controls, made from a record and turned back into one.
// Pure. What is wrong with it the server says, field by field.

import type { FileKinds, FormField, FormFieldKind, GreetedVisitor, Site, SiteDraft, WidgetSettings } from "../rest.ts";

export const DEFAULT_COLOR = "#0f5f5c";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const MEGABYTE = 1_048_576;

export interface GreetingEdit {
  text: string;
  page: string;
  after_s: string;
  scroll_percent: string;
  visitor: GreetedVisitor;
}

export interface FormFieldEdit {
  name: string;
  label: string;
  kind: FormFieldKind;
  required: boolean;
  /** One a line. */
  options: string;
}

export interface SiteEdit {
  key: string;
  name: string;
  /** One a line. */
  origins: string;
  departments: readonly string[];
  first_department: string;
  greeting: string;
  color: string;
  typing_preview: boolean;
  form: readonly FormFieldEdit[];
  logo: string;
  side: WidgetSettings["side"];
  offset_x: string;
  offset_y: string;
  theme: WidgetSettings["theme"];
  connect: WidgetSettings["connect"];
  greetings: readonly GreetingEdit[];
  consents: boolean;
  consent_text: string;
  consent_url: string;
  consent_required: boolean;
  uploads: boolean;
  upload_mb: string;
  kinds: readonly FileKind[];
  /** Media types that belong to none of the kinds, apart by spaces. */
  other_types: string;
  long_wait_min: string;
}

/** Kinds of file as people call them, and the media types behind each. */
export const fileKinds = {
  pictures: ["image/*"],
  pdf: ["application/pdf"],
  text: ["text/plain"],
  zip: ["application/zip"],
  documents: [
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.oasis.opendocument.text",
  ],
  tables: [
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet",
  ],
  slides: [
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.presentation",
  ],
  sound: ["audio/*"],
  video: ["video/*"],
} as const satisfies Record<string, readonly string[]>;

export type FileKind = keyof typeof fileKinds;

const kindNames = Object.keys(fileKinds).filter((name): name is FileKind => name in fileKinds);

export const emptyGreeting: GreetingEdit = { text: "", page: "", after_s: "", scroll_percent: "", visitor: "any" };

const defaults: WidgetSettings = {
  logo: null,
  side: "end",
  offset: { x: 16, y: 16 },
  theme: "auto",
  connect: "open",
  greetings: [],
  consent: null,
  uploads: { bytes_max: 20 * MEGABYTE, types: kindNames.slice(0, 7).flatMap((name) => fileKinds[name]) },
  long_wait_ms: 15 * MINUTE_MS,
};

/** `offered` are the departments that a new site could offer: it begins with the first. */
export function editOf(site: Site | undefined, offered: readonly string[]): SiteEdit {
  const widget = site?.widget ?? defaults;
  const departments = site?.departments ?? offered.slice(0, 1);
  const { kinds, other_types } = kindsOf((widget.uploads ?? defaults.uploads)?.types ?? []);
  return {
    key: site?.key ?? "",
    name: site?.name ?? "",
    origins: site?.origins.join("\n") ?? "",
    departments,
    first_department: departments[0] ?? "",
    greeting: site?.greeting ?? "",
    color: site?.color ?? DEFAULT_COLOR,
    typing_preview: site?.typing_preview ?? false,
    form: (site?.form ?? []).map((field) => ({ ...field, options: (field.options ?? []).join("\n") })),
    logo: widget.logo ?? "",
    side: widget.side,
    offset_x: String(widget.offset.x),
    offset_y: String(widget.offset.y),
    theme: widget.theme,
    connect: widget.connect,
    greetings: widget.greetings.map((greeting) => ({
      text: greeting.text,
      page: greeting.page ?? "",
      after_s: greeting.after_ms === undefined ? "" : String(greeting.after_ms / SECOND_MS),
      scroll_percent: greeting.scroll_percent === undefined ? "" : String(greeting.scroll_percent),
      visitor: greeting.visitor ?? "any",
    })),
    consents: widget.consent !== null,
    consent_text: widget.consent?.text ?? "",
    consent_url: widget.consent?.url ?? "",
    consent_required: widget.consent?.required ?? false,
    uploads: widget.uploads !== null,
    upload_mb: String(Math.round(((widget.uploads ?? defaults.uploads)?.bytes_max ?? 0) / (MEGABYTE / 10)) / 10),
    kinds,
    other_types,
    long_wait_min: String(Math.round((widget.long_wait_ms / MINUTE_MS) * 10) / 10),
  };
}

export function draftOf(edit: SiteEdit): SiteDraft {
  // The first department is the default; the others keep their order.
  const { first_department: first, departments } = edit;
  return {
    key: edit.key.trim(),
    name: edit.name.trim(),
    origins: wordsOf(edit.origins),
    departments: departments.includes(first) ? [first, ...departments.filter((key) => key !== first)] : [...departments],
    greeting: edit.greeting.trim() || null,
    color: edit.color,
    typing_preview: edit.typing_preview,
    form: edit.form.map(formFieldOf),
    widget: {
      logo: edit.logo.trim() || null,
      side: edit.side,
      offset: { x: numberOf(edit.offset_x) ?? defaults.offset.x, y: numberOf(edit.offset_y) ?? defaults.offset.y },
      theme: edit.theme,
      connect: edit.connect,
      greetings: edit.greetings.map((greeting) => ({
        text: greeting.text.trim(),
        ...(greeting.page.trim() === "" ? {} : { page: greeting.page.trim() }),
        ...spanOf("after_ms", greeting.after_s, SECOND_MS),
        ...spanOf("scroll_percent", greeting.scroll_percent, 1),
        ...(greeting.visitor === "any" ? {} : { visitor: greeting.visitor }),
      })),
      consent: edit.consents
        ? {
            text: edit.consent_text.trim(),
            ...(edit.consent_url.trim() === "" ? {} : { url: edit.consent_url.trim() }),
            required: edit.consent_required,
          }
        : null,
      uploads: edit.uploads ? uploadsOf(edit) : null,
      long_wait_ms: Math.round((numberOf(edit.long_wait_min) ?? defaults.long_wait_ms / MINUTE_MS) * MINUTE_MS),
    },
  };
}

/** The controls that may be refused: the server names one of these. */
export function fieldsOf(edit: SiteEdit): string[] {
  const greetings = edit.greetings.flatMap((_, at) =>
    ["text", "page", "after_ms", "scroll_percent"].map((name) => `widget.greetings[${at}].${name}`),
  );
  const form = edit.form.flatMap((_, at) => ["name", "label", "options"].map((name) => `form[${at}].${name}`));
  const widget = ["logo", "offset.x", "offset.y", "long_wait_ms", "consent.text", "consent.url", "uploads.bytes_max", "uploads.types"];
  return [
    "key",
    "name",
    "origins",
    "departments",
    "greeting",
    "color",
    ...widget.map((name) => `widget.${name}`),
    ...greetings,
    ...form,
  ];
}

/** The first control that should hold a number and does not, by the name that the server has for it. */
export function wrongNumber(edit: SiteEdit): string | undefined {
  const needed: [string, string][] = [
    ["widget.offset.x", edit.offset_x],
    ["widget.offset.y", edit.offset_y],
    ["widget.long_wait_ms", edit.long_wait_min],
    ...(edit.uploads ? ([["widget.uploads.bytes_max", edit.upload_mb]] as [string, string][]) : []),
    // Only where something is written: an empty condition is none.
    ...edit.greetings.flatMap((greeting, at) =>
      (
        [
          [`widget.greetings[${at}].after_ms`, greeting.after_s],
          [`widget.greetings[${at}].scroll_percent`, greeting.scroll_percent],
        ] as [string, string][]
      ).filter(([, text]) => text.trim() !== ""),
    ),
  ];
  return needed.find(([, text]) => numberOf(text) === undefined)?.[0];
}

/** The kinds that are wholly there, and what is left of the types. */
export function kindsOf(types: readonly string[]): { kinds: FileKind[]; other_types: string } {
  const kinds = kindNames.filter((name) => fileKinds[name].every((type) => types.includes(type)));
  const known = new Set<string>(kinds.flatMap((name) => fileKinds[name]));
  return { kinds, other_types: types.filter((type) => !known.has(type)).join(" ") };
}

function uploadsOf(edit: SiteEdit): FileKinds {
  const types = kindNames.filter((name) => edit.kinds.includes(name)).flatMap((name) => [...fileKinds[name]]);
  return {
    bytes_max: Math.round((numberOf(edit.upload_mb) ?? 0) * MEGABYTE),
    types: [...new Set([...types, ...wordsOf(edit.other_types)])],
  };
}

/** A field's key is made of its label once, and stays when the label changes: logs and pages name it. */
export function fieldNameFrom(label: string, taken: readonly string[]): string {
  const name =
    label
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/[^a-z0-9]+/gu, "_")
      .replace(/^_+|_+$/gu, "")
      .slice(0, 36) || "field";
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}_${number}`)) number += 1;
  return `${name}_${number}`;
}

function formFieldOf(edit: FormFieldEdit, at: number, all: readonly FormFieldEdit[]): FormField {
  const taken = all.filter((other) => other !== edit).map((other) => other.name);
  const options = edit.options
    .split("\n")
    .map((option) => option.trim())
    .filter((option) => option !== "");
  return {
    name: edit.name || fieldNameFrom(edit.label, [...taken, ...unnamedBefore(all, at, taken)]),
    label: edit.label.trim(),
    kind: edit.kind,
    required: edit.required,
    ...(edit.kind === "select" ? { options } : {}),
  };
}

/** The names that new fields before this one will get. */
function unnamedBefore(all: readonly FormFieldEdit[], at: number, taken: readonly string[]): string[] {
  const names: string[] = [];
  for (const field of all.slice(0, at)) {
    if (field.name === "") names.push(fieldNameFrom(field.label, [...taken, ...names]));
  }
  return names;
}

function spanOf<K extends "after_ms" | "scroll_percent">(name: K, text: string, unit: number): Partial<Record<K, number>> {
  const value = numberOf(text);
  const found: Partial<Record<K, number>> = {};
  if (value !== undefined) found[name] = Math.round(value * unit);
  return found;
}

function numberOf(text: string): number | undefined {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) ? undefined : value;
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== "");
}
