/** Alarms of laboratory results in the accepting transaction: one for each result, whatever messages tell of it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ResultFlag } from '../../src/core/lab/critical.ts';
import type { RedFlag } from '../../src/core/red-flag/rules.ts';
import { moveEscalations, takeNotices } from '../../src/ledger/escalations-clock.ts';
import { escalationsOfMessage, listEscalations } from '../../src/ledger/escalations-read.ts';
import { policy } from '../support/red-flags.ts';
import { aLedger, anItem, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

const flag: RedFlag = {
  code: 'lab-critical',
  severity: 'stat',
  restricted: false,
  observedAt: '2026-03-09T14:30:00.000Z',
  from: '',
  item: '',
  derived: true,
  shows: {},
};
const hour = (n: number) => new Date(Date.UTC(2026, 2, 9, n));
const critical = (id: string, at: number): ResultFlag => ({ id, flag, asOf: hour(at), ends: 'corrected' });
const fine = (id: string, at: number, ends: ResultFlag['ends'] = 'corrected'): ResultFlag => ({
  id,
  flag: undefined,
  asOf: hour(at),
  ends,
});

let messages = 0;
/** Each a message of its own. */
const tell = (...results: readonly ResultFlag[]) => {
  messages += 1;
  return ledger.acceptor.accept([anItem({ source: 'riverlab', recordId: `m${String(messages)}`, format: 'hl7v2', kind: 'ORU^R01', results })]); // prettier-ignore
};
const states = async (id: string) =>
  (await listEscalations(ledger.pool, {}, true)).filter(({ recordId }) => recordId === id).map(({ state }) => state);

test('preliminary, final and resent are one alarm, whose acknowledgement goes on', async () => {
  const [receipt] = await tell(critical('a', 1));
  await tell(critical('a', 2));
  await tell(critical('a', 2));
  const [one, ...others] = (await listEscalations(ledger.pool, {}, true)).filter(({ recordId }) => recordId === 'a');
  expect(others).toEqual([]);
  expect(one).toMatchObject({ code: 'lab-critical', severity: 'stat', state: 'open', source: 'laboratory' });
  expect(receipt?.state).toBe('received');
  expect(await escalationsOfMessage(ledger.pool, one?.messageId ?? ('0' as never))).toMatchObject([{ id: one?.id }]);
});

test('two analytes of one message are two alarms', async () => {
  await tell(critical('b1', 1), critical('b2', 1), fine('b3', 1));
  expect([await states('b1'), await states('b2'), await states('b3')]).toEqual([['open'], ['open'], []]);
});

test('a correction ends it and whoever was told is told; what comes late changes nothing', async () => {
  await tell(critical('c', 2));
  await moveEscalations(ledger.pool, policy);
  const alerts = await takeNotices(ledger.pool, 50, 60_000);
  expect(alerts.length).toBeGreaterThan(0);
  await tell(fine('c', 1));
  expect(await states('c')).toEqual(['open']);
  await tell(fine('c', 3));
  expect(await states('c')).toEqual(['cancelled']);
  const told = await takeNotices(ledger.pool, 50, 60_000);
  expect(told.map(({ kind }) => kind)).toContain('withdrawn');
  await tell(critical('c', 2));
  expect(await states('c')).toEqual(['cancelled']);
  await tell(critical('c', 4));
  expect(await states('c')).toEqual(['open']);
});

test('a withdrawn result ends it', async () => {
  await tell(critical('d', 1));
  await tell(fine('d', 1, 'withdrawn'));
  expect(await states('d')).toEqual(['cancelled']);
});

test('what is held alarms; within one transaction the last report counts', async () => {
  const hold = { cause: 'match/unknown-patient', detail: 'x' } as const;
  await ledger.acceptor.accept([anItem({ source: 'riverlab', recordId: 'held', format: 'hl7v2', hold, results: [critical('e', 1)] })]); // prettier-ignore
  expect(await states('e')).toEqual(['open']);
  const item = (recordId: string, results: readonly ResultFlag[]) => anItem({ source: 'riverlab', recordId, results });
  await ledger.acceptor.accept([item('x1', [fine('f', 2)]), item('x2', [critical('f', 1)]), item('x3', [critical('g', 1)]), item('x4', [critical('g', 2)])]); // prettier-ignore
  expect([await states('f'), await states('g')]).toEqual([[], ['open']]);
});
