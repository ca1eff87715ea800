import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readMap, toStructureMap } from '../../src/fml/index.ts';
import { tejido as inProcess } from '../cli/fake-parts.ts';

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
    expect(JSON.parse(passing.out)).toEqual({
      cases: [{ name: 'site.visit/01-plain', passed: true }],
      rules: { rules: 3, exercised: 3, unexercised: [] },
    });
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

/** In this process: a start costs more than what it does. */
const here = (...args: readonly string[]) => inProcess(args);

/** A folder of its own with these files; the path of one of them. */
async function filesIn(files: Readonly<Record<string, string>>): Promise<(name: string) => string> {
  const made = await mkdtemp(join(folder, 'more-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(made, name), text);
  return (name) => join(made, name);
}

const patient = `map "urn:map:person" = "person"

uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target

group Person(source src, target patient : Patient) {
  src.name as name -> patient.name as human then {
    name -> human.family = (%name.upper()) "family";
  } "name";
  src.born as born -> patient.birthDate = born "born";
  src.sex as sex check (sex = 'f' or sex = 'm') -> patient.gender = translate(sex, 'urn:cm:sex', 'code') "sex";
}
`;
const sexes = JSON.stringify({
  resourceType: 'ConceptMap',
  url: 'urn:cm:sex',
  group: [{ element: [{ code: 'f', target: [{ code: 'female', equivalence: 'equal' }] }] }],
});

describe('tejido map run, of a map by itself', () => {
  test('takes any JSON, by file, url or name', async () => {
    const at = await filesIn({
      'person.fml': patient,
      'sex.conceptmap.json': sexes,
      'in.json': '{"name":"Rosa","born":"1961-03-02","sex":"f"}',
    });
    const person = { resourceType: 'Patient', name: [{ family: 'ROSA' }], birthDate: '1961-03-02', gender: 'female' };
    const byFile = await here('map', 'run', at('person.fml'), at('in.json'));
    expect([byFile.code, JSON.parse(byFile.out)]).toEqual([0, person]);
    for (const name of ['urn:map:person', 'person']) {
      const { out } = await here('map', 'run', name, at('in.json'), '--maps', at('.'));
      expect(JSON.parse(out)).toEqual(person);
    }
  });

  test('takes a StructureMap in JSON, under any name', async () => {
    const { map: read } = readMap(patient, 'person.fml');
    const at = await filesIn({
      'whatever.json': JSON.stringify(toStructureMap(read, 'R4')),
      'sex.conceptmap.json': sexes,
      'in.json': '{"name":"Rosa"}',
    });
    const { code, out } = await here('map', 'run', at('whatever.json'), at('in.json'));
    expect([code, JSON.parse(out)]).toEqual([0, { resourceType: 'Patient', name: [{ family: 'ROSA' }] }]);
  });

  test('--trace tells each rule with what it read and wrote, aside from the result', async () => {
    const at = await filesIn({ 'person.fml': patient, 'sex.conceptmap.json': sexes, 'in.json': '{"name":"Rosa"}' });
    const { out, err } = await here('map', 'run', at('person.fml'), at('in.json'), '--trace');
    expect(JSON.parse(out)).toMatchObject({ resourceType: 'Patient' });
    expect(err).toMatch(/^group Person /mu);
    expect(err).toMatch(/^ {2}\S*person\.fml:6:3 rule "name"$/mu);
    expect(err).toMatch(/^ {4}reads {2}\S*name as name = "Rosa"$/mu);
    expect(err).toMatch(/^ {6}writes Patient\.name\[0\]\.family = "ROSA"$/mu);
    expect(err).toMatch(/rule "born": nothing to work on/u);
  });

  test('a rule that stops is shown with its line, its path, its value, and what to do', async () => {
    const at = await filesIn({
      'person.fml': patient,
      'sex.conceptmap.json': sexes,
      'date.json': '{"born":"in spring"}',
      'sex.json': '{"sex":"x"}',
      'm.json': '{"sex":"m"}',
    });
    const date = await here('map', 'run', at('person.fml'), at('date.json'));
    expect(date.code).toBe(1);
    expect(date.err).toMatch(/person\.fml:9:3 rule "born": /u);
    expect(date.err).toMatch(/^ {2}9 \| {3}src\.born as born -> patient\.birthDate = born "born";\n {4}\| {3}\^/mu);
    expect(date.err).toContain('"in spring"');
    expect((await here('map', 'run', at('person.fml'), at('sex.json'))).err).toContain('person.fml:10:3 rule "sex"');
    const unmapped = await here('map', 'run', at('person.fml'), at('m.json'), '--json');
    expect(JSON.parse(unmapped.out)).toMatchObject({ stopped: { code: 'unmapped-code' } });
  });

  test('a map that is wrong does not run: all that is wrong is told; maps it does not import do not matter', async () => {
    const at = await filesIn({
      'person.fml': patient.replace('human.family', 'human.famly'),
      'other.fml': patient.replaceAll('person', 'other').replace('born "born"', 'gone "born"'),
      'sex.conceptmap.json': sexes,
      'in.json': '{}',
    });
    const { code, err } = await here('map', 'run', at('person.fml'), at('in.json'));
    expect(code).toBe(1);
    expect(err).toContain('Did you mean “family”?');
    expect(err).not.toContain('other.fml');
  });
});

describe('tejido map test --coverage', () => {
  test('names the rules that no case exercises; --require-coverage fails on them', async () => {
    const site = await mkdtemp(join(folder, 'cover-'));
    await mkdir(join(site, 'cases', 'site.visit', '01-plain'), { recursive: true });
    const more = map.replace('"status";', '"status";\n    src.nothing as n -> r.status = n "never";');
    await writeFile(join(site, 'visit.fml'), more);
    await writeFile(join(site, 'routes.json'), '{"routes":{"site.visit":{"map":"urn:map:visit","contact":true}}}');
    const given = join(site, 'cases', 'site.visit', '01-plain');
    await writeFile(join(given, 'input.json'), await readFile(input(), 'utf8'));
    await writeFile(join(given, 'expected.json'), JSON.stringify([encounter]));
    const plain = await here('map', 'test', site);
    expect([plain.code, plain.err]).toEqual([0, expect.stringContaining('3 of 4 rules exercised; see --coverage')]);
    const required = await here('map', 'test', site, '--require-coverage');
    expect(required.code).toBe(1);
    expect(required.out).toMatch(/visit\.fml:6:5 rule "never" of group Visit/u);
  });
});

describe('tejido map check', () => {
  test('tells all problems of all files with line, caret and suggestion, and ends with 1', async () => {
    const at = await filesIn({
      'person.fml': patient.replace('human.family', 'human.famly'),
      'broken.fml': 'map "urn:b" = "b"\n\ngroup B(source s, target t) {\n  s.a as a -> t.a = a "x"\n}\n',
      'bad.conceptmap.json': '{',
      'sex.conceptmap.json': sexes,
    });
    const { code, out, err } = await here('map', 'check', at('.'));
    expect(code).toBe(1);
    expect(out).toMatch(/broken\.fml:4:\d+: error: /u);
    expect(out).toMatch(/bad\.conceptmap\.json: error: this is not JSON/u);
    expect(out).toMatch(/person\.fml:7:19 rule "family": error: HumanName has no element famly/u);
    expect(out).toMatch(/^ {2}7 \| {5}name -> human\.famly = .*\n {4}\| {19}\^{5}$/mu);
    expect(out).toContain('Did you mean “family”?');
    expect(err).toMatch(/^4 files: 3 errors/mu);
    const one = await here('map', 'check', at('person.fml'), '--json');
    expect(JSON.parse(one.out)).toEqual([
      expect.objectContaining({ code: 'unknown-element', severity: 'error', suggestion: expect.any(String) }),
    ]);
  });

  test('tells what else is wrong in a text that has a gap, in the order of its lines', async () => {
    const text = patient.replace('human.family', 'human.famly').replace('"family";', '"family"');
    const at = await filesIn({ 'person.fml': text, 'sex.conceptmap.json': sexes });
    const { out } = await here('map', 'check', at('person.fml'));
    const places = [...out.matchAll(/person\.fml:(\d+):(\d+)/gu)].map(([, line]) => Number(line));
    expect(places.length).toBeGreaterThan(1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(out).toContain('A rule ends with “;”');
    expect(out).toContain('HumanName has no element famly');
  });

  test('of the built-in maps finds nothing', async () => {
    expect(await here('map', 'check')).toMatchObject({ code: 0, out: '', err: expect.stringContaining('0 errors') });
  });
});

describe('tejido map fmt', () => {
  const ragged = 'map "urn:f" = "f"\n// why\ngroup F(source s,target t){s.a as a->t.a=a "x";}\n';

  test('prints one form; --check names what is not in it; --write writes it', async () => {
    const at = await filesIn({ 'f.fml': ragged });
    const printed = await here('map', 'fmt', at('f.fml'));
    expect(printed.out).toContain('// why\ngroup F(source s, target t) {\n  s.a as a -> t.a = a "x";\n}');
    expect(await readFile(at('f.fml'), 'utf8')).toBe(ragged);
    expect(await here('map', 'fmt', '--check', at('.'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('f.fml'),
    });
    expect((await here('map', 'fmt', '--write', at('.'))).code).toBe(0);
    expect(await readFile(at('f.fml'), 'utf8')).toBe(`${printed.out}\n`);
    expect((await here('map', 'fmt', '--check', at('f.fml'))).code).toBe(0);
  });

  test('leaves alone what cannot be read', async () => {
    const broken = 'map "urn:f" = "f"\ngroup F(source s, target t) { s.a -> ; }\n';
    const at = await filesIn({ 'f.fml': broken });
    expect(await here('map', 'fmt', '--write', at('f.fml'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('f.fml:2:'),
    });
    expect(await readFile(at('f.fml'), 'utf8')).toBe(broken);
  });

  test('has been done to the built-in maps', async () => {
    expect((await here('map', 'fmt', '--check')).code).toBe(0);
  });
});
