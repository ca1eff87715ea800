import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { create } from 'tar';
import type { Resource } from '../../src/core/ports.ts';
import { loadValidator, type Validator } from '../../src/validation/load.ts';

const usCore = resolve('../shared/data/us-core');
const present = existsSync(usCore) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/us-core is absent; the US Core tests are skipped\n');
const withUsCore = present ? describe : describe.skip;

const ucum = 'http://unitsofmeasure.org';
const pressure = (code: string, value: number) => ({
  code: { coding: [{ system: 'http://loinc.org', code }] },
  valueQuantity: { value, unit: 'mmHg', system: ucum, code: 'mm[Hg]' },
});

const bloodPressure = (change: object = {}): Resource => ({
  resourceType: 'Observation',
  meta: { profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure'] },
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
  subject: { reference: 'Patient/p1' },
  performer: [{ reference: 'urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a11' }],
  effectiveDateTime: '2026-05-06T18:05:00-05:00',
  component: [pressure('8480-6', 128), pressure('8462-4', 82)],
  ...change,
});

const errors = (validator: Validator, resource: Resource): readonly string[] =>
  validator
    .validate(resource)
    .filter(({ severity }) => severity === 'error')
    .map(({ where }) => where);

const encounter = (change: object = {}): Resource => ({
  resourceType: 'Encounter',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HH' },
  ...change,
});

describe('base R4', () => {
  const loading = loadValidator({ profileFolders: [], igPackages: [] });

  test('a correct resource has no issues', async () => {
    expect((await loading).validate(encounter())).toEqual([]);
  });

  test('a code outside a required value set is an error where it stands', async () => {
    expect((await loading).validate(encounter({ status: 'nope' }))).toEqual([
      expect.objectContaining({ where: 'Encounter.status', code: 'code-invalid', severity: 'error' }),
    ]);
  });

  test.each([
    ['a missing element', { class: undefined }, 'Encounter.class'],
    ['an element that R4 does not have', { nonsense: 1 }, 'Encounter.nonsense'],
    ['a single value where a list belongs', { identifier: { value: 'x' } }, 'Encounter.identifier'],
    ['a time without minutes', { period: { start: '2026-05-06T18' } }, 'Encounter.period.start'],
    ['a time without zone', { period: { start: '2026-05-06T18:05:00' } }, 'Encounter.period.start'],
    ['a date with a zone', { period: { start: '2026-05-06Z' } }, 'Encounter.period.start'],
    ['a day that the month does not have', { period: { start: '2026-02-30' } }, 'Encounter.period.start'],
    ['a reference to another type than allowed', { subject: { reference: 'Task/1' } }, 'Encounter.subject'],
    ['an empty string', { serviceType: { text: '' } }, 'Encounter.serviceType.text'],
  ])('%s is an error', async (_, change, where) => {
    expect(errors(await loading, encounter(change))).toEqual([where]);
  });

  test('a quantity in UCUM without a code is a warning: R4 asks for the system of a code only', async () => {
    expect((await loading).validate(encounter({ length: { value: 5, unit: 'min', system: ucum } }))).toEqual([
      expect.objectContaining({ where: 'Encounter.length', severity: 'warning' }),
    ]);
  });

  test('a reference by urn:uuid says nothing of its type and passes', async () => {
    expect(
      (await loading).validate(encounter({ subject: { reference: 'urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a11' } })),
    ).toEqual([]);
  });

  test('a type that R4 does not have is an error, not an exception', async () => {
    expect(errors(await loading, { resourceType: 'Visit' })).toEqual(['resourceType']);
  });

  test('a profile that is not loaded is a warning', async () => {
    expect((await loading).validate(encounter({ meta: { profile: ['https://example.org/p'] } }))).toEqual([
      expect.objectContaining({ where: 'Encounter.meta.profile', severity: 'warning' }),
    ]);
  });

  test('no issue repeats what the resource says', async () => {
    const canary = 'Zzcanary Rosa';
    const resource = encounter({
      status: canary,
      subject: { reference: canary },
      period: { start: canary },
      serviceType: { coding: [{ code: canary, system: canary }] },
      length: { value: canary },
    });
    const issues = (await loading).validate(resource);
    expect(issues.length).toBeGreaterThan(3);
    expect(JSON.stringify(issues)).not.toContain('Zzcanary');
  });
});

withUsCore('US Core', () => {
  const six = loadValidator({ profileFolders: [], igPackages: [join(usCore, '6.1.0')] });
  const eight = loadValidator({ profileFolders: [], igPackages: [join(usCore, '8.0.0')] });

  test.each([
    ['6.1.0', six],
    ['8.0.0', eight],
  ])('%s: a blood pressure passes, and one without diastolic does not', async (_, loading) => {
    const validator = await loading;
    expect(errors(validator, bloodPressure())).toEqual([]);
    expect(errors(validator, bloodPressure({ component: [pressure('8480-6', 128)] }))).toContain(
      'Observation.component',
    );
    expect(errors(validator, bloodPressure({ subject: undefined }))).toContain('Observation.subject');
  });

  test('the target of a reference may be named by a US Core profile', async () => {
    expect(errors(await six, bloodPressure({ subject: { reference: 'Device/d1' } }))).toEqual(['Observation.subject']);
  });

  test('a profile assigned by the configuration holds without meta.profile', async () => {
    const assigned = { Observation: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure'] };
    const validator = await loadValidator({ profileFolders: [], igPackages: [join(usCore, '6.1.0')], assigned });
    expect(errors(validator, bloodPressure({ meta: undefined, component: [pressure('8480-6', 128)] }))).toContain(
      'Observation.component',
    );
  });

  test('a Provenance is checked against its profile', async () => {
    const provenance = {
      resourceType: 'Provenance',
      meta: { profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance'] },
      target: [{ reference: 'Observation/1' }],
      recorded: '2026-05-06T18:05:00-05:00',
    };
    const agent = { who: { reference: 'Practitioner/1' } };
    const validator = await six;
    expect(
      validator.validate({ ...provenance, agent: [{ ...agent, onBehalfOf: { reference: 'Organization/1' } }] }),
    ).toEqual([]);
    // provenance-1: on whose behalf a practitioner acted must be said.
    expect(errors(validator, { ...provenance, agent: [agent] })).toEqual(['Provenance.agent[0]']);
  });

  test('two profiles of one type do not disturb each other, nor base R4', async () => {
    const validator = await six;
    // Vital signs want a value or a reason in each component (vs-3), base R4 does not.
    const bare = { component: [{ code: { text: 'x' } }, { code: { text: 'y' } }] };
    expect(errors(validator, bloodPressure(bare))).toContain('Observation.component[0]');
    expect(errors(validator, bloodPressure({ ...bare, meta: undefined }))).toEqual([]);
    expect(errors(validator, bloodPressure({ meta: undefined, component: [pressure('8480-6', 128)] }))).toEqual([]);
  });
});

describe('IG packages', () => {
  const profile = {
    resourceType: 'StructureDefinition',
    url: 'https://example.org/StructureDefinition/visit',
    name: 'Visit',
    status: 'draft',
    kind: 'resource',
    abstract: false,
    type: 'Encounter',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Encounter',
    derivation: 'constraint',
    snapshot: {
      element: [
        { id: 'Encounter', path: 'Encounter', min: 0, max: '*' },
        { id: 'Encounter.meta', path: 'Encounter.meta', min: 0, max: '1', type: [{ code: 'Meta' }] },
        { id: 'Encounter.status', path: 'Encounter.status', min: 1, max: '1', type: [{ code: 'code' }] },
        {
          id: 'Encounter.participant',
          path: 'Encounter.participant',
          min: 0,
          max: '*',
          base: { path: 'Encounter.participant', min: 0, max: '*' },
          type: [{ code: 'BackboneElement' }],
        },
        {
          id: 'Encounter.participant.individual',
          path: 'Encounter.participant.individual',
          min: 1,
          max: '1',
          base: { path: 'Encounter.participant.individual', min: 0, max: '1' },
          type: [{ code: 'Reference' }],
        },
        {
          id: 'Encounter.class',
          path: 'Encounter.class',
          min: 1,
          max: '1',
          type: [{ code: 'Coding' }],
          binding: { strength: 'required', valueSet: 'https://example.org/ValueSet/classes' },
        },
        {
          id: 'Encounter.serviceType',
          path: 'Encounter.serviceType',
          min: 0,
          max: '1',
          type: [{ code: 'CodeableConcept' }],
          binding: { strength: 'required', valueSet: 'http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1' },
        },
      ],
    },
  };
  const codeSystem = {
    resourceType: 'CodeSystem',
    url: 'https://example.org/CodeSystem/classes',
    status: 'draft',
    content: 'complete',
    concept: [{ code: 'home', concept: [{ code: 'porch' }] }, { code: 'office' }],
  };
  const valueSet = {
    resourceType: 'ValueSet',
    url: 'https://example.org/ValueSet/classes',
    status: 'draft',
    compose: { include: [{ system: codeSystem.url, filter: [{ property: 'concept', op: 'is-a', value: 'home' }] }] },
  };

  const packed = async (use: (file: string) => Promise<void>): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'tejido-ig-'));
    try {
      const inside = join(folder, 'package');
      await mkdir(join(inside, 'example'), { recursive: true });
      await writeFile(join(inside, 'package.json'), '{"name":"example.ig"}');
      for (const [name, json] of Object.entries({
        'StructureDefinition-visit': profile,
        'CodeSystem-classes': codeSystem,
        'ValueSet-classes': valueSet,
      }))
        await writeFile(join(inside, `${name}.json`), JSON.stringify(json));
      await writeFile(join(inside, 'example', 'StructureDefinition-broken.json'), 'no json');
      const file = join(folder, 'ig.tgz');
      await create({ gzip: true, file, cwd: folder }, ['package']);
      await use(file);
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  test('a .tgz brings profiles, code systems and value sets with filters', async () => {
    await packed(async (file) => {
      const validator = await loadValidator({ profileFolders: [], igPackages: [file] });
      expect(validator.profiles).toEqual([profile.url]);
      const visit = (code: string): Resource =>
        encounter({ meta: { profile: [profile.url] }, class: { system: codeSystem.url, code } });
      expect(errors(validator, visit('porch'))).toEqual([]);
      expect(errors(validator, visit('office'))).toEqual(['Encounter.class']);
    });
  });

  test('what a profile asks of a backbone element is not asked of base R4', async () => {
    await packed(async (file) => {
      const validator = await loadValidator({ profileFolders: [], igPackages: [file] });
      const visit = encounter({
        class: { system: codeSystem.url, code: 'home' },
        participant: [{ period: { start: '2026' } }],
      });
      expect(errors(validator, { ...visit, meta: { profile: [profile.url] } })).toContain(
        'Encounter.participant[0].individual',
      );
      expect(errors(validator, visit)).toEqual([]);
    });
  });

  test('a value set that is not at hand is one warning, not one for each code', async () => {
    await packed(async (file) => {
      const validator = await loadValidator({ profileFolders: [], igPackages: [file] });
      const resource = encounter({
        meta: { profile: [profile.url] },
        class: { system: codeSystem.url, code: 'home' },
        serviceType: { coding: [{ system: 'urn:a', code: '1' }] },
      });
      expect(validator.validate(resource).filter(({ code }) => code === 'not-supported')).toEqual([
        expect.objectContaining({ where: 'Encounter.serviceType', severity: 'warning' }),
      ]);
    });
  });

  test('a path that is not there is an error that names it', async () => {
    await expect(loadValidator({ profileFolders: ['/nowhere/profiles'], igPackages: [] })).rejects.toThrow(
      '/nowhere/profiles',
    );
  });
});
