/**
 * Laboratory results by FHIR, through the real program: from a laboratory's server into the chart, from the chart itself, and the same
 * result by HL7 v2 as well. Looks are begun by notifications alone.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Resource } from '../../src/core/ports.ts';
import { until } from '../../src/prove/until.ts';
import { type Ehr, patient, startEhr } from '../connections/support/ehr.ts';
import { aReport, aResult } from '../support/fhir-labs.ts';
import { aSite, listed, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

let site: Site;
let lab: Ehr;

beforeAll(async () => {
  [site, lab] = await Promise.all([aSite(), startEhr()]);
  lab.admin.seed([patient('p1', 'SYN-10023')]);
  await site.configure(`
destinations:
  - id: sandbox
    kind: sandbox
    sync: { appointments: false, tasks: false, labs: true, everyMs: 86400000 }
mllp:
  senders:
    - { name: hl7lab, mrnAuthorities: [SANDBOX], systems: { LABNS: 'urn:lab:orders' } }
labSources:
  - name: county-lab
    kind: fhir
    baseUrl: ${lab.baseUrl}
    mrnSystems: [urn:example:mrn]
    everyMs: 86400000
    aloneAfterMs: 0
`);
  await site.start();
  for (const name of ['county-lab', 'ehr.sandbox']) await notify(name);
});
afterAll(async () => {
  await Promise.all([site.end(), lab.close()]);
});

/** Until so many messages are there, and settled: what the HL7 v2 door acknowledged may still be on its way. */
async function settledAt(count: number) {
  const enough = await until(async () => ((await listed(site)).length >= count ? true : undefined), 30_000);
  if (enough === undefined)
    throw new Error(`Not ${count}:\n${JSON.stringify(await listed(site))}\n${await site.log()}`);
  return settled(site);
}

async function notify(name: string): Promise<void> {
  const answer = await site.ask(`/v1/lab-sources/${name}/notify`, { method: 'POST', body: { type: 'heartbeat' } });
  expect(answer.status).toBe(202);
}

/** What was read with one message more. */
async function notified(name: string) {
  const before = (await listed(site)).length;
  await notify(name);
  return settledAt(before + 1);
}

const oru = (id: string, control: string, obx: string, issued = '20260504140000-0500'): string => {
  const file = path.join(site.folder, `${control}.hl7`);
  const lines = [
    `MSH|^~\\&|LAB|COUNTY|TEJIDO|CLINIC|20260504140100-0500||ORU^R01^ORU_R01|${control}|P|2.5.1`,
    'PID|1||SYN-10023^^^SANDBOX^MR||X^Y||19610302|F',
    `ORC|RE|P-${id}^LABNS|F-${id}^LABNS`,
    `OBR|1|P-${id}^LABNS|F-${id}^LABNS|4548-4^Hemoglobin A1c^LN|||20260504081500-0500|||||||||||||||${issued}|||F`,
    obx,
  ];
  writeFileSync(file, `${lines.join('\r')}\r`);
  return file;
};
const a1c = (value: string, status: string): string =>
  `OBX|1|NM|4548-4^Hemoglobin A1c^LN||${value}|%^percent^UCUM|4.0-5.6|H|||${status}|||20260504081500-0500`;

const send = async (file: string) => {
  const before = (await listed(site)).length;
  const { code, text } = await site.run(['send', file]);
  expect([code, text]).toEqual([0, expect.anything()]);
  return settledAt(before + 1);
};

type Shown = Resource & { readonly valueQuantity?: { readonly value: number } };
const results = async (): Promise<readonly string[]> =>
  ((await site.chart('Observation?code=http://loinc.org|4548-4&_count=100')) as readonly Shown[])
    .filter(({ category }) => JSON.stringify(category).includes('laboratory'))
    .map(({ status, valueQuantity }) => `${String(status)} ${String(valueQuantity?.value)}`)
    .toSorted();

test('a report of a laboratory stands in the chart once, also when HL7 v2 brings it too', async () => {
  lab.admin.seed([aResult('o1', 7.9), aReport('r1', ['o1'])]);
  expect((await notified('county-lab')).map(({ state, cause }) => [state, cause])).toEqual([['filed', undefined]]);
  expect(await results()).toEqual(['final 7.9']);
  const [report] = await site.chart('DiagnosticReport?patient=Patient/syn-10023');
  expect(report).toMatchObject({
    meta: { profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-diagnosticreport-lab'] },
    status: 'final',
    subject: { reference: 'Patient/syn-10023' },
    result: [{ reference: expect.stringMatching(/^Observation\//) }],
  });
  expect((await send(oru('r1', 'C1', a1c('7.9', 'F'))))[0]).toMatchObject({ state: 'superseded' });
  expect(await results()).toEqual(['final 7.9']);
  expect(await site.chart('Provenance')).toEqual([]);
});

test('its correction replaces it, whichever way brings it first', async () => {
  await send(oru('r1', 'C2', a1c('9.7', 'C'), '20260505090000-0500'));
  expect(await results()).toEqual(['corrected 9.7']);
  const issued = { issued: '2026-05-05T09:00:00-05:00' };
  lab.admin.seed([
    aResult('o1', 9.7, { status: 'corrected', ...issued }),
    aReport('r1', ['o1'], { status: 'corrected', ...issued }),
  ]);
  await notified('county-lab');
  expect(await results()).toEqual(['corrected 9.7']);
  expect(await site.chart('Provenance')).toHaveLength(1);
});

/** As the EHR's own interface writes them; the Observation. */
async function inChart(id: string, value: number): Promise<string> {
  const write = async (resource: Resource): Promise<string> => {
    const { id: _, ...body } = { ...resource, subject: { reference: 'Patient/syn-10023' } };
    const answer = await site.ask(`/sandbox/fhir/${resource.resourceType}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/fhir+json' },
    });
    if (answer.status !== 201) throw new Error(answer.text);
    return (answer.body as { id: string }).id;
  };
  const observation = await write(aResult('x', value));
  await write(aReport(id, [observation]));
  return `Observation/${observation}`;
}

test('what stands in the chart by the EHR itself is not filed beside it, and no ORU makes a second one', async () => {
  const own = await inChart('own', 6.4);
  expect((await notified('ehr.sandbox'))[0]).toMatchObject({ state: 'superseded' });
  expect((await send(oru('own', 'C3', a1c('6.4', 'F'))))[0]).toMatchObject({ state: 'superseded' });
  const [correction] = await send(oru('own', 'C4', a1c('6.9', 'C'), '20260505090000-0500'));
  expect(correction).toMatchObject({ state: 'superseded' });
  // Nobody must think that the chart holds it.
  const { text } = await site.ask(`/v1/messages/${correction?.id ?? ''}`);
  expect(text).toContain('lab/chart-differs');
  expect(await results()).toEqual(['corrected 9.7', 'final 6.4']);
  expect((await site.ask(`/sandbox/fhir/${own}`)).body).toMatchObject({ meta: { versionId: '1' } });
});

test('what the EHR brings after an ORU takes its place', async () => {
  await send(oru('late', 'C5', a1c('5.5', 'F')));
  expect(await results()).toContain('final 5.5');
  await inChart('late', 5.5);
  await notified('ehr.sandbox');
  expect((await results()).filter((one) => one.endsWith(' 5.5'))).toEqual(['entered-in-error 5.5', 'final 5.5']);
});

test('a notification for nobody is refused, and one without a key of its own', async () => {
  const { text } = await site.run(['keys', 'create', 'county-lab', '--scope', 'sources:write:county-lab']);
  const own = { 'x-api-key': /tjd_[\w-]+/.exec(text)?.[0] ?? '', authorization: '' };
  const ask = (name: string, headers = {}) =>
    site.ask(`/v1/lab-sources/${name}/notify`, { method: 'POST', body: 'x', headers });
  expect((await ask('nobody')).status).toBe(404);
  expect((await ask('county-lab', { authorization: 'Bearer x' })).status).toBe(401);
  expect((await ask('county-lab', own)).status).toBe(202);
  expect((await ask('ehr.sandbox', own)).status).toBe(403);
});
