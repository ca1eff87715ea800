/** What a record says of a person, and what follows of it together with what others say. */
import type { Activity } from '../core/activity.ts';
import { recordKey, subjectKey } from '../core/artifact.ts';
import { type Fact, factsAround, factsOf, factsOn, type FactView, wholeKinds } from '../core/fact.ts';
import type { PersonContext, RecordName, Work } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import { standingNames, underStandingNames } from '../core/person-artifacts.ts';
import { planSteps, withdrawnSteps } from '../core/plan.ts';
import type { FilingStep, Mapper } from '../core/ports.ts';
import { contextOf } from './context.ts';
import type { PrepareDeps } from './deps.ts';
import { mapAndValidate } from './map-and-validate.ts';
import { stands } from './standing.ts';

/** What the activity says; a contact, with the functions that it served. */
export function toldBy(
  activity: Activity,
  record: RecordName,
  generation: number,
  person: PersonContext,
  mapper: Mapper,
): readonly Fact[] {
  const told = factsOf(activity, recordKey(record.source, record.recordId, generation));
  if (!told.some(({ kind }) => kind === 'contact')) return told;
  const { others } = factsAround(record, [], person.facts);
  const functions = mapper.functionsOf(activity, others).map(({ code }) => code);
  return told.map((fact) => (fact.kind === 'contact' ? { ...fact, data: { ...fact.data, functions } } : fact));
}

/** Artifacts of what was derived of facts that nobody tells any more. */
export const untold = (facts: FactView, subjects: readonly string[]): readonly string[] =>
  facts.touched
    .filter((topic) => factsOn(topic, facts).length === 0)
    .flatMap(({ kind, key }) =>
      subjects.flatMap((subject) => [
        `${subject}.${kind}.${key}`,
        ...(wholeKinds.has(kind) ? [`${subject}.${key}`] : []),
      ]),
    );

/** What was derived with the help of a record that says nothing any more, derived again without it. */
export function derivedWithout(
  record: RecordName,
  activity: Activity,
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
): Outcome<readonly FilingStep[]> {
  const facts = factsAround(record, [], person.facts);
  if (facts.touched.length === 0 || person.patient === undefined) return ok([]);
  const subject = subjectKey(patientKey);
  const context = contextOf(activity, record, 1, person.patient, work, patientKey, person, facts, deps);
  const made = mapAndValidate(undefined, deps, context);
  if (!made.ok) return made;
  const mapped = underStandingNames(made.value, standingNames(subject, person.aliases, person.links));
  const standing = new Map(person.links.filter(stands).map((link) => [link.artifact, link]));
  const { steps } = planSteps(mapped, new Map(), standing, deps.programme.artifactSystem);
  return ok([...steps, ...withdrawnSteps(person.links, untold(facts, [subject, ...person.aliases]))]);
}

/** The record was said of somebody else before: what was derived for them of it, derived again without it. */
export async function leftBehind(
  record: RecordName,
  activity: Activity,
  work: Work,
  patientKey: PatientKey,
  deps: PrepareDeps,
): Promise<Outcome<readonly FilingStep[]>> {
  const steps: FilingStep[] = [];
  for (const other of await deps.ledger.peopleTold(record)) {
    if (other === patientKey) continue;
    const person = await deps.ledger.personContext(other, subjectKey(other), [record]);
    const derived = derivedWithout(record, activity, work, other, person, deps);
    if (!derived.ok) return derived;
    steps.push(...derived.value);
  }
  return ok(steps);
}
