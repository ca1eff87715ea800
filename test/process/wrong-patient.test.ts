/** A visit recorded for the wrong patient, with a red flag: taken back, told, and filed where it belongs. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { aSite, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

type Stored = Record<string, unknown> & { id: string; resourceType: string };

let site: Site;
beforeEach(async () => {
  site = await aSite();
});
afterEach(() => site.end());

const types = [
  'Encounter',
  'DocumentReference',
  'Observation',
  'ServiceRequest',
  'Task',
  'Goal',
  'Communication',
  'Flag',
];
const chart = async (patient: string): Promise<readonly Stored[]> =>
  (
    await Promise.all(types.map((type) => site.chart(`${type}?patient=Patient/${patient}`)))
  ).flat() as unknown as readonly Stored[];
const isError = (one: Stored): boolean => [one['status'], one['lifecycleStatus']].includes('entered-in-error');
const standing = (all: readonly Stored[]): readonly string[] =>
  all
    .filter((one) => !isError(one))
    .map(({ resourceType }) => resourceType)
    .toSorted();
const send = (...activities: readonly unknown[]) => site.ask('/v1/activities', { method: 'POST', body: activities });

const example = JSON.parse(readFileSync('schemas/examples/contact.phone.json', 'utf8')) as Record<string, unknown> & {
  source: Record<string, unknown>;
  components: readonly { key: string; activityType: string; details: Record<string, unknown> }[];
};
/** Glucose of 48: a red flag. */
const call = {
  ...example,
  components: example.components.map((one) =>
    one.activityType === 'vital.measure' ? { ...one, details: { ...one.details, value: 48 } } : one,
  ),
};
const right = { sourcePatientId: 'other', mrn: 'SYN-10024' };

test('both charts are clean, the escalation is checked again, and the nurse is told', async () => {
  await site.start();
  const [patient] = (await site.chart('Patient?identifier=urn:tejido:sandbox:mrn|SYN-10024')) as readonly Stored[];
  if (patient === undefined) throw new Error('The sandbox has no second patient.');
  await send(call);
  await settled(site);
  const before = standing(await chart('syn-10023'));
  expect(before).toEqual(expect.arrayContaining(['Encounter', 'Observation', 'Task', 'Communication']));
  const escalations = async () =>
    ((await site.ask('/v1/escalations')).body as { escalations: readonly { state: string }[] }).escalations;
  expect((await escalations()).map(({ state }) => state)).toEqual([expect.stringMatching(/open|notified/)]);

  await send({
    ...example,
    activityType: 'void',
    components: [],
    source: { ...example.source, recordId: 'void-call' },
    details: { target: { recordId: example.source['recordId'] }, reason: 'wrong-patient' },
  });
  await settled(site);
  const after = await chart('syn-10023');
  expect(standing(after)).toEqual(['Communication']);
  const [notice] = after.filter((one) => !isError(one));
  expect(JSON.stringify(notice)).toContain('somebody else');
  expect(JSON.stringify(notice)).not.toMatch(/SYN-10024|lucose|extension/);
  expect((await escalations()).map(({ state }) => state)).toEqual(['cancelled']);

  await send({
    ...call,
    source: { ...example.source, recordId: 'call-of-the-other' },
    subject: { ...right, dob: patient['birthDate'] },
  });
  await settled(site);
  expect(standing(await chart(patient.id))).toEqual(before);
  expect(standing(await chart('syn-10023'))).toEqual(['Communication']);
  expect((await site.run(['reconcile'])).text).toContain('Clean');

  // The same void again changes nothing.
  await send({
    ...example,
    activityType: 'void',
    components: [],
    source: { ...example.source, recordId: 'void-call' },
    details: { target: { recordId: example.source['recordId'] }, reason: 'wrong-patient' },
  });
  await settled(site);
  expect(await chart('syn-10023')).toHaveLength(after.length);
});
