/** The plan of the demo: repeatable, in proportion, and made of activities that the doors take. */
import { describe, expect, test } from '@jest/globals';
import { loadSchemas } from '../../src/assembly/knowledge.ts';
import { planProgramme } from '../../src/demo/plan.ts';
import { syntheticPatients } from '../../src/sandbox/patients.ts';
import { createActivityCheck } from '../../src/sources/activity.ts';

const until = new Date('2026-05-11T09:00:00Z');
const check = createActivityCheck(await loadSchemas(), () => until);
const planOf = (seed: number, patients = 60, activities = 300, days = 28) =>
  planProgramme({ people: syntheticPatients(patients), seed, activities, days, until });
/** A sheet of a class is an activity for each seat. */
const countOf = ({ deliveries }: ReturnType<typeof planOf>): number =>
  deliveries.reduce((sum, { body }) => sum + (Array.isArray(body['attendees']) ? body['attendees'].length : 1), 0);
const typesOf = ({ deliveries }: ReturnType<typeof planOf>): ReadonlySet<unknown> =>
  new Set(deliveries.map(({ body }) => body['activityType']));

describe('the plan of the demo', () => {
  test('is the same for the same seed, another for another', () => {
    expect(planOf(7)).toEqual(planOf(7));
    expect(JSON.stringify(planOf(7))).not.toBe(JSON.stringify(planOf(8)));
  });

  test.each([
    [1, 60, 150, 28],
    [2, 20, 50, 28],
    [3, 4_000, 2_500, 28],
    [4, 1_000, 8_000, 1_095],
  ])(
    'of seed %d, %d patients, has at least %d activities within %d days, all as their schemas want them',
    (seed, patients, activities, days) => {
      const plan = planOf(seed, patients, activities, days);
      expect(countOf(plan)).toBeGreaterThanOrEqual(activities);
      expect(Math.min(...plan.deliveries.map(({ day }) => day))).toBeGreaterThanOrEqual(0);
      expect(Math.max(...plan.deliveries.map(({ day }) => day))).toBeLessThan(days);
      const sent = plan.deliveries.filter(({ door }) => door === 'activities');
      expect(sent.filter(({ body }) => Date.parse(String(body['occurredAt'])) > until.getTime())).toEqual([]);
      expect(sent.flatMap(({ body }) => check(body))).toEqual([]);
    },
  );

  test('has every activity type that the catalogue has, 471 high-need and 400 in the research sample', async () => {
    const plan = planOf(1, 4_000, 40_000, 1_095);
    expect(countOf(plan)).toBeGreaterThanOrEqual(40_000);
    const { default: catalogue } = await import('../../schemas/catalogue.json', { with: { type: 'json' } });
    const types = (catalogue as { types: { type: string }[] }).types.map(({ type }) => type);
    const apart = ['roster.enrol', 'stratify.high-need', 'dsme.group-session'];
    const missing = types.filter((type) => !typesOf(plan).has(type) && !apart.includes(type));
    expect(missing).toEqual([]);
    expect(plan.roster.match(/,alta necesidad,/g)).toHaveLength(471);
    expect(plan.deliveries.filter(({ body }) => body['activityType'] === 'research.consent')).toHaveLength(400);
  });
});
