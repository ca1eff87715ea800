/** Whom the ledger and the EHR know who could be the one, as candidates: each human once. Pure. */
import type { PatientKey } from '../model.ts';
import type { Demographics } from './demographics.ts';
import type { Candidate, Other } from './judge.ts';

/** A person of the ledger. One entry for each way in which they are described. */
export type KnownAlike = {
  readonly person: PatientKey;
  /** Their Patient in the destination, once matched. */
  readonly reference?: string;
  readonly mrn?: string;
  readonly demographics?: Demographics;
  /** A source that knows this person and the one in question by two ids. */
  readonly sameSource: boolean;
};

/** A Patient of the EHR: described once for each name. */
export type ChartPatient = {
  readonly reference: string;
  readonly mrn?: string;
  readonly descriptions: readonly Demographics[];
};

/** What a candidate is known by, for those who reject it. */
export const targetsOf = ({ person, reference }: Pick<Candidate, 'person' | 'reference'>): readonly string[] => [
  ...(person === undefined ? [] : [`person:${person}`]),
  ...(reference === undefined ? [] : [`chart:${reference}`]),
];

/** `rejected`: targets that a person has said are somebody else. Who has no chart and no MRN is no candidate. */
export function candidatesOf(
  known: readonly KnownAlike[],
  charts: readonly ChartPatient[],
  rejected: ReadonlySet<string>,
): { readonly candidates: readonly Candidate[]; readonly others: readonly Other[] } {
  const people = new Map<PatientKey, KnownAlike & { descriptions: Demographics[] }>();
  for (const one of known) {
    const before = people.get(one.person);
    const descriptions = [
      ...(before?.descriptions ?? []),
      ...(one.demographics === undefined ? [] : [one.demographics]),
    ];
    people.set(one.person, { ...one, descriptions });
  }
  const all: Candidate[] = [];
  const taken = new Set<PatientKey>();
  for (const chart of charts) {
    const person = [...people.values()].find(
      ({ reference, mrn }) =>
        reference === chart.reference || (reference === undefined && mrn !== undefined && mrn === chart.mrn),
    );
    if (person !== undefined) taken.add(person.person);
    all.push({
      reference: chart.reference,
      ...(chart.mrn === undefined ? {} : { mrn: chart.mrn }),
      ...(person === undefined ? {} : { person: person.person }),
      descriptions: [...chart.descriptions, ...(person?.descriptions ?? [])],
      sameSource: person?.sameSource ?? false,
    });
  }
  for (const { person, reference, mrn, descriptions, sameSource } of people.values()) {
    if (taken.has(person)) continue;
    all.push({
      person,
      ...(reference === undefined ? {} : { reference }),
      ...(mrn === undefined ? {} : { mrn }),
      descriptions,
      sameSource,
    });
  }
  const isCandidate = (one: Candidate): boolean =>
    (one.reference !== undefined || one.mrn !== undefined) && !targetsOf(one).some((target) => rejected.has(target));
  return { candidates: all.filter(isCandidate), others: all.filter((one) => !isCandidate(one)) };
}
