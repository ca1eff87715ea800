/** What a map was given for a message of the past: its activity and context, as `prepare` makes them. */
import type { Activity } from '../core/activity.ts';
import { recordKey, subjectKey } from '../core/artifact.ts';
import { factsAround, factsOf } from '../core/fact.ts';
import type { PersonContext, RecordName, Work } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { MappingContext } from '../core/ports.ts';
import type { PrepareDeps } from './deps.ts';
import { amended, intentOf } from './intent.ts';
import { amendmentBase } from './amendment.ts';
import { contextOf } from './context.ts';

export type Replayed = { readonly activity: Activity; readonly context: MappingContext };

export type ReplayDeps = Pick<PrepareDeps, 'read' | 'ignores' | 'performer' | 'programme'> & {
  readonly ledger: Pick<PrepareDeps['ledger'], 'personContext' | 'recordStates' | 'recordPayloads'>;
};

type Past = Pick<Work, 'messageId' | 'source' | 'recordId' | 'format' | 'contentType' | 'receivedAt' | 'body'> & {
  readonly patientKey: PatientKey;
  readonly generation: number;
};

/** Undefined when no map was asked: a void, a form that is not filed. A failure when it cannot be read any more. */
export async function replay(past: Past, deps: ReplayDeps): Promise<Outcome<Replayed> | undefined> {
  if (past.body === undefined) return fail('source/unreadable', 'The payload has aged out.');
  const payload = { ...past, body: past.body };
  if (deps.ignores(payload)) return undefined;
  const read = deps.read(payload);
  if (!read.ok) return read;
  const intent = intentOf(read.value);
  if (!intent.ok) return intent;
  if (intent.value.do === 'void') return undefined;
  const { record } = intent.value;
  const person = await personOf(past.patientKey, record, deps);
  const given = (activity: Activity, generation: number): Outcome<Replayed> => {
    const { patient = unmatched } = person;
    const told = factsOf(activity, recordKey(record.source, record.recordId, generation));
    const facts = factsAround(record, told, person.facts);
    const context = contextOf(activity, record, generation, patient, past, past.patientKey, person, facts, deps);
    return ok({ activity, context });
  };
  if (intent.value.do === 'file') return given(intent.value.activity, past.generation);
  const base = await amendmentBase(record, past, past.patientKey, deps);
  if (!base.ok) return base;
  return given(amended(base.value.activity, intent.value.changes), base.value.generation);
}

const unmatched = { reference: 'Patient/unknown' };

const personOf = (patient: PatientKey, record: RecordName, deps: ReplayDeps): Promise<PersonContext> =>
  deps.ledger.personContext(patient, subjectKey(patient), [record]);
