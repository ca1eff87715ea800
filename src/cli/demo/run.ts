/** One demo from its plan to what became of it: the roster, the days one after the other, rest, and the reconciliation. */
import type { MessageTally, ProgrammeReport, Reconciliation } from '../../core/story.ts';
import type { Plan } from '../../demo/plan.ts';
import { atRest, type Summary, summarise } from '../../demo/summary.ts';
import type { CliLedger, Parts } from '../parts.ts';
import { type ProgressBar, startProgress } from '../progress.ts';
import { CommandError } from '../run.ts';
import { type Door, sendDay, sendRoster } from './doors.ts';
import { setMood } from './site.ts';

export type Took = {
  readonly messages: number;
  /** Expected in the EHR. */
  readonly resources: number;
  readonly rosterMs: number;
  readonly activitiesMs: number;
  readonly reconcileMs: number;
};

export type Outcome = {
  readonly summary: Summary;
  readonly reconciliation: Reconciliation;
  readonly report: ProgrammeReport;
  /** Nobody has acknowledged them: the demo has no nurse. */
  readonly redFlags: number;
  readonly took: Took;
};

/** So long may nothing at all move before the demo gives up. */
const stillMs = 90_000;
/** Of all days of sending these parts: the EHR is in a bad mood. */
const bad = { from: 0.3, to: 0.4 };
/** Waiting messages are let go down to so many before the next day is sent. */
const mostWaiting = 5_000;

export async function runDemo(
  parts: Parts,
  ledger: CliLedger,
  {
    door,
    ehr,
    plan,
    stop,
  }: { readonly door: Door; readonly ehr: string; readonly plan: Plan; readonly stop: AbortSignal },
): Promise<Outcome> {
  const bar = startProgress(parts.terminal, 'filed', plan.messages);
  try {
    const began = performance.now();
    let sent = await sendRoster(parts, door, plan.roster);
    const rostered = performance.now();
    const days = Map.groupBy(plan.deliveries, ({ day }) => day);
    for (const [day, deliveries] of days) {
      const isBad = day >= plan.days * bad.from && day < plan.days * bad.to;
      await setMood(ehr, isBad ? 'bad' : 'good');
      sent += await sendDay(parts, door, deliveries);
      const note = `day ${String(day + 1)} of ${String(plan.days)}${isBad ? ', the EHR in a bad mood' : ''}`;
      await settle(parts, ledger, bar, { waiting: mostWaiting, note, stop });
    }
    await setMood(ehr, 'good');
    const counts = await settle(parts, ledger, bar, { waiting: 0, note: 'all is sent', stop });
    const rested = performance.now();
    bar.end();
    const reconciliation = await ledger.reconcile({});
    const reconciled = performance.now();
    const held = plan.deliveries.flatMap((delivery) => delivery.held ?? []);
    const now = parts.clock();
    return {
      summary: summarise(counts, { sent, held }),
      reconciliation,
      report: await ledger.report({ from: new Date(now.getTime() - plan.days * 86_400_000), to: now, asOf: now }),
      redFlags: (await ledger.escalations.list({ state: 'running', limit: 500 }, true)).length,
      took: {
        messages: sent,
        resources: reconciliation.rows.reduce((sum, { expected }) => sum + expected, 0),
        rosterMs: rostered - began,
        activitiesMs: rested - rostered,
        reconcileMs: reconciled - rested,
      },
    };
  } finally {
    bar.end();
  }
}

/** Until no more than so many wait, or nothing moves any more. */
async function settle(
  parts: Parts,
  ledger: CliLedger,
  bar: ProgressBar,
  { waiting, note, stop }: { readonly waiting: number; readonly note: string; readonly stop: AbortSignal },
): Promise<readonly MessageTally[]> {
  let [most, moved] = [-1, performance.now()];
  for (;;) {
    if (stop.aborted) throw new CommandError('Stopped before all was filed.');
    const counts = await ledger.tally();
    const done = atRest(counts);
    bar.to(done, note);
    if (done > most) [most, moved] = [done, performance.now()];
    const open = counts.reduce((sum, { count }) => sum + count, 0) - done;
    if (open <= waiting || performance.now() - moved > stillMs) return counts;
    await parts.pause(250);
  }
}
