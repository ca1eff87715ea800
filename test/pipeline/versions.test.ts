/** Versions of one record that meet: an edit, a move to another patient or a void, while the one before is on its way. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createLaneLedger } from '../../src/ledger/lane-ledger.ts';
import { reconcile } from '../../src/ledger/reconcile.ts';
import { aLedger, ehr, type TestLedger } from '../ledger/support.ts';
import { aChart, anActivity, aVoid, type Chart, drain, statesOf, until } from './support.ts';

let ledger: TestLedger;
let chart: Chart;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, ehr_patient, identity, patient, audit cascade`.execute(
    ledger.db,
  );
  chart = aChart();
});

const accept = (...items: Parameters<TestLedger['acceptor']['accept']>[0]) => ledger.acceptor.accept(items);
const settled = async (): Promise<boolean> => (await statesOf(ledger)).every((state) => !/received|filing/.test(state));
const lost = { failure: { cause: 'send/timeout', detail: 'No answer.' }, lost: true } as const;
/** A lane in a back-off of a minute: what it waits for arrives meanwhile. */
const slowly = { policy: { attempts: 9, baseMs: 60_000, capMs: 60_000, budgetMs: 1e9 } };
const hurry = () =>
  sql`update lane set due_at = clock_timestamp() where due_at is not null and worker is null`.execute(ledger.db);

/** Holds the first plan up until `go`. */
function holdUp(): { readonly reached: Promise<void>; readonly go: () => void } {
  let go = (): void => undefined;
  let arrived = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrived = resolve));
  const open = new Promise<void>((resolve) => (go = resolve));
  let first = true;
  chart.answer = async () => {
    if (first) {
      first = false;
      arrived();
      await open;
    }
    return undefined;
  };
  return { reached, go };
}

describe('versions of a record that meet', () => {
  test('a record moved to another patient while its first version is being filed stands in the second chart only', async () => {
    const first = holdUp();
    await accept(anActivity({ mrn: 'M1' }));
    const filing = drain(ledger, chart);
    await first.reached;
    await accept(anActivity({ version: 2, mrn: 'M2' }));
    await drain(ledger, chart);
    expect(chart.standing()).toEqual([]);
    first.go();
    await filing;
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual(['Patient/M2 encounter']);
  });

  test('a record moved to another patient after a lost answer is taken back from the first chart', async () => {
    chart.answer = () => Promise.resolve(lost);
    await accept(anActivity({ mrn: 'M1' }));
    await drain(ledger, chart, slowly);
    expect(chart.standing()).toEqual(['Patient/M1 encounter']);
    chart.answer = () => Promise.resolve(undefined);
    await accept(anActivity({ version: 2, mrn: 'M2' }));
    await hurry();
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual(['Patient/M2 encounter']);
    expect(await statesOf(ledger)).toEqual(['superseded', 'filed']);
  });

  test('an edit after a lost answer leaves nothing standing that it no longer has', async () => {
    chart.answer = () => Promise.resolve(lost);
    await accept(anActivity({ mrn: 'M1', details: { parts: ['encounter', 'bp'] } }));
    await drain(ledger, chart, slowly);
    chart.answer = () => Promise.resolve(undefined);
    await accept(anActivity({ version: 2, mrn: 'M1', details: { parts: ['encounter'] } }));
    await hurry();
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual(['Patient/M1 encounter']);
  });

  test('an edit of a record that was given up in doubt looks for what it left, first', async () => {
    chart.answer = () => Promise.resolve(lost);
    await accept(anActivity({ mrn: 'M1', details: { parts: ['encounter', 'bp'] } }));
    await drain(ledger, chart, { policy: { attempts: 1, baseMs: 0, capMs: 0, budgetMs: 1e9 } });
    expect(await statesOf(ledger)).toEqual(['failed send/budget-spent']);
    chart.answer = () => Promise.resolve(undefined);
    await accept(anActivity({ version: 2, mrn: 'M1', details: { parts: ['encounter'] } }));
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual(['Patient/M1 encounter']);
  });

  test('a void that meets its target in doubt leaves nothing standing', async () => {
    chart.answer = () => Promise.resolve(lost);
    await accept(anActivity({ mrn: 'M1' }));
    await drain(ledger, chart, slowly);
    chart.answer = () => Promise.resolve(undefined);
    await accept(aVoid('r1', { mrn: 'M1' }));
    await hurry();
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual([]);
    expect(await statesOf(ledger)).toEqual(['voided', 'filed']);
  });

  test('a void settles its target also when that is held, was refused, or is held at the door', async () => {
    const refused = { failure: { cause: 'send/refused', detail: '422' } } as const;
    await accept(anActivity({ mrn: 'M1' }));
    await drain(ledger, chart);
    // The edit that stands in the way of the void, in three ways.
    for (const [n, way] of ['review', 'refused', 'door'].entries()) {
      const version = n + 2;
      if (way === 'review') await accept(anActivity({ version, mrn: 'M1', activityType: 'dsme.individual' }));
      if (way === 'refused') {
        chart.answer = () => Promise.resolve(refused);
        await accept(anActivity({ version, mrn: 'M1' }));
        await drain(ledger, chart);
        chart.answer = () => Promise.resolve(undefined);
      }
      if (way === 'door') {
        await accept({
          ...anActivity({ version, mrn: 'M1' }),
          hold: { cause: 'activity/invalid', detail: 'A field is missing.' },
        });
      }
      await drain(ledger, chart);
      expect((await statesOf(ledger)).at(-1)).toMatch(/^(held|failed)/);
      await accept(aVoid('r1', { recordId: `void-${way}`, mrn: 'M1' }));
      await until(settled, () => drain(ledger, chart));
      expect(chart.standing()).toEqual([]);
      expect((await statesOf(ledger)).slice(-2)).toEqual(['voided', 'filed']);
    }
  });

  test('an amendment that waited while its record moved to another patient brings nothing back to the first chart', async () => {
    const amendment = (target: string, mrn: string) =>
      anActivity({
        recordId: `amend-${target}`,
        mrn,
        activityType: 'amend',
        details: { target: { recordId: target }, changes: { durationMinutes: 25 } },
      });
    await accept(anActivity({ mrn: 'M1', activityType: 'dsme.individual' }));
    await accept(amendment('r1', 'M1'));
    await drain(ledger, chart);
    await accept(anActivity({ version: 2, mrn: 'M2' }));
    await drain(ledger, chart);
    // What is filed for the first patient lets what waits there go on.
    await accept(anActivity({ recordId: 'r3', mrn: 'M1', details: { parts: ['other'] } }));
    // One that named another patient, before its record came.
    await accept(amendment('r2', 'M1'));
    await accept(anActivity({ recordId: 'r2', mrn: 'M2', details: { parts: ['second'] } }));
    await drain(ledger, chart);
    await accept(anActivity({ recordId: 'r4', mrn: 'M1', details: { parts: ['last'] } }));
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual([
      'Patient/M1 last',
      'Patient/M1 other',
      'Patient/M2 encounter',
      'Patient/M2 second',
    ]);
    expect((await statesOf(ledger)).filter((state) => state.startsWith('held'))).toEqual([
      'held record/target-unknown',
      'held record/target-unknown',
    ]);
  });

  test('a void of an amendment says that it cannot, and leaves what stands', async () => {
    await accept(anActivity({ mrn: 'M1' }));
    const changes = { durationMinutes: 5 };
    await accept(
      anActivity({
        recordId: 'a1',
        activityType: 'amend',
        mrn: 'M1',
        details: { target: { recordId: 'r1' }, changes },
      }),
    );
    await until(settled, () => drain(ledger, chart));
    await accept(aVoid('a1', { mrn: 'M1' }));
    await until(settled, () => drain(ledger, chart));
    expect(await statesOf(ledger)).toEqual(['filed', 'filed', 'held activity/invalid']);
    expect(chart.standing()).toEqual(['Patient/M1 encounter']);
  });

  test('a void of a record of another system leaves the record of the same id of this one standing', async () => {
    await accept(anActivity({ mrn: 'M1' }));
    await drain(ledger, chart);
    const foreign = anActivity({
      recordId: 'v',
      mrn: 'M1',
      activityType: 'void',
      details: { target: { systemId: 'another', recordId: 'r1' }, reason: 'mistaken' },
    });
    const { dependsOn: _, ...withoutTarget } = foreign;
    await accept(withoutTarget);
    await drain(ledger, chart);
    expect(chart.standing()).toEqual(['Patient/M1 encounter']);
    expect(await statesOf(ledger)).toEqual(['filed', 'held activity/invalid']);
  });

  test('a worker that cannot renew its lease stops writing when it has run out', async () => {
    await accept(anActivity({ mrn: 'M1' }));
    const held = createLaneLedger(ledger.pool, { destination: ehr, worker: 'w', perLane: 3, leaseMs: 60_000 });
    let stopped = false;
    await drain(
      ledger,
      chart,
      {
        ledger: { ...held, extend: () => Promise.reject(new Error('The ledger is away.')) },
        destination: {
          ...chart.destination,
          file: async (_, signal) => {
            await Promise.race([
              new Promise((resolve) => signal?.addEventListener('abort', resolve)),
              new Promise((resolve) => setTimeout(resolve, 5_000).unref()),
            ]);
            stopped = signal?.aborted === true;
            return { links: [], exchanges: [], failure: { cause: 'send/refused', detail: 'Stopped.' } };
          },
        },
      },
      300,
    );
    expect(stopped).toBe(true);
  });

  test('a void that names no patient, or another, goes behind its target; reconciliation expects nothing of it', async () => {
    await accept(anActivity({ mrn: 'M1' }));
    await accept(aVoid('r1', { mrn: 'M2' }));
    const { rows } = await sql`select distinct lane from delivery`.execute(ledger.db);
    expect(rows).toHaveLength(1);
    await drain(ledger, chart);
    expect(await statesOf(ledger)).toEqual(['voided', 'filed']);
    await accept(anActivity({ recordId: 'r2', mrn: 'M1' }), aVoid('r3', { mrn: 'M1' }));
    await drain(ledger, chart);
    await accept(aVoid('r2', { mrn: 'M1' }));
    await drain(ledger, chart);
    const proof = await reconcile(ledger.db, [chart.destination], {});
    expect(proof).toMatchObject({ clean: true, missing: [] });
    expect(proof.rows.map((row) => row.expected)).toEqual([0]);
  });
});
