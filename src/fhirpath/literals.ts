/** Literals: their item is made once. */
import { Item } from '../definitions/item.ts';
import type { LiteralAst } from './ast.ts';
import type { Node } from './node.ts';
import { quantityItem } from './quantity.ts';
import { integerItem, stringItem, systemTypes, truthItems } from './system.ts';

/** Numbers and booleans can also be had without their item. */
export function literal(ast: LiteralAst): Node {
  const constant = literalItem(ast);
  const items: readonly Item[] = [constant];
  if (ast.type === 'integer' || ast.type === 'decimal') {
    const { value } = ast;
    return { items: () => items, found: () => constant, number: () => value, constant };
  }
  if (ast.type !== 'boolean') return { items: () => items, found: () => constant, constant };
  const { value } = ast;
  return { items: () => truthItems(value), truth: () => value, constant };
}

function literalItem(ast: LiteralAst): Item {
  switch (ast.type) {
    case 'string':
      return stringItem(ast.value);
    case 'integer':
      return integerItem(ast.value);
    case 'decimal':
      return new Item(ast.value, systemTypes.Decimal);
    case 'boolean':
      return new Item(ast.value, systemTypes.Boolean);
    case 'date':
      return new Item(ast.value, systemTypes.Date);
    case 'dateTime':
      return new Item(ast.value, systemTypes.DateTime);
    case 'time':
      return new Item(ast.value, systemTypes.Time);
    case 'quantity':
      break;
  }
  const { value, unit, calendar } = ast;
  return quantityItem({ value, unit: calendar ? unit.replace(/s$/u, '') : unit, calendar });
}
