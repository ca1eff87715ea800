/** What real EHRs say that they accept, and what Tejido makes of it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { readCapabilities, scopeAllows } from '../../src/connections/fhir/capability.ts';
import { observation, ours, plan, put, startEhr, visit } from './support/ehr.ts';
import type { Ehr } from './support/ehr.ts';

const folder = path.resolve('../shared/data/ehr-capabilities');
const present = existsSync(folder) || process.env['CI'] === 'true';
if (!present) process.stderr.write(`skipped: vendors' capability statements are not at ${folder}\n`);
const vendor = present ? describe : describe.skip;
const statementOf = (name: string): CapabilityStatement =>
  JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as CapabilityStatement;

let ehr: Ehr;
beforeEach(async () => {
  ehr = await startEhr();
});
afterEach(() => ehr.close());

vendor('the report of a real EHR', () => {
  const levels = async (name: string): Promise<Record<string, string>> => {
    ehr.admin.wear(statementOf(name));
    const report = await ehr.destination().report();
    return Object.fromEntries(report.resources.map(({ type, level }) => [type, level]));
  };

  test('Epic takes no new CarePlan, Goal, Encounter or Task: they become notes and messages', async () => {
    expect(await levels('epic-r4')).toMatchObject({
      Observation: 'native', ServiceRequest: 'native', Procedure: 'native', DocumentReference: 'native', Patient: 'native',
      CarePlan: 'degraded', Goal: 'degraded', Encounter: 'degraded', CareTeam: 'degraded', Task: 'degraded',
      Communication: 'degraded', Provenance: 'degraded', Device: 'degraded',
    }); // prettier-ignore
  });

  test('athenahealth takes nothing but answers to questionnaires, and is still searched for patients', async () => {
    const all = await levels('athenahealth-r4');
    expect(Object.entries(all).filter(([, level]) => level !== 'impossible')).toEqual([
      // Kept in Tejido; answers can be created, and neither amended nor voided.
      ['Provenance', 'degraded'],
      ['QuestionnaireResponse', 'degraded'],
      // Kept in Tejido.
      ['ResearchSubject', 'degraded'],
      ['Specimen', 'degraded'],
      ['Patient', 'native'],
    ]);
  });

  test('Oracle declares a batch and no transaction', async () => {
    ehr.admin.wear(statementOf('oracle-health-r4-secure'));
    expect(await ehr.destination().report()).toMatchObject({ reachable: true, transaction: false, batch: true });
  });

  test('what it does not take is not sent: it goes into a note', async () => {
    ehr.admin.wear(statementOf('epic-r4'));
    const filing = await ehr.destination().file(plan(visit('v')));
    expect(filing.failure).toBeUndefined();
    expect(filing.links.map(({ resourceType, tier }) => `${resourceType} ${tier}`)).toEqual([
      'DocumentReference native',
      'Observation native',
      'Observation native',
      'Encounter note',
    ]);
    expect(ehr.writes()).toEqual(['POST DocumentReference', 'POST Observation', 'POST Observation']);
  });

  test.each(['epic-r4', 'oracle-health-r4-secure'])(
    '%s declares no conditional create: an Observation is searched for, and filed once',
    async (name) => {
      ehr.admin.wear(statementOf(name));
      for (let times = 0; times < 3; times += 1) {
        const filing = await ehr
          .destination()
          .file(plan([put('a.o', observation('a', 1)), put('b.o', observation('b', 1))]));
        expect(filing.failure).toBeUndefined();
        expect(filing.links.map(({ action }) => action)).toEqual(
          times === 0 ? ['created', 'created'] : ['unchanged', 'unchanged'],
        );
      }
      expect(ours(ehr, 'Observation')).toHaveLength(2);
    },
  );
});

describe('the sandbox as it is', () => {
  test('takes everything natively', async () => {
    const report = await ehr.destination().report();
    expect(report).toMatchObject({
      reachable: true,
      transaction: true,
      batch: true,
      fhirVersion: '4.0.1',
      problems: [],
    });
    expect(report.resources.every(({ level }) => level === 'native')).toBe(true);
  });

  test('that cannot be reached has a report all the same', async () => {
    ehr.admin.faults.add({ fault: 'status', value: 503 });
    const report = await ehr.destination().report();
    expect(report).toMatchObject({ reachable: true, resources: [], problems: [{ cause: 'send/unavailable' }] });
  });

  test.each([
    ['no-transaction'],
    ['no-transaction', 'no-batch'],
    ['no-transaction', 'no-conditional-create'],
    ['no-transaction', 'no-batch', 'no-conditional-create'],
    ['no-conditional-create'],
  ] as const)('files once with %s %s %s', async (...quirks) => {
    for (const quirk of quirks) if (quirk !== undefined) ehr.admin.quirks.set(quirk);
    for (let times = 0; times < 2; times += 1) {
      expect((await ehr.destination().file(plan(visit('v', { observations: 3 })))).failure).toBeUndefined();
    }
    expect(ours(ehr, 'Encounter')).toHaveLength(1);
    expect(ours(ehr, 'Observation')).toHaveLength(3);
    const [encounter] = ours(ehr, 'Encounter');
    for (const each of ours(ehr, 'Observation'))
      expect(each['encounter']).toEqual({ reference: `Encounter/${encounter?.id}` });
  });

  test('that stopped taking transactions is filed to all the same, and is not asked again for one', async () => {
    const destination = ehr.destination();
    await destination.report();
    ehr.admin.quirks.set('no-transaction');
    ehr.admin.quirks.set('no-batch');
    expect((await destination.file(plan(visit('v')))).failure).toBeUndefined();
    const again = await destination.file(plan(visit('w')));
    expect(again.links).toHaveLength(3);
    expect(again.exchanges.filter(({ status }) => status !== undefined && status >= 400)).toHaveLength(1);
    expect(
      (await destination.file(plan(visit('x')))).exchanges.every(({ status }) => status !== undefined && status < 400),
    ).toBe(true);
    expect(await destination.report()).toMatchObject({ transaction: false, batch: false });
  });

  test('is asked for its statement once, and again after it did not do as it said', async () => {
    let now = 0;
    const destination = ehr.destination({}, { clock: () => new Date(now) });
    const reads = (): number => ehr.admin.requests().filter((each) => each.path.includes('metadata')).length;
    await destination.file(plan([put('a.o', observation('a', 1))]));
    await destination.file(plan([put('b.o', observation('b', 1))]));
    expect(reads()).toBe(1);
    ehr.admin.quirks.set('read-only', 'Observation');
    now += 60_000;
    expect((await destination.file(plan([put('c.o', observation('c', 1))]))).links.at(-1)).toMatchObject({
      tier: 'note',
    });
    await destination.file(plan([put('d.o', observation('d', 1))]));
    expect(reads()).toBe(2);
  });
});

describe('what is not a statement', () => {
  test.each([undefined, 'x', {}, { resourceType: 'CapabilityStatement' }, { resourceType: 'Bundle', rest: [{}] }])(
    '%j',
    (body) => {
      expect(readCapabilities(body, new Date())).toBeUndefined();
    },
  );
});

describe('scopes', () => {
  test.each([
    ['system/*.cruds', 'Task', true, true],
    ['system/Task.c', 'Task', true, true],
    ['system/Task.rs', 'Task', true, false],
    ['system/*.read', 'Task', true, false],
    ['system/*.write', 'Task', true, true],
    ['system/Goal.*', 'Task', true, false],
    ['system/Patient.rs', 'Patient', false, true],
    ['system/Patient.read', 'Patient', false, true],
    ['system/Patient.write', 'Patient', false, false],
  ])('%s lets us write (or read) %s (%s): %s', (scope, type, write, expected) => {
    expect(scopeAllows([scope], type, write)).toBe(expected);
  });
});
