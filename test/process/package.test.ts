/** What is published works where it is installed: under node_modules, where Node strips no types. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

/** Below our own node_modules, so that the dependencies are found. */
const folder = mkdtempSync(path.resolve('node_modules/.tejido-package-'));
const installed = path.join(folder, 'node_modules/tejido');
const node = process.execPath;

beforeAll(() => {
  mkdirSync(installed, { recursive: true });
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { encoding: 'utf8', stdio: 'pipe' }).replace(
      /^[^[]*(?=\[\s*\{)/u,
      '',
    ),
  ) as readonly [{ readonly filename: string }];
  execFileSync('tar', ['-xzf', path.join(folder, packed.filename), '--strip-components=1', '-C', installed]);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (program: string): string => {
  const file = path.join(folder, 'program.mjs');
  writeFileSync(file, program);
  return execFileSync(node, [file], { encoding: 'utf8' });
};

test('the command says its help', () => {
  expect(execFileSync(path.join(installed, 'bin/tejido'), ['--help'], { encoding: 'utf8' })).toContain(
    'Usage: tejido [options] [command]',
  );
});

test('the mapping engine runs as a library', () => {
  const printed = run(`
    import { readR4Types, TypeTable } from 'tejido/definitions';
    import { checkMap, compileMap, readMap } from 'tejido/fml';
    const { map } = readMap(\`
      map "http://example.org/sample" = "sample"
      group sample(source src, target tgt : Patient) {
        src.born as born -> tgt.birthDate = born "born";
      }\`, 'sample.fml');
    const library = { types: new TypeTable(readR4Types()), maps: [map], conceptMaps: [] };
    if (checkMap(library, map).some(({ severity }) => severity === 'error')) throw new Error('the map is wrong');
    const { targets } = compileMap(library, map).run({ sources: [{ born: '1970-02-03' }] }, { uuid: () => '', now: new Date(0) });
    console.log(JSON.stringify(targets));
  `);
  expect(JSON.parse(printed)).toEqual([{ resourceType: 'Patient', birthDate: '1970-02-03' }]);
});

test('the validator and FHIRPath run as libraries', () => {
  const printed = run(`
    import { itemOf, readR4Types, TypeTable } from 'tejido/definitions';
    import { compileExpression } from 'tejido/fhirpath';
    import { loadValidator } from 'tejido/validation';
    const { issues } = await loadValidator({ profileFolders: [], igPackages: [] });
    const patient = { resourceType: 'Patient', birthDate: '1970-02-30', gender: 'female' };
    const types = new TypeTable(readR4Types());
    const expression = compileExpression("gender = 'female'", { types });
    console.log(JSON.stringify({
      where: issues(patient).map(({ where }) => where),
      female: expression.test(itemOf(types, patient), { now: new Date(0) }),
    }));
  `);
  expect(JSON.parse(printed)).toEqual({ where: ['Patient.birthDate'], female: true });
});
