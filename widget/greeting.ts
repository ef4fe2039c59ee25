// A greeting beside the launcher, by the site's rules. Loaded by the loader where the site has any, so that the others do
// not pay for it. It never nags: one on a page, none where the chat is or was open, none after the visitor closed one, and
// on a phone none before the first scroll. That one was closed is kept in sessionStorage, by that very click.

import { type Greeting, PHONE, sessionKey, type SiteInfo, wear } from "./embed.ts";
import styles from "./greeting.css";

export function greet({ site, launcher, greetings }: SiteInfo, { root, tell, open, isBusy }: Greeting): void {
  const closedKey = `balie:${site}:greeted`;
  const isKnown = stored("localStorage", sessionKey(site)) !== null;
  const began_at = Date.now();
  // Who scrolled before this came has scrolled.
  let hasScrolled = scrollY > 0 || !matchMedia(PHONE).matches;
  if (stored("sessionStorage", closedKey) !== null) return;

  function look(): void {
    if (isBusy()) removeEventListener("scroll", scrolled);
    if (isBusy() || !hasScrolled) return;
    const percent = ((scrollY + innerHeight) / document.documentElement.scrollHeight) * 100;
    const rule = greetings.find(
      ({ page, after_ms, scroll_percent, visitor }) =>
        location.href.includes(page ?? "") &&
        Date.now() - began_at >= (after_ms ?? 0) &&
        percent >= (scroll_percent ?? 0) &&
        (visitor == null || visitor === "any" || isKnown === (visitor === "returning")),
    );
    if (rule !== undefined) show(rule.text);
  }

  function scrolled(): void {
    hasScrolled = true;
    look();
  }

  function show(text: string): void {
    end();
    const bubble = document.createElement("div");
    const line = document.createElement("button");
    const close = document.createElement("button");
    wear(root, styles);
    bubble.className = "tip";
    bubble.setAttribute("role", "status");
    bubble.setAttribute("aria-label", launcher.greeting);
    line.textContent = text;
    close.className = "no";
    close.textContent = "×";
    close.setAttribute("aria-label", launcher.close);
    bubble.append(line, close);
    root.prepend(bubble);
    const button = root.querySelector<HTMLElement>(".launcher");
    const gone = (): void => bubble.remove();
    line.onclick = open;
    button?.addEventListener("click", gone, { once: true });
    line.addEventListener("click", gone);
    close.onclick = () => {
      gone();
      button?.focus();
      try {
        sessionStorage.setItem(closedKey, "1");
      } catch {
        // It is closed on this page at least.
      }
      tell("greeting:closed", { text });
    };
    tell("greeting:shown", { text });
  }

  const timers = greetings.map(({ after_ms }) => setTimeout(look, after_ms ?? 0));
  addEventListener("scroll", scrolled, { passive: true });
  function end(): void {
    timers.forEach(clearTimeout);
    removeEventListener("scroll", scrolled);
  }
}

function stored(kind: "localStorage" | "sessionStorage", key: string): string | null {
  try {
    return window[kind].getItem(key);
  } catch {
    return null; // storage is forbidden, so nothing was kept
  }
}
