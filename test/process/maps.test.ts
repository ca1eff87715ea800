/** Maps that change while Tejido runs: loaded anew, refused when they are wrong, and what waited for a code goes on. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from '../../src/prove/until.ts';
import { aSite, listed, settled, type Site } from './tejido.ts';

jest.setTimeout(120_000);
type Example = { details: Record<string, unknown>; source: Record<string, unknown> };
const weight = (): Example => JSON.parse(readFileSync('schemas/examples/vital.measure.json', 'utf8')) as Example;

let site: Site;
let maps: string;
beforeEach(async () => {
  site = await aSite();
  maps = path.join(site.folder, 'maps');
  await mkdir(maps);
  await site.configure('mappings:\n  folders: [maps]\n');
  await unitTable(false);
});
afterEach(() => site.end());

type Unmapped = { readonly conceptMap: string; readonly code: string; readonly waiting: number };
const unmapped = async (): Promise<readonly Unmapped[]> =>
  ((await site.ask('/v1/unmapped')).body as { unmapped: Unmapped[] }).unmapped;

/** Our table of units with or without pounds; written whole, as an editor does. */
async function unitTable(pounds: boolean): Promise<void> {
  const json = JSON.parse(readFileSync('mappings/unit.conceptmap.json', 'utf8')) as {
    group: { element: { code: string }[] }[];
  };
  for (const group of json.group) group.element = group.element.filter(({ code }) => pounds || code !== 'lb');
  await writeFile(path.join(maps, '.new'), JSON.stringify(json));
  await rename(path.join(maps, '.new'), path.join(maps, 'unit.conceptmap.json'));
}

async function sendPounds(recordId: string): Promise<void> {
  const activity = weight();
  const sent = {
    ...activity,
    source: { ...activity.source, recordId },
    details: { kind: 'weight', value: 150, unit: 'lb', method: 'chw-device' },
  };
  expect((await site.ask('/v1/activities', { method: 'POST', body: sent })).status).toBe(202);
}

describe('a code that no ConceptMap lists', () => {
  test('is in the queue; one row and SIGHUP let every message go on that waits for it; no log line holds it', async () => {
    const program = await site.start();
    await sendPounds('a1');
    await sendPounds('a2');
    expect((await settled(site)).map(({ cause }) => cause)).toEqual(['mapping/unmapped-code', 'mapping/unmapped-code']);
    const [entry] = await unmapped();
    expect(entry).toMatchObject({ code: 'lb', waiting: 2 });
    expect(entry?.conceptMap).toMatch(/ConceptMap\/unit$/u);
    const shown = await site.run(['map', 'unmapped']);
    expect(shown.text).toMatch(/ConceptMap\/unit/u);
    expect(shown.text).toMatch(/lb\s+hold\s+2\s+2/u);
    expect(await listed(site, `&conceptMap=${encodeURIComponent(entry!.conceptMap)}`)).toHaveLength(2);

    await unitTable(true);
    program.signal('SIGHUP');
    expect(await until(async () => ((await unmapped()).length === 0 ? true : undefined), 20_000)).toBe(true);
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed', 'filed']);
    const log = (await site.log()).split('\n').filter((line) => line.startsWith('{'));
    expect(log.join('\n')).toContain('"event":"maps.loaded"');
    expect(log.join('\n')).not.toMatch(/"lb"|\blb\b/u);
  });
});

describe('with --watch-maps', () => {
  test('a sound change is used at once; a broken one is told of, and the old maps go on', async () => {
    await copyFile('mappings/vital-measure.fml', path.join(maps, 'vital-measure.fml'));
    await site.spawn(['start', '--watch-maps']);
    await until(async () => ((await fetch(`${site.url}/readyz`)).ok ? true : undefined), 60_000);
    const text = await readFile(path.join(maps, 'vital-measure.fml'), 'utf8');
    await writeFile(
      path.join(maps, 'vital-measure.fml'),
      `${text}\ngroup Broken(source s, target t) { s.a -> t.b = ; }\n`,
    );
    const told = async (event: string) =>
      (await until(async () => ((await site.log()).includes(`"event":"${event}"`) ? true : undefined), 20_000)) ===
      true;
    expect(await told('maps.problem')).toBe(true);
    expect(await site.log()).toContain('"name":"vital-measure.fml"');
    await sendPounds('b1');
    expect((await settled(site)).map(({ cause }) => cause)).toEqual(['mapping/unmapped-code']);
    await writeFile(path.join(maps, 'vital-measure.fml'), text.replace(/^/u, '// ours\n'));
    expect(await told('maps.loaded')).toBe(true);
    await unitTable(true);
    await until(async () => ((await unmapped()).length === 0 ? true : undefined), 20_000);
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed']);
  });
});

describe('tejido map diff', () => {
  test('tells what a working copy would change of real messages, by kind, without their values', async () => {
    await unitTable(true);
    const program = await site.start();
    await sendPounds('c1');
    await sendPounds('c2');
    const visit = JSON.parse(readFileSync('schemas/examples/contact.home.json', 'utf8')) as unknown;
    await site.ask('/v1/activities', { method: 'POST', body: visit });
    await settled(site);
    program.signal('SIGTERM');
    await program.ended;

    const nothing = await site.run(['map', 'diff', '--since', '1d']);
    expect(nothing.text).toContain('Nothing changes.');
    expect(nothing.code).toBe(0);

    // A measurement inside the visit counts as one. The files change; what was deployed is known to the ledger all the same.
    const text = readFileSync('mappings/vital-measure.fml', 'utf8').replaceAll("'Body weight'", "'Weight of the body'");
    await writeFile(path.join(maps, 'vital-measure.fml'), text);
    const changed = await site.run(['map', 'diff', '--since', '1d']);
    expect(changed.text).toMatch(/vital\.measure \(vital-measure\)/u);
    expect(changed.text).toMatch(/changed\s+Observation\.code\.coding\.display\s+3\s+3 2 1/u);
    expect(changed.text).toMatch(/3 messages change, 0 stay/u);
    expect(changed.text).not.toContain('Weight of the body');
    expect(changed.code).toBe(0);
    const shown = await site.run(['map', 'diff', '--since', '1d', '--type', 'vital.measure', '--show-values']);
    expect(shown.text).toContain('+ "Weight of the body"');

    await unitTable(false);
    const failing = await site.run(['map', 'diff', '--since', '1d', '--type', 'vital.measure', '--json']);
    expect(failing.code).toBe(1);
    const { changes } = JSON.parse(failing.text) as { changes: { what: string; at: string; messages: number }[] };
    expect(changes).toEqual([expect.objectContaining({ what: 'now fails', messages: 2 })]);
    expect(changes[0]?.at).toMatch(/^mapping\/unmapped-code at /u);
  });
});
