// What browsers without `light-dark()` and relative colours see: the light theme in plain colours. No other browser loads it.

import type { Context } from "./actions.ts";
import { wear } from "./embed.ts";
import styles from "./later_plain.css";

export function create({ host }: Context): void {
  wear(host.root, styles);
}
