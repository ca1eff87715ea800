import { describe, expect, test } from '@jest/globals';
import type { EmittedLink } from '../../src/core/model.ts';
import { planSteps, voidSteps } from '../../src/core/plan.ts';
import type { Mapped } from '../../src/core/ports.ts';

const link = (artifact: string, more: Partial<EmittedLink> = {}): EmittedLink => ({
  artifact,
  resourceType: 'Observation',
  reference: `Observation/${artifact}`,
  action: 'created',
  tier: 'native',
  owned: [],
  ...more,
});
const put = (artifact: string, more: object = {}): Mapped => ({
  artifact,
  fullUrl: `urn:uuid:${artifact}`,
  do: 'put',
  resource: { resourceType: 'Observation', ...more },
});
const none = new Map<string, EmittedLink>();

describe('a plan', () => {
  test('names what stands already, and voids what this version no longer has', () => {
    const mine = new Map([link('a'), link('b')].map((one) => [one.artifact, one]));
    const { steps } = planSteps([put('a'), put('c')], mine, none, 'urn:x');
    expect(steps.map((step) => [step.do, step.artifact, step.known?.reference])).toEqual([
      ['void', 'b', 'Observation/b'],
      ['put', 'a', 'Observation/a'],
      ['put', 'c', undefined],
    ]);
  });

  test("merges into the EHR's own resource that is named by its id, also when another was named before", () => {
    const close: Mapped = { ...put('c', {}), do: 'merge', resource: { resourceType: 'Task', id: 't2' } };
    const mine = new Map([['c', link('c', { resourceType: 'Task', reference: 'Task/t1', action: 'merged' })]]);
    const { steps, missing } = planSteps([close], mine, none, 'urn:x');
    expect(missing).toEqual([]);
    expect(steps.map((step) => [step.do, step.known?.reference])).toEqual([['merge', 'Task/t2']]);
  });

  test('points to where a goal stands that this record changes, not into its own bundle', () => {
    const goal: Mapped = { ...put('g', {}), do: 'merge', resource: { resourceType: 'Goal' } };
    const review = put('r', { focus: [{ reference: 'urn:uuid:g' }], subject: { reference: 'Patient/1' } });
    const subject = new Map([['g', link('g', { reference: 'Goal/7' })]]);
    const { steps, missing } = planSteps([goal, review], none, subject, 'urn:x');
    expect(missing).toEqual([]);
    expect(steps[1]).toMatchObject({
      resource: { focus: [{ reference: 'Goal/7' }], subject: { reference: 'Patient/1' } },
    });
  });

  test('leaves out a merge into nothing, and refers to it by its identifier', () => {
    const goal: Mapped = { ...put('g', {}), do: 'merge', resource: { resourceType: 'Goal' } };
    const review = put('r', { focus: [{ reference: 'urn:uuid:g', display: 'walk' }] });
    expect(planSteps([goal, review], none, none, 'urn:x')).toEqual({
      missing: ['g'],
      steps: [
        {
          do: 'put',
          artifact: 'r',
          fullUrl: 'urn:uuid:r',
          resource: {
            resourceType: 'Observation',
            focus: [{ type: 'Goal', identifier: { system: 'urn:x', value: 'g' }, display: 'walk' }],
          },
        },
      ],
    });
  });

  test('voids what refers to others first, and never what only was merged into or is voided already', () => {
    const links = [
      link('encounter'),
      link('note'),
      link('goal', { action: 'merged' }),
      link('old', { action: 'voided' }),
    ];
    expect(voidSteps(links).map((step) => step.artifact)).toEqual(['note', 'encounter']);
  });
});
