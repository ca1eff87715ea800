/** What published resources do hold and a strict reader might refuse; and what looks right and is not. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Resource } from '../../src/core/ports.ts';
import { loadValidator, type Validator } from '../../src/validation/load.ts';

const usCore = resolve('../shared/data/us-core/8.0.0');
const present = existsSync(usCore) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/us-core is absent; edges of its profiles are not tested\n');

type Case = readonly [what: string, resource: Resource];
const observation = (more: object): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});
const patient = (more: object): Resource => ({ resourceType: 'Patient', ...more });
const condition = (more: object): Resource => ({ resourceType: 'Condition', subject: { display: 'x' }, ...more });
const bundle = (...entry: readonly object[]): Resource => ({ resourceType: 'Bundle', type: 'collection', entry });
const narrative = (div: string): Resource => patient({ text: { status: 'generated', div } });
const div = (inside: string): Resource => narrative(`<div xmlns="http://www.w3.org/1999/xhtml">${inside}</div>`);
const unknown = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
};
const ucum = 'http://unitsofmeasure.org';
const clinical = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const one = 'urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a11';
const two = 'urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a12';

const right: readonly Case[] = [
  ['a dateTime that is a year', observation({ effectiveDateTime: '2020' })],
  ['a dateTime that is a month', observation({ effectiveDateTime: '2020-05' })],
  ['a leap second', observation({ effectiveDateTime: '2016-12-31T23:59:60Z' })],
  ['nanoseconds and the last time zone', observation({ effectiveDateTime: '2016-12-31T23:59:59.123456789+14:00' })],
  ['a leap day', patient({ birthDate: '2024-02-29' })],
  ['the leap day of 2000', patient({ birthDate: '2000-02-29' })],
  ['a primitive that only has extensions', patient({ _birthDate: unknown })],
  [
    'a required primitive that only has extensions',
    { resourceType: 'Observation', _status: unknown, code: { text: 'x' } },
  ],
  [
    'null where an extension stands for the value',
    patient({ name: [{ given: ['A', null], _given: [null, unknown] }] }),
  ],
  ['a decimal with exponent', observation({ valueQuantity: { value: 1e-9 } })],
  ['lines and tabs in a string', observation({ note: [{ text: 'a\n\tb' }] })],
  ['an amount of UCUM by its unit alone', observation({ valueQuantity: { value: 3, unit: 'mg', system: ucum } })],
  [
    'a period that ends in the year of its beginning',
    patient({ name: [{ period: { start: '2020-05-01', end: '2020' } }] }),
  ],
  [
    'a period that ends at a time of the day on which it begins',
    patient({ name: [{ period: { start: '2020-05-01', end: '2020-05-01T10:00:00Z' } }] }),
  ],
  [
    'a range of units that cannot be compared',
    observation({ valueRange: { low: { value: 1, unit: 'a' }, high: { value: 2 } } }),
  ],
  [
    'a question that depends on whether another is answered',
    {
      resourceType: 'Questionnaire',
      status: 'draft',
      item: [
        { linkId: '1', type: 'string' },
        { linkId: '2', type: 'string', enableWhen: [{ question: '1', operator: 'exists', answerBoolean: true }] },
      ],
    },
  ],
  ['a code of words', observation({ valueCodeableConcept: { coding: [{ code: 'a b c' }] } })],
  ['a reference by urn:uuid', observation({ subject: { reference: one } })],
  ['an absolute reference', observation({ subject: { reference: 'https://fhir.example.org/r4/Patient/1' } })],
  ['a reference to a version', observation({ subject: { reference: 'Patient/1/_history/3' } })],
  ['a conditional reference', observation({ subject: { reference: 'Patient?identifier=1' } })],
  ['a logical reference', observation({ subject: { type: 'Patient', identifier: { value: '1' } } })],
  [
    'a contained resource that only another contained one refers to',
    observation({
      contained: [
        { resourceType: 'Specimen', id: 's', subject: { reference: '#p' } },
        { resourceType: 'Patient', id: 'p' },
      ],
      specimen: { reference: '#s' },
    }),
  ],
  [
    'a contained resource that refers to the one it is in',
    patient({ contained: [{ resourceType: 'Basic', id: 'b', code: { text: 'x' }, subject: { reference: '#' } }] }),
  ],
  [
    'entities, links, images and tables',
    div(
      'a &amp; b&#160;&nbsp;<a href="https://e.org">x</a><img src="a.png" alt="x"/><table border="1"><tbody><tr><td colspan="2">z</td></tr></tbody></table>',
    ),
  ],
  [
    'a comment, a style and a language',
    div('<!-- c --><p xml:lang="en" class="a" style="color:red" id="x">y</p><hr/>'),
  ],
  ['space around a narrative', narrative('  <div xmlns="http://www.w3.org/1999/xhtml">\n<p>x</p></div>\n')],
  ['a narrative that is an image', div('<img src="#a" alt="b"/>')],
  ['a language with region', patient({ language: 'es-419' })],
  [
    'labels and tags',
    patient({ meta: { versionId: '1', lastUpdated: '2020-02-01T00:00:00Z', source: '#a', tag: [{ code: 'x' }] } }),
  ],
  [
    'a required binding met by the second coding',
    condition({
      clinicalStatus: {
        coding: [
          { system: 'https://e.org', code: 'x' },
          { system: clinical, code: 'active' },
        ],
      },
    }),
  ],
  [
    'Parameters with resources and parts',
    {
      resourceType: 'Parameters',
      parameter: [
        { name: 'r', resource: { resourceType: 'Patient' } },
        { name: 'p', part: [{ name: 'q', valueCode: 'z' }] },
      ],
    },
  ],
  ['a Binary', { resourceType: 'Binary', contentType: 'text/plain', data: 'aGk=' }],
  [
    'a canonical with version and fragment',
    { resourceType: 'QuestionnaireResponse', status: 'completed', questionnaire: 'https://e.org/q|1.0#x' },
  ],
  [
    'questions within questions',
    {
      resourceType: 'Questionnaire',
      status: 'draft',
      item: [
        {
          linkId: '1',
          type: 'group',
          item: [{ linkId: '2', type: 'choice', answerOption: [{ valueCoding: { code: 'x' } }] }],
        },
        { linkId: '3', type: 'boolean' },
      ],
    },
  ],
];

const wrong: readonly Case[] = [
  ['midnight as 24:00', observation({ effectiveDateTime: '2016-12-31T24:00:00Z' })],
  ['a time zone that is none', observation({ effectiveDateTime: '2016-12-31T23:59:59+15:00' })],
  ['a leap day of another year', patient({ birthDate: '2023-02-29' })],
  ['the leap day of 1900', patient({ birthDate: '1900-02-29' })],
  ['the year 0', patient({ birthDate: '0000-01-01' })],
  ['null that nothing stands for', patient({ name: [{ given: ['A', null] }] })],
  ['null on both sides', patient({ name: [{ given: ['A', null], _given: [null, null] }] })],
  ['a control character', observation({ valueString: 'a\u0007b' })],
  ['a wrong type in a reference to a version', observation({ subject: { reference: 'Medication/1/_history/3' } })],
  [
    'a wrong type in an absolute reference',
    observation({ subject: { reference: 'https://fhir.example.org/r4/Medication/1' } }),
  ],
  ['a wrong type of a logical reference', observation({ subject: { type: 'Medication', identifier: { value: '1' } } })],
  [
    'a contained resource of a wrong type',
    observation({ contained: [{ resourceType: 'Patient', id: 's' }], specimen: { reference: '#s' } }),
  ],
  ['a contained resource that nobody refers to', observation({ contained: [{ resourceType: 'Patient', id: 's' }] })],
  ['a contained resource without id', observation({ contained: [{ resourceType: 'Patient' }] })],
  ['an event handler in a narrative', div('<p onclick="x()">y</p>')],
  ['a form in a narrative', div('<form><input type="text"/></form>')],
  ['a frame in a narrative', div('<iframe src="x"/>')],
  ['tags that do not close in order', div('<p><b>x</p></b>')],
  [
    'two narratives in one',
    narrative('<div xmlns="http://www.w3.org/1999/xhtml">x</div><div xmlns="http://www.w3.org/1999/xhtml">y</div>'),
  ],
  ['a language that is none', patient({ language: 'not a language' })],
  ['an id with an underscore', patient({ id: 'a_b' })],
  ['a uri with a space before it', patient({ implicitRules: ' https://e.org' })],
  ['an integer of more than 32 bits', patient({ multipleBirthInteger: 1e12 })],
  [
    'a right code of a wrong system',
    condition({ clinicalStatus: { coding: [{ system: 'https://e.org', code: 'active' }] } }),
  ],
  ['a right code without system', condition({ clinicalStatus: { coding: [{ code: 'active' }] } })],
  ['a code with two spaces', observation({ valueCodeableConcept: { coding: [{ code: 'a  b' }] } })],
  ['a code that ends with a space', observation({ valueCodeableConcept: { coding: [{ code: 'a ' }] } })],
  ['a period that ends before it begins', patient({ name: [{ period: { start: '2021', end: '2020-12-31' } }] })],
  [
    'a question that is to exist by a text',
    {
      resourceType: 'Questionnaire',
      status: 'draft',
      item: [
        { linkId: '1', type: 'string' },
        { linkId: '2', type: 'string', enableWhen: [{ question: '1', operator: 'exists', answerString: 'x' }] },
      ],
    },
  ],
  ['base64 that is not padded', { resourceType: 'Binary', contentType: 'text/plain', data: 'aGk' }],
  ['base64 with padding within', { resourceType: 'Binary', contentType: 'text/plain', data: 'aG==aGk=' }],
  [
    'a part of an extension that its definition does not have',
    patient({
      address: [
        {
          text: 'x',
          extension: [
            {
              url: 'http://hl7.org/fhir/StructureDefinition/geolocation',
              extension: [
                { url: 'latitude', valueDecimal: 1 },
                { url: 'longitude', valueDecimal: 1 },
                { url: 'height', valueDecimal: 1 },
              ],
            },
          ],
        },
      ],
    }),
  ],
  ['a negative age', condition({ onsetAge: { value: -3, system: ucum, code: 'a' } })],
  [
    'a duration in units of nobody',
    {
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'AMB' },
      length: { value: 3, system: 'https://e.org', code: 'min' },
    },
  ],
  [
    'a bad resource in a Bundle',
    bundle({ fullUrl: 'https://e.org/Patient/1', resource: { resourceType: 'Patient', id: '1', gender: 'x' } }),
  ],
  [
    'one fullUrl twice',
    bundle(
      { fullUrl: one, resource: { resourceType: 'Patient' } },
      { fullUrl: one, resource: { resourceType: 'Patient' } },
    ),
  ],
  [
    'a reference within a Bundle that leads to a wrong type',
    bundle(
      { fullUrl: one, resource: { resourceType: 'Medication' } },
      { fullUrl: two, resource: observation({ subject: { reference: one } }) },
    ),
  ],
  [
    'a linkId twice',
    {
      resourceType: 'Questionnaire',
      status: 'draft',
      item: [
        { linkId: '1', type: 'boolean' },
        { linkId: '1', type: 'boolean' },
      ],
    },
  ],
  [
    'a bad question within a question',
    {
      resourceType: 'Questionnaire',
      status: 'draft',
      item: [{ linkId: '1', type: 'group', item: [{ linkId: '2', type: 'nope' }] }],
    },
  ],
  [
    'two contained resources of one id',
    observation({
      contained: [
        { resourceType: 'Patient', id: 'p' },
        { resourceType: 'Patient', id: 'p' },
      ],
      subject: { reference: '#p' },
    }),
  ],
];

const errorsOf = (validator: Validator, resource: Resource): readonly string[] =>
  validator
    .validate(resource)
    .filter(({ severity }) => severity !== 'warning')
    .map(({ where, what }) => `${where}: ${what}`);

describe('base R4', () => {
  const loading = loadValidator({ profileFolders: [], igPackages: [] });

  test.each(right)('takes %s', async (_, resource) => {
    expect(errorsOf(await loading, resource)).toEqual([]);
  });

  test.each(wrong)('refuses %s', async (_, resource) => {
    expect(errorsOf(await loading, resource)).not.toEqual([]);
  });
});

(present ? describe : describe.skip)('US Core', () => {
  const loading = present ? loadValidator({ profileFolders: [usCore], igPackages: [] }) : undefined;
  const profile = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';
  type Open = {
    meta: { profile: string[] };
    subject?: object;
    code: { coding: object[] };
    category: [{ coding: [{ system: string }] }, ...object[]];
    component: [{ valueQuantity?: { code: string }; valueString?: string }];
    extension: [{ url: string; extension?: object[]; valueString?: string }];
  };
  const changed = (example: string, change: (resource: Open) => void): Resource => {
    const resource = JSON.parse(readFileSync(new URL(`examples/${example}.json`, import.meta.url), 'utf8')) as Open;
    change(resource);
    return resource as unknown as Resource;
  };
  const validated = async (resource: Resource): Promise<readonly string[]> => {
    if (loading === undefined) throw new Error('US Core is not there');
    return errorsOf(await loading, resource);
  };

  test.each<Case>([
    [
      'a profile named with its version',
      changed('blood-pressure', (it) => (it.meta = { profile: [`${profile}blood-pressure|8.0.0`] })),
    ],
    [
      'a local code beside the one that is asked for',
      changed('heart-rate', (it) => it.code.coding.unshift({ system: 'https://e.org', code: 'HR' })),
    ],
    [
      'another category before the one that is asked for',
      changed('heart-rate', (it) => it.category.unshift({ text: 'x' })),
    ],
  ])('takes %s', async (_, resource) => {
    expect(await validated(resource)).toEqual([]);
  });

  test.each<Case>([
    [
      'a break of a profile named with its version',
      changed('blood-pressure', (it) => {
        it.meta = { profile: [`${profile}blood-pressure|8.0.0`] };
        delete it.subject;
      }),
    ],
    ['the profile of another type', changed('blood-pressure', (it) => (it.meta = { profile: [`${profile}patient`] }))],
    [
      'the right code of another system',
      changed('blood-pressure', (it) => (it.category[0].coding[0].system = 'https://e.org')),
    ],
    ['one category twice', changed('heart-rate', (it) => it.category.push(it.category[0]))],
    [
      'another unit within a slice',
      changed('blood-pressure', (it) => Object.assign(it.component[0].valueQuantity ?? {}, { code: 'kPa' })),
    ],
    [
      'text within a slice that wants a quantity',
      changed('blood-pressure', (it) => {
        delete it.component[0].valueQuantity;
        it.component[0].valueString = '109';
      }),
    ],
    ['a race without text', changed('patient', (it) => it.extension[0].extension?.pop())],
    [
      'a race that is but a text',
      changed('patient', (it) => (it.extension[0] = { url: it.extension[0].url, valueString: 'x' })),
    ],
    [
      'a break within a Bundle',
      bundle({ fullUrl: one, resource: changed('blood-pressure', (it) => delete it.subject) }),
    ],
  ])('refuses %s', async (_, resource) => {
    expect(await validated(resource)).not.toEqual([]);
  });

  // US Core leaves the slices of its complex extensions open; a relative url means nothing that none of them names.
  test('refuses a part of a race that the definition of race does not name', async () => {
    const race = changed('patient', (it) => it.extension[0].extension?.push({ url: 'zz', valueString: 'x' }));
    expect(await validated(race)).not.toEqual([]);
  });
});
