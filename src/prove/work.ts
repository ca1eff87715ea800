/**
 * What is sent, and what must have become of it: for each patient a row of activities, in order, with edits, voids and
 * resends among them. Every version of every record carries a mark that the chart must show. Pure; decided by the dice
 * given.
 */
import type { Resource } from '../core/ports.ts';

export const proofSystem = 'prove';

/** `Shape` decides what a record files: learned from Tejido's own dry run, one example of each. */
export type Shape =
  'roster.enrol' | 'goal.set' | 'contact.phone' | 'contact.phone+review' | 'contact.home' | 'vital.measure' | 'goal.review' | 'contact.attempt'; // prettier-ignore

export type RecordPlan = {
  readonly recordId: string;
  readonly shape: Shape;
  /** Position of its first version in the patient's row. */
  readonly at: number;
  version: number;
  mark: string;
  glucose: number | undefined;
  voided: boolean;
  amended: boolean;
};

export type PatientPlan = {
  readonly mrn: string;
  /** `Patient/…` in the sandbox. */
  readonly reference: string;
  /** In the order in which they are sent. */
  readonly row: readonly Readonly<Record<string, unknown>>[];
  readonly records: readonly RecordPlan[];
  /** Achievements of the one goal, in the order in which its reviews are sent. */
  readonly achievements: readonly string[];
};

/** As `goal-achievement.conceptmap.json` maps them to HL7's codes; no two neighbours are the same. */
const achievements = [
  ['improving', 'improving'],
  ['no-change', 'no-change'],
  ['worsening', 'worsening'],
  ['not', 'not-achieved'],
] as const;

/** Never in a log, a metric, a queue: a part of every narrative. */
export const canary = 'canario-azul';

export function planPatient(
  person: Resource,
  index: number,
  steps: number,
  now: Date,
  random: () => number,
): PatientPlan {
  const identifier = (person['identifier'] as readonly { readonly value: string }[])[0];
  const mrn = identifier?.value ?? '';
  const sourcePatientId = `p-${String(index)}`;
  const row: Readonly<Record<string, unknown>>[] = [];
  const records: RecordPlan[] = [];
  const said: string[] = [];
  let number = 0;

  const envelope = (recordId: string, version: number, activityType: string, status = 'completed') => ({
    schemaVersion: '1.0',
    activityType,
    programmeId: 'prove',
    status,
    source: { systemId: proofSystem, recordId, recordVersion: version },
    occurredAt: new Date(now.getTime() - 86_400_000 + row.length * 60_000).toISOString(),
    subject: { sourcePatientId, mrn, dob: person['birthDate'] },
    performer: { sourceUserId: `u-${String(index % 12)}` },
  });
  const words = (mark: string) => ({ es: `${mark}. ${canary} ${String(index)}.` });
  const review = () => {
    const next = achievements[said.length % achievements.length] ?? achievements[0];
    said.push(next[1]);
    return { goalId: 'g-1', achievement: next[0] };
  };
  const content = (shape: Shape, version: number, mark: string, glucose: number): Record<string, unknown> => {
    const vital = { kind: 'glucose-capillary', value: glucose, unit: 'mg/dL', method: 'patient-device' };
    switch (shape) {
      case 'roster.enrol':
        return { details: { start: '2026-03-02', status: 'active' }, narrative: words(mark) };
      case 'goal.set':
        return { details: { goalId: 'g-1', domain: 'being-active', text: `Caminar. ${mark}` }, narrative: words(mark) };
      case 'contact.phone':
      case 'contact.phone+review':
        return {
          durationMinutes: 10 + version,
          language: 'es',
          details: { reason: 'seguimiento' },
          components: [
            { key: 'v', activityType: 'vital.measure', details: vital },
            ...(shape === 'contact.phone' ? [] : [{ key: 'g', activityType: 'goal.review', details: review() }]),
          ],
          narrative: words(mark),
        };
      case 'contact.home':
        return {
          durationMinutes: 40 + version,
          language: 'es',
          details: { reason: 'visita' },
          components: [
            {
              key: 'bp',
              activityType: 'vital.measure',
              details: { kind: 'blood-pressure', systolic: 130, diastolic: 80, unit: 'mmHg', method: 'chw-device' },
            },
            { key: 'v', activityType: 'vital.measure', details: vital },
          ],
          narrative: words(mark),
        };
      case 'vital.measure':
        return { details: vital, narrative: words(mark) };
      case 'goal.review':
        return { details: review(), narrative: words(mark) };
      case 'contact.attempt':
    }
    return { mode: 'phone', details: { mode: 'phone', reason: 'no-answer', attemptNo: 1 }, narrative: words(mark) };
  };
  const typeOf = (shape: Shape) => shape.replace('+review', '');
  const statusOf = (shape: Shape) => (shape === 'contact.attempt' ? 'attempted' : 'completed');
  const markOf = (recordId: string, version: number) => `marca ${recordId} v${String(version)}`;
  const glucoseOf = (version: number) => 90 + ((index * 7 + row.length * 13) % 50) * 4 + (version % 4);
  const hasGlucose = (shape: Shape) => /^contact\.(phone|home)|^vital/.test(shape);

  const add = (shape: Shape) => {
    number += 1;
    const recordId = `r-${String(index)}-${String(number)}`;
    const glucose = glucoseOf(1);
    const mark = markOf(recordId, 1);
    const record: RecordPlan = {
      recordId, shape, at: row.length, version: 1, mark,
      glucose: hasGlucose(shape) ? glucose : undefined, voided: false, amended: false,
    }; // prettier-ignore
    row.push({ ...envelope(recordId, 1, typeOf(shape), statusOf(shape)), ...content(shape, 1, mark, glucose) });
    records.push(record);
  };
  const one = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const editable = () =>
    one(records.filter((r) => !r.voided && !r.amended && /^(contact\.(phone|home)|vital\.measure)$/.test(r.shape)));
  const edit = (record: RecordPlan) => {
    record.version += 1;
    record.mark = markOf(record.recordId, record.version);
    const glucose = glucoseOf(record.version);
    record.glucose = glucose;
    row.push({
      ...envelope(record.recordId, record.version, typeOf(record.shape)),
      ...content(record.shape, record.version, record.mark, glucose),
    });
  };
  const amend = (record: RecordPlan) => {
    number += 1;
    record.amended = true;
    record.mark = `${record.mark} enmendada`;
    row.push({
      ...envelope(`a-${String(index)}-${String(number)}`, 1, 'amend'),
      details: {
        target: { recordId: record.recordId },
        reason: 'mistaken',
        changes: { durationMinutes: 33, narrative: words(record.mark) },
      },
    });
  };
  const annul = (record: RecordPlan) => {
    number += 1;
    record.voided = true;
    row.push({
      ...envelope(`x-${String(index)}-${String(number)}`, 1, 'void'),
      details: { target: { recordId: record.recordId }, reason: 'duplicate' },
    });
  };

  add('roster.enrol');
  add('goal.set');
  const usual: readonly Shape[] =
    ['contact.phone', 'contact.phone+review', 'contact.home', 'vital.measure', 'goal.review', 'contact.attempt']; // prettier-ignore
  while (row.length < steps) {
    const dice = random();
    const target = editable();
    const last = row.at(-1);
    if (dice < 0.12 && target !== undefined) edit(target);
    else if (dice < 0.16 && target !== undefined && target.shape !== 'vital.measure') amend(target);
    else if (dice < 0.22 && target !== undefined) annul(target);
    else if (dice < 0.26 && last !== undefined) row.push(last);
    else add(one(usual) ?? 'vital.measure');
  }
  return { mrn, reference: `Patient/${String(person.id)}`, row, records, achievements: said };
}
