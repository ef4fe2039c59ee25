// Where in the panel one is, kept in the fragment of the address so that reload, back and links work without a server.

import { signal, type ReadonlySignal } from "@preact/signals";

export type SettingsPane = "departments" | "people" | "canned" | "tags" | "sites" | "account";

export type Route =
  | { page: "inbox"; conversation?: string }
  | { page: "history"; conversation?: string }
  | { page: "settings"; pane: SettingsPane };

const panes: readonly SettingsPane[] = ["departments", "people", "canned", "tags", "sites", "account"];

export function parseRoute(fragment: string): Route {
  const [page, rest] = fragment.replace(/^#\/?/u, "").split("/");
  if (page === "settings") return { page, pane: panes.find((pane) => pane === rest) ?? "departments" };
  if (page === "history" || page === "inbox") return rest ? { page, conversation: rest } : { page };
  return { page: "inbox" };
}

export function hrefOf(route: Route): string {
  if (route.page === "settings") return `#settings/${route.pane}`;
  return route.conversation ? `#${route.page}/${route.conversation}` : `#${route.page}`;
}

export interface Router {
  route: ReadonlySignal<Route>;
  /** Goes somewhere; `replace` leaves no step behind for the back button. */
  go(route: Route, how?: "push" | "replace"): void;
}

export function createRouter(page: Window): Router {
  const route = signal(parseRoute(page.location.hash));
  page.addEventListener("hashchange", () => {
    route.value = parseRoute(page.location.hash);
  });
  return {
    route,
    go(next, how = "push") {
      const href = hrefOf(next);
      if (href === hrefOf(route.value)) return;
      if (how === "replace") page.history.replaceState(null, "", href);
      else page.history.pushState(null, "", href);
      route.value = next;
    },
  };
}

/** The one-time token of `/panel/#setup=TOKEN`. It is taken out of the address at once, so that it stays in no history. */
export function takeSetupToken(page: Window): string | undefined {
  const token = /^#setup=(.+)$/u.exec(page.location.hash)?.[1];
  if (token === undefined) return undefined;
  page.history.replaceState(null, "", `${page.location.pathname}${page.location.search}`);
  return decodeURIComponent(token);
}
