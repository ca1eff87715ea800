/** Whole messages through the lanes, on a real ledger, against a destination that can be told how to answer. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Activity } from '../../src/core/activity.ts';
import { createGates } from '../../src/core/gates/index.ts';
import { receivesAll } from '../../src/core/gates/minimum.ts';
import { noLabs } from '../support/no-labs.ts';
import type { EmittedLink } from '../../src/core/model.ts';
import { fail, type Failure, ok } from '../../src/core/outcome.ts';
import type { Destination, FilingPlan, Incoming, Mapper, Resource } from '../../src/core/ports.ts';
import { setPaused } from '../../src/ledger/destinations.ts';
import { createLaneLedger } from '../../src/ledger/lane-ledger.ts';
import { listMessages, messageStory } from '../../src/ledger/messages.ts';
import { releaseMessage, retryMessage } from '../../src/ledger/actions.ts';
import type { PipelineDeps } from '../../src/pipeline/deps.ts';
import { createLaneRunner } from '../../src/pipeline/lanes.ts';
import { aLedger, anItem, ehr, type TestLedger } from '../ledger/support.ts';
import { noRules, testMapper } from './support.ts';
import { matchingRules } from '../support/matching.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

/** What the destination did, in order; `answer` may refuse a plan. */
let filed: { messageId: string; steps: string[] }[];
let answer: (plan: FilingPlan) => Failure | undefined | Promise<Failure | undefined>;
let knownPatients: Set<string>;

beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, ehr_patient, identity, patient, audit cascade`.execute(
    ledger.db,
  );
  filed = [];
  answer = () => undefined;
  knownPatients = new Set(['M1', 'M2', 'M3']);
});

const destination: Destination = {
  id: ehr,
  findPatient: ({ mrn }) =>
    Promise.resolve({
      outcome:
        mrn !== undefined && knownPatients.has(mrn)
          ? ok({ reference: `Patient/${mrn}` })
          : fail('match/unknown-patient', 'No such MRN.'),
      exchanges: [],
    }),
  file: async (plan) => {
    const failure = await answer(plan);
    if (failure !== undefined) return { links: [], exchanges: [], failure };
    filed.push({
      messageId: plan.messageId,
      steps: plan.steps.map((step) => `${step.do} ${step.artifact.split('.').slice(1).join('.')}`),
    });
    return {
      exchanges: [],
      links: plan.steps.map((step): EmittedLink => ({
        artifact: step.artifact,
        resourceType: step.do === 'void' ? step.resourceType : step.resource.resourceType,
        reference: step.known?.reference ?? `Encounter/${plan.messageId}`,
        action: step.do === 'void' ? 'voided' : step.known === undefined ? 'created' : 'updated',
        tier: 'native',
        owned: [],
      })),
    };
  },
  standing: () => Promise.resolve(ok([])),
  report: () => Promise.reject(new Error('not asked for')),
};

/** A map that makes one Encounter, and a Goal of the person when the details name one. */
const mapper: Mapper = {
  ...testMapper,
  map: (activity, context) => {
    if (activity === undefined) return ok([]);
    const encounter: Resource = { resourceType: 'Encounter', subject: context.patient.reference };
    const goal = activity.details?.['goalId'];
    return ok([
      { do: 'put', artifact: `${context.recordKey}.encounter`, fullUrl: 'urn:uuid:1', resource: encounter },
      ...(typeof goal === 'string'
        ? [
            {
              do: activity.activityType === 'goal.review' ? ('merge' as const) : ('put' as const),
              artifact: `${context.subjectKey}.goal.${goal}`,
              fullUrl: 'urn:uuid:2',
              resource: { resourceType: 'Goal' },
            },
          ]
        : []),
    ]);
  },
};

async function drain(over: Partial<PipelineDeps> = {}): Promise<void> {
  const runner = createLaneRunner(
    {
      ledger: createLaneLedger(ledger.pool, { destination: ehr, worker: 'w', perLane: 3, leaseMs: 60_000 }),
      destination,
      ignores: () => false,
      read: ({ body }) => ok(JSON.parse(Buffer.from(body).toString()) as Activity),
      mapper: () => mapper,
      validate: () => [],
      labs: noLabs,
      gates: createGates({
        ...noRules,
        wording: { phrases: ['indocumentado'], harmless: [] },
        consent: { require: 'referenced', needed: { 'referral.community': 'community-referral' } },
        review: { activityTypes: ['dsme.individual'], users: [], percent: 0 },
      }),
      receives: receivesAll,
      matching: matchingRules,
      programme: { id: 'msep', name: 'P', timeZone: 'America/Chicago', artifactSystem: 'urn:a' },
      performer: (system, id) => ({ system, id }),
      policy: { attempts: 3, baseMs: 0, capMs: 0, budgetMs: 1e9 },
      onFailure: 'dependants',
      clock: () => new Date(),
      random: () => 0.5,
      log: () => undefined,
      observe: () => undefined,
      ...over,
    },
    { parallel: 4, batch: 8, leaseMs: 60_000 },
  );
  await runner.drain();
  await runner.stop();
}

type Given = { recordId?: string; version?: number; mrn?: string; sourcePatientId?: string } & Partial<
  Omit<Activity, 'source'>
>;

function item({ recordId = 'r1', version = 1, mrn, sourcePatientId, ...given }: Given = {}): Incoming {
  const subject = {
    ...(mrn === undefined ? {} : { mrn }),
    ...(sourcePatientId === undefined ? {} : { sourcePatientId }),
  };
  const activity = {
    activityType: 'contact.phone',
    status: 'completed',
    occurredAt: '2026-05-06T18:05:00-05:00',
    performer: { sourceUserId: 'u' },
    ...given,
    source: { systemId: 'app', recordId, recordVersion: version },
    subject,
  };
  const target = (given.details as { target?: { recordId: string } } | undefined)?.target?.recordId;
  return anItem({
    recordId,
    version,
    content: JSON.stringify(activity),
    kind: activity.activityType,
    patient: { source: 'app', ...subject },
    ...(target === undefined ? {} : { dependsOn: [target] }),
  });
}

const accept = (...items: Incoming[]) => ledger.acceptor.accept(items);
const states = async (): Promise<string[]> => {
  const { messages } = await listMessages(ledger.db, { limit: 500 });
  return messages
    .toReversed()
    .map((message) => (message.cause === undefined ? message.state : `${message.state} ${message.cause}`));
};

describe('messages in their lanes', () => {
  test('are filed in order for each patient, whatever the number of patients', async () => {
    const receipts = await accept(
      ...Array.from({ length: 60 }, (_, n) => item({ recordId: `r${String(n)}`, mrn: `M${String((n % 3) + 1)}` })),
    );
    await drain();
    expect(await states()).toEqual(Array.from({ length: 60 }, () => 'filed'));
    for (const patient of [0, 1, 2]) {
      const ids = receipts.flatMap((receipt, n) => (n % 3 === patient ? [String(receipt.id)] : []));
      expect(filed.map((one) => one.messageId).filter((id) => ids.includes(id))).toEqual(ids);
    }
  });

  test('a transient failure is tried again before anything behind it', async () => {
    let refusals = 2;
    answer = () => (refusals-- > 0 ? { cause: 'send/unavailable', detail: '503' } : undefined);
    const receipts = await accept(item({ recordId: 'a', mrn: 'M1' }), item({ recordId: 'b', mrn: 'M1' }));
    await drain();
    expect(filed.map((one) => one.messageId)).toEqual(receipts.map((receipt) => receipt.id));
  });

  test('a refused message fails alone; a retry files it, by its first place in the lane', async () => {
    const [poison] = await accept(item({ recordId: 'bad', mrn: 'M1' }), item({ recordId: 'good', mrn: 'M1' }));
    answer = (plan) => (plan.messageId === poison!.id ? { cause: 'send/refused', detail: '422' } : undefined);
    await drain();
    expect(await states()).toEqual(['failed send/refused', 'filed']);
    answer = () => undefined;
    expect(await retryMessage(ledger.pool, [ehr], poison!.id, 'me')).toEqual({ ok: true, state: 'received' });
    await drain();
    expect(await states()).toEqual(['filed', 'filed']);
  });

  test('as configured, a failed message holds the lane of its patient and no other; its retry lets them go on', async () => {
    const [poison] = await accept(
      item({ recordId: 'bad', mrn: 'M1' }),
      item({ recordId: 'behind', mrn: 'M1' }),
      item({ recordId: 'other', mrn: 'M2' }),
    );
    answer = (plan) => (plan.messageId === poison!.id ? { cause: 'send/refused', detail: '422' } : undefined);
    await drain({ onFailure: 'lane' });
    await drain({ onFailure: 'lane' });
    answer = () => undefined;
    // Released when its predecessor is filed.
    await retryMessage(ledger.pool, [ehr], poison!.id, 'me');
    await drain({ onFailure: 'lane' });
    expect(await states()).toEqual(['filed', 'filed', 'filed']);
  });

  test('an unknown patient waits, and goes on in order when an enrolment tells the MRN', async () => {
    await accept(item({ recordId: 'a', sourcePatientId: 'p9' }), item({ recordId: 'b', sourcePatientId: 'p9' }));
    await drain();
    expect(await states()).toEqual(['held match/unknown-patient', 'held match/unknown-patient']);
    const receipts = await accept(
      item({ recordId: 'enrol', activityType: 'roster.enrol', sourcePatientId: 'p9', mrn: 'M2' }),
    );
    await drain();
    expect(await states()).toEqual(['filed', 'filed', 'filed']);
    expect(filed.at(-1)?.messageId).toBe(receipts[0]!.id);
  });

  test('an edit updates what its record filed, and marks what it no longer has', async () => {
    await accept(item({ mrn: 'M1', details: { goalId: 'g1' } }));
    await drain();
    await accept(item({ version: 2, mrn: 'M1' }));
    await drain();
    expect(filed.map((one) => one.steps)).toEqual([
      ['put encounter', 'put goal.g1'],
      ['void goal.g1', 'put encounter'],
    ]);
    expect(await states()).toEqual(['filed', 'filed']);
  });

  test('an edit that moves the record to another patient cleans the first chart and files anew in the second', async () => {
    await accept(item({ mrn: 'M1' }));
    await drain();
    await accept(item({ version: 2, mrn: 'M2' }));
    await drain();
    expect(filed[1]?.steps).toEqual(['void encounter', 'put encounter']);
    const { rows } = await sql<{ artifact: string }>`select distinct artifact from link`.execute(ledger.db);
    expect(rows).toHaveLength(2);
  });

  test('a void marks everything its target emitted, and the target shows as voided', async () => {
    await accept(item({ mrn: 'M1', details: { goalId: 'g1' } }));
    await drain();
    await accept(
      item({
        recordId: 'v',
        activityType: 'void',
        mrn: 'M1',
        details: { target: { recordId: 'r1' }, reason: 'mistaken' },
      }),
    );
    await drain();
    expect(filed[1]?.steps.toSorted()).toEqual(['void encounter', 'void goal.g1']);
    expect(await states()).toEqual(['voided', 'filed']);
  });

  test('a void that arrives before its target waits, and the target is then never filed', async () => {
    await accept(
      item({
        recordId: 'v',
        activityType: 'void',
        mrn: 'M1',
        details: { target: { recordId: 'r1' }, reason: 'mistaken' },
      }),
    );
    await drain();
    expect(await states()).toEqual(['held record/target-unknown']);
    await accept(item({ mrn: 'M1' }));
    await drain();
    expect(filed.flatMap((one) => one.steps)).toEqual([]);
    expect(await states()).toEqual(['filed', 'voided']);
  });

  test('a record that is voided while it is in doubt whether it was written is looked for and marked', async () => {
    await accept(item({ mrn: 'M1' }));
    answer = async () => {
      // The void arrives while the answer to the first attempt is lost.
      answer = () => undefined;
      const details = { target: { recordId: 'r1' }, reason: 'mistaken' };
      await accept(item({ recordId: 'v', activityType: 'void', mrn: 'M1', details }));
      return { cause: 'send/connection-lost', detail: 'the connection broke' };
    };
    await drain();
    expect(filed.map((one) => one.steps)).toEqual([['void encounter']]);
    expect(await states()).toEqual(['voided', 'filed']);
  });

  test('a ledger that is away while a void looks for its target is no fault of the void', async () => {
    await accept(item({ mrn: 'M1' }));
    await drain();
    const details = { target: { recordId: 'r1' }, reason: 'mistaken' };
    await accept(item({ recordId: 'v', activityType: 'void', mrn: 'M1', details }));
    const lanes = createLaneLedger(ledger.pool, { destination: ehr, worker: 'w', perLane: 3, leaseMs: 60_000 });
    await drain({ ledger: { ...lanes, recordStates: () => Promise.reject(new Error('57P01')) } });
    expect(await states()).toEqual(['filed', 'received']);
    await sql`update lane set due_at = now()`.execute(ledger.db);
    await drain();
    expect(await states()).toEqual(['voided', 'filed']);
  });

  test('a later version of a voided record asks a person, and files once released', async () => {
    await accept(item({ mrn: 'M1' }));
    await drain();
    await accept(
      item({
        recordId: 'v',
        activityType: 'void',
        mrn: 'M1',
        details: { target: { recordId: 'r1' }, reason: 'mistaken' },
      }),
    );
    await drain();
    const [again] = await accept(item({ version: 2, mrn: 'M1' }));
    await drain();
    expect(await states()).toEqual(['voided', 'filed', 'held record/voided']);
    expect(await releaseMessage(ledger.pool, [ehr], again!.id, 'me')).toMatchObject({ ok: true });
    await drain();
    expect((await messageStory(ledger.db, again!.id))?.state).toBe('filed');
  });

  test('an amendment changes what its target filed; a second one builds on the first', async () => {
    const seen: unknown[] = [];
    const spy: Mapper = {
      ...mapper,
      map: (activity, context) => {
        seen.push(activity?.details);
        return mapper.map(activity, context);
      },
    };
    await accept(item({ mrn: 'M1', details: { a: 1, b: 1 } }));
    await drain({ mapper: () => spy });
    for (const [recordId, changes] of [
      ['x1', { details: { a: 2 } }],
      ['x2', { details: { c: 3, b: null } }],
    ] as const) {
      await accept(
        item({ recordId, activityType: 'amend', mrn: 'M1', details: { target: { recordId: 'r1' }, changes } }),
      );
      await drain({ mapper: () => spy });
    }
    expect(seen).toEqual([
      { a: 1, b: 1 },
      { a: 2, b: 1 },
      { a: 2, c: 3 },
    ]);
    expect(filed.map((one) => one.steps)).toEqual([['put encounter'], ['put encounter'], ['put encounter']]);
    const { rows } = await sql<{ artifact: string; action: string }>`
      select artifact, action from link order by message_id`.execute(ledger.db);
    expect(new Set(rows.map((row) => row.artifact)).size).toBe(1);
    // The amendment knows what its target filed: it is changed where it stands, not looked for.
    expect(rows.map((row) => row.action)).toEqual(['created', 'updated', 'updated']);
  });

  test('a review of a goal that Tejido never filed is filed without the update, and says so', async () => {
    const [receipt] = await accept(
      item({ recordId: 'rev', activityType: 'goal.review', mrn: 'M1', details: { goalId: 'g1' } }),
    );
    await drain();
    expect(filed.map((one) => one.steps)).toEqual([['put encounter']]);
    const story = await messageStory(ledger.db, receipt!.id);
    expect(story?.events.at(-1)).toMatchObject({ state: 'filed', detail: expect.stringContaining('.goal.g1') });
  });

  test('while an earlier message is stopped, a review waits for its goal; voiding the review leaves the goal standing', async () => {
    const [goal] = await accept(
      item({ recordId: 'set', activityType: 'goal.set', mrn: 'M1', details: { goalId: 'g1' } }),
    );
    answer = () => ({ cause: 'send/refused', detail: '422' });
    await drain();
    answer = () => undefined;
    await accept(item({ recordId: 'rev', activityType: 'goal.review', mrn: 'M1', details: { goalId: 'g1' } }));
    await drain();
    expect(await states()).toEqual(['failed send/refused', 'held match/unknown-reference']);
    await retryMessage(ledger.pool, [ehr], goal!.id, 'me');
    await drain();
    expect(await states()).toEqual(['filed', 'filed']);
    await accept(
      item({
        recordId: 'v',
        activityType: 'void',
        mrn: 'M1',
        details: { target: { recordId: 'rev' }, reason: 'mistaken' },
      }),
    );
    await drain();
    expect(filed.at(-1)?.steps).toEqual(['void encounter']);
  });

  test('gates hold with their cause: wording, consent, review; a review can be released', async () => {
    const receipts = await accept(
      item({ recordId: 'a', mrn: 'M1', narrative: { es: 'Está INDOCUMENTADO, dice.' } }),
      item({ recordId: 'b', mrn: 'M1', activityType: 'referral.community' }),
      item({ recordId: 'c', mrn: 'M1', activityType: 'dsme.individual' }),
    );
    await drain();
    expect(await states()).toEqual(['held gate/sensitive-text', 'held gate/consent-missing', 'held gate/review']);
    const story = await messageStory(ledger.db, receipts[0]!.id);
    expect(JSON.stringify(story).toLowerCase()).not.toContain('indocumentado');
    expect(story?.events.at(-1)?.issues).toMatchObject([{ where: '/narrative/es' }]);
    await releaseMessage(ledger.pool, [ehr], receipts[2]!.id, 'supervisor');
    await drain();
    expect((await states())[2]).toBe('filed');
  });

  test('work is given up when its budget is spent, and says what the last failure was', async () => {
    answer = () => ({ cause: 'send/unavailable', detail: '503.' });
    await accept(item({ mrn: 'M1' }));
    // No exchange reached the destination in this double, so attempts are not counted: the time budget decides.
    await drain({ policy: { attempts: 3, baseMs: 0, capMs: 0, budgetMs: -1 } });
    const { messages } = await listMessages(ledger.db, { state: 'failed' });
    const story = await messageStory(ledger.db, messages[0]!.id);
    expect(story?.cause).toBe('send/budget-spent');
    expect(story?.events.at(-1)?.detail).toContain('send/unavailable');
  });

  test('what the configuration says not to file is settled, with that reason', async () => {
    const [receipt] = await accept(item({ mrn: 'M1' }));
    await drain({ ignores: () => true });
    expect(filed).toEqual([]);
    const story = await messageStory(ledger.db, receipt!.id);
    expect(story).toMatchObject({ state: 'superseded' });
    expect(story?.events.at(-1)?.detail).toContain('configured');
  });

  test('a paused destination gets nothing, and everything once it is resumed', async () => {
    await accept(item({ mrn: 'M1' }));
    await setPaused(ledger.pool, { id: ehr, paused: true, reason: 'upgrade', actor: 'me' });
    await drain();
    expect(await states()).toEqual(['received']);
    await setPaused(ledger.pool, { id: ehr, paused: false, actor: 'me' });
    await drain();
    expect(await states()).toEqual(['filed']);
  });

  test('a message that every worker dies of is given up; what is behind it goes on', async () => {
    await accept(item({ recordId: 'kills', mrn: 'M1' }), item({ recordId: 'behind', mrn: 'M1' }));
    const doomed = createLaneLedger(ledger.pool, { destination: ehr, worker: 'dead', perLane: 3, leaseMs: 60_000 });
    for (let life = 0; life < 11; life += 1) {
      await doomed.claim(8);
      await sql`update lane set due_at = clock_timestamp()`.execute(ledger.db);
    }
    await drain();
    expect(await states()).toEqual(['failed internal/unexpected', 'filed']);
  });

  test('a fault of our own is a failure with that name, not a crash', async () => {
    answer = () => Promise.reject(new TypeError('surprise'));
    await accept(item({ mrn: 'M1' }), item({ recordId: 'r2', mrn: 'M2' }));
    await drain();
    expect(await states()).toEqual(['failed internal/unexpected', 'failed internal/unexpected']);
  });
});
