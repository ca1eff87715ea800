/** A referral and what is reported of it, in whatever order: its Task stands as the reports that count say. */
import { beforeEach, expect, test } from '@jest/globals';
import type { FilingStep, Resource } from '../../src/core/ports.ts';
import { aWorld, onDay } from './real-maps.ts';
import { aVoid, type Given } from './support.ts';

/** What was asked of the Task, in order. */
let asked: FilingStep[] = [];
const world = aWorld((plan) => {
  asked.push(...plan.steps.filter(({ artifact }) => artifact.endsWith('.task')));
});
const { accept } = world;
beforeEach(() => {
  asked = [];
});

const aReferral = (given: Given = {}) =>
  onDay(1, {
    recordId: 'referral',
    activityType: 'referral.community',
    details: { referralId: 'ref-1', category: 'food' },
    ...given,
  });
const aReport = (day: number, status: string, outcome?: string, given: Given = {}) =>
  onDay(day, {
    recordId: `report-${String(day)}`,
    activityType: 'referral.outcome',
    details: { referralId: 'ref-1', status, category: 'food', ...(outcome === undefined ? {} : { outcome }) },
    ...given,
  });

const outputOf = (resource: Resource): string => {
  const [output] = (resource['output'] ?? []) as {
    valueReference?: { reference?: string };
    valueCodeableConcept?: object;
  }[];
  if (output === undefined) return '';
  return output.valueReference?.reference === undefined ? ' code' : ' procedure';
};
const told = (): readonly string[] =>
  asked.map((step) =>
    step.do === 'void' ? 'void' : `${step.do} ${String(step.resource['status'])}${outputOf(step.resource)}`,
  );
const last = () => told().at(-1);

test('a completed referral is not opened again by an older report that comes late, and keeps its output', async () => {
  await accept(aReferral());
  await accept(aReport(20, 'completed', 'got-help'));
  await accept(aReport(10, 'in-progress'));
  await accept(aReport(25, 'on-hold', 'no-capacity'));
  expect(told()).toEqual([
    'put requested',
    'merge completed procedure',
    'merge completed procedure',
    'merge completed procedure',
  ]);
});

test('reports follow each other as SDOH Clinical Care lets a Task go, also over steps that nobody reported', async () => {
  await accept(aReferral());
  await accept(aReport(2, 'in-progress'));
  await accept(aReport(3, 'on-hold', 'no-capacity'));
  await accept(aReport(4, 'accepted'));
  await accept(aReport(5, 'rejected', 'ineligible'));
  await accept(aReport(6, 'in-progress'));
  await accept(aReport(7, 'failed', 'could-not-contact'));
  await accept(aReport(8, 'completed', 'got-help'));
  expect(told().slice(1)).toEqual([
    'merge in-progress',
    'merge on-hold',
    'merge on-hold',
    'merge on-hold',
    'merge in-progress',
    'merge failed',
    'merge failed',
  ]);
});

test('the later of two reports of the end says what came of it', async () => {
  await accept(aReferral(), aReport(20, 'completed', 'no-capacity'), aReport(22, 'completed', 'partial'));
  expect(told().slice(1)).toEqual(['merge completed code', 'merge completed procedure']);
});

test('a report that is taken back leaves the state before, and takes reason and output along', async () => {
  await accept(aReferral(), aReport(10, 'accepted'), aReport(20, 'completed', 'got-help'));
  asked = [];
  await accept(aVoid('report-20', { mrn: 'M1' }));
  await accept(aVoid('report-10', { mrn: 'M1' }));
  expect(told()).toEqual(['merge accepted', 'merge requested']);
  const cleared = ['businessStatus', 'statusReason', 'output'];
  expect(asked.map((step) => step.do === 'merge' && step.clears)).toEqual([cleared, cleared]);
});

test('a referral that is edited after its reports keeps how far it has come', async () => {
  await accept(aReferral(), aReport(20, 'completed', 'got-help'));
  await accept(aReferral({ version: 2, details: { referralId: 'ref-1', category: 'food', urgency: 'urgent' } }));
  expect(last()).toBe('put completed procedure');
});

test('an edited report counts once', async () => {
  await accept(aReferral(), aReport(20, 'completed', 'got-help'));
  await accept(aReport(20, 'in-progress', undefined, { version: 2 }));
  expect(last()).toBe('merge in-progress');
});

test('a referral that is taken back goes, whatever was reported of it', async () => {
  await accept(aReferral(), aReport(20, 'completed', 'got-help'));
  await accept(aVoid('referral', { mrn: 'M1' }));
  expect(last()).toBe('void');
  await accept(aVoid('report-20', { mrn: 'M1' }));
  expect(world.chart.standing()).toEqual([]);
});

test('a report of a referral that the patient did not want does not make one of it', async () => {
  await accept(aReferral({ status: 'not-done' }), aReport(20, 'in-progress'));
  expect(told()).toEqual(['put cancelled']);
});
