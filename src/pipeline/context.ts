/** All that a map may read beside the activity. */
import type { Activity } from '../core/activity.ts';
import { recordKey, subjectKey } from '../core/artifact.ts';
import type { FactView } from '../core/fact.ts';
import type { PersonContext, RecordName, Work } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { standingNames } from '../core/person-artifacts.ts';
import type { FoundPatient, MappingContext } from '../core/ports.ts';
import type { PrepareDeps } from './deps.ts';
import { isReferable, stands } from './standing.ts';

export function contextOf(
  activity: Activity,
  record: RecordName,
  generation: number,
  patient: FoundPatient,
  work: Pick<Work, 'receivedAt'>,
  patientKey: PatientKey,
  person: Pick<PersonContext, 'links' | 'aliases'>,
  facts: FactView,
  deps: Pick<PrepareDeps, 'performer' | 'programme'>,
): MappingContext {
  const subject = subjectKey(patientKey);
  const filed = Object.fromEntries(
    person.links
      .filter(stands)
      .filter(isReferable)
      .map((link) => [link.artifact, link.reference]),
  );
  for (const [name, standing] of standingNames(subject, person.aliases, person.links)) {
    const reference = filed[standing];
    if (reference !== undefined) filed[name] = reference;
  }
  return {
    patient,
    performer: deps.performer(activity.source.systemId, activity.performer.sourceUserId),
    programme: deps.programme,
    recordKey: recordKey(record.source, record.recordId, generation),
    subjectKey: subject,
    receivedAt: work.receivedAt.toISOString(),
    filed,
    facts,
  };
}
