// The keys of the panel. Views register what a command does while they are on screen; one listener turns keys into
// commands. Letters match what is typed, Alt chords the physical key, so that both work on any layout.

export type Command =
  | "accept"
  | "decline"
  | "next_chat"
  | "previous_chat"
  | "next_unanswered"
  | "leave"
  | "down"
  | "up"
  | "take"
  | "reply"
  | "note"
  | "search"
  | "transfer"
  | "close"
  | "card"
  | "online"
  | "away"
  | "go_inbox"
  | "go_wall"
  | "go_history"
  | "go_reports"
  | "go_settings"
  | "big_screen"
  | "sheet"
  | "save"
  | "article"
  | `chat_${number}`;

export interface Keyboard {
  /** Makes `run` answer a command until the returned function is called; the newest registration wins. */
  on(command: Command, run: () => void): () => void;
  run(command: Command): boolean;
}

const altCommands: Record<string, Command> = {
  KeyA: "accept",
  KeyX: "decline",
  KeyU: "next_unanswered",
  KeyK: "article",
  ArrowDown: "next_chat",
  ArrowUp: "previous_chat",
};

const letterCommands: Record<string, Command> = {
  j: "down",
  k: "up",
  x: "take",
  r: "reply",
  n: "note",
  "/": "search",
  t: "transfer",
  e: "close",
  i: "card",
  u: "next_unanswered",
  o: "online",
  w: "away",
  b: "big_screen",
  "?": "sheet",
};

const goCommands: Record<string, Command> = {
  i: "go_inbox",
  w: "go_wall",
  h: "go_history",
  r: "go_reports",
  s: "go_settings",
};

// G then a letter: after this long the G is forgotten.
const CHORD_MS = 1_500;

/** What a key press means. Pure, for its test; `chord` is whether G was pressed just before. */
export function commandOf(
  key: Pick<KeyboardEvent, "key" | "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">,
  context: { writing: boolean; letters: boolean; chord: boolean },
): Command | "chord" | undefined {
  if (key.altKey && !key.ctrlKey && !key.metaKey) {
    const digit = /^Digit([1-9])$/u.exec(key.code)?.[1];
    return digit ? `chat_${Number(digit)}` : altCommands[key.code];
  }
  if ((key.ctrlKey || key.metaKey) && !key.altKey) return key.key.toLowerCase() === "s" ? "save" : undefined;
  if (key.key === "Escape") return "leave";
  if (context.writing || !context.letters || key.altKey) return undefined;
  const letter = key.key.length === 1 ? key.key.toLowerCase() : "";
  if (context.chord) return goCommands[letter];
  return letter === "g" ? "chord" : letterCommands[letter];
}

export function createKeyboard(page: Document, letters: () => boolean, now: () => number): Keyboard {
  const commands = new Map<Command, (() => void)[]>();
  let chord_at = Number.NEGATIVE_INFINITY;

  const run = (command: Command): boolean => {
    const registered = commands.get(command);
    const newest = registered?.[registered.length - 1];
    newest?.();
    return newest !== undefined;
  };

  page.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const chord = now() - chord_at < CHORD_MS;
    const command = commandOf(event, { writing: isWriting(event.target), letters: letters(), chord });
    // A modal dialog has its own keys; only what closes it may reach through, and the browser does that itself.
    if (command === undefined || page.querySelector("dialog[open]")) return;
    chord_at = command === "chord" ? now() : Number.NEGATIVE_INFINITY;
    if (command !== "chord" && run(command)) event.preventDefault();
  });

  return {
    run,
    on(command, action) {
      commands.set(command, [...(commands.get(command) ?? []), action]);
      return () => {
        commands.set(
          command,
          (commands.get(command) ?? []).filter((other) => other !== action),
        );
      };
    },
  };
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
