import { describe, expect, test } from '@jest/globals';
import { type Before, changeIn, type Whose } from '../../src/core/change.ts';
import type { Resource } from '../../src/core/ports.ts';
import * as fc from 'fast-check';

const all = { owners: [], codes: [] };
const appointment = (status: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Appointment',
  id: 'a1',
  status,
  start: '2026-05-02T15:00:00Z',
  participant: [{ actor: { reference: 'Patient/p1' } }],
  ...more,
});
const task = (status: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Task',
  id: 't1',
  status,
  for: { reference: 'Patient/p1' },
  ...more,
});
const before = (resource: Resource): Before => {
  const { tell: _, ...rest } = changeIn(resource, undefined, 'linked', all)!;
  return rest;
};
const kindOf = (resource: Resource, was?: Before, whose: Whose = 'foreign') => {
  const change = changeIn(resource, was, whose, all);
  return change === undefined ? 'nothing' : `${change.kind}${change.tell ? '' : ' (not told)'}`;
};

describe('an appointment', () => {
  test.each([
    ['noshow', 'appointment.missed'],
    ['booked', 'appointment.changed'],
    ['cancelled', 'appointment.changed'],
    ['arrived', 'nothing'],
    ['fulfilled', 'nothing'],
    ['entered-in-error', 'nothing'],
  ])('first seen as %s: %s', (status, kind) => {
    expect(kindOf(appointment(status))).toBe(kind);
  });

  test('moved is news, saved again is none, and a visit that was not missed after all is', () => {
    const booked = before(appointment('booked'));
    expect(kindOf(appointment('booked', { comment: 'x' }), booked)).toBe('nothing');
    expect(kindOf(appointment('booked', { start: '2026-05-03T15:00:00Z' }), booked)).toBe('appointment.changed');
    expect(kindOf(appointment('fulfilled'), booked)).toBe('nothing');
    expect(kindOf(appointment('fulfilled'), before(appointment('noshow')))).toBe('appointment.changed');
  });
});

describe('a task', () => {
  test('is asked for once, while it is open', () => {
    expect(kindOf(task('requested'))).toBe('task.requested');
    expect(kindOf(task('draft'))).toBe('nothing');
    expect(kindOf(task('completed'))).toBe('nothing');
    expect(kindOf(task('requested'), before(task('requested')))).toBe('nothing');
    expect(kindOf(task('accepted'), before(task('requested')))).toBe('task.changed');
  });

  test('what Tejido wrote is remembered and not told; what others make of it is told', () => {
    expect(kindOf(task('requested'), undefined, 'echo')).toBe('task.changed (not told)');
    expect(kindOf(task('completed'), before(task('requested')), 'echo')).toBe('task.changed (not told)');
    expect(kindOf(task('accepted'), undefined, 'linked')).toBe('task.changed');
    expect(kindOf(task('requested'), before(task('completed')), 'linked')).toBe('task.changed');
  });

  test.each([
    [{ owner: { reference: 'Organization/o1' } }, true],
    [{ owner: { reference: 'https://ehr.example/fhir/Organization/o1' } }, true],
    [{ owner: { reference: 'Organization/xo1' } }, false],
    [{ code: { coding: [{ system: 'urn:s', code: 'outreach' }] } }, true],
    [{ code: { coding: [{ system: 'urn:other', code: 'outreach' }] } }, false],
    [{ code: { coding: [{ code: 'plain' }] } }, true],
    [{}, false],
  ])('%j is the programme’s: %s', (more, told) => {
    const rules = { owners: ['Organization/o1'], codes: ['urn:s|outreach', 'plain'] };
    expect(changeIn(task('requested', more), undefined, 'foreign', rules) !== undefined).toBe(told);
    // Whatever the rules: what we filed ourselves is ours.
    expect(changeIn(task('accepted', more), undefined, 'linked', rules)).toBeDefined();
  });

  test('tells what is asked, until when, and about which appointment; no free text beside', () => {
    const asked = task('requested', {
      code: { coding: [{ system: 'urn:s', code: 'c', display: 'Outreach' }], text: 'no-show of Ana' },
      description: 'secret',
      note: [{ text: 'secret' }],
      reasonCode: { text: 'secret' },
      priority: 'urgent',
      restriction: { period: { end: '2026-05-10' } },
      basedOn: [{ reference: 'ServiceRequest/s1' }, { reference: 'https://ehr.example/fhir/Appointment/a1' }],
    });
    expect(changeIn(asked, undefined, 'foreign', all)?.content).toEqual({
      status: 'requested',
      code: { system: 'urn:s', code: 'c', text: 'Outreach' },
      priority: 'urgent',
      due: '2026-05-10',
      appointmentRef: 'Appointment/a1',
    });
  });
});

test.each(['R', 'V', 'SUD', 'HIV'])('what is labelled %s does not leave the chart', (code) => {
  const meta = { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code }] };
  expect(kindOf(appointment('noshow', { meta }))).toBe('nothing');
  expect(kindOf(task('requested', { meta }))).toBe('nothing');
});

test('whatever an appointment goes through, what is told differs from what was told before it', () => {
  const statuses = ['proposed', 'booked', 'arrived', 'fulfilled', 'cancelled', 'noshow', 'entered-in-error'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...statuses), { maxLength: 12 }), (lived) => {
      let was: Before | undefined;
      let missed = false;
      for (const status of lived) {
        const change = changeIn(appointment(status), was, 'foreign', all);
        if (change === undefined) {
          // Never left in the belief that a visit was missed when it was not.
          expect(missed && status !== 'noshow').toBe(false);
          continue;
        }
        expect(change.content).not.toEqual(was?.content);
        missed = change.kind === 'appointment.missed';
        expect(missed).toBe(status === 'noshow');
        was = { kind: change.kind, content: change.content };
      }
    }),
  );
});
