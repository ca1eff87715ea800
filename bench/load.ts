/** Closed-loop load: so many clients, each sending its next request when the last was answered. */
export type Measured = {
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly count: number;
};

/** Runs `once` from `clients` at a time for `ms`; latencies in ms. A rejection ends the run. */
export async function measure(clients: number, ms: number, once: (n: number) => Promise<void>): Promise<Measured> {
  const took: number[] = [];
  let n = 0;
  const began = performance.now();
  const end = began + ms;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        const started = performance.now();
        await once((n += 1));
        took.push(performance.now() - started);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return { perSecond: took.length / seconds, p50: at(0.5), p95: at(0.95), p99: at(0.99), count: took.length };
}

export const row = (name: string, { perSecond, p50, p95, p99 }: Measured): string =>
  `${name.padEnd(34)} ${perSecond.toFixed(0).padStart(7)}/s   p50 ${p50.toFixed(2).padStart(7)} ms   p95 ${p95
    .toFixed(2)
    .padStart(7)} ms   p99 ${p99.toFixed(2).padStart(7)} ms`;
