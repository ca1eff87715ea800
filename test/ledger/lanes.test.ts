import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { ClaimedLane, Completed, Work } from '../../src/core/lane.ts';
import type { Progress } from '../../src/core/decide.ts';
import type { DestinationId } from '../../src/core/model.ts';
import { createAcceptor } from '../../src/ledger/accept.ts';
import {
  claim,
  complete,
  extendLeases,
  finishLanes,
  nextDueMs,
  oldestDueMs,
  settleMessages,
  sweepLanes,
} from '../../src/ledger/lanes.ts';
import { personContext } from '../../src/ledger/context.ts';
import { messageStory } from '../../src/ledger/messages.ts';
import { policy } from '../support/red-flags.ts';
import { aLedger, anItem, ehr, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, identity, patient, audit cascade`.execute(
    ledger.db,
  );
});

const patient = (n: number) => ({ source: 'app', sourcePatientId: `p${String(n)}` });
const accept = (...items: Parameters<TestLedger['acceptor']['accept']>[0]) => ledger.acceptor.accept(items);
const take = (over: Partial<Parameters<typeof claim>[1]> = {}) =>
  claim(ledger.pool, { destination: ehr, worker: 'w1', lanes: 10, perLane: 5, leaseMs: 60_000, ...over });

function done(lane: ClaimedLane, work: Work, progress: Progress = { state: 'filed' }): Completed {
  return {
    lane,
    messageId: work.messageId,
    source: work.source,
    recordId: work.recordId,
    kind: work.kind,
    progress,
    doubt: 'failure' in progress && progress.failure.cause === 'send/timeout',
    startedAt: new Date(),
    durationMs: 3,
    attempt: work.attempts + 1,
    mappingVersion: 'm1',
    unmapped: [],
    links: [
      {
        artifact: `${work.recordId ?? ''}.encounter`,
        resourceType: 'Encounter',
        reference: `Encounter/${work.messageId}`,
        versionId: '1',
        action: 'created',
        tier: 'native',
        owned: ['status'],
      },
    ],
    exchanges: [
      { method: 'POST', url: '/', status: 200, responseBody: 'ñ\u0000', startedAt: new Date(), durationMs: 3 },
    ],
  };
}

/** The lease of a lane runs out now, by the database's clock. */
const expire = () => sql`update lane set due_at = clock_timestamp() where due_at is not null`.execute(ledger.db);

const second = 'second' as DestinationId;

async function until(done: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 5_000;
  while (!(await done())) {
    if (Date.now() > limit) throw new Error('It did not come about within 5 s.');
  }
}

describe('lanes', () => {
  test('hand out each patient once, the messages of one patient in the order they were accepted', async () => {
    const receipts = await accept(
      ...[1, 2, 1, 1, 2].map((n, index) => anItem({ recordId: `r${String(index)}`, patient: patient(n) })),
    );
    const lanes = await take();
    expect(lanes).toHaveLength(2);
    const ids = receipts.map((receipt) => receipt.id);
    expect(
      lanes.map((lane) => lane.work.map((work) => work.messageId)).toSorted((a, b) => Number(a[0]) - Number(b[0])),
    ).toEqual([
      [ids[0], ids[2], ids[3]],
      [ids[1], ids[4]],
    ]);
    expect(await take({ worker: 'w2' })).toEqual([]);
  });

  test('a worker that died is replaced after its lease, and what it may have sent is in doubt', async () => {
    await accept(anItem());
    const [first] = await take();
    expect(first?.work[0]).toMatchObject({ doubt: false, attempts: 0 });
    await expire();
    const [second] = await take({ worker: 'w2' });
    expect(second?.work[0]).toMatchObject({ doubt: true, attempts: 0, deaths: 1 });
  });

  test('a worker that lost its lease writes nothing', async () => {
    await accept(anItem());
    const [first] = await take();
    await expire();
    const [second] = await take({ worker: 'w2' });
    expect(await complete(ledger.pool, [done(first!, first!.work[0]!)])).toEqual([false]);
    expect(await extendLeases(ledger.pool, ehr, [first!], 60_000)).toEqual(new Set([first!.patientKey]));
    expect(await complete(ledger.pool, [done(second!, second!.work[0]!)])).toEqual([true]);
    const story = await messageStory(ledger.db, second!.work[0]!.messageId);
    expect(story).toMatchObject({ state: 'filed' });
    expect(story?.attempts).toHaveLength(1);
    expect(story?.attempts[0]?.exchanges[0]?.responseBody).toBe('ñ\u0000');
    expect(story?.links).toMatchObject([{ reference: `Encounter/${story?.id ?? ''}`, action: 'created' }]);
  });

  test('what arrives while a lane is worked on makes it due again when it is given back', async () => {
    await accept(anItem());
    const [lane] = await take();
    await accept(anItem({ recordId: 'r2' }));
    expect(await take({ worker: 'w2' })).toEqual([]);
    await complete(ledger.pool, [done(lane!, lane!.work[0]!)]);
    await finishLanes(ledger.pool, [{ lane: lane!, untried: [], againInMs: undefined }]);
    const [again] = await take();
    expect(again?.work.map((work) => work.recordId)).toEqual(['r2']);
  });

  test('a lane without work left is not due, and a back-off is by the clock of the database', async () => {
    await accept(anItem());
    const [lane] = await take();
    await complete(ledger.pool, [
      done(lane!, lane!.work[0]!, {
        state: 'again',
        failure: { cause: 'send/unavailable', detail: '503' },
        inMs: 60_000,
      }),
    ]);
    await finishLanes(ledger.pool, [{ lane: lane!, untried: [], againInMs: 60_000 }]);
    expect(await nextDueMs(ledger.pool, ehr)).toBeGreaterThan(55_000);
    expect(await oldestDueMs(ledger.pool, [ehr])).toBeUndefined();
    await expire();
    const [again] = await take();
    expect(again?.work[0]).toMatchObject({ attempts: 1, doubt: false });
    await complete(ledger.pool, [done(again!, again!.work[0]!)]);
    await finishLanes(ledger.pool, [{ lane: again!, untried: [], againInMs: undefined }]);
    expect(await nextDueMs(ledger.pool, ehr)).toBeUndefined();
  });

  test('a lost answer leaves doubt for the next attempt', async () => {
    await accept(anItem());
    const [lane] = await take();
    await complete(ledger.pool, [
      done(lane!, lane!.work[0]!, { state: 'again', failure: { cause: 'send/timeout', detail: '' }, inMs: 0 }),
    ]);
    await finishLanes(ledger.pool, [{ lane: lane!, untried: [], againInMs: 0 }]);
    const [again] = await take();
    expect(again?.work[0]?.doubt).toBe(true);
    // A refusal to connect in between takes nothing back: what was in doubt still is.
    await complete(ledger.pool, [
      done(again!, again!.work[0]!, {
        state: 'again',
        failure: { cause: 'send/connection-refused', detail: '' },
        inMs: 0,
      }),
    ]);
    await finishLanes(ledger.pool, [{ lane: again!, untried: [], againInMs: 0 }]);
    expect((await take())[0]?.work[0]?.doubt).toBe(true);
  });

  test('what was claimed but not tried goes back uncounted and undoubted', async () => {
    await accept(anItem(), anItem({ recordId: 'r2' }));
    const [lane] = await take();
    await finishLanes(ledger.pool, [{ lane: lane!, untried: lane!.work.map((work) => work.messageId), againInMs: 0 }]);
    expect((await take())[0]?.work).toMatchObject([
      { attempts: 0, doubt: false },
      { attempts: 0, doubt: false },
    ]);
  });

  test('a message that two destinations end in the same moment is not left as received', async () => {
    const acceptor = createAcceptor({
      pool: ledger.pool,
      destinations: [ehr, second],
      escalation: policy,
      onAccepted: () => undefined,
    });
    const [receipt] = await acceptor.accept([anItem()]);
    const [one] = await take();
    const [two] = await take({ destination: second });
    const client = await ledger.pool.connect();
    try {
      await client.query('begin');
      // Both begin, and see each other still at work.
      await client.query('select 1 from delivery for update');
      const both = [done(one!, one!.work[0]!), done(two!, two!.work[0]!)].map((end) => complete(ledger.pool, [end]));
      await until(async () => {
        const { rows } = await sql`select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(ledger.db);
        return rows.length === 2;
      });
      await client.query('commit');
      await Promise.all(both);
    } finally {
      client.release();
    }
    expect((await messageStory(ledger.db, receipt!.id))?.state).toBe('filed');
    await sql`update message set state = 'received'`.execute(ledger.db);
    expect(await settleMessages(ledger.pool)).toBe(1);
    expect((await messageStory(ledger.db, receipt!.id))?.state).toBe('filed');
  });

  test('the doubt that a dead worker leaves outlasts a give-back, and a late give-back of its own changes nothing', async () => {
    await accept(anItem());
    const [first] = await take();
    await expire();
    const [next] = await take({ worker: 'w2' });
    await finishLanes(ledger.pool, [{ lane: first!, untried: [first!.work[0]!.messageId], againInMs: 0 }]);
    // Still leased to the second.
    expect(await take({ worker: 'w3' })).toEqual([]);
    await finishLanes(ledger.pool, [{ lane: next!, untried: [next!.work[0]!.messageId], againInMs: 0 }]);
    expect((await take({ worker: 'w3' }))[0]?.work[0]?.doubt).toBe(true);
  });

  test('work of a destination that is no longer configured is not late: nothing can be healed there', async () => {
    await accept(anItem());
    await sql`update lane set due_at = clock_timestamp() - interval '1 hour'`.execute(ledger.db);
    expect(await oldestDueMs(ledger.pool, [ehr])).toBeGreaterThan(3_000_000);
    expect(await oldestDueMs(ledger.pool, ['other' as typeof ehr])).toBeUndefined();
  });

  test('the time a message waits behind another does not spend its retry budget', async () => {
    await accept(anItem(), anItem({ recordId: 'r2' }));
    const [lane] = await take();
    await finishLanes(ledger.pool, [{ lane: lane!, untried: lane!.work.map((work) => work.messageId), againInMs: 0 }]);
    await sql`update delivery set first_attempt_at = first_attempt_at - interval '9 hours'`.execute(ledger.db);
    const [again] = await take();
    expect(again!.work.map((work) => work.elapsedMs < 60_000)).toEqual([true, true]);
  });

  test('a worker that died counts against the message it was at, not against those behind it', async () => {
    await accept(anItem(), anItem({ recordId: 'r2' }));
    await take();
    await expire();
    const [again] = await take();
    expect(again!.work.map((work) => work.deaths)).toEqual([1, 0]);
  });

  test('a failed message does not stop the next of its lane, nor another patient', async () => {
    await accept(anItem(), anItem({ recordId: 'r2' }), anItem({ recordId: 'r3', patient: patient(9) }));
    const lanes = await take();
    const lane = lanes.find((one) => one.work.length === 2)!;
    await complete(ledger.pool, [
      done(lane, lane.work[0]!, { state: 'failed', failure: { cause: 'send/refused', detail: '422' } }),
    ]);
    await finishLanes(ledger.pool, [{ lane, untried: [lane.work[1]!.messageId], againInMs: 0 }]);
    const [again] = await take();
    expect(again).toMatchObject({ failedFrom: lane.work[0]!.messageId, work: [{ recordId: 'r2' }] });
  });

  test('the sweep finds a lane whose due time was lost', async () => {
    await accept(anItem());
    await sql`update lane set due_at = null`.execute(ledger.db);
    expect(await take()).toEqual([]);
    expect(await sweepLanes(ledger.pool)).toBe(1);
    expect(await take()).toHaveLength(1);
  });
});

test('of an artifact that several messages wrote, the last one tells where it stands', async () => {
  await accept(anItem(), anItem({ recordId: 'r2' }));
  const [lane] = await take();
  const [first, second] = lane!.work;
  const written = (work: Work, version: string): Completed => {
    const completed = done(lane!, work);
    return {
      ...completed,
      links: completed.links.map((link) => ({ ...link, artifact: 'x.goal.g', versionId: version })),
    };
  };
  await complete(ledger.pool, [written(first!, '1')]);
  await complete(ledger.pool, [written(second!, '2')]);
  const person = await personContext(ledger.pool, ehr, lane!.patientKey, 'x', []);
  expect(person.links.map((link) => [link.artifact, link.versionId])).toEqual([['x.goal.g', '2']]);
});
