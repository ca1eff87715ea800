/** Asks the database how it runs the hot queries and those of the console: each by an index, at a size where it matters. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RawBuilder, sql } from 'kysely';
import type { PatientKey } from '../../src/core/model.ts';
import { listQuery } from '../../src/ledger/messages.ts';
import { aLedger, type TestLedger } from './support.ts';

let ledger: TestLedger;
const total = 100_000;

beforeAll(async () => {
  ledger = await aLedger();
  // As after months: nearly all filed, a few stopped, a backlog of a thousand.
  await sql`
    insert into message (id, source, record_id, version, content_hash, kind, format, content_type, patient_key, received_at,
      raw_sha256, raw_size, state, cause, actor)
    select n, 'app', 'r' || n, 1, 'h', 'contact.phone', 'activity', 'application/json',
      ('00000000-0000-0000-0000-' || lpad((n % 4000)::text, 12, '0'))::uuid, now() - (${total}::int - n) * interval '1 minute',
      '\\x00', 1, case when n % 997 = 0 then 'held' when n > ${total}::int - 1000 then 'received' else 'filed' end,
      case when n % 997 = 0 then 'mapping/no-route' end, 'x'
    from generate_series(1, ${total}::int) n;
  `.execute(ledger.db);
  await sql`
    insert into delivery (message_id, destination, lane, state)
    select id, 'ehr', patient_key, case state when 'received' then 'due' else state end from message`.execute(
    ledger.db,
  );
  await sql`
    insert into lane (destination, patient_key, due_at)
    select 'ehr', patient_key, case when bool_or(state = 'received') then now() end from message group by patient_key`.execute(
    ledger.db,
  );
  await sql`
    insert into link (destination, artifact, message_id, source, record_id, patient_key, resource_type, reference, action, tier, owned)
    select 'ehr', md5(id::text) || '.encounter', id, 'app', record_id, patient_key, 'Encounter', 'Encounter/' || id, 'created', 'native', '{}'
    from message where state = 'filed'`.execute(ledger.db);
  await sql`analyze`.execute(ledger.db);
}, 120_000);
afterAll(() => ledger.end());

type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  Plans?: Plan[];
};

async function planOf(query: RawBuilder<unknown>): Promise<Plan[]> {
  const { rows } = await sql<{ 'QUERY PLAN': [{ Plan: Plan }] }>`explain (analyze, format json) ${query}`.execute(
    ledger.db,
  );
  const flat = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flat)];
  return flat(rows[0]!['QUERY PLAN'][0].Plan);
}

const scansWhole = (plan: readonly Plan[], table: string): boolean =>
  plan.some((node) => node['Node Type'] === 'Seq Scan' && node['Relation Name'] === table);

describe('with a hundred thousand messages', () => {
  const patientKey = '00000000-0000-0000-0000-000000000007' as PatientKey;
  test.each([
    ['newest first', {}],
    ['what is held', { state: 'held' as const }],
    ['what is on its way', { state: 'received' as const }],
    ['what a worker holds', { state: 'filing' as const }],
    ['one cause', { cause: 'mapping/no-route' as const }],
    ['one cause, next page', { cause: 'mapping/no-route' as const, before: '50000' as never }],
    ['one patient', { patientKey }],
    ['one record', { source: 'app', recordId: 'r77' }],
    ['one hour', { receivedFrom: new Date(Date.now() - 3_600_000) }],
  ])('the list of %s reads by an index', async (_, filter) => {
    const plan = await planOf(listQuery(filter));
    expect(scansWhole(plan, 'message')).toBe(false);
  });

  test('claiming looks only at due lanes, by their index', async () => {
    const plan = await planOf(sql`
      select patient_key from lane where destination = 'ehr' and due_at <= clock_timestamp() order by due_at limit 32 for update skip locked`);
    expect(plan.map((node) => node['Index Name'])).toContain('lane_due');
  });

  test('the next messages of a lane are read by the index of pending deliveries', async () => {
    const plan = await planOf(sql`
      select message_id from delivery where destination = 'ehr' and lane = ${patientKey} and state in ('due', 'filing')
      order by message_id limit 10`);
    expect(plan.map((node) => node['Index Name'])).toContain('delivery_pending');
  });

  test('links are found by record and by artifact', async () => {
    expect(scansWhole(await planOf(sql`select * from link where source = 'app' and record_id = 'r77'`), 'link')).toBe(
      false,
    );
    expect(
      scansWhole(
        await planOf(sql`select * from link where destination = 'ehr' and artifact >= 'abc.' and artifact < 'abc/'`),
        'link',
      ),
    ).toBe(false);
  });
});
