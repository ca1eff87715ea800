/** What base R4 asks, one thing at a time. */
import { describe, expect, test } from '@jest/globals';
import { outcomeOf } from '../../src/validation/issue.ts';
import { judge } from './made.ts';

const { errors, issues } = judge();

const patient = (change: object = {}) => ({ resourceType: 'Patient', name: [{ family: 'Q' }], ...change });
const observation = (change: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...change,
});
const coded = { coding: [{ system: 'urn:a', code: '1' }] };

describe('the shape of JSON', () => {
  test.each<[string, object, readonly string[]]>([
    ['an unknown element', patient({ nme: 1 }), ['Patient.nme']],
    ['an unknown element of a data type', patient({ name: [{ famly: 'x' }] }), ['Patient.name[0].famly']],
    [
      'a resourceType in a data type',
      patient({ name: [{ resourceType: 'HumanName' }] }),
      ['Patient.name[0].resourceType'],
    ],
    ['null', patient({ birthDate: null }), ['Patient.birthDate']],
    ['null for an object', patient({ maritalStatus: null }), ['Patient.maritalStatus']],
    ['null for a list', patient({ address: null }), ['Patient.address']],
    ['null in a list of objects', patient({ address: [null] }), ['Patient.address[0]']],
    ['null in a list of primitives', patient({ name: [{ given: [null] }] }), ['Patient.name[0].given[0]']],
    ['an empty list', patient({ address: [] }), ['Patient.address']],
    ['an empty object', patient({ address: [{}] }), ['Patient.address[0]']],
    ['an element with an id only', patient({ address: [{ id: 'a' }] }), ['Patient.address[0]']],
    ['white space only', patient({ name: [{ family: ' \t' }] }), ['Patient.name[0].family']],
    ['one for a list', patient({ name: { family: 'x' } }), ['Patient.name']],
    ['a list for one', patient({ birthDate: ['2020'] }), ['Patient.birthDate']],
    ['a list for one object', patient({ maritalStatus: [coded] }), ['Patient.maritalStatus']],
    ['a list in a list', patient({ name: [[{ family: 'x' }]] }), ['Patient.name[0]']],
    ['a string for an object', patient({ maritalStatus: 'M' }), ['Patient.maritalStatus']],
    ['an object for a string', patient({ birthDate: { value: '2020' } }), ['Patient.birthDate']],
    ['a twin that is no object', patient({ _birthDate: 'x' }), ['Patient.birthDate']],
    ['a twin of an object', patient({ _name: [{ id: 'x' }] }), ['Patient._name']],
    ['a twin with other elements', patient({ _birthDate: { id: 'a', value: 1 } }), ['Patient.birthDate.value']],
    ['a twin with an id and no value', patient({ _birthDate: { id: 'a' } }), ['Patient.birthDate']],
    [
      'lists of values and extensions of different length',
      patient({ name: [{ given: ['a', 'b'], _given: [{ id: 'x' }] }] }),
      ['Patient.name[0].given'],
    ],
    ['a missing element', { resourceType: 'Observation', status: 'final' }, ['Observation.code']],
    ['a missing element deep inside', patient({ link: [{ type: 'refer' }] }), ['Patient.link[0].other']],
  ])('%s is an error where it stands', (_, resource, places) => {
    expect(errors(resource)).toEqual(places);
  });

  test.each<[string, object]>([
    ['a value with an id beside it', patient({ birthDate: '2020', _birthDate: { id: 'a' } })],
    [
      'an extension in the place of a value',
      patient({
        _birthDate: {
          extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
        },
      }),
    ],
    [
      'null where the twin has extensions',
      patient({
        name: [
          {
            given: [null, 'b'],
            _given: [
              {
                id: 'a',
                extension: [
                  { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
                ],
              },
              null,
            ],
          },
        ],
      }),
    ],
    [
      'nested items that refer to their own definition',
      {
        resourceType: 'QuestionnaireResponse',
        status: 'completed',
        item: [{ linkId: 'a', item: [{ linkId: 'b', answer: [{ valueString: 'x', item: [{ linkId: 'c' }] }] }] }],
      },
    ],
    ['undefined', patient({ birthDate: undefined })],
  ])('%s is right', (_, resource) => {
    expect(errors(resource)).toEqual([]);
  });

  test('a name that is nearly right brings the one that was meant', () => {
    expect(issues(patient({ brithDate: '2020' }))[0]?.what).toContain('did you mean “birthDate”?');
    expect(issues(observation({ valueQuantty: {} }))[0]?.what).toContain('did you mean “valueQuantity”?');
  });

  test('what is no resource is an error and no exception', () => {
    for (const json of [null, 1, 'x', [], {}, { resourceType: 7 }, { resourceType: 'HumanName' }])
      expect(errors(json)).toHaveLength(1);
  });
});

test('what is nested without end is an error and no exception', () => {
  let item: object = { linkId: 'x' };
  for (let depth = 0; depth < 5000; depth += 1) item = { linkId: 'x', item: [item] };
  const resource = { resourceType: 'QuestionnaireResponse', status: 'completed', item: [item] };
  expect(errors(resource)).toHaveLength(1);
});

describe('choices', () => {
  test.each<[string, object, readonly string[]]>([
    ['two types at once', { valueString: 'x', valueBoolean: true }, ['Observation.valueBoolean']],
    ['a type and the twin of another', { valueString: 'x', _valueCode: { id: 'a' } }, ['Observation._valueCode']],
    ['a type that the choice does not have', { valueMoney: { value: 1 } }, ['Observation.valueMoney']],
    ['a choice without type', { value: 'x' }, ['Observation.value']],
  ])('%s is an error', (_, change, places) => {
    expect(errors(observation(change))).toEqual(places);
  });

  test('a value and its own twin are one', () => {
    expect(errors(observation({ valueString: 'x', _valueString: { id: 'a' } }))).toEqual([]);
  });
});

describe('primitive types', () => {
  const identified = (value: unknown) => ({ resourceType: 'Basic', code: coded, ...(value as object) });
  const extended = (value: object) =>
    identified({ identifier: [{ extension: [{ url: 'https://example.org/x', ...value }] }] });

  test.each<[string, object]>([
    ['valueBoolean', { valueBoolean: 'true' }],
    ['valueInteger', { valueInteger: 2_147_483_648 }],
    ['valueInteger', { valueInteger: 1.5 }],
    ['valueInteger', { valueInteger: '1' }],
    ['valuePositiveInt', { valuePositiveInt: 0 }],
    ['valueUnsignedInt', { valueUnsignedInt: -1 }],
    ['valueDecimal', { valueDecimal: '1.0' }],
    ['valueString', { valueString: 'a\u0000b' }],
    ['valueString', { valueString: 1 }],
    ['valueCode', { valueCode: ' a' }],
    ['valueCode', { valueCode: 'a  b' }],
    ['valueId', { valueId: 'a b' }],
    ['valueId', { valueId: 'x'.repeat(65) }],
    ['valueUri', { valueUri: 'a b' }],
    ['valueUrl', { valueUrl: 'http://a b' }],
    ['valueCanonical', { valueCanonical: 'http://a b' }],
    ['valueOid', { valueOid: '1.2.3' }],
    ['valueUuid', { valueUuid: 'urn:uuid:1' }],
    ['valueDate', { valueDate: '2023-02-30' }],
    ['valueDate', { valueDate: '2023-02-29' }],
    ['valueDate', { valueDate: '1900-02-29' }],
    ['valueDate', { valueDate: '2023-04-31' }],
    ['valueDate', { valueDate: '2023-13' }],
    ['valueDate', { valueDate: '0000' }],
    ['valueDate', { valueDate: '2023-01-01T00:00:00Z' }],
    ['valueDateTime', { valueDateTime: '2023-01-01T10:00Z' }],
    ['valueDateTime', { valueDateTime: '2023-01-01T24:00:00Z' }],
    ['valueDateTime', { valueDateTime: '2023-02-30T10:00:00Z' }],
    ['valueInstant', { valueInstant: '2023-01-01' }],
    ['valueTime', { valueTime: '10:00' }],
    ['valueBase64Binary', { valueBase64Binary: 'abc' }],
    ['valueBase64Binary', { valueBase64Binary: 'ab=c' }],
  ])('%s refuses what it is not', (key, value) => {
    expect(errors(extended(value))).toEqual([`Basic.identifier[0].extension[0].${key}`]);
  });

  test.each<[object]>([
    [{ valueInteger: -2_147_483_648 }],
    [{ valueDecimal: 1e-9 }],
    [{ valueString: ' a\r\n\tb ' }],
    [{ valueCode: 'a b' }],
    [{ valueOid: 'urn:oid:2.16.840' }],
    [{ valueUuid: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520' }],
    [{ valueDate: '2024-02-29' }],
    [{ valueDate: '2000-02-29' }],
    [{ valueDateTime: '2023-12-31T23:59:60.123+14:00' }],
    [{ valueInstant: '2023-01-01T10:00:00.000Z' }],
    [{ valueBase64Binary: 'aGVs\nbG8=' }],
  ])('%j is right', (value) => {
    expect(errors(extended(value))).toEqual([]);
  });

  test.each<[string, string]>([
    ['text outside of the div', 'x<div xmlns="http://www.w3.org/1999/xhtml">y</div>'],
    ['a script', '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>'],
    ['an event handler', '<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x">y</p></div>'],
    ['an element left open', '<div xmlns="http://www.w3.org/1999/xhtml"><p>x</div>'],
    ['nothing said', '<div xmlns="http://www.w3.org/1999/xhtml"> <p/> </div>'],
    ['no namespace', '<div>x</div>'],
    ['a bare ampersand', '<div xmlns="http://www.w3.org/1999/xhtml">a & b</div>'],
  ])('a narrative with %s is an error', (_, div) => {
    expect(errors(patient({ text: { status: 'generated', div } }))).toEqual(['Patient.text.div']);
  });

  test('a narrative with a table, an image and an entity is right', () => {
    const div =
      '<div xmlns="http://www.w3.org/1999/xhtml"><!-- c --><table class="a"><tr><td>1 &lt; 2<br/></td></tr></table><img src="#x" alt="y"/></div>';
    expect(errors(patient({ text: { status: 'generated', div } }))).toEqual([]);
  });

  test('the id of a resource has the form of an id', () => {
    expect(errors(patient({ id: 'a_b' }))).toEqual(['Patient.id']);
    expect(errors(patient({ id: 'a.b-C' }))).toEqual([]);
  });
});

describe('references and contained resources', () => {
  const organization = (change: object = {}) => ({ resourceType: 'Organization', id: 'o', name: 'x', ...change });
  const managed = (reference: object, contained: readonly object[] = []) =>
    patient({ managingOrganization: reference, ...(contained.length > 0 ? { contained } : {}) });

  test.each<[string, object, readonly string[]]>([
    ['another type', managed({ reference: 'Device/1' }), ['Patient.managingOrganization']],
    [
      'another type on a server',
      managed({ reference: 'https://a.org/fhir/Device/1' }),
      ['Patient.managingOrganization'],
    ],
    ['another type by a search', managed({ reference: 'Device?name=x' }), ['Patient.managingOrganization']],
    ['another type by `type` alone', managed({ type: 'Device', display: 'x' }), ['Patient.managingOrganization']],
    ['two types', managed({ type: 'Practitioner', reference: 'Organization/1' }), ['Patient.managingOrganization']],
    ['no type of R4', managed({ reference: 'Visit/1' }), ['Patient.managingOrganization']],
    [
      'no contained resource',
      managed({ reference: '#x' }, [organization()]),
      ['Patient.contained[0]', 'Patient.managingOrganization'],
    ],
    [
      'a contained one of another type',
      managed({ reference: '#o' }, [{ resourceType: 'Device', id: 'o' }]),
      ['Patient.managingOrganization'],
    ],
  ])('a reference to %s is an error', (_, resource, places) => {
    expect([...errors(resource)].sort()).toEqual(places);
  });

  test.each<[object]>([
    [{ reference: 'Organization/1' }],
    [{ reference: 'Organization/1/_history/2' }],
    [{ reference: 'https://a.org/fhir/Organization/1' }],
    [{ reference: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520' }],
    [{ reference: 'https://a.org/somewhere' }],
    [{ identifier: { value: 'x' } }],
    [{ type: 'Organization', display: 'x' }],
  ])('%j is right', (reference) => {
    expect(errors(managed(reference))).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['dom-2', { contained: [{ resourceType: 'Device', id: 'd' }] }, 'dom-2'],
    ['dom-4', { meta: { versionId: '1' } }, 'dom-4'],
    ['dom-5', { meta: { security: [{ code: 'R', system: 'urn:a' }] } }, 'dom-5'],
  ])('%s holds for contained resources', (_, change, key) => {
    expect(issues(managed({ reference: '#o' }, [organization(change)])).map((issue) => issue.key)).toContain(key);
  });

  test('dom-3: a contained resource that nothing refers to', () => {
    expect(issues(managed({ reference: 'Organization/1' }, [organization()])).map(({ key }) => key)).toEqual(['dom-3']);
    // One that refers to what contains it needs no reference.
    const practitioner = { resourceType: 'PractitionerRole', id: 'r', practitioner: { reference: '#' } };
    expect(errors({ resourceType: 'Practitioner', contained: [practitioner] })).toEqual([]);
  });

  test('a contained resource is checked as its own type', () => {
    expect(errors(managed({ reference: '#o' }, [organization({ active: 'x' })]))).toEqual([
      'Patient.contained[0].active',
    ]);
    expect(errors(managed({ reference: '#o' }, [{ resourceType: 'Visit', id: 'o' }]))).toContain(
      'Patient.contained[0]',
    );
  });

  test('the resources of a Bundle are checked, each for itself', () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { fullUrl: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520', resource: patient({ gender: 'nope' }) },
        { resource: observation({ subject: { reference: '#p' } }) },
      ],
    };
    expect(errors(bundle)).toEqual(['Bundle.entry[0].resource.gender', 'Bundle.entry[1].resource.subject']);
  });

  test('a reference within a Bundle leads to what the entry is', () => {
    const uuid = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520';
    const bundle = (resource: object) => ({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: uuid, resource }, { resource: observation({ subject: { reference: uuid } }) }],
    });
    expect(errors(bundle(patient()))).toEqual([]);
    expect(errors(bundle(observation()))).toEqual(['Bundle.entry[1].resource.subject']);
  });
});

describe('bindings', () => {
  test('a code outside of a required value set is an error', () => {
    expect(errors(patient({ gender: 'f' }))).toEqual(['Patient.gender']);
    expect(errors(patient({ contact: [{ gender: 'f', name: { text: 'x' } }] }))).toEqual(['Patient.contact[0].gender']);
  });

  test('a code outside of an extensible value set is a warning, text alone is none', () => {
    expect(issues(patient({ maritalStatus: coded }))).toEqual([
      expect.objectContaining({ where: 'Patient.maritalStatus', severity: 'warning', code: 'code-invalid' }),
    ]);
    expect(issues(patient({ maritalStatus: { text: 'x' } }))).toEqual([]);
    const known = { system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M' };
    expect(issues(patient({ maritalStatus: { coding: [coded.coding[0], known] } }))).toEqual([]);
  });

  test('the widest value set of a preferred binding is required', () => {
    expect(
      errors(patient({ communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'quz' }] } }] })),
    ).toEqual([]);
    expect(errors(patient({ communication: [{ language: coded }] }))).toEqual(['Patient.communication[0].language']);
  });
});

describe('invariants', () => {
  test('they are evaluated where they stand, in the order of the data', () => {
    expect(issues(patient({ contact: [{ gender: 'male' }] }))).toEqual([
      expect.objectContaining({ where: 'Patient.contact[0]', key: 'pat-1', code: 'invariant', severity: 'error' }),
    ]);
    expect(issues(patient({ telecom: [{ value: 'x' }] }))[0]?.key).toBe('cpt-2');
    expect(issues(observation({ effectivePeriod: { start: '2024-02', end: '2023' } }))[0]?.key).toBe('per-1');
  });

  test('what is only good advice is not judged', () => {
    expect(issues(patient())).toEqual([]);
  });

  test('%resource is the contained resource, in one', () => {
    const inner = {
      resourceType: 'Observation',
      id: 'o',
      status: 'final',
      code: coded,
      valueString: 'x',
      component: [{ code: coded, valueString: 'y' }],
    };
    const outer = observation({ contained: [inner], hasMember: [{ reference: '#o' }] });
    expect(issues(outer).map(({ where, key }) => [where, key])).toEqual([['Observation.contained[0]', 'obs-7']]);
  });
});

describe('what is said', () => {
  test('no value of the resource', () => {
    const canary = 'Zzcanary';
    const texts = JSON.stringify(
      issues(
        patient({
          gender: canary,
          birthDate: canary,
          active: canary,
          name: canary,
          telecom: [{ system: canary, value: canary }],
          managingOrganization: { reference: `${canary}/${canary}` },
          generalPractitioner: [{ reference: `#${canary}` }],
          extension: [{ url: `https://${canary}`, valueString: canary }],
          contact: [{ gender: canary }],
          text: { status: canary, div: `<div><${canary}></div>` },
        }),
      ),
    );
    expect(texts).toContain('Patient.birthDate');
    expect(texts).not.toContain(canary);
  });

  test('an OperationOutcome with the place and the code of each issue', () => {
    expect(outcomeOf(issues(patient({ gender: 'nope' })))).toEqual({
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'error',
          code: 'code-invalid',
          details: {
            text: 'no code of the required value set http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1',
          },
          expression: ['Patient.gender'],
        },
      ],
    });
    expect(outcomeOf([])).toMatchObject({ issue: [{ severity: 'information' }] });
  });

  test('the same each time', () => {
    const broken = patient({ gender: 'nope', birthDate: 'x', contact: [{}] });
    const first = issues(broken);
    expect(issues(broken)).toEqual(first);
    expect(issues(patient())).toEqual([]);
  });
});
