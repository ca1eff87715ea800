/**
 * Watches progress, not liveness: the age of the oldest work that is due. It uses plain timers and the ledger, nothing
 * of BullMQ, because what it guards against is BullMQ having stopped while it says that it runs.
 */
import type { Log } from '../core/ports.ts';

type WatchdogState =
  /** Nothing is due, or nothing for longer than the limit. */
  | { readonly state: 'fine'; readonly ageMs: number; readonly heals: number }
  /** Due work is older than the limit. */
  | { readonly state: 'late'; readonly ageMs: number; readonly heals: number }
  /** The ledger could not be asked. */
  | { readonly state: 'blind'; readonly heals: number };

export type Watchdog = { stop: () => void; state: () => WatchdogState };

export type WatchdogVerdict = { readonly state: WatchdogState['state']; readonly heal: boolean };

/** Pure. Heals at once when work becomes late, then again each time it stayed late for another `limitMs`. */
export const judge = (
  reading: { readonly ageMs: number } | 'unreadable',
  limitMs: number,
  sinceHealMs: number | undefined,
): WatchdogVerdict => {
  if (reading === 'unreadable') return { state: 'blind', heal: false };
  if (reading.ageMs <= limitMs) return { state: 'fine', heal: false };
  return { state: 'late', heal: sinceHealMs === undefined || sinceHealMs >= limitMs };
};

/**
 * @param options.oldestDueMs how long the oldest due work has been due, in ms; undefined when none is due
 * @param options.limitMs the age from which something must be wrong
 * @param options.heal rebuilds the wake-ups and looks for work; called again while work stays late, at most once each `limitMs`
 */
export function startWatchdog(options: {
  readonly oldestDueMs: () => Promise<number | undefined>;
  readonly limitMs: number;
  readonly everyMs: number;
  readonly heal: (reason: string) => Promise<void>;
  readonly log: Log;
}): Watchdog {
  const { oldestDueMs, limitMs, everyMs, heal, log } = options;
  let state: WatchdogState = { state: 'fine', ageMs: 0, heals: 0 };
  let healedAt: number | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const read = async (): Promise<{ readonly ageMs: number } | 'unreadable'> => {
    let deadline: NodeJS.Timeout | undefined;
    const asked = oldestDueMs().then(
      (ageMs) => ({ ageMs: ageMs ?? 0 }),
      () => 'unreadable' as const,
    );
    const tooLate = new Promise<'unreadable'>((resolve) => {
      deadline = setTimeout(resolve, Math.max(everyMs, 5_000), 'unreadable');
      deadline.unref();
    });
    try {
      return await Promise.race([asked, tooLate]);
    } finally {
      clearTimeout(deadline);
    }
  };

  const tick = async (): Promise<void> => {
    const reading = await read();
    if (stopped) return;
    const sinceHeal = healedAt === undefined ? undefined : performance.now() - healedAt;
    const verdict = judge(reading, limitMs, sinceHeal);
    const heals = state.heals + (verdict.heal ? 1 : 0);
    const ageMs = reading === 'unreadable' ? 0 : reading.ageMs;
    if (verdict.state !== state.state) {
      log(verdict.state === 'fine' ? 'info' : 'warn', `watchdog.${verdict.state}`, { ageMs, limitMs });
    }
    state = verdict.state === 'blind' ? { state: 'blind', heals } : { state: verdict.state, ageMs, heals };
    if (verdict.state === 'fine') healedAt = undefined;
    if (!verdict.heal) return;
    healedAt = performance.now();
    log('warn', 'watchdog.heal', { ageMs, limitMs, count: heals });
    const healed = heal('due-work-is-late').catch((error: unknown) => {
      log('error', 'watchdog.heal-failed', { error });
    });
    // A healing that hangs must not end the watch.
    let deadline: NodeJS.Timeout | undefined;
    const tooLong = new Promise((resolve) => {
      deadline = setTimeout(resolve, limitMs);
      deadline.unref();
    });
    await Promise.race([healed, tooLong]);
    clearTimeout(deadline);
  };

  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void tick().finally(next), everyMs);
    timer.unref();
  };
  next();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
    state: () => state,
  };
}
