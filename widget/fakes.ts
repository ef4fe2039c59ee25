// For tests only: a site that asks for nothing, and a widget on it that nobody has touched yet.

import type { SiteInfo } from "./embed.ts";
import { spoken } from "./i18n/spoken.ts";
import type { Model } from "./model.ts";
import { emptyVisit } from "./visit.ts";

export function fakeSite(more: Partial<SiteInfo> = {}): SiteInfo {
  return {
    site: "demo",
    name: "Shop",
    lang: "en",
    dir: "ltr",
    words: "/widget/words-en.txt",
    launcher: { chat: "", away: "", failed: "", unread: {}, greeting: "", close: "" },
    texts: {},
    color: null,
    look: { logo: null, side: "end", offset: { x: 16, y: 16 }, theme: "auto" },
    connect: "open",
    greetings: [],
    form: [],
    departments: [{ key: "support", name: "Support" }, { key: "sales", name: "Sales" }],
    typing_preview: false,
    consent: null,
    uploads: null,
    long_wait_ms: 900_000,
    next_open_at: null,
    open: true,
    articles: false,
    ...more,
  };
}

export function fakeModel(site: SiteInfo, values: Record<string, string> = {}): Model {
  return {
    phrases: spoken("en"),
    later: undefined,
    laterHome: undefined,
    forms: undefined,
    ticket: undefined,
    now: 0,
    isPhone: false,
    site,
    isExpected: false,
    visit: emptyVisit(),
    connection: { kind: "open" },
    lost_since: undefined,
    isLasting: true,
    banner: undefined,
    barred: undefined,
    hasEmoji: false,
    isQuiet: false,
    isDropping: false,
    progress: undefined,
    isBusy: false,
    hasWayOut: false,
    refusedStart: undefined,
    home: { query: "" },
    form: undefined,
    values,
    errors: {},
    complaint: undefined,
    menu: false,
    question: undefined,
    range: undefined,
    score: undefined,
    isRatingSkipped: false,
    isAtBottom: true,
    below: 0,
    fresh_after: undefined,
  };
}
