/** Looks at a laboratory's FHIR server: the sandbox over real HTTP, into a real ledger. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type LookedAt, lookForLabs } from '../../src/assembly/lab-look.ts';
import type { FhirLabSource } from '../../src/core/lab/source.ts';
import type { Resource } from '../../src/core/ports.ts';
import { readFhirLab } from '../../src/sources/fhir-lab.ts';
import { artifactSystem, type Ehr, mrnSystem, patient, startEhr } from '../connections/support/ehr.ts';
import { anItem, aLedger, ehr as clinic, type TestLedger } from '../ledger/support.ts';
import { aReport, aResult } from '../support/fhir-labs.ts';

const lab: FhirLabSource = { name: 'quest', mrnSystems: [mrnSystem], systems: {}, part2: false };
const chart: FhirLabSource = { ...lab, name: 'ehr.ehr', chartOf: clinic };

let ehr: Ehr;
let ledger: TestLedger;
let logged: unknown[];
beforeEach(async () => {
  [ehr, ledger] = await Promise.all([startEhr(), aLedger()]);
  logged = [];
});
afterEach(async () => {
  await Promise.all([ehr.close(), ledger.end()]);
});

const at = (source: FhirLabSource, more: Partial<LookedAt> = {}): LookedAt => ({
  source,
  base: ehr.baseUrl,
  reads: ehr.destination().labs,
  categories: ['LAB'],
  observations: true,
  aloneAfterMs: 0,
  overlapMs: 600_000,
  seen: new Map(),
  ...more,
});

const look = (looked: LookedAt) =>
  lookForLabs(looked, {
    pool: ledger.pool,
    accept: ledger.acceptor.accept,
    artifactSystem,
    clock: () => new Date(),
    log: (_, event, fields) => logged.push([event, fields]),
  });

type Kept = { readonly record: string; readonly state: string; readonly body: Buffer; readonly mrn: string | null };

const kept = async (): Promise<readonly Kept[]> => {
  const { rows } = await ledger.pool.query<Kept>(
    `select record_id as record, state, p.body, identifiers->>'mrn' as mrn
     from message m join payload p on p.message_id = m.id where m.format = 'fhir-lab' order by m.id`,
  );
  return rows;
};
const records = async () => (await kept()).map(({ record, state }) => [record.slice(record.indexOf('|') + 1), state]);
const resultsIn = ({ body }: Kept, source = lab) => {
  const read = readFhirLab(body, source);
  if (!read.ok) throw new Error(read.failure.detail);
  const [order] = read.value.orders;
  const observations = (order?.tree['observation'] ?? []) as readonly Resource[];
  return observations.map(({ id, status }) => [id, status]);
};

describe('a laboratory server', () => {
  test('is read once, however often it is looked at, also by a process that has forgotten what it saw', async () => {
    ehr.admin.seed([aResult('o1', 7.9), aReport('r1', ['o1'])]);
    const looked = at(lab);
    await look(looked);
    await look(looked);
    await look(at(lab));
    expect(await records()).toEqual([['DiagnosticReport/r1', 'received']]);
    const [only] = await kept();
    expect(only?.mrn).toBe('MRN-1');
    expect(only === undefined ? [] : resultsIn(only)).toEqual([['o1', 'final']]);
  });

  test('is read again where a result changed, with or without its report', async () => {
    ehr.admin.seed([aResult('o1', 7.9), aResult('o2', 110), aReport('r1', ['o1', 'o2'])]);
    const looked = at(lab);
    await look(looked);
    ehr.admin.seed([aResult('o2', 111, { status: 'corrected' })]);
    await look(looked);
    await look(looked);
    ehr.admin.seed([aReport('r1', ['o1', 'o2'], { status: 'amended' })]);
    await look(looked);
    expect(await records()).toEqual([
      ['DiagnosticReport/r1', 'superseded'],
      ['DiagnosticReport/r1', 'superseded'],
      ['DiagnosticReport/r1', 'received'],
    ]);
    const last = (await kept()).at(-1);
    expect(last === undefined ? [] : resultsIn(last)).toEqual([
      ['o1', 'final'],
      ['o2', 'corrected'],
    ]);
  });

  test('that has deleted a result is believed: it stands as entered in error', async () => {
    ehr.admin.seed([aResult('o1', 7.9), aResult('o2', 110), aReport('r1', ['o1', 'o2'])]);
    const looked = at(lab);
    await look(looked);
    ehr.admin.seed([aReport('r1', ['o1'], { status: 'amended' })]);
    await fetch(`${ehr.baseUrl}/Observation/o2`, { method: 'DELETE' });
    await look(looked);
    await look(at(lab));
    const all = await kept();
    expect(all.map((one) => resultsIn(one))).toEqual([
      [
        ['o1', 'final'],
        ['o2', 'final'],
      ],
      [
        ['o1', 'final'],
        ['o2', 'entered-in-error'],
      ],
    ]);
  });

  test('is read for results without a report, once no report is on its way', async () => {
    ehr.admin.seed([aResult('o1', 7.9)]);
    await look(at(lab, { aloneAfterMs: 60_000 }));
    expect(await records()).toEqual([]);
    await look(at(lab));
    expect(await records()).toEqual([['Observation/o1', 'received']]);
    // The report came after all: by itself the result stands no more.
    ehr.admin.seed([aReport('r1', ['o1'])]);
    await look(at(lab));
    await look(at(lab));
    expect((await records()).slice(1)).toEqual([
      ['DiagnosticReport/r1', 'received'],
      ['Observation/o1', 'received'],
    ]);
    expect((await kept()).slice(1).map((one) => resultsIn(one))).toEqual([
      [['o1', 'final']],
      [['o1', 'entered-in-error']],
    ]);
  });

  test('of a panel by itself is read as one, also where only a member changed', async () => {
    const members = { hasMember: [{ reference: 'Observation/m1' }], valueQuantity: undefined };
    ehr.admin.seed([aResult('m1', 7.9), aResult('panel', 0, members)]);
    const looked = at(lab);
    await look(looked);
    ehr.admin.seed([aResult('m1', 8.1, { status: 'corrected' })]);
    await look(looked);
    expect(await records()).toEqual([
      ['Observation/panel', 'superseded'],
      ['Observation/panel', 'received'],
    ]);
  });

  test('with small and overlapping pages is read to its end', async () => {
    ehr.admin.quirks.set('page-size', 3);
    ehr.admin.quirks.set('pages-overlap');
    ehr.admin.seed(Array.from({ length: 10 }, (_, n) => [aResult(`o${n}`, n), aReport(`r${n}`, [`o${n}`])]).flat());
    await look(at(lab));
    expect((await records()).length).toBe(10);
  });

  test('whose index lags loses nothing: each look goes back behind the one before', async () => {
    const looked = at(lab);
    await look(looked);
    ehr.admin.seed([aResult('o2', 8), aReport('r2', ['o2'])]);
    await look(looked);
    const late = { meta: { lastUpdated: new Date(Date.now() - 300_000).toISOString() } };
    ehr.admin.seed([aResult('o1', 7.9, late), aReport('r1', ['o1'], late)]);
    await look(looked);
    expect((await records()).map(([record]) => record)).toEqual(['DiagnosticReport/r2', 'DiagnosticReport/r1']);
  });

  test('is not asked further while what it gave cannot be kept, and the cursor stays', async () => {
    const looked = at(lab);
    await look(looked);
    const { rows: before } = await ledger.pool.query('select resource_type, at from cursor order by 1');
    ehr.admin.seed([aResult('o1', 7.9), aReport('r1', ['o1'])]);
    const failing = lookForLabs(looked, {
      pool: ledger.pool,
      accept: () => Promise.reject(new Error('the ledger is away')),
      artifactSystem,
      clock: () => new Date(),
      log: () => undefined,
    });
    await expect(failing).rejects.toThrow('the ledger is away');
    const { rows: after } = await ledger.pool.query('select resource_type, at from cursor order by 1');
    expect(after).toEqual(before);
    await look(looked);
    expect(await records()).toEqual([['DiagnosticReport/r1', 'received']]);
  });

  test('leaves out what is of no laboratory, and what Tejido wrote', async () => {
    const echo = { identifier: [{ system: artifactSystem, value: 'x.report' }] };
    ehr.admin.seed([
      aReport('x1', [], { category: [{ coding: [{ system: 'urn:x', code: 'RAD' }] }] }),
      aReport('x2', [], echo),
      aResult('x3', 7, { identifier: [{ system: artifactSystem, value: 'x.r1' }] }),
    ]);
    await look(at(lab));
    expect(await records()).toEqual([]);
  });
});

describe('the EHR itself', () => {
  beforeEach(async () => {
    ehr.admin.seed([patient('p2', 'MRN-2')]);
    // Known by an id of an app alone, and matched by a person.
    await ledger.acceptor.accept([anItem({ patient: { source: 'app', sourcePatientId: 'a-1' } })]);
    await ledger.pool.query(
      `insert into ehr_patient (destination, patient_key, reference)
       select 'ehr', patient_key, 'Patient/p1' from identity where system = 'source:app' and value = 'a-1'`,
    );
  });

  test('is read for the patients of the programme only, each as the ledger knows them', async () => {
    ehr.admin.seed([
      aResult('o1', 7.9),
      aReport('r1', ['o1']),
      aReport('r2', [], { subject: { reference: 'Patient/p2' } }),
    ]);
    await look(at(chart));
    expect(await records()).toEqual([['DiagnosticReport/r1', 'received']]);
    const { rows } = await ledger.pool.query(
      `select count(distinct patient_key)::int as n from message where patient_key is not null`,
    );
    expect(rows).toEqual([{ n: 1 }]);
    const [only] = await kept();
    const read = readFhirLab(only?.body ?? new Uint8Array(), chart);
    expect(read.ok && read.value.orders[0]?.standsAs).toEqual({
      destination: 'ehr',
      report: 'DiagnosticReport/r1',
      results: ['Observation/o1'],
    });
  });

  test('does not show what is just being filed there', async () => {
    await ledger.pool.query(`update delivery set state = 'filing'`);
    ehr.admin.seed([aResult('o1', 7.9), aReport('r1', ['o1'])]);
    const looked = at(chart);
    await look(looked);
    expect(await records()).toEqual([]);
    await ledger.pool.query(
      `insert into link (destination, artifact, message_id, source, patient_key, resource_type, reference, action, tier, owned)
       select 'ehr', 'x.report', message_id, 'quest', lane, 'DiagnosticReport', 'DiagnosticReport/r1', 'created', 'native', '{}' from delivery`,
    );
    await ledger.pool.query(`update delivery set state = 'filed'`);
    await look(looked);
    expect(await records()).toEqual([]);
  });
});
