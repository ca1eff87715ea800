/** What an element's name means in one type: what its definition takes, and under which key it stands (fml.md §5). */
import { writerOf, type Writer } from '../../definitions/generated.ts';
import type { ElementDef, ElementKey, TypeDef, TypeTable } from '../../definitions/types.ts';
import { Fault } from './fault.ts';
import { refuseUnsafe } from './json.ts';

/** What an element's name means in one type, ready to write. */
export type Cell = {
  /** As the map names it. */
  readonly name: string;
  /** Absent in plain JSON. */
  readonly def: ElementDef | undefined;
  /** Where it is written; of an open choice it follows from the value. */
  readonly key: ElementKey | undefined;
  readonly repeats: boolean;
  /** The one type that it takes, if it is one. */
  readonly expected: TypeDef | undefined;
  /** Writes under the key. */
  readonly write: Writer | undefined;
  /** One value of one primitive type under one key. */
  readonly simple: boolean;
  /** Objects of one type under one key: one that is opened needs no choosing. */
  readonly opens: boolean;
};

/** A type of which no elements are known: plain JSON. */
export const isPlain = (type: TypeDef | undefined): boolean => type === undefined || type.elements.size === 0;

function cellOf(types: TypeTable, type: TypeDef | undefined, name: string): Cell {
  const found = type === undefined || isPlain(type) ? undefined : types.element(type, name);
  if (found === undefined && type !== undefined && !isPlain(type) && !type.open)
    throw new Fault('unknown-element', `${type.name} has no element “${name}”`);
  if (found === undefined)
    return {
      name,
      def: undefined,
      key: { key: name, extraKey: `_${name}`, type: undefined },
      repeats: false,
      expected: undefined,
      write: undefined,
      simple: false,
      opens: false,
    };
  const { def } = found;
  const key = found.key ?? (def.choice ? undefined : def.keys[0]);
  return {
    name,
    def,
    key,
    repeats: def.repeats,
    expected: key?.type,
    write: key === undefined ? undefined : writerOf(key.key),
    simple: !def.repeats && !def.choice && key?.type?.kind === 'primitive' && !isPlain(key.type),
    opens: !def.choice && key?.type !== undefined && key.type.kind !== 'primitive' && key.type.name !== 'Resource',
  };
}

/** Finds the cell of an element in one type after another; remembers, for there are few. */
export function cellFinder(types: TypeTable, name: string): (type: TypeDef | undefined) => Cell {
  let last: TypeDef | undefined;
  let lastCell: Cell | undefined;
  let known: Map<TypeDef | undefined, Cell> | undefined;
  return (type) => {
    if (lastCell !== undefined && type === last) return lastCell;
    refuseUnsafe(name);
    known ??= new Map();
    let cell = known.get(type);
    if (cell === undefined) known.set(type, (cell = cellOf(types, type, name)));
    last = type;
    lastCell = cell;
    return cell;
  };
}
