/** The published JSON Schemas, by ajv 2020-12 in strict mode, as the HTTP door compiles them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const folder = 'schemas';
const read = (...path: string[]): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, ...path), 'utf8')) as Record<string, unknown>;
const names = (sub: string, end: string): string[] =>
  readdirSync(join(folder, sub))
    .filter((name) => name.endsWith(end))
    .map((name) => name.slice(0, -end.length));

const types = names('types', '.schema.json');
const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema(read('common.schema.json'));
for (const type of types) ajv.addSchema(read('types', `${type}.schema.json`));
const validate = ajv.compile(read('activity.schema.json'));

const errorsOf = (activity: unknown): string[] => {
  validate(activity);
  // `if` only says that the branch below it failed.
  return (validate.errors ?? [])
    .filter(({ keyword }: ErrorObject) => keyword !== 'if')
    .map(({ instancePath, keyword, params }: ErrorObject) =>
      `${instancePath} ${keyword} ${String(params['missingProperty'] ?? '')}`.trim(),
    );
};

const example = (type: string): Record<string, unknown> => read('examples', `${type}.json`);
const measured = (details: Record<string, unknown>): unknown => ({ ...example('vital.measure'), details });

describe('the schema of the activity', () => {
  test.each(types)('takes the whole example of %s', (type) => {
    expect(errorsOf(example(type))).toEqual([]);
    expect(example(type)['activityType']).toBe(type);
  });

  test('takes an activity as the documentation shows it, without details on the contact', () => {
    const documented = {
      schemaVersion: '1.0',
      activityType: 'contact.phone',
      programmeId: 'msep',
      status: 'completed',
      source: { systemId: 'commcare-alivio', recordId: '00460026-a33b-4c6b-a4b6-c47117048557', recordVersion: 1 },
      occurredAt: '2026-05-06T18:05:00-05:00',
      durationMinutes: 18,
      language: 'es',
      initiatedBy: 'chw',
      subject: { sourcePatientId: '8f8fd909', mrn: 'SYN-10023', dob: '1961-03-02' },
      performer: { sourceUserId: 'f4c63df2' },
      keyFunctions: ['F1', 'F3b'],
      primaryFunction: 'F1',
      components: [
        { key: 'g1', activityType: 'goal.review', details: { goalId: 'g-77', achievement: 'improving' } },
        {
          key: 'v1',
          activityType: 'vital.measure',
          details: { kind: 'glucose-capillary', value: 212, unit: 'mg/dL', method: 'patient-device' },
        },
        {
          key: 'r1',
          activityType: 'referral.community',
          details: { category: 'food', serviceId: 'hsds:svc-9', consentRef: 'c-3' },
        },
      ],
      narrative: { es: 'Se quedó sin tiras; camina 3 de 4 días.' },
    };
    expect(errorsOf(documented)).toEqual([]);
    expect(errorsOf({ ...documented, appVersion: '2.53', details: { mood: 4 } })).toEqual([]);
  });

  test('knows, documents and routes the same types everywhere', () => {
    const schema = read('activity.schema.json') as { properties: { activityType: { enum: string[] } } };
    expect([...schema.properties.activityType.enum].toSorted()).toEqual(types.toSorted());
    expect(names('examples', '.json').toSorted()).toEqual(types.toSorted());
    const { routes } = JSON.parse(readFileSync('mappings/routes.json', 'utf8')) as { routes: object };
    expect([...Object.keys(routes), 'amend'].toSorted()).toEqual(types.toSorted());
    for (const type of types) {
      const { title, description, examples } = read('types', `${type}.schema.json`);
      expect([typeof title, typeof description, Array.isArray(examples)]).toEqual(['string', 'string', true]);
    }
  });

  test.each<[string, unknown, string[]]>([
    ['a time without zone', { occurredAt: '2026-05-06T18:05:00' }, ['/occurredAt format', '/occurredAt pattern']],
    ['a day that does not exist', { occurredAt: '2026-02-30T18:05:00Z' }, ['/occurredAt format']],
    ['the year 1900', { occurredAt: '1900-01-01T00:00:00Z' }, ['/occurredAt pattern']],
    ['the year 2100', { occurredAt: '2100-01-01T00:00:00Z' }, ['/occurredAt pattern']],
    ['a record number without date of birth', { subject: { mrn: 'SYN-1' } }, ['/subject required dob']],
    ['nobody', { subject: {} }, ['/subject required dob', '/subject required mrn']],
    ['NUL in the record id', { source: { systemId: 's', recordId: 'a\u0000b' } }, ['/source/recordId pattern']],
    [
      'an empty record id',
      { source: { systemId: 's', recordId: '' } },
      ['/source/recordId minLength', '/source/recordId pattern'],
    ],
    [
      'a record id of 257 characters',
      { source: { systemId: 's', recordId: 'x'.repeat(257) } },
      ['/source/recordId maxLength'],
    ],
    ['a type nobody knows', { activityType: 'contact.fone' }, ['/activityType enum']],
    ['a status nobody knows', { status: 'done' }, ['/status enum']],
    [
      'a component key with a dot',
      { components: [{ key: 'a.b', activityType: 'goal.set', details: { goalId: 'g', text: 't' } }] },
      ['/components/0/key pattern'],
    ],
    [
      'a contact inside a contact',
      { components: [{ key: 'a', activityType: 'contact.home' }] },
      ['/components/0/activityType enum'],
    ],
    [
      'a component without what it needs',
      { components: [{ key: 'a', activityType: 'goal.set', details: {} }] },
      ['/components/0/details required goalId', '/components/0/details required text'],
    ],
    [
      '51 components',
      {
        components: Array.from({ length: 51 }, (_, at) => ({
          key: `k${at}`,
          activityType: 'goal.review',
          details: { goalId: 'g', achievement: 'not' },
        })),
      },
      ['/components maxItems'],
    ],
    ['control characters in the narrative', { narrative: { es: 'a\u0007' } }, ['/narrative/es pattern']],
  ])('refuses %s, and says where', (_, change, errors) => {
    expect(errorsOf({ ...example('contact.clinic'), ...(change as object) }).toSorted()).toEqual(errors);
  });

  test.each<[string, Record<string, unknown>]>([
    ['blood pressure without unit', { kind: 'blood-pressure', systolic: 120, diastolic: 80, method: 'chw-device' }],
    [
      'blood pressure without diastolic',
      { kind: 'blood-pressure', systolic: 120, unit: 'mm Hg', method: 'transcribed' },
    ],
    ['900 pounds', { kind: 'weight', value: 900, unit: 'LBS', method: 'chw-device' }],
    ['a meter that shows HI', { kind: 'glucose-capillary', value: 'HI', unit: 'mg/dl', method: 'patient-device' }],
    ['a measurement that was declined', { kind: 'weight', absentReason: 'asked-declined', method: 'chw-device' }],
  ])('takes %s', (_, details) => {
    expect(errorsOf(measured(details))).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ['900 kilograms', { kind: 'weight', value: 900, unit: 'kg', method: 'chw-device' }, ['/details/value maximum']],
    ['weight without unit', { kind: 'weight', value: 80, method: 'chw-device' }, ['/details required unit']],
    [
      'glucose in mmol/L',
      { kind: 'glucose-capillary', value: 5.6, unit: 'mmol/L', method: 'chw-device' },
      ['/details/unit pattern'],
    ],
    [
      'glucose as a word',
      { kind: 'glucose-capillary', value: 'high', unit: 'mg/dL', method: 'chw-device' },
      ['/details/value enum'],
    ],
    [
      'a systolic of 1380',
      { kind: 'blood-pressure', systolic: 1380, method: 'chw-device' },
      ['/details/systolic maximum'],
    ],
    ['a kind nobody knows', { kind: 'hba1c', value: 7, unit: '%', method: 'transcribed' }, ['/details/kind enum']],
  ])('refuses %s', (_, details, errors) => {
    expect(errorsOf(measured(details))).toEqual(errors);
  });

  test.each<[string, string, Record<string, unknown>, string[]]>([
    [
      'an A1c that the patient remembers',
      'vital.measure',
      { kind: 'a1c', value: 7.1, unit: '%', method: 'transcribed' },
      ['/details required device', '/details required poc', '/details/method const'],
    ],
    [
      'a point-of-care A1c without certificate',
      'vital.measure',
      { kind: 'a1c', value: 7.1, unit: '%', method: 'point-of-care', device: 'x' },
      ['/details required poc'],
    ],
    [
      'a height in metres',
      'vital.measure',
      { kind: 'height', value: 1.62, unit: 'm', method: 'chw-device' },
      ['/details/unit pattern'],
    ],
    [
      'a height of 1.62 cm',
      'vital.measure',
      { kind: 'height', value: 1.62, unit: 'cm', method: 'chw-device' },
      ['/details/value minimum'],
    ],
    [
      'a weight at the point of care',
      'vital.measure',
      { kind: 'weight', value: 80, unit: 'kg', method: 'point-of-care' },
      ['/details/method enum'],
    ],
    ['eight days of seven', 'behaviour.report', { dietDays: 8 }, ['/details/dietDays maximum']],
    [
      'an answer and a reason why there is none',
      'behaviour.report',
      { dietDays: 3, notReported: { dietDays: 'refused' } },
      ['/details/notReported/dietDays false schema'],
    ],
    [
      'a reason for missing no medicine',
      'medication.adherence',
      { missedDays: 0, reasons: ['cost'] },
      ['/details/missedDays minimum'],
    ],
    [
      'a medicine without name',
      'medication.adherence',
      { missedDays: 0, medications: [{ key: 'm1', taking: 'yes' }] },
      ['/details/medications/0 required name'],
    ],
    ['a supply without quantity', 'supply.glucometer', { item: 'strips' }, ['/details required quantity']],
    [
      'a supply not given without reason',
      'supply.glucometer',
      { item: 'strips', action: 'not-given' },
      ['/details required reasonNotGiven'],
    ],
    ['strips that the patient "has"', 'supply.glucometer', { item: 'strips', action: 'has' }, ['/details/item const']],
    [
      'an undelivered message from the patient',
      'contact.text',
      { direction: 'in', delivered: false },
      ['/details/delivered const'],
    ],
    [
      'a body to file that is not there',
      'contact.text',
      { direction: 'out', fileBody: true },
      ['/details required body'],
    ],
    ['help with nothing', 'care-plan.support', { item: 'diet', help: [] }, ['/details/help minItems']],
    [
      'other help without words',
      'care-plan.support',
      { item: 'diet', help: ['other'] },
      ['/details required helpText'],
    ],
  ])('refuses %s', (_, type, details, errors) => {
    expect(errorsOf({ ...example(type), details }).toSorted()).toEqual(errors);
  });

  test('an amendment cannot change whose record it is', () => {
    const amend = {
      ...example('amend'),
      details: { target: { recordId: 'r' }, reason: 'mistaken', changes: { subject: { mrn: 'x' } } },
    };
    expect(errorsOf(amend)).toContain('/details/changes propertyNames');
  });
});
