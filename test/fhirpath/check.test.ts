/** What is said of an expression before it meets data. */
import { describe, expect, test } from '@jest/globals';
import { checkExpression, type CheckOptions } from '../../src/fhirpath/index.ts';
import { types } from './load.ts';

const check = (
  expression: string,
  options: Partial<CheckOptions> = {},
  focus = 'Patient',
): ReturnType<typeof checkExpression> => {
  const type = types.get(focus);
  return checkExpression(expression, { types, ...(type === undefined ? {} : { focus: [type] }), ...options });
};

test.each([
  ['name.famly', 'unknown-element', 5, 'HumanName has no element famly', 'family'],
  ["name.where(usee = 'x')", 'unknown-element', 11, 'HumanName has no element usee', 'use'],
  ['contact.first().name.given[0].vaule', 'unknown-element', 30, 'string has no element vaule', 'value'],
  ['birthDate.substing(1)', 'unknown-function', 10, 'there is no function substing', 'substring'],
  ['name.given.upper(1)', 'wrong-parameters', 11, 'upper() takes no parameter, and has 1', undefined],
  ["gender.replace('a')", 'wrong-parameters', 7, 'replace() takes 2 parameters, and has 1', undefined],
  ['multipleBirth.ofType(intger)', 'unknown-type', 21, 'there is no type intger', 'integer'],
  ['name.first() is Humanname2', 'unknown-type', 16, 'there is no type Humanname2', 'HumanName'],
  ['%nobody.name', 'unknown-variable', 0, 'there is no variable %nobody', undefined],
  ['name.(', 'syntax', 5, 'after the dot', undefined],
])('%s: %s at %i', (expression, code, offset, what, suggestion) => {
  const { findings } = check(expression);
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ code, offset });
  expect(findings[0]?.what).toContain(what);
  expect(findings[0]?.suggestion).toBe(suggestion);
});

test('all that is wrong is said, in the order of the text', () => {
  const { findings } = check('nme.exists() and gendr.uper() = %x');
  expect(findings.map(({ code, offset }) => [code, offset])).toEqual([
    ['unknown-element', 0],
    ['unknown-element', 17],
    ['unknown-function', 23],
    ['unknown-variable', 32],
  ]);
});

test.each([
  'Patient.name.given.first()',
  'contained.name',
  'descendants().whatever',
  'managingOrganization.resolve().name',
  "extension('x').value.coding.code",
  'deceased.ofType(dateTime) > today() - 1 year',
  '(deceased as dateTime).toString()',
  'iif(active, name[0], name[1]).family & %resource.id',
  'name.select(given | family).join()',
  'Patient.name.aggregate($total + given.count(), 0)',
  'multipleBirthInteger + 1',
])('%s is fine', (expression) => {
  expect(check(expression).findings).toEqual([]);
});

describe('the types of a result', () => {
  test.each([
    ['name', ['HumanName']],
    ['name.given.first()', ['string']],
    ['deceased', ['boolean', 'dateTime']],
    ['name.exists()', ['boolean']],
    ['contact', ['Patient.contact']],
    ['name.given.count()', ['integer']],
    ['(deceased as dateTime)', ['dateTime']],
    ['name | contact', ['HumanName', 'Patient.contact']],
    ['contained.name', undefined],
  ])('of %s are %j', (expression, names) => {
    expect(check(expression).types?.map(({ name }) => name)).toEqual(names);
  });
});

test('variables have types, with and without %', () => {
  const observation = types.get('Observation');
  const variable: NonNullable<CheckOptions['variable']> = (name) =>
    name === 'obs'
      ? { types: observation === undefined ? undefined : [observation] }
      : name === 'any'
        ? { types: undefined }
        : undefined;
  const { findings, variables } = check('%obs.stauts = obs.status and any.thing.exists()', {
    variable,
    bareVariables: true,
  });
  expect(findings.map(({ suggestion }) => suggestion)).toEqual(['status']);
  expect([...variables]).toEqual(['obs', 'any']);
});
