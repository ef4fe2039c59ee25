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
  for (const { 0: found, index } of text.matchAll(CANDIDATE)) {
    const shown = trimmed(found);
    const href = hrefOf(shown);
    if (!href || links++ >= LINKS_MAX) continue;
    parts.push({ text: text.slice(end, index) }, { text: shown, href });
    end = index + shown.length;
  }
  return [...parts, { text: text.slice(end) }].filter((part) => part.text);
}

/** Without the full stop after it, and without a closing bracket that it did not open. */
function trimmed(candidate: string): string {
  const bare = candidate.replace(TRAILING, "");
  const last = bare.slice(-1);
  const opening = "([{"[")]}".indexOf(last)];
  const shown = opening && bare.split(last).length > bare.split(opening).length ? bare.slice(0, -1) : bare;
  return shown === candidate ? shown : trimmed(shown);
}

/** Of what has no scheme of ours, and so may have none, an address of ours is made: there is no third way. */
function hrefOf(shown: string): string | undefined {
  try {
    const { protocol, pathname, href } = new URL(/^(https?|mailto):/i.test(shown) ? shown : (/^www\./i.test(shown) ? "https://" : "mailto:") + shown);
    return protocol !== "mailto:" || pathname.includes("@") ? href : undefined;
  } catch {
    return undefined;
  }
}
