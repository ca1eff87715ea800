/** CPU time of a call: what the process spent, not what the clock showed, for the machine is shared. */

export type Effort = {
  /** CPU milliseconds of one round. */
  readonly ms: number;
  /** The median of so many rounds counts. */
  readonly rounds: number;
};

/** What calls return goes here, so that no compiler finds them useless. */
export const kept: { result: unknown } = { result: undefined };

const cpuMicros = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const spend = (once: () => unknown, calls: number): number => {
  const before = cpuMicros();
  for (let call = 0; call < calls; call += 1) kept.result = once();
  return cpuMicros() - before;
};

/** Microseconds of CPU of one call, warm: after one round that is not counted, the median of the others. */
export function cpuOf(once: () => unknown, { ms, rounds }: Effort): number {
  let calls = 1;
  for (let took = spend(once, calls); took < ms * 500 && calls < 10_000_000; took = spend(once, calls)) calls *= 2;
  const each = Array.from({ length: rounds }, () => spend(once, calls) / calls).toSorted((a, b) => a - b);
  return each[Math.floor(rounds / 2)] ?? Number.NaN;
}

/** Microseconds of CPU of one single call: the first one, when nothing is warm. */
export const cpuOnce = (once: () => unknown): number => spend(once, 1);

/** The same of something that waits. */
export async function cpuOfPromise(once: () => Promise<unknown>): Promise<number> {
  const before = cpuMicros();
  kept.result = await once();
  return cpuMicros() - before;
}

export const time = (micros: number): string => {
  if (micros >= 1_000) return `${(micros / 1_000).toFixed(micros >= 10_000 ? 0 : 2)} ms`;
  return `${micros.toFixed(micros >= 100 ? 0 : micros >= 1 ? 1 : 2)} µs`;
};

export const times = (ratio: number): string => `${ratio.toFixed(ratio >= 100 ? 0 : 1)}×`;

/** One line of a table: the first cell is a name, the others are figures. */
export const cells = (name: string, ...figures: readonly string[]): string =>
  `${name.padEnd(36)}${figures.map((figure) => figure.padStart(14)).join('')}`;
