/** An EHR that takes nothing by FHIR, and has an HL7 v2 interface: the visit goes as MDM and ORU, once, and is taken back. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Hl7InterfaceConfig } from '../../src/connections/hl7v2/config.ts';
import { hl7Interface } from '../../src/connections/hl7v2/interface.ts';
import type { Hl7Message } from '../../src/hl7v2/message.ts';
import { parseMessage } from '../../src/hl7v2/parse.ts';
import { refileLesser } from '../../src/ledger/refile.ts';
import { type Ehr, mrnSystem, startEhr } from '../connections/support/ehr.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { acknowledge, type Got, scripted, type Scripted } from '../mllp/scripted-server.ts';
import { aVoid, statesOf, until } from '../pipeline/support.ts';
import { aFlow, alive, aVisit, carried, type Flow, linksOf, openItems, present, statementOf } from './support.ts';

let ledger: TestLedger;
let ehr: Ehr;
let v2: Scripted;
let flow: Flow;

beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, fact, ehr_patient, identity, patient, audit, work_item cascade`.execute(
    ledger.db,
  );
});
afterEach(async () => {
  await ehr.close();
  await v2.close();
});

const config = (port: number): Hl7InterfaceConfig => ({
  host: '127.0.0.1',
  port,
  connectMs: 2_000,
  answerMs: 400,
  idleMs: 60_000,
  connections: 1,
  sending: { application: 'TEJIDO', facility: 'MSEP' },
  receiving: { application: 'EHR', facility: 'CLINIC' },
  version: '2.5.1',
  processing: 'P',
  charset: 'UNICODE UTF-8',
  acknowledgement: 'original',
  mrnAuthority: 'CLINIC',
  documents: { take: 'MDM^T02', amended: 'T10', voided: 'T11', text: 'TX', types: {} },
  results: { take: 'ORU^R01', voided: 'W' },
});

const interfaceAt = (over: Partial<Hl7InterfaceConfig> = {}) =>
  hl7Interface(
    { ...config(v2.port), ...over, id: 'ehr', mrnSystem },
    { clock: () => new Date(), random: () => 0.5, log: () => undefined },
  );

async function begin(name = 'athenahealth-r4', answer?: (got: Got) => void): Promise<void> {
  ehr = await startEhr();
  ehr.admin.seed([{ resourceType: 'Practitioner', id: 'chw' }]);
  ehr.admin.wear(statementOf(name));
  v2 = await scripted(answer);
  flow = aFlow(ehr, ledger, ehr.destination({ id: 'ehr' }, { hl7v2: interfaceAt() }));
}

const send = (item = aVisit()): Promise<unknown> => ledger.acceptor.accept([item]);
const settled = async (): Promise<void> =>
  until(
    async () => (await statesOf(ledger)).every((state) => !/^(received|filing)/.test(state)),
    () => flow.file(),
  );

const read = ({ bytes }: Got): Hl7Message => {
  const parsed = parseMessage(bytes.toString('utf8'));
  if (!parsed.ok) throw new Error(parsed.failure.detail);
  return parsed.value;
};
const field = (message: Hl7Message, name: string, number: number, component = 1): readonly string[] =>
  message.segments
    .filter((segment) => segment.name === name)
    .map((segment) => segment.fields[number - 1]?.[0]?.[component - 1]?.[0] ?? '');
const typeOf = (got: Got): string => [1, 2].map((n) => field(read(got), 'MSH', 9, n)[0]).join('^');
const types = (): readonly string[] => v2.got.map(typeOf).toSorted();
const note = (event: string): Hl7Message => {
  const found = v2.got.findLast((got) => typeOf(got) === `MDM^${event}`);
  if (found === undefined) throw new Error(`No MDM^${event} came: ${types().join(', ')}`);
  return read(found);
};
const results = (from = 0): readonly Hl7Message[] =>
  v2.got
    .slice(from)
    .filter((got) => typeOf(got) === 'ORU^R01')
    .map(read);

(present ? describe : describe.skip)('an EHR that writes nothing by FHIR', () => {
  test('gets the note and its lines as MDM^T02, and each measurement as ORU^R01', async () => {
    await begin();
    await send();
    await settled();
    expect(await statesOf(ledger)).toEqual(['filed']);
    expect(types()).toEqual(['MDM^T02', 'ORU^R01', 'ORU^R01']);
    const document = note('T02');
    expect(field(document, 'PID', 3)).toEqual(['MRN-1']);
    expect(field(document, 'PID', 3, 4)).toEqual(['CLINIC']);
    expect(field(document, 'PID', 7)).toEqual(['19610302']);
    expect(field(document, 'TXA', 2)).toEqual(['11506-3']);
    const lines = field(document, 'OBX', 5).join('\n');
    expect(lines).toContain('- Goal: Walk after dinner');
    const [pressure, glucose] = results();
    expect(pressure && field(pressure, 'OBX', 3)).toEqual(['8480-6', '8462-4']);
    expect(pressure && field(pressure, 'OBX', 5)).toEqual(['138', '84']);
    expect(pressure && field(pressure, 'OBX', 6)).toEqual(['mm[Hg]', 'mm[Hg]']);
    expect(glucose && field(glucose, 'OBX', 5)).toEqual(['212']);
    expect(glucose && field(glucose, 'OBX', 11)).toEqual(['F']);
    const links = await linksOf(ledger);
    expect(links.filter(({ tier }) => tier === 'v2').map(({ resource_type }) => resource_type)).toEqual(
      expect.arrayContaining(['DocumentReference', 'Observation', 'Goal', 'ServiceRequest']),
    );
    for (const { tier, reference } of links) {
      if (tier === 'v2') expect(v2.got.map(({ controlId }) => controlId)).toContain(reference.split('/')[1]);
    }
    expect(await openItems(ledger)).toEqual([]);
    // Nothing by FHIR that the note says, and nothing twice.
    expect(new Set(alive(ehr).map(({ resourceType }) => resourceType))).toEqual(new Set(['QuestionnaireResponse']));
    await send();
    await settled();
    expect(v2.got).toHaveLength(3);
  });

  test('an amendment replaces the note under its own number, corrects the value, and leaves the rest as it is', async () => {
    await begin();
    await send();
    await settled();
    const [, before] = results();
    await send(aVisit(2, { glucose: 97, target: '2 days' }));
    await settled();
    expect((await statesOf(ledger)).at(-1)).toBe('filed');
    // The pressure did not change.
    expect(types()).toEqual(['MDM^T02', 'MDM^T10', 'ORU^R01', 'ORU^R01', 'ORU^R01']);
    const first = note('T02');
    const second = note('T10');
    expect(field(second, 'TXA', 13)).toEqual(field(first, 'TXA', 12));
    expect(field(second, 'TXA', 12)).toEqual([`${field(first, 'TXA', 12)[0] ?? ''}.2`]);
    expect(field(second, 'OBX', 5).join('\n')).toContain('2 days');
    const [corrected] = results(3);
    expect(corrected && field(corrected, 'OBX', 5)).toEqual(['97']);
    expect(corrected && field(corrected, 'OBX', 11)).toEqual(['C']);
    expect(corrected && field(corrected, 'OBR', 3)).toEqual(before && field(before, 'OBR', 3));
  });

  test('a void cancels the note and marks each value as wrong', async () => {
    await begin();
    await send();
    await settled();
    const [pressure] = results();
    await ledger.acceptor.accept([aVoid('visit-1', { mrn: 'MRN-1', sourcePatientId: 'c-1' })]);
    await settled();
    expect((await statesOf(ledger)).at(-1)).toBe('filed');
    const cancelled = note('T11');
    expect(field(cancelled, 'TXA', 12)).toEqual(field(note('T02'), 'TXA', 12));
    expect(field(cancelled, 'TXA', 19)).toEqual(['CA']);
    expect(field(cancelled, 'PID', 3)).toEqual(['MRN-1']);
    const withdrawn = results(3);
    expect(withdrawn.map((one) => field(one, 'OBX', 11)).flat()).toEqual(['W', 'W', 'W']);
    const same = withdrawn.find((one) => field(one, 'OBR', 3)[0] === (pressure && field(pressure, 'OBR', 3)[0]));
    expect(same && field(same, 'OBX', 3)).toEqual(['8480-6', '8462-4']);
    const links = await linksOf(ledger);
    expect(links.filter(({ tier, action }) => tier === 'v2' && action !== 'voided')).toEqual([]);
    expect(links.filter(({ tier }) => tier === 'v2').length).toBeGreaterThan(5);
  });

  test.each([
    ['is lost', ({ socket }: Got): void => void socket.destroy()],
    ['does not come', (): void => undefined],
    ['is about another message', (got: Got): void => acknowledge()({ ...got, controlId: 'OTHER' })],
  ] as const)(
    'an acknowledgement that %s is doubt: the same bytes go again under the same MSH-10',
    async (_what, fault) => {
      const seen = new Set<string>();
      await begin('athenahealth-r4', (got): void => {
        if (seen.has(got.controlId)) return acknowledge()(got);
        seen.add(got.controlId);
        return fault(got);
      });
      // Three messages, each in doubt once: more attempts than the policy of the tests has.
      for (let turn = 0; turn < 4; turn += 1) {
        if (turn === 0) await send();
        await settled();
        if ((await statesOf(ledger)).at(-1) === 'filed') break;
        await sql`update delivery set state = 'due', attempts = 0`.execute(ledger.db);
        await sql`update message set state = 'received'`.execute(ledger.db);
        await sql`insert into lane (destination, patient_key, due_at, changes) select distinct destination, lane, clock_timestamp(), 1 from delivery
        on conflict (destination, patient_key) do update set due_at = clock_timestamp(), changes = lane.changes + 1`.execute(
          ledger.db,
        );
      }
      expect(await statesOf(ledger)).toEqual(['filed']);
      const byId = Map.groupBy(v2.got, ({ controlId }) => controlId);
      expect(byId.size).toBe(3);
      for (const sent of byId.values()) {
        expect(sent.length).toBeGreaterThanOrEqual(2);
        expect(new Set(sent.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
      }
    },
  );

  test('AR is a refusal for a person, without what the receiver says of the patient', async () => {
    await begin(
      'athenahealth-r4',
      acknowledge('AR', 'ERR||PID^1^3|204^Unknown key identifier^HL70357|E||||MARIA GARCIA\r'),
    );
    await send();
    await settled();
    expect(await statesOf(ledger)).toEqual(['failed send/refused']);
    const { rows } = await sql<{ detail: string }>`select detail from event where detail is not null`.execute(
      ledger.db,
    );
    const said = rows.map(({ detail }) => detail).join('\n');
    expect(said).toContain('AR (error 204 at PID-3)');
    expect(said).not.toContain('GARCIA');
  });

  test('AE is tried again by policy', async () => {
    await begin('athenahealth-r4', (got) => acknowledge(got.nth === 0 ? 'AE' : 'AA')(got));
    await send();
    await settled();
    expect(await statesOf(ledger)).toEqual(['filed']);
    expect(types()).toEqual(['MDM^T02', 'MDM^T02', 'ORU^R01', 'ORU^R01']);
  });

  test('a worker that dies after it sent is followed by one that sends the same bytes', async () => {
    await begin();
    await send();
    await flow.file({ ledger: (real) => ({ ...real, complete: () => Promise.resolve(false) }), leaseMs: 200 });
    await settled();
    expect(await statesOf(ledger)).toEqual(['filed']);
    const byId = Map.groupBy(v2.got, ({ controlId }) => controlId);
    expect(byId.size).toBe(3);
    for (const sent of byId.values()) expect(new Set(sent.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
  });

  test('what was sent, and whose sending was not recorded, is cancelled when its record is voided', async () => {
    await begin();
    await send(aVisit(1, { recordId: 'visit-0', goalId: 'g-1' }));
    await settled();
    const before = v2.got.length;
    await send();
    await flow.file({ ledger: (real) => ({ ...real, complete: () => Promise.resolve(false) }), leaseMs: 2_000 });
    const sent = v2.got.slice(before).map(read);
    expect(sent).toHaveLength(3);
    await ledger.acceptor.accept([aVoid('visit-1', { mrn: 'MRN-1', sourcePatientId: 'c-1' })]);
    await settled();
    const after = v2.got.slice(before + 3).map(read);
    expect(after.flatMap((one) => field(one, 'MSH', 9, 2)).toSorted()).toEqual(['R01', 'R01', 'T11']);
    const numbers = (all: readonly Hl7Message[]) =>
      all.flatMap((one) => [...field(one, 'TXA', 12), ...field(one, 'OBR', 3)]).toSorted();
    expect(numbers(after)).toEqual(numbers(sent));
    expect(after.flatMap((one) => field(one, 'OBX', 11))).toEqual(['W', 'W', 'W']);
  });

  test('an EHR that learns to take it natively gets no second one: what went by HL7 v2 goes on that way', async () => {
    await begin();
    await send();
    await settled();
    ehr.admin.wear(statementOf('epic-r4'));
    flow = aFlow(ehr, ledger, ehr.destination({ id: 'ehr', capabilityMaxAgeMs: 0 }, { hl7v2: interfaceAt() }));
    await refileLesser(ledger.pool, undefined, 'test');
    await flow.file();
    expect(v2.got).toHaveLength(3);
    await send(aVisit(2, { glucose: 97, target: '2 days' }));
    await settled();
    expect((await statesOf(ledger)).at(-1)).toBe('filed');
    expect(types()).toEqual(['MDM^T02', 'MDM^T10', 'ORU^R01', 'ORU^R01', 'ORU^R01']);
    const byV2 = (await linksOf(ledger)).filter(({ tier }) => tier === 'v2').map(({ artifact }) => artifact);
    expect(byV2.length).toBeGreaterThan(3);
    expect(
      alive(ehr)
        .flatMap(carried)
        .filter((artifact) => byV2.includes(artifact)),
    ).toEqual([]);
    const lines = field(note('T10'), 'OBX', 5).join('\n');
    expect(lines).toContain('2 days');
  });

  test('without the interface a person corrects and removes what went by it; nothing is filed beside it', async () => {
    await begin();
    await send();
    await settled();
    flow = aFlow(ehr, ledger, ehr.destination({ id: 'ehr' }));
    await send(aVisit(2, { glucose: 97 }));
    await settled();
    const correct = (await openItems(ledger)).filter(({ kind }) => kind === 'correct');
    expect(correct.map(({ lines }) => lines.join(' ')).join(' ')).toMatch(/HL7 v2 as ORU_R01\/\w+.*97/);
    expect(v2.got).toHaveLength(3);
  });

  test('an enhanced receiver keeps it (CA); what it says later of the same is not taken for the next one', async () => {
    await begin('athenahealth-r4', (got) => {
      acknowledge('CA')(got);
      acknowledge('AA')(got);
    });
    flow = aFlow(ehr, ledger, ehr.destination({ id: 'ehr' }, { hl7v2: interfaceAt({ acknowledgement: 'enhanced' }) }));
    await send();
    await settled();
    expect(await statesOf(ledger)).toEqual(['filed']);
    expect(field(note('T02'), 'MSH', 15)).toEqual(['AL']);
    expect(v2.got).toHaveLength(3);
    expect(v2.connections()).toBe(1);
  });

  test('`tejido check` says where, and what goes that way', async () => {
    await begin();
    const destination = ehr.destination({ id: 'ehr' }, { hl7v2: interfaceAt() });
    const report = await destination.report();
    expect(report.hl7v2).toEqual({ where: `127.0.0.1:${v2.port}`, reachable: true, documents: true, results: true });
    const of = (type: string) => report.resources.find((one) => one.type === type);
    expect(of('Observation')).toMatchObject({ tier: 'v2', level: 'degraded', amend: 'replaced', void: 'cancelled' });
    expect(of('DocumentReference')).toMatchObject({ tier: 'v2', says: expect.stringContaining('MDM^T02') });
    await v2.close();
    const alone = await ehr.destination({ id: 'ehr' }, { hl7v2: interfaceAt() }).report();
    expect(alone.hl7v2?.reachable).toBe(false);
    expect(alone.problems).toContainEqual({
      cause: 'send/connection-refused',
      detail: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
