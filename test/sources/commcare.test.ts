import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Activity } from '../../src/core/activity.ts';
import type { Incoming } from '../../src/core/ports.ts';
import type { SourceConfig } from '../../src/sources/config.ts';
import { readers } from '../inbound/door.ts';

const config = (parse(readFileSync('examples/commcare/tejido.yaml', 'utf8')) as { sources: SourceConfig[] })
  .sources[0]!;
const exampleText = readFileSync('examples/commcare/visita-domiciliaria.json', 'utf8');
type Form = { [name: string]: unknown; form: Record<string, Record<string, unknown>> };
const example = (): Form => JSON.parse(exampleText) as Form;
const xmlns = 'http://openrosa.org/formdesigner/7E1C0A52-5B0E-4B57-9C1B-3E0A6E4A51D1';

const reader = readers.commcare;
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const deliver = (value: unknown, headers: Record<string, string> = {}, given = config): readonly Incoming[] =>
  reader.identify({ raw: bytes(value), contentType: 'application/json', headers, actor: 'commcare' }, given);
const read = (value: unknown, given = config) => reader.toActivity(bytes(value), given);
const activityOf = (value: unknown, given = config): Activity => {
  const outcome = read(value, given);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.failure));
  return outcome.value;
};

describe('the example of a home visit', () => {
  test('its config is as the schema says', () => {
    const schema = JSON.parse(readFileSync('src/sources/config.schema.json', 'utf8')) as object;
    const validate = new Ajv2020({ allErrors: true }).compile(schema);
    validate([config]);
    expect(validate.errors).toBeNull();
  });

  test('a config with a mistyped key is refused', () => {
    const schema = JSON.parse(readFileSync('src/sources/config.schema.json', 'utf8')) as object;
    const validate = new Ajv2020().compile(schema);
    expect(validate([{ ...config, form: [] }])).toBe(false);
    expect(
      validate([
        {
          name: 'x',
          format: 'commcare',
          programmeId: 'p',
          forms: [{ xmlns: 'a', activityType: 'b', fields: { '__proto__.x': 'form.a' } }],
        },
      ]),
    ).toBe(false);
  });

  test('becomes one contact with its measurements, goal and referral', () => {
    const activity = activityOf(example());
    expect(activity).toEqual({
      schemaVersion: '1.0',
      activityType: 'contact.home',
      programmeId: 'msep',
      status: 'completed',
      source: {
        systemId: 'commcare-alivio',
        recordId: '00460026-a33b-4c6b-a4b6-c47117048557',
        recordVersion: Date.parse('2026-05-06T23:24:31Z') * 1000 + 310_277,
      },
      occurredAt: '2026-05-06T22:38:44.120000Z',
      recordedAt: '2026-05-06T23:24:31.204518Z',
      subject: { sourcePatientId: 'c0ffee00-0000-4000-8000-000000010023', mrn: 'SYN-10023', dob: '1961-03-02' },
      performer: { sourceUserId: 'f4c63df2' },
      mode: 'home',
      initiatedBy: 'chw',
      durationMinutes: 45,
      language: 'es',
      details: {
        reason: 'visita mensual',
        topics: ['alimentación', 'pie diabético'],
        barriers: ['turno de noche', 'costo'],
        present: ['hija'],
      },
      narrative: { es: 'Se quedó sin tiras; camina 3 de 4 días.' },
      components: [
        {
          key: 'presion',
          activityType: 'vital.measure',
          details: { kind: 'blood-pressure', unit: 'mmHg', method: 'chw-device', systolic: 138, diastolic: 84 },
        },
        {
          key: 'peso',
          activityType: 'vital.measure',
          details: { kind: 'weight', unit: 'kg', method: 'chw-device', value: 82.33 },
        },
        {
          key: 'glucosa1',
          activityType: 'vital.measure',
          details: {
            kind: 'glucose-capillary',
            unit: 'mg/dL',
            method: 'patient-device',
            value: 212,
            context: 'fasting',
          },
        },
        {
          key: 'meta',
          activityType: 'goal.set',
          details: {
            goalId: 'g-77',
            text: 'Caminar 20 minutos cuatro días por semana',
            domain: 'being-active',
            dueDate: '2026-06-30',
            confidence: 8,
          },
        },
        {
          key: 'alimentos',
          activityType: 'referral.community',
          details: { category: 'food', urgency: 'routine', consentRef: 'c-3', contactPreference: 'SMS, por la tarde' },
        },
      ],
    });
  });

  test('several rows of a repeat become several components', () => {
    const form = example();
    form.form['glucosas'] = {
      lectura: [{ valor: '212', momento: 'ayunas' }, { valor: '', momento: '' }, { valor: '180' }],
    };
    const readings = activityOf(form).components?.filter(({ key }) => key.startsWith('glucosa'));
    expect(readings?.map(({ key, details }) => [key, details?.['value']])).toEqual([
      ['glucosa1', 212],
      ['glucosa3', 180],
    ]);
  });

  test('what was not done or not answered is not there', () => {
    const form = example();
    form.form['vitales'] = { tomar: 'no', sistolica: '138' };
    form.form['meta_personal'] = { id_meta: '', texto: '' };
    form.form['necesidades'] = { alimentos: 'no' };
    expect(activityOf(form).components?.map(({ key }) => key)).toEqual(['glucosa1']);
  });

  test('an answer decides which activity it is', () => {
    const form = example();
    form.form = { ...form.form, visita: { resultado: 'no_estaba', idioma: 'es' } };
    const activity = activityOf(form);
    expect(activity).toMatchObject({ activityType: 'contact.attempt', status: 'attempted' });
    expect(deliver(form)[0]?.kind).toBe('contact.attempt');
  });

  test.each([
    ['a number that is none', 'visita', { duracion: 'María' }, 'form.visita.duracion', 'durationMinutes'],
    ['a required answer that is missing', 'visita', { duracion: '' }, 'form.visita.duracion', 'durationMinutes'],
    ['an answer without a value', 'visita', { duracion: '5', temas: 'María' }, 'form.visita.temas', 'details.topics'],
    [
      'a day of no calendar',
      'meta_personal',
      { id_meta: 'g', texto: 'x', para_cuando: '31/02/2026' },
      'form.meta_personal.para_cuando',
      'dueDate',
    ],
    ['1,200', 'vitales', { tomar: 'si', peso_libras: '1,200' }, 'form.vitales.peso_libras', 'value'],
  ])('%s stops the form and names question and field, not the answer', (_name, group, answers, question, field) => {
    const form = example();
    form.form[group] = answers;
    const outcome = read(form);
    expect(outcome).toMatchObject({ ok: false });
    if (outcome.ok) return;
    expect(outcome.failure.issues).toEqual([
      { where: question, what: expect.stringContaining(field), code: expect.any(String) },
    ]);
    expect(outcome.failure.cause).toBe(
      group === 'visita' && 'temas' in answers ? 'mapping/unmapped-code' : 'activity/invalid',
    );
    expect(JSON.stringify(outcome.failure)).not.toMatch(/María|1,200/);
  });

  test('a value that the schema refuses is traced to its question', () => {
    const form = example();
    form.form['vitales'] = { tomar: 'si', sistolica: '1380', diastolica: '84' };
    const outcome = read(form);
    expect(outcome).toMatchObject({
      failure: {
        cause: 'activity/invalid',
        issues: [{ where: 'form.vitales.sistolica → /components/0/details/systolic' }],
      },
    });
  });
});

describe('by what a form is known', () => {
  test('four deliveries are one record with one version and one content; an edit is a newer version', () => {
    const four = [1, 2, 3, 4].map(() => deliver(example())[0]?.record);
    expect(new Set(four.map((record) => JSON.stringify(record))).size).toBe(1);
    const edited = example();
    edited['server_modified_on'] = '2026-05-07T09:00:00.000001Z';
    edited['edited_on'] = '2026-05-07T09:00:00.000001Z';
    edited.form['visita'] = { ...edited.form['visita'], duracion: '50' };
    const record = deliver(edited)[0]?.record;
    expect(record?.id).toBe(four[0]?.id);
    expect(record?.version).toBeGreaterThan(four[0]?.version ?? Infinity);
    expect(record?.contentHash).not.toBe(four[0]?.contentHash);
  });

  test('an app update or another build changes no content', () => {
    const form = example();
    form.form['meta'] = { ...form.form['meta'], appVersion: 'CommCare 2.60', deviceID: 'other' };
    form.form['@version'] = '32' as never;
    form['build_id'] = 'zzz';
    expect(deliver(form)[0]?.record?.contentHash).toBe(deliver(example())[0]?.record?.contentHash);
  });

  test('without server times in the body the headers order the versions, to the microsecond', () => {
    const form = example();
    delete form['server_modified_on'];
    delete form['received_on'];
    const headers = { 'server-modified-on': '2026-05-06T23:24:31.310277Z', 'received-on': '2026-05-06T23:24:31Z' };
    expect(deliver(form, headers)[0]?.record?.version).toBe(Date.parse('2026-05-06T23:24:31Z') * 1000 + 310_277);
    expect(deliver(form)[0]?.record).not.toHaveProperty('version');
  });

  test('an archived form withdraws what it filed, as a newer version of itself', () => {
    const form = example();
    form['archived'] = true;
    form['server_modified_on'] = '2026-05-08T09:00:00Z';
    expect(activityOf(form)).toMatchObject({ status: 'entered-in-error', voidReason: 'mistaken' });
    const [before, after] = [deliver(example())[0]?.record, deliver(form)[0]?.record];
    expect(after?.id).toBe(before?.id);
    expect(after?.contentHash).not.toBe(before?.contentHash);
  });

  test('among several cases the patient is the one of the configured type', () => {
    const patient = (form: Form) => deliver(form)[0]?.patient?.sourcePatientId;
    const form = example();
    const own = form.form['case']!;
    form.form['case'] = [{ '@case_id': 'household', create: { case_type: 'hogar' } }, own] as never;
    expect(patient(form)).toBe(own['@case_id']);
    form.form['case'] = [
      {
        '@case_id': 'goal',
        create: { case_type: 'meta' },
        index: { parent: { '#text': 'the-patient', '@case_type': 'paciente' } },
      },
    ] as never;
    expect(patient(form)).toBe('the-patient');
    form.form['case'] = [
      { '@case_id': 'x', create: { case_type: 'hogar' } },
      { '@case_id': 'y', create: { case_type: 'paciente' } },
    ] as never;
    expect(patient(form)).toBe('y');
  });

  test('a form nobody mapped is held, and goes on once the config has it', () => {
    const none: SourceConfig = { ...config, forms: [] };
    const [kept] = deliver(example(), {}, none);
    expect(kept).toMatchObject({
      kind: 'Visita domiciliaria',
      record: { id: '00460026-a33b-4c6b-a4b6-c47117048557' },
      hold: { cause: 'mapping/no-route' },
    });
    expect(read(example(), none)).toMatchObject({ failure: { cause: 'mapping/no-route' } });
    expect(read(example()).ok).toBe(true);
  });

  test('a form to be ignored is told apart', () => {
    const ignoring: SourceConfig = { ...config, forms: [], ignore: [xmlns] };
    expect(reader.ignores(bytes(example()), ignoring)).toBe(true);
    expect(reader.ignores(bytes(example()), config)).toBe(false);
    expect(deliver(example(), {}, ignoring)[0]).not.toHaveProperty('hold');
  });

  test.each([
    ['not JSON', '{"form": {'],
    ['no form', '{"a":1}'],
    ['a form without an id', '{"form":{"@name":"x"}}'],
    ['U+0000 in an answer', String.raw`{"id":"1","form":{"a":"\u0000"}}`],
    ['a key twice', '{"id":"1","id":"2","form":{}}'],
    ['nothing', ''],
    ['half an XML', '<data><a></data>'],
    ['an XML with entities of its own', '<!DOCTYPE d [<!ENTITY a "b">]><data>&a;</data>'],
    ['a deep XML', '<a>'.repeat(5_000)],
    ['a deep JSON', '{"form":'.repeat(5_000)],
  ])('%s is kept and held as unreadable', (_name, body) => {
    const items = deliver(body);
    expect(items).toHaveLength(1);
    expect(items[0]?.hold?.cause).toBe('source/unreadable');
    expect(Buffer.from(items[0]?.raw ?? []).toString()).toBe(body);
  });

  test('a case and a stub are kept and held for want of a route', () => {
    for (const body of [
      { case_id: 'c1', properties: {} },
      { form_id: 'f1', received_on: '2026-05-06T00:00:00Z', case_ids: ['c1'] },
    ]) {
      expect(deliver(body)[0]).toMatchObject({
        record: { id: expect.stringMatching(/^(case|stub):/) },
        hold: { cause: 'mapping/no-route' },
      });
    }
  });
});

describe('XML', () => {
  const xml = `<?xml version='1.0' ?>
<data uiVersion="1" version="10" name="Visita" xmlns:jrm="http://dev.commcarehq.org/jr/xforms" xmlns="${xmlns}">
  <visita><resultado>encontrada</resultado><duracion concept="1">45</duracion><motivo>peso &lt; antes &amp; tos</motivo><idioma/></visita>
  <glucosas><lectura><valor>212</valor></lectura></glucosas>
  <n0:case case_id="c1" date_modified="2015-04-17T16:04:54.950-04" user_id="u" xmlns:n0="http://commcarehq.org/case/transaction/v2"><n0:update><n0:mrn>SYN-1</n0:mrn></n0:update></n0:case>
  <n1:meta xmlns:n1="http://openrosa.org/jr/xforms"><n1:timeEnd>2026-05-06T16:04:54.950-04</n1:timeEnd><n1:userID>u</n1:userID><n1:instanceID>i1</n1:instanceID></n1:meta>
</data>`;

  test('a form in XML means what its JSON means, with the offset of the device', () => {
    expect(activityOf(xml)).toMatchObject({
      activityType: 'contact.home',
      occurredAt: '2026-05-06T16:04:54.950-04:00',
      durationMinutes: 45,
      source: { recordId: 'i1' },
      subject: { sourcePatientId: 'c1', mrn: 'SYN-1' },
      details: { reason: 'peso < antes & tos' },
      components: [{ key: 'glucosa1' }],
    });
  });

  test('the first character tells XML from JSON, not the header', () => {
    const [item] = reader.identify({ raw: bytes(example()), contentType: 'text/xml', headers: {}, actor: 'x' }, config);
    expect(item?.record?.id).toBe('00460026-a33b-4c6b-a4b6-c47117048557');
  });
});

const data = path.resolve('../shared/data/chw/commcare');
const real = existsSync(data);
if (!real && process.env['CI'] === 'true') throw new Error(`${data} is missing.`);
if (!real) process.stderr.write('The CommCare samples are not here: their tests are skipped.\n');

test('a page larger than any one form, and an array of many, are cut into their forms', () => {
  const forms = Array.from({ length: 1_200 }, (_, index) => ({ ...example(), id: `f-${index}` }));
  for (const delivery of [{ meta: { limit: 1_200 }, objects: forms }, forms]) {
    const items = deliver(delivery);
    expect(items.map((item) => item.record?.id)).toEqual(forms.map(({ id }) => id));
    expect(Buffer.from(items[7]?.raw ?? []).toString()).toBe(JSON.stringify(forms[7]));
  }
});

(real ? describe : describe.skip)('forms as CommCare sends them', () => {
  const sample = (name: string) => readFileSync(path.join(data, name));
  const deliverFile = (name: string) =>
    reader.identify({ raw: sample(name), contentType: 'application/json', headers: {}, actor: 'x' }, config);

  test('a page of the list interface is cut into its forms, byte for byte', () => {
    const items = deliverFile('form-v1-list-page.json');
    expect(items).toHaveLength(1);
    expect(items[0]?.record).toMatchObject({
      id: 'f959449c-8776-42ac-b776-3f564fafc331',
      version: Date.parse('2016-11-29T14:50:42Z') * 1000 + 530_616,
    });
    expect(sample('form-v1-list-page.json').includes(Buffer.from(items[0]?.raw ?? []))).toBe(true);
  });

  test('the forwarded XML is known by its instance id', () => {
    expect(deliverFile('forward-form.xml')[0]).toMatchObject({
      record: { id: 'afcb3026-c4b3-463f-85ec-0cb9a2737fc5' },
      kind: 'Untitled Form',
      occurredAt: new Date('2015-04-17T20:04:42.383Z'),
    });
  });

  test.each([
    ['openmrs-test-registration.json', '1fede691-1f54-4bbc-9648-9ca8372f01e1', '65e55473-e83b-4d78-9dde-eaf949758997'],
    ['openmrs-test-followup.json', 'd3f89b4d-5ecf-48e4-a7a8-1c568769edc8', '65e55473-e83b-4d78-9dde-eaf949758997'],
  ])('%s is known by its form id and its patient case', (name, id, patient) => {
    expect(deliverFile(name)[0]).toMatchObject({ record: { id }, patient: { sourcePatientId: patient } });
  });

  test('answers with attributes are read beside plain ones', () => {
    const rule: SourceConfig = {
      name: 'motech',
      format: 'commcare',
      programmeId: 'p',
      forms: [
        {
          xmlns: 'http://openrosa.org/formdesigner/882FC273-E436-4BA1-B8CC-9CA526FFF8C2',
          activityType: 'contact.home',
          fields: {
            'details.reason': 'form.mobile_phone_number',
            'details.ask': 'form.family_planning_acceptance.new_acceptors',
          },
        },
      ],
    };
    expect(activityOf(sample('motech-register-pregnancy-form.json').toString(), rule)).toMatchObject({
      occurredAt: '2012-06-22T14:26:01.046462Z',
      details: { reason: '2525252222', ask: '2' },
      subject: { dob: '1996-06-22' },
    });
  });

  test('a forwarded case is kept and held', () => {
    expect(deliverFile('forward-case.json')[0]).toMatchObject({
      record: { id: 'case:b0916685-7247-4c44-b712-633d3d64e0c0' },
      hold: { cause: 'mapping/no-route' },
    });
  });
});
