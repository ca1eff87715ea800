/**
 * A programme as its app, its CommCare project and its class lists would send it, over as many days as wanted: what its
 * promotoras do, in proportion, the corrections and delays that are part of it, and the few things that must be held.
 * The same seed gives the same plan. Pure.
 */
import type { Resource } from '../core/ports.ts';
import { classesOf } from './classes.ts';
import { commcareForm } from './commcare-form.ts';
import { courseOf, type Given } from './course.ts';
import { type Dice, diceOf } from './dice.ts';
import { dayMs, peopleOf, type Person, rosterCsv } from './people.ts';
import { unmappedForm } from './programme.ts';
import { recorder } from './records.ts';

export type Delivery = Omit<Given, 'at'> & {
  /** From 0. */
  readonly day: number;
};

export type Plan = {
  /** CSV, sent before all else. */
  readonly roster: string;
  readonly deliveries: readonly Delivery[];
  readonly days: number;
  /** Messages that all of it makes: of the roster one for each patient and each high need, of a sheet one for each seat. */
  readonly messages: number;
};

export type PlanOptions = {
  /** From the sandbox: they are registered there. */
  readonly people: readonly Resource[];
  readonly seed: number;
  /** About so many activities; never fewer. */
  readonly activities: number;
  readonly days: number;
  /** The last day is the one before. */
  readonly until: Date;
};

/** A meeting is, with what belongs to it, a little more than one activity; this is on the safe side. */
const perMeeting = 1.25;
/** In a short time not everybody is met: so many meetings for each who is. */
const leastMeetings = 5;
/** High-need patients are met so many times more often. */
const intensity = 3;
/** Of all activities one in so many is a seat in a class. */
const perSeries = 600;

export function planProgramme({ people: patients, seed, activities, days, until }: PlanOptions): Plan {
  const dice = diceOf(seed + 1);
  const last = Math.floor(until.getTime() / dayMs) * dayMs;
  const first = last - days * dayMs;
  // In a short demo all of them are old acquaintances; in a long one they come in over its first two thirds.
  const enrolment = days > 180 ? { from: first, until: first + (days * dayMs * 2) / 3 } : { from: first - 700 * dayMs, until: first - dayMs }; // prettier-ignore
  const people = peopleOf(patients, { seed, ...enrolment });
  let records = 0;
  const nextId = (): string => `reg-${String(seed)}-${String((records += 1))}`;

  const given: Given[] = [];
  const panels = Map.groupBy(people, ({ promotora }) => promotora);
  for (const [person, meetings] of share(people, Math.ceil(activities / perMeeting), dice)) {
    const panel = panels.get(person.promotora) ?? people;
    const from = Math.max(first, Date.parse(person.enrolled) + dayMs);
    const times = Array.from({ length: meetings }, () => momentIn(from, last, dice)).toSorted((a, b) => a - b);
    given.push(...courseOf({ person, neighbour: dice.one(panel), times, until: last - 1, dice, nextId }));
  }
  for (const person of people.filter(({ research }) => research)) {
    const asked = Date.parse(person.enrolled) + 18 * 3_600_000;
    given.push({
      at: Math.max(asked, first),
      door: 'activities',
      body: recorder(person, dice, nextId).research(asked),
    });
  }
  const series = Math.max(1, Math.round(activities / perSeries));
  const starts = Array.from({ length: series }, (_, n) =>
    days > 60 ? first + Math.floor(((days - 28) * n) / series) * dayMs : first + (n % 3) * dayMs,
  );
  given.push(...classesOf(people, starts, last, dice));
  given.push(...onPurpose(people, first + Math.floor(days / 2) * dayMs + 18 * 3_600_000, Math.ceil(activities / 20_000), dice, nextId)); // prettier-ignore
  const deliveries = given
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, ...delivery }) => ({ ...delivery, day: Math.floor((at - first) / dayMs) }));
  const seats = deliveries.map(({ body }) => (Array.isArray(body['attendees']) ? body['attendees'].length : 1));
  const messages = seats.reduce(
    (sum, count) => sum + count,
    people.length + people.filter((one) => one.highNeed).length,
  );
  return { roster: rosterCsv(people), deliveries, days, messages };
}

/** Between nine in the morning and six in the evening in California. */
const momentIn = (from: number, until: number, { between }: Dice): number => {
  const days = Math.max(1, Math.floor((until - from) / dayMs));
  return Math.floor(from / dayMs) * dayMs + between(0, days - 1) * dayMs + (16 * 60 + between(0, 450)) * 60_000;
};

/** So many meetings for whom; who has none is on the roster only. */
function share(people: readonly Person[], meetings: number, dice: Dice): ReadonlyMap<Person, number> {
  const met = Math.ceil(meetings / leastMeetings);
  const some = (list: readonly Person[], most: number): readonly Person[] => {
    const step = Math.max(1, list.length / most);
    return list.filter((_, index) => Math.floor((index + 1) / step) > Math.floor(index / step));
  };
  const high = some(people.filter(({ highNeed }) => highNeed), met * 0.6); // prettier-ignore
  const others = some(people.filter(({ highNeed }) => !highNeed), met * 0.4); // prettier-ignore
  const counts = new Map<Person, number>();
  const groups = { high: high.length * intensity, others: others.length };
  for (let n = 0; n < meetings; n += 1) {
    const person = dice.one(dice.weighted(groups) === 'high' ? high : others);
    counts.set(person, (counts.get(person) ?? 0) + 1);
  }
  return counts;
}

/** Red flags, and what must be held, `times` over: by its cause, so that the end can be held against it. */
function onPurpose(people: readonly Person[], from: number, times: number, dice: Dice, nextId: () => string): Given[] {
  return Array.from({ length: times }, (_, round) => round).flatMap((round): Given[] => {
    const [ana, berta, carla, delia] = [0, 1, 2, 3].map((n) => people[(round * 37 + n) % people.length]);
    if (ana === undefined || berta === undefined || carla === undefined || delia === undefined) return [];
    const say = (person: Person) => recorder(person, dice, nextId);
    const at = from + round * dayMs;
    const stranger: Person = { ...ana, mrn: `SYN-9${String(9_000 + round)}`, dob: '1912-02-29', sourceId: `caso-nuevo-${String(round)}` }; // prettier-ignore
    const referral = (person: Person) => say(person).record(at, 'referral.community', { details: { category: 'legal', urgency: 'routine' } }); // prettier-ignore
    const glucose = { kind: 'glucose-capillary', value: 'HI', unit: 'mg/dL', method: 'patient-device' };
    const alert = { code: 'new-foot-ulcer', severity: 'urgent', observedAt: new Date(at).toISOString(), did: 'llamó a la enfermera' }; // prettier-ignore
    const giving = (body: Given['body'], held?: Given['held']): Given => ({ at, door: 'activities', body, ...(held === undefined ? {} : { held }) }); // prettier-ignore
    return [
      giving(say(stranger).call(at), 'match/unknown-patient'),
      giving(referral(ana), 'gate/consent-missing'),
      giving({ ...say(berta).call(at), narrative: { es: 'Tiene miedo de ir a la clínica por su estatus migratorio.' } }, 'gate/sensitive-text'), // prettier-ignore
      { at, door: 'commcare', body: commcareForm(carla, at, unmappedForm, nextId()), held: 'mapping/no-route' },
      giving(say(carla).record(at, 'vital.measure', { details: glucose })),
      giving(say(delia).record(at, 'escalation.red-flag', { details: alert })),
    ];
  });
}
