/** One holder at a time per key, within this process: our own serialisation per identity. First come, first served. */
export type KeyedLock = {
  /** Runs `work` alone among all that share a key with it. Keys are taken in one order, so holders cannot deadlock. */
  readonly hold: <T>(keys: readonly string[], work: () => Promise<T>) => Promise<T>;
};

export function keyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>();
  return {
    hold: async (keys, work) => {
      const mine = [...new Set(keys)].toSorted();
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      // All places are taken in one step, before anything is awaited: that is the one order.
      const before = mine.map((key) => tails.get(key) ?? Promise.resolve());
      for (const key of mine) tails.set(key, released);
      await Promise.all(before);
      try {
        return await work();
      } finally {
        for (const key of mine) if (tails.get(key) === released) tails.delete(key);
        release();
      }
    },
  };
}
