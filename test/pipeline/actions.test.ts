/** What a person does with a message must not file it in the wrong chart, undo what is newer, or hide what may stand. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { releaseMessage, retryMessage, voidMessage } from '../../src/ledger/actions.ts';
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

describe('an operator', () => {
  test('cannot retry a message into a chart while its identifiers belong to two people', async () => {
    await accept(anActivity({ recordId: 'a', sourcePatientId: 'p1', mrn: 'M1' }));
    const [other] = await accept(anActivity({ recordId: 'b', sourcePatientId: 'p2', mrn: 'M1' }));
    await drain(ledger, chart);
    expect(await statesOf(ledger)).toEqual(['filed', 'held match/conflict']);
    expect(await retryMessage(ledger.pool, [ehr], other!.id, 'me')).toMatchObject({ ok: false });
    await drain(ledger, chart);
    expect(chart.standing()).toEqual(['Patient/M1 encounter']);
    expect(await statesOf(ledger)).toEqual(['filed', 'held match/conflict']);
  });

  test('cannot release a version that a newer one has overtaken', async () => {
    await accept(anActivity({ mrn: 'M1', details: { a: 1 } }));
    const [conflicting] = await accept(anActivity({ mrn: 'M1', details: { a: 2 } }));
    await accept(anActivity({ version: 2, mrn: 'M1', details: { a: 3 } }));
    await drain(ledger, chart);
    expect(await releaseMessage(ledger.pool, [ehr], conflicting!.id, 'me')).toMatchObject({ ok: false });
    const { rows } = await sql<{ v: number }>`select latest_version::int as v from record`.execute(ledger.db);
    expect(rows).toEqual([{ v: 2 }]);
  });

  test('cannot retry what came under a number used before: a person says that it holds, by a release', async () => {
    const [reused] = await accept({
      ...anActivity({ recordId: 'a', mrn: 'M1' }),
      hold: { cause: 'source/control-id-reused', detail: '' },
    });
    expect(await retryMessage(ledger.pool, [ehr], reused!.id, 'me')).toMatchObject({ ok: false });
    expect(await releaseMessage(ledger.pool, [ehr], reused!.id, 'me')).toMatchObject({ ok: true });
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual(['Patient/M1 encounter']);
  });

  test('who releases a version about another patient moves the record there', async () => {
    await accept(anActivity({ mrn: 'M1' }));
    const [conflicting] = await accept(anActivity({ mrn: 'M2' }));
    await drain(ledger, chart);
    expect(await releaseMessage(ledger.pool, [ehr], conflicting!.id, 'me')).toMatchObject({ ok: true });
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual(['Patient/M2 encounter']);
    expect(chart.resources.size).toBe(2);
  });

  test('cannot void what may stand in the chart after a lost answer; a void activity can', async () => {
    chart.answer = () => Promise.resolve({ failure: { cause: 'send/timeout', detail: '' }, lost: true });
    const [doubtful] = await accept(anActivity({ mrn: 'M1' }));
    await drain(ledger, chart, { policy: { attempts: 1, baseMs: 0, capMs: 0, budgetMs: 1e9 } });
    expect(await statesOf(ledger)).toEqual(['failed send/budget-spent']);
    expect(await voidMessage(ledger.pool, doubtful!.id, 'me')).toMatchObject({ ok: false });
    chart.answer = () => Promise.resolve(undefined);
    await accept(aVoid('r1', { mrn: 'M1' }));
    await until(settled, () => drain(ledger, chart));
    expect(chart.standing()).toEqual([]);
    expect(await statesOf(ledger)).toEqual(['voided', 'filed']);
  });
});

describe('afterwards', () => {
  test('a retry begins its budget anew', async () => {
    const [receipt] = await accept(anActivity({ mrn: 'M1' }));
    await sql`update delivery set attempts = 9999, first_attempt_at = now() - interval '9 days', state = 'failed'`.execute(
      ledger.db,
    );
    await sql`update message set state = 'failed', cause = 'send/budget-spent'`.execute(ledger.db);
    expect(await retryMessage(ledger.pool, [ehr], receipt!.id, 'me')).toEqual({ ok: true, state: 'received' });
    const { rows } = await sql<{ attempts: number; first: Date | null }>`
      select attempts, first_attempt_at as first from delivery`.execute(ledger.db);
    expect(rows).toEqual([{ attempts: 0, first: null }]);
  });
});
