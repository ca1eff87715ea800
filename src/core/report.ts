/**
 * The programme's figures for a period, as far as the ledger knows them: each as `count` of `of`, after the measures of the
 * evaluation plan (docs/reports.md says what each counts). Pure: the same facts give the same report.
 */
import type { Fact } from './fact.ts';
import { keyFunctions } from './key-functions.ts';

export type PersonFact = Fact & { readonly person: string };

export type Figure = {
  readonly id: string;
  readonly says: string;
  readonly count: number;
  /** The denominator, where there is one. */
  readonly of?: number;
};

/** `facts`: all that counted at the time of the report, also from before the period. `from` ≤ t < `to`. */
export type ReportInput = { readonly from: Date; readonly to: Date; readonly facts: readonly PersonFact[] };

const peopleOf = (facts: readonly PersonFact[]): number => new Set(facts.map(({ person }) => person)).size;
const sum = (facts: readonly PersonFact[], name: string): number =>
  facts.reduce((total, { data }) => total + (typeof data[name] === 'number' ? data[name] : 0), 0);
const has = (fact: PersonFact, name: string, value: unknown): boolean => fact.data[name] === value;
const includes = (list: unknown, value: string): boolean => Array.isArray(list) && list.includes(value);

const inProgramme: ReadonlySet<unknown> = new Set(['active', 'paused']);

/** Whose last word on the topic, by the end of the period, satisfies `test`. */
function peopleWhoseLast(facts: readonly PersonFact[], test: (fact: PersonFact) => boolean): ReadonlySet<string> {
  const last = new Map<string, PersonFact>();
  for (const fact of facts) {
    const before = last.get(fact.person);
    if (before === undefined || Date.parse(before.at) <= Date.parse(fact.at)) last.set(fact.person, fact);
  }
  return new Set([...last.values()].filter(test).map(({ person }) => person));
}

/** Minutes of a whole series of group education, and what of it is enough beside three sessions. */
const enough = { sessions: 4, lesser: 3, minutes: 360 };

function completedSeries(sessions: readonly PersonFact[]): ReadonlySet<string> {
  const done = new Set<string>();
  for (const [, seats] of Map.groupBy(sessions, ({ person, key }) => `${person}\n${key}`)) {
    const attended = seats.filter((seat) => !has(seat, 'attended', 'no'));
    const count = new Set(attended.map(({ data }) => data['session'])).size;
    const [seat] = attended;
    if (seat === undefined) continue;
    if (count >= enough.sessions || (count >= enough.lesser && sum(attended, 'minutes') >= enough.minutes))
      done.add(seat.person);
  }
  return done;
}

export function reportOf({ from, to, facts }: ReportInput): readonly Figure[] {
  const byEnd = facts.filter(({ at }) => Date.parse(at) < to.getTime());
  const period = byEnd.filter(({ at }) => Date.parse(at) >= from.getTime());
  const of = (kind: Fact['kind'], within: readonly PersonFact[] = period) =>
    within.filter((fact) => fact.kind === kind);
  const contacts = of('contact');
  const enrolled = peopleWhoseLast(of('status', byEnd), ({ data }) => inProgramme.has(data['status']));
  const high = peopleWhoseLast(of('need', byEnd), (fact) => has(fact, 'tier', 'high-need'));
  const reached = new Set(contacts.map(({ person }) => person));
  const sessions = of('session');
  const begun = new Set(of('session', byEnd).map(({ person }) => person));
  const reviews = of('goal').filter((fact) => has(fact, 'said', 'review'));
  const referred = of('referral').filter((fact) => has(fact, 'status', 'requested'));
  const answered = new Map(
    of('referral', byEnd)
      .filter(({ data }) => typeof data['outcome'] === 'string')
      .map((fact) => [`${fact.person}\n${fact.key}`, fact.data['outcome']]),
  );
  const outcomes = referred.map(({ person, key }) => answered.get(`${person}\n${key}`));
  const goalPeople = new Set(of('goal').map(({ person, at }) => `${person} ${at}`));
  const withGoal = contacts.filter(({ person, at }) => goalPeople.has(`${person} ${at}`)).length;
  return [
    { id: 'R', says: 'Patients in the programme at the end of the period', count: enrolled.size },
    { id: 'H', says: 'of them high-need', count: high.intersection(enrolled).size, of: enrolled.size },
    {
      id: 'RCH-1',
      says: 'Reached: at least one contact',
      count: reached.intersection(enrolled).size,
      of: enrolled.size,
    },
    {
      id: 'RCH-1/H',
      says: 'Reached, high-need',
      count: reached.intersection(enrolled).intersection(high).size,
      of: high.intersection(enrolled).size,
    },
    { id: 'RCH-3', says: 'Attempts without contact', count: of('attempt').length },
    { id: 'DOS-1', says: 'Contacts that took place', count: contacts.length },
    { id: 'DOS-1/min', says: 'Minutes of contact', count: Math.round(sum(contacts, 'minutes')) },
    ...keyFunctions.map((code): Figure => {
      const served = contacts.filter(({ data }) => includes(data['functions'], code));
      return { id: `FN-${code}`, says: `Contacts that served ${code}`, count: served.length, of: contacts.length };
    }),
    {
      id: 'DSM-1',
      says: 'Series of group education completed',
      count: completedSeries(of('session', byEnd)).size,
      of: begun.size,
    },
    {
      id: 'DSM-2',
      says: 'Seats attended',
      count: sessions.filter((seat) => !has(seat, 'attended', 'no')).length,
      of: sessions.length,
    },
    { id: 'GOL-1', says: 'Contacts with a goal set or reviewed', count: withGoal, of: contacts.length },
    {
      id: 'GOL-2',
      says: 'Reviews: achieved or improving',
      count: reviews.filter(({ data }) => data['achievement'] === 'achieved' || data['achievement'] === 'improving')
        .length,
      of: reviews.length,
    },
    {
      id: 'REF-2',
      says: 'Referrals with an outcome',
      count: outcomes.filter((one) => one !== undefined).length,
      of: referred.length,
    },
    {
      id: 'REF-3',
      says: 'Referrals that helped, wholly or in part',
      count: outcomes.filter((one) => one === 'got-help' || one === 'partial').length,
      of: referred.length,
    },
    { id: 'WRK', says: 'Minutes of work without the patient', count: Math.round(sum(of('work'), 'minutes')) },
    { id: 'PPL', says: 'Patients with any activity', count: peopleOf(period) },
  ];
}
