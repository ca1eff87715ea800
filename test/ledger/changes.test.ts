import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { changeIn, type Observed } from '../../src/core/change.ts';
import type { DestinationId } from '../../src/core/model.ts';
import { cursorOf, keepChanges, moveCursor } from '../../src/ledger/changes.ts';
import { listChanges } from '../../src/ledger/changes-feed.ts';
import { aLedger, ehr, type TestLedger } from './support.ts';

let ledger: TestLedger;
const keys = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'] as const;

beforeAll(async () => {
  ledger = await aLedger();
  for (const [index, key] of keys.entries()) {
    await ledger.pool.query('insert into patient (key) values ($1)', [key]);
    await ledger.pool.query(`insert into identity (system, value, patient_key) values ('source:app', $2, $1), ('mrn', $2, $1)`, [key, `p${index + 1}`]); // prettier-ignore
    await ledger.pool.query('insert into ehr_patient (destination, patient_key, reference) values ($1, $2, $3)', [ehr, key, `Patient/p${index + 1}`]); // prettier-ignore
  }
});
afterAll(() => ledger.end());

const start = Date.parse('2026-05-06T12:00:00Z');
const seen = (id: string, version: number, status = 'requested', patient = 'Patient/p1'): Observed => ({
  reference: `Task/${id}`,
  versionId: String(version),
  lastUpdated: new Date(start + version * 1_000),
  patient,
  resource: { resourceType: 'Task', id, status },
});
const keep = (...observed: readonly Observed[]) =>
  keepChanges(ledger.pool, ehr, observed, ({ resource }, before, whose) =>
    changeIn(resource, before, whose, { owners: [], codes: [] }),
  );
const feed = async (id: string) =>
  (await listChanges(ledger.pool, { after: '0', limit: 500 }, new Date())).changes
    .filter(({ reference }) => reference === `Task/${id}`)
    .map(({ kind, content }) => `${kind} ${'status' in content ? content.status : ''}`);
const link = (id: string, version: number | null) =>
  ledger.pool.query(
    `insert into link (destination, artifact, message_id, source, patient_key, resource_type, reference, version_id, action, tier, owned)
     values ($1, $2, (random() * 1e12)::bigint, 'app', $3, 'Task', $4, $5, 'updated', 'native', '{}')`,
    [ehr, `x.${id}`, keys[0], `Task/${id}`, version === null ? null : String(version)],
  );

describe('what a look saw', () => {
  test('is told once, however often it is seen; an older version that shows late is passed over', async () => {
    expect(await keep(seen('a', 1))).toEqual({ told: 1, waitsFrom: undefined });
    expect((await keep(seen('a', 1))).told).toBe(0);
    expect((await keep(seen('a', 3, 'accepted'))).told).toBe(1);
    expect((await keep(seen('a', 2, 'on-hold'))).told).toBe(0);
    expect(await feed('a')).toEqual(['task.requested requested', 'task.changed accepted']);
  });

  test('by two processes at once is told once', async () => {
    await Promise.all([keep(seen('b', 1)), keep(seen('b', 1)), keep(seen('b', 1))]);
    expect(await feed('b')).toEqual(['task.requested requested']);
  });

  test('of a patient whom nobody knows is not kept', async () => {
    await keep(seen('c', 1, 'requested', 'Patient/p9'));
    const { rows } = await ledger.pool.query(`select 1 from change where reference = 'Task/c'`);
    expect(rows).toEqual([]);
  });

  test('and Tejido wrote is not told; the next version by another hand is', async () => {
    await keep(seen('d', 1));
    await link('d', 2);
    expect((await keep(seen('d', 2, 'completed'))).told).toBe(0);
    expect((await keep(seen('d', 3, 'in-progress'))).told).toBe(1);
    expect(await feed('d')).toEqual(['task.requested requested', 'task.changed in-progress']);
  });

  test('where writes are answered without a version: the first version after our write is ours, the next is not', async () => {
    await link('e', null);
    expect((await keep(seen('e', 1))).told).toBe(0);
    expect((await keep(seen('e', 2))).told).toBe(0);
    expect((await keep(seen('e', 3, 'accepted'))).told).toBe(1);
    await link('e', null);
    // Ours, and as it stood: still the one after it is not ours.
    expect((await keep(seen('e', 4, 'accepted'))).told).toBe(0);
    expect((await keep(seen('e', 5, 'rejected'))).told).toBe(1);
    expect(await feed('e')).toEqual(['task.changed accepted', 'task.changed rejected']);
  });

  test.each([
    ['filing', true],
    ['due', true],
    ['due', false],
    ['failed', true],
  ])('waits while a delivery of the person is %s (in doubt: %s)', async (state, doubt) => {
    const waits = state === 'filing' || (state === 'due' && doubt);
    const id = `f-${state}-${String(doubt)}`;
    await ledger.pool.query(
      'insert into delivery (message_id, destination, lane, state, doubt) values (1, $1, $2, $3, $4)',
      [ehr, keys[1], state, doubt],
    );
    const kept = await keep(seen(id, 1, 'requested', 'Patient/p2'), seen(`${id}-other`, 2));
    expect(kept).toEqual({ told: waits ? 1 : 2, waitsFrom: waits ? new Date(start + 1_000) : undefined });
    await ledger.pool.query('delete from delivery');
    await keep(seen(id, 1, 'requested', 'Patient/p2'));
    expect(await feed(id)).toEqual(['task.requested requested']);
  });
});

test('the feed follows the chart: whoever is matched with it when it is read', async () => {
  await keep(seen('g', 1, 'requested', 'Patient/p2'));
  const idsOf = async () =>
    (await listChanges(ledger.pool, { after: '0', limit: 500 }, new Date())).changes
      .filter(({ reference }) => reference === 'Task/g')
      .map(({ ids }) => ids);
  expect(await idsOf()).toEqual([[{ source: 'app', sourcePatientId: 'p2' }]]);
  await ledger.pool.query(`delete from ehr_patient where patient_key = $1`, [keys[1]]);
  expect(await idsOf()).toEqual([]);
});

test('a cursor begins where it is told, and never goes back', async () => {
  const other = 'other' as DestinationId;
  const [first, later] = [new Date(start), new Date(start + 5_000)];
  expect(await cursorOf(ledger.pool, other, 'Task', first)).toEqual(first);
  expect(await cursorOf(ledger.pool, other, 'Task', later)).toEqual(first);
  await moveCursor(ledger.pool, other, 'Task', later);
  await moveCursor(ledger.pool, other, 'Task', first);
  expect(await cursorOf(ledger.pool, other, 'Task', first)).toEqual(later);
});
