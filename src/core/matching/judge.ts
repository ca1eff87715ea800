/**
 * Which of the candidates it is: certain, unsure, or none. Certain takes full names, the full date of birth and a
 * telephone number of their own that agree, nothing that contradicts, and nobody else who comes near. Pure.
 */
import type { PatientKey } from '../model.ts';
import type { Demographics } from './demographics.ts';
import { phonesOf } from './details.ts';
import { compare, type Comparison, type Feature, type Finding, type Weights } from './score.ts';

export type MatchingRules = {
  /** `certain`: what is certain is linked without a person. `never`: a person decides always. */
  readonly automatic: 'certain' | 'never';
  /** Points from which a candidate is shown to a person. */
  readonly review: number;
  /** Points that certainty takes at least, beside what must agree. */
  readonly certain: number;
  /** A runner-up with fewer points than this below the best makes it unsure. */
  readonly margin: number;
  readonly weights: Weights;
};

/** Somebody it could be: a person the ledger knows, a chart of the EHR, or both as one. */
export type Candidate = {
  /** Our own id, when the ledger knows them. */
  readonly person?: PatientKey;
  /** `Patient/…` in the destination, when their chart is known. */
  readonly reference?: string;
  readonly mrn?: string;
  /** As the chart and each source describe them. */
  readonly descriptions: readonly Demographics[];
  /** The same source already calls this person by another id. */
  readonly sameSource: boolean;
};

/** Somebody who is known, and whose chart is not: no candidate, but their telephone number is theirs. */
export type Other = Pick<Candidate, 'descriptions' | 'sameSource'>;

export type Judged = Omit<Candidate, 'descriptions'> & {
  /** The description that agrees best. */
  readonly demographics: Demographics;
  readonly class: 'certain' | 'unsure';
  readonly score: number;
  readonly features: readonly Feature[];
  /** Why it is not certain, when all features would have it so. */
  readonly doubts: readonly string[];
};

const musts: readonly Finding[] = ['given.same', 'surnames.both', 'dob.same', 'phone.same'];
const isContradiction = ({ finding }: Feature): boolean => finding.endsWith('.differs') || finding === 'given.sibling';

export const sameSourceDoubt = 'The same source already knows this patient by another id.';
const runnerUpDoubt = 'Somebody else comes near.';
const otherwiseDoubt = 'The chart and a source describe this patient differently.';

/** The best first, ten at most; those below `review` are left out. At most one is certain: the first. */
export function judge(
  about: Demographics,
  candidates: readonly Candidate[],
  others: readonly Other[],
  rules: MatchingRules,
): readonly Judged[] {
  const owners = phoneOwners(about, [...candidates, ...others], rules);
  const ranked = candidates
    .flatMap((candidate) => {
      const shared = owners.some((owner) => owner !== candidate);
      const all = candidate.descriptions
        .map((described) => ({ described, ...compare(about, described, rules.weights, shared) }))
        .toSorted((a, b) => b.score - a.score);
      const [best] = all;
      return best === undefined ? [] : [{ candidate, all, ...best }];
    })
    .filter(({ score }) => score >= rules.review)
    .toSorted((a, b) => b.score - a.score || order(a.candidate, b.candidate));
  return ranked.slice(0, 10).map(({ candidate, described, score, features, all }, rank): Judged => {
    const { descriptions: _, ...who } = candidate;
    const agrees = rank === 0 && isCertain({ score, features }, rules);
    const next = ranked[1];
    const doubts = [
      ...(candidate.sameSource ? [sameSourceDoubt] : []),
      ...(agrees && next !== undefined && next.score > score - rules.margin ? [runnerUpDoubt] : []),
      ...(agrees && all.some((other) => other.features.some(isContradiction)) ? [otherwiseDoubt] : []),
    ];
    const certain = agrees && doubts.length === 0;
    return { ...who, demographics: described, score, features, doubts, class: certain ? 'certain' : 'unsure' };
  });
}

function isCertain({ score, features }: Comparison, rules: MatchingRules): boolean {
  const found = features.map(({ finding }) => finding);
  return score >= rules.certain && musts.every((must) => found.includes(must)) && !features.some(isContradiction);
}

/**
 * Everybody who has a telephone number of this person and is, by all else, somebody else: a brother, a child. Who is the
 * same by all else may be the same, unless their source tells the two apart.
 */
function phoneOwners(about: Demographics, everybody: readonly Other[], rules: MatchingRules): readonly Other[] {
  const mine = phonesOf(about.phones);
  return everybody.filter(
    ({ descriptions, sameSource }) =>
      descriptions.some(({ phones }) => phonesOf(phones).some((phone) => mine.includes(phone))) &&
      (sameSource || descriptions.every((each) => compare(about, each, rules.weights).score < rules.certain)),
  );
}

/** Any order will do, as long as it is always the same. */
const order = (a: Pick<Candidate, 'person' | 'reference'>, b: Pick<Candidate, 'person' | 'reference'>): number =>
  `${a.person ?? ''} ${a.reference ?? ''}` < `${b.person ?? ''} ${b.reference ?? ''}` ? -1 : 1;
