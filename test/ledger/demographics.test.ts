/** What senders say of people beside identifiers, in the ledger. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Incoming } from '../../src/core/ports.ts';
import { aLedger, anItem, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await aLedger();
});
afterEach(() => ledger.end());

const about = (recordId: string, patient: Partial<NonNullable<Incoming['patient']>>): Incoming =>
  anItem({ recordId, patient: { source: 'app', ...patient } });

const known = async () =>
  (
    await sql<{ system: string; value: string; told: unknown; blocks: string[] }>`
      select system, value, told, blocks from demographics order by 1, 2`.execute(ledger.db)
  ).rows;

describe('demographics', () => {
  const maria = { given: 'María', family: 'García', secondFamily: 'López', phones: ['312-555-0142'] };

  test('are kept by the identifier that told them, not in the message', async () => {
    await ledger.acceptor.accept([about('r1', { sourcePatientId: 'p1', dob: '1961-03-12', demographics: maria })]);
    expect(await known()).toMatchObject([{ system: 'source:app', value: 'p1', told: maria }]);
    const { rows } = await sql<{ identifiers: unknown }>`select identifiers from message`.execute(ledger.db);
    expect(rows).toEqual([{ identifiers: { source: 'app', sourcePatientId: 'p1', dob: '1961-03-12' } }]);
  });

  test('are brought up to date by what is said later; what is not said stays', async () => {
    await ledger.acceptor.accept([
      about('r1', { sourcePatientId: 'p1', demographics: maria }),
      about('r2', { sourcePatientId: 'p1', demographics: { phones: ['312-555-0199'] } }),
    ]);
    await ledger.acceptor.accept([about('r3', { sourcePatientId: 'p1', demographics: { postalCode: '60623' } })]);
    const [one] = await known();
    expect(one?.told).toEqual({ ...maria, phones: ['312-555-0199'], postalCode: '60623' });
    expect(one?.blocks).toContain('p:3125550199');
    expect(one?.blocks).not.toContain('p:3125550142');
  });

  test('of nobody, or of people whose identifiers contradict each other, are not kept', async () => {
    await ledger.acceptor.accept([
      about('r1', { sourcePatientId: 'p1', mrn: 'M1' }),
      about('r2', { sourcePatientId: 'p2', mrn: 'M1', demographics: maria }),
      about('r3', { demographics: maria }),
    ]);
    expect(await known()).toEqual([]);
  });

  test('that a table cannot store are stored all the same', async () => {
    await ledger.acceptor.accept([
      about('r1', { sourcePatientId: 'p1', demographics: { family: `García\u0000${'x'.repeat(5_000)}` } }),
    ]);
    expect(await known()).toHaveLength(1);
  });
});
