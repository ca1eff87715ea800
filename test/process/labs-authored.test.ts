/** The authored messages, in their order, through the real door into the chart that they expect: what stands there at the end. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { splitBatch } from '../../src/hl7v2/batch.ts';
import { until } from '../../src/prove/until.ts';
import { aSite, listed, settled, type Site } from './tejido.ts';

const folder = path.resolve('../shared/data/hl7v2/authored-quirks');
const present = existsSync(folder);
if (!present && process.env['CI'] === 'true')
  throw new Error('the shared test data are not there, and CI must run all tests');
if (!present) process.stderr.write('notice: ../shared/data/hl7v2 is absent; the authored messages are not sent\n');

jest.setTimeout(180_000);

type Resource = Record<string, unknown> & { readonly resourceType: string };
type Patient = Resource & { identifier: readonly { system: string; value: string }[] };

const json = (file: string): unknown => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));

(present ? describe : describe.skip)('the authored messages', () => {
  let site: Site;
  /** `Patient/…` of an MRN. */
  const charts = new Map<string, string>();
  const codes = new Map<string, readonly string[]>();

  const send = (file: string): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      const bytes = readFileSync(path.join(folder, file));
      const sent = file.endsWith('.mllp')
        ? bytes
        : Buffer.concat(
            splitBatch(bytes).messages.map((raw) =>
              Buffer.concat([Buffer.from([0x0b]), raw, Buffer.from([0x1c, 0x0d])]),
            ),
          );
      const wanted = sent.toString('latin1').split('\u001c').length - 1;
      const socket = connect(site.mllpPort, '127.0.0.1', () => socket.write(sent));
      let heard = '';
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1');
        const answers = heard.split('\u001c\r').slice(0, -1);
        if (answers.length < wanted) return;
        socket.destroy();
        resolve(answers.map((answer) => /\rMSA\W([A-Z]{2})/.exec(answer)?.[1] ?? answer));
      });
      socket.on('error', reject);
    });

  const results = async (mrn: string, code: string, field = 'code'): Promise<readonly Resource[]> =>
    (await site.chart(
      `Observation?${field}=${code}&subject=${charts.get(mrn) ?? 'none'}&_count=200`,
    )) as readonly Resource[];
  const byFiller = (filler: string) => site.chart(`DiagnosticReport?identifier=${filler}`);

  beforeAll(async () => {
    site = await aSite();
    await site.configure(
      JSON.stringify({
        programme: { id: 'p', name: 'P', timeZone: 'America/Chicago' },
        mllp: { senders: [{ name: 'labcore', match: {}, mrnAuthorities: ['ALIVIO'] }] },
      }),
    );
    await site.start();
    const { entry } = json('patients-in-ehr.json') as { entry: readonly { resource: Patient }[] };
    for (const { resource } of entry.filter((one) => one.resource.resourceType === 'Patient')) {
      const { id: _, ...patient } = resource;
      const mrn = patient.identifier[0]?.value ?? '';
      const { body, status, text } = await site.ask('/sandbox/fhir/Patient', {
        method: 'POST',
        body: { ...patient, active: true, identifier: [{ system: 'urn:tejido:sandbox:mrn', value: mrn }] },
      });
      if (status !== 201) throw new Error(text);
      charts.set(mrn, `Patient/${(body as { id: string }).id}`);
    }
    for (const file of readdirSync(folder)
      .filter((one) => /\.(?:hl7|mllp)$/.test(one))
      .toSorted()) {
      codes.set(file, await send(file));
    }
    await until(async () => ((await listed(site)).length > 30 ? true : undefined), 30_000);
    await settled(site);
  });
  afterAll(() => site.end());

  test('are acknowledged as expected', () => {
    const { cases } = json('expected.json') as {
      cases: readonly { file: string; messages: readonly { ack?: string; anyAck?: readonly string[] }[] }[];
    };
    for (const { file, messages } of cases) {
      const wanted = messages.flatMap(({ ack, anyAck }) =>
        ack === undefined ? (anyAck === undefined ? [] : [anyAck]) : [[ack]],
      );
      const given = codes.get(file) ?? [];
      for (const [n, any] of wanted.entries())
        expect([file, any]).toEqual([
          file,
          expect.arrayContaining([given[file.startsWith('17') && n > 0 ? n + 1 : n]]),
        ]);
    }
  });

  test('13: preliminary, final, corrected, posted in error are one report and one result, gone from view', async () => {
    const reports = await byFiller('F-5013');
    expect(reports).toHaveLength(1);
    expect(reports[0]).not.toHaveProperty('result');
    const { identifier = [] } = reports[0] as { identifier?: readonly { system: string; value: string }[] };
    const artifact = identifier.find(({ system }) => system.includes('tejido'))?.value.replace(/\.report$/, '');
    const gone = (await results('100200300', '4548-4')).filter((one) =>
      JSON.stringify(one['identifier']).includes(artifact ?? '?'),
    );
    expect(gone).toMatchObject([{ status: 'entered-in-error' }]);
    expect(gone[0]).not.toHaveProperty('valueQuantity');
    const were = (await site.chart('Provenance?_count=200')).map((one) => JSON.stringify(one['entity']));
    expect(were.filter((one) => one.includes('8.7 %')).length).toBe(1);
  });

  test('19: what is sent again files nothing; a control id used again for somebody else does', async () => {
    expect(await byFiller('F-5019')).toHaveLength(1);
    expect(await byFiller('F-5019X')).toHaveLength(charts.has('100200319') ? 1 : 0);
    const again = (await listed(site)).filter(({ state }) => state === 'superseded');
    expect(again.length).toBeGreaterThan(0);
  });

  test('14: the reflex test points to the report it grew out of', async () => {
    const [[parent], [child]] = [await byFiller('F-5014'), await byFiller('F-5014R')];
    expect(JSON.stringify(child)).toContain(`DiagnosticReport/${String(parent?.['id'])}`);
  });

  test('21: a similar patient is another patient', async () => {
    const similar = await results('100200301', '4548-4');
    expect(similar.length).toBeLessThanOrEqual(1);
    for (const one of await results('100200300', '4548-4')) expect(JSON.stringify(one)).not.toContain('100200301');
  });

  test('no resource holds a character that could not be read, or a not-a-number', async () => {
    const all = JSON.stringify(
      await Promise.all(
        ['Observation', 'DiagnosticReport', 'Specimen'].map((type) => site.chart(`${type}?_count=500`)),
      ),
    );
    expect(all).not.toMatch(/\uFFFD|NaN|undefined/);
  });

  test('what is not filed says why', async () => {
    const held = (await listed(site)).filter(({ state }) => state === 'held');
    expect(new Set(held.map(({ cause }) => cause))).toEqual(
      new Set(['match/unknown-patient', 'source/unsupported', 'source/unreadable']),
    );
  });
});
