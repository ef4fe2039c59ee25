// A person as initials on one of six colours, or as a figure where no name is known; always hidden from screen readers,
// the name stands beside it.

import { hueOf, initialsOf } from "../format.ts";
import { Icon } from "../icon.tsx";

export interface AvatarProps {
  id: string;
  /** As given by the person: a name that was made up for them has no initials. */
  name: string | undefined;
  size?: "s" | "l" | "xl";
}

export function Avatar({ id, name, size }: AvatarProps) {
  const given = name?.trim() ?? "";
  return (
    <span class={`ava c${hueOf(id)}${size ? ` ava-${size}` : ""}`} aria-hidden="true">
      {given === "" ? <Icon name="person" /> : initialsOf(given)}
    </span>
  );
}
