/** One direction of dependency: the table of docs/overview.md, held against the imports of every file. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** Folder of src/ → folders it may import. What is not here arrives as an argument from main.ts. */
const allowed: Readonly<Record<string, readonly string[] | 'everything'>> = {
  core: [],
  postgres: ['core'],
  ledger: ['core'],
  definitions: [],
  fhirpath: ['definitions'],
  fml: ['definitions', 'fhirpath'],
  mapping: ['core', 'definitions', 'fml'],
  validation: ['core', 'definitions', 'fhirpath'],
  connections: ['core', 'hl7v2', 'mllp'],
  sources: ['core'],
  hl7v2: ['core'],
  mllp: ['core', 'hl7v2'],
  roster: ['core'],
  inbound: ['core'],
  sandbox: ['core'],
  observe: ['core'],
  config: ['core'],
  wake: ['core'],
  pipeline: ['core', 'mapping', 'validation'],
  assembly: 'everything',
  demo: ['core', 'sandbox'],
  prove: 'everything',
  cli: 'everything',
  main: 'everything',
};

const root = path.resolve('src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const folderOf = (file: string): string => (file.includes(path.sep) ? (file.split(path.sep)[0] ?? '') : 'main');

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm)].map(
    (match) => ({
      from: file,
      to: path.relative(root, path.resolve(root, path.dirname(file), match[2] ?? '')),
      typeOnly: match[1] !== undefined,
    }),
  );
}

const imports = files.flatMap(importsOf);

describe('the architecture', () => {
  test('has no folder that the table does not know', () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in allowed))).toEqual([]);
  });

  test('has imports in one direction only', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [source, target] = [folderOf(from), folderOf(to)];
      const may = allowed[source];
      return source !== target && may !== 'everything' && may?.includes(target) !== true;
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test('has no file that imports itself in a circle at run time', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
      else if (!done.has(file)) {
        for (const to of next.get(file) ?? []) visit(to, [...trail, file]);
        done.add(file);
      }
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  test('keeps SQL in the ledger and the postgres supervisor', () => {
    const withSql = files.filter((file) =>
      /\b(?:from\s+['"]kysely['"]|new pg\.|\.query\()/.test(readFileSync(path.join(root, file), 'utf8')),
    );
    expect(withSql.filter((file) => !['ledger', 'postgres', 'wake', 'main'].includes(folderOf(file)))).toEqual([]);
  });

  test('keeps core free of input, output, clocks and dice', () => {
    const impure = files
      .filter((file) => folderOf(file) === 'core')
      .filter((file) =>
        /Date\.now\(|new Date\(\)|Math\.random\(|setTimeout|from 'node:(?!crypto')/.test(
          readFileSync(path.join(root, file), 'utf8'),
        ),
      );
    expect(impure).toEqual([]);
  });
});
