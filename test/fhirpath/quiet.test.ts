/** The library that converts units prints what it does not know: texts of the data (PHI). */
import { afterEach, expect, jest, test } from '@jest/globals';
import { itemOf } from '../../src/definitions/item.ts';
import { readR4Types, TypeTable } from '../../src/definitions/types.ts';
import { compileExpression } from '../../src/fhirpath/index.ts';

afterEach(() => void jest.restoreAllMocks());

test('comparing quantities prints nothing, whatever their units are', () => {
  const printed = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  const types = new TypeTable(readR4Types());
  const smaller = compileExpression('low < high', { types });
  const quantity = (value: number, code: string): object => ({ value, system: 'http://unitsofmeasure.org', code });
  for (const [low, high] of [
    ['a  b', 'c  d'],
    ['mg', 'Rosa Mendoza'],
    ['[not/a:unit', 'kg'],
  ] as const) {
    const range = itemOf(types, { low: quantity(3, low), high: quantity(4, high) }, types.get('Range'));
    expect(smaller.evaluate(range === undefined ? [] : [range], { now: new Date(0) })).toEqual([]);
  }
  expect(printed).not.toHaveBeenCalled();
});
