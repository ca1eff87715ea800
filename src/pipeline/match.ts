/**
 * Who is the patient in this EHR? By what is known already, by identifiers, then by name and number: what is certain is
 * linked once the lane is given back, what is not waits for a person. Never filed on a guess.
 */
import type { PersonContext, Work } from '../core/lane.ts';
import { candidatesOf, type ChartPatient } from '../core/matching/candidates.ts';
import { canMatch, type Demographics } from '../core/matching/demographics.ts';
import { searchKeys } from '../core/matching/blocking.ts';
import { judge, type Judged, sameSourceDoubt } from '../core/matching/judge.ts';
import { sharedChart } from '../core/matching/score.ts';
import type { Exchange, PatientKey } from '../core/model.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { FoundPatient, PatientIdentifiers } from '../core/ports.ts';
import type { PrepareDeps } from './deps.ts';

/** What came of looking for a person by name and number. */
export type Look = { readonly candidates: readonly Judged[]; readonly automatic: boolean };

export type Matching = {
  readonly exchanges: Exchange[];
  /** Set when a person has to be asked, or the link is certain. */
  look?: Look;
};

export async function match(
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
  way: Matching,
  signal: AbortSignal | undefined,
): Promise<Outcome<FoundPatient>> {
  if (person.patient !== undefined) return ok(person.patient);
  if (person.unmatched !== undefined) return { ok: false, failure: person.unmatched };
  if (work.identifiers === undefined) return fail('match/unknown-patient', 'The message names no patient.');
  if (!person.review) {
    const found = await deps.destination.findPatient(identifiersOf(work.identifiers, person), signal);
    way.exchanges.push(...found.exchanges);
    if (found.outcome.ok) return onChart(found.outcome.value, patientKey, deps, way);
    if (found.outcome.failure.cause !== 'match/unknown-patient') return found.outcome;
  }
  const looked = await look(patientKey, person, deps, way.exchanges, signal);
  if (!looked.ok) return looked;
  const { candidates } = looked.value;
  const [best] = candidates;
  way.look = { candidates, automatic: best?.class === 'certain' && isAutomatic(person, deps) };
  if (way.look.automatic)
    return fail('match/review', 'One chart is certain by name, date of birth and number; it is linked by itself.');
  if (person.review) return fail('match/review', 'It was un-linked from a chart; a person says whose it is.');
  return best === undefined
    ? fail('match/unknown-patient', 'No identifier leads to a chart, and nobody like this is known.')
    : fail('match/review', `${String(candidates.length)} could be the patient; a person decides.`);
}

const isAutomatic = (person: PersonContext, deps: PrepareDeps): boolean =>
  deps.matching.automatic === 'certain' && !person.review;

/** A date of birth that somebody has seen to be a slip is not held against the chart. */
function identifiersOf(given: PatientIdentifiers, person: PersonContext): PatientIdentifiers {
  const mrn = given.mrn ?? person.mrn;
  const slip = given.dob !== undefined && person.otherDobs.includes(given.dob);
  const dob = slip ? person.dob : (given.dob ?? person.dob);
  const { dob: _, ...identifiers } = given;
  return { ...identifiers, ...(mrn === undefined ? {} : { mrn }), ...(dob === undefined ? {} : { dob }) };
}

/** Is this chart somebody else's by now? Then the two are one, or a person must say which of them it is. */
async function onChart(
  found: FoundPatient,
  patientKey: PatientKey,
  deps: PrepareDeps,
  way: Matching,
): Promise<Outcome<FoundPatient>> {
  const others = await deps.ledger.onCharts(patientKey, [{ reference: found.reference }]);
  if (others.length === 0) return ok(found);
  const apart = others.length > 1 || others.some(({ sameSource }) => sameSource);
  const candidates = others.map(({ person, mrn, demographics, sameSource }): Judged => ({
    person,
    reference: found.reference,
    ...(mrn === undefined ? {} : { mrn }),
    demographics: demographics ?? {},
    sameSource,
    class: apart ? 'unsure' : 'certain',
    score: sharedChart.points,
    features: [sharedChart],
    doubts: sameSource ? [sameSourceDoubt] : [],
  }));
  way.look = { candidates, automatic: !apart && deps.matching.automatic === 'certain' };
  return fail('match/review', 'Its identifiers lead to the chart of a person known by other ones.');
}

async function look(
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
  exchanges: Exchange[],
  signal: AbortSignal | undefined,
): Promise<Outcome<Pick<Look, 'candidates'>>> {
  const { told, rejected } = await deps.ledger.described(patientKey);
  const about: Demographics = { ...told, dob: told.dob ?? person.dob };
  if (!canMatch(about)) return ok({ candidates: [] });
  let charts: readonly ChartPatient[] = [];
  if (deps.destination.findAlike !== undefined) {
    const found = await deps.destination.findAlike(about, signal);
    exchanges.push(...found.exchanges);
    if (found.outcome.ok) charts = found.outcome.value;
    // Nobody is looked for here by name; the ledger knows some all the same.
    else if (found.outcome.failure.cause !== 'send/unsupported') return found.outcome;
  }
  const [alike, owners] = await Promise.all([
    deps.ledger.alike(patientKey, searchKeys(about)),
    charts.length === 0 ? [] : deps.ledger.onCharts(patientKey, charts),
  ]);
  const { candidates, others } = candidatesOf([...alike, ...owners], charts, new Set(rejected));
  return ok({ candidates: judge(about, candidates, others, deps.matching) });
}
