/** Rows 1 to 18 of the measured behaviour of real FHIR servers: filing holds on a server that does each of them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EmittedLink } from '../../src/core/model.ts';
import type { Filing, Resource } from '../../src/core/ports.ts';
import { identifiersOf } from '../../src/connections/fhir/identity.ts';
import { artifactOf, artifactSystem, observation, ours, patient, plan, put, startEhr, visit } from './support/ehr.ts';
import type { Ehr } from './support/ehr.ts';

let ehr: Ehr;
beforeEach(async () => {
  ehr = await startEhr();
});
afterEach(() => ehr.close());

const linkOf = (filing: Filing, artifact: string): EmittedLink => {
  const link = filing.links.find((each) => each.artifact === artifact);
  if (link === undefined) throw new Error(`no link for ${artifact}`);
  return link;
};
const filed = (filing: Filing): Filing => {
  expect(filing.failure).toBeUndefined();
  return filing;
};
const encounterOf = (resource: Resource): unknown => (resource['encounter'] as { reference: string }).reference;
/** Each Observation of ours refers to a real Encounter that stands. */
const expectRealReferences = (): void => {
  const encounters = new Set(ehr.admin.all('Encounter').map((each) => `Encounter/${each.id}`));
  for (const each of ours(ehr, 'Observation')) expect(encounters).toContain(encounterOf(each));
};

describe('row 1: concurrent conditional transactions', () => {
  test('that the server refuses with 400 or 409 are repeated, and each visit stands once', async () => {
    ehr.admin.quirks.set('conditional-race', 0.7);
    const destination = ehr.destination();
    const keys = Array.from({ length: 8 }, (_, index) => `v${index}`);
    const last = new Map<string, Filing>();
    for (
      let round = 0;
      round < 10 &&
      last
        .values()
        .filter((each) => each.failure === undefined)
        .toArray().length < 8;
      round += 1
    ) {
      const todo = keys.filter((key) => last.get(key)?.failure !== undefined || !last.has(key));
      const answers = await Promise.all(todo.map((key) => destination.file(plan(visit(key)))));
      for (const [index, answer] of answers.entries()) {
        if (answer.failure !== undefined) expect(answer.failure.cause).toBe('send/write-race');
        last.set(todo[index] ?? '', answer);
      }
    }
    for (const answer of last.values()) expect(answer.failure).toBeUndefined();
    expect(ours(ehr, 'Encounter')).toHaveLength(8);
    expect(ours(ehr, 'Observation')).toHaveLength(16);
  });
});

describe('row 2: limits on the size of a transaction', () => {
  test('a transaction of more than eight conditional entries is split, references kept, and the limit remembered', async () => {
    ehr.admin.quirks.set('transaction-entry-limit', 8);
    const destination = ehr.destination();
    filed(await destination.file(plan(visit('big', { observations: 20 }))));
    expect(ours(ehr, 'Observation')).toHaveLength(20);
    expectRealReferences();
    const before = ehr.admin.requests().filter(({ status }) => status === 400).length;
    expect(before).toBe(1);
    filed(await destination.file(plan(visit('again', { observations: 20 }))));
    expect(ehr.admin.requests().filter(({ status }) => status === 400)).toHaveLength(before);
  });

  test('a transaction of too many updates is split too', async () => {
    const steps = Array.from({ length: 12 }, (_, index) => put(`u.o${index}`, observation(`m${index}`, 60)));
    const destination = ehr.destination();
    const first = filed(await destination.file(plan(steps)));
    ehr.admin.quirks.set('put-limit', 5);
    const changed = steps.map((step, index) =>
      put(step.artifact, observation(`m${index}`, 61), linkOf(first, step.artifact)),
    );
    const second = filed(await destination.file(plan(changed)));
    expect(second.links.map(({ action }) => action)).toEqual(Array.from({ length: 12 }, () => 'updated'));
    expect(ours(ehr, 'Observation').every((each) => (each['valueQuantity'] as { value: number }).value === 61)).toBe(
      true,
    );
  });
});

describe('row 3: a transaction that is run as a batch', () => {
  test('answers 200 outside: every entry is read, the one refused is named, the rest stands with real references', async () => {
    ehr.admin.quirks.set('transaction-as-batch');
    const refused = put('b.bad', { ...observation('bad', 1), subject: { reference: 'Patient/nobody' } });
    const destination = ehr.destination();
    const filing = await destination.file(plan([...visit('b'), refused]));
    expect(filing.exchanges.some(({ method, status }) => method === 'POST' && status === 200)).toBe(true);
    expect(filing.failure?.cause).toBe('send/refused');
    expect(filing.failure?.issues?.[0]?.where).toContain('bad');
    expect(filing.links).toHaveLength(3);
    expect(ours(ehr, 'Observation')).toHaveLength(2);
    expect((await destination.report()).problems.map(({ cause }) => cause)).toContain('send/partial');
    expectRealReferences();
  });
});

describe('row 4: a failed transaction that does not say which entry failed', () => {
  test('is filed one by one, once: the culprit is named and the rest stands', async () => {
    ehr.admin.quirks.set('no-failing-entry');
    const refused = put('f.bad', { ...observation('bad', 1), subject: { reference: 'Patient/nobody' } });
    const filing = await ehr.destination().file(plan([...visit('f'), refused]));
    expect(filing.failure?.cause).toBe('send/refused');
    expect(filing.failure?.detail).toContain('Observation bad');
    expect(filing.links.map(({ artifact }) => artifact).toSorted()).toEqual(['f.encounter', 'f.o0', 'f.o1']);
    expect(filing.exchanges.filter(({ url, method }) => method === 'POST' && url === ehr.baseUrl)).toHaveLength(1);
    expectRealReferences();
  });

  test('what refers to the culprit is not written with a reference that leads nowhere', async () => {
    const [encounter, ...rest] = visit('g');
    if (encounter?.do !== 'put') throw new Error('a visit begins with its Encounter');
    const bad = { ...encounter, resource: { ...encounter.resource, subject: { reference: 'Patient/nobody' } } };
    const filing = await ehr.destination().file(plan([bad, ...rest]));
    expect(filing.failure?.cause).toBe('send/refused');
    expect(filing.links).toEqual([]);
    expect(ours(ehr, 'Observation')).toEqual([]);
  });
});

describe('a type that the EHR stopped taking', () => {
  test('goes into a note in the same attempt; what refers to it names it, and transactions are not given up for it', async () => {
    const destination = ehr.destination();
    await destination.report();
    ehr.admin.quirks.set('dangling-refs-accepted');
    ehr.admin.quirks.set('read-only', 'Encounter');
    const filing = await destination.file(plan([...visit('h'), put('h.alone', observation('alone', 1))]));
    expect(filing.failure).toBeUndefined();
    const [encounter] = filing.links.filter(({ artifact }) => artifact === 'h.encounter');
    const [note] = ours(ehr, 'DocumentReference');
    expect(encounter).toMatchObject({
      resourceType: 'Encounter',
      tier: 'note',
      reference: `DocumentReference/${note?.id}`,
    });
    const observations = ours(ehr, 'Observation');
    expect(observations).toHaveLength(3);
    expect(observations.filter((each) => each['encounter'] !== undefined).map((each) => each['encounter'])).toEqual([
      { type: 'Encounter', identifier: { system: artifactSystem, value: 'h.encounter' } },
      { type: 'Encounter', identifier: { system: artifactSystem, value: 'h.encounter' } },
    ]);
    const report = await destination.report();
    expect(report.transaction).toBe(true);
    // It learnt; the next one is not refused first.
    const next = await destination.file(plan(visit('i')));
    expect(next.exchanges.every(({ status }) => status !== undefined && status < 400)).toBe(true);
  });
});

describe('row 5: answers that tell little', () => {
  test('entries without etag are linked by their location', async () => {
    ehr.admin.quirks.set('no-entry-etag');
    const filing = filed(await ehr.destination().file(plan(visit('e'))));
    expect(filing.links.map(({ reference }) => reference.split('/')[0])).toEqual([
      'Encounter',
      'Observation',
      'Observation',
    ]);
  });

  test('an empty body after return=minimal is made good by searching for our identifiers', async () => {
    ehr.admin.quirks.set('minimal-empty-body');
    const destination = ehr.destination({ quirks: { prefer: 'minimal', lookAgainMs: [20] } });
    const filing = filed(await destination.file(plan(visit('e'))));
    for (const link of filing.links) {
      expect(link.action).toBe('created');
      const stands = ehr.admin
        .all(link.resourceType)
        .find((each) => `${each.resourceType}/${each.id}` === link.reference);
      expect(stands === undefined ? undefined : artifactOf(stands)).toBe(link.artifact);
    }
    expect(filing.links).toHaveLength(3);
  });
});

describe('row 6: replays', () => {
  test('every entry of a bundle is conditional, so that a replay doubles nothing and says what stood', async () => {
    const first = filed(await ehr.destination().file(plan(visit('r'))));
    const again = filed(await ehr.destination().file(plan(visit('r'))));
    expect(again.links.map(({ reference, action }) => ({ reference, action }))).toEqual(
      first.links.map(({ reference }) => ({ reference, action: 'unchanged' })),
    );
    const sent = first.exchanges.find(({ method, url }) => method === 'POST' && url === ehr.baseUrl);
    const entries = (JSON.parse(sent?.requestBody ?? '{}') as { entry: { request: { ifNoneExist?: string } }[] }).entry;
    expect(entries.every(({ request }) => request.ifNoneExist?.startsWith('identifier=') === true)).toBe(true);
    expect(ours(ehr, 'Observation')).toHaveLength(2);
  });

  test('where conditions are ignored, a replay after doubt doubles nothing either', async () => {
    ehr.admin.quirks.set('ifnoneexist-ignored');
    filed(await ehr.destination().file(plan(visit('r'))));
    filed(await ehr.destination().file(plan(visit('r'), true)));
    expect(ehr.admin.counts()).toMatchObject({ Encounter: 1, Observation: 2 });
  });
});

describe('row 7: conditional creates that race', () => {
  test('our own serialisation lets two filings of one artifact make one resource', async () => {
    ehr.admin.quirks.set('conditional-create-duplicates-race', 40);
    const destination = ehr.destination();
    const both = await Promise.all([destination.file(plan(visit('x'))), destination.file(plan(visit('x')))]);
    for (const filing of both) filed(filing);
    expect(ours(ehr, 'Encounter')).toHaveLength(1);
    expect(ours(ehr, 'Observation')).toHaveLength(2);
  });

  test('twins that another process made are found in doubt, and the later ones marked entered-in-error', async () => {
    ehr.admin.quirks.set('conditional-create-duplicates-race', 60);
    await Promise.all([ehr.destination().file(plan(visit('x'))), ehr.destination().file(plan(visit('x')))]);
    expect(ours(ehr, 'Encounter')).toHaveLength(2);
    ehr.admin.quirks.clear();
    const filing = filed(await ehr.destination().file(plan(visit('x'), true)));
    expect(ours(ehr, 'Encounter')).toHaveLength(1);
    expect(ours(ehr, 'Observation')).toHaveLength(2);
    expect(ours(ehr, 'Encounter').map((each) => `Encounter/${each.id}`)).toEqual([
      linkOf(filing, 'x.encounter').reference,
    ]);
    expect(ehr.admin.all('Encounter').filter((each) => each['status'] === 'entered-in-error')).toHaveLength(1);
  });

  test('resources that differ under one identifier are left to a person', async () => {
    const mine = { identifier: [{ system: artifactSystem, value: 'x.o0' }] };
    ehr.admin.seed([
      { ...observation('a', 1), ...mine },
      { ...observation('a', 2), ...mine },
    ]);
    const filing = await ehr.destination().file(plan([put('x.o0', observation('a', 1))]));
    expect(filing.failure?.cause).toBe('send/duplicates-found');
    expect(ours(ehr, 'Observation')).toHaveLength(2);
  });
});

describe('row 8: If-Match that is ignored unless it is quoted', () => {
  test('what the nurse wrote between our read and our write survives', async () => {
    ehr.admin.quirks.set('if-match-ignored');
    const destination = ehr.destination();
    const first = filed(await destination.file(plan([put('a.o', observation('a', 1))])));
    const [stands] = ehr.admin.all('Observation');
    if (stands === undefined) throw new Error('it was not filed');
    ehr.admin.faults.add({ fault: 'latency', value: 150, times: 1, on: 'PUT' });
    const seen = ehr.admin.requests().length;
    const amending = destination.file(plan([put('a.o', observation('a', 2), linkOf(first, 'a.o'))]));
    while (ehr.admin.requests().length === seen) await new Promise((resolve) => setImmediate(resolve));
    ehr.admin.seed([{ ...stands, note: [{ text: 'added by the nurse' }] }]);
    expect(filed(await amending).links[0]).toMatchObject({ action: 'updated', versionId: '3' });
    expect(ehr.admin.all('Observation')[0]).toMatchObject({
      note: [{ text: 'added by the nurse' }],
      valueQuantity: { value: 2 },
    });
  });
});

describe.each(['noop-put-keeps-version', 'noop-put-bumps-version'] as const)('row 9: %s', (quirk) => {
  test('content is compared before writing: what stands as it should is not written again', async () => {
    ehr.admin.quirks.set(quirk);
    const destination = ehr.destination();
    const first = filed(await destination.file(plan(visit('n'))));
    const writes = ehr.writes().length;
    const steps = visit('n').map((step) =>
      step.do === 'put' ? { ...step, known: linkOf(first, step.artifact) } : step,
    );
    const again = filed(await destination.file(plan(steps)));
    expect(again.links.map(({ action }) => action)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(ehr.writes()).toHaveLength(writes);
    expect(ehr.admin.history('Observation', linkOf(first, 'n.o0').reference.split('/')[1] ?? '')).toHaveLength(1);
  });
});

describe.each([404, 400])('row 10: client-assigned ids refused with %i', (status) => {
  test('nothing of ours is PUT to an id of ours', async () => {
    ehr.admin.quirks.set('client-ids-refused', status);
    filed(await ehr.destination().file(plan([put('a.o', { ...observation('a', 1), id: 'mine' })])));
    expect(ours(ehr, 'Observation')).toHaveLength(1);
    expect(ours(ehr, 'Observation')[0]?.id).not.toBe('mine');
  });
});

describe('rows 11 and 12: references', () => {
  test('placeholders are resolved by us where the server takes them as they are', async () => {
    ehr.admin.quirks.set('dangling-refs-accepted');
    ehr.admin.quirks.set('no-transaction');
    filed(await ehr.destination().file(plan(visit('d', { observations: 3 }))));
    expect(ours(ehr, 'Observation')).toHaveLength(3);
    expectRealReferences();
  });

  test('no conditional reference is ever sent', async () => {
    ehr.admin.quirks.set('conditional-refs-as-text');
    const filing = filed(await ehr.destination().file(plan(visit('d'))));
    const sent = filing.exchanges.map(({ requestBody }) => requestBody ?? '').join('\n');
    expect(sent).not.toMatch(/"reference":"[A-Za-z]+\?/);
    expectRealReferences();
  });
});

describe.each(['deleted-404', 'deleted-410'] as const)('row 13: %s', (quirk) => {
  test('a deleted resource is gone: it is not revived by an amendment, and a void is content with it', async () => {
    const destination = ehr.destination();
    const first = filed(await destination.file(plan([put('a.o', observation('a', 1))])));
    const known = linkOf(first, 'a.o');
    expect((await fetch(`${ehr.baseUrl}/${known.reference}`, { method: 'DELETE' })).ok).toBe(true);
    ehr.admin.quirks.set(quirk);
    const amended = await destination.file(plan([put('a.o', observation('a', 2), known)]));
    expect(amended.failure?.cause).toBe('send/gone');
    expect(amended.links).toEqual([]);
    const gone = filed(
      await destination.file(plan([{ do: 'void', artifact: 'a.o', resourceType: 'Observation', known }])),
    );
    expect(gone.links).toMatchObject([{ action: 'voided', reference: known.reference }]);
    expect(ehr.admin.all('Observation')).toEqual([]);
  });
});

describe('row 14: a quota', () => {
  test('beyond it the wait is taken from RateLimit, and nothing more is sent until then', async () => {
    ehr.admin.quirks.set('quota', 50);
    const destination = ehr.destination({ limits: { paceMs: 0 } });
    const filing = await destination.file(plan(visit('q')));
    expect(filing.failure?.cause).toBe('send/throttled');
    expect(filing.failure?.retryAfterMs).toBeGreaterThan(0);
    const asked = ehr.admin.requests().length;
    expect((await destination.file(plan(visit('q')))).failure?.cause).toBe('send/throttled');
    expect(ehr.admin.requests()).toHaveLength(asked);
    expect(destination.state().state).toBe('closed');
  });

  test('it slows down before the limit is reached', async () => {
    ehr.admin.quirks.set('quota', 1_200);
    const waits: number[] = [];
    const destination = ehr.destination({ limits: { paceMs: 60_000 } }, { wait: async (ms) => void waits.push(ms) });
    for (let index = 0; index < 11; index += 1) await destination.file(plan([put(`q${index}.o`, observation('a', 1))]));
    expect(waits.length).toBeGreaterThan(0);
    expect(Math.max(...waits)).toBeGreaterThan(500);
  });
});

describe('row 16: OperationOutcome with a tracing extension', () => {
  test('codes and places are shown, the answer is kept whole, and its words stay out of the failure', async () => {
    ehr.admin.quirks.set('tracing-extension');
    const filing = await ehr
      .destination()
      .file(plan([put('a.o', { ...observation('a', 1), subject: { reference: 'Patient/nobody' } })]));
    expect(filing.failure).toMatchObject({ cause: 'send/refused' });
    expect(filing.failure?.issues?.[0]?.code).toBeDefined();
    const answered = filing.exchanges.at(-1)?.responseBody ?? '';
    expect(answered).toContain('OperationOutcome');
    expect(JSON.stringify(filing.failure)).not.toContain('nobody');
  });
});

describe.each(['unknown-param-ignored', 'unknown-param-refused'] as const)('row 18: %s', (quirk) => {
  test('a search that does not honour our identifier is not trusted: the patient’s resources are read through instead', async () => {
    ehr.admin.quirks.set(quirk);
    const res = await fetch(`${ehr.baseUrl}/metadata`);
    const own = (await res.json()) as Parameters<typeof ehr.admin.wear>[0];
    for (const type of own?.rest?.[0]?.resource ?? []) {
      type.conditionalCreate = false;
      if (type.type === 'Observation')
        type.searchParam = type.searchParam?.filter(({ name }) => name !== 'identifier') ?? [];
    }
    ehr.admin.wear(own);
    ehr.admin.seed([observation('somebody else’s', 3), patient('p2', 'MRN-2')]);
    filed(await ehr.destination().file(plan([put('a.o', observation('a', 1))])));
    filed(await ehr.destination().file(plan([put('a.o', observation('a', 1))])));
    const standing = ehr.admin.all('Observation').filter((each) => identifiersOf(each).length > 0);
    expect(standing).toHaveLength(1);
  });

  test('a patient search that ignored the MRN finds nobody', async () => {
    ehr.admin.quirks.set(quirk);
    const res = await fetch(`${ehr.baseUrl}/metadata`);
    const own = (await res.json()) as Parameters<typeof ehr.admin.wear>[0];
    for (const type of own?.rest?.[0]?.resource ?? []) {
      if (type.type === 'Patient')
        type.searchParam = type.searchParam?.filter(({ name }) => name !== 'identifier') ?? [];
    }
    ehr.admin.wear(own);
    ehr.admin.seed([patient('p2', 'MRN-2')]);
    const { outcome } = await ehr.destination().findPatient({ source: 's', mrn: 'MRN-1' });
    expect(outcome).toMatchObject({ ok: false, failure: { cause: 'send/unsupported' } });
  });
});
