import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Incoming } from '../../src/core/ports.ts';
import type { SourceConfig } from '../../src/sources/config.ts';
import { readers } from '../inbound/door.ts';

const config = (parse(readFileSync('examples/cht/tejido.yaml', 'utf8')) as { sources: SourceConfig[] }).sources[0]!;
const exampleText = readFileSync('examples/cht/visita.json', 'utf8');
type Doc = { [name: string]: unknown; fields: Record<string, Record<string, unknown>> };
const example = (): Doc => JSON.parse(exampleText) as Doc;

const reader = readers.cht;
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const deliver = (value: unknown, given = config): readonly Incoming[] =>
  reader.identify({ raw: bytes(value), contentType: 'application/json', headers: {}, actor: 'cht' }, given);
const read = (value: unknown, given = config) => reader.toActivity(bytes(value), given);
const recordOf = (value: unknown, given = config) => deliver(value, given)[0]?.record;

const uuid = 'c0ffee00-0000-4000-8000-000000010023';
const visit = (doc: Doc, answers: Record<string, unknown>): Doc => ({
  ...doc,
  fields: { ...doc.fields, visita: { ...doc.fields['visita'], ...answers } },
});

describe('the example of a home visit', () => {
  const schema = JSON.parse(readFileSync('src/sources/config.schema.json', 'utf8')) as object;
  const valid = (sources: unknown) => new Ajv2020({ allErrors: true }).compile(schema)(sources);

  test('its config is as the schema says; a form is named as its format names it', () => {
    expect(valid([config])).toBe(true);
    const { forms = [], ...rest } = config;
    expect(valid([{ ...rest, forms: forms.map(({ form, ...rule }) => ({ ...rule, xmlns: form })) }])).toBe(false);
    expect(valid([{ ...rest, format: 'commcare', forms }])).toBe(false);
    const { programmeId: _, ...nowhere } = config;
    expect(valid([nowhere])).toBe(false);
  });

  test('becomes one contact with its measurement', () => {
    expect(read(example())).toEqual({
      ok: true,
      value: {
        schemaVersion: '1.0',
        activityType: 'contact.home',
        programmeId: 'msep',
        status: 'completed',
        occurredAt: '2026-05-06T22:24:45.000Z',
        performer: { sourceUserId: 'c0ffee00-0000-4000-8000-00000000rosa' },
        mode: 'home',
        initiatedBy: 'chw',
        language: 'es',
        durationMinutes: 45,
        details: { reason: 'visita mensual', topics: ['alimentación', 'pie diabético'] },
        narrative: { es: 'Camina tres de cuatro días.' },
        components: [
          {
            key: 'glucosa',
            activityType: 'vital.measure',
            details: { kind: 'glucose-capillary', unit: 'mg/dL', method: 'patient-device', value: 212 },
          },
        ],
        source: { systemId: 'cht-alivio', recordId: '5f3c9a52-7d1e-4b58-9a0c-1c2f6f0b7a11', recordVersion: 1 },
        subject: {
          sourcePatientId: uuid,
          mrn: 'SYN-10023',
          dob: '1961-03-02',
          name: { given: 'María', family: 'Prueba' },
        },
      },
    });
  });

  test('is known at the door by its id, its revision, the patient and what it says of the person', () => {
    expect(deliver(example())).toEqual([
      expect.objectContaining({
        format: 'cht',
        source: 'cht-alivio',
        kind: 'contact.home',
        record: { id: '5f3c9a52-7d1e-4b58-9a0c-1c2f6f0b7a11', version: 1, contentHash: expect.any(String) },
        patient: expect.objectContaining({
          source: 'cht-alivio',
          sourcePatientId: uuid,
          mrn: 'SYN-10023',
          demographics: expect.objectContaining({ given: 'María', family: 'Prueba' }),
        }),
        occurredAt: new Date('2026-05-06T22:24:45.000Z'),
      }),
    ]);
    expect(deliver(example())[0]).not.toHaveProperty('hold');
  });

  test('an answer decides which activity it is; a list of a report by SMS is a multi-select', () => {
    expect(read(visit(example(), { resultado: 'no_estaba' }))).toMatchObject({
      value: { activityType: 'contact.attempt', status: 'attempted' },
    });
    expect(read(visit(example(), { temas: ['alimentacion', 'pie'] }))).toMatchObject({
      value: { details: { topics: ['alimentación', 'pie diabético'] } },
    });
  });

  test('a red flag is found at the door, also when the rest of the report cannot be used', () => {
    const high = { ...example(), fields: { ...example().fields, mediciones: { glucosa: '412' } } };
    expect(deliver(high)[0]?.flags).toHaveLength(1);
    const broken = visit(high, { minutos: 'muchos' });
    expect(read(broken).ok).toBe(false);
    expect(deliver(broken)[0]?.flags).toEqual(deliver(high)[0]?.flags);
  });

  test('an answer that cannot be used stops the report and names question and field, not the answer', () => {
    const outcome = read(visit(example(), { minutos: 'María' }));
    expect(outcome).toMatchObject({
      failure: {
        cause: 'activity/invalid',
        issues: [{ where: 'fields.visita.minutos', what: expect.stringContaining('durationMinutes') }],
      },
    });
    expect(JSON.stringify(outcome)).not.toContain('María');
  });
});

describe('sent again, and edited', () => {
  test('the same report, a revision of CHT’s own, and `new Date()` in a mapping are one content', () => {
    const first = recordOf(example());
    expect(recordOf(example())).toEqual(first);
    const bookkeeping = { ...example(), _rev: '4-a', scheduled_tasks: [{ due: 'x' }], reported_date: '1778106285000' };
    expect(recordOf(bookkeeping)).toEqual({ ...first, version: 4 });
    for (const pushed of ['2026-05-06T22:30:00Z', '2026-05-06T22:35:00Z']) {
      expect(recordOf({ ...example(), pushed_at: pushed, reported_date: Date.parse(pushed) })?.contentHash).toBe(
        first?.contentHash,
      );
    }
  });

  test('an edit is a newer version with other content', () => {
    const [first, edited] = [
      recordOf(example()),
      recordOf({ ...visit(example(), { minutos: '50' }), _rev: '2-f64dd6048aebaf8f9bbaa38452640cf3' }),
    ];
    expect(edited).toMatchObject({ id: first?.id, version: 2 });
    expect(edited?.contentHash).not.toBe(first?.contentHash);
  });

  test('without a revision the content is the version, and arrival orders it', () => {
    const { _rev: _, ...pushed } = example();
    expect(recordOf(pushed)).not.toHaveProperty('version');
    expect(read(pushed)).toMatchObject({ value: { source: { contentHash: recordOf(pushed)?.contentHash } } });
  });

  test('two answers that cannot be used are not the same content', () => {
    const hashes = ['x', 'y'].map((minutos) => recordOf(visit(example(), { minutos }))?.contentHash);
    expect(hashes[0]).not.toBe(hashes[1]);
  });
});

describe('what is no report of a known form', () => {
  test('a form that nobody mapped is held, and goes on once the config has it', () => {
    const none: SourceConfig = { ...config, forms: [] };
    expect(deliver(example(), none)).toMatchObject([
      { kind: 'visita_diabetes', hold: { cause: 'mapping/no-route' }, patient: { sourcePatientId: uuid } },
    ]);
    expect(read(example(), none)).toMatchObject({ failure: { cause: 'mapping/no-route' } });
    expect(read(example()).ok).toBe(true);
  });

  test('a form to be ignored is told apart', () => {
    const survey = { ...example(), form: 'encuesta_satisfaccion' };
    expect(reader.ignores(bytes(survey), config)).toBe(true);
    expect(reader.ignores(bytes(example()), config)).toBe(false);
    expect(deliver(survey)[0]).not.toHaveProperty('hold');
  });

  test('a contact is kept and held for want of a route', () => {
    const person = { _id: 'p1', _rev: '3-a', type: 'contact', contact_type: 'person', name: 'x' };
    expect(deliver(person)).toMatchObject([
      { kind: 'cht.person', record: { id: 'p1', version: 3 }, hold: { cause: 'mapping/no-route' } },
    ]);
    expect(recordOf({ ...person, _rev: '4-b' })?.contentHash).toBe(recordOf(person)?.contentHash);
  });

  test.each([
    ['not JSON', '{"_id": '],
    ['no object', '"x"'],
    ['a report without an id', '{"form":"visita_diabetes","fields":{}}'],
    ['a report without fields', '{"_id":"1","type":"data_record","form":"visita_diabetes"}'],
    ['U+0000 in an answer', String.raw`{"_id":"1","form":"f","fields":{"a":"\u0000"}}`],
    ['a key twice', '{"_id":"1","_id":"2","form":"f","fields":{}}'],
    ['nothing', ''],
    ['a deep JSON', '{"fields":'.repeat(5_000)],
  ])('%s is kept and held as unreadable', (_name, body) => {
    const items = deliver(body);
    expect(items).toHaveLength(1);
    expect(items[0]?.hold?.cause).toBe('source/unreadable');
    expect(Buffer.from(items[0]?.raw ?? []).toString()).toBe(body);
  });

  test('an array is cut into its documents, byte for byte', () => {
    const docs = Array.from({ length: 30 }, (_, index) => ({ ...example(), _id: `r-${index}` }));
    const items = deliver(docs);
    expect(items.map((item) => item.record?.id)).toEqual(docs.map(({ _id }) => _id));
    expect(Buffer.from(items[7]?.raw ?? []).toString()).toBe(JSON.stringify(docs[7]));
  });
});

const data = path.resolve('../shared/data/chw/cht');
const real = existsSync(data);
if (!real && process.env['CI'] === 'true') throw new Error(`${data} is missing.`);
if (!real) process.stderr.write('The CHT samples are not here: their tests are skipped.\n');

(real ? describe : describe.skip)('reports as CHT sends them', () => {
  const sample = (name: string) => readFileSync(path.join(data, name));
  const deliverFile = (name: string, given = config) =>
    reader.identify({ raw: sample(name), contentType: 'application/json', headers: {}, actor: 'x' }, given);
  const source = (forms: SourceConfig['forms']): SourceConfig => ({
    name: 'cht',
    format: 'cht',
    programmeId: 'p',
    ...(forms === undefined ? {} : { forms }),
  });

  test('a home visit: the patient is fields.patient_uuid, though inputs.contact is who submitted it', () => {
    const given = source([
      {
        form: 'pregnancy_home_visit',
        activityType: 'contact.home',
        when: { from: 'fields.data.__activity_to_report', is: 'home_visit' },
        fields: { 'details.reason': 'fields.summary.edd_summary' },
      },
    ]);
    expect(deliverFile('report-pregnancy_home_visit.json', given)).toMatchObject([
      {
        kind: 'contact.home',
        record: { id: '01890a5d-ac96-774b-bcce-b302099a8057', version: 1 },
        patient: { source: 'cht', sourcePatientId: '091d10d9-2f5c-4965-9c20-96730c6fc300' },
        occurredAt: new Date(1_619_654_400_000),
      },
    ]);
    expect(reader.toActivity(sample('report-pregnancy_home_visit.json'), given)).toMatchObject({
      value: {
        activityType: 'contact.home',
        occurredAt: '2021-04-29T00:00:00.000Z',
        performer: { sourceUserId: '2e0ceb06-ced2-5a63-bca0-0283a5aab0e8' },
        details: { reason: '1 Sep, 2020' },
      },
    });
  });

  test('groups with hyphens, multi-selects and an edited revision', () => {
    const given = source([
      {
        form: 'covid19_rdt_provision',
        activityType: 'contact.clinic',
        fields: {
          'details.reason': 'fields.spec-lot.additional_notes',
          'details.topics': { from: 'fields.test-reference.symptoms', as: 'list' },
        },
      },
    ]);
    expect(deliverFile('report-covid19_rdt_provision.json', given)).toMatchObject([
      { record: { version: 2 }, patient: { sourcePatientId: 'bf3b7049-219d-44ef-a2a4-1647b75157e1' } },
    ]);
    expect(reader.toActivity(sample('report-covid19_rdt_provision.json'), given)).toMatchObject({
      value: {
        details: {
          reason: 'All seals intact, all doses kept at correct temperature.',
          topics: ['sore_throat', 'cough', 'loss_of_taste_or_smell'],
        },
        performer: { sourceUserId: 'd0bd9d0e-7a6e-4424-baea-f2ad13cc6e27' },
      },
    });
  });

  test('the report of the documentation has `id`, no revision, a short patient id and a list', () => {
    const given = source([
      {
        form: 'referral',
        activityType: 'contact.clinic',
        fields: { 'details.topics': { from: 'fields.danger_signs', as: 'list' } },
      },
    ]);
    const [item] = deliverFile('outbound-referral-report.json', given);
    expect(item).toMatchObject({ record: { id: 'abc-1234' }, patient: { sourcePatientId: '12345' } });
    expect(item?.record).not.toHaveProperty('version');
    expect(reader.toActivity(sample('outbound-referral-report.json'), given)).toMatchObject({
      value: { details: { topics: ['V', 'BL', 'D', 'IG'] }, performer: { sourceUserId: 'def-5678' } },
    });
  });

  test('a mapped push without id and form is kept, and says what to map', () => {
    expect(deliverFile('outbound-referral-payload.json')).toMatchObject([
      { hold: { cause: 'source/unreadable', detail: expect.stringContaining('no _id, no form, no fields') } },
    ]);
  });
});
