/**
 * Public and authored cases of the FHIR Mapping Language (`../shared/data/fml`): the result of each run. Those that do
 * not pass stand in `not-passing.json` with the reason; a case that passes must leave it.
 */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { extractTypes } from '../../../src/definitions/extract.ts';
import { itemOf } from '../../../src/definitions/item.ts';
import { readR4Types, TypeTable } from '../../../src/definitions/types.ts';
import { compileExpression } from '../../../src/fhirpath/index.ts';
import { compileMap } from '../../../src/fml/run/index.ts';
import type { Library } from '../../../src/fml/link.ts';
import type { ConceptMap, MapText } from '../../../src/fml/model.ts';
import { readMap } from '../../../src/fml/text/read.ts';
import { isSame } from '../cases/load.ts';

const data = resolve('../shared/data/fml');
const present = existsSync(data) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/fml is absent; the FML cases are skipped\n');

type CaseRun = {
  readonly name: string;
  readonly input?: string;
  readonly inputs?: readonly string[];
  readonly initialTargets?: readonly string[];
  readonly expected?: string;
  readonly error?: string;
  readonly log?: readonly string[];
  readonly assertions?: readonly {
    readonly path: string;
    readonly equals?: unknown;
    readonly contains?: string;
    readonly count?: number;
  }[];
};
type Case = {
  readonly map?: string;
  readonly imports?: readonly string[];
  readonly definitions?: readonly string[];
  readonly conceptMaps?: string | readonly string[];
  readonly untyped?: boolean;
  readonly runs?: readonly CaseRun[];
};

const notPassing = JSON.parse(readFileSync(new URL('not-passing.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;
const r4 = readR4Types();

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

function libraryOf(folder: string, definition: Case) {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const json = (name: string): unknown => JSON.parse(text(name));
  const read = (name: string): MapText => readMap(text(name), name).map;
  const map = read(definition.map ?? '');
  const logical = (definition.definitions ?? []).map((name) => extractTypes(json(name) as object));
  const library: Library = {
    types: definition.untyped === true ? new TypeTable() : new TypeTable(r4, ...logical),
    maps: [map, ...(definition.imports ?? []).map(read)],
    conceptMaps: list(definition.conceptMaps).flatMap((name) => list(json(name) as ConceptMap | ConceptMap[])),
  };
  return { json, map, library };
}

function assertionFault(types: TypeTable, result: unknown, run: CaseRun): string | undefined {
  const root = itemOf(types, result);
  for (const { path, equals, contains, count } of run.assertions ?? []) {
    const found = root === undefined ? [] : compileExpression(path, { types }).evaluate([root], { now: new Date() });
    const values = found.map(({ json }) => json);
    if (count !== undefined && values.length !== count) return `${path}: ${values.length}, not ${count}`;
    if (equals !== undefined && !isSame(equals, values[0])) return `${path} is ${JSON.stringify(values)}`;
    if (contains !== undefined && !JSON.stringify(values).includes(contains))
      return `${path} is ${JSON.stringify(values)}`;
  }
  return undefined;
}

/** What is wrong with the case as it runs now, or nothing. */
function faultOf(name: string): string | undefined {
  const folder = join(data, name);
  const definition = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Case;
  if (definition.map === undefined || definition.runs === undefined) return undefined;
  if (!/\.(?:fml|map)$/u.test(definition.map)) return undefined;
  let loaded: ReturnType<typeof libraryOf>;
  try {
    loaded = libraryOf(folder, definition);
  } catch (error) {
    return `cannot be read: ${String(error)}`;
  }
  const { json, map, library } = loaded;
  const compiled = compileMap(library, map);
  for (const run of definition.runs) {
    const log: string[] = [];
    let count = 0;
    const uuid = (): string => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`;
    let result: readonly unknown[];
    try {
      const sources = (run.inputs ?? list(run.input)).map(json);
      const targets = (run.initialTargets ?? []).map(json);
      result = compiled.run(
        { sources, targets },
        { uuid, now: new Date('2026-05-06T10:00:00Z'), log: (line) => void log.push(line) },
      ).targets;
    } catch (error) {
      if (run.error === undefined) return `${run.name}: ${String(error)} ${JSON.stringify(error)}`;
      continue;
    }
    if (run.error !== undefined) return `${run.name}: no error, but ${run.error}`;
    if (run.log !== undefined && JSON.stringify(run.log) !== JSON.stringify(log))
      return `${run.name}: log ${JSON.stringify(log)}`;
    const asserted = assertionFault(library.types, result[0], run);
    if (asserted !== undefined) return `${run.name}: ${asserted}`;
    if (run.expected === undefined) continue;
    const expected = withoutLogicalType(json(run.expected), library.types);
    const actual: unknown = Array.isArray(expected) ? result : result[0];
    if (!isSame(expected, actual))
      return `${run.name}: expected ${JSON.stringify(expected)}, came ${JSON.stringify(actual)}`;
  }
  return undefined;
}

/** Upstream writes resourceType on logical models too; they are no resources. */
function withoutLogicalType(json: unknown, types: TypeTable): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const { resourceType, ...rest } = json as { resourceType?: string };
  return types.get(resourceType)?.kind === 'logical' ? rest : json;
}

(present ? describe : describe.skip)('the FML cases, run', () => {
  const names = present
    ? readdirSync(data)
        .filter((suite) => !suite.includes('.'))
        .flatMap((suite) => readdirSync(join(data, suite)).map((name) => `${suite}/${name}`))
        .filter((name) => existsSync(join(data, name, 'case.json')))
    : [];
  test('there are cases', () => expect(names.length).toBeGreaterThan(100));
  test.each(names)('%s gives the expected result, or is listed with the reason', (name) => {
    const fault = faultOf(name);
    if (Object.hasOwn(notPassing, name))
      expect({ name, fault: fault === undefined ? 'none: remove it from not-passing.json' : 'some' }).toEqual({
        name,
        fault: 'some',
      });
    else expect({ name, fault: fault ?? 'none' }).toEqual({ name, fault: 'none' });
  });
  test('the list of what does not pass names cases only', () => {
    expect(Object.keys(notPassing).filter((name) => !names.includes(name))).toEqual([]);
  });
});
