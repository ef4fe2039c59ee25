// Finds addresses in what people write. Only http, https and mailto ever become links: whatever else looks like one
// (javascript:, data:, file:) stays text.

/** @inside */
export interface TextPart {
  text: string;
  href?: string;
}

/** `www.` and bare mail addresses are links as people mean them; the rest has to say its scheme. */
const CANDIDATE = /(?:https?:\/\/|www\.|mailto:)[^\s<>"]{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?'’”»…]+$/;
/** Looking further than this for addresses would only burn time on a wall of text. */
const LINKS_MAX = 50;

export function partsOf(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  let links = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const shown = trimmed(match[0]);
    const href = hrefOf(shown);
    if (href === undefined || links >= LINKS_MAX) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: shown, href });
    end = match.index + shown.length;
    links += 1;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** Without the full stop after it, and without a closing bracket that it did not open. */
function trimmed(candidate: string): string {
  let shown = candidate;
  for (;;) {
    const before = shown;
    shown = shown.replace(TRAILING, "");
    const last = shown.at(-1);
    const pair = last === ")" ? "(" : last === "]" ? "[" : last === "}" ? "{" : undefined;
    if (pair !== undefined && last !== undefined && shown.split(last).length > shown.split(pair).length) shown = shown.slice(0, -1);
    if (shown === before) return shown;
  }
}

function hrefOf(shown: string): string | undefined {
  const address = /^www\./i.test(shown) ? `https://${shown}` : /^(?:https?|mailto):/i.test(shown) ? shown : `mailto:${shown}`;
  try {
    const url = new URL(address);
    if (url.protocol === "mailto:") return url.pathname.includes("@") ? url.href : undefined;
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "" ? url.href : undefined;
  } catch {
    return undefined;
  }
}
