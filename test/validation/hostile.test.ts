/** What nobody writes and somebody may send: it is judged, in time, and nothing breaks. */
import { expect, test } from '@jest/globals';
import { judge } from './made.ts';

const { errors, issues } = judge();
const observation = (more: object): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});
const nested = (levels: number, name: string, start: object): object => {
  let json = start;
  for (let level = 0; level < levels; level += 1) json = { [name]: [json] };
  return json;
};
const many = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at));

test.each([
  ['extensions within extensions', observation({ extension: [nested(50_000, 'extension', { url: 'x' })] })],
  [
    'contained within contained',
    observation({ contained: [nested(50_000, 'contained', { resourceType: 'Patient' })] }),
  ],
  [
    'extensions within a contained resource',
    observation({ contained: [{ resourceType: 'Patient', id: 'p', ...nested(50_000, 'extension', { url: 'x' }) }] }),
  ],
  [
    'questions within questions',
    { resourceType: 'Questionnaire', status: 'draft', ...nested(20_000, 'item', { linkId: 'x' }) },
  ],
])('%s without end are refused', (_, resource) => {
  expect(errors(resource)).not.toEqual([]);
});

test('each of a hundred thousand faults is told, in time that grows with their number', () => {
  const start = performance.now();
  expect(errors(observation({ component: many(50_000, (at) => ({ code: { text: 'x' }, bad: at })) }))).toHaveLength(
    50_000,
  );
  expect(
    issues({ resourceType: 'Patient', meta: { profile: many(50_000, (at) => `https://e.org/${at}`) } }),
  ).toHaveLength(50_000);
  // A quadratic count of them would take minutes.
  expect(performance.now() - start).toBeLessThan(30_000);
});

test('fifty thousand contained resources are found by as many references', () => {
  const contained = many(50_000, (at) => ({ resourceType: 'Patient', id: `p${at}` }));
  expect(errors(observation({ contained, focus: contained.map(({ id }) => ({ reference: `#${id}` })) }))).toEqual([]);
});

test('a Bundle that was changed after it was validated is judged as it is now', () => {
  const one = 'urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a11';
  const entry = [
    { fullUrl: one, resource: { resourceType: 'Patient' } },
    { resource: observation({ subject: { reference: one } }) },
  ];
  const bundle = { resourceType: 'Bundle', type: 'collection', entry };
  expect(errors(bundle)).toEqual([]);
  Object.assign(entry[0] ?? {}, { resource: { resourceType: 'Basic', code: { text: 'x' } } });
  expect(errors(bundle)).toEqual(['Bundle.entry[1].resource.subject']);
});

test.each([
  ['base64', { resourceType: 'Binary', contentType: 'text/plain', data: 'AAAA'.repeat(5_000_000) }, []],
  ['a code', observation({ language: 'a '.repeat(5_000_000) }), ['Observation.language']],
])('%s of many megabytes is read', (_, resource, expected) => {
  expect(errors(resource)).toEqual(expected);
});

test('names of every object are no elements, no types and no profiles', () => {
  const json =
    '{"resourceType":"Patient","__proto__":{"active":1},"constructor":"x","meta":{"profile":["__proto__","toString"]}}';
  expect(errors(JSON.parse(json))).toEqual(['Patient.__proto__', 'Patient.constructor']);
  for (const resourceType of ['__proto__', 'constructor', 'Resource', 'Element', 5, {}])
    expect(errors({ resourceType })).toEqual(['resourceType']);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
