/** What profiles ask beyond base R4, one thing at a time, over definitions of a few elements. */
import { describe, expect, test } from '@jest/globals';
import type { Element } from '../../src/validation/definition.ts';
import { definition, extension, judge, place } from './made.ts';

const observation = (change: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...change,
});
const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }] });
const part = (code: string, value: object = { valueString: 'x' }) => ({ code: loinc(code), ...value });

/** An Observation profile of these elements. */
const asks = (...elements: readonly Element[]) => {
  const { errors, issues } = judge([definition('p', 'Observation', elements)]);
  return {
    errors: (change: object = {}) => errors(observation(change), 'p'),
    issues: (change: object = {}) => issues(observation(change), 'p'),
  };
};

describe('elements', () => {
  test('minimum and maximum', () => {
    const { errors } = asks(
      { path: 'Observation.subject', min: 1, max: '1' },
      { path: 'Observation.category', min: 2, max: '3' },
      { path: 'Observation.method', min: 0, max: '0' },
    );
    expect(errors()).toEqual(['Observation.subject', 'Observation.category']);
    const category = Array.from({ length: 4 }, () => ({ text: 'x' }));
    expect(errors({ subject: { reference: 'Patient/1' }, category, method: { text: 'x' } })).toEqual([
      'Observation.category',
      'Observation.method',
    ]);
    expect(errors({ subject: { reference: 'Patient/1' }, category: category.slice(2) })).toEqual([]);
  });

  test('what a profile asks is signed by it, and what base R4 says is not said again', () => {
    const { issues } = asks(
      { path: 'Observation.status', min: 1, max: '1' },
      { path: 'Observation.subject', min: 1, max: '1' },
    );
    expect(issues({ status: undefined }).map(({ what }) => what)).toEqual([
      'this element is required',
      `this element is required (${place}p)`,
    ]);
  });

  test('the types of a choice', () => {
    const { errors } = asks({ path: 'Observation.value[x]', min: 1, max: '1', type: [{ code: 'Quantity' }] });
    expect(errors({ valueQuantity: { value: 1 } })).toEqual([]);
    expect(errors({ valueString: 'x' })).toEqual(['Observation.valueString']);
    expect(errors()).toEqual(['Observation.value']);
  });

  test('a choice that is named by one type', () => {
    const { errors } = asks({ path: 'Observation.valueQuantity', min: 1, max: '1', type: [{ code: 'Quantity' }] });
    expect(errors({ valueQuantity: { value: 1 } })).toEqual([]);
    expect(errors({ valueString: 'x' })).toEqual(['Observation.valueQuantity']);
  });

  test('fixed values are equal in all, patterns in what they say', () => {
    const coding = [{ system: 'http://loinc.org', code: '1' }];
    const fixed = asks({ path: 'Observation.code', min: 1, max: '1', fixed: { coding } });
    expect(fixed.errors({ code: { coding } })).toEqual([]);
    expect(fixed.errors({ code: { coding, text: 'x' } })).toEqual(['Observation.code']);
    const pattern = asks({ path: 'Observation.code', min: 1, max: '1', pattern: { coding } });
    expect(pattern.errors({ code: { coding: [{ code: '2' }, { ...coding[0], display: 'y' }], text: 'x' } })).toEqual(
      [],
    );
    expect(pattern.errors({ code: { coding: [{ system: 'urn:a', code: '1' }] } })).toEqual(['Observation.code']);
    expect(pattern.issues({ code: { text: 'x' } })[0]?.what).toContain('"http://loinc.org"');
  });

  test('the length of a text and the range of a value', () => {
    const { errors } = asks(
      { path: 'Observation.valueString', min: 0, max: '1', type: [{ code: 'string' }], maxLength: 3 },
      { path: 'Observation.valueInteger', min: 0, max: '1', type: [{ code: 'integer' }], minValue: 1, maxValue: 5 },
      { path: 'Observation.valueQuantity', min: 0, max: '1', type: [{ code: 'Quantity' }], maxValue: { value: 9 } },
    );
    expect(errors({ valueString: 'abcd' })).toEqual(['Observation.valueString']);
    expect(errors({ valueString: '🫀🫁🧠' })).toEqual([]);
    expect(errors({ valueInteger: 0 })).toEqual(['Observation.valueInteger']);
    expect(errors({ valueInteger: 5 })).toEqual([]);
    expect(errors({ valueQuantity: { value: 10 } })).toEqual(['Observation.valueQuantity']);
  });

  test('the elements of data types', () => {
    const { errors } = asks(
      { path: 'Observation.code', min: 1, max: '1', type: [{ code: 'CodeableConcept' }] },
      { path: 'Observation.code.coding', min: 1, max: '*', type: [{ code: 'Coding' }] },
      { path: 'Observation.code.coding.system', min: 1, max: '1', type: [{ code: 'uri' }], fixed: 'http://loinc.org' },
    );
    expect(errors()).toEqual(['Observation.code.coding']);
    expect(errors({ code: { coding: [{ code: '1' }] } })).toEqual(['Observation.code.coding[0].system']);
    expect(errors({ code: { coding: [{ system: 'urn:a' }] } })).toEqual(['Observation.code.coding[0].system']);
    expect(errors({ code: loinc('1') })).toEqual([]);
  });

  test('extensions beside a primitive', () => {
    const { errors } = judge([
      extension('reason', [{ path: 'Extension.value[x]', min: 1, max: '1', type: [{ code: 'code' }] }]),
      definition('p', 'Patient', [
        { path: 'Patient.birthDate', min: 1, max: '1', type: [{ code: 'date' }] },
        { path: 'Patient.birthDate.extension', min: 0, max: '*', type: [{ code: 'Extension' }] },
        {
          path: 'Patient.birthDate.extension',
          sliceName: 'reason',
          min: 1,
          max: '1',
          type: [{ code: 'Extension', profile: [`${place}reason`] }],
        },
      ]),
    ]);
    const patient = (change: object) => ({ resourceType: 'Patient', ...change });
    const reason = { extension: [{ url: `${place}reason`, valueCode: 'x' }] };
    expect(errors(patient({ birthDate: '2020' }), 'p')).toEqual(['Patient.birthDate.extension']);
    expect(errors(patient({ birthDate: '2020', _birthDate: reason }), 'p')).toEqual([]);
    expect(errors(patient({ _birthDate: reason }), 'p')).toEqual([]);
    expect(errors(patient({}), 'p')).toEqual(['Patient.birthDate']);
  });

  test('what an element takes from another by reference is asked there, too', () => {
    const elements: readonly Element[] = [
      { path: 'Questionnaire.item', min: 0, max: '*', type: [{ code: 'BackboneElement' }] },
      { path: 'Questionnaire.item.text', min: 1, max: '1', type: [{ code: 'string' }] },
      { path: 'Questionnaire.item.item', min: 0, max: '*', contentReference: '#Questionnaire.item' },
    ];
    const { errors } = judge([definition('p', 'Questionnaire', elements)]);
    const item = (change: object = {}) => ({ linkId: 'a', type: 'group', ...change });
    const inner = item({ linkId: 'b', item: [item({ linkId: 'c', text: 'y' }), item({ linkId: 'd' })] });
    const resource = { resourceType: 'Questionnaire', status: 'draft', item: [item({ text: 'x', item: [inner] })] };
    expect(errors(resource, 'p')).toEqual([
      'Questionnaire.item[0].item[0].text',
      'Questionnaire.item[0].item[0].item[1].text',
    ]);
  });

  test('a reference may lead to fewer types, by profiles, too', () => {
    const { errors } = judge([
      definition('person', 'Patient', [{ path: 'Patient.name', min: 1, max: '*' }]),
      definition('p', 'Observation', [
        {
          path: 'Observation.subject',
          min: 0,
          max: '1',
          type: [{ code: 'Reference', targetProfile: [`${place}person`] }],
        },
      ]),
    ]);
    const about = (reference: string, contained?: object) =>
      observation({ subject: { reference }, ...(contained === undefined ? {} : { contained: [contained] }) });
    expect(errors(about('Patient/1'), 'p')).toEqual([]);
    expect(errors(about('Group/1'), 'p')).toEqual(['Observation.subject']);
    expect(errors(about('#a', { resourceType: 'Patient', id: 'a', name: [{ text: 'x' }] }), 'p')).toEqual([]);
    expect(errors(about('#a', { resourceType: 'Patient', id: 'a', active: true }), 'p')).toEqual([
      'Observation.subject',
    ]);
  });

  test('a contained resource that should meet a profile that is not at hand is not judged', () => {
    const target = { code: 'Reference', targetProfile: ['https://example.org/nowhere'] };
    const { errors } = asks({ path: 'Observation.subject', min: 0, max: '1', type: [target] });
    const contained = [{ resourceType: 'Patient', id: 'a', active: true }];
    expect(errors({ subject: { reference: '#a' }, contained })).toEqual([]);
  });

  test('contained resources may refer to each other in a circle', () => {
    const member: Element = {
      path: 'Observation.hasMember',
      min: 1,
      max: '*',
      type: [{ code: 'Reference', targetProfile: [`${place}p`] }],
    };
    const { errors } = judge([definition('p', 'Observation', [member])]);
    const contained = (id: string, to?: string) => ({
      ...observation(to === undefined ? {} : { hasMember: [{ reference: to }] }),
      id,
    });
    const outer = (...inner: readonly object[]) => observation({ hasMember: [{ reference: '#a' }], contained: inner });
    expect(errors(outer(contained('a', '#b'), contained('b', '#a')), 'p')).toEqual([]);
    expect(errors(outer(contained('a', '#b'), contained('b')), 'p')).toEqual(['Observation.hasMember[0]']);
  });

  test('the profile of a data type, and one of several', () => {
    const both = judge([
      definition('amount', 'Quantity', [{ path: 'Quantity.value', min: 1, max: '1' }], { kind: 'complex-type' }),
      definition('unit', 'Quantity', [{ path: 'Quantity.unit', min: 1, max: '1' }], { kind: 'complex-type' }),
      definition('one', 'Observation', [
        { path: 'Observation.value[x]', type: [{ code: 'Quantity', profile: [`${place}amount`] }] },
      ]),
      definition('any', 'Observation', [
        { path: 'Observation.value[x]', type: [{ code: 'Quantity', profile: [`${place}amount`, `${place}unit`] }] },
      ]),
    ]);
    const value = (valueQuantity: object) => observation({ valueQuantity });
    expect(both.errors(value({ unit: 'x' }), 'one')).toEqual(['Observation.valueQuantity.value']);
    expect(both.errors(value({ unit: 'x' }), 'any')).toEqual([]);
    expect(both.errors(value({ code: 'x', system: 'urn:a' }), 'any')).toEqual(['Observation.valueQuantity']);
  });

  test('the simple quantity of R4 has no comparator', () => {
    expect(asks().errors({ referenceRange: [{ low: { value: 1, comparator: '<' } }] })).toEqual([
      'Observation.referenceRange[0].low',
      'Observation.referenceRange[0].low.comparator',
    ]);
  });

  test('the profiles of resources in a Bundle', () => {
    const { errors } = judge([
      definition('named', 'Patient', [{ path: 'Patient.name', min: 1, max: '*' }]),
      definition('p', 'Bundle', [
        { path: 'Bundle.entry', min: 1, max: '*', type: [{ code: 'BackboneElement' }] },
        { path: 'Bundle.entry.resource', min: 1, max: '1', type: [{ code: 'Patient', profile: [`${place}named`] }] },
      ]),
    ]);
    const bundle = (...resources: readonly object[]) => ({
      resourceType: 'Bundle',
      type: 'collection',
      entry: resources.map((resource) => ({ resource })),
    });
    const named = { resourceType: 'Patient', name: [{ text: 'x' }] };
    expect(errors(bundle(named), 'p')).toEqual([]);
    expect(errors(bundle(named, observation()), 'p')).toEqual(['Bundle.entry[1].resource']);
    expect(errors(bundle({ resourceType: 'Patient', active: true }), 'p')).toEqual(['Bundle.entry[0].resource.name']);
  });
});

describe('profiles of a resource', () => {
  const definitions = [
    definition('p', 'Observation', [{ path: 'Observation.subject', min: 1, max: '1' }]),
    definition('q', 'Patient', [{ path: 'Patient.name', min: 1, max: '*' }]),
  ];
  const { errors, issues } = judge(definitions);

  test('they are claimed in meta, with or without version', () => {
    expect(errors(observation({ meta: { profile: [`${place}p`] } }))).toEqual(['Observation.subject']);
    expect(errors(observation({ meta: { profile: [`${place}p|1.0`] } }))).toEqual(['Observation.subject']);
  });

  test('of another type, they are an error; not loaded, a warning', () => {
    expect(errors(observation({ meta: { profile: [`${place}q`] } }))).toEqual(['Observation.meta.profile']);
    expect(issues(observation({ meta: { profile: ['https://example.org/x'] } }))).toEqual([
      expect.objectContaining({ where: 'Observation.meta.profile', severity: 'warning', code: 'not-found' }),
    ]);
  });

  test('contained resources and those of a Bundle have their own', () => {
    const claiming = { resourceType: 'Patient', id: 'a', active: true, meta: { profile: [`${place}q`] } };
    expect(errors(observation({ contained: [claiming], subject: { reference: '#a' } }))).toEqual([
      'Observation.contained[0].name',
    ]);
    expect(errors({ resourceType: 'Bundle', type: 'collection', entry: [{ resource: claiming }] })).toEqual([
      'Bundle.entry[0].resource.name',
    ]);
  });
});

describe('slices', () => {
  const slicing = (type: string, path: string, more: object = {}): Element => ({
    path: 'Observation.component',
    slicing: { discriminator: [{ type, path }], rules: 'open', ...more },
    min: 0,
    max: '*',
  });
  const slice = (name: string, more: Partial<Element> = {}): Element => ({
    path: 'Observation.component',
    sliceName: name,
    min: 0,
    max: '*',
    ...more,
  });
  const code = (value: string): readonly Element[] => [
    { path: 'Observation.component.code', min: 1, max: '1', pattern: loinc(value) },
  ];

  test('by a pattern: how many of each, and what is in them', () => {
    const { errors, issues } = asks(
      slicing('pattern', 'code'),
      slice('a', { min: 1, max: '1' }),
      ...code('1'),
      { path: 'Observation.component.value[x]', min: 1, max: '1', type: [{ code: 'Quantity' }] },
      slice('b', { max: '1' }),
      ...code('2'),
    );
    expect(issues().map(({ where, what }) => [where, what])).toEqual([
      ['Observation.component', `the slice a is required (${place}p)`],
    ]);
    expect(errors({ component: [part('9'), part('1')] })).toEqual(['Observation.component[1].valueString']);
    expect(errors({ component: [part('1', { dataAbsentReason: { text: 'x' } })] })).toEqual([
      'Observation.component[0].value',
    ]);
    const good = part('1', { valueQuantity: { value: 1 } });
    expect(errors({ component: [good, part('9'), part('2')] })).toEqual([]);
    expect(errors({ component: [good, good] })).toEqual(['Observation.component']);
    expect(errors({ component: [good, part('2'), part('2')] })).toEqual(['Observation.component']);
  });

  test('by a value deep inside, and by two', () => {
    const { errors } = asks(
      {
        ...slicing('value', 'code.coding.code'),
        slicing: {
          rules: 'open',
          discriminator: [
            { type: 'value', path: 'code.coding.code' },
            { type: 'value', path: 'code.coding.system' },
          ],
        },
      },
      slice('a', { min: 1 }),
      { path: 'Observation.component.code', min: 1, max: '1', type: [{ code: 'CodeableConcept' }] },
      { path: 'Observation.component.code.coding', min: 1, max: '*', type: [{ code: 'Coding' }] },
      { path: 'Observation.component.code.coding.system', min: 1, max: '1', fixed: 'http://loinc.org' },
      { path: 'Observation.component.code.coding.code', min: 1, max: '1', fixed: '1' },
    );
    expect(errors({ component: [part('1')] })).toEqual([]);
    expect(errors({ component: [part('2')] })).toEqual(['Observation.component']);
    expect(errors({ component: [{ code: { coding: [{ system: 'urn:a', code: '1' }] }, valueString: 'x' }] })).toEqual([
      'Observation.component',
    ]);
  });

  test('by whether an element exists', () => {
    const { errors } = asks(
      slicing('exists', 'interpretation'),
      slice('read', { max: '1' }),
      { path: 'Observation.component.interpretation', min: 1, max: '*' },
      slice('unread', { max: '1' }),
      { path: 'Observation.component.interpretation', min: 0, max: '0' },
    );
    const read = part('1', { valueString: 'x', interpretation: [{ text: 'x' }] });
    expect(errors({ component: [read, part('1')] })).toEqual([]);
    expect(errors({ component: [part('1'), part('2')] })).toEqual(['Observation.component']);
  });

  test('by type, of a choice and of an element within', () => {
    const choice = asks(
      { path: 'Observation.value[x]', slicing: { discriminator: [{ type: 'type', path: '$this' }], rules: 'closed' } },
      { path: 'Observation.value[x]', sliceName: 'valueQuantity', min: 0, max: '1', type: [{ code: 'Quantity' }] },
      { path: 'Observation.value[x].unit', min: 1, max: '1' },
    );
    expect(choice.errors({ valueQuantity: { value: 1, unit: 'x' } })).toEqual([]);
    expect(choice.errors({ valueQuantity: { value: 1 } })).toEqual(['Observation.valueQuantity.unit']);
    expect(choice.errors({ valueString: 'x' })).toEqual(['Observation.valueString']);
    const within = asks(
      slicing('type', 'value'),
      slice('text', { max: '1' }),
      { path: 'Observation.component.value[x]', min: 0, max: '1', type: [{ code: 'string' }] },
      slice('number', { min: 1 }),
      { path: 'Observation.component.value[x]', min: 0, max: '1', type: [{ code: 'Quantity' }, { code: 'integer' }] },
    );
    expect(within.errors({ component: [part('1'), part('2', { valueInteger: 1 })] })).toEqual([]);
    expect(within.errors({ component: [part('1'), part('2')] })).toEqual([
      'Observation.component',
      'Observation.component',
    ]);
  });

  const members = (type: string, path: string): ReturnType<typeof judge> =>
    judge([
      definition('lab', 'Observation', [{ path: 'Observation.code', min: 1, max: '1', pattern: loinc('1') }]),
      definition('p', 'Observation', [
        {
          path: 'Observation.derivedFrom',
          slicing: { discriminator: [{ type, path }], rules: 'open' },
          min: 0,
          max: '*',
        },
        {
          path: 'Observation.derivedFrom',
          sliceName: 'form',
          min: 0,
          max: '1',
          type: [
            { code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse'] },
          ],
        },
        {
          path: 'Observation.derivedFrom',
          sliceName: 'lab',
          min: 0,
          max: '1',
          type: [{ code: 'Reference', targetProfile: [`${place}lab`] }],
        },
      ]),
    ]);
  const contained = (id: string, value: string) => ({ ...observation({ code: loinc(value) }), id });
  const from = (...references: readonly string[]) => ({
    derivedFrom: references.map((reference) => ({ reference })),
  });

  test.each([
    ['type', 'resolve()'],
    ['profile', 'resolve()'],
    ['profile', '$this.resolve()'],
  ])('by %s on %s: what a reference leads to', (type, path) => {
    const { errors } = members(type, path);
    expect(errors(observation(from('QuestionnaireResponse/1', 'Observation/1')), 'p')).toEqual([]);
    expect(errors(observation(from('QuestionnaireResponse/1', 'QuestionnaireResponse/2')), 'p')).toEqual([
      'Observation.derivedFrom',
    ]);
  });

  test('by profile: a contained resource is in the slice whose profile it meets', () => {
    const { errors } = members('profile', 'resolve()');
    const two = (second: string) =>
      observation({ ...from('#a', '#b'), contained: [contained('a', '1'), contained('b', second)] });
    expect(errors(two('1'), 'p')).toEqual(['Observation.derivedFrom']);
    expect(errors(two('2'), 'p')).toEqual([]);
  });

  test('by an extension', () => {
    const flag = `${place}flag`;
    const { errors } = judge([
      extension('flag', [{ path: 'Extension.value[x]', min: 1, max: '1', type: [{ code: 'boolean' }] }]),
      definition('p', 'Patient', [
        {
          path: 'Patient.telecom',
          slicing: { discriminator: [{ type: 'value', path: `extension('${flag}').value` }], rules: 'open' },
        },
        { path: 'Patient.telecom', sliceName: 'main', min: 1, max: '1' },
        { path: 'Patient.telecom.extension', min: 0, max: '*', type: [{ code: 'Extension' }] },
        {
          path: 'Patient.telecom.extension',
          sliceName: 'flag',
          min: 1,
          max: '1',
          type: [{ code: 'Extension', profile: [flag] }],
        },
        { path: 'Patient.telecom.extension.value[x]', min: 1, max: '1', fixed: true, type: [{ code: 'boolean' }] },
      ]),
    ]);
    const patient = (valueBoolean: boolean) => ({
      resourceType: 'Patient',
      telecom: [{ system: 'phone', value: '1', extension: [{ url: flag, valueBoolean }] }],
    });
    expect(errors(patient(true), 'p')).toEqual([]);
    expect(errors(patient(false), 'p')).toEqual(['Patient.telecom']);
  });

  test('by a value set, as far as it is at hand', () => {
    const { errors } = asks(
      slicing('value', 'code'),
      slice('sex', { min: 1 }),
      {
        path: 'Observation.component.code',
        min: 1,
        max: '1',
        binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/observation-status' },
      },
      slice('far', { min: 1 }),
      {
        path: 'Observation.component.code',
        min: 1,
        max: '1',
        binding: { strength: 'required', valueSet: 'https://example.org/ValueSet/nowhere' },
      },
    );
    const status = {
      code: { coding: [{ system: 'http://hl7.org/fhir/observation-status', code: 'final' }] },
      valueString: 'x',
    };
    // What cannot be decided may be the one that is missing.
    expect(errors({ component: [status, part('1')] })).toEqual([]);
    expect(errors({ component: [part('1')] })).toEqual([]);
    expect(errors({ component: [status] })).toEqual(['Observation.component']);
  });

  test('closed, open at the end, and in order', () => {
    const two = [slice('a'), ...code('1'), slice('b'), ...code('2')];
    const parts = (...codes: readonly string[]) => ({ component: codes.map((each) => part(each)) });
    const closed = asks(slicing('pattern', 'code', { rules: 'closed' }), ...two);
    expect(closed.errors(parts('2', '1'))).toEqual([]);
    expect(closed.errors(parts('2', '9'))).toEqual(['Observation.component[1]']);
    const atEnd = asks(slicing('pattern', 'code', { rules: 'openAtEnd' }), ...two);
    expect(atEnd.errors(parts('2', '1', '9'))).toEqual([]);
    expect(atEnd.errors(parts('9', '1'))).toEqual(['Observation.component[1]']);
    const ordered = asks(slicing('pattern', 'code', { ordered: true }), ...two);
    expect(ordered.errors(parts('1', '9', '2'))).toEqual([]);
    expect(ordered.errors(parts('2', '1'))).toEqual(['Observation.component[1]']);
  });

  test('slices of slices', () => {
    const { errors, issues } = asks(
      slicing('pattern', 'code'),
      slice('a', { slicing: { discriminator: [{ type: 'type', path: 'value' }], rules: 'closed' } }),
      ...code('1'),
      slice('a/text', { max: '1' }),
      { path: 'Observation.component.value[x]', min: 1, max: '1', type: [{ code: 'string' }] },
      slice('a/number', { max: '1' }),
      { path: 'Observation.component.value[x]', min: 1, max: '1', type: [{ code: 'integer' }] },
    );
    const number = part('1', { valueInteger: 1 });
    expect(errors({ component: [part('1'), number, part('2')] })).toEqual([]);
    expect(issues({ component: [number, number] }).map(({ what }) => what)).toEqual([
      `the slice a/number is allowed at most 1 times (${place}p)`,
    ]);
    expect(errors({ component: [part('1', { valueBoolean: true })] })).toEqual(['Observation.component[0]']);
  });

  test('bindings and constraints in a slice', () => {
    const { issues } = asks(slicing('pattern', 'code'), slice('a'), ...code('1'), {
      path: 'Observation.component.value[x]',
      min: 0,
      max: '1',
      type: [{ code: 'CodeableConcept' }],
      binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/observation-status' },
      constraint: [{ key: 'a-1', severity: 'warning', human: 'has a text', expression: 'text.exists()' }],
    });
    const value = (each: string) => part(each, { valueCodeableConcept: loinc('x') });
    expect(
      issues({ component: [value('1'), value('2')] }).map(({ where, code: kind, key }) => [where, kind, key]),
    ).toEqual([
      ['Observation.component[0].valueCodeableConcept', 'code-invalid', undefined],
      ['Observation.component[0].valueCodeableConcept', 'invariant', 'a-1'],
    ]);
  });
});

describe('extensions', () => {
  const context = (expression: string) => ({ context: [{ type: 'element', expression }] });
  const text: Element = { path: 'Extension.value[x]', min: 1, max: '1', type: [{ code: 'string' }] };
  const { errors, issues } = judge([
    extension('note', [text], context('Patient')),
    extension('name', [text], context('HumanName')),
    extension('given', [text], context('HumanName.given')),
    extension('contact', [text], context('Patient.contact.name')),
    extension('any', [text], context('Element')),
    extension('resource', [text], context('Resource')),
    extension('value', [text], context('Observation.value[x]')),
    extension('within', [text], { context: [{ type: 'extension', expression: `${place}complex` }] }),
    extension('complex', [{ path: 'Extension.value[x]', min: 0, max: '0' }]),
    extension('parts', [
      { path: 'Extension.extension', slicing: { discriminator: [{ type: 'value', path: 'url' }], rules: 'closed' } },
      { path: 'Extension.extension', sliceName: 'a', min: 1, max: '1' },
      { path: 'Extension.extension.url', min: 1, max: '1', fixed: 'a' },
      { path: 'Extension.extension.value[x]', min: 1, max: '1', type: [{ code: 'boolean' }] },
    ]),
    definition('modifier', 'Extension', [{ path: 'Extension', isModifier: true }, text], { kind: 'complex-type' }),
  ]);
  const patient = (change: object) => ({ resourceType: 'Patient', ...change });
  const one = (name: string, value: object = { valueString: 'x' }) => ({
    extension: [{ url: `${place}${name}`, ...value }],
  });

  test('the content of a known one is checked', () => {
    expect(errors(patient(one('note')))).toEqual([]);
    expect(errors(patient(one('note', { valueBoolean: true })))).toEqual(['Patient.extension[0].valueBoolean']);
    expect(errors(patient(one('parts', { extension: [{ url: 'a', valueBoolean: true }] })))).toEqual([]);
    expect(errors(patient(one('parts', { extension: [{ url: 'b', valueBoolean: true }] })))).toEqual([
      'Patient.extension[0].extension[0]',
      'Patient.extension[0].extension',
      'Patient.extension[0].extension[0].url',
    ]);
    expect(errors(patient(one('parts', { extension: [{ url: 'a', valueString: 'x' }] })))).toEqual([
      'Patient.extension[0].extension[0].valueString',
    ]);
  });

  test('one that is not known is a warning, a modifier an error', () => {
    expect(issues(patient(one('other')))).toEqual([
      expect.objectContaining({ where: 'Patient.extension[0]', severity: 'warning', code: 'extension' }),
    ]);
    expect(errors(patient({ modifierExtension: one('other').extension }))).toEqual(['Patient.modifierExtension[0]']);
  });

  test('modifiers stand among the modifiers, others do not', () => {
    expect(errors(patient({ modifierExtension: one('modifier').extension }))).toEqual([]);
    expect(errors(patient(one('modifier')))).toEqual(['Patient.extension[0]']);
    expect(errors(patient({ modifierExtension: one('note').extension }))).toEqual(['Patient.modifierExtension[0]']);
  });

  test.each<[string, object, boolean]>([
    ['note', patient(one('note')), true],
    ['note', patient({ name: [one('note')] }), false],
    ['note', observation(one('note')), false],
    ['name', patient({ name: [one('name')] }), true],
    ['name', patient({ contact: [{ name: one('name') }] }), true],
    ['name', patient(one('name')), false],
    ['given', patient({ name: [{ given: ['x'], _given: [one('given')] }] }), true],
    ['given', patient({ name: [{ family: 'x', _family: one('given') }] }), false],
    ['contact', patient({ contact: [{ name: one('contact') }] }), true],
    ['contact', patient({ name: [one('contact')] }), false],
    ['any', patient({ name: [one('any')] }), true],
    ['resource', patient(one('resource')), true],
    ['resource', patient({ name: [one('resource')] }), false],
    ['value', observation({ valueString: 'x', _valueString: one('value') }), true],
    ['value', observation({ valueQuantity: { value: 1, ...one('value') } }), true],
    ['value', observation({ code: { text: 'x', ...one('value') } }), false],
    ['within', patient(one('within')), false],
    ['within', patient({ name: [{ family: 'x', _family: one('complex', one('within')) }] }), true],
    ['within', patient(one('parts', one('within'))), false],
    [
      'name',
      observation({ contained: [patient({ id: 'a', name: [one('name')] })], subject: { reference: '#a' } }),
      true,
    ],
    ['note', observation({ contained: [patient({ id: 'a', ...one('note') })], subject: { reference: '#a' } }), true],
  ])('the context of %s: case %#', (_, resource, right) => {
    expect(issues(resource).filter(({ code }) => code === 'extension')).toHaveLength(right ? 0 : 1);
  });

  test('a url that is not absolute, or none', () => {
    expect(errors(patient({ extension: [{ url: 'a', valueString: 'x' }] }))).toEqual(['Patient.extension[0]']);
    expect(errors(patient({ extension: [{ valueString: 'x' }] }))).toEqual(['Patient.extension[0].url']);
  });

  test('a value and extensions at once, or neither', () => {
    const both = { valueString: 'x', extension: [{ url: 'a', valueString: 'x' }] };
    expect(issues(patient({ extension: [{ url: 'https://example.org/x', ...both }] })).map(({ key }) => key)).toContain(
      'ext-1',
    );
    expect(issues(patient({ extension: [{ url: 'https://example.org/x' }] })).map(({ key }) => key)).toContain('ext-1');
  });
});

describe('value sets and invariants', () => {
  const binding = (strength: string, valueSet: string): Element => ({
    path: 'Observation.value[x]',
    binding: { strength, valueSet },
  });
  const status = 'http://hl7.org/fhir/ValueSet/observation-status';
  const nowhere = 'https://example.org/ValueSet/nowhere';

  test('a required binding wants a code: text alone is none', () => {
    const { errors } = asks(binding('required', status));
    expect(errors({ valueCodeableConcept: { text: 'x' } })).toEqual(['Observation.valueCodeableConcept']);
    expect(errors({ valueQuantity: { value: 1, system: 'urn:a', code: 'x' } })).toEqual(['Observation.valueQuantity']);
    expect(errors({ valueBoolean: true })).toEqual([]);
  });

  test('an additional binding holds beside the first', () => {
    const additional = [{ strength: 'required', valueSet: status }] as const;
    const { errors } = asks({ path: 'Observation.value[x]', binding: { strength: 'preferred', additional } });
    const coding = { system: 'http://hl7.org/fhir/observation-status', code: 'final' };
    expect(errors({ valueCodeableConcept: { coding: [coding] } })).toEqual([]);
    expect(errors({ valueCodeableConcept: { coding: [{ ...coding, system: undefined }] } })).toEqual([
      'Observation.valueCodeableConcept',
    ]);
    expect(errors({ valueCodeableConcept: loinc('x') })).toEqual(['Observation.valueCodeableConcept']);
  });

  test('value sets that are not at hand are said once each, and nothing of them is judged', () => {
    const { issues } = asks(
      binding('required', nowhere),
      { path: 'Observation.method', binding: { strength: 'required', valueSet: nowhere } },
      { path: 'Observation.bodySite', binding: { strength: 'extensible', valueSet: `${nowhere}/else` } },
    );
    const found = issues({ valueCodeableConcept: loinc('1'), method: loinc('2'), bodySite: loinc('3') });
    expect(found.map(({ where, severity, code }) => [where, severity, code])).toEqual([
      ['Observation.valueCodeableConcept', 'warning', 'not-supported'],
      ['Observation.bodySite', 'information', 'not-supported'],
    ]);
  });

  test('value sets by lists, by systems, by what is below a code, by others, and without some', () => {
    const system = 'https://example.org/CodeSystem/a';
    const include = (rules: object) => ({ system, ...rules });
    const valueSet = (name: string, compose: object) => ({
      resourceType: 'ValueSet',
      url: `${nowhere}/${name}`,
      compose,
    });
    const below = [{ property: 'concept', op: 'is-a', value: 'b' }];
    const { errors } = judge(
      ['list', 'whole', 'below', 'without', 'both', 'expanded', 'circle'].map((name) =>
        definition(name, 'Observation', [binding('required', `${nowhere}/${name}`)]),
      ),
      [
        {
          resourceType: 'CodeSystem',
          url: system,
          content: 'complete',
          concept: [{ code: 'a' }, { code: 'b', concept: [{ code: 'c', concept: [{ code: 'd' }] }] }],
        },
        valueSet('list', { include: [include({ concept: [{ code: 'a' }] })] }),
        valueSet('whole', { include: [include({})] }),
        valueSet('below', { include: [include({ filter: below })] }),
        valueSet('without', { include: [include({})], exclude: [include({ filter: below })] }),
        valueSet('both', { include: [include({ valueSet: [`${nowhere}/below`, `${nowhere}/whole`] })] }),
        valueSet('circle', { include: [{ valueSet: [`${nowhere}/circle`] }] }),
        { resourceType: 'ValueSet', url: `${nowhere}/expanded`, expansion: { contains: [{ system, code: 'd' }] } },
      ],
    );
    const holds = (name: string) =>
      ['a', 'b', 'c', 'd', 'e']
        .filter(
          (code) => errors(observation({ valueCodeableConcept: { coding: [{ system, code }] } }), name).length === 0,
        )
        .join('');
    expect({
      list: holds('list'),
      whole: holds('whole'),
      below: holds('below'),
      without: holds('without'),
      both: holds('both'),
      expanded: holds('expanded'),
      circle: holds('circle'),
    }).toEqual({ list: 'a', whole: 'abcd', below: 'bcd', without: 'a', both: 'bcd', expanded: 'd', circle: 'abcde' });
  });

  test('invariants of a profile, with what they may ask', () => {
    const rule = (key: string, expression: string, severity = 'error'): Element => ({
      path: 'Observation',
      constraint: [{ key, severity, human: key, expression }],
    });
    const check = (element: Element, change: object = {}) =>
      asks(element)
        .issues(change)
        .map(({ key, severity }) => `${severity} ${key}`);
    expect(check(rule('a', 'note.exists()'))).toEqual(['error a']);
    expect(check(rule('a', 'note.exists()', 'warning'))).toEqual(['warning a']);
    expect(check(rule('a', 'subject.resolve() is Patient'), { subject: { reference: 'Patient/1' } })).toEqual([]);
    expect(check(rule('a', 'subject.resolve() is Patient'), { subject: { reference: 'Group/1' } })).toEqual([
      'error a',
    ]);
    expect(check(rule('a', `code.memberOf('${status}')`))).toEqual(['error a']);
    expect(check(rule('a', `code.memberOf('${nowhere}')`))).toEqual(['warning undefined']);
    expect(check(rule('a', 'this is no fhirpath'))).toEqual(['warning undefined']);
    expect(check(rule('dom-6', 'text.exists()'))).toEqual(['error dom-6']);
    expect(
      check({
        path: 'Observation',
        constraint: [{ key: 'a', severity: 'warning', expression: 'false', bestPractice: true }],
      }),
    ).toEqual([]);
  });
});
