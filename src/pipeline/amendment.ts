/** What an amendment builds on. */
import type { Activity } from '../core/activity.ts';
import type { RecordName, Work } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { PrepareDeps } from './deps.ts';
import { amended, intentOf } from './intent.ts';

/** What an amendment changes: the record as it was filed, with the amendments before this one. */
export async function amendmentBase(
  record: RecordName,
  work: Pick<Work, 'messageId'>,
  patientKey: PatientKey,
  deps: Pick<PrepareDeps, 'read'> & { readonly ledger: Pick<PrepareDeps['ledger'], 'recordStates' | 'recordPayloads'> },
): Promise<Outcome<{ activity: Activity; generation: number; rewords: boolean }>> {
  const [target] = await deps.ledger.recordStates([record]);
  if (target?.latestMessage === undefined)
    return fail('record/target-unknown', 'The record to be amended has not arrived.');
  // Filed from this lane it would take the record back into the chart that it left.
  if (target.patientKey !== undefined && target.patientKey !== patientKey)
    return fail('record/target-unknown', 'The record to be amended is about another patient.');
  if (target.state === 'voided') return fail('record/voided', 'The record to be amended was voided.');
  // Held for its wording: an amendment is how its author rewords it.
  const rewords = target.state === 'held' && target.cause === 'gate/sensitive-text';
  if (target.state !== 'filed' && !rewords)
    return fail('lane/behind-failed', 'The record to be amended has not been filed.');
  const payloads = await deps.ledger.recordPayloads(record, work.messageId);
  let activity: Activity | undefined;
  for (const payload of payloads) {
    const read = deps.read(payload);
    if (!read.ok) return read;
    const intent = intentOf(read.value);
    if (!intent.ok) return intent;
    if (intent.value.do === 'file') activity = intent.value.activity;
    if (intent.value.do === 'amend' && activity !== undefined) activity = amended(activity, intent.value.changes);
  }
  if (activity === undefined) return fail('source/unreadable', 'The payload to be amended has aged out.');
  return ok({ activity, generation: target.generation, rewords });
}
