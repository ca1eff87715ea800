/** What is known of a value before a message arrives: which types it may have. Unknown is no fault: it is left alone. */
import { isA, type FoundElement, type TypeDef, type TypeTable } from '../../definitions/types.ts';

/** Undefined: nothing is known. Without types: not known yet, while types are being inferred. */
export type Shape = { readonly types: readonly TypeDef[]; readonly repeats: boolean } | undefined;

/** What an element's name leads to. `missing`: no type that the value may have has it. */
export type Child =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'found'; readonly shape: Shape; readonly found: readonly FoundElement[] }
  | { readonly kind: 'missing'; readonly names: readonly string[] };

/** Of what calls will tell. */
export const pending: NonNullable<Shape> = { types: [], repeats: false };

const general = new Set(['Resource', 'DomainResource', 'Element', 'BackboneElement', 'Base', 'Any']);

/** A type that says little of what its values have: the elements of a value may be others. */
export const isGeneral = (type: TypeDef): boolean => type.open || general.has(type.name) || type.elements.size === 0;

/** A shape of these types; unknown when there are none, or one is general. */
export const shapeOf = (types: readonly (TypeDef | undefined)[], repeats = false): Shape => {
  const known = types.filter((type) => type !== undefined);
  return known.length === 0 || known.length < types.length || known.some(isGeneral)
    ? undefined
    : { types: [...new Set(known)], repeats };
};

/** What either may be; unknown when one is. */
export const union = (one: Shape, other: Shape): Shape =>
  one === undefined || other === undefined
    ? undefined
    : { types: [...new Set([...one.types, ...other.types])], repeats: one.repeats || other.repeats };

export const single = (shape: Shape): Shape => (shape?.repeats === true ? { ...shape, repeats: false } : shape);
export const repeated = (shape: Shape): Shape => (shape?.repeats === false ? { ...shape, repeats: true } : shape);

/** `value` of a primitive: the primitive itself, whatever its definition says. */
const itself = (type: TypeDef): FoundElement => ({
  def: { name: 'value', min: 0, repeats: false, choice: false, types: [type], keys: [] },
});

/** The element of a value, by its name or its JSON name. On a primitive, `value` is the primitive itself. */
export function childOf(table: TypeTable, shape: Shape, name: string): Child {
  if (shape === undefined || name === '*') return { kind: 'unknown' };
  if (shape.types.length === 0) return { kind: 'found', shape, found: [] };
  const found: FoundElement[] = [];
  let result: Shape;
  let unknown = false;
  const add = (more: Shape): void => {
    if (more === undefined) unknown = true;
    else result = result === undefined ? more : union(result, more);
  };
  for (const type of shape.types) {
    if (isGeneral(type)) return { kind: 'unknown' };
    const element = type.kind === 'primitive' && name === 'value' ? itself(type) : table.element(type, name);
    if (element === undefined) continue;
    found.push(element);
    const { def, key } = element;
    add(shapeOf(key === undefined ? def.types : [key.type], shape.repeats || def.repeats));
  }
  if (unknown) return { kind: 'found', shape: undefined, found };
  if (result !== undefined) return { kind: 'found', shape: result, found };
  return { kind: 'missing', names: [...new Set(shape.types.flatMap((type) => [...type.elements.keys()]))] };
}

/** `Patient`, or `Quantity or string`. */
export const inWords = (types: readonly TypeDef[]): string => {
  const names = types.map(({ name }) => name);
  return names.length <= 4 ? names.join(' or ') : `${names.slice(0, 3).join(', ')} … (${names.length} types)`;
};

const numbers = new Set(['integer', 'decimal', 'positiveInt', 'unsignedInt', 'integer64']);
const times = new Set(['date', 'dateTime', 'instant', 'time']);

/** What a primitive type is of, whatever its limits. */
export const sortOf = ({ name }: TypeDef): 'truth' | 'number' | 'time' | 'text' =>
  name === 'boolean' ? 'truth' : numbers.has(name) ? 'number' : times.has(name) ? 'time' : 'text';

/** Whether a primitive of one type can ever be read as one of another: a boolean is never a date. */
function maybeRead(from: TypeDef, to: TypeDef): boolean {
  const [one, other] = [sortOf(from), sortOf(to)];
  if (one === 'text' || other === 'text' || one === other)
    return one !== 'time' || (from.name === 'time') === (to.name === 'time');
  // 2024 is a year.
  return one === 'number' && other === 'time' && from.name !== 'decimal';
}

/**
 * Whether a value of one type can be written where another is taken, as the runner converts (fml.md §5). True when in
 * doubt: an object of a logical model fits if its fields do.
 */
export function fits(from: TypeDef, to: TypeDef): boolean {
  if (to.name === 'Resource') return from.kind === 'resource' || from.kind === 'logical' || isGeneral(from);
  if (from === to || isGeneral(to) || isGeneral(from) || from.kind === 'logical' || to.kind === 'logical') return true;
  if (isA(from, to.name) || isA(to, from.name)) return true;
  if (from.kind === 'primitive' && to.kind === 'primitive') return maybeRead(from, to);
  if (isA(from, 'Quantity') && isA(to, 'Quantity')) return true;
  if (from.name === 'code') return to.name === 'CodeableConcept';
  if (isA(from, 'uri')) return to.name === 'Reference';
  // `subject.reference = reference(r)`
  return from.name === 'Reference' && to.kind === 'primitive' && sortOf(to) === 'text';
}
