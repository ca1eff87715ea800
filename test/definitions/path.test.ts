/** A path in one go finds what its steps find one after the other, before and after it runs on code of its own. */
import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, dictionary, letrec, oneof, property, record } from 'fast-check';
import { Item, itemOf, stepTo } from '../../src/definitions/item.ts';
import { pathTo } from '../../src/definitions/path.ts';
import { readR4Types, TypeTable } from '../../src/definitions/types.ts';

const types = new TypeTable(readR4Types(), {
  Form: {
    kind: 'logical',
    open: true,
    elements: { count: '0integer', flag: '0boolean', name: '0string', resource: '0Resource' },
  },
});

const names = [
  'name',
  'given',
  'value',
  'extension',
  'id',
  'contact',
  'resource',
  'count',
  'flag',
  'valueString',
  'toString',
  '__proto__',
];

const primitive = constantFrom<unknown>('x', '12', 'true', 7, false, null);

const { tree } = letrec<{ tree: unknown }>((tie) => ({
  tree: oneof(
    { maxDepth: 4 },
    primitive,
    array(tie('tree'), { maxLength: 2 }),
    dictionary(
      constantFrom(...names.slice(0, 10), 'resourceType', '_name', '_given', '_count', '_id'),
      oneof(tie('tree'), constantFrom('Patient', 'Nobody')),
      { maxKeys: 5 },
    ),
  ),
}));

const start = record({
  json: dictionary(constantFrom(...names.slice(0, 10), '_name', '_id', '_count'), tree, { maxKeys: 6 }),
  type: constantFrom('Patient', 'HumanName', 'Extension', 'Form', 'Bundle', 'Nothing'),
});

const path = array(constantFrom(...names), { minLength: 1, maxLength: 4 });

const stepwise = (item: Item, steps: readonly string[]): readonly Item[] => {
  let items: Item[] = [item];
  for (const name of steps) {
    const next: Item[] = [];
    for (const each of items) stepTo(types, name)(each, next);
    items = next;
  }
  return items;
};

const shown = (items: readonly Item[]): unknown => items.map(({ json, type, extra }) => [json, type?.name, extra]);

/** So often that code of its own is made, of a type that has come by. */
const warmUp = (made: ReturnType<typeof pathTo>, item: Item): void => {
  for (let call = 0; call < 300; call += 1) made.present(item);
};

describe('a path in one go', () => {
  test.each([
    ['slow', false],
    ['on code of its own', true],
  ])('%s, it finds what its steps find', (_, warm) => {
    assert(
      property(start, start, path, (one, other, steps) => {
        const made = pathTo(types, steps);
        const items = [one, other].map(({ json, type }) => itemOf(types, json, types.get(type)));
        if (warm && items[0] !== undefined) warmUp(made, items[0]);
        for (const item of items) {
          if (item === undefined) continue;
          const found = made.from(item);
          const list = found === undefined ? [] : found instanceof Item ? [found] : found;
          expect(shown(list)).toEqual(shown(stepwise(item, steps)));
          expect(made.present(item)).toBe(list.length > 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a name with quotes and line ends stays a name', () => {
    const name = 'a"];throw 1;//\n\u2028';
    const made = pathTo(types, [name]);
    const item = new Item({ [name]: 'x' }, undefined);
    warmUp(made, item);
    expect(made.from(item)).toEqual(new Item('x', undefined));
  });
});
