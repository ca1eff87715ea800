/** Which laboratory values a person must hear of, and by what a result is known again. */
import { describe, expect, test } from '@jest/globals';
import { createCriticalReader } from '../../../src/core/lab/critical.ts';
import type { LabMessage, LabOrder } from '../../../src/core/lab/model.ts';
import { rules as redFlags } from '../../support/red-flags.ts';
import { labRules } from '../../support/labs.ts';

const read = createCriticalReader({ labs: labRules, redFlags: { ...redFlags, severity: { ...redFlags.severity, 'lab-critical': 'routine' } } }); // prettier-ignore

const loincOf = (code: string) => ({ identifier: code, nameOfCodingSystem: 'LN' });
const glucose = '2345-7';
const potassium = '2823-3';

type Given = { code?: string; value?: object; units?: string; flags?: string[]; status?: string };
const obx = ({ code = glucose, value = { text: '95' }, units = 'mg/dL', flags = [], status = 'F' }: Given) => ({
  OBX: {
    observationIdentifier: loincOf(code),
    observationValue: [value],
    units: { identifier: units },
    interpretationCodes: flags.map((identifier) => ({ identifier })),
    observationResultStatus: status,
  },
});

const message = (
  observation: readonly object[],
  order: Partial<LabOrder> = {},
  more: Partial<LabMessage> = {},
): LabMessage => ({
  // prettier-ignore
  patient: { source: 'riverlab', mrn: 'M1' },
  test: false,
  part2: false,
  orders: [
    {
      filler: { value: 'F-1' },
      service: 's|BMP',
      collected: '2026-03-09T08:30:00-06:00',
      issued: '2026-03-09T10:00:00-06:00',
      sent: '2026-03-09T10:01:00-06:00',
      results: observation.map((_, index) => ({ key: `k${String(index)}` })),
      specimens: [],
      tree: { observation },
      ...order,
    },
  ],
  ...more,
});
test('an archive that is loaded alarms nobody; a culture of weeks, and what waited on its way, do', () => {
  const old = { collected: '2019-03-09T08:30:00-06:00', issued: '2019-03-09T10:00:00-06:00' };
  const low = obx({ value: { text: '40' } });
  expect(read(message([low], old))).toEqual([]);
  expect(read(message([obx({ value: { text: 'x' }, flags: ['AA'] })], old))).toEqual([]);
  expect(read(message([low], { collected: '2026-01-20T08:30:00-06:00' }))).toHaveLength(1);
  expect(read(message([low], { ...old, sent: '2019-03-10T10:00:00-06:00' }))).toHaveLength(1);
  // It says nothing about an alarm that stands.
  expect(read(message([obx({ value: { text: '40' }, status: 'C' })], old))).toEqual([]);
});

const found = (given: Given) => read(message([obx(given)])).map(({ flag, ends }) => flag?.severity ?? ends);

describe('by rule', () => {
  test.each<[string, Given, string[]]>([
    ['a glucose above', { value: { text: '400' } }, ['urgent']],
    ['a glucose below', { value: { text: '53.9' } }, ['urgent']],
    ['an edge', { value: { text: '54' } }, ['corrected']],
    ['a limit beyond it', { value: { text: '>600' } }, ['urgent']],
    ['a limit that may not be beyond it', { value: { text: '>300' } }, ['corrected']],
    ['a limit below', { value: { text: '<20' } }, ['urgent']],
    ['a limit that does not say how low', { value: { text: '<100' } }, ['corrected']],
    ['SN', { value: { comparator: '>', num1: '600' } }, ['urgent']],
    ['SN, a range', { value: { num1: '40', separatorSuffix: '-', num2: '50' } }, ['corrected']],
    [
      'a potassium in the usual unit of the country',
      { code: potassium, value: { text: '6.9' }, units: 'mEq/L' },
      ['stat'],
    ],
    ['a unit in capitals', { value: { text: '512' }, units: 'MG/DL' }, ['urgent']],
    ['another unit', { value: { text: '512' }, units: 'mmol/L' }, ['corrected']],
    ['no unit', { value: { text: '512' }, units: '' }, ['corrected']],
    ['a measure without a rule', { code: '4548-4', value: { text: '19' }, units: '%' }, []],
  ])('%s', (_, given, expected) => {
    expect(found(given)).toEqual(expected);
  });
});

test.each(['HH', 'LL', 'AA'])('%s of the laboratory counts whatever it is; H does not', (flag) => {
  expect(found({ code: '17861-6', flags: [flag], units: 'x' })).toEqual(['urgent']);
  expect(found({ code: '17861-6', flags: ['H'] })).toEqual([]);
});

describe('by status', () => {
  const critical = { value: { text: '512' } };
  test.each<[string, string[], string[]]>([
    ['P', ['urgent'], []],
    ['F', ['urgent'], ['corrected']],
    ['C', ['urgent'], ['corrected']],
    ['D', ['withdrawn'], ['withdrawn']],
    ['X', ['withdrawn'], ['withdrawn']],
    ['W', ['wrong-patient'], ['wrong-patient']],
    ['I', [], []],
    ['', ['urgent'], ['corrected']],
  ])('%s', (status, shows, harmless) => {
    expect(found({ ...critical, status })).toEqual(shows);
    expect(found({ status })).toEqual(harmless);
  });

  test('a correction ends an alarm also of a measure without a rule', () => {
    expect(found({ code: '17861-6', status: 'C' })).toEqual(['corrected']);
  });
});

test('a result is known again in each message about it, and tells nothing of the patient', () => {
  const [one] = read(message([obx({ status: 'P', value: { text: '512' } })]));
  const [again] = read(message([obx({ value: { text: '90' } })], { issued: '2026-03-09T12:00:00-06:00' }));
  expect(again?.id).toBe(one?.id);
  expect(one?.id).toMatch(/^lab\.[a-z2-7]{26}$/);
  const others = [
    message([obx({})], { filler: { value: 'F-2' } }),
    message([obx({})], { collected: '2026-03-10T08:30:00-06:00' }),
    message([obx({})], {}, { patient: { source: 'riverlab', mrn: 'M2' } }),
    message([obx({ code: '1' }), obx({})]),
  ].map((each) => read(each).at(-1)?.id);
  expect(new Set([one?.id, ...others]).size).toBe(5);
});

test('the same result by FHIR is the same, and read the same', () => {
  const observation = (value: number, status = 'final') => ({
    resourceType: 'Observation',
    status,
    code: { coding: [{ system: 'http://loinc.org', code: glucose }] },
    valueQuantity: { value, unit: 'mg/dL', code: 'mg/dL' },
  });
  const [byHl7] = read(message([obx({ value: { text: '512' } })]));
  const [byFhir] = read(message([observation(512)]));
  expect(byFhir).toEqual(byHl7);
  expect(read(message([observation(90)]))[0]?.flag).toBeUndefined();
  expect(read(message([observation(512, 'entered-in-error')]))[0]).toMatchObject({
    flag: undefined,
    ends: 'withdrawn',
  });
});

test('a test message alarms nobody; nor does anything where it is switched off', () => {
  const critical = [obx({ value: { text: '512' } })];
  expect(read(message(critical, {}, { test: true }))).toEqual([]);
  const off = createCriticalReader({ labs: labRules, redFlags: { ...redFlags, severity: { ...redFlags.severity, 'lab-critical': 'off' } } }); // prettier-ignore
  expect(off(message(critical))).toEqual([]);
});
