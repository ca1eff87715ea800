/**
 * One week of an invented programme, as its apps would send it: enrolments, visits, calls, goals, plans, referrals,
 * attempts; edits, resends, voids and amendments; and a few that must be held. The same seed gives the same week. Pure.
 */
import type { CauseCode } from '../core/causes.ts';
import type { Resource } from '../core/ports.ts';
import { seededRandom } from '../sandbox/patients.ts';
import {
  appSystem, clinicWords, commcareSource, goals, homeWords, mappedForm, needs, phoneWords, promotoras, unmappedForm,
} from './programme.ts'; // prettier-ignore

export type Delivery = {
  readonly door: 'activities' | 'commcare';
  /** 0 to 6 */
  readonly day: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** Absent: it is filed, or gives way to a later version of itself. */
  readonly held?: CauseCode;
};

export type Week = { readonly deliveries: readonly Delivery[]; readonly patients: number };

export type WeekOptions = {
  /** From the sandbox: they are registered there. */
  readonly people: readonly Resource[];
  readonly seed: number;
  /** Its last day is the one before. */
  readonly until: Date;
};

const dayMs = 86_400_000;

type Person = { readonly mrn: string; readonly dob: string; readonly sourceId: string; readonly promotora: string };

const personOf = (resource: Resource, index: number): Person => ({
  mrn: (resource['identifier'] as readonly { readonly value: string }[])[0]?.value ?? '',
  dob: String(resource['birthDate']),
  sourceId: `caso-${String(1_000 + index)}`,
  promotora: promotoras[index % promotoras.length]?.id ?? '',
});

export function planWeek({ people, seed, until }: WeekOptions): Week {
  const random = seededRandom(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const first = Math.floor(until.getTime() / dayMs) * dayMs - 7 * dayMs;
  const deliveries: { readonly at: number; readonly delivery: Delivery }[] = [];
  let records = 0;

  /** 9 in the morning to 6 in the evening, in California. */
  const momentOf = (day: number): number => first + day * dayMs + (17 * 60 + between(0, 540)) * 60_000;
  const give = (
    at: number,
    body: Readonly<Record<string, unknown>>,
    held?: CauseCode,
    door: Delivery['door'] = 'activities',
  ) => {
    const day = Math.min(6, Math.floor((at - first) / dayMs));
    deliveries.push({ at, delivery: { door, day, body, ...(held === undefined ? {} : { held }) } });
  };
  const envelope = (person: Person, at: number, activityType: string, more: Readonly<Record<string, unknown>>) => {
    records += 1;
    return {
      schemaVersion: '1.0',
      activityType,
      programmeId: 'demo',
      status: 'completed',
      source: { systemId: appSystem, recordId: `reg-${String(seed)}-${String(records)}`, recordVersion: 1 },
      occurredAt: new Date(at).toISOString(),
      subject: { sourcePatientId: person.sourceId, mrn: person.mrn, dob: person.dob },
      performer: { sourceUserId: person.promotora },
      ...more,
    };
  };
  type Body = ReturnType<typeof envelope>;
  const edited = (body: Body, more: Readonly<Record<string, unknown>>): Body => ({
    ...body,
    ...more,
    source: { ...body.source, recordVersion: 2 },
  });
  const glucose = () => ({
    kind: 'glucose-capillary', value: between(88, 260), unit: 'mg/dL', method: 'patient-device', context: one(['fasting', 'after-meal', 'bedtime']),
  }); // prettier-ignore
  const pressure = () => ({
    kind: 'blood-pressure', systolic: between(112, 158), diastolic: between(68, 96), unit: 'mmHg', method: 'chw-device',
  }); // prettier-ignore
  const weight = () => ({ kind: 'weight', value: between(130, 230) + 0.5, unit: 'lb', method: 'chw-device' });
  const measured = (key: string, details: unknown) => ({ key, activityType: 'vital.measure', details });
  const call = (person: Person, at: number, components: readonly unknown[] = []): Body =>
    envelope(person, at, 'contact.phone', {
      durationMinutes: between(8, 25),
      language: 'es',
      initiatedBy: 'chw',
      keyFunctions: ['F1'],
      details: { reason: 'seguimiento semanal' },
      components: [...components, ...(random() < 0.7 ? [measured('glucosa', glucose())] : [])],
      narrative: one(phoneWords),
    });
  const visit = (person: Person, at: number, components: readonly unknown[] = []): Body =>
    envelope(person, at, 'contact.home', {
      durationMinutes: between(30, 60),
      language: 'es',
      keyFunctions: ['F1', 'F2'],
      primaryFunction: 'F1',
      details: { reason: 'visita mensual', topics: ['cuidado de los pies'] },
      components: [measured('presion', pressure()), measured('peso', weight()), ...components],
      narrative: one(homeWords),
    });

  const persons = people.map(personOf);
  for (const person of persons) {
    const enrolled = momentOf(between(0, 1));
    give(enrolled, envelope(person, enrolled, 'roster.enrol', {
      details: { start: new Date(enrolled).toISOString().slice(0, 10), status: 'active', tier: one(['high-need', 'regular']), referralSource: 'PCP' },
      narrative: { es: 'Aceptó entrar al programa; prefiere llamadas por la tarde.' },
    })); // prettier-ignore
    let at = enrolled + 20 * 60_000;
    const later = (): number => (at += between(6, 26) * 3_600_000);
    const goal = one(goals);
    const goalId = `meta-${person.sourceId}`;
    give(at, envelope(person, at, 'goal.set', { details: { goalId, ...goal, confidence: between(5, 10) } }));
    if (random() < 0.5) {
      give((at += 60_000), envelope(person, at, 'action-plan', {
        details: { steps: [{ text: goal.text, when: goal.target }, { text: 'Anotar la glucosa en la libreta' }], goalIds: [goalId] },
        narrative: { es: 'Acordamos dos pasos pequeños.' },
      })); // prettier-ignore
    }
    if (random() < 0.3) {
      for (let attemptNo = 1; attemptNo <= between(1, 3); attemptNo += 1) {
        later();
        give(at, envelope(person, at, 'contact.attempt', {
          status: 'attempted', mode: 'phone', details: { mode: 'phone', reason: 'no-answer', attemptNo },
        })); // prettier-ignore
      }
    }
    const review = { key: 'meta', activityType: 'goal.review', details: { goalId, achievement: one(['improving', 'no-change', 'improving', 'worsening']), progress: '3/4' } }; // prettier-ignore
    const phone = call(person, later(), [review]);
    give(at, phone);
    // The phone had no signal and sent it again.
    if (random() < 0.25) give(at + 90_000, phone);
    if (random() < 0.12) give(at + 3_600_000, edited(phone, { durationMinutes: 30, narrative: { es: 'Corregido: hablamos media hora.' } })); // prettier-ignore
    if (random() < 0.7) {
      const consented = random() < 0.4;
      const need = one(needs);
      const home = visit(person, later(), consented ? [{ key: 'apoyo', activityType: 'referral.community', details: { ...need, consentRef: `c-${person.sourceId}`, urgency: 'routine' } }] : []); // prettier-ignore
      give(at, home);
      const dice = random();
      if (dice < 0.06)
        give(at + 7_200_000, envelope(person, at + 7_200_000, 'void', { details: { target: { recordId: home.source.recordId }, reason: 'wrong-patient' } })); // prettier-ignore
      else if (dice < 0.14)
        give(at + 7_200_000, envelope(person, at + 7_200_000, 'amend', {
          details: { target: { recordId: home.source.recordId }, reason: 'mistaken', changes: { durationMinutes: 35, narrative: { es: 'Corrijo los minutos.' } } },
        })); // prettier-ignore
    }
    if (random() < 0.5) give(later(), envelope(person, at, 'vital.measure', { details: glucose(), narrative: { es: 'Me mandó la foto de su medidor.' } })); // prettier-ignore
    if (random() < 0.35)
      give(later(), envelope(person, at, 'dsme.individual', {
        mode: 'home', durationMinutes: 30, language: 'es', keyFunctions: ['F1'],
        details: { minutes: 30, topics: ['contar carbohidratos'], teachBack: one(['understood', 'partly']) },
        narrative: { es: 'Leímos juntas tres etiquetas de la despensa.' },
      })); // prettier-ignore
    if (random() < 0.3)
      give(later(), envelope(person, at, 'contact.clinic', {
        durationMinutes: between(15, 40), language: 'es', keyFunctions: ['F3a'], details: { reason: 'la acompañó a su cita' }, narrative: one(clinicWords),
      })); // prettier-ignore
    if (random() < 0.4) give(later(), envelope(person, at, 'goal.review', { details: { goalId, achievement: one(['improving', 'achieved']), progress: '4/4' } })); // prettier-ignore
    if (random() < 0.15)
      give(later(), form(person, at, mappedForm, `com-${String(seed)}-${String(++records)}`), undefined, 'commcare');
  }

  const [ana = persons[0], berta = persons[1], carla = persons[2]] = persons as readonly (Person | undefined)[];
  if (ana !== undefined && berta !== undefined && carla !== undefined) {
    const at = momentOf(4);
    const stranger: Person = { mrn: 'SYN-99999', dob: '1958-11-04', sourceId: 'caso-nuevo', promotora: ana.promotora };
    give(at, call(stranger, at), 'match/unknown-patient');
    give(at + 60_000, envelope(ana, at, 'referral.community', { details: { ...one(needs), urgency: 'routine' } }), 'gate/consent-missing'); // prettier-ignore
    give(at + 120_000, { ...call(berta, at), narrative: { es: 'Tiene miedo de ir a la clínica por su estatus migratorio.' } }, 'gate/sensitive-text'); // prettier-ignore
    give(at + 180_000, form(carla, at, unmappedForm, `com-${String(seed)}-inventario`), 'mapping/no-route', 'commcare');
  }
  return {
    deliveries: deliveries.toSorted((a, b) => a.at - b.at).map(({ delivery }) => delivery),
    patients: persons.length,
  };
}

/** As CommCare forwards a form. */
function form(person: Person, at: number, xmlns: string, instanceID: string): Readonly<Record<string, unknown>> {
  const time = new Date(at).toISOString();
  return {
    domain: commcareSource,
    id: instanceID,
    received_on: time,
    server_modified_on: time,
    form: {
      '@xmlns': xmlns,
      '@name': 'Visita domiciliaria',
      case: { '@case_id': person.sourceId, '@user_id': person.promotora, update: { mrn: person.mrn, dob: person.dob } },
      duracion: '40',
      motivo: 'visita mensual',
      sistolica: '134',
      diastolica: '82',
      nota: 'Estaba contenta con su nueva libreta.',
      meta: { instanceID, timeStart: time, timeEnd: time, userID: person.promotora, username: person.promotora },
    },
  };
}
