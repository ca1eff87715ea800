/** What the golden cases expect, judged: by R4, our profiles and US Core; by the code tables; by a reader of the notes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { filedTypes } from '../../src/connections/fhir/capability.ts';
import { voided } from '../../src/connections/fhir/voiding.ts';
import type { Resource } from '../../src/core/ports.ts';
import { readMap } from '../../src/fml/text/read.ts';
import { loadValidator, type Validator } from '../../src/validation/load.ts';

type Expected = { readonly artifact: string; readonly do: 'put' | 'merge'; readonly resource: Resource };

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const root = 'mappings/cases';
const cases = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('expected.json'));
const expectedOf = (path: string): readonly Expected[] => {
  const expected = json(join(root, path));
  return Array.isArray(expected) ? (expected as Expected[]) : [];
};
const all = cases.flatMap((path) => expectedOf(path).map((each) => ({ path, ...each })));
// A merge is a part of a resource; only what is put is whole.
const put = all.filter((each) => each.do === 'put');

const shared = resolve('../shared/data');
const present = existsSync(shared);
if (!present && process.env['CI'] === 'true')
  throw new Error('the shared test data are not there, and CI must run all tests');
const withShared = present ? describe : describe.skip;
if (!present) process.stderr.write('US Core and code tables: skipped, ../shared/data is not there\n');

const errorsOf = (resource: Resource, { validate }: Validator): string[] =>
  validate(resource)
    .filter(({ severity }) => severity !== 'warning')
    .map(({ where, what }) => `${where}: ${what}`);

const statedBy = (resource: Resource): readonly string[] => (resource['meta'] as { profile?: string[] }).profile ?? [];

const noteOf = (resource: Resource): string | undefined => {
  const content = resource['content'] as { attachment: { data: string } }[] | undefined;
  const data = resource.resourceType === 'DocumentReference' ? content?.[0]?.attachment.data : undefined;
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
};

const ours = await loadValidator({ profileFolders: ['profiles'], igPackages: [] });

describe('what the golden cases expect', () => {
  test('is valid FHIR R4 and meets our profile, which every resource states', () => {
    expect(ours.problems).toEqual([]);
    for (const { path, artifact, resource } of put) {
      const stated = statedBy(resource).filter((url) => url.startsWith('https://tejido.dev/'));
      expect([path, artifact, stated.filter((url) => ours.profiles.includes(url)).length]).toEqual([path, artifact, 1]);
      expect([path, artifact, errorsOf(resource, ours)]).toEqual([path, artifact, []]);
    }
  });

  test('is of types that the check of an EHR asks for, and of all of them', () => {
    expect([...new Set(all.map(({ resource }) => resource.resourceType))].toSorted()).toEqual([...filedTypes]);
  });

  test('stays valid when it is withdrawn', () => {
    for (const { path, resource } of put) {
      // A Provenance has no status.
      if (resource.resourceType === 'Provenance') continue;
      const withdrawn = voided(resource);
      // A study that was declined, and a result that its laboratory withdrew, are marked as such already.
      if (withdrawn === undefined && resource.resourceType === 'ResearchSubject') continue;
      if (withdrawn === undefined && resource['status'] === 'entered-in-error') continue;
      expect([path, withdrawn && errorsOf(withdrawn, ours)]).toEqual([path, []]);
    }
  });

  test.each<[string, string, string, object]>([
    ['an encounter without CHW', 'contact.phone/01', 'Encounter', { participant: undefined }],
    ['an encounter that goes on', 'contact.phone/01', 'Encounter', { status: 'in-progress' }],
    ['an observation without method', 'vital.measure/01', 'Observation', { method: undefined }],
    [
      "a patient's reading that is not tagged so",
      'vital.measure/04',
      'Observation',
      { meta: { profile: ['https://tejido.dev/fhir/StructureDefinition/tejido-measurement'] } },
    ],
    ['a referral task with the status received', 'referral.community/01', 'Task', { status: 'received' }],
    ['a task that was cancelled without a reason', 'referral.community/04', 'Task', { statusReason: undefined }],
    ['a note without artifact', 'contact.phone/01', 'DocumentReference', { identifier: undefined }],
    ['a care plan without text', 'action-plan/01', 'CarePlan', { text: undefined }],
    [
      'a medicine that stands on an order',
      'medication.adherence/01',
      'MedicationStatement',
      { basedOn: [{ reference: 'MedicationRequest/1' }] },
    ],
    [
      'a medicine that the CHW is the source of',
      'medication.adherence/01',
      'MedicationStatement',
      { informationSource: { reference: 'Practitioner/chw-7' } },
    ],
    [
      'a self-report that is not tagged so',
      'behaviour.report/02',
      'Observation',
      { meta: { profile: ['https://tejido.dev/fhir/StructureDefinition/tejido-self-report'] } },
    ],
    [
      'a point-of-care test without certificate',
      'vital.measure/15',
      'Observation',
      { performer: [{ display: 'Ana Torres, CHW' }] },
    ],
    ['a text not delivered without reason', 'contact.text/05', 'Communication', { statusReason: undefined }],
    ['a supply without words why it was not given', 'supply.glucometer/07', 'SupplyDelivery', { type: undefined }],
  ])('our profile refuses %s', (_, path, type, change) => {
    const found = put.find((each) => each.path.startsWith(path) && each.resource.resourceType === type);
    expect(found && errorsOf(found.resource, ours)).toEqual([]);
    const changed = JSON.parse(JSON.stringify({ ...found?.resource, ...change })) as Resource;
    expect(errorsOf(changed, ours)).not.toEqual([]);
  });

  test('reads as at most six lines, the last with author and role', () => {
    const notes = put.flatMap(({ path, resource }) => {
      const text = noteOf(resource);
      return text === undefined ? [] : [{ path, text }];
    });
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

  test('never orders a medicine, and never carries the body of a text that nobody asked to file', () => {
    expect(all.filter(({ resource }) => resource.resourceType === 'MedicationRequest')).toEqual([]);
    const texts = all.filter(({ path }) => path.startsWith('contact.text/'));
    const bodies = texts.filter(({ resource }) => resource['payload'] !== undefined).map(({ path }) => path);
    expect(bodies).toEqual(['contact.text/03-maximal-with-body/expected.json']);
  });

  test('has no answer on migration, custody or violence of a screening, nor is it in a note', () => {
    const screenings = all.filter(({ path }) => /^screening\.needs\/(?:09|10)-/u.test(path));
    const filed = screenings.map(({ resource }) => JSON.stringify(resource) + (noteOf(resource) ?? '')).join('\n');
    expect(filed).toMatch(/71802-3/u);
    expect(filed).not.toMatch(/WITHHELD|refugiado|jail/u);
  });

  test('has a body mass index once at most, taken or computed', () => {
    const counts = new Map<string, number>();
    for (const { path, resource } of all)
      if (JSON.stringify(resource['code'] ?? '').includes('"39156-5"')) counts.set(path, (counts.get(path) ?? 0) + 1);
    expect(counts.size).toBeGreaterThan(3);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
  });

  test('names no legal organisation, and says nothing of a legal need but the words', () => {
    for (const path of [
      'referral.community/02-legal-says-no-more/expected.json',
      'contact.phone/03-maximal/expected.json',
    ]) {
      const filed = all.filter((each) => each.path === path).map(({ resource }) => resource);
      const text = JSON.stringify(filed) + filed.map((each) => noteOf(each) ?? '').join('\n');
      expect(text).toMatch(/[Ll]egal services/u);
      expect(text).not.toMatch(/Inmigrantes|caso familiar|svc-2|audiencia/u);
    }
  });
});

withShared('what the golden cases expect, by US Core and the code tables,', () => {
  test.each(['6.1.0', '8.0.0'])('meets the profiles of US Core %s that it states', async (version) => {
    const usCore = await loadValidator({ profileFolders: [join(shared, 'us-core', version)], igPackages: [] });
    let checked = 0;
    for (const { path, artifact, resource } of put) {
      checked += statedBy(resource).filter((url) => usCore.profiles.includes(url)).length;
      expect([path, artifact, errorsOf(resource, usCore)]).toEqual([path, artifact, []]);
    }
    expect(checked).toBeGreaterThan(50);
  });

  test('meets the profiles of SDOH Clinical Care that it states', async () => {
    const sdohcc = await loadValidator({ profileFolders: [join(shared, 'sdohcc/2.3.0/conformance')], igPackages: [] });
    let checked = 0;
    for (const { path, artifact, resource } of put) {
      checked += statedBy(resource).filter((url) => sdohcc.profiles.includes(url)).length;
      expect([path, artifact, errorsOf(resource, sdohcc)]).toEqual([path, artifact, []]);
    }
    expect(checked).toBeGreaterThan(4);
  });

  test('has only codes of LOINC, SNOMED CT, NUCC and SDOHCC that have been verified', () => {
    const verified = new Set(
      readFileSync(join(shared, 'terminology/codes.csv'), 'utf8')
        .split('\n')
        .map((line) => /(https?:[^,]*),([^,]+),(?:"[^"]*"|[^,]*),(?:"[^"]*"|[^,]*),verified,/u.exec(line))
        .map((match) => `${match?.[1]}|${match?.[2]}`),
    );
    const temporary = json(
      join(shared, 'sdohcc/2.3.0/conformance/CodeSystem-SDOHCC-CodeSystemTemporaryCodes.json'),
    ) as { url: string; concept: { code: string }[] };
    for (const { code } of temporary.concept) verified.add(`${temporary.url}|${code}`);
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
  type Named = { readonly name?: string; readonly at: { readonly line: number }; readonly rules: readonly Named[] };

  test('name every rule, so that an error can say where it stopped', () => {
    const nameless = (rules: readonly Named[]): number[] =>
      rules.flatMap((rule) => [...(rule.name === undefined ? [rule.at.line] : []), ...nameless(rule.rules)]);
    for (const file of readdirSync('mappings').filter((name) => name.endsWith('.fml'))) {
      const { groups } = readMap(readFileSync(join('mappings', file), 'utf8'), file).map;
      expect([file, groups.flatMap(({ rules }) => nameless(rules))]).toEqual([file, []]);
    }
  });
});
