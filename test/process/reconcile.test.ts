/** What is deleted, doubled or revived in the EHR behind Tejido's back is found, named and healed. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { aSite, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

type Stored = Record<string, unknown> & { id: string; resourceType: string; status: string };

let site: Site;
beforeEach(async () => {
  site = await aSite();
});
afterEach(() => site.end());

const example = (name: string): Record<string, unknown> & { source: { recordId: string } } =>
  JSON.parse(readFileSync(`schemas/examples/${name}.json`, 'utf8')) as ReturnType<typeof example>;

const fhir = (at: string, method: string, body?: unknown) =>
  site.ask(`/sandbox/fhir/${at}`, {
    method,
    headers: { 'content-type': 'application/fhir+json' },
    ...(body === undefined ? {} : { body }),
  });
const standing = async (type: string): Promise<readonly Stored[]> =>
  ((await site.chart(`${type}?patient=Patient/syn-10023`)) as readonly Stored[]).filter(
    ({ status }) => status !== 'entered-in-error',
  );
const one = async (type: string): Promise<Stored> => {
  const [first] = await standing(type);
  if (first === undefined) throw new Error(`No ${type} stands.`);
  return first;
};
const send = (...activities: readonly unknown[]) => site.ask('/v1/activities', { method: 'POST', body: activities });

test('deleted, doubled and revived resources are found and healed', async () => {
  await site.start();
  const visit = example('contact.home');
  const call = {
    ...example('contact.phone'),
    source: { systemId: visit.source['systemId' as never], recordId: 'call' },
  };
  await send(visit, call);
  await settled(site);
  await send({
    ...example('void'),
    source: { ...visit.source, recordId: 'void-call' },
    details: { target: { recordId: 'call' }, reason: 'mistaken' },
  });
  await settled(site);
  const before = await standing('Observation');
  expect((await site.run(['reconcile'])).code).toBe(0);

  const note = await one('DocumentReference');
  await fhir(`DocumentReference/${note.id}`, 'DELETE');
  const { id: _id, ...copy } = await one('Encounter');
  expect((await fhir('Encounter', 'POST', copy)).status).toBe(201);
  const [withdrawn] = ((await site.chart('Task?patient=Patient/syn-10023')) as readonly Stored[]).filter(
    ({ status }) => status === 'entered-in-error',
  );
  if (withdrawn === undefined) throw new Error('The call filed no Task.');
  await fhir(`Task/${withdrawn.id}`, 'PUT', { ...withdrawn, status: 'requested' });

  const found = await site.run(['reconcile']);
  expect(found.code).toBe(1);
  expect(found.text).toContain(`missing: DocumentReference/${note.id}`);
  expect(found.text).toMatch(/2 times: \w+\.encounter of message/);
  expect(found.text).toContain(`taken back, and standing again: Task/${withdrawn.id}`);

  const healed = await site.run(['reconcile', '--heal']);
  expect(healed.text).toContain('2 messages are filed again');
  await settled(site);
  expect((await site.run(['reconcile'])).text).toContain('Clean');
  expect(await standing('Encounter')).toHaveLength(1);
  expect((await one('DocumentReference')).id).not.toBe(note.id);
  expect(await standing('Task')).toEqual([]);
  expect((await standing('Observation')).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});
