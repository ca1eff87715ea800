/** A whole visit, through the real pipeline, into the sandbox wearing what each EHR says of itself. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { baseR4Validation } from '../../src/sandbox/validate.ts';
import { type Ehr, startEhr } from '../connections/support/ehr.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aVoid, statesOf, until } from '../pipeline/support.ts';
import {
  aFlow,
  alive,
  aVisit,
  expectOneTruth,
  type Flow,
  linksOf,
  noteText,
  openItems,
  present,
  statementOf,
  vendors,
} from './support.ts';

let ledger: TestLedger;
let ehr: Ehr;
let flow: Flow;
const validate = present ? baseR4Validation() : undefined;

beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, fact, ehr_patient, identity, patient, audit, work_item cascade`.execute(
    ledger.db,
  );
});
afterEach(() => ehr.close());

async function begin(name: string): Promise<void> {
  ehr = await startEhr({ ...(validate === undefined ? {} : { validate }) });
  ehr.admin.seed([{ resourceType: 'Practitioner', id: 'chw' }]);
  ehr.admin.wear(statementOf(name));
  flow = aFlow(ehr, ledger, ehr.destination({ id: 'ehr' }));
}

const send = (item = aVisit()): Promise<unknown> => ledger.acceptor.accept([item]);
const settled = async (): Promise<void> =>
  until(
    async () => (await statesOf(ledger)).every((state) => !/^(received|filing)/.test(state)),
    () => flow.file(),
  );

(present ? describe.each(vendors) : describe.skip.each(['no statements']))('%s', (name) => {
  beforeEach(() => begin(name));

  test('takes a visit in the forms that it takes, and each part stands once', async () => {
    await send();
    await settled();
    expect(await statesOf(ledger)).toEqual(['filed']);
    await expectOneTruth(flow);
    // Sent again, word for word.
    await send();
    await settled();
    await expectOneTruth(flow);
  });

  test.each(['', 'DocumentReference', 'Observation', 'QuestionnaireResponse', 'Communication', 'ServiceRequest'])(
    'a lost answer to a write of %j doubles nothing and loses nothing',
    async (path) => {
      ehr.admin.faults.add({ fault: 'drop-after-commit', times: 1, on: 'write', path });
      await send();
      await settled();
      expect(await statesOf(ledger)).toEqual(['filed']);
      await expectOneTruth(flow);
    },
  );

  test('a worker that dies after it wrote is followed by one that finds what stands', async () => {
    await send();
    await flow.file({ ledger: (real) => ({ ...real, complete: () => Promise.resolve(false) }), leaseMs: 200 });
    await settled();
    expect(await statesOf(ledger)).toEqual(['filed']);
    await expectOneTruth(flow);
  });

  test('an amendment changes what stands, or asks a person; nothing piles up', async () => {
    await send();
    await settled();
    const before = alive(ehr).length;
    await send(aVisit(2, { glucose: 97, target: '2 days' }));
    await settled();
    expect((await statesOf(ledger)).at(-1)).toBe('filed');
    await expectOneTruth(flow);
    expect(alive(ehr)).toHaveLength(before);
    const said = JSON.stringify([alive(ehr), alive(ehr).map(noteText), await openItems(ledger)]);
    // Not as a part of an id or a time.
    expect(said).not.toMatch(/\b212\b/);
    expect(said).toContain('97');
    expect(said).toContain('2 days');
    expect(said).not.toContain('4 days');
  });

  test('a void leaves nothing standing, and what only a person can mark is on the work list', async () => {
    await send();
    await settled();
    await ledger.acceptor.accept([aVoid('visit-1', { mrn: 'MRN-1', sourcePatientId: 'c-1' })]);
    await settled();
    expect((await statesOf(ledger)).at(-1)).toBe('filed');
    const links = await linksOf(ledger);
    const provenance = links.filter(({ resource_type }) => resource_type === 'Provenance');
    expect(links.filter((link) => link.action !== 'voided' && !provenance.includes(link))).toEqual([]);
    const items = await openItems(ledger);
    const told = items.map(({ lines }) => lines.join(' '));
    for (const each of alive(ehr)) {
      if (each.resourceType === 'Provenance') continue;
      expect(told.some((line) => line.includes(`${each.resourceType}/${each.id ?? ''}`))).toBe(true);
    }
    expect(items.every(({ kind }) => kind === 'remove')).toBe(true);
  });
});
