/** What a caller of the engine gives and gets: variables, functions, an environment, readings, failures. */
import { describe, expect, test } from '@jest/globals';
import { Item } from '../../src/definitions/item.ts';
import { TypeTable } from '../../src/definitions/types.ts';
import {
  compileExpression,
  FhirPathError,
  FhirPathSyntaxError,
  type CompileOptions,
  type Env,
} from '../../src/fhirpath/index.ts';
import { env, item, json, now, types } from './load.ts';

const patient = item(json('inputs/patient.json'));
const evaluate = (
  expression: string,
  focus: Item = patient,
  options: Partial<CompileOptions> = {},
  given: Env = env,
): unknown[] =>
  compileExpression(expression, { types, ...options })
    .evaluate([focus], given)
    .map((each) => each.json);

describe('variables', () => {
  const variable: NonNullable<CompileOptions['variable']> = (name) =>
    name === 'src' || name === 'name' || name === 'details' || name === 'code'
      ? ({ host }) => (host as Record<string, readonly Item[]>)[name] ?? []
      : undefined;
  const given: Env = { now, host: { src: [patient], name: [item('a name')], code: [item('c')] } };

  test('are read from what the caller hands over at each evaluation', () => {
    expect(evaluate('%src.gender', patient, { variable }, given)).toEqual(['female']);
    expect(evaluate('%src.gender', patient, { variable }, { now, host: {} })).toEqual([]);
  });

  test('may stand without % where the focus has no such element, if the caller wants', () => {
    const bare = { variable, bareVariables: true };
    expect(evaluate('src.gender', patient, bare, given)).toEqual(['female']);
    expect(evaluate('name', item({ resourceType: 'Observation' }), bare, given)).toEqual(['a name']);
    expect(evaluate('name.use', patient, bare, given)).toEqual(['official', 'usual', 'maiden']);
    expect(evaluate('src.gender', patient, {}, given)).toEqual([]);
  });

  test('do not hide the elements of plain JSON in a criterion', () => {
    const bare = { variable, bareVariables: true };
    const rows = item({ rows: [{ code: 'c', n: 1 }, { n: 2 }] });
    expect(evaluate("rows.where(code = 'c').n", rows, bare, given)).toEqual([1]);
    expect(evaluate('rows.where(code = %code).n', rows, bare, given)).toEqual([1]);
    expect(evaluate('code', rows, bare, given)).toEqual(['c']);
  });
});

test('functions of the caller go before our own, and are told how many parameters they take', () => {
  const functions: NonNullable<CompileOptions['functions']> = {
    shout: {
      min: 1,
      max: 1,
      evaluate: ([text], [by]) => [new Item(`${String(text?.json)}${String(by?.[0]?.json)}`, types.get('string'))],
    },
    upper: { min: 0, max: 0, evaluate: () => [] },
  };
  expect(evaluate("gender.shout('!')", patient, { functions })).toEqual(['female!']);
  expect(evaluate('gender.upper()', patient, { functions })).toEqual([]);
  expect(() => evaluate('gender.shout()', patient, { functions })).toThrow('shout() takes one parameter, and has 0');
});

test('types that nobody knows are refused, or with foreignTypes are those of no item', () => {
  expect(() => evaluate('$this is Evidence2')).toThrow(FhirPathSyntaxError);
  expect(evaluate('$this is Evidence2 or $this is Patient', patient, { foreignTypes: true })).toEqual([true]);
});

test('trace tells the caller, and gives what it was given', () => {
  const told: unknown[] = [];
  const given: Env = { now, trace: (name, items) => void told.push([name, items.length]) };
  expect(evaluate("name.trace('names').given.trace('first', substring(0, 1)).count()", patient, {}, given)).toEqual([
    5,
  ]);
  expect(told).toEqual([
    ['names', 3],
    ['first', 5],
  ]);
});

test.each([
  ['active', true],
  ['photo', false],
  ['gender', true],
  ['deceased', false],
  ["gender = 'male'", false],
  ['birthDate > @1974', false],
])('as a condition, %s is %s', (expression, answer) => {
  expect(compileExpression(expression, { types }).test(patient, env)).toBe(answer);
});

test('as a condition, several items are a failure, and without a focus there is nothing', () => {
  expect(() => compileExpression('name', { types }).test(patient, env)).toThrow(FhirPathError);
  expect(compileExpression('name.exists()', { types }).test(undefined, env)).toBe(false);
});

test('no failure says a value of the data', () => {
  const secret = item({
    resourceType: 'Patient',
    name: [{ family: 'SECRET', given: ['SECRET', 'SECRET-2'] }],
    birthDate: 'SECRET',
    multipleBirthInteger: 4711,
    extension: [{ url: 'SECRET', valueQuantity: { value: 4711, code: 'SECRET', system: 'http://unitsofmeasure.org' } }],
  });
  const failing = [
    'name.given.length()',
    'name.family + 1',
    'multipleBirth + name.family',
    'name.family < 1',
    'birthDate > 5',
    'name.given.single()',
    'multipleBirth.substring(1)',
    'name.given.toInteger()',
    '-name.family',
    'name.matches(name.given)',
    "'x'.matches(name.family & '(')",
    "extension.value + 'x'",
    '(name.family | 1).sum()',
    'name.given and true',
  ];
  for (const expression of failing) {
    let message = '';
    try {
      evaluate(expression, secret);
    } catch (error) {
      expect(error).toBeInstanceOf(FhirPathError);
      message = (error as Error).message;
    }
    expect({ expression, message }).toEqual({ expression, message: expect.not.stringMatching(/SECRET|4711|^$/u) });
  }
});

test('units that UCUM does not know are no failure', () => {
  const odd = item({
    resourceType: 'Observation',
    valueQuantity: { value: 1, code: '~odd~', system: 'http://unitsofmeasure.org' },
  });
  expect(evaluate("value < 3 'kg'", odd)).toEqual([]);
  expect(evaluate('value = value', odd)).toEqual([true]);
});

test('nesting that no person writes is refused, and does not end the process', () => {
  expect(() => compileExpression('('.repeat(5000), { types })).toThrow('nested too deeply');
  expect(() => compileExpression(`${'('.repeat(300)}1${')'.repeat(300)}`, { types })).toThrow(FhirPathSyntaxError);
  expect(() => compileExpression(Array.from({ length: 2000 }, () => '1').join(' + '), { types })).toThrow(
    'nested too deeply',
  );
  expect(evaluate(Array.from({ length: 100 }, () => '1').join(' + '))).toEqual([100]);
});

test('types of a logical model are read as those of FHIR', () => {
  const visits = new TypeTable({
    string: { kind: 'primitive', elements: {} },
    integer: { kind: 'primitive', elements: {} },
    Visit: { kind: 'logical', elements: { note: '0*string', minutes: '0integer' } },
  });
  const focus = new Item({ note: 'one', minutes: '12' }, visits.get('Visit'));
  const answer = (expression: string): unknown[] =>
    compileExpression(expression, { types: visits })
      .evaluate([focus], env)
      .map((each) => each.json);
  expect(answer('Visit.minutes + 1')).toEqual([13]);
  expect(answer("note.first() & '!'")).toEqual(['one!']);
  expect(answer('$this is Visit')).toEqual([true]);
});
