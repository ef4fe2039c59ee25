// A person as initials on one of six colours; always hidden from screen readers, the name stands beside it.

import { hueOf, initialsOf } from "../format.ts";

export function Avatar({ id, name, size }: { id: string; name: string; size?: "s" | "l" | "xl" }) {
  return (
    <span class={`ava c${hueOf(id)}${size ? ` ava-${size}` : ""}`} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}
