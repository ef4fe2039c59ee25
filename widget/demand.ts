// Code that is loaded when it is wanted, or when there is time. Who asks gets a promise of it: one load for all who ask, and
// anew for who asks after one that failed, because the line may be back.

/** `early` is what was loaded already: then it is made at once. */
export function onDemand<M, T extends object>(load: () => Promise<M>, make: (loaded: M) => T, early: M | undefined): () => Promise<T> {
  const made = early === undefined ? undefined : make(early);
  let asked: Promise<T> | undefined;
  async function ask(): Promise<T> {
    try {
      return made ?? make(await load());
    } catch (error) {
      asked = undefined;
      throw error;
    }
  }
  return () => (asked ??= ask());
}
