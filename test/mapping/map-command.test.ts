import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const program = resolve('src/cli/main.ts');

const tejido = (...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((done, failed) => {
    const child = spawn(process.execPath, [program, ...args]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', failed);
    child.on('close', (code) => done({ code, out, err }));
  });

const map = `map "urn:map:visit" = "visit"
group Visit(source src, target bundle : Bundle) {
  src -> bundle.entry as e, e.resource = create('Encounter') as r then {
    src log ('seen') -> r.identifier as i, i.system = (%src.context.programme.artifactSystem), i.value = (%src.artifact & '.encounter') "id";
    src -> r.status = 'finished' "status";
  } "encounter";
}
`;
const encounter = {
  artifact: 'rec1.encounter',
  do: 'put',
  resource: {
    resourceType: 'Encounter',
    identifier: [{ system: 'https://tejido.dev/artifact', value: 'rec1.encounter' }],
    status: 'finished',
  },
};

let folder: string;
const input = (): string => join(folder, 'cases', 'site.visit', '01-plain', 'input.json');
const expected = (): string => join(folder, 'cases', 'site.visit', '01-plain', 'expected.json');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tejido-site-'));
  await mkdir(join(folder, 'cases', 'site.visit', '01-plain'), { recursive: true });
  await writeFile(join(folder, 'visit.fml'), map);
  await writeFile(join(folder, 'routes.json'), '{"routes":{"site.visit":{"map":"urn:map:visit","contact":true}}}');
  await writeFile(
    input(),
    JSON.stringify({
      activity: { activityType: 'site.visit', status: 'completed', occurredAt: '2026-05-06T18:05:00-05:00' },
      context: { programme: { artifactSystem: 'https://tejido.dev/artifact' } },
    }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

describe('tejido map', () => {
  test('test shows the difference and fails, --update writes what came, and then it passes', async () => {
    await writeFile(
      expected(),
      JSON.stringify([{ ...encounter, resource: { ...encounter.resource, status: 'planned' } }]),
    );
    const failing = await tejido('map', 'test', folder);
    expect(failing.code).toBe(1);
    expect(failing.out).toContain('differs site.visit/01-plain');
    expect(failing.out).toMatch(/-\s+"status": "planned"\n\+\s+"status": "finished"/u);
    const updating = await tejido('map', 'test', folder, '--update');
    expect(updating.code).toBe(0);
    expect(JSON.parse(await readFile(expected(), 'utf8'))).toEqual([encounter]);
    const passing = await tejido('map', 'test', folder, '--json');
    expect(passing.code).toBe(0);
    expect(JSON.parse(passing.out)).toEqual([{ name: 'site.visit/01-plain', passed: true }]);
  });

  test('run prints the resources, and the lines of log aside', async () => {
    const shown = await tejido('map', 'run', 'site.visit', input(), '--maps', folder);
    expect(shown).toMatchObject({
      code: 0,
      err: 'seen\n',
      out: expect.stringContaining('# put Encounter rec1.encounter'),
    });
    const json = await tejido('map', 'run', 'site.visit', input(), '--maps', folder, '--json');
    expect(JSON.parse(json.out)).toEqual([{ ...encounter, fullUrl: 'urn:uuid:rec1.encounter' }]);
  });

  test('a type without a route, a missing file and a broken folder fail with a reason', async () => {
    expect(await tejido('map', 'run', 'dance', input())).toMatchObject({
      code: 1,
      err: expect.stringContaining('dance has no route'),
    });
    expect(await tejido('map', 'run', 'site.visit', '/nowhere.json', '--maps', folder)).toMatchObject({
      code: 1,
      out: '',
    });
    expect(await tejido('map', 'test', '/nowhere')).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be read'),
    });
  });
});
