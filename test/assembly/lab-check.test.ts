import { expect, test } from '@jest/globals';
import { checkLabReads } from '../../src/assembly/lab-check.ts';
import type { LabReads } from '../../src/connections/fhir/labs.ts';
import { fail, ok } from '../../src/core/outcome.ts';

const now = new Date('2026-11-22T00:00:00Z');
const answering =
  (outcome: Awaited<ReturnType<LabReads['changed']>>): LabReads['changed'] =>
  (type, { since, categories }) => {
    expect([type, since, categories]).toEqual(['DiagnosticReport', now, ['LAB']]);
    return Promise.resolve(outcome);
  };

test('a laboratory that can be asked by the time of change is well', async () => {
  const told = await checkLabReads('laboratory county', { changed: answering(ok(undefined)) }, ['LAB'], now);
  expect(told).toMatchObject({ name: 'laboratory county', ok: true });
});

test('one that cannot says why, and what to look at', async () => {
  const changed = answering(fail('send/auth', 'the token was refused'));
  expect(await checkLabReads('laboratory county', { changed }, ['LAB'], now)).toEqual({
    name: 'laboratory county',
    ok: false,
    says: 'A search for reports does not work: the token was refused [send/auth].',
    next: 'Check auth and the scopes.',
  });
});
