/**
 * Public and authored cases of the FHIR Mapping Language (`../shared/data/fml`). Those that do not pass yet stand in
 * `not-yet.json` with the reason; the list can only shrink: a case that passes must leave it.
 */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkMap } from '../../src/mapping/check.ts';
import { makeEvaluate } from '../../src/mapping/expression.ts';
import type { ConceptMap } from '../../src/mapping/model.ts';
import { readMap } from '../../src/mapping/read.ts';
import { runMap } from '../../src/mapping/run.ts';
import { jsonOf } from '../../src/mapping/tree.ts';
import { extractTypes, readR4Types, TypeTable } from '../../src/mapping/types.ts';

const data = resolve('../shared/data/fml');
const present = existsSync(data) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/fml is absent; the FML cases are skipped\n');

type Run = {
  readonly name: string;
  readonly input?: string;
  readonly inputs?: readonly string[];
  readonly initialTargets?: readonly string[];
  readonly expected?: string;
  readonly error?: string;
  readonly log?: readonly string[];
};
type Case = {
  readonly map?: string;
  readonly imports?: readonly string[];
  readonly definitions?: readonly string[];
  readonly conceptMaps?: string | readonly string[];
  readonly untyped?: boolean;
  readonly parseError?: unknown;
  readonly runs?: readonly Run[];
};

const notYet = JSON.parse(readFileSync(new URL('not-yet.json', import.meta.url), 'utf8')) as Record<string, string>;
const r4 = readR4Types();

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

function library(folder: string, definition: Case) {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const json = (name: string): unknown => JSON.parse(text(name));
  const map = readMap(text(definition.map ?? ''), definition.map ?? '');
  const logical = (definition.definitions ?? []).map((name) => extractTypes(json(name) as object));
  return {
    json,
    map,
    library: {
      types: definition.untyped === true ? new TypeTable() : new TypeTable(r4, ...logical),
      maps: [map, ...(definition.imports ?? []).map((name) => readMap(text(name), name))],
      conceptMaps: list(definition.conceptMaps).flatMap((name) => list(json(name) as ConceptMap | ConceptMap[])),
      evaluate: makeEvaluate(),
    },
  };
}

/** `$uuid:N` is any id, the same for the same N; `$any`, `$now`, `$today` are anything. */
function same(expected: unknown, actual: unknown, ids: Map<string, string>): boolean {
  if (expected === '$any' || expected === '$now' || expected === '$today') return actual !== undefined;
  if (typeof expected === 'string' && expected.includes('$uuid:') && typeof actual === 'string') {
    const pattern = expected
      .replace(/[.*+?^{}()|[\]\\]/gu, String.raw`\$&`)
      .replace(/\$uuid:(\d+)/gu, '(?<id$1>[0-9a-f-]{36})');
    const groups = new RegExp(`^${pattern}$`, 'u').exec(actual)?.groups;
    if (groups === undefined) return false;
    return Object.entries(groups).every(([key, id]) => {
      if (!ids.has(key)) ids.set(key, id);
      return ids.get(key) === id;
    });
  }
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      expected.length === actual.length &&
      expected.every((item, index) => same(item, actual[index], ids))
    );
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return false;
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].every((key) =>
      same((expected as Record<string, unknown>)[key], (actual as Record<string, unknown>)[key], ids),
    );
  }
  return Object.is(expected, actual);
}

/** What is wrong with the case as it runs now, or nothing. */
function faultOf(name: string): string | undefined {
  const folder = join(data, name);
  const definition = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Case;
  if (definition.map === undefined || !/\.(?:fml|map)$/u.test(definition.map)) return undefined;
  let loaded: ReturnType<typeof library>;
  try {
    loaded = library(folder, definition);
  } catch (error) {
    return definition.parseError === undefined ? `cannot be read: ${String(error)}` : undefined;
  }
  if (definition.parseError !== undefined)
    return checkMap(loaded.map, loaded.library.maps, loaded.library.conceptMaps).length > 0
      ? undefined
      : 'should be refused';
  for (const run of definition.runs ?? []) {
    const log: string[] = [];
    let count = 0;
    const uuid = (): string => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`;
    let result: readonly unknown[];
    try {
      const sources = (run.inputs ?? list(run.input)).map(loaded.json);
      const targets = (run.initialTargets ?? []).map(loaded.json);
      result = runMap(loaded.library, loaded.map, { sources, targets }, { uuid, log: (line) => log.push(line) }).map(
        (node) => jsonOf(loaded.library.types, node) ?? {},
      );
    } catch (error) {
      if (run.error === undefined) return `${run.name}: ${String(error)}`;
      continue;
    }
    if (run.error !== undefined) return `${run.name}: no error, but ${run.error}`;
    if (run.log !== undefined && JSON.stringify(run.log) !== JSON.stringify(log))
      return `${run.name}: log ${JSON.stringify(log)}`;
    if (run.expected === undefined) continue;
    const expected = withoutLogicalType(loaded.json(run.expected), loaded.library.types);
    const actual: unknown = Array.isArray(expected) ? result : result[0];
    if (!same(expected, actual, new Map()))
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

const suites = ['tutorial', 'medplum', 'authored', 'mapping-language-ig', 'sdc', 'sdohcc', 'fhircore', 'android-fhir'];

(present ? describe : describe.skip)('the FML cases', () => {
  const names = present
    ? suites
        .flatMap((suite) => readdirSync(join(data, suite)).map((name) => `${suite}/${name}`))
        .filter((name) => existsSync(join(data, name, 'case.json')))
    : [];
  test('there are cases', () => expect(names.length).toBeGreaterThan(100));
  test.each(names)('%s gives the expected result, or is listed as not yet', (name) => {
    const fault = faultOf(name);
    if (Object.hasOwn(notYet, name))
      expect({ name, fault: fault === undefined ? 'none: remove it from not-yet.json' : 'some' }).toEqual({
        name,
        fault: 'some',
      });
    else expect({ name, fault: fault ?? 'none' }).toEqual({ name, fault: 'none' });
  });
  test('the list of what does not pass names cases only', () => {
    expect(Object.keys(notYet).filter((name) => !names.includes(name))).toEqual([]);
  });
});
