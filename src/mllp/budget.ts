/**
 * The bytes that all connections hold together. Beyond the limit nobody reads on, except one: with everything paused and
 * nothing being committed, the block that has been open longest goes on, so that it ends and makes room.
 */
export type Holder = {
  /** Since when its block is open, in ms of the monotonic clock; undefined: none is. */
  readonly openSince: () => number | undefined;
  readonly pause: () => void;
  readonly resume: () => void;
};

export type Budget = {
  /** `open`: of the block being received; `committing`: of blocks that are complete and not answered. */
  readonly set: (holder: Holder, open: number, committing: number) => void;
  readonly leave: (holder: Holder) => void;
  readonly total: () => number;
};

export function createBudget(limit: number): Budget {
  const held = new Map<Holder, { readonly open: number; readonly committing: number }>();
  const paused = new Set<Holder>();
  let open = 0;
  let committing = 0;
  let favoured: Holder | undefined;

  const resume = (holder: Holder): void => {
    paused.delete(holder);
    holder.resume();
  };

  const settle = (): void => {
    if (open + committing <= limit) {
      favoured = undefined;
      for (const holder of Array.from(paused)) resume(holder);
    } else if (committing === 0 && (favoured === undefined || paused.has(favoured))) {
      const [oldest] = Array.from(paused).toSorted((a, b) => (a.openSince() ?? 0) - (b.openSince() ?? 0));
      favoured = oldest;
      if (oldest !== undefined) resume(oldest);
    }
  };

  const put = (holder: Holder, next: { readonly open: number; readonly committing: number }): void => {
    const before = held.get(holder);
    open += next.open - (before?.open ?? 0);
    committing += next.committing - (before?.committing ?? 0);
    if (next.open === 0 && next.committing === 0) held.delete(holder);
    else held.set(holder, next);
  };

  return {
    set: (holder, nextOpen, nextCommitting) => {
      put(holder, { open: nextOpen, committing: nextCommitting });
      if (open + committing > limit && holder !== favoured && !paused.has(holder)) {
        paused.add(holder);
        holder.pause();
      }
      if (paused.size > 0) settle();
    },
    leave: (holder) => {
      put(holder, { open: 0, committing: 0 });
      paused.delete(holder);
      if (favoured === holder) favoured = undefined;
      if (paused.size > 0) settle();
    },
    total: () => open + committing,
  };
}
