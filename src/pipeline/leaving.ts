/**
 * A record that moved to another person (an edit, or an identifier un-linked from a chart) leaves nothing standing in
 * the chart it came from, also while it must wait in the new one.
 */
import { recordKey, subjectKey } from '../core/artifact.ts';
import { causeOf } from '../core/causes.ts';
import type { PersonContext, RecordName, Work } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { voidSteps, withoutKept } from '../core/plan.ts';
import type { FilingStep } from '../core/ports.ts';
import type { PrepareDeps } from './deps.ts';
import { intentOf } from './intent.ts';
import { leftBehind } from './derive.ts';
import type { Prepared } from './prepared.ts';

/** The record of this message, if it came from another person and nothing of it is on its way there any more. */
export async function movedHere(
  prepared: Prepared,
  work: Work,
  patientKey: PatientKey,
  { ledger }: Pick<PrepareDeps, 'ledger'>,
): Promise<{ readonly record: RecordName; readonly generation: number } | undefined> {
  if (work.recordId === undefined || work.record === undefined || work.record.generation < 2) return undefined;
  if (work.record.latestMessage !== work.messageId || prepared.do === 'settle') return undefined;
  if (prepared.do === 'stop' && causeOf(prepared.failure.cause).class !== 'held') return undefined;
  const record = { source: work.source, recordId: work.recordId };
  const elsewhere = await ledger.inFlightElsewhere(record, patientKey);
  return elsewhere ? undefined : { record, generation: work.record.generation };
}

export async function leaving(
  prepared: Prepared,
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
): Promise<Prepared> {
  const moved = await movedHere(prepared, work, patientKey, deps);
  if (moved === undefined || prepared.do === 'settle') return prepared;
  const { record, generation } = moved;
  const here = [recordKey(record.source, record.recordId, generation), ...[subjectKey(patientKey), ...person.aliases]];
  const standing = (await deps.ledger.ownedLinks(record)).filter(
    ({ artifact }) => !here.some((key) => artifact.startsWith(`${key}.`)),
  );
  const planned = new Set(prepared.do === 'file' ? prepared.steps.map(({ artifact }) => artifact) : []);
  const voids = voidSteps(standing).filter(({ artifact }) => !planned.has(artifact));
  if (prepared.do === 'file')
    return voids.length === 0 ? prepared : { ...prepared, steps: [...voids, ...prepared.steps] };
  const again = await derived(record, work, patientKey, deps);
  const taken = withoutKept(voids, again);
  const gone = new Set(taken.map(({ artifact }) => artifact));
  const steps = [...again.filter(({ artifact }) => !gone.has(artifact)), ...taken];
  return steps.length === 0 ? prepared : { do: 'file', record, steps, facts: [], waits: prepared.failure };
}

/** What was derived of it for those it left, derived again without it. What cannot be read any more derives nothing. */
async function derived(
  record: RecordName,
  work: Work,
  patientKey: PatientKey,
  deps: PrepareDeps,
): Promise<readonly FilingStep[]> {
  if (work.body === undefined) return [];
  const read = deps.read({ ...work, body: work.body });
  if (!read.ok) return [];
  const intent = intentOf(read.value);
  if (!intent.ok || intent.value.do !== 'file') return [];
  const left = await leftBehind(record, intent.value.activity, work, patientKey, deps);
  return left.ok ? left.value : [];
}
