// Where in the panel one is, kept in the fragment of the address so that reload, back and links work without a server.

import { signal, type ReadonlySignal } from "@preact/signals";

export type SettingsPane = "departments" | "people" | "canned" | "articles" | "tags" | "sites" | "account";

export type ReportTab = "waiting" | "people" | "ratings" | "staffing";

export const reportTabs: readonly ReportTab[] = ["waiting", "people", "ratings", "staffing"];

export type Route =
  | { page: "inbox"; conversation?: string }
  | { page: "wall"; is_big: boolean }
  | { page: "history"; conversation?: string }
  | { page: "reports"; tab: ReportTab }
  | { page: "settings"; pane: SettingsPane };

const panes: readonly SettingsPane[] = ["departments", "people", "canned", "articles", "tags", "sites", "account"];

export function parseRoute(fragment: string): Route {
  const [page, rest] = fragment.replace(/^#\/?/u, "").split("/");
  if (page === "settings") return { page, pane: panes.find((pane) => pane === rest) ?? "departments" };
  if (page === "wall") return { page, is_big: rest === "big" };
  if (page === "reports") return { page, tab: reportTabs.find((tab) => tab === rest) ?? "waiting" };
  if (page === "history" || page === "inbox") return rest ? { page, conversation: rest } : { page };
  return { page: "inbox" };
}

export function hrefOf(route: Route): string {
  if (route.page === "settings") return `#settings/${route.pane}`;
  if (route.page === "wall") return route.is_big ? "#wall/big" : "#wall";
  if (route.page === "reports") return `#reports/${route.tab}`;
  return route.conversation ? `#${route.page}/${route.conversation}` : `#${route.page}`;
}

export interface Router {
  route: ReadonlySignal<Route>;
  /** Goes where a person wants to; `replace` leaves no step behind for the back button. */
  go(route: Route, how?: "push" | "replace"): void;
  /** Shows what arrived by itself: no step behind, and the focus stays where it is. */
  arrive(route: Route): void;
  /** Whether the present route arrived by itself. */
  hasArrived(): boolean;
}

export function createRouter(page: Window): Router {
  const route = signal(parseRoute(page.location.hash));
  let has_arrived = false;
  const show = (next: Route, how: "push" | "replace", by_itself: boolean) => {
    const href = hrefOf(next);
    if (href === hrefOf(route.value)) return;
    if (how === "replace") page.history.replaceState(null, "", href);
    else page.history.pushState(null, "", href);
    has_arrived = by_itself;
    route.value = next;
  };
  page.addEventListener("hashchange", () => {
    has_arrived = false;
    route.value = parseRoute(page.location.hash);
  });
  return {
    route,
    go: (next, how = "push") => show(next, how, false),
    arrive: (next) => show(next, "replace", true),
    hasArrived: () => has_arrived,
  };
}

/** The one-time token of `/panel/#setup=TOKEN`. It is taken out of the address at once, so that it stays in no history. */
export function takeSetupToken(page: Window): string | undefined {
  const token = /^#setup=(.+)$/u.exec(page.location.hash)?.[1];
  if (token === undefined) return undefined;
  page.history.replaceState(null, "", `${page.location.pathname}${page.location.search}`);
  return decodeURIComponent(token);
}
