// What one person prefers in one browser: language, keys, sounds. Kept in local storage where there is any.

import { signal, type Signal } from "@preact/signals";
import type { KeyValueStore } from "../client/environment.ts";
import type { LanguageChoice } from "./i18n/index.ts";

export interface Preferences {
  language: LanguageChoice;
  letter_keys: boolean;
  enter_sends: boolean;
  sound: boolean;
  hints: boolean;
}

const STORAGE_KEY = "balie.panel.preferences";

const defaults: Preferences = { language: "auto", letter_keys: true, enter_sends: true, sound: true, hints: true };

export function loadPreferences(store: KeyValueStore): Signal<Preferences> {
  return signal({ ...defaults, ...parsePreferences(store.get(STORAGE_KEY) ?? undefined) });
}

export function changePreferences(preferences: Signal<Preferences>, store: KeyValueStore, change: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...change };
  store.set(STORAGE_KEY, JSON.stringify(preferences.value));
}

/** Takes from stored text only what has the right type: it may come from another version of the panel. */
export function parsePreferences(text: string | undefined): Partial<Preferences> {
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? "null");
  } catch {
    return {};
  }
  if (typeof stored !== "object" || stored === null) return {};
  const fields = new Map<string, unknown>(Object.entries(stored));
  const found: Partial<Preferences> = {};
  const language = fields.get("language");
  if (language === "auto" || language === "en" || language === "nl") found.language = language;
  for (const name of ["letter_keys", "enter_sends", "sound", "hints"] as const) {
    const value = fields.get(name);
    if (typeof value === "boolean") found[name] = value;
  }
  return found;
}
