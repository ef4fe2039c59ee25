// The launcher's words. Apart from the rest, because they are all that a visitor loads who never opens the chat.

export interface LauncherWords {
  chat: string;
  newMessages: (count: number) => string;
  away: string;
  failed: string;
}

const en: LauncherWords = {
  chat: "Chat with us",
  newMessages: (count) => `Chat with us, ${count} new ${count === 1 ? "message" : "messages"}`,
  away: "Chat with us, nobody is at the desk just now",
  failed: "The chat does not answer just now. Try again in a moment.",
};

const nl: LauncherWords = {
  chat: "Chat met ons",
  newMessages: (count) => `Chat met ons, ${count} ${count === 1 ? "nieuw bericht" : "nieuwe berichten"}`,
  away: "Chat met ons, er zit nu even niemand aan de balie",
  failed: "De chat antwoordt nu niet. Probeer het zo nog eens.",
};

export type Language = "en" | "nl";

/** `nl-BE` is Dutch; whatever we do not speak is answered in English. */
export function languageOf(tag: string): Language {
  return /^nl\b/i.test(tag) ? "nl" : "en";
}

export function launcherWords(language: Language): LauncherWords {
  return language === "nl" ? nl : en;
}
