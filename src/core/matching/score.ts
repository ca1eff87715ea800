/**
 * How far two descriptions are of one person: every feature with its points and a plain sentence. Points are added, as
 * weights of evidence; what is not known on one side is worth nothing. Symmetric. Pure.
 */
import { compareGiven, compareSurnames } from './compare.ts';
import type { Demographics } from './demographics.ts';
import { compareDobs, phonesOf, postalCodeOf, sexOf } from './details.ts';

/** Every finding, its default points, and what the front desk reads. */
const findings = {
  'chart.same': [30, 'Identifiers of both lead to the same chart.'],
  'given.same': [5, 'The given names are the same.'],
  'given.part': [3, 'One has more given names than the other; those both have are the same.'],
  'given.common-part': [1, 'They share a given name that many have; the other given names are missing on one side.'],
  'given.familiar': [3, 'One given name is a familiar or English form of the other.'],
  'given.similar': [2, 'The given names are written in almost the same way.'],
  'given.initial': [1, 'One side has only the initial of the given name.'],
  'given.sibling': [-2, 'They share one given name and differ in another, as brothers and sisters do.'],
  'given.differs': [-6, 'The given names are different.'],
  'surnames.both': [9, 'Both surnames are the same, in the same order.'],
  'surnames.swapped': [7, 'The surnames are the same, in another order.'],
  'surnames.only-one': [5, 'The one surname that is known is the same.'],
  'surnames.second-missing': [4.5, 'The first surname is the same; one side has no second one.'],
  'surnames.first-missing': [3.5, 'The only surname of one side is the second of the other.'],
  'surnames.similar': [5, 'The surnames are written in almost the same way.'],
  'surnames.married': [3, 'They share the surname of birth; one side has a married name.'],
  'surnames.one-differs': [0, 'They share one surname and differ in the other, as half-siblings and cousins do.'],
  'surnames.differs': [-8, 'The surnames are different.'],
  'dob.same': [8, 'The date of birth is the same.'],
  'dob.placeholder': [
    4,
    'The date of birth is the same, but the first of January is often written when nobody knows it.',
  ],
  'dob.partial': [3, 'The chart knows only a part of the date of birth; that part is the same.'],
  'dob.swapped': [4, 'The dates of birth agree when day and month are exchanged.'],
  'dob.one-digit': [3, 'The dates of birth differ in one digit.'],
  'dob.digits-turned': [3, 'The dates of birth agree when two neighbouring digits are exchanged.'],
  'dob.differs': [-8, 'The dates of birth are different.'],
  'sex.same': [1, 'The sex is the same.'],
  'sex.differs': [-6, 'The sex is different.'],
  'phone.same': [4, 'They have a telephone number in common.'],
  'phone.shared': [1, 'They have a telephone number in common, but others have it too: a family may share it.'],
  'phone.differs': [-0.5, 'The telephone numbers are different; people change them.'],
  'postalCode.same': [1, 'The postal code is the same.'],
  'postalCode.differs': [-1, 'The postal code is different.'],
} as const satisfies Record<string, readonly [points: number, says: string]>;

export type Finding = keyof typeof findings;
export type Weights = Readonly<Partial<Record<Finding, number>>>;

export type Feature = { readonly finding: Finding; readonly points: number; readonly says: string };

export type Comparison = { readonly score: number; readonly features: readonly Feature[] };

/** Not by likeness: identifiers of both lead to the same chart. */
export const sharedChart: Feature = {
  finding: 'chart.same',
  points: findings['chart.same'][0],
  says: findings['chart.same'][1],
};

export const allFindings = Object.entries(findings).map(([finding, [points, says]]) => ({
  finding: finding as Finding,
  points,
  says,
}));

/** `sharedPhone`: others are known by the same telephone number. `weights`: points other than the default ones. */
export function compare(a: Demographics, b: Demographics, weights: Weights = {}, sharedPhone = false): Comparison {
  const features = findingsOf(a, b, sharedPhone).map((finding): Feature => {
    const [points, says] = findings[finding];
    return { finding, points: weights[finding] ?? points, says };
  });
  return { features, score: features.reduce((sum, { points }) => sum + points, 0) };
}

function findingsOf(a: Demographics, b: Demographics, sharedPhone: boolean): readonly Finding[] {
  const found: Finding[] = [];
  const given = compareGiven(a.given, b.given);
  if (given !== undefined) found.push(`given.${given}`);
  const surnames = compareSurnames(a, b);
  if (surnames !== undefined) found.push(`surnames.${surnames}`);
  const dob = compareDobs(a.dob, b.dob);
  if (dob !== undefined) found.push(`dob.${dob}`);
  const [sexA, sexB] = [sexOf(a.sex), sexOf(b.sex)];
  if (sexA !== undefined && sexB !== undefined) found.push(sexA === sexB ? 'sex.same' : 'sex.differs');
  const [phonesA, phonesB] = [phonesOf(a.phones), phonesOf(b.phones)];
  if (phonesA.length > 0 && phonesB.length > 0) {
    const same = phonesA.some((phone) => phonesB.includes(phone));
    found.push(!same ? 'phone.differs' : sharedPhone ? 'phone.shared' : 'phone.same');
  }
  const [postA, postB] = [postalCodeOf(a.postalCode), postalCodeOf(b.postalCode)];
  if (postA !== undefined && postB !== undefined)
    found.push(postA === postB ? 'postalCode.same' : 'postalCode.differs');
  return found;
}
