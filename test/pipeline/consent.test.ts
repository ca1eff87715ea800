/** A consent as its answers say, in whatever order they arrive, and without those that are taken back. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { FilingStep } from '../../src/core/ports.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aChart, anActivity, aVoid, type Chart, drain, type Given, statesOf, until } from './support.ts';

let ledger: TestLedger;
let chart: Chart;
/** What was asked of consents, studies and relatives, in order. */
let asked: FilingStep[];
const loaded = await loadMapper({ folders: ['mappings'] });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.failure));
const real = { mapper: () => loaded.value };

beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, fact, ehr_patient, identity, patient, audit cascade`.execute(
    ledger.db,
  );
  chart = aChart();
  asked = [];
  chart.answer = (plan) => {
    asked.push(...plan.steps);
    return Promise.resolve(undefined);
  };
});

const accept = async (...items: Parameters<TestLedger['acceptor']['accept']>[0]): Promise<void> => {
  await ledger.acceptor.accept(items);
  await until(
    async () => (await statesOf(ledger)).every((state) => !/received|filing/.test(state)),
    () => drain(ledger, chart, real),
  );
};

const onDay = (day: number, given: Given) =>
  anActivity({
    mrn: 'M1',
    programmeId: 'msep',
    occurredAt: `2026-05-${String(day).padStart(2, '0')}T10:00:00-05:00`,
    ...given,
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
  expect(chart.standing()).toHaveLength(1);
  await accept(aVoid('given-10', { mrn: 'M1' }));
  expect(told('Consent')).toEqual(['merge active', 'void']);
  expect(chart.standing()).toEqual([]);
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
  expect(chart.standing()).toEqual([]);
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
  expect(chart.standing()).toHaveLength(2);
});
