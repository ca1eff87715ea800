/** Activities of one patient as the app of the promotoras sends them: one function for each type. Pure but for the dice. */
import type { Dice } from './dice.ts';
import { dayOf, type Person } from './people.ts';
import { appSystem, programmeId, study } from './programme.ts';
import { clinicWords, goals, homeWords, otherWords, phoneWords, topics, type Words } from './words.ts';

type Fields = Readonly<Record<string, unknown>>;
export type Body = Fields & {
  readonly source: { readonly systemId: string; readonly recordId: string; readonly recordVersion: number };
};

export type Recorder = ReturnType<typeof recorder>;

const workKinds = ['travel', 'documentation', 'case-conference', 'class-preparation'];

/** `nextId`: of a record, never given twice. */
export function recorder(person: Person, dice: Dice, nextId: () => string) {
  const { between, chance, one } = dice;
  const record = (at: number, activityType: string, more: Fields): Body => ({
    schemaVersion: '1.0',
    activityType,
    programmeId,
    status: 'completed',
    source: { systemId: appSystem, recordId: nextId(), recordVersion: 1 },
    occurredAt: new Date(at).toISOString(),
    subject: { sourcePatientId: person.sourceId, mrn: person.mrn, dob: person.dob },
    performer: { sourceUserId: person.promotora },
    ...more,
  });
  const told = (list: readonly Words[]): Fields => {
    const { es, en } = one(list);
    if (person.language === 'en') return { en };
    return chance(0.2) ? { es, en } : { es };
  };
  const spoken = { language: person.language };
  const measured = (key: string, details: Fields) => ({ key, activityType: 'vital.measure', details });
  const glucose = (): Fields => ({
    kind: 'glucose-capillary',
    value: between(88, 260),
    unit: 'mg/dL',
    method: 'patient-device',
    context: one(['fasting', 'after-meal', 'bedtime']),
  });
  const pressure = (): Fields => ({
    kind: 'blood-pressure',
    systolic: between(112, 158),
    diastolic: between(68, 96),
    unit: 'mmHg',
    method: 'chw-device',
  });
  const weight = (): Fields => ({ kind: 'weight', value: between(130, 230) + 0.5, unit: 'lb', method: 'chw-device' });
  const taught = (): Fields => ({ minutes: between(15, 40), topics: [one(topics)], teachBack: one(['understood', 'partly']) }); // prettier-ignore
  const adherence = (): Fields =>
    chance(0.6) ? { missedDays: 0 } : { missedDays: between(1, 4), reasons: [one(['forgot', 'cost', 'side-effect'])] };
  const behaviour = (): Fields => ({
    activityDays: between(0, 7),
    dietDays: between(1, 7),
    glucoseCheckDays: between(0, 7),
    footCheckDays: between(0, 7),
    smoking: one(['never', 'never', 'former', 'some-days']),
  });
  /** Zero on item 9: what is not is in the plan on purpose. */
  const phq = (): Fields => {
    const items = Array.from({ length: 9 }, (_, n) => ({ id: String(n + 1), value: n === 8 ? 0 : between(0, 2) }));
    return { instrument: 'phq-9', items, score: items.reduce((sum, { value }) => sum + value, 0), mode: 'interview', ...spoken }; // prettier-ignore
  };
  const distress = (): Fields => ({ instrument: 'dds-17', score: between(10, 42) / 10, mode: 'phone', ...spoken });

  return {
    record,
    edited: (body: Body, more: Fields): Body => ({ ...body, ...more, source: { ...body.source, recordVersion: 2 } }),
    call: (at: number, components: readonly unknown[] = []): Body =>
      record(at, 'contact.phone', {
        durationMinutes: between(8, 25),
        ...spoken,
        initiatedBy: chance(0.85) ? 'chw' : 'patient',
        keyFunctions: ['F1'],
        details: { reason: 'seguimiento' },
        components: [
          ...components,
          ...(chance(0.5) ? [measured('glucosa', glucose())] : []),
          ...(chance(0.15) ? [{ key: 'medicinas', activityType: 'medication.adherence', details: adherence() }] : []),
        ],
        narrative: told(phoneWords),
      }),
    visit: (at: number, components: readonly unknown[] = []): Body =>
      record(at, 'contact.home', {
        durationMinutes: between(30, 60),
        ...spoken,
        keyFunctions: ['F1', 'F2'],
        primaryFunction: 'F1',
        details: { reason: 'visita mensual', topics: [one(topics)], nextContact: { date: dayOf(at + 14 * 86_400_000), mode: 'phone' } }, // prettier-ignore
        components: [
          measured('presion', pressure()),
          ...(chance(0.7) ? [measured('peso', weight())] : []),
          ...(chance(0.4) ? [{ key: 'educacion', activityType: 'dsme.individual', details: taught() }] : []),
          ...components,
        ],
        narrative: told(homeWords),
      }),
    clinic: (at: number): Body =>
      record(at, 'contact.clinic', {
        durationMinutes: between(15, 40),
        ...spoken,
        keyFunctions: ['F3a'],
        details: { reason: 'la acompañó a su cita' },
        narrative: told(clinicWords),
      }),
    met: (at: number, type: 'contact.community' | 'contact.video'): Body =>
      record(at, type, {
        durationMinutes: between(10, 30),
        ...spoken,
        keyFunctions: [type === 'contact.video' ? 'F1' : 'F2'],
        details: { reason: type === 'contact.video' ? 'revisar el glucómetro' : 'feria de salud' },
        narrative: told(otherWords),
      }),
    text: (at: number): Body =>
      record(at, 'contact.text', {
        ...spoken,
        details: chance(0.6)
          ? { direction: 'out', delivered: chance(0.95), templateId: 'recordatorio-2', purpose: 'recordatorio de cita' }
          : { direction: 'in', purpose: 'pregunta por las clases' },
      }),
    attempt: (at: number, attemptNo: number): Body =>
      record(at, 'contact.attempt', {
        status: 'attempted',
        mode: 'phone',
        details: { mode: 'phone', reason: one(['no-answer', 'no-answer', 'wrong-number', 'rescheduled']), attemptNo },
      }),
    vital: (at: number): Body =>
      record(at, 'vital.measure', { details: chance(0.7) ? glucose() : chance(0.5) ? pressure() : weight() }),
    goal: (at: number, goalId: string): Body =>
      record(at, 'goal.set', { details: { goalId, ...one(goals), confidence: between(5, 10) } }),
    review: (goalId: string): Fields => ({
      goalId,
      achievement: one(['improving', 'improving', 'no-change', 'worsening', 'achieved']),
      progress: one(['2/4', '3/4', '4/4']),
    }),
    plan: (at: number, goalId: string): Body =>
      record(at, 'action-plan', {
        details: {
          steps: [{ text: 'Anotar la glucosa en la libreta', when: 'cada día' }, { text: 'Caminar con su vecina' }],
          followUpDate: dayOf(at + 14 * 86_400_000),
          goalIds: [goalId],
        },
      }),
    teaching: (at: number): Body =>
      record(at, 'dsme.individual', { mode: 'home', ...spoken, details: taught(), narrative: told(homeWords) }),
    glucometer: (at: number): Body =>
      record(at, 'supply.glucometer', {
        mode: 'home',
        ...spoken,
        details: { item: 'meter', quantity: 1, brand: 'Contour Next', strips: 50, taught: true, teachBack: 'understood' }, // prettier-ignore
      }),
    questionnaire: (at: number): Body => record(at, 'questionnaire', { ...spoken, details: one([phq, distress])() }),
    behaviour: (at: number): Body => record(at, 'behaviour.report', { mode: 'phone', ...spoken, details: behaviour() }),
    medicines: (at: number): Body =>
      record(at, 'medication.adherence', { mode: 'phone', ...spoken, details: adherence() }),
    carePlan: (at: number): Body =>
      record(at, 'care-plan.support', {
        mode: 'home',
        ...spoken,
        details: { item: one(['plan de insulina', 'dieta baja en sal']), help: ['explained', 'practised'], teachBack: 'understood' }, // prettier-ignore
      }),
    consent: (at: number, kind: 'community-referral' | 'messaging', consentId: string, status = 'given'): Body =>
      record(at, 'consent.record', {
        ...spoken,
        details: {
          consentId,
          kind,
          status,
          ...(status === 'given' ? { method: 'electronic', ...spoken } : {}),
          ...(status === 'given' && kind === 'community-referral' ? { scope: ['all'] } : {}),
        },
      }),
    research: (at: number): Body =>
      record(at, 'research.consent', {
        details: { study, status: 'consented', version: '3', date: dayOf(at), ...spoken },
      }),
    screening: (at: number): Body =>
      record(at, 'screening.needs', {
        ...spoken,
        details: {
          tool: 'prapare',
          needs: (['food', 'housing', 'transport'] as const).map((domain) => {
            const need = one(['yes', 'no', 'no', 'declined']);
            return { domain, need, ...(need === 'yes' ? { wantsHelp: chance(0.7) } : {}) };
          }),
          ...spoken,
        },
      }),
    barriers: (at: number): Body =>
      record(at, 'barrier.report', {
        ...spoken,
        details: { barriers: [one(['cost', 'transport']), one(['work-schedule', 'family-duties'])], severity: one(['mild', 'moderate']) }, // prettier-ignore
      }),
    family: (at: number, familyId: string): Body => {
      const shares = chance(0.8);
      return record(at, 'family.involve', {
        ...spoken,
        details: {
          familyId,
          relationship: one(['daughter', 'son', 'spouse']),
          role: one(['present', 'cooks', 'helps-with-medicines']),
          consentToShare: shares,
          ...(shares ? { method: 'electronic' } : {}),
        },
      });
    },
    appointment: (at: number): Body =>
      record(at, 'link.appointment', {
        ...spoken,
        keyFunctions: ['F3a'],
        details: { action: one(['reminder', 'scheduled', 'transport', 'accompanied']), clinic: one(['clínica de ojos', 'nutrición', 'medicina familiar']) }, // prettier-ignore
      }),
    missed: (at: number): Body =>
      record(at, 'outreach.missed-visit', {
        mode: 'phone',
        ...spoken,
        keyFunctions: ['F3a'],
        details: { missedOn: dayOf(at - 3 * 86_400_000), result: one(['reached-rescheduled', 'reached-rescheduled', 'declined', 'unable']), reason: 'turno de noche' }, // prettier-ignore
      }),
    status: (at: number, status: string): Body =>
      record(at, 'roster.status-change', { details: { status, date: dayOf(at) } }),
    work: (at: number): Body => {
      const { subject: _, ...rest } = record(at, 'indirect.work', { details: { kind: one(workKinds), minutes: between(10, 60) } }); // prettier-ignore
      return rest;
    },
  };
}
