// Waiting without sleeping: a condition is asked again until it holds, and a deadline turns "never" into words.

/** Longer than anything here takes on a busy machine with two cores. */
export const DEADLINE_MS = 20_000;
const ASK_EVERY_MS = 50;

/** Gives what `probe` gives as soon as that is not `undefined` or `false`; a probe that throws is asked again. */
export async function until<T>(what: string, probe: () => Promise<T | undefined | false> | T | undefined | false, deadline_ms = DEADLINE_MS): Promise<T> {
  const end = performance.now() + deadline_ms;
  let last: unknown;
  do {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
  } while (performance.now() < end);
  throw new Error(`${what}: not within ${deadline_ms} ms`, { cause: last });
}

/** Waits until the lists are equal, and shows both when they never are. */
export async function untilEqual(what: string, expected: readonly string[], read: () => Promise<readonly string[]>, deadline_ms = DEADLINE_MS): Promise<void> {
  let seen: readonly string[] = [];
  const isEqual = async (): Promise<boolean> => {
    seen = await read();
    return seen.length === expected.length && seen.every((each, at) => each === expected[at]);
  };
  await until(what, isEqual, deadline_ms).catch((error: unknown) => {
    throw new Error(`${what}\n  expected ${JSON.stringify(expected)}\n  seen     ${JSON.stringify(seen)}`, { cause: error });
  });
}
