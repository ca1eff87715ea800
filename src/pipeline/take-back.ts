/** Withdrawing: a void, a record that was voided, what an attempt with a lost answer may have left in a chart. */
import type { Activity } from '../core/activity.ts';
import { noFacts } from '../core/fact.ts';
import type { OwnedLink, PersonContext, RecordName, Work } from '../core/lane.ts';
import { nobody, type PatientKey } from '../core/model.ts';
import { type Failure, ok, type Outcome } from '../core/outcome.ts';
import { planSteps, voidSteps, withoutKept } from '../core/plan.ts';
import type { FilingStep } from '../core/ports.ts';
import { contextOf } from './context.ts';
import type { PrepareDeps } from './deps.ts';
import { derivedWithout } from './derive.ts';
import type { Intent } from './intent.ts';
import { mapAndValidate } from './map-and-validate.ts';
import { open, type Prepared, stop } from './prepared.ts';
import { isOf, split, stands } from './standing.ts';

export async function prepareVoid(
  record: RecordName,
  activity: Activity,
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
): Promise<Prepared> {
  const own = work.source === record.source && work.recordId === record.recordId;
  const [target] = own ? [] : await deps.ledger.recordStates([record]);
  if (!own && target?.latestMessage === undefined) {
    return stop({ cause: 'record/target-unknown', detail: 'The record to be voided has not arrived.' });
  }
  if (target?.kind === 'amend') return stop(amendmentVoided);
  if (target?.state !== undefined && open.has(target.state)) {
    return stop({ cause: 'record/target-unknown', detail: 'The record to be voided is not settled yet.' });
  }
  // No person: only the record's own links are wanted.
  const links = own ? person.links : (await deps.ledger.personContext(nobody, '-', [record])).links;
  const mine = [...split(links, record).mine.values()];
  const again = work.anew ? links.filter((link) => isOf(link, record) && !stands(link)) : [];
  // What was taken back before, and is asked for again, stands in the EHR all the same.
  const voided = voidSteps([...mine, ...again.map((link): OwnedLink => ({ ...link, action: 'updated' }))]);
  const derived = derivedWithout(record, activity, work, patientKey, person, deps);
  if (!derived.ok) return stop(derived.failure);
  const notice = voided.length === 0 ? ok([]) : noticeOf(activity, work, patientKey, person, deps);
  if (!notice.ok) return stop(notice.failure);
  const taken = withoutKept(voided, derived.value);
  const gone = new Set(taken.map(({ artifact }) => artifact));
  const steps = [...notice.value, ...derived.value.filter(({ artifact }) => !gone.has(artifact)), ...taken];
  return { do: 'file', record, steps, facts: [], voids: record };
}

/** What the chart is told of a withdrawal, beside the marks. It is nobody's to take back with the record. */
function noticeOf(
  activity: Activity,
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
): Outcome<readonly FilingStep[]> {
  if (person.patient === undefined || deps.mapper.mapOf('void') === undefined) return ok([]);
  const { schemaVersion, programmeId, source, occurredAt, subject, performer } = activity;
  const reason = activity.details?.['reason'] ?? activity['voidReason'];
  const told: Activity = {
    ...{ schemaVersion, programmeId, source, occurredAt, performer },
    ...(subject === undefined ? {} : { subject }),
    activityType: 'void',
    status: 'completed',
    details: { reason },
  };
  const record = { source: source.systemId, recordId: source.recordId };
  const generation = work.record?.generation ?? 1;
  const context = contextOf(told, record, generation, person.patient, work, patientKey, person, noFacts, deps);
  const mapped = mapAndValidate(told, deps, context);
  if (!mapped.ok) return mapped;
  const standing = new Map(person.links.filter(stands).map((link) => [link.artifact, link]));
  const { steps } = planSteps(mapped.value, new Map(), standing, deps.programme.artifactSystem);
  return ok(steps.map((step) => (step.do === 'put' ? { ...step, shared: true } : step)));
}

/** What it changed is not kept apart: a void that did nothing would look as if it had. */
const amendmentVoided: Failure = {
  cause: 'activity/invalid',
  detail: 'An amendment cannot be voided. Amend the record again, or send a newer version of it.',
};

/** The record was voided: before it was filed, it never will be; a later version asks a person. */
export function prepareVoided(work: Work, voidedBy: string, person: PersonContext): Prepared {
  const emitted = person.links.some((link) => link.source === work.source && link.recordId === work.recordId);
  if (!emitted || BigInt(voidedBy) > BigInt(work.messageId)) return { do: 'settle', state: 'voided' };
  return stop({ cause: 'record/voided', detail: `Voided by message ${voidedBy}.` });
}

export const isVoidedSince = ({ record, messageId }: Work): boolean =>
  record?.voidedBy !== undefined && BigInt(record.voidedBy) > BigInt(messageId);

/** The version that counts is about somebody else: this one stands, if at all, in the wrong chart. */
export const isMoved = (work: Work, patientKey: PatientKey): boolean =>
  work.record?.patientKey !== undefined && work.record.patientKey !== patientKey;

export const behindAnotherChart: Failure = {
  cause: 'send/write-race',
  detail: 'The version before is on its way in the chart of another patient.',
  retryAfterMs: 1_000,
};

/**
 * Voided, or moved to another patient, before it was known to be filed; but the answer to an attempt was lost, and what
 * it asked for may stand. It is looked for by its identifiers, and marked. Which generation the attempt wrote is not
 * recorded: every one up to `upTo` is looked for.
 */
export function takeBack(
  intent: Intent,
  upTo: number,
  as: 'superseded' | 'voided',
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
): Prepared {
  if (intent.do !== 'file') return { do: 'settle', state: as };
  const { activity, record } = intent;
  const patient = person.patient ?? { reference: 'Patient/unknown' };
  const { mine, others } = split(person.links, record);
  const steps = new Map<string, FilingStep>();
  for (let generation = 1; generation <= upTo; generation += 1) {
    const context = contextOf(activity, record, generation, patient, work, patientKey, person, noFacts, deps);
    const mapped = deps.mapper.map(activity, context);
    // What cannot be mapped was never sent.
    if (!mapped.ok) return { do: 'settle', state: as };
    for (const { artifact, do: how, resource } of mapped.value) {
      if (how !== 'put' || others.has(artifact)) continue;
      const known = mine.get(artifact);
      const step = {
        do: 'void',
        artifact,
        resourceType: resource.resourceType,
        was: resource,
        ...(person.patient === undefined ? {} : { subject: person.patient.reference }),
      } as const;
      steps.set(artifact, known === undefined ? step : { ...step, known });
    }
  }
  return { do: 'file', record, steps: [...steps.values()].reverse(), facts: [], as };
}
