/** Alive, and ready: ready means that accepted work moves, not that a process exists. Pure decisions over readings. */

export type DestinationReading = {
  readonly id: string;
  readonly state: 'open' | 'paused' | 'circuit-open' | 'auth-failed';
};

export type Readings = {
  /** The ledger committed a write, or answered that it can, within its limit. */
  readonly ledgerWritable: boolean;
  /** How long the oldest due work has been due, in ms; undefined: none is due; 'unknown': could not be asked. */
  readonly oldestDueMs: number | undefined | 'unknown';
  readonly oldestDueLimitMs: number;
  readonly wakeHealthy: boolean;
  readonly destinations: readonly DestinationReading[];
  readonly stopping: boolean;
};

type Check = { readonly name: string; readonly ok: boolean; readonly blocks: boolean; readonly says: string };

export type Readiness = {
  readonly status: 200 | 503;
  readonly ready: boolean;
  readonly checks: readonly Check[];
};

const progress = (oldest: Readings['oldestDueMs'], limitMs: number): Check => {
  const check = (ok: boolean, says: string): Check => ({ name: 'progress', ok, blocks: true, says });
  if (oldest === 'unknown') return check(false, 'The ledger did not say how old the oldest due work is.');
  if (oldest === undefined) return check(true, 'Nothing is due.');
  const seconds = Math.round(oldest / 1_000);
  return oldest <= limitMs
    ? check(true, `The oldest due work has waited ${seconds} s.`)
    : check(false, `The oldest due work has waited ${seconds} s; the limit is ${Math.round(limitMs / 1_000)} s.`);
};

const says: Record<DestinationReading['state'], string> = {
  open: 'Takes work.',
  paused: 'Paused by an operator; resume it when ready.',
  'circuit-open': 'Does not answer; it is tried again by itself.',
  'auth-failed': 'Does not accept our credentials; correct them, then resume it.',
};

/**
 * Wake-ups that are down and destinations that do not answer are told, but do not take the doors out of service: what
 * is accepted is safe in the ledger and waits.
 */
export const readiness = (readings: Readings): Readiness => {
  const checks: readonly Check[] = [
    {
      name: 'ledger',
      ok: readings.ledgerWritable,
      blocks: true,
      says: readings.ledgerWritable ? 'The ledger commits.' : 'The ledger cannot be written.',
    },
    progress(readings.oldestDueMs, readings.oldestDueLimitMs),
    {
      name: 'wake',
      ok: readings.wakeHealthy,
      blocks: false,
      says: readings.wakeHealthy
        ? 'Wake-ups arrive.'
        : 'The wake-up queue is away; each process looks for work itself.',
    },
    ...readings.destinations.map(({ id, state }) => ({
      name: `destination:${id}`,
      ok: state === 'open',
      blocks: false,
      says: says[state],
    })),
    {
      name: 'running',
      ok: !readings.stopping,
      blocks: true,
      says: readings.stopping ? 'Stopping: no new work is taken.' : 'Running.',
    },
  ];
  const ready = checks.every(({ ok, blocks }) => ok || !blocks);
  return { status: ready ? 200 : 503, ready, checks };
};

/** `/healthz`: the process answers. */
export const liveness = (startedAt: Date, now: Date): { readonly status: 'ok'; readonly uptimeSeconds: number } => ({
  status: 'ok',
  uptimeSeconds: Math.max(0, Math.floor((now.getTime() - startedAt.getTime()) / 1_000)),
});
