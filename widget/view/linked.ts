// Links in what people write.

import { partsOf } from "../../client/links.ts";
import type { Child } from "../dom.ts";
import { link } from "./parts.ts";

/** Text with its web and mail addresses as links, which open beside the page that the visitor is on. */
export function linked(text: string): Child[] {
  return partsOf(text).map(({ text: words, href }) => (href === undefined ? words : link(href, words)));
}
