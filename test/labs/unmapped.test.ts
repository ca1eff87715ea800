/** Codes of a laboratory that no ConceptMap lists: filed as they are or held, and one row in a table mends all of them. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { resolve } from 'node:path';
import { labsOf } from '../../src/assembly/labs.ts';
import { ok } from '../../src/core/outcome.ts';
import type { Destination, MapFile, Mapper, Resource } from '../../src/core/ports.ts';
import { identifyHl7 } from '../../src/hl7v2/identify.ts';
import { listUnmapped, settleUnmapped } from '../../src/ledger/unmapped.ts';
import { mapperOf } from '../../src/mapping/load.ts';
import { mapSetOf, readMapSet } from '../../src/mapping/map-set.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aChart, drain, statesOf } from '../pipeline/support.ts';
import { aSender } from '../support/hl7v2.ts';
import { labRules } from '../support/labs.ts';
import { sql } from 'kysely';

const sender = aSender({ bareMrn: true });

const labs = (unmappedCodes: 'file' | 'hold') =>
  labsOf({
    labs: { ...labRules, unmappedCodes },
    mllp: { senders: [sender], anySender: sender } as never,
    labSources: [],
    destinations: [],
  });

/** Our maps, with rows that a site has added to lab-code. */
async function mapper(...rows: readonly { code: string; loinc: string }[]): Promise<Mapper> {
  const set = await readMapSet([resolve('mappings')]);
  const withRows = (file: MapFile): MapFile => {
    if (file.name !== 'lab-code.conceptmap.json') return file;
    const map = JSON.parse(file.text) as { group: object[] };
    const source = 'urn:a/code/riverlab/L';
    const element = rows.map(({ code, loinc }) => ({ code, target: [{ code: loinc, equivalence: 'equivalent' }] }));
    return {
      ...file,
      text: JSON.stringify({ ...map, group: [{ source, target: 'http://loinc.org', element }, ...map.group] }),
    };
  };
  const made = mapperOf(mapSetOf(set.files.map(withRows)));
  if (!made.ok) throw new Error(JSON.stringify(made.failure));
  return made.value;
}

const chart = new Map<string, Resource>();
const destination: Destination = {
  ...aChart().destination,
  file: (plan) => {
    const links = plan.steps.flatMap((step) => {
      if (step.do !== 'put') return [];
      const action = chart.has(step.artifact) ? ('updated' as const) : ('created' as const);
      chart.set(step.artifact, step.resource);
      const { resourceType } = step.resource;
      const reference = `${resourceType}/${String([...chart.keys()].indexOf(step.artifact))}`;
      return [{ artifact: step.artifact, resourceType, reference, action, tier: 'native' as const, owned: [] }];
    });
    return Promise.resolve({ links, exchanges: [] });
  },
  standing: () => Promise.resolve(ok([])),
};

const oru = (id: string, analyte: string, mrn = '100200300'): string =>
  [
    `MSH|^~\\&|LABCORE|RIVERLAB|CHWHUB|CLINIC|20260310101500-0600||ORU^R01^ORU_R01|${id}|P|2.5.1`,
    `PID|1||${mrn}^^^ALIVIO^MR||Ramirez^Rosa||19680412|F`,
    `OBR|1|P-${id}|F-${id}|PANEL^Panel^L|||20260309083000-0600|||||||||||||||20260310101000-0600||CH|F`,
    `OBX|1|NM|${analyte}||6.8|%|4.0-5.6|H|||F|||20260309083000-0600`,
  ].join('\r');

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());
beforeEach(async () => {
  chart.clear();
  await sql`truncate message, record, payload, event, attempt, delivery, lane, link, ehr_patient, identity, patient, audit,
    unmapped_code, lab_version cascade`.execute(ledger.db);
});

const accept = (text: string) =>
  ledger.acceptor.accept(identifyHl7({ raw: Buffer.from(text), source: sender, actor: 'test' }));

const codes = (): readonly string[] =>
  [...chart.values()]
    .filter(({ resourceType }) => resourceType === 'Observation')
    .map(({ code }) =>
      (code as { coding: { system: string; code: string }[] }).coding
        .map((each) => `${each.system}|${each.code}`)
        .join(' '),
    )
    .toSorted();

const local = 'urn:a/code/riverlab/L';
const labCode = 'https://tejido.dev/fhir/ConceptMap/lab-code';

test('a result with a code of its laboratory is filed with it; once the table has the code, it is filed anew with LOINC too', async () => {
  const before = await mapper();
  for (const [id, analyte, mrn] of [
    ['1', '210^A1C^L', '100200300'],
    ['2', '210^A1C^L', '100200301'],
    ['3', '305^GLU^L', '100200300'],
    ['4', '4548-4^A1c^LN^210^A1C^L', '100200300'],
  ] as const)
    await accept(oru(id, analyte, mrn));
  await drain(ledger, aChart(), { labs: labs('file'), destination, mapper: () => before });
  expect(await statesOf(ledger)).toEqual(['filed', 'filed', 'filed', 'filed']);
  expect(codes()).toEqual([`http://loinc.org|4548-4 ${local}|210`, `${local}|210`, `${local}|210`, `${local}|305`]);
  const open = (await listUnmapped(ledger.pool)).filter(({ conceptMap }) => conceptMap === labCode);
  expect(open.map(({ system, code, policy, messages }) => [system, code, policy, messages])).toEqual([
    [local, '210', 'text', 2],
    [local, '305', 'text', 1],
  ]);
  expect(await settleUnmapped(ledger.pool, before.answers)).toEqual({ codes: 0, messages: 0 });

  const after = await mapper({ code: '210', loinc: '4548-4' });
  expect(await settleUnmapped(ledger.pool, after.answers)).toEqual({ codes: 1, messages: 2 });
  const stood = chart.size;
  await drain(ledger, aChart(), { labs: labs('file'), destination, mapper: () => after });
  expect(await statesOf(ledger)).toEqual(['filed', 'filed', 'filed', 'filed']);
  expect(codes()).toEqual([
    `http://loinc.org|4548-4 ${local}|210`,
    `${local}|210 http://loinc.org|4548-4`,
    `${local}|210 http://loinc.org|4548-4`,
    `${local}|305`,
  ]);
  // In the place of what stood: nothing is there twice.
  expect(chart.size).toBe(stood);
  expect(await settleUnmapped(ledger.pool, after.answers)).toEqual({ codes: 0, messages: 0 });
});

test('with labs.unmappedCodes: hold it waits, and goes on by itself once the table has the code', async () => {
  const before = await mapper();
  await accept(oru('1', '210^A1C^L'));
  await accept(oru('2', '4548-4^A1c^LN', '100200301'));
  await drain(ledger, aChart(), { labs: labs('hold'), destination, mapper: () => before });
  expect(await statesOf(ledger)).toEqual(['held mapping/unmapped-code', 'filed']);
  expect(codes()).toEqual(['http://loinc.org|4548-4']);
  // That the table has a policy of its own is no answer.
  expect(await settleUnmapped(ledger.pool, before.answers)).toEqual({ codes: 0, messages: 0 });

  const after = await mapper({ code: '210', loinc: '4548-4' });
  expect(await settleUnmapped(ledger.pool, after.answers)).toEqual({ codes: 1, messages: 1 });
  await drain(ledger, aChart(), { labs: labs('hold'), destination, mapper: () => after });
  expect(await statesOf(ledger)).toEqual(['filed', 'filed']);
  expect(codes()).toEqual(['http://loinc.org|4548-4', `${local}|210 http://loinc.org|4548-4`]);
});
