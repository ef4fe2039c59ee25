// One icon of the sprite in index.html. Always beside words or inside a control that has a name, hence hidden.

export const iconNames = [
  "balie",
  "inbox",
  "wall",
  "report",
  "screen",
  "history",
  "settings",
  "search",
  "kbd",
  "down",
  "minus",
  "plus",
  "verified",
  "ticks",
  "tick",
  "left",
  "eye",
  "transfer",
  "done",
  "side",
  "clock",
  "person",
  "people",
  "page",
  "download",
  "note",
  "slash",
  "x",
  "link",
  "star",
  "layers",
  "tag",
  "key",
  "lock",
  "warn",
  "copy",
  "bell",
  "offline",
  "refresh",
  "more",
  "mail",
  "attach",
  "book",
  "up",
  "image",
  "calendar",
] as const;

export type IconName = (typeof iconNames)[number];

export function Icon({ name, spins = false }: { name: IconName; spins?: boolean }) {
  return (
    <svg class={spins ? "i spin" : "i"} aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}
