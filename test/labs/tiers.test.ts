/** Corrections in EHRs that do not take each resource as itself, and what was deleted there, by our maps, into the sandbox. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { resolve } from 'node:path';
import { labsOf } from '../../src/assembly/labs.ts';
import type { Hl7Sender } from '../../src/core/lab/sender.ts';
import type { MessageId } from '../../src/core/model.ts';
import type { Mapper, Resource } from '../../src/core/ports.ts';
import { identifyHl7 } from '../../src/hl7v2/identify.ts';
import { healMessages } from '../../src/ledger/heal.ts';
import { mapperOf } from '../../src/mapping/load.ts';
import { mapSetOf, readMapSet } from '../../src/mapping/map-set.ts';
import { type Ehr, artifactSystem, startEhr } from '../connections/support/ehr.ts';
import type { FhirDestinationConfig } from '../../src/connections/fhir/config.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aChart, drain, statesOf } from '../pipeline/support.ts';
import { labRules } from '../support/labs.ts';
import { sql } from 'kysely';

const sender: Hl7Sender = {
  name: 'riverlab',
  match: {},
  timeZone: 'America/Chicago',
  mrnAuthorities: ['ALIVIO'],
  bareMrn: true,
  systems: {},
  processing: ['P'],
  groupedNumbers: false,
  part2: false,
  unknownTypes: 'hold',
};
const labs = labsOf({
  labs: labRules,
  mllp: { senders: [sender], anySender: sender } as never,
  labSources: [],
  destinations: [],
});

let ledger: TestLedger;
let mapper: Mapper;
let ehr: Ehr;
beforeAll(async () => {
  ledger = await aLedger();
  const made = mapperOf(mapSetOf((await readMapSet([resolve('mappings')])).files));
  if (!made.ok) throw new Error(JSON.stringify(made.failure));
  mapper = made.value;
});
afterAll(() => ledger.end());
afterEach(async () => {
  await ehr.close();
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, ehr_patient, identity, patient, audit,
    unmapped_code, lab_version cascade`.execute(ledger.db);
});

const oru = (id: string, minute: number, ...obx: readonly string[]): string =>
  [
    `MSH|^~\\&|LABCORE|RIVERLAB|CHWHUB|CLINIC|2026031010${String(minute)}00-0600||ORU^R01^ORU_R01|${id}|P|2.5.1`,
    `PID|1||MRN-1^^^ALIVIO^MR||Example^Ana||19610302|F`,
    `OBR|1|P-1|F-100|24331-1^Lipid panel^LN|||20260309083000-0600|||||||||||||||2026031010${String(minute)}00-0600||CH|F`,
    ...obx,
  ].join('\r');
const ldl = (value: string, status: string): string =>
  `OBX|1|NM|13457-7^LDL^LN||${value}|mg/dL|0-100||||${status}|||20260309083000-0600`;
const hdl = (value: string, status: string): string =>
  `OBX|2|NM|2085-9^HDL^LN||${value}|mg/dL|40-60||||${status}|||20260309083000-0600`;

async function send(config: Partial<FhirDestinationConfig>, ...texts: readonly string[]): Promise<readonly string[]> {
  const destination = ehr.destination({ id: 'ehr', ...config });
  for (const text of texts) {
    await ledger.acceptor.accept(identifyHl7({ raw: Buffer.from(text), source: sender, actor: 'test' }));
    await work(destination);
  }
  return statesOf(ledger);
}

const work = (destination: ReturnType<Ehr['destination']>): Promise<void> =>
  drain(ledger, aChart(), {
    labs,
    destination,
    mapper: () => mapper,
    programme: { id: 'msep', name: 'P', timeZone: 'America/Chicago', artifactSystem },
  });

async function all(type: string): Promise<readonly Resource[]> {
  const answer = await fetch(`${ehr.baseUrl}/${type}?_count=100`);
  const bundle = (await answer.json()) as { entry?: { resource: Resource }[] };
  return (bundle.entry ?? []).map(({ resource }) => resource);
}

const notes = async (): Promise<string> =>
  (await all('DocumentReference'))
    .filter((one) => one['status'] === 'current')
    .map((one) =>
      Buffer.from(
        (one['content'] as { attachment: { data: string } }[])[0]?.attachment.data ?? '',
        'base64',
      ).toString(),
    )
    .join('\n---\n');

test.each(['F', 'P'])('results as lines of a note: what is not told again stays in it (%s)', async (first) => {
  ehr = await startEhr();
  const config = { tiers: { Observation: 'note' } } as const;
  const bare = 'OBX|2|NM|2085-9^HDL^LN||||||||U|||20260309083000-0600';
  await send(config, oru('1', 10, ldl('131', first), hdl('45', 'P')));
  expect(await send(config, oru('2', 11, ldl('101', 'C')))).toEqual(['filed', 'filed']);
  const said = await notes();
  expect(said).toMatch(/45/);
  expect(said).toMatch(/101/);
  expect(said).not.toMatch(/131/);
  expect(await send(config, oru('3', 12, bare))).toEqual(['filed', 'filed', 'filed']);
  expect(await notes()).toMatch(/45/);
  expect(await notes()).toMatch(/101/);
  await send(config, oru('4', 13, hdl('', 'W')));
  expect(await notes()).toMatch(/101/);
  expect(await notes()).not.toMatch(/45/);
});

test('results that a person enters: what is not told again stays in the entry', async () => {
  ehr = await startEhr();
  const config = { tiers: { Observation: 'work-list' } } as const;
  await send(config, oru('1', 10, ldl('131', 'F'), hdl('45', 'F')));
  await send(config, oru('2', 11, ldl('101', 'C')));
  const { rows } = await sql<{ lines: string }>`select lines::text from work_item where state = 'open'`.execute(
    ledger.db,
  );
  const lines = rows.map(({ lines }) => lines).join('\n');
  expect(lines).toMatch(/45/);
  expect(lines).toMatch(/101/);
});

test('final now, without a value (U): the preliminary value is kept', async () => {
  ehr = await startEhr();
  await send({}, oru('1', 10, hdl('45', 'P')), oru('2', 11, 'OBX|1|NM|2085-9^HDL^LN||||||||U|||20260309083000-0600'));
  const [one] = await all('Observation');
  expect(one).toMatchObject({ status: 'final', valueQuantity: { value: 45 } });
  expect(one).not.toHaveProperty('dataAbsentReason');
});

test('what was deleted in the EHR is filed anew, and its report refers to it', async () => {
  ehr = await startEhr();
  await send({}, oru('1', 10, ldl('131', 'F'), hdl('45', 'F')));
  const [gone] = await all('Observation');
  await fetch(`${ehr.baseUrl}/Observation/${gone?.id ?? ''}`, { method: 'DELETE' });
  const { rows } = await sql<{ id: MessageId }>`select id::text from message`.execute(ledger.db);
  await healMessages(
    ledger.pool,
    rows.map(({ id }) => id),
    'ana',
  );
  await work(ehr.destination({ id: 'ehr' }));
  expect(await statesOf(ledger)).toEqual(['filed']);
  const standing = (await all('Observation')).map(({ id }) => `Observation/${id ?? ''}`);
  expect(standing).toHaveLength(2);
  const [report] = await all('DiagnosticReport');
  const referred = ((report?.['result'] ?? []) as { reference: string }[]).map(({ reference }) => reference);
  expect(referred.toSorted()).toEqual(standing.toSorted());
});

test.each(['DiagnosticReport', 'Specimen', 'Provenance'])(
  'an EHR without %s: a correction replaces what stands',
  async (type) => {
    ehr = await startEhr();
    const states = await send(
      type === 'DiagnosticReport' ? { tiers: { [type]: 'note' } } : { tiers: { [type]: 'work-list' } },
      oru('1', 10, ldl('131', 'F'), hdl('45', 'F')),
      oru('2', 11, ldl('101', 'C')),
      oru('3', 12, hdl('', 'W')),
    );
    expect(states).toEqual(['filed', 'filed', 'filed']);
    const values = (await all('Observation')).map((one) =>
      `${String(one['status'])} ${String((one['valueQuantity'] as { value?: number } | undefined)?.value ?? '')}`.trim(),
    );
    expect(values.toSorted()).toEqual(['corrected 101', 'entered-in-error']);
  },
);
