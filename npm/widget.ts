// What `@balie/client/widget` exports: the types of the widget's one global, and a typed way to put its script into a page.
// The widget itself stays on the server, so that it is always of the server's version.

import type { BalieApi } from "../client/api.ts";

export type { BalieApi, BalieCall, BalieEvent, BalieEvents, BalieHandler } from "../client/api.ts";

export interface LoadOptions {
  /** Where the Balie server is, as `https://chat.example.com`. */
  origin: string;
  /** The key of the site. */
  site: string;
  /** The language, where the page's own `lang` is not the one. */
  lang?: string;
}

/** Marks our tag while its script is under way, so that a second call waits for the same one. */
const LOADING = "data-balie-loading";

/**
 * Puts the widget into the page, if it is not there yet, and gives its API. Rejects if the script cannot be loaded; then it
 * may be tried again. Only in a browser.
 */
export function load(options: LoadOptions): Promise<BalieApi> {
  const here = present();
  if (here !== undefined) return Promise.resolve(here);
  const script = document.querySelector<HTMLScriptElement>(`script[${LOADING}]`) ?? tag(options);
  return new Promise((done, fail) => {
    const over = (): void => {
      script.remove(); // what it loaded stays; after `shutdown` the next call begins anew
      const api = present();
      if (api === undefined) fail(new Error(`Balie: ${script.src} could not be loaded.`));
      else done(api);
    };
    script.addEventListener("load", over);
    script.addEventListener("error", over);
    if (!script.isConnected) document.head.append(script);
  });
}

/** Before the script has run there may be a list of calls in its place. */
function present(): BalieApi | undefined {
  return typeof window.Balie?.open === "function" ? window.Balie : undefined;
}

function tag({ origin, site, lang }: LoadOptions): HTMLScriptElement {
  const script = document.createElement("script");
  script.src = new URL("/widget.js", origin).href;
  script.dataset["site"] = site;
  if (lang !== undefined) script.dataset["lang"] = lang;
  script.setAttribute(LOADING, "");
  return script;
}
