/** Codes that no ConceptMap lists: a queue from which nothing is lost, and that one entry in a table empties. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { fail } from '../../src/core/outcome.ts';
import type { Mapper, UnmappedCode } from '../../src/core/ports.ts';
import { listMessages } from '../../src/ledger/messages.ts';
import { deployedVersion, mapsOf, rememberMaps } from '../../src/ledger/mapping-versions.ts';
import { applyRetention } from '../../src/ledger/retention.ts';
import { listUnmapped, settleUnmapped } from '../../src/ledger/unmapped.ts';
import { aChart, anActivity, drain, statesOf, testMapper } from '../pipeline/support.ts';
import { aLedger, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, ehr_patient, identity, patient, audit,
    unmapped_code, mapping_version cascade`.execute(ledger.db);
});

const unit: UnmappedCode = { conceptMap: 'urn:cm:unit', code: 'stones', policy: 'hold' };

/** Holds every activity whose details name a unit. */
const holding = (policy: UnmappedCode['policy'] = 'hold'): Mapper => ({
  ...testMapper,
  map: (activity, context, unmapped) => {
    const code = activity?.details?.['unit'];
    if (typeof code !== 'string') return testMapper.map(activity, context);
    unmapped?.push({ ...unit, code, policy });
    return policy === 'hold' ? fail('mapping/unmapped-code', 'no entry') : testMapper.map(activity, context);
  },
});

const accept = (recordId: string, code?: string) =>
  ledger.acceptor.accept([
    anActivity({ recordId, mrn: recordId, ...(code === undefined ? {} : { details: { unit: code } }) }),
  ]);

describe('a code without an entry', () => {
  test('is in the queue once, with every message that waits for it', async () => {
    for (const [record, code] of [
      ['r1', 'stones'],
      ['r2', 'stones'],
      ['r3', 'hands'],
      ['r4', undefined],
    ] as const)
      await accept(record, code);
    await drain(ledger, aChart(), { mapper: () => holding() });
    const entries = await listUnmapped(ledger.pool);
    expect(
      entries.map(({ conceptMap, code, policy, messages, waiting }) => [conceptMap, code, policy, messages, waiting]),
    ).toEqual([
      ['urn:cm:unit', 'stones', 'hold', 2, 2],
      ['urn:cm:unit', 'hands', 'hold', 1, 1],
    ]);
    const { messages } = await listMessages(ledger.db, { conceptMap: 'urn:cm:unit' });
    expect(messages.map(({ state, recordId }) => [state, recordId])).toEqual([
      ['held', 'r3'],
      ['held', 'r2'],
      ['held', 'r1'],
    ]);
    expect(await listMessages(ledger.db, { conceptMap: 'urn:cm:other' })).toEqual({ messages: [] });
  });

  test('once answered, lets go on what waits for it, and only that; a worker with old maps opens it again', async () => {
    // Two of one person, one of another.
    await ledger.acceptor.accept(
      ['r0', 'r1'].map((recordId) => anActivity({ recordId, mrn: 'M1', details: { unit: 'stones' } })),
    );
    await accept('r2', 'hands');
    const chart = aChart();
    await drain(ledger, chart, { mapper: () => holding() });
    const answered = ({ code }: UnmappedCode): boolean => code === 'stones';
    expect(await settleUnmapped(ledger.pool, answered)).toEqual({ codes: 1, messages: 2 });
    expect(await settleUnmapped(ledger.pool, answered)).toEqual({ codes: 0, messages: 0 });
    expect((await listUnmapped(ledger.pool)).map(({ code }) => code)).toEqual(['hands']);
    await drain(ledger, chart, { mapper: () => holding() });
    expect((await listUnmapped(ledger.pool)).map(({ code, waiting }) => [code, waiting])).toEqual([
      ['stones', 2],
      ['hands', 1],
    ]);
    await settleUnmapped(ledger.pool, answered);
    await drain(ledger, chart);
    expect(await statesOf(ledger)).toEqual(['filed', 'filed', 'held mapping/unmapped-code']);
  });

  test('is told of too where the ConceptMap has a policy, and its message is filed', async () => {
    await accept('r1', 'stones');
    await drain(ledger, aChart(), { mapper: () => holding('provided') });
    expect(await statesOf(ledger)).toEqual(['filed']);
    expect(await listUnmapped(ledger.pool)).toMatchObject([{ policy: 'provided', messages: 1, waiting: 0 }]);
    expect(await settleUnmapped(ledger.pool, () => true)).toEqual({ codes: 1, messages: 0 });
  });

  test('that is long free text is kept, cut', async () => {
    await accept('r1', 'x'.repeat(5_000));
    await drain(ledger, aChart(), { mapper: () => holding() });
    expect((await listUnmapped(ledger.pool)).map(({ code }) => code.length)).toEqual([500]);
  });

  test('leaves with its last message', async () => {
    await accept('r1', 'stones');
    await drain(ledger, aChart(), { mapper: () => holding('fixed') });
    const retention = { payloadDays: 90, attemptDays: 90, eventDays: 2557, messageDays: 2557, sealedDays: 30 };
    await applyRetention(ledger.db, retention, () => new Date(Date.now() + 100 * 86_400_000));
    expect(await listUnmapped(ledger.pool)).toHaveLength(1);
    await applyRetention(ledger.db, retention, () => new Date(Date.now() + 3_000 * 86_400_000));
    expect(await listUnmapped(ledger.pool)).toEqual([]);
  });
});

describe('maps that were in use', () => {
  const files = [{ name: 'a.fml', where: 'maps/a.fml', text: 'map "urn:a" = "a"' }];

  test('can be had again by their version; the one loaded last is deployed', async () => {
    expect(await deployedVersion(ledger.pool)).toBeUndefined();
    await rememberMaps(ledger.pool, { version: 'v1', files });
    await rememberMaps(ledger.pool, { version: 'v2', files: [] });
    expect(await deployedVersion(ledger.pool)).toBe('v2');
    await rememberMaps(ledger.pool, { version: 'v1', files });
    expect(await deployedVersion(ledger.pool)).toBe('v1');
    expect(await mapsOf(ledger.pool, 'v1')).toEqual(files);
    expect(await mapsOf(ledger.pool, 'v3')).toBeUndefined();
  });

  test('every delivery keeps the version it was prepared with, also when nothing was sent', async () => {
    await accept('r1', 'stones');
    await drain(ledger, aChart(), { mapper: () => ({ ...holding(), version: 'v7' }) });
    const { rows } = await sql<{ mapping_version: string }>`select mapping_version from delivery`.execute(ledger.db);
    expect(rows).toEqual([{ mapping_version: 'v7' }]);
  });

  test('are forgotten when they are old, not the newest, and no delivery was made with them', async () => {
    await accept('r1');
    await drain(ledger, aChart(), { mapper: () => ({ ...testMapper, version: 'used' }) });
    for (const version of ['used', 'unused', 'newest']) await rememberMaps(ledger.pool, { version, files });
    const retention = { payloadDays: 90, attemptDays: 90, eventDays: 2557, messageDays: 2557, sealedDays: 30 };
    await applyRetention(ledger.db, retention, () => new Date(Date.now() + 100 * 86_400_000));
    expect(await mapsOf(ledger.pool, 'used')).toBeDefined();
    expect(await mapsOf(ledger.pool, 'unused')).toBeUndefined();
    expect(await mapsOf(ledger.pool, 'newest')).toBeDefined();
  });
});
