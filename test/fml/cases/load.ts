/** Cases of FML as data: a folder with `case.json`, its maps, its runs (`../shared/data/fml/SOURCES.md` has the form). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { extractTypes, type Definition, type TypeExtract } from '../../../src/definitions/extract.ts';
import { readR4Types, TypeTable } from '../../../src/definitions/types.ts';
import type { ConceptMap, MapText } from '../../../src/fml/model.ts';
import type { Problem } from '../../../src/fml/problem.ts';
import { readMap } from '../../../src/fml/text/read.ts';
import type { Library } from '../interpreter/library.ts';

export type CaseRun = {
  readonly name: string;
  readonly input?: string;
  readonly inputs?: readonly string[];
  readonly initialTargets?: readonly string[];
  readonly expected?: string;
  readonly error?: string;
  readonly log?: readonly string[];
};

type CaseFile = {
  readonly map?: string;
  readonly imports?: readonly string[];
  readonly definitions?: readonly string[];
  readonly conceptMaps?: string | readonly string[];
  readonly untyped?: boolean;
  readonly parseError?: unknown;
  readonly runs?: readonly CaseRun[];
};

export type Case = {
  readonly library: Library;
  readonly map: MapText;
  readonly problems: readonly Problem[];
  readonly refused: boolean;
  readonly runs: readonly CaseRun[];
  readonly json: (file: string) => unknown;
};

const isJson = (file: string): boolean => file.endsWith('.json');

let r4: TypeExtract | undefined;
let table: TypeTable | undefined;

/** The types of R4, read once. */
export const r4Extract = (): TypeExtract => (r4 ??= readR4Types());
export const r4Types = (): TypeTable => (table ??= new TypeTable(r4Extract()));

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** Every folder with a `case.json`, as its path inside `root`. */
export function caseNames(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('case.json'))
    .map((file) => file.slice(0, -'/case.json'.length))
    .toSorted();
}

/** Undefined when the case has no map as text. */
export function loadCase(root: string, name: string): Case | undefined {
  const folder = join(root, name);
  const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const json = (file: string): unknown => JSON.parse(text(file));
  const file = json('case.json') as CaseFile;
  if (file.map === undefined || !/\.(?:fml|map)$/u.test(file.map)) return undefined;
  const { map, problems } = readMap(text(file.map), file.map);
  const logical = (file.definitions ?? []).filter(isJson).map((each) => extractTypes(json(each) as Definition));
  const types =
    file.untyped === true ? new TypeTable() : logical.length > 0 ? new TypeTable(r4Extract(), ...logical) : r4Types();
  const imports = (file.imports ?? []).map((each) => readMap(text(each), each));
  return {
    library: {
      types,
      maps: [map, ...imports.map((each) => each.map)],
      conceptMaps: list(file.conceptMaps).flatMap((each) => list(json(each) as ConceptMap | ConceptMap[])),
    },
    map,
    problems: [...problems, ...imports.flatMap((each) => each.problems)],
    refused: file.parseError !== undefined,
    // XML comes from CDA; reading it is not the language's business.
    runs: (file.runs ?? []).filter((run) => [...(run.inputs ?? list(run.input)), ...list(run.expected)].every(isJson)),
    json,
  };
}

export const sourcesOf = ({ json }: Case, run: CaseRun): readonly unknown[] =>
  (run.inputs ?? list(run.input)).map(json);

/** What the run should give, or undefined where the case leaves that open. */
export function expectedOf({ json, library }: Case, run: CaseRun): unknown {
  const expected = run.expected === undefined ? undefined : json(run.expected);
  // Upstream writes resourceType on logical models too; they are no resources.
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) return expected;
  const { resourceType, ...rest } = expected as { resourceType?: string };
  return library.types.get(resourceType)?.kind === 'logical' ? rest : expected;
}

export const sharedCases = resolve('../shared/data/fml');
export const ownCases = resolve('test/fml/cases');

/** `$uuid:N` is any id, the same for the same N; `$any`, `$now`, `$today` are anything. */
export function isSame(expected: unknown, actual: unknown, ids: Map<string, string> = new Map()): boolean {
  if (expected === '$any' || expected === '$now' || expected === '$today') return actual !== undefined;
  if (typeof expected === 'string' && expected.includes('$uuid:') && typeof actual === 'string') {
    const pattern = expected
      .replace(/[.*+?^{}()|[\]\\]/gu, String.raw`\$&`)
      .replace(/\$uuid:(\d+)/gu, '(?<id$1>[0-9a-f-]{36})');
    const groups = new RegExp(`^${pattern}$`, 'u').exec(actual)?.groups;
    return (
      groups !== undefined &&
      Object.entries(groups).every(([key, id]) => {
        if (!ids.has(key)) ids.set(key, id);
        return ids.get(key) === id;
      })
    );
  }
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      expected.length === actual.length &&
      expected.every((item, index) => isSame(item, actual[index], ids))
    );
  if (typeof expected !== 'object' || expected === null) return Object.is(expected, actual);
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return false;
  const [left, right] = [expected as Record<string, unknown>, actual as Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => isSame(left[key], right[key], ids));
}
