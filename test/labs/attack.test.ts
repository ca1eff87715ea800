/** What laboratories and engines do that could put a result into the wrong chart, into it twice, or nowhere. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { releaseMessage, retryMessage } from '../../src/ledger/actions.ts';
import { mergePeople } from '../../src/ledger/merge.ts';
import { unlinkIdentity } from '../../src/ledger/unlink.ts';
import type { MessageId, PatientKey } from '../../src/core/model.ts';
import type { Resource } from '../../src/core/ports.ts';
import { aLedger, anItem, ehr, type TestLedger } from '../ledger/support.ts';
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
const anew = (): void => {
  round += 1;
  chart.clear();
  standing.lose = 0;
};
beforeEach(anew);

const work = (attempts = 3): Promise<void> =>
  drain(ledger, aChart(), { labs, destination, policy: { attempts, baseMs: 0, capMs: 0, budgetMs: 1e9 } });

/** Each test has patients and orders of its own; numbers that begin with `=` are as they are. */
const named = (name: string): string => (name.startsWith('=') ? name.slice(1) : `${String(round)}-${name}`);
const own = (given: Given): Given => ({
  ...given,
  id: named(given.id),
  mrn: named(given.mrn ?? 'M1'),
  filler: given.filler === '' ? '' : named(given.filler ?? 'F-1'),
  ...(given.placer === undefined ? {} : { placer: named(given.placer) }),
  ...(given.parent === undefined ? {} : { parent: named(given.parent) }),
  ...(given.sourcePatientId === undefined ? {} : { sourcePatientId: named(given.sourcePatientId) }),
  ...(given.more === undefined
    ? {}
    : {
        more: given.more.map((one) => ({
          ...one,
          filler: named(one.filler ?? 'F-1'),
          ...(one.parent === undefined ? {} : { parent: named(one.parent) }),
        })),
      }),
});

async function send(...given: readonly Given[]): Promise<readonly string[]> {
  const states: string[] = [];
  for (const one of given) {
    await ledger.acceptor.accept([anOru(own(one))]);
    await work();
    states.push(await stateOf(one.id));
  }
  return states;
}

async function stateOf(id: string): Promise<string> {
  const { rows } = await sql<{ state: string; cause: string | null }>`
    select state, cause from message where record_id = ${named(id)}`.execute(ledger.db);
  return [rows[0]?.state, rows[0]?.cause].filter(Boolean).join(' ');
}

async function messageOf(id: string): Promise<MessageId> {
  const { rows } = await sql<{ id: MessageId }>`select id::text from message where record_id = ${named(id)}`.execute(
    ledger.db,
  );
  return rows[0]?.id ?? ('0' as MessageId);
}

async function personOf(mrn: string): Promise<PatientKey> {
  const { rows } = await sql<{ key: PatientKey }>`
    select patient_key as key from identity where system = 'mrn' and value = ${named(mrn)}`.execute(ledger.db);
  return rows[0]?.key ?? ('' as PatientKey);
}

const of = (type: string): readonly Resource[] =>
  [...chart.values()].filter(({ resourceType }) => resourceType === type);
const whoseIs = (one: Resource): string => (one['subject'] as { reference: string }).reference.split('-').at(-1) ?? '';
/** What stands, as `M1 final 9 %`. */
const results = (): readonly string[] =>
  of('Observation')
    .filter((one) => one['status'] !== 'entered-in-error')
    .map((one) => [whoseIs(one), one['status'], one['valueString']].filter(Boolean).join(' '))
    .toSorted();

/** What the ledger says that stands, as `M1 final 9 %`. */
async function told(): Promise<readonly string[]> {
  const { rows } = await sql<{ mrn: string | null; status: string; text: string | null }>`
    select i.value as mrn, s.status, s.summary ->> 'text' as text from lab_standing s
    left join identity i on i.patient_key = s.patient_key and i.system = 'mrn'
    where s.key <> '' and s.record_id like ${`${String(round)}-%`} and s.status <> 'entered-in-error'`.execute(
    ledger.db,
  );
  return rows
    .map(({ mrn, status, text }) => `${mrn?.split('-').at(-1) ?? '?'} ${status} ${text ?? ''}`.trim())
    .toSorted();
}

const nine = [{ status: 'final', text: '9 %' }];
const eight = [{ status: 'final', text: '8 %' }];

test('to another patient and back again: it stands where it was told last, and once', async () => {
  await send(
    { id: 'a', minute: 1, results: nine },
    { id: 'b', minute: 2, mrn: 'M2', results: nine },
    { id: 'c', minute: 3, results: eight },
  );
  expect(results()).toEqual(['M1 final 8 %']);
  expect(await told()).toEqual(['M1 final 8 %']);
  expect(await send({ id: 'd', minute: 2, results: [{ status: 'preliminary', text: '7 %' }] })).toEqual(['superseded']);
  expect(results()).toEqual(['M1 final 8 %']);
});

test('of two patients told at one time of report the message that was made later counts', async () => {
  await send({ id: 'b', minute: 1, sent: 5, mrn: 'M2', results: nine });
  expect(await send({ id: 'a', minute: 1, sent: 2, results: nine })).toEqual(['superseded']);
  expect(results()).toEqual(['M2 final 9 %']);
});

test('an order that was told for another patient last is not taken back by what is older', async () => {
  await send(
    { id: 'b', minute: 2, mrn: 'M2', results: nine },
    { id: 'c', minute: 5, mrn: 'M2', results: [{ status: 'preliminary', text: '7 %' }] },
  );
  expect(await send({ id: 'a', minute: 3, results: nine })).toEqual(['superseded']);
  expect(results()).toEqual(['M2 final 9 %']);
});

test('the same number for two people at two hours of a day takes nothing from anybody: a person decides, for good', async () => {
  const [eightOClock, ten] = ['2026-03-09T08:00:00Z', '2026-03-09T10:00:00Z'];
  await send({ id: 'a', minute: 1, collected: eightOClock, results: nine });
  const other = { minute: 2, mrn: 'M2', collected: ten };
  expect(await send({ ...other, id: 'b', results: eight })).toEqual(['held lab/order-conflict']);
  expect(results()).toEqual(['M1 final 9 %']);
  expect(await releaseMessage(ledger.pool, [ehr], await messageOf('b'), 'ana')).toMatchObject({ ok: true });
  await work();
  expect(await stateOf('b')).toBe('filed');
  // What comes later of either is its own.
  expect(await send({ ...other, id: 'c', minute: 3, results: [{ status: 'corrected', text: '6 %' }] })).toEqual([
    'filed',
  ]);
  expect(results()).toEqual(['M1 final 9 %', 'M2 corrected 6 %']);
});

test.each(['=0', '=000', '=N/A', '=UNKNOWN', '=-'])(
  '%s is no number: it takes nothing from anybody',
  async (filler) => {
    const told = [
      { id: 'a', minute: 1, filler, results: nine },
      { id: 'b', minute: 2, filler, mrn: 'M2', results: eight },
      { id: 'c', minute: 3, filler, service: 'other', results: eight },
    ];
    expect(await send(...told)).toEqual(['filed', 'filed', 'filed']);
    expect(results()).toEqual(['M1 final 8 %', 'M1 final 9 %', 'M2 final 8 %']);
  },
);

test('without a number, what was done for two people at one time is two orders', async () => {
  const told = { filler: '', results: nine };
  expect(await send({ ...told, id: 'a', minute: 1 }, { ...told, id: 'b', minute: 2, mrn: 'M2' })).toEqual([
    'filed',
    'filed',
  ]);
  expect(results()).toEqual(['M1 final 9 %', 'M2 final 9 %']);
});

test('a counter of a day (1, 2 …) is one order only at one time', async () => {
  const at = (hour: string, id: string, results: Given['results']): Given => ({
    id,
    minute: Number(hour),
    filler: '=1',
    collected: `2026-03-09T${hour}:00:00Z`,
    results,
  });
  await send(at('08', 'a', nine), at('10', 'b', eight), at('10', 'c', [{ status: 'corrected', text: '6 %' }]));
  expect(results()).toEqual(['M1 corrected 6 %', 'M1 final 9 %']);
});

test.each([
  ['at first', ['', 'F-1']],
  ['at last', ['F-1', '']],
])("only the placer's number %s: one order", async (_, [first = '', second = '']) => {
  await send(
    { id: 'a', minute: 1, filler: first, placer: 'P-1', results: [{ status: 'preliminary', text: '8 %' }] },
    { id: 'b', minute: 2, filler: second, placer: 'P-1', results: nine },
  );
  expect(results()).toEqual(['M1 final 9 %']);
});

test("two fillers' numbers under one placer's are two orders", async () => {
  await send(
    { id: 'a', minute: 1, placer: 'P-1', results: nine },
    { id: 'b', minute: 2, filler: 'F-2', placer: 'P-1', results: eight },
  );
  expect(results()).toEqual(['M1 final 8 %', 'M1 final 9 %']);
});

test('a time of collection that is put right over midnight is the same order', async () => {
  await send(
    { id: 'a', minute: 1, collected: '2026-03-09T23:50:00-05:00', results: nine },
    { id: 'b', minute: 2, collected: '2026-03-10T00:10:00-05:00', results: [{ status: 'corrected', text: '6 %' }] },
  );
  expect(results()).toEqual(['M1 corrected 6 %']);
});

test('the system of a number that is told only later is no reason for a second result, nor for a second chart', async () => {
  await send({ id: 'a', minute: 1, system: '', results: nine }, { id: 'b', minute: 2, results: eight });
  expect(results()).toEqual(['M1 final 8 %']);
  anew();
  await send({ id: 'a', minute: 1, system: '', results: nine });
  expect(await send({ id: 'b', minute: 2, mrn: 'M2', results: nine })).toEqual(['held lab/order-conflict']);
});

test('of a series under one number each correction finds its own', async () => {
  const at = (hour: string): string => `2026-03-09T${hour}:00:00Z`;
  const series = { minute: 1, collected: at('08'), results: nine, more: [{ collected: at('14'), results: eight }] };
  await send({ ...series, id: 'a' });
  await send({ id: 'b', minute: 2, collected: at('14'), results: [{ status: 'corrected', text: '6 %' }] });
  expect(results()).toEqual(['M1 corrected 6 %', 'M1 final 9 %']);
  anew();
  await send({ id: 'b', minute: 2, collected: at('14'), results: [{ status: 'corrected', text: '6 %' }] });
  await send({ ...series, id: 'a' });
  expect(results()).toEqual(['M1 corrected 6 %', 'M1 final 9 %']);
});

test('two OBR of one number, service and time: what comes later of the second finds the second', async () => {
  const results2 = [{ code: 'y', status: 'final', text: '8 %' }];
  await send({ id: 'a', minute: 1, results: nine, more: [{ results: results2 }] });
  await send({ id: 'b', minute: 2, results: [{ code: 'y', status: 'corrected', text: '6 %' }] });
  expect(results()).toEqual(['M1 corrected 6 %', 'M1 final 9 %']);
});

test('an order that is twice in a message, word for word, is one', async () => {
  const twice = { filler: 'F-2', results: eight };
  await send({ id: 'a', minute: 1, results: nine, more: [twice, { ...twice }] });
  expect(results()).toEqual(['M1 final 8 %', 'M1 final 9 %']);
});

test('an attempt whose answer was lost leaves nothing behind when the order has gone to another patient since', async () => {
  await ledger.acceptor.accept([anOru(own({ id: 'a', minute: 1, results: nine }))]);
  standing.lose = 1;
  await work(1);
  expect(await stateOf('a')).toMatch(/^failed/);
  expect(results()).toEqual(['M1 final 9 %']);
  await send({ id: 'b', minute: 2, mrn: 'M2', results: nine });
  await retryMessage(ledger.pool, [ehr], await messageOf('a'), 'ana');
  await work();
  expect(await stateOf('a')).toBe('superseded');
  expect(results()).toEqual(['M2 final 9 %']);
});

test('an un-linked identifier: its results leave the chart at once, and stand for whom they are linked to, all of them', async () => {
  const first = { code: 'x', status: 'final', text: '9 %' };
  const second = { code: 'y', status: 'final', text: '8 %' };
  await send(
    { id: 'a', minute: 1, sourcePatientId: 'S1', results: [first] },
    { id: 'b', minute: 2, sourcePatientId: 'S1', results: [second] },
    { id: 'z', minute: 1, mrn: 'M2', filler: 'F-9', results: [{ code: 'z', status: 'final', text: '1 %' }] },
  );
  const id = { source: 'lab', sourcePatientId: named('S1') };
  const unlinked = await unlinkIdentity(ledger.pool, { ...id, person: await personOf('M1'), run: true }, 'ana');
  expect(unlinked).toMatchObject({ ok: true });
  await work();
  expect(await stateOf('b')).toBe('held match/review');
  expect(results()).toEqual(['M2 final 1 %']);
  expect(await told()).toEqual(['M2 final 1 %']);
  const to = (unlinked.ok && unlinked.done ? unlinked.patientKey : undefined) ?? ('' as PatientKey);
  const merged = await mergePeople(ledger.pool, { from: to, into: await personOf('M2'), run: true }, 'ana');
  expect(merged).toMatchObject({ ok: true });
  await work();
  expect(results()).toEqual(['M2 final 1 %', 'M2 final 8 %', 'M2 final 9 %']);
  expect(await told()).toEqual(results());
});

test('un-linked by mistake and linked again: it stands as before, and counts', async () => {
  await send({ id: 'a', minute: 1, sourcePatientId: 'S1', results: nine });
  const person = await personOf('M1');
  const id = { source: 'lab', sourcePatientId: named('S1') };
  const unlinked = await unlinkIdentity(ledger.pool, { ...id, person, run: true }, 'ana');
  await work();
  expect(results()).toEqual([]);
  const to = (unlinked.ok && unlinked.done ? unlinked.patientKey : undefined) ?? ('' as PatientKey);
  await mergePeople(ledger.pool, { from: to, into: person, run: true }, 'ana');
  await work();
  expect(results()).toEqual(['M1 final 9 %']);
  expect(await told()).toEqual(['M1 final 9 %']);
  await send({ id: 'late', minute: 9, results: [{ status: 'preliminary', text: '5 %' }] });
  expect(results()).toEqual(['M1 final 9 %']);
});

test('a void of a message marks what it told, and no earlier version of it counts; sent again it stands', async () => {
  await send({ id: 'a', minute: 1, results: nine }, { id: 'b', minute: 2, results: eight });
  const subject = { mrn: named('M1') };
  const activity = {
    ...{ activityType: 'void', status: 'completed', occurredAt: '2026-03-10T12:00:00Z', subject },
    performer: { sourceUserId: 'u' },
    source: { systemId: 'lab', recordId: named('void'), recordVersion: 1 },
    details: { target: { recordId: named('b') }, reason: 'mistaken' },
  };
  await ledger.acceptor.accept([
    anItem({
      ...{ recordId: named('void'), source: 'lab', kind: 'void', content: JSON.stringify(activity) },
      patient: { source: 'lab', ...subject },
      dependsOn: [named('b')],
    }),
  ]);
  await work();
  expect([await stateOf('void'), await stateOf('b')]).toEqual(['filed', 'voided']);
  expect(results()).toEqual([]);
  expect(await told()).toEqual([]);
  await send({ id: 'c', minute: 3, results: nine });
  expect(results()).toEqual(['M1 final 9 %']);
  expect(await told()).toEqual(['M1 final 9 %']);
});

test('a reflex test of an order that is withheld is filed, and refers to nothing', async () => {
  const states = await send({
    id: 'a',
    minute: 1,
    conclusion: 'secret',
    results: [{ code: 'secret', status: 'final', text: 'positive' }],
    more: [{ filler: 'F-2', parent: 'F-1', results: eight }],
  });
  expect(states).toEqual(['filed']);
  expect(results()).toEqual(['M1 final 8 %']);
});

test('a number that thousands of messages share neither is loaded whole nor merges them', async () => {
  await sql`insert into lab_version (destination, artifact, message_id, patient_key, source, report, key, resource_type,
      order_value, order_system, service, collected, status, final, rank, issued, sent, hash, position, summary, chw)
    select ${ehr}, 'many' || n || '.r', n, gen_random_uuid(), 'lab', 'many' || n, 'k', 'Observation', '7', 'urn:lab',
      'http://loinc.org|24331-1', '2025-01-01', 'final', true, 1, now(), now(), 'h', 0, '{}', true
    from generate_series(1, 10000) as n`.execute(ledger.db);
  expect(await send({ id: 'a', minute: 1, filler: '=7', results: nine })).toEqual(['filed']);
  expect(results()).toEqual(['M1 final 9 %']);
});

type Version = Omit<Given, 'id'>;

const aVersionOf = fc.record({
  sent: fc.integer({ min: 0, max: 3 }),
  mrn: fc.constantFrom('M1', 'M1', 'M2'),
  x: fc.constantFrom('preliminary 8', 'final 9', 'final', 'corrected 6', 'entered-in-error', 'cancelled'),
  y: fc.constantFrom('preliminary 1', 'final 2', 'registered'),
});
/** Whole reports, of one patient or of two; no two are told at one time. */
const wholeReports = fc.array(aVersionOf, { minLength: 2, maxLength: 4 }).map((all) =>
  all.map(({ sent, mrn, x, y }, n): Version => {
    const told = (code: string, says: string): Given['results'][number] => {
      const [status = '', text] = says.split(' ');
      return { code, status, ...(text === undefined ? {} : { text }) };
    };
    return { minute: n, sent: n + sent, mrn, results: [told('x', x), told('y', y)] };
  }),
);
/** Partial reports of one patient. */
const partialReports = wholeReports.chain((all) =>
  fc.array(fc.constantFrom([0], [1], [0, 1]), { minLength: all.length, maxLength: all.length }).map((parts) =>
    all.map((one, n) => ({
      ...one,
      mrn: 'M1',
      results: (parts[n] ?? [0]).flatMap((part) => one.results[part] ?? []),
    })),
  ),
);

test.each([
  ['whole reports, also for another patient', wholeReports],
  ['partial reports', partialReports],
])('any order of %s, with answers lost on the way, ends in the same chart', async (_, reports) => {
  await fc.assert(
    fc.asyncProperty(
      reports.chain((all) =>
        fc.tuple(
          fc.constant(all),
          fc.shuffledSubarray(
            all.map((__, n) => n),
            { minLength: all.length },
          ),
          fc.array(fc.nat({ max: 2 }), { minLength: all.length, maxLength: all.length }),
        ),
      ),
      async ([all, order, lost]) => {
        const end = async (sequence: readonly number[], losses: readonly number[]): Promise<unknown> => {
          anew();
          for (const n of sequence) {
            standing.lose = losses[n] ?? 0;
            const [one] = all.slice(n, n + 1);
            if (one !== undefined) await send({ ...one, id: `m${String(n)}` });
          }
          return {
            results: results(),
            reports: of('DiagnosticReport').filter((one) => one['status'] !== 'entered-in-error').length,
            told: await told(),
          };
        };
        const inOrder = await end(
          all.map((__, n) => n),
          [],
        );
        expect(await end(order, lost)).toEqual(inOrder);
      },
    ),
    { numRuns: 12 },
  );
});
