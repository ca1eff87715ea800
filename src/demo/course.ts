/** What one patient and her promotora do together, in proportion; and what goes wrong with it on the way. */
import type { CauseCode } from '../core/causes.ts';
import type { Dice } from './dice.ts';
import { dayMs, type Person } from './people.ts';
import { mappedForm } from './programme.ts';
import { commcareForm } from './commcare-form.ts';
import { type Body, type Recorder, recorder } from './records.ts';
import { services } from './words.ts';

/** `at`: when it is sent, in ms. */
export type Given = {
  readonly at: number;
  readonly door: 'activities' | 'commcare' | 'attendance';
  readonly body: Readonly<Record<string, unknown>>;
  /** Absent: it is filed, or gives way to a later version of itself. */
  readonly held?: CauseCode;
};

export type CourseOptions = {
  readonly person: Person;
  /** Of the same promotora: to whom a visit is written by mistake. */
  readonly neighbour: Person;
  /** When they met or tried to, in ms, in order. */
  readonly times: readonly number[];
  /** Nothing happens or is sent after it. */
  readonly until: number;
  readonly dice: Dice;
  readonly nextId: () => string;
};

/** Of a hundred. A contact by phone or at home carries most of the rest as components. */
const touches = {
  phone: 34, home: 13, text: 10, attempt: 9, clinic: 4, community: 4, video: 3, vital: 5, review: 3, teaching: 3,
  form: 3, work: 2, referral: 2, questionnaire: 2, behaviour: 2, medicines: 1, carePlan: 1, appointment: 2, missed: 2,
  glucometer: 1, status: 1, screening: 2, barriers: 1, family: 1,
}; // prettier-ignore
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export function courseOf({ person, neighbour, times, until, dice, nextId }: CourseOptions): readonly Given[] {
  const { between, chance, one, weighted } = dice;
  const say = recorder(person, dice, nextId);
  const given: Given[] = [];
  const goalId = `meta-${person.sourceId}`;
  const consents = new Set<string>();
  let attempts = 0;
  const give = (at: number, body: Body): void => {
    given.push({ at: Math.min(at, until), door: 'activities', body });
  };
  const consented = (at: number, kind: 'community-referral' | 'messaging'): string => {
    const consentId = `${kind}-${person.sourceId}`;
    if (!consents.has(consentId)) give(at, say.consent(at, kind, consentId));
    consents.add(consentId);
    return consentId;
  };
  const referral = (at: number): void => {
    const consentRef = consented(at, 'community-referral');
    const referralId = nextId();
    const { category, serviceName } = one(services);
    give(at + minuteMs, say.record(at + minuteMs, 'referral.community', { details: { category, serviceName, referralId, consentRef, urgency: 'routine' } })); // prettier-ignore
    const answered = at + between(2, 20) * dayMs;
    if (answered > until || chance(0.2)) return;
    const outcome = one(['got-help', 'got-help', 'partial', 'no-capacity', 'could-not-contact']);
    give(answered, say.record(answered, 'referral.outcome', { details: { referralId, status: 'completed', outcome, category } })); // prettier-ignore
  };
  const contact = (at: number, body: Body, sent: number): void => {
    // The edit overtook what it edits.
    const overtaken = chance(0.005);
    if (overtaken) give(sent, say.edited(body, { durationMinutes: 30 }));
    give(sent + (overtaken ? hourMs : 0), body);
    if (overtaken) return;
    // The phone had no signal and sent it again.
    if (chance(0.04)) give(sent + 2 * minuteMs, body);
    if (chance(0.04))
      give(sent + hourMs, say.edited(body, { durationMinutes: 30, narrative: { es: 'Corregido: media hora.' } })); // prettier-ignore
    else mend(at, body, Math.min(sent + 2 * hourMs, until));
  };
  const mend = (at: number, body: Body, sent: number): void => {
    const target = { recordId: body.source.recordId };
    const withdraw = (reason: string): void => give(sent, say.record(sent, 'void', { details: { target, reason } }));
    const does = {
      nothing: () => undefined,
      amend: () => give(sent, say.record(sent, 'amend', { details: { target, reason: 'mistaken', changes: { durationMinutes: 35 } } })), // prettier-ignore
      duplicate: () => withdraw('duplicate'),
      wrongPatient: () => {
        withdraw('wrong-patient');
        give(sent + minuteMs, recorder(neighbour, dice, nextId).call(at));
      },
    };
    does[weighted({ nothing: 978, amend: 10, duplicate: 6, wrongPatient: 6 })]();
  };
  const review = () => [{ key: 'meta', activityType: 'goal.review', details: say.review(goalId) }];

  for (const [index, time] of times.entries()) {
    if (index === 0) {
      give(time, say.goal(time, goalId));
      if (chance(0.4)) give(time + minuteMs, say.plan(time + minuteMs, goalId));
      contact(time + 2 * minuteMs, say.visit(time + 2 * minuteMs), time + 2 * minuteMs);
      continue;
    }
    const kind = weighted(touches);
    // Some is told days after it happened.
    const sent = chance(0.02) ? time + between(2, 9) * dayMs : time;
    const simple = (body: Body): void => give(sent, body);
    const does: Record<keyof typeof touches, () => void> = {
      phone: () => contact(time, say.call(time, chance(0.4) ? review() : []), sent),
      home: () => contact(time, say.visit(time, chance(0.4) ? review() : []), sent),
      clinic: () => contact(time, say.clinic(time), sent),
      community: () => contact(time, say.met(time, 'contact.community'), sent),
      video: () => contact(time, say.met(time, 'contact.video'), sent),
      text: () => {
        consented(time, 'messaging');
        give(time + minuteMs, say.text(time + minuteMs));
      },
      attempt: () => simple(say.attempt(time, (attempts += 1))),
      vital: () => simple(say.vital(time)),
      review: () => simple(say.record(time, 'goal.review', { details: say.review(goalId) })),
      teaching: () => simple(say.teaching(time)),
      form: () =>
        void given.push({ at: time, door: 'commcare', body: commcareForm(person, time, mappedForm, nextId()) }),
      work: () => simple(say.work(time)),
      referral: () => referral(time),
      questionnaire: () => simple(say.questionnaire(time)),
      behaviour: () => simple(say.behaviour(time)),
      medicines: () => simple(say.medicines(time)),
      carePlan: () => simple(say.carePlan(time)),
      appointment: () => simple(say.appointment(time)),
      missed: () => simple(say.missed(time)),
      glucometer: () => simple(say.glucometer(time)),
      screening: () => simple(say.screening(time)),
      barriers: () => simple(say.barriers(time)),
      family: () => simple(say.family(time, `familia-${person.sourceId}`)),
      status: () => status(say, time, index === times.length - 1),
    };
    does[kind]();
  }

  function status(by: Recorder, time: number, last: boolean): void {
    give(time, by.status(time, last ? one(['graduated', 'moved', 'paused']) : 'paused'));
    const back = Math.min(time + hourMs, until);
    if (!last) give(back, by.status(back, 'active'));
  }
  return given;
}
