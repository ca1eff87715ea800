/** What the public and authored cases of `../shared/data/fml` say of the maps themselves, without running them. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { MapText, Rule } from '../../../src/fml/model.ts';
import type { Problem } from '../../../src/fml/problem.ts';
import { readMap } from '../../../src/fml/text/read.ts';
import { fromStructureMap } from '../../../src/fml/text/structure-map-read.ts';
import { toStructureMap } from '../../../src/fml/text/structure-map-write.ts';
import { writeMap } from '../../../src/fml/text/write.ts';
import { withoutPlaces } from './without-places.ts';

const data = resolve('../shared/data/fml');
const present = existsSync(data) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/fml is absent; what its maps say is not tested\n');

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

type Case = {
  readonly name: string;
  readonly folder: string;
  readonly map: string;
  readonly imports: readonly string[];
  readonly facts?: unknown;
  readonly assertions: Readonly<Record<string, unknown>>;
  readonly compiled: readonly string[];
};

const cases: readonly Case[] = (present ? globSync(join(data, '*/*/case.json')) : []).flatMap((path) => {
  const folder = dirname(path);
  const definition = read(path) as {
    map?: string;
    imports?: string[];
    parse?: string;
    parseAssertions?: Record<string, unknown>;
    compiled?: string[];
  };
  if (definition.map === undefined) return [];
  return [
    {
      name: relative(data, folder),
      folder,
      map: definition.map,
      imports: definition.imports ?? [],
      ...(definition.parse === undefined ? {} : { facts: read(join(folder, definition.parse)) }),
      assertions: definition.parseAssertions ?? {},
      compiled: (definition.compiled ?? []).filter((name) => name.endsWith('.json')),
    },
  ];
});

const readCaseMap = (folder: string, name: string): { map: MapText; problems: readonly Problem[] } => {
  const text = readFileSync(join(folder, name), 'utf8');
  return name.endsWith('.json') ? fromStructureMap(JSON.parse(text), name) : readMap(text, name);
};

const deep = (rules: readonly Rule[]): readonly Rule[] => rules.flatMap((rule) => [rule, ...deep(rule.rules)]);

/** The map in the words of `parse-facts.json`. */
function factsOf(map: MapText): unknown {
  const counts: Record<string, number> = {};
  for (const rule of map.groups.flatMap(({ rules }) => deep(rules)))
    for (const { transform } of rule.targets) {
      const name = rule.shorthand ? '(simple)' : (transform?.name ?? '(none)');
      counts[name] = (counts[name] ?? 0) + 1;
    }
  return {
    ...(map.url === '' ? {} : { url: map.url }),
    ...(map.name === '' ? {} : { name: map.name }),
    structures: map.structures.length,
    imports: map.imports.map(({ canonical }) => canonical),
    constants: map.constants.map(({ name }) => name),
    conceptMaps: map.conceptMaps.map(({ id, group = [] }) => ({
      id,
      elements: group.flatMap(({ element = [] }) => element).length,
    })),
    groups: map.groups.map((group) => ({
      name: group.name,
      ...(group.extends === undefined ? {} : { extends: group.extends }),
      ...(group.typeMode === 'none' ? {} : { typeMode: group.typeMode }),
      inputs: group.inputs
        .map(({ mode, name, type }) => `${mode} ${name}${type === undefined ? '' : `:${type}`}`)
        .join(', '),
      rules: group.rules.length,
      rulesDeep: deep(group.rules).length,
    })),
    targetsByTransform: counts,
  };
}

/** `group[0].rule.count()` of a StructureMap: all values on the path, or their number. */
function valuesAt(json: unknown, path: string): readonly unknown[] {
  const [plain = ''] = path.split(/ or | \(/u);
  let values: readonly unknown[] = [json];
  for (const step of plain.split('.')) {
    if (step === 'count()') return [values.length];
    const [, name = '', index] = /^(\w+)(?:\[(\d+)\])?$/u.exec(step) ?? [];
    const found = values.flatMap((value) => (value as Record<string, unknown>)[name] ?? []);
    values = index === undefined ? found : found.slice(Number(index), Number(index) + 1);
  }
  return values;
}

/** Without what HAPI lets go or adds when it compiles. */
const comparable = (json: unknown): unknown => {
  const {
    id: _id,
    title: _title,
    description: _description,
    status: _status,
    ...map
  } = json as Record<string, unknown>;
  return JSON.parse(JSON.stringify(map, (key, value: unknown) => (key === 'documentation' ? undefined : value)));
};

/** What upstream compiled from an earlier text of the map. */
const stale: Readonly<Record<string, string>> = {
  'tutorial/step03b': 'another condition',
  'tutorial/step03c': 'another check',
  'tutorial/step04b2': 'another condition',
  'tutorial/step04b3': 'another condition',
  'tutorial/step04c': 'other conditions',
  'tutorial/step09': 'another url',
  'tutorial/step13': 'no id yet',
};

const named = cases.map((each) => [each.name, each] as const);

(present ? describe : describe.skip)('the maps of the cases', () => {
  test('there are cases', () => expect(cases.length).toBeGreaterThan(100));

  test.each(named)('%s is read as it should', (_, { folder, map: name, imports, facts, assertions }) => {
    const all = [name, ...imports].map((each) => readCaseMap(folder, each));
    expect(all.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'error'))).toEqual([]);
    const [first] = all;
    if (first === undefined) throw new Error('no map');
    if (facts !== undefined)
      expect(Array.isArray(facts) ? all.map(({ map }) => factsOf(map)) : factsOf(first.map)).toEqual(facts);
    const json = toStructureMap(first.map, 'R4');
    for (const [path, expected] of Object.entries(assertions))
      expect({ path, values: valuesAt(json, path) }).toEqual({ path, values: [expected].flat() });
  });

  test.each(named)('%s is written so that it reads the same', (_, { folder, map: name }) => {
    const { map } = readCaseMap(folder, name);
    const text = writeMap(map);
    const again = readMap(text, name);
    expect(withoutPlaces(again.map)).toEqual(withoutPlaces(map));
    expect(writeMap(again.map)).toBe(text);
  });

  test.each(named)('%s is the same map after a way through StructureMap', (_, { folder, map: name }) => {
    const { map } = readCaseMap(folder, name);
    for (const release of ['R4', 'R5'] as const) {
      const json = toStructureMap(map, release);
      const { map: again, problems } = fromStructureMap(JSON.parse(JSON.stringify(json)), name);
      expect(problems.filter(({ what }) => !/has no (?:url|name)$/u.test(what))).toEqual([]);
      expect(JSON.parse(JSON.stringify(toStructureMap(again, release)))).toEqual(JSON.parse(JSON.stringify(json)));
      expect(factsOf(again)).toEqual(factsOf(map));
      const text = readMap(writeMap(again), name);
      expect(withoutPlaces(text.map)).toMatchObject({ groups: withoutPlaces(again.groups) });
    }
  });

  const compiled = cases.filter(({ name, compiled: names }) => names.length > 0 && !Object.hasOwn(stale, name));
  test.each(compiled.map((each) => [each.name, each] as const))(
    '%s is the StructureMap that others make of it',
    (_, { folder, map: name, compiled: names }) => {
      const { map } = readCaseMap(folder, name);
      const { map: theirs, problems } = fromStructureMap(read(join(folder, names[0] ?? '')), name);
      expect(problems).toEqual([]);
      expect(comparable(toStructureMap(map, 'R4'))).toEqual(comparable(toStructureMap(theirs, 'R4')));
    },
  );
});
