// What every view can reach: words, time, REST, the route, the session and the live desk. Made once in main.tsx and
// handed down by context, so that no module holds state of its own.

import type { ReadonlySignal, Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Api, Problem } from "./api.ts";
import type { ArticleEdits } from "./article_edits.ts";
import type { Clock } from "./clock.ts";
import type { Directory } from "./directory.ts";
import type { Desk } from "./desk.ts";
import type { Words } from "./i18n/index.ts";
import type { Keyboard } from "./keyboard.ts";
import type { Drafts } from "./drafts.ts";
import type { Preferences } from "./preferences.ts";
import type { Me } from "./rest.ts";
import type { Router } from "./route.ts";
import type { Sounds } from "./sound.ts";
import type { StagedItems } from "./staged.ts";

/** Who sits in front of the panel. `starting` until the server has said whether anybody is signed in. */
export type Session =
  | { kind: "starting" }
  | { kind: "unreachable" }
  | { kind: "setup"; token: string }
  | { kind: "login"; reason?: "signed_out" | "ended" | "setup_used" | "setup_needed" }
  | { kind: "signed_in"; me: Me };

export interface Toast {
  text: string;
  /** Where "View" leads, if anywhere. */
  href?: string;
}

export interface App {
  words: ReadonlySignal<Words>;
  preferences: Signal<Preferences>;
  changePreferences(change: Partial<Preferences>): void;
  drafts: Drafts;
  staged: StagedItems;
  article_edits: ArticleEdits;
  clock: Clock;
  api: Api;
  router: Router;
  session: Signal<Session>;
  desk: Signal<Desk | undefined>;
  directory: Directory;
  keyboard: Keyboard;
  sounds: Sounds;
  toast: Signal<Toast | undefined>;
  signIn(): Promise<void>;
  signOut(): Promise<void>;
  /** The server's refusal in the reader's words. */
  explain(problem: Problem): string;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("A view was drawn outside the panel's AppContext");
  return app;
}

export function useWords(): Words {
  return useApp().words.value;
}

/** The live desk, for views that are only drawn while somebody is signed in. */
export function useDesk(): Desk {
  const desk = useApp().desk.value;
  if (!desk) throw new Error("A live view was drawn while nobody is signed in");
  return desk;
}
