import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { listMessages, messageRaw, messageStory } from '../../src/ledger/messages.ts';
import { aLedger, anItem, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, delivery, lane, identity, patient, audit cascade`.execute(
    ledger.db,
  );
});

const accept = async (...items: Parameters<TestLedger['acceptor']['accept']>[0]) => ledger.acceptor.accept(items);
const dueDeliveries = async (): Promise<string[]> => {
  const { rows } = await sql<{
    id: string;
  }>`select message_id::text as id from delivery where state = 'due' order by message_id`.execute(ledger.db);
  return rows.map((row) => row.id);
};

describe('accepting', () => {
  test('a first version is received, its bytes kept, its lane due', async () => {
    const [receipt] = await accept(anItem({ content: '{"a":"ñ"}' }));
    expect(receipt).toMatchObject({ state: 'received' });
    const story = await messageStory(ledger.db, receipt!.id);
    expect(story).toMatchObject({ source: 'app', recordId: 'r1', version: 1, kind: 'contact.phone', rawSize: 10 });
    expect(story?.events.map((event) => event.state)).toEqual(['received']);
    expect((await messageRaw(ledger.db, receipt!.id, 'me'))?.body.toString()).toBe('{"a":"ñ"}');
    expect(await dueDeliveries()).toEqual([receipt!.id]);
  });

  test('the same content again is a duplicate of the first, and nothing more becomes due', async () => {
    const [first] = await accept(anItem());
    const [again] = await accept(anItem());
    expect(again).toEqual({ id: again!.id, state: 'superseded', duplicateOf: first!.id });
    expect(await dueDeliveries()).toEqual([first!.id]);
  });

  test('four deliveries of a form and its edit, the edit first, leave one thing to file and five receipts', async () => {
    const receipts = await accept(
      anItem({ version: 2, content: 'edited' }),
      anItem({ version: 1 }),
      anItem({ version: 1 }),
      anItem({ version: 1 }),
    );
    receipts.length satisfies number;
    const [fifth] = await accept(anItem({ version: 1 }));
    expect([...receipts, fifth].map((receipt) => receipt?.state)).toEqual([
      'received',
      'superseded',
      'superseded',
      'superseded',
      'superseded',
    ]);
    expect(await dueDeliveries()).toEqual([receipts[0]!.id]);
  });

  test('a newer version takes the place of one that was not filed yet', async () => {
    const [first] = await accept(anItem({ version: 1 }));
    const [second] = await accept(anItem({ version: 2 }));
    expect(await dueDeliveries()).toEqual([second!.id]);
    expect(await messageStory(ledger.db, first!.id)).toMatchObject({ state: 'superseded', replacedBy: second!.id });
  });

  test('two versions in one batch count in the order of their versions', async () => {
    const receipts = await accept(anItem({ version: 1 }), anItem({ version: 2 }));
    expect(receipts.map((receipt) => receipt.state)).toEqual(['superseded', 'received']);
    expect(await dueDeliveries()).toEqual([receipts[1]!.id]);
  });

  test('the same version with other content is held, and the first one still files', async () => {
    const [first] = await accept(anItem({ content: 'one' }));
    const [other] = await accept(anItem({ content: 'two' }));
    expect(other).toMatchObject({ state: 'held' });
    const { messages } = await listMessages(ledger.db, { state: 'held' });
    expect(messages).toMatchObject([{ id: other!.id, cause: 'record/version-conflict' }]);
    expect(await dueDeliveries()).toEqual([first!.id]);
  });

  test('a source patient that was known by another MRN is held: nothing is filed on a guess', async () => {
    await accept(anItem());
    const [other] = await accept(
      anItem({ recordId: 'r2', patient: { source: 'app', sourcePatientId: 'p1', mrn: 'M2', dob: '1961-03-02' } }),
    );
    const { messages } = await listMessages(ledger.db, { cause: 'match/conflict' });
    expect(messages.map((message) => message.id)).toEqual([other!.id]);
  });

  test('two sources that name one MRN are one person with one lane', async () => {
    const receipts = await accept(
      anItem(),
      anItem({ recordId: 'r2', source: 'other', patient: { source: 'other', sourcePatientId: 'x', mrn: 'M1' } }),
    );
    const stories = await Promise.all(receipts.map((receipt) => messageStory(ledger.db, receipt.id)));
    expect(stories[0]?.patientKey).toBe(stories[1]?.patientKey);
  });

  test('a thousand items at once are a few commits, each with its own receipt', async () => {
    const receipts = await Promise.all(
      Array.from({ length: 1000 }, async (_, n) => accept(anItem({ recordId: `r${String(n)}` }))),
    );
    expect(new Set(receipts.map(([receipt]) => receipt!.id)).size).toBe(1000);
    expect(await dueDeliveries()).toHaveLength(1000);
  });
});
