/**
 * Whom a message is about, by identifiers alone. Pure. Never a guess: identifiers that belong to different people, a
 * second MRN for one person, or a second person of one source on one MRN go to a human.
 */
import type { PatientKey } from './model.ts';
import type { PatientIdentifiers } from './ports.ts';

/** `system` is `mrn` or `source:<name>`. */
export type Identity = { readonly system: string; readonly value: string };

export type KnownPerson = {
  readonly key: PatientKey;
  readonly dob?: string;
  /** Other dates that were given for this person, and that somebody who linked them has seen. */
  readonly otherDobs?: readonly string[];
  readonly identities: readonly Identity[];
};

export type Recognition =
  | { readonly kind: 'known'; readonly key: PatientKey; readonly learns: readonly Identity[] }
  | { readonly kind: 'new'; readonly learns: readonly Identity[] }
  | { readonly kind: 'conflict'; readonly detail: string };

export function identitiesOf(given: PatientIdentifiers): readonly Identity[] {
  const identities: Identity[] = [];
  if (given.sourcePatientId !== undefined) {
    identities.push({ system: `source:${given.source}`, value: given.sourcePatientId });
  }
  if (given.mrn !== undefined) identities.push({ system: 'mrn', value: given.mrn });
  return identities;
}

const same = (a: Identity, b: Identity): boolean => a.system === b.system && a.value === b.value;

const isDobOf = (person: KnownPerson, dob: string): boolean =>
  person.dob === dob || person.otherDobs?.includes(dob) === true;

/** `known`: everybody who has one of the identifiers given. */
export function recognise(given: PatientIdentifiers, known: readonly KnownPerson[]): Recognition {
  const identities = identitiesOf(given);
  const [person, other] = known;
  if (person === undefined) return { kind: 'new', learns: identities };
  if (other !== undefined)
    return { kind: 'conflict', detail: 'The MRN and the source patient id belong to two people.' };
  if (given.dob !== undefined && person.dob !== undefined && !isDobOf(person, given.dob)) {
    return { kind: 'conflict', detail: 'The date of birth differs from the one given before.' };
  }
  const learns = identities.filter((identity) => !person.identities.some((has) => same(has, identity)));
  const contradicted = learns.find((identity) => person.identities.some((has) => has.system === identity.system));
  if (contradicted !== undefined) {
    return {
      kind: 'conflict',
      detail:
        contradicted.system === 'mrn'
          ? 'This source patient was known by another MRN.'
          : 'This MRN was known with another patient of the same source.',
    };
  }
  return { kind: 'known', key: person.key, learns };
}
