/** An EHR learns a type: what stood in a note is filed as itself, and the note no longer says it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { refileLesser } from '../../src/ledger/refile.ts';
import { type Ehr, startEhr } from '../connections/support/ehr.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aFlow, alive, aVisit, expectOneTruth, linksOf, noteText, present, statementOf } from './support.ts';

let ledger: TestLedger;
let ehr: Ehr;
beforeAll(async () => {
  ledger = await aLedger();
  ehr = await startEhr();
  ehr.admin.seed([{ resourceType: 'Practitioner', id: 'chw' }]);
});
afterAll(async () => {
  await ehr.close();
  await ledger.end();
});

const learning = (statement: CapabilityStatement, type: string): CapabilityStatement => ({
  ...statement,
  rest: (statement.rest ?? []).map((rest) => ({
    ...rest,
    resource: (rest.resource ?? []).map((one) =>
      one.type === type
        ? {
            ...one,
            interaction: [...(one.interaction ?? []), { code: 'create' as const }, { code: 'update' as const }],
          }
        : one,
    ),
  })),
});

(present ? test : test.skip)('Epic learns Goal, and unlearns it: one truth each time', async () => {
  const goal = async () => (await linksOf(ledger)).find(({ resource_type }) => resource_type === 'Goal');
  const notes = (): string => alive(ehr).map(noteText).join('\n');
  const epic = statementOf('epic-r4');
  ehr.admin.wear(epic);
  const flow = aFlow(ehr, ledger, ehr.destination({ id: 'ehr', capabilityMaxAgeMs: 0 }));
  await ledger.acceptor.accept([aVisit()]);
  await flow.file();
  expect(await goal()).toMatchObject({ tier: 'note' });
  expect(notes()).toContain('- Goal: Walk after dinner');

  ehr.admin.wear(learning(epic, 'Goal'));
  expect(await refileLesser(ledger.pool, undefined, 'test')).toBe(1);
  await flow.file();
  expect(await goal()).toMatchObject({ tier: 'native' });
  expect(notes()).not.toContain('- Goal: Walk after dinner');
  await expectOneTruth(flow);

  ehr.admin.wear(epic);
  await ledger.acceptor.accept([aVisit(2, { target: '2 days' })]);
  await flow.file();
  await expectOneTruth(flow);
});
