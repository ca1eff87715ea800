/** The end of a demo, as a programme manager reads it. */
import { causeOf } from '../../core/causes.ts';
import type { Summary } from '../../demo/summary.ts';
import { duration, table } from '../format.ts';
import type { Took } from './run.ts';

export const summaryText = ({ kinds, total, held }: Summary): string => {
  const row = (name: string, { accepted, filed, held: stopped, failed, superseded, voided }: Summary['total']) => [
    name, accepted, filed, stopped, failed, superseded, voided,
  ]; // prettier-ignore
  return [
    table(
      ['KIND', 'RECEIVED', 'FILED', 'HELD', 'FAILED', 'SUPERSEDED', 'VOIDED'],
      [...kinds.map(({ kind, tally }) => row(kind, tally)), row('total', total)],
    ),
    ...(held.length === 0 ? [] : ['', 'Held, as it should be; a person or an event must act first:']),
    ...held.flatMap(({ cause, count }) => [
      `  ${String(count)} × ${causeOf(cause).says} [${cause}]`,
      `      ${causeOf(cause).next}`,
    ]),
  ].join('\n');
};

export const tookText = ({ messages, resources, rosterMs, activitiesMs, reconcileMs }: Took): string =>
  `It took ${duration(rosterMs)} to take the roster, ${duration(activitiesMs)} more until all ${String(messages)} messages were ` +
  `at rest (${(messages / ((rosterMs + activitiesMs) / 1_000)).toFixed(0)}/s), and ${duration(reconcileMs)} to reconcile ${String(resources)} resources.`;
