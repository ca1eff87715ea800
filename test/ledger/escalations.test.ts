/** Escalations on a real ledger: opened with the message, kept, cancelled, escalated, acknowledged. The clock is passed in. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Incoming } from '../../src/core/ports.ts';
import type { RedFlag } from '../../src/core/red-flag/rules.ts';
import type { EscalationEntry } from '../../src/core/story.ts';
import { voidMessage } from '../../src/ledger/actions.ts';
import { actOnEscalation } from '../../src/ledger/escalations-act.ts';
import { moveEscalations, noticeTried, takeNotices, tasksToLookAt } from '../../src/ledger/escalations-clock.ts';
import {
  escalationReadings,
  escalationsOfMessage,
  escalationStory,
  listEscalations,
} from '../../src/ledger/escalations-read.ts';
import { recheckDone, rechecksWaiting } from '../../src/ledger/escalations-recheck.ts';
import { policy } from '../support/red-flags.ts';
import { aLedger, anItem, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, identity, patient, audit, escalation,
    escalation_recheck cascade`.execute(ledger.db);
});

const flag = (code: RedFlag['code'] = 'glucose-very-low', severity: RedFlag['severity'] = 'stat'): RedFlag => ({
  code,
  severity,
  restricted: code === 'suicidality',
  observedAt: '2026-05-06T18:05:00-05:00',
  from: '',
  item: `flag-${code}`,
  derived: true,
  shows: { value: 45, unit: 'mg/dL' },
});

const accept = async (...items: readonly Incoming[]) => ledger.acceptor.accept(items);
const flagged = (given: Parameters<typeof anItem>[0] = {}, ...flags: readonly RedFlag[]): Incoming =>
  anItem({ ...given, flags: flags.length === 0 ? [flag()] : flags });

const all = () => listEscalations(ledger.pool, {}, true);
const only = async (): Promise<EscalationEntry> => {
  const [first, ...others] = await all();
  expect(others).toEqual([]);
  if (first === undefined) throw new Error('There is no escalation.');
  return first;
};
const after = (from: Date, minutes: number): Date => new Date(from.getTime() + minutes * 60_000);
const sent = { end: 'sent', status: 204, result: 'sent', at: new Date(0), durationMs: 5 } as const;

/** What the alternate route would carry at that time, carried. */
async function carried(now: Date): Promise<readonly string[]> {
  const notices = await takeNotices(ledger.pool, 10, 60_000, now);
  for (const notice of notices) await noticeTried(ledger.pool, notice, sent, now);
  return notices.map(({ kind, pool, level }) => `${kind} ${pool} ${String(level)}`).toSorted();
}

const aVoid = (target: string, withdrawal: string): Incoming =>
  anItem({ recordId: `void-${target}`, kind: 'void', dependsOn: [target], withdrawal });

describe('with the message', () => {
  test('a red flag is committed, whatever becomes of the message', async () => {
    const [held, unknown, nobody] = await accept(
      flagged({ hold: { cause: 'activity/invalid', detail: 'A field is missing.' } }),
      flagged({ recordId: 'r2', patient: { source: 'app', sourcePatientId: 'never-seen' } }),
      flagged({ recordId: 'r3', record: undefined as never, hold: { cause: 'source/unreadable', detail: 'x' } }),
    );
    for (const receipt of [held, unknown, nobody]) {
      expect(receipt?.escalations).toMatchObject([{ severity: 'stat', state: 'open' }]);
    }
    expect(await all()).toHaveLength(3);
  });

  test('a message without one says and writes nothing', async () => {
    const [receipt] = await accept(anItem());
    expect(receipt).not.toHaveProperty('escalations');
    expect(await all()).toEqual([]);
  });

  test('sent again, it is the same escalation, and the receipt says how it stands', async () => {
    const [first] = await accept(flagged());
    const { id } = await only();
    await actOnEscalation(ledger.pool, id, { do: 'ack', role: 'nurse' }, 'maria', policy);
    const [second] = await accept(flagged());
    expect(second).toMatchObject({ duplicateOf: first?.id, escalations: [{ id, state: 'acknowledged' }] });
    await only();
  });

  test('two flags of one message are two escalations; two of a kind are one', async () => {
    await accept(flagged({}, flag(), flag('chest-pain')));
    expect((await all()).map(({ code }) => code ?? '').toSorted()).toEqual(['chest-pain', 'glucose-very-low']);
  });
});

describe('a newer version', () => {
  test('with the same flag keeps clock and acknowledgement', async () => {
    await accept(flagged());
    const before = await only();
    await actOnEscalation(ledger.pool, before.id, { do: 'ack', role: 'nurse' }, 'maria', policy);
    const [receipt] = await accept(flagged({ version: 2 }));
    expect(await only()).toMatchObject({
      id: before.id,
      messageId: receipt?.id,
      openedAt: before.openedAt,
      state: 'acknowledged',
      acknowledgedBy: 'maria',
    });
  });

  test('without it cancels it with a reason, and whoever was told is told so', async () => {
    await accept(flagged());
    const { openedAt } = await only();
    await moveEscalations(ledger.pool, policy, openedAt);
    expect(await carried(openedAt)).toEqual(['alert nurses 1']);
    await accept(anItem({ version: 2 }));
    expect(await only()).toMatchObject({ state: 'cancelled', cancelReason: 'corrected' });
    expect(await carried(after(openedAt, 60))).toEqual(['withdrawn nurses 1']);
  });

  test('that shows it once more opens it anew', async () => {
    await accept(flagged());
    await accept(anItem({ version: 2 }));
    await accept(flagged({ version: 3 }));
    expect(await only()).toMatchObject({ state: 'open', level: 1 });
  });

  test('about another person is a new alarm: what was acknowledged was about somebody else', async () => {
    await accept(flagged());
    const { id } = await only();
    await actOnEscalation(ledger.pool, id, { do: 'ack' }, 'maria', policy);
    await accept(flagged({ version: 2, patient: { source: 'app', sourcePatientId: 'p2', mrn: 'M2' } }));
    expect(await only()).toMatchObject({ state: 'open' });
    expect(await only()).not.toHaveProperty('acknowledgedAt');
  });

  test('an older one that comes late changes nothing; a flag of it that was corrected stays silent', async () => {
    await accept(anItem({ version: 2 }));
    await accept(flagged({ version: 1 }));
    expect(await all()).toEqual([]);
  });

  test('the same version with other content is heard, and cancels nothing', async () => {
    await accept(flagged({ content: 'a' }));
    await accept(flagged({ content: 'b' }, flag('chest-pain')));
    expect((await all()).map(({ state }) => state)).toEqual(['open', 'open']);
  });
});

describe('a void', () => {
  test('of the wrong patient cancels what it showed, and the pool is told in any case', async () => {
    await accept(flagged());
    const { openedAt } = await only();
    await accept(aVoid('r1', 'wrong-patient'));
    expect(await only()).toMatchObject({ state: 'cancelled', cancelReason: 'wrong-patient' });
    expect(await moveEscalations(ledger.pool, policy, after(openedAt, 500))).toEqual([]);
    expect(await carried(after(openedAt, 1))).toEqual(['withdrawn nurses 1']);
  });

  test('that came before its record leaves no alarm; in one batch with it neither', async () => {
    await accept(aVoid('r1', 'mistaken'));
    await accept(flagged());
    await accept(flagged({ recordId: 'r2' }), aVoid('r2', 'mistaken'));
    expect(await all()).toEqual([]);
  });

  test('of a held message by a person cancels it too', async () => {
    const [receipt] = await accept(flagged({ hold: { cause: 'activity/invalid', detail: 'x' } }));
    await voidMessage(ledger.pool, receipt!.id, 'maria');
    const [recheck] = await rechecksWaiting(ledger.pool);
    expect(recheck).toMatchObject({ voided: true });
    await recheckDone(ledger.pool, recheck!, [], policy);
    expect(await only()).toMatchObject({ state: 'cancelled', cancelReason: 'withdrawn' });
    expect(await rechecksWaiting(ledger.pool)).toEqual([]);
  });
});

test('an amendment has its record looked at again, with all its payloads, filed or not', async () => {
  await accept(anItem({ content: 'base' }));
  const [receipt] = await accept(anItem({ recordId: 'a1', kind: 'amend', dependsOn: ['r1'], content: 'change' }));
  const [recheck] = await rechecksWaiting(ledger.pool);
  expect(recheck).toMatchObject({ source: 'app', recordId: 'r1', messageId: receipt?.id, voided: false });
  expect(recheck?.payloads.map(({ body }) => Buffer.from(body).toString())).toEqual(['base', 'change']);
  await recheckDone(ledger.pool, recheck!, [flag()], policy);
  expect(await only()).toMatchObject({ recordId: 'r1', state: 'open' });
});

describe('the clock', () => {
  test('goes from pool to pool until somebody acknowledges, over any stop', async () => {
    await accept(flagged());
    const { id, openedAt } = await only();
    const pools: string[] = [];
    for (const minute of [0, 0, 14, 15, 29, 30, 59, 60, 90]) {
      await moveEscalations(ledger.pool, policy, after(openedAt, minute));
      pools.push(...(await carried(after(openedAt, minute))).map((told) => `${String(minute)} ${told}`));
    }
    expect(pools).toEqual([
      '0 alert nurses 1',
      '15 alert lead 2',
      '30 alert director 3',
      '60 alert director 3',
      '90 alert director 3',
    ]);
    await actOnEscalation(ledger.pool, id, { do: 'ack', role: 'physician' }, 'dr', policy);
    expect(await moveEscalations(ledger.pool, policy, after(openedAt, 10_000))).toEqual([]);
    expect(await escalationsOfMessage(ledger.pool, (await only()).messageId)).toMatchObject([
      { state: 'acknowledged', acknowledgedByRole: 'physician' },
    ]);
  });

  test('what the route did not carry is tried again later, and no more once somebody acknowledged', async () => {
    await accept(flagged());
    const { id, openedAt } = await only();
    await moveEscalations(ledger.pool, policy, openedAt);
    const [first] = await takeNotices(ledger.pool, 10, 60_000, openedAt);
    await noticeTried(ledger.pool, first!, { ...sent, end: 'failed', status: 503, result: 'refused' }, openedAt);
    expect(await takeNotices(ledger.pool, 10, 60_000, openedAt)).toEqual([]);
    const later = after(openedAt, 1);
    const [again] = await takeNotices(ledger.pool, 10, 60_000, later);
    expect(again).toMatchObject({ id: first?.id, attempt: 2 });
    await actOnEscalation(ledger.pool, id, { do: 'ack' }, 'maria', policy);
    await noticeTried(ledger.pool, again!, { ...sent, end: 'failed', result: 'send/timeout' }, later);
    expect(await takeNotices(ledger.pool, 10, 60_000, after(openedAt, 600))).toEqual([]);
    const story = await escalationStory(ledger.pool, id, true);
    expect(story?.notices[0]?.attempts).toMatchObject([{ status: 503, result: 'refused' }, { result: 'send/timeout' }]);
  });

  test('a process that died while it carried one leaves it to the next', async () => {
    await accept(flagged());
    const { openedAt } = await only();
    await moveEscalations(ledger.pool, policy, openedAt);
    expect(await takeNotices(ledger.pool, 10, 60_000, openedAt)).toHaveLength(1);
    expect(await takeNotices(ledger.pool, 10, 60_000, openedAt)).toEqual([]);
    expect(await carried(after(openedAt, 2))).toEqual(['alert nurses 1']);
  });

  test('what is urgent takes the alternate route only while the EHR has no task of it', async () => {
    const key = 'a'.repeat(26);
    await accept(
      flagged({}, flag('new-foot-ulcer', 'urgent')),
      flagged({ recordId: 'r2' }, flag('chest-pain', 'urgent')),
    );
    const [{ openedAt, messageId }] = (await listEscalations(ledger.pool, {}, true)).filter(
      ({ recordId }) => recordId === 'r1',
    ) as [EscalationEntry];
    await sql`insert into link (destination, artifact, message_id, source, record_id, patient_key, resource_type, reference,
      action, tier, owned) values
      ('ehr', ${`${key}.flag-new-foot-ulcer.task`}, ${messageId}, 'app', 'r1', gen_random_uuid(), 'Task', 'Task/7', 'created', 'native', '{}'),
      ('ehr', ${`${key}.r1.task`}, ${messageId}, 'app', 'r2', gen_random_uuid(), 'Task', 'Task/8', 'created', 'native', '{}'),
      ('ehr', ${`${key}.flag-chest-pain.task`}, ${messageId}, 'app', 'r2', gen_random_uuid(), 'Task', 'Task/9', 'created', 'note', '{}')
    `.execute(ledger.db);
    await moveEscalations(ledger.pool, policy, after(openedAt, 6));
    expect(await carried(after(openedAt, 6))).toEqual(['alert nurses 1']);
    expect(
      (await all())
        .toSorted((a, b) => a.recordId.localeCompare(b.recordId))
        .map(({ recordId, state, inChart }) => [recordId, state, inChart]),
    ).toEqual([
      ['r1', 'notified', true],
      ['r2', 'notified', false],
    ]);
    expect(await tasksToLookAt(ledger.pool, 30_000, after(openedAt, 6))).toMatchObject([
      { destination: 'ehr', reference: 'Task/7' },
    ]);
    expect(await tasksToLookAt(ledger.pool, 30_000, after(openedAt, 6))).toEqual([]);
  });
});

describe('what people do', () => {
  test('given to another pool it is that pool’s, and its clock begins anew', async () => {
    await accept(flagged());
    const { id } = await only();
    await actOnEscalation(ledger.pool, id, { do: 'ack' }, 'maria', policy);
    await actOnEscalation(ledger.pool, id, { do: 'reassign', pool: 'lead' }, 'maria', policy);
    expect(await only()).toMatchObject({ state: 'notified', pool: 'lead' });
    expect(await carried(after(new Date(), 1))).toEqual(['alert lead 1']);
  });

  test('what is resolved or cancelled stays so', async () => {
    await accept(flagged());
    const { id } = await only();
    expect(await actOnEscalation(ledger.pool, id, { do: 'resolve', role: 'nurse' }, 'm', policy)).toEqual({
      ok: true,
      state: 'resolved',
    });
    expect(await actOnEscalation(ledger.pool, id, { do: 'ack' }, 'm', policy)).toMatchObject({ ok: false });
    expect(await actOnEscalation(ledger.pool, 'nonsense', { do: 'ack' }, 'm', policy)).toMatchObject({ ok: false });
  });

  test('which red flag a restricted one is, is shown only to who may see it', async () => {
    await accept(flagged({}, flag('suicidality')));
    expect(await listEscalations(ledger.pool, {}, false)).not.toHaveProperty(['0', 'code']);
    expect(await only()).toMatchObject({ code: 'suicidality' });
  });

  test('the measures tell what runs, and what was acknowledged in time', async () => {
    await accept(flagged(), flagged({ recordId: 'r2' }));
    const [one] = await all();
    await actOnEscalation(ledger.pool, one!.id, { do: 'ack' }, 'm', policy);
    const readings = await escalationReadings(ledger.pool, { stat: 15, urgent: 60, routine: 1_440 });
    expect(readings.find(({ severity }) => severity === 'stat')).toMatchObject({ running: 1, inTime: 1, late: 0 });
    expect(readings.find(({ severity }) => severity === 'urgent')).toMatchObject({ running: 0, oldestMs: 0 });
  });
});
