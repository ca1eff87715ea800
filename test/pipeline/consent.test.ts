/** A consent as its answers say, in whatever order they arrive, and without those that are taken back. */
import { beforeEach, expect, test } from '@jest/globals';
import type { FilingStep } from '../../src/core/ports.ts';
import { aWorld, onDay } from './real-maps.ts';
import { aVoid, type Given } from './support.ts';

/** What was asked of consents, studies and relatives, in order. */
let asked: FilingStep[] = [];
const world = aWorld((plan) => {
  asked.push(...plan.steps);
});
const { accept } = world;
beforeEach(() => {
  asked = [];
});

const anAnswer = (day: number, status: string, given: Given = {}) =>
  onDay(day, {
    recordId: `${status}-${String(day)}`,
    activityType: 'consent.record',
    details: { consentId: 'c-3', kind: 'messaging', status, method: 'written' },
    ...given,
  });
const told = (type: string): readonly string[] =>
  asked.flatMap((step) => {
    if (step.do === 'void') return step.resourceType === type ? ['void'] : [];
    return step.resource.resourceType === type
      ? [`${step.do} ${JSON.stringify(step.resource['status'])}`.replaceAll('"', '')]
      : [];
  });

test('an agreement that comes after a later withdrawal does not bring the consent back', async () => {
  await accept(anAnswer(20, 'withdrawn'));
  await accept(anAnswer(10, 'given'));
  expect(told('Consent')).toEqual(['put inactive', 'put inactive']);
});

test('a withdrawal that is taken back leaves the consent as it was given, and then nothing stands', async () => {
  await accept(anAnswer(10, 'given'));
  await accept(anAnswer(20, 'withdrawn'));
  asked = [];
  await accept(aVoid('withdrawn-20', { mrn: 'M1' }));
  expect(told('Consent')).toEqual(['merge active']);
  expect(world.chart.standing()).toHaveLength(1);
  await accept(aVoid('given-10', { mrn: 'M1' }));
  expect(told('Consent')).toEqual(['merge active', 'void']);
  expect(world.chart.standing()).toEqual([]);
});

test('a study is left and entered again as the answers that stand say', async () => {
  const study = (day: number, status: string) =>
    onDay(day, {
      recordId: `study-${status}`,
      activityType: 'research.consent',
      details: { study: 's1', status, version: '1' },
    });
  await accept(study(10, 'consented'), study(20, 'withdrawn'));
  await accept(aVoid('study-withdrawn', { mrn: 'M1' }));
  expect(told('Consent').at(-1)).toBe('merge active');
  expect(told('ResearchSubject').at(-1)).toBe('merge on-study');
  await accept(aVoid('study-consented', { mrn: 'M1' }));
  expect(world.chart.standing()).toEqual([]);
});

test('a relative who may know no more has no name, and stands as long as one record names them', async () => {
  const relative = (day: number, consentToShare: boolean) =>
    onDay(day, {
      recordId: `family-${String(day)}`,
      activityType: 'family.involve',
      details: {
        familyId: 'f1',
        relationship: 'daughter',
        role: 'caregiver',
        consentToShare,
        ...(consentToShare ? { name: 'Lucía', method: 'written' } : {}),
      },
    });
  await accept(relative(20, false));
  await accept(relative(10, true));
  expect(JSON.stringify(asked)).not.toMatch(/Lucía/u);
  expect(told('Consent')).toEqual(['put rejected', 'put rejected']);
  await accept(aVoid('family-10', { mrn: 'M1' }));
  expect(told('Consent').at(-1)).toBe('merge rejected');
  expect(world.chart.standing()).toHaveLength(2);
});
