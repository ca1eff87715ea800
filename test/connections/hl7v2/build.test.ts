/** Notes and measurements as HL7 v2: what a receiver reads of them, our own reader among them. */
import { describe, expect, test } from '@jest/globals';
import { assert, property, string } from 'fast-check';

import { seal } from '../../../src/connections/hl7v2/envelope.ts';
import { mdmOf } from '../../../src/connections/hl7v2/mdm.ts';
import { isResult, oruOf } from '../../../src/connections/hl7v2/oru.ts';
import { pidOf } from '../../../src/connections/hl7v2/people.ts';
import { dtmOf } from '../../../src/connections/hl7v2/times.ts';
import type { Body } from '../../../src/connections/hl7v2/built.ts';
import type { Hl7InterfaceConfig } from '../../../src/connections/hl7v2/config.ts';
import type { Resource } from '../../../src/core/ports.ts';
import { readMessage } from '../../../src/hl7v2/identify.ts';
import { readOru } from '../../../src/hl7v2/oru.ts';
import { aSender } from '../../support/hl7v2.ts';

const documents = { take: 'MDM^T02', amended: 'T10', voided: 'T11', text: 'TX', types: {} } as const;
const config: Hl7InterfaceConfig = {
  host: 'h',
  port: 1,
  connectMs: 1,
  answerMs: 1,
  idleMs: 1,
  connections: 1,
  sending: { application: 'TEJIDO', facility: 'MSEP' },
  receiving: { application: 'EHR' },
  version: '2.5.1',
  processing: 'P',
  charset: 'UNICODE UTF-8',
  acknowledgement: 'original',
  documents,
  results: { take: 'ORU^R01', voided: 'W' },
};

const patient: Resource = {
  resourceType: 'Patient',
  id: 'p1',
  identifier: [
    { system: 'urn:oid:1.2.3', value: 'OLD', use: 'old' },
    { system: 'urn:oid:1.2.3', value: 'M^1|2' },
  ],
  name: [{ use: 'official', family: 'Peña & Hijos', given: ['Ana', 'Luz'] }],
  birthDate: '1961-03-02',
  gender: 'female',
};
const pid = pidOf(patient, 'urn:oid:1.2.3', undefined);

const glucose: Resource = {
  resourceType: 'Observation',
  status: 'final',
  category: [{ coding: [{ code: 'laboratory' }] }],
  code: { coding: [{ system: 'http://loinc.org', code: '41653-7', display: 'Glucose in Capillary blood' }] },
  subject: { reference: 'Patient/p1' },
  effectiveDateTime: '2026-05-20T10:00:00-05:00',
  valueQuantity: { value: 212, unit: 'mg/dL', code: 'mg/dL', system: 'http://unitsofmeasure.org' },
  note: [{ text: 'Fasting. 1|2^3' }],
};

const note = (said: string): Resource => ({
  resourceType: 'DocumentReference',
  status: 'current',
  docStatus: 'final',
  type: { coding: [{ system: 'http://loinc.org', code: '11506-3', display: 'Progress note' }] },
  subject: { reference: 'Patient/p1' },
  date: '2026-05-20T10:00:00-05:00',
  author: [{ reference: 'Practitioner/chw', display: 'Ana Torres, CHW' }],
  content: [{ attachment: { contentType: 'text/plain; charset=utf-8', data: Buffer.from(said).toString('base64') } }],
});

const sealed = (
  body: Body | undefined,
  over: Partial<Hl7InterfaceConfig> = {},
  receivedAt = new Date('2026-05-20T16:00:00Z'),
) => {
  if (body === undefined || pid === undefined) throw new Error('Nothing was made.');
  return seal({ body, pid, about: ['m1', 'a'], receivedAt }, { ...config, ...over });
};

const sender = aSender({ name: 'us', mrnAuthorities: ['1.2.3'] });

describe('a measurement as ORU^R01', () => {
  test('is read by our own reader as the result that it was', () => {
    const made = sealed(
      oruOf({ do: 'put', artifact: 'key.glucose', resource: glucose }, { take: 'ORU^R01', voided: 'W' }, 'TEJIDO'),
    );
    if (made === undefined) throw new Error('It does not fit its character set.');
    const message = readMessage(made.bytes, sender);
    if (!message.ok) throw new Error(message.failure.detail);
    const read = readOru(message.value, sender);
    expect(read).toMatchObject({
      ok: true,
      value: [
        {
          patient: { mrn: 'M^1|2', dob: '1961-03-02' },
          orders: [
            {
              filler: { value: 'key.glucose' },
              service: 'http://loinc.org|41653-7',
              collected: '2026-05-20T10:00:00-05:00',
              tree: {
                observation: [{ OBX: { observationResultStatus: 'F' }, NTE: [{ comment: ['Fasting. 1|2^3'] }] }],
              },
            },
          ],
        },
      ],
    });
  });

  test.each([
    ['a value that OBX does not hold', { valueQuantity: undefined, valueRatio: {} }],
    ['a label: who may see it has no place in ORU', { meta: { security: [{ code: 'R' }] } }],
    ['no time', { effectiveDateTime: undefined }],
    ['an answer of a questionnaire', { category: [{ coding: [{ code: 'survey' }] }] }],
    ['a value beside components', { component: [{ code: { text: 'x' }, valueInteger: 1 }] }],
  ])('not with %s', (_why, over) => {
    expect(isResult(glucose)).toBe(true);
    expect(isResult({ ...glucose, ...over })).toBe(false);
  });

  test.each([
    [{ valueQuantity: { value: 9.5, comparator: '<', code: '%', unit: '%' } }, '|SN|', '|<^9.5|%^%|'],
    [{ valueString: 'HI (above)' }, '|ST|', '|HI (above)|'],
    [
      { valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '1', display: 'Yes' }] } },
      '|CWE|',
      '|1^Yes^SCT|',
    ],
    [{ dataAbsentReason: { coding: [{ code: 'unknown' }] } }, 'OBX|1||', '|X|'],
  ])('%j', (value, type, said) => {
    const resource: Resource = { ...glucose, valueQuantity: undefined, ...value };
    const made = sealed(
      oruOf(
        { do: 'put', artifact: 'k.g', resource: JSON.parse(JSON.stringify(resource)) as Resource },
        { take: 'ORU^R01', voided: 'W' },
        'TEJIDO',
      ),
    );
    const obx = made?.text.split('\r').find((line) => line.startsWith('OBX'));
    expect(obx).toContain(type);
    expect(obx).toContain(said);
  });
});

describe('a note as MDM', () => {
  test('any text comes out as it went in, line by line', () => {
    assert(
      property(string({ unit: 'grapheme', minLength: 1 }), (said) => {
        const body = mdmOf({ do: 'put', artifact: 'k.note', resource: note(said) }, documents, 'TEJIDO');
        const made = sealed(body);
        const message = readMessage(made?.bytes ?? Buffer.alloc(0), sender);
        // Control characters that no text has are refused, not changed.
        // oxlint-disable-next-line no-control-regex
        if (/[\0-\u0008\u000b-\u000c\u000e-\u001f\u007f-\u009f\ufffd\ud800-\udfff]/.test(said)) return;
        if (!message.ok) throw new Error(message.failure.detail);
        const lines = message.value.segments
          .filter(({ name }) => name === 'OBX')
          .map(({ fields }) => fields[4]?.[0]?.[0]?.[0] ?? '');
        expect(lines).toEqual(said.split(/\r\n|\r|\n/).map((line) => (line === '' ? ' ' : line)));
      }),
    );
  });

  test('the same in, the same bytes out; another word is another MSH-10', () => {
    const make = (said: string) =>
      sealed(mdmOf({ do: 'put', artifact: 'k.note', resource: note(said) }, documents, 'TEJIDO'));
    expect(make('One.')).toEqual(make('One.'));
    expect(make('One.')?.controlId).not.toBe(make('Two.')?.controlId);
    expect(make('One.')?.controlId).toMatch(/^[A-Z2-7]{20}$/);
  });

  test('an edit keeps its document number, a replacement names the one before', () => {
    const first = mdmOf({ do: 'put', artifact: 'k.note', resource: note('One.') }, documents, 'TEJIDO');
    if (first === undefined) throw new Error('No note.');
    const sent = { ...first.sent, patient: 'Patient/p1', acknowledged: true };
    const txa = (amended: 'T08' | 'T10') =>
      sealed(
        mdmOf({ do: 'put', artifact: 'k.note', resource: note('Two.'), sent }, { ...documents, amended }, 'TEJIDO'),
      )
        ?.text.split('\r')
        .filter((line) => /^(MSH|TXA)/.test(line))
        .map((line) => line.split('|'));
    const [editHead, edit] = txa('T08') ?? [];
    expect([editHead?.[8], edit?.[12], edit?.[13]]).toEqual(['MDM^T08^MDM_T02', 'k.note^TEJIDO', '']);
    const [head, replacement] = txa('T10') ?? [];
    expect([head?.[8], replacement?.[12], replacement?.[13]]).toEqual([
      'MDM^T10^MDM_T02',
      'k.note.2^TEJIDO',
      'k.note^TEJIDO',
    ]);
  });

  test('a smaller character set gets plain forms, and what it has no form for is not sent', () => {
    const make = (said: string, charset: '8859/1' | 'ASCII') =>
      sealed(mdmOf({ do: 'put', artifact: 'k.note', resource: note(said) }, documents, 'TEJIDO'), { charset });
    expect(Buffer.from(make('“Peña” – sí…', '8859/1')?.bytes ?? []).toString('latin1')).toContain('"Peña" - sí...');
    expect(Buffer.from(make('Peña', 'ASCII')?.bytes ?? []).toString('latin1')).toContain('Pena');
    expect(make('血糖', '8859/1')).toBeUndefined();
  });
});

test.each([
  ['2026', '2026'],
  ['2026-05', '202605'],
  ['2026-05-20', '20260520'],
  ['2026-05-20T10:00:00Z', '20260520100000+0000'],
  ['2026-05-20T10:00:00.123456-05:00', '20260520100000.1234-0500'],
  ['yesterday', undefined],
])('%s is %s', (given, wanted) => expect(dtmOf(given)).toBe(wanted));
