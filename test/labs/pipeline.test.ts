/** Laboratory results through real lanes on a real ledger, into a chart that remembers what was written. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Resource } from '../../src/core/ports.ts';
import { untangleLabs } from '../../src/ledger/labs-untangle.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aChart, drain } from '../pipeline/support.ts';
import { aLabChart, anOru, type Given, labs } from './support.ts';

const standing = aLabChart();
const { resources: chart, destination } = standing;

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

let round = 0;
beforeEach(() => {
  round += 1;
  chart.clear();
});

/** Each test has patients and orders of its own. */
async function send(...given: readonly Given[]): Promise<readonly string[]> {
  const states: string[] = [];
  for (const one of given) {
    const own = `${String(round)}-`;
    await ledger.acceptor.accept([
      anOru({
        ...one,
        id: `${own}${one.id}`,
        mrn: `${own}${one.mrn ?? 'M1'}`,
        filler: `${own}${one.filler ?? 'F-1'}`,
        ...(one.parent === undefined ? {} : { parent: `${own}${one.parent}` }),
      }),
    ]);
    await drain(ledger, aChart(), { labs, destination });
    const { rows } = await sql<{ state: string; cause: string | null }>`
      select state, cause from message where record_id = ${`${own}${one.id}`}`.execute(ledger.db);
    states.push([rows[0]?.state, rows[0]?.cause].filter(Boolean).join(' '));
  }
  return states;
}

const of = (type: string): readonly Resource[] =>
  [...chart.values()].filter(({ resourceType }) => resourceType === type);
const results = (): readonly string[] =>
  of('Observation')
    .map((one) => [one['status'], one['valueString']].filter(Boolean).join(' '))
    .toSorted();

test('preliminary, final, corrected, posted in error: one result all along', async () => {
  const step = async (minute: number, status: string, text?: string) => {
    const states = await send({
      id: `m${String(minute)}`,
      minute,
      results: [{ status, ...(text === undefined ? {} : { text }) }],
    });
    return [states[0], ...results(), `${String(of('DiagnosticReport').length)} report`];
  };
  expect(await step(1, 'preliminary', '8.9 %')).toEqual(['filed', 'preliminary 8.9 %', '1 report']);
  expect(await step(2, 'final', '8.7 %')).toEqual(['filed', 'final 8.7 %', '1 report']);
  expect(await step(3, 'corrected', '6.7 %')).toEqual(['filed', 'corrected 6.7 %', '1 report']);
  expect(of('Provenance')).toMatchObject([
    { entity: [{ what: { display: expect.stringContaining('8.7 % (final)') } }] },
  ]);
  expect(await step(4, 'entered-in-error')).toEqual(['filed', 'entered-in-error', '1 report']);
  expect(of('DiagnosticReport')[0]).not.toHaveProperty('result');
  // What comes late changes nothing, and says so.
  expect(await send({ id: 'late', minute: 2, results: [{ status: 'final', text: '8.7 %' }] })).toEqual(['superseded']);
  expect(results()).toEqual(['entered-in-error']);
});

test('the same result in a new message files nothing', async () => {
  await send({ id: 'a', minute: 1, results: [{ status: 'final', text: '7.3 %' }] });
  const before = standing.requests;
  expect(await send({ id: 'b', minute: 9, results: [{ status: 'final', text: '7.3 %' }] })).toEqual(['superseded']);
  expect(standing.requests).toBe(before);
});

test('a partial report is completed by what carries only the rest', async () => {
  await send(
    {
      id: 'a',
      minute: 1,
      status: 'partial',
      results: [
        { code: 'x', status: 'final', text: '1' },
        { code: 'y', status: 'registered' },
      ],
    },
    { id: 'b', minute: 2, status: 'final', results: [{ code: 'y', status: 'final', text: '2' }] },
  );
  expect(results()).toEqual(['final 1', 'final 2']);
  expect(of('DiagnosticReport')).toMatchObject([{ status: 'final' }]);
  expect(of('DiagnosticReport')[0]?.['result']).toHaveLength(2);
});

test('any order of the messages of one order ends in the same chart', async () => {
  const messages: readonly Omit<Given, 'id'>[] = [
    { minute: 1, status: 'preliminary', results: [{ code: 'x', status: 'preliminary', text: '8.9' }] },
    {
      minute: 2,
      status: 'partial',
      results: [
        { code: 'x', status: 'final', text: '8.7' },
        { code: 'y', status: 'preliminary', text: '1' },
      ],
    },
    { minute: 3, status: 'final', results: [{ code: 'y', status: 'final', text: '2' }] },
    { minute: 4, status: 'corrected', results: [{ code: 'x', status: 'corrected', text: '6.7' }] },
  ];
  const orders = [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [2, 0, 3, 1],
    [1, 3, 0, 2],
    [3, 0, 1, 2],
  ];
  const ends: unknown[] = [];
  for (const order of orders) {
    round += 1;
    chart.clear();
    await send(...order.map((n) => ({ ...(messages[n] as Given), id: `m${String(n)}` })));
    const report = of('DiagnosticReport')[0];
    ends.push({
      results: results(),
      report: report?.['status'],
      refers: (report?.['result'] as readonly unknown[] | undefined)?.length,
      were: of('Provenance')
        .map((one) => JSON.stringify(one['entity']))
        .toSorted(),
    });
  }
  for (const end of ends) expect(end).toEqual(ends[0]);
  expect(ends[0]).toMatchObject({ results: ['corrected 6.7', 'final 2'], report: 'corrected', refers: 2 });
});

test('a result that is moved to another patient leaves the chart where it stood, also when its message comes late', async () => {
  await send({ id: 'a', minute: 1, results: [{ status: 'final', text: '9 %' }] });
  expect(await send({ id: 'b', minute: 2, mrn: 'M2', results: [{ status: 'final', text: '9 %' }] })).toEqual(['filed']);
  const whose = (status: string) =>
    of('Observation')
      .filter((one) => one['status'] === status)
      .map((one) => (one['subject'] as { reference: string }).reference.slice(-2));
  expect([whose('final'), whose('entered-in-error')]).toEqual([['M2'], ['M1']]);
  expect(await send({ id: 'c', minute: 1, results: [{ status: 'final', text: '9 %' }] })).toEqual(['superseded']);
  expect([whose('final'), whose('entered-in-error')]).toEqual([['M2'], ['M1']]);
});

test('two workers that file one order for two patients in the same moment: the later told takes it from the other', async () => {
  const own = `${String(round)}-`;
  const both: readonly Given[] = [
    { id: 'a', minute: 1, results: [{ status: 'final', text: '9 %' }] },
    { id: 'b', minute: 2, mrn: 'M2', results: [{ status: 'final', text: '9 %' }] },
  ];
  for (const one of both)
    await ledger.acceptor.accept([
      anOru({ ...one, id: own + one.id, mrn: own + (one.mrn ?? 'M1'), filler: `${own}F-1` }),
    ]);
  standing.together = 2;
  await drain(ledger, aChart(), { labs, destination });
  const final = () => of('Observation').filter((one) => one['status'] === 'final').length;
  expect(final()).toBe(2);
  expect(await untangleLabs(ledger.pool, 60_000)).toBe(1);
  await drain(ledger, aChart(), { labs, destination });
  expect(final()).toBe(1);
  expect(await untangleLabs(ledger.pool, 60_000)).toBe(0);
});

test('the same number with another day of collection is another order', async () => {
  await send(
    { id: 'a', minute: 1, results: [{ status: 'final', text: '9 %' }] },
    { id: 'b', minute: 2, mrn: 'M2', collected: '2026-06-01', results: [{ status: 'final', text: '8 %' }] },
  );
  expect(results()).toEqual(['final 8 %', 'final 9 %']);
});

test('without a time of collection a person says whose it is', async () => {
  await send({ id: 'a', minute: 1, results: [{ status: 'final', text: '9 %' }] });
  const unclear = { id: 'b', minute: 2, mrn: 'M2', collected: '', results: [{ status: 'final', text: '9 %' }] };
  expect(await send(unclear)).toEqual(['held lab/order-conflict']);
});

test('a sensitive result is left out by itself', async () => {
  await send({
    id: 'a',
    minute: 1,
    conclusion: 'The second is positive.',
    results: [
      { code: 'a1c', status: 'final', text: '7' },
      { code: 'secret', status: 'final', text: 'positive' },
    ],
  });
  expect(results()).toEqual(['final 7']);
  expect(of('DiagnosticReport')[0]?.['result']).toHaveLength(1);
  // Its text tells of both.
  expect(of('DiagnosticReport')[0]).not.toHaveProperty('conclusion');
});

test('a reflex test refers to the report it grew out of', async () => {
  const states = await send(
    { id: 'a', minute: 1, results: [{ code: 'x', status: 'final', text: '287' }] },
    { id: 'b', minute: 2, filler: 'F-1R', parent: 'F-1', results: [{ code: 'y', status: 'final', text: '10.2' }] },
  );
  expect(states).toEqual(['filed', 'filed']);
  expect(of('DiagnosticReport')[1]).toMatchObject({
    basedOn: [{ reference: expect.stringMatching(/^Any\/.*\.report$/) }],
  });
});
