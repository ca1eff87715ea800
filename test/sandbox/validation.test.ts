import { expect, test } from '@jest/globals';
import { syntheticPatients } from '../../src/sandbox/patients.ts';
import { baseR4Validation } from '../../src/sandbox/validate.ts';
import { at, bench, bundleOf, observation, once, patient } from './support.ts';

const { server, call } = await bench({ validate: baseR4Validation() });

test.each([
  ['an element that does not exist', observation('1', { colour: 'green' }), 'Observation.colour', 'invalid'],
  ['a missing required element', { resourceType: 'Observation', status: 'final' }, 'Observation.code', 'invalid'],
  ['a wrong type', observation('1', { issued: 7 }), 'Observation.issued', 'invalid'],
  ['a code outside a required binding', observation('1', { status: 'done' }), 'Observation.status', 'code-invalid'],
])('%s is refused with 422 and the place', async (_, body, place, code) => {
  const reply = await call('POST', '/Observation', { body });
  expect(reply.status).toBe(422);
  expect(JSON.stringify(reply.json['issue'])).toContain(place);
  expect(at(reply.json, 'issue', 0, 'code')).toBe(code);
  const inBundle = await call('POST', '/', { body: bundleOf([once(patient()), { resource: body }]) });
  expect(inBundle.status).toBe(422);
  expect(String(at(inBundle.json, 'issue', 0, 'expression', 0))).toMatch(/^Bundle\.entry\[1\]/);
  expect(server.sandbox.admin.counts()).toEqual({});
});

test('the synthetic patients are valid', async () => {
  const reply = await call('POST', '/', {
    body: bundleOf(syntheticPatients(40).map(({ id: _id, ...resource }) => ({ resource }))),
  });
  expect([reply.status, server.sandbox.admin.counts()]).toEqual([200, { Patient: 40 }]);
});
