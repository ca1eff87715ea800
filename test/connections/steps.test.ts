/** What a plan may ask for: amending, merging into what stands, voiding, several at once. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EmittedLink } from '../../src/core/model.ts';
import type { Filing, FilingStep, Resource } from '../../src/core/ports.ts';
import { artifactSystem, observation, ours, plan, put, startEhr, visit } from './support/ehr.ts';
import type { Ehr } from './support/ehr.ts';

let ehr: Ehr;
beforeEach(async () => {
  ehr = await startEhr();
});
afterEach(() => ehr.close());

const only = (filing: Filing): EmittedLink => {
  expect(filing.failure).toBeUndefined();
  const [link] = filing.links;
  if (link === undefined) throw new Error('no link');
  return link;
};
const standing = (type: string): Resource => {
  const [one] = ehr.admin.all(type);
  if (one === undefined) throw new Error(`no ${type}`);
  return one;
};
const goal = (more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Goal',
  lifecycleStatus: 'active',
  description: { text: 'walk' },
  subject: { reference: 'Patient/p1' },
  ...more,
});

describe('an amendment', () => {
  test('takes away what an earlier version set and keeps what others added', async () => {
    const destination = ehr.destination();
    const first = only(
      await destination.file(plan([put('a.o', { ...observation('a', 1), note: [{ text: 'ours' }] })])),
    );
    expect(first.owned).toContain('note');
    const stands = standing('Observation');
    ehr.admin.seed([
      {
        ...stands,
        interpretation: [{ text: 'high' }],
        identifier: [...(stands['identifier'] as []), { system: 'urn:lab', value: '9' }],
      },
    ]);
    const second = only(await destination.file(plan([put('a.o', observation('a', 2), first)])));
    expect(second).toMatchObject({ action: 'updated', reference: first.reference });
    const now = standing('Observation');
    expect(now).toMatchObject({ interpretation: [{ text: 'high' }], valueQuantity: { value: 2 } });
    expect(now['note']).toBeUndefined();
    expect(now['identifier']).toEqual(
      expect.arrayContaining([
        { system: 'urn:lab', value: '9' },
        { system: artifactSystem, value: 'a.o' },
      ]),
    );
  });

  test('that changes the type of value[x] leaves one value', async () => {
    const destination = ehr.destination();
    const first = only(await destination.file(plan([put('a.o', observation('a', 1))])));
    const { valueQuantity: _old, ...rest } = observation('a', 1);
    only(await destination.file(plan([put('a.o', { ...rest, valueString: 'refused' }, first)])));
    expect(standing('Observation')['valueQuantity']).toBeUndefined();
    expect(standing('Observation')['valueString']).toBe('refused');
    // Also when it is not known what an earlier version had set.
    only(await destination.file(plan([put('a.o', observation('a', 3))], true)));
    expect(standing('Observation')['valueString']).toBeUndefined();
    expect(standing('Observation')['valueQuantity']).toMatchObject({ value: 3 });
  });

  test('reads again and repeats when another writes at the same moment', async () => {
    const destination = ehr.destination();
    const first = only(await destination.file(plan([put('a.o', observation('a', 1))])));
    ehr.admin.faults.add({ fault: 'status', value: 412, times: 2, on: 'PUT' });
    expect(only(await destination.file(plan([put('a.o', observation('a', 2), first)]))).action).toBe('updated');
  });

  test('gives up as a write race when another keeps writing', async () => {
    const destination = ehr.destination();
    const first = only(await destination.file(plan([put('a.o', observation('a', 1))])));
    ehr.admin.faults.add({ fault: 'status', value: 409, on: 'PUT' });
    const filing = await destination.file(plan([put('a.o', observation('a', 2), first)]));
    expect(filing.failure?.cause).toBe('send/write-race');
    expect(filing.links).toEqual([first]);
  });

  test('adds a resource that refers to one that stands already, in one transaction with the change of it', async () => {
    const destination = ehr.destination();
    const [encounter, o0, o1] = visit('v');
    if (encounter?.do !== 'put' || o0 === undefined || o1 === undefined) throw new Error('a visit has three steps');
    const known = only(await destination.file(plan([encounter])));
    const changed = { ...encounter, resource: { ...encounter.resource, reasonCode: [{ text: 'longer' }] }, known };
    const filing = await destination.file(plan([changed, o0, o1]));
    expect(filing.links.map(({ action }) => action)).toEqual(['updated', 'created', 'created']);
    for (const each of ours(ehr, 'Observation')) expect(each['encounter']).toEqual({ reference: known.reference });
  });
});

describe('one artifact twice in a plan', () => {
  test('becomes one resource: the last one counts', async () => {
    const filing = await ehr
      .destination()
      .file(plan([put('a.o', observation('a', 1)), put('b.o', observation('b', 1)), put('a.o', observation('a', 2))]));
    expect(filing.links.map(({ artifact }) => artifact)).toEqual(['a.o', 'b.o']);
    expect(ours(ehr, 'Observation')).toHaveLength(2);
  });
});

describe('a merge', () => {
  const merge = (known?: EmittedLink): FilingStep => ({
    do: 'merge',
    artifact: 's.goal',
    resource: { resourceType: 'Goal', achievementStatus: { text: 'achieved' } },
    ...(known === undefined ? {} : { known }),
  });

  test('sets elements on what stands, found by its link or by its identifier, and is not repeated', async () => {
    const destination = ehr.destination();
    const first = only(await destination.file(plan([put('s.goal', goal())])));
    const merged = only(await destination.file(plan([merge()])));
    expect(merged).toMatchObject({ action: 'updated', reference: first.reference });
    expect(standing('Goal')).toMatchObject({ description: { text: 'walk' }, achievementStatus: { text: 'achieved' } });
    expect(only(await destination.file(plan([merge(first)]))).action).toBe('unchanged');
  });

  test('into what does not stand waits for it; into what was deleted asks a person', async () => {
    const destination = ehr.destination();
    expect((await destination.file(plan([merge()]))).failure?.cause).toBe('match/unknown-reference');
    const first = only(await destination.file(plan([put('s.goal', goal())])));
    await fetch(`${ehr.baseUrl}/${first.reference}`, { method: 'DELETE' });
    expect((await destination.file(plan([merge(first)]))).failure?.cause).toBe('send/gone');
  });
});

describe("a merge into the EHR's own resource, named by its id,", () => {
  const closing = (id: string): FilingStep => ({
    do: 'merge',
    artifact: 'r.closes',
    known: {
      artifact: 'r.closes',
      resourceType: 'Task',
      reference: `Task/${id}`,
      action: 'merged',
      tier: 'native',
      owned: [],
    },
    resource: {
      resourceType: 'Task',
      id,
      identifier: [{ system: artifactSystem, value: 'r.closes' }],
      status: 'completed',
      for: { reference: 'Patient/p1' },
      output: [{ type: { text: 'Result' }, valueString: 'reached' }],
    },
  });
  const task = (id: string, patient: string): Resource => ({
    resourceType: 'Task',
    id,
    identifier: [{ system: 'urn:ehr', value: id }],
    status: 'requested',
    intent: 'order',
    description: 'Call after the missed visit',
    for: { reference: patient },
  });

  test('sets what the activity says, leaves the rest, and marks it as ours', async () => {
    ehr.admin.seed([task('t1', 'Patient/p1')]);
    expect(only(await ehr.destination().file(plan([closing('t1')])))).toMatchObject({
      reference: 'Task/t1',
      action: 'updated',
    });
    expect(standing('Task')).toMatchObject({
      status: 'completed',
      description: 'Call after the missed visit',
      output: [{ valueString: 'reached' }],
      identifier: [
        { system: 'urn:ehr', value: 't1' },
        { system: artifactSystem, value: 'r.closes' },
      ],
    });
    expect(only(await ehr.destination().file(plan([closing('t1')]))).action).toBe('unchanged');
  });

  test('is refused when it is about another patient, and changes nothing', async () => {
    ehr.admin.seed([task('t2', 'Patient/p2')]);
    expect((await ehr.destination().file(plan([closing('t2')]))).failure?.cause).toBe('match/conflict');
    expect(standing('Task')).toMatchObject({ status: 'requested' });
  });
});

describe('a void', () => {
  const types: readonly [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['Observation', observation('a', 1), { status: 'entered-in-error' }],
    ['Goal', goal(), { lifecycleStatus: 'entered-in-error' }],
    [
      'Encounter',
      { status: 'finished', class: { code: 'HH' }, subject: { reference: 'Patient/p1' } },
      { status: 'entered-in-error' },
    ],
    [
      'Task',
      { status: 'requested', intent: 'order', for: { reference: 'Patient/p1' } },
      { status: 'entered-in-error' },
    ],
    [
      'CarePlan',
      { status: 'active', intent: 'plan', subject: { reference: 'Patient/p1' } },
      { status: 'entered-in-error' },
    ],
    [
      'ServiceRequest',
      { status: 'active', intent: 'order', subject: { reference: 'Patient/p1' } },
      { status: 'entered-in-error' },
    ],
    [
      'DocumentReference',
      { status: 'current', content: [{ attachment: { title: 'x' } }] },
      { status: 'entered-in-error' },
    ],
  ];
  test.each(types)('marks a %s entered-in-error, once', async (type, body, expected) => {
    const destination = ehr.destination();
    const first = only(await destination.file(plan([put('a.x', { resourceType: type, ...body })])));
    const step: FilingStep = { do: 'void', artifact: 'a.x', resourceType: type, known: first };
    expect(only(await destination.file(plan([step]))).action).toBe('voided');
    expect(standing(type)).toMatchObject(expected);
    const writes = ehr.writes().length;
    expect(only(await destination.file(plan([step]))).action).toBe('voided');
    expect(ehr.writes()).toHaveLength(writes);
  });

  test('of a Condition drops the clinicalStatus that R4 forbids beside it', async () => {
    const destination = ehr.destination();
    const first = only(
      await destination.file(
        plan([
          put('a.c', {
            resourceType: 'Condition',
            clinicalStatus: { coding: [{ code: 'active' }] },
            subject: { reference: 'Patient/p1' },
          }),
        ]),
      ),
    );
    only(await destination.file(plan([{ do: 'void', artifact: 'a.c', resourceType: 'Condition', known: first }])));
    expect(standing('Condition')['clinicalStatus']).toBeUndefined();
    expect(standing('Condition')).toMatchObject({ verificationStatus: { coding: [{ code: 'entered-in-error' }] } });
  });

  test('leaves a Provenance standing, and its link says so', async () => {
    const destination = ehr.destination();
    const provenance: Resource = {
      resourceType: 'Provenance',
      target: [{ reference: 'Patient/p1' }],
      recorded: '2026-01-01T00:00:00Z',
      agent: [{ who: { display: 'CHW' } }],
    };
    const first = only(await destination.file(plan([put('a.prov', provenance)])));
    expect(standing('Provenance')['meta']).toMatchObject({ tag: [{ system: artifactSystem, code: 'a.prov' }] });
    await destination.file(plan([put('a.prov', provenance)], true));
    expect(ehr.admin.all('Provenance')).toHaveLength(1);
    expect(
      only(await destination.file(plan([{ do: 'void', artifact: 'a.prov', resourceType: 'Provenance', known: first }])))
        .action,
    ).toBe('unchanged');
  });

  test('without a link finds what stands by its identifier, and is content when nothing does', async () => {
    const destination = ehr.destination();
    await destination.file(plan([put('a.o', observation('a', 1))]));
    const step: FilingStep = { do: 'void', artifact: 'a.o', resourceType: 'Observation' };
    expect(only(await destination.file(plan([step]))).action).toBe('voided');
    expect(await destination.file(plan([{ ...step, artifact: 'never.o' }]))).toMatchObject({ links: [] });
  });
});

describe('reconciliation', () => {
  test('counts what stands per artifact, in few requests, and what of it is in error', async () => {
    const destination = ehr.destination();
    await destination.file(plan(visit('v', { observations: 6 })));
    await destination.file(plan([{ do: 'void', artifact: 'v.o1', resourceType: 'Observation' }]));
    ehr.admin.seed([{ ...observation('twin', 1), identifier: [{ system: artifactSystem, value: 'v.o2' }] }]);
    const before = ehr.admin.requests().length;
    const asked = [...Array.from({ length: 7 }, (_, index) => `v.o${index}`)].map((artifact) => ({
      artifact,
      resourceType: 'Observation',
    }));
    const answer = await destination.standing([...asked, { artifact: 'v.encounter', resourceType: 'Encounter' }]);
    expect(answer.ok && answer.value).toEqual([
      { artifact: 'v.o0', count: 1, errored: 0 },
      { artifact: 'v.o1', count: 1, errored: 1 },
      { artifact: 'v.o2', count: 2, errored: 0 },
      { artifact: 'v.o3', count: 1, errored: 0 },
      { artifact: 'v.o4', count: 1, errored: 0 },
      { artifact: 'v.o5', count: 1, errored: 0 },
      { artifact: 'v.o6', count: 0, errored: 0 },
      { artifact: 'v.encounter', count: 1, errored: 0 },
    ]);
    expect(ehr.admin.requests().length - before).toBe(2);
  });
});
