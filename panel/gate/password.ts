// The rule for passwords as the panel explains it; the server has the last word.

export const PASSWORD_CHARACTERS_MIN = 10;

/** 0 too short, then 1 good, 2 strong, 3 very strong: length is what makes a password hard to guess. */
export function strengthOf(password: string): 0 | 1 | 2 | 3 {
  const length = [...password].length;
  if (length < PASSWORD_CHARACTERS_MIN) return 0;
  if (length < 14) return 1;
  return length < 20 ? 2 : 3;
}

/** How many of the four blocks of the meter are lit: a short password still shows that typing helps. */
export function litBlocks(password: string): number {
  const length = [...password].length;
  if (length === 0) return 0;
  const strength = strengthOf(password);
  return strength === 0 ? (length >= 5 ? 1 : 0) : strength + 1;
}
