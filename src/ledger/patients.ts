/** Recognises the people of a batch, in order, and collects what has to be written about them. */
import { randomUUID } from 'node:crypto';
import { type Identity, identitiesOf, type KnownPerson, recognise } from '../core/person.ts';
import type { PatientKey } from '../core/model.ts';
import type { Failure } from '../core/outcome.ts';
import type { PatientIdentifiers } from '../core/ports.ts';

export type Recognised = { readonly key: PatientKey; readonly conflict?: undefined } | { readonly conflict: Failure };

export type PeopleOfBatch = {
  /** One for each item; undefined where the item names nobody. */
  readonly people: readonly (Recognised | undefined)[];
  readonly newPeople: readonly { readonly key: PatientKey; readonly dob: string | undefined }[];
  readonly newIdentities: readonly (Identity & { readonly key: PatientKey })[];
  readonly newDobs: readonly { readonly key: PatientKey; readonly dob: string }[];
  /** People whose MRN became known now: what waited for it may go on. */
  readonly learnt: readonly PatientKey[];
};

const label = (identity: Identity): string => `${identity.system}\n${identity.value}`;

/** All identifiers that a batch names, each once, in one order for everybody. */
export function identitiesOfBatch(given: readonly (PatientIdentifiers | undefined)[]): readonly Identity[] {
  const wanted = new Map<string, Identity>();
  for (const one of given) {
    for (const identity of one === undefined ? [] : identitiesOf(one)) wanted.set(label(identity), identity);
  }
  return [...wanted.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, identity]) => identity);
}

/** `known`: everybody who has one of these identifiers. Two items about a new patient in one batch are one person. */
export function recogniseAll(
  given: readonly (PatientIdentifiers | undefined)[],
  known: readonly KnownPerson[],
): PeopleOfBatch {
  const people = new Map<PatientKey, KnownPerson>();
  const byIdentity = new Map<string, PatientKey>();
  const remember = (person: KnownPerson): void => {
    people.set(person.key, person);
    for (const identity of person.identities) byIdentity.set(label(identity), person.key);
  };
  for (const person of known) remember(person);

  const newPeople: { key: PatientKey; dob: string | undefined }[] = [];
  const newIdentities: (Identity & { key: PatientKey })[] = [];
  const newDobs: { key: PatientKey; dob: string }[] = [];
  const learnt = new Set<PatientKey>();

  const results = given.map((one): Recognised | undefined => {
    if (one === undefined || identitiesOf(one).length === 0) return undefined;
    const keys = new Set(identitiesOf(one).flatMap((identity) => byIdentity.get(label(identity)) ?? []));
    const recognition = recognise(
      one,
      [...keys].flatMap((key) => people.get(key) ?? []),
    );
    if (recognition.kind === 'conflict') return { conflict: { cause: 'match/conflict', detail: recognition.detail } };
    const key = recognition.kind === 'known' ? recognition.key : (randomUUID() as PatientKey);
    const before = people.get(key);
    if (before === undefined) newPeople.push({ key, dob: one.dob });
    else if (before.dob === undefined && one.dob !== undefined) newDobs.push({ key, dob: one.dob });
    if (before !== undefined && recognition.learns.some((identity) => identity.system === 'mrn')) learnt.add(key);
    newIdentities.push(...recognition.learns.map((identity) => ({ ...identity, key })));
    const dob = before?.dob ?? one.dob;
    if (before === undefined || recognition.learns.length > 0 || before.dob !== dob) {
      remember({
        key,
        identities: [...(before?.identities ?? []), ...recognition.learns],
        ...(dob === undefined ? {} : { dob }),
        ...(before?.otherDobs === undefined ? {} : { otherDobs: before.otherDobs }),
      });
    }
    return { key };
  });
  newIdentities.sort((a, b) => (label(a) < label(b) ? -1 : 1));
  return { people: results, newPeople, newIdentities, newDobs, learnt: [...learnt] };
}
