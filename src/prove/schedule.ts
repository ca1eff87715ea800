/** When what goes wrong: a plan that a seed decides, so that it can be had again. Pure. */

export const blows = [
  'kill-tejido',
  'kill-postgres',
  'kill-ehr',
  'kill-worker',
  'kill-redis',
  'flush-redis',
  'pause-tejido',
  'pause-worker',
  'batch-for-transaction',
  'race',
] as const;
export type Blow = (typeof blows)[number];

export type Strike = { readonly atMs: number; readonly blow: Blow };

export type ScheduleOptions = {
  readonly random: () => number;
  readonly durationMs: number;
  readonly workers: boolean;
  readonly redis: boolean;
};

/** The mean time between two strikes, beyond those that always come. */
const everyMs = 5_000;

/**
 * Every blow that is possible here at least once, those that kill the three main parts twice; then as many more as the
 * time allows. None in the first and the last twentieth.
 */
export function schedule({ random, durationMs, workers, redis }: ScheduleOptions): readonly Strike[] {
  const possible = blows.filter(
    (blow) => (workers || !blow.endsWith('-worker')) && (redis || !blow.endsWith('-redis')),
  );
  const main: readonly Blow[] = ['kill-tejido', 'kill-postgres', 'kill-ehr'];
  const more = Math.max(0, Math.round(durationMs / everyMs) - possible.length - main.length);
  const any = Array.from({ length: more }, () => possible[Math.floor(random() * possible.length)] as Blow);
  return [...possible, ...main, ...any]
    .map((blow) => ({ blow, atMs: Math.round(durationMs * (0.05 + 0.9 * random())) }))
    .sort((a, b) => a.atMs - b.atMs);
}

/** What the EHR does now and then all the time, in the terms of its own fault table. */
export const mood: readonly Readonly<Record<string, string | number>>[] = [
  { fault: 'latency', value: 40, p: 0.1 },
  { fault: 'status', value: 503, p: 0.01 },
  { fault: 'status', value: 429, p: 0.01 },
  { fault: 'status', value: 500, p: 0.01 },
  { fault: 'drop-before-commit', p: 0.01 },
  { fault: 'drop-after-commit', p: 0.02, on: 'write' },
  { fault: 'half-response', p: 0.01 },
  { fault: 'hang-after-commit', p: 0.002, on: 'write' },
];
