/** Random FHIRPath over a focus and variables, of the kind that maps hold. */
import type { TypeDef } from '../../src/definitions/types.ts';
import type { Dice } from './arbitrary-dice.ts';
import { elementsOf, plainNames, primitives, typesOf } from './arbitrary-input.ts';

/** `type` undefined: plain JSON, or not known. */
export type Known = { readonly name: string; readonly type: TypeDef | undefined };

const isComplex = (type: TypeDef | undefined): type is TypeDef => type !== undefined && type.kind !== 'primitive';

/** A literal as FHIRPath and FML both write it. */
export function literalOf(dice: Dice, type: TypeDef | undefined): string {
  const value = dice.among(primitives[type?.name ?? 'code'] ?? primitives['code'] ?? []) ?? 'x';
  return typeof value === 'string' ? `'${value}'` : String(value);
}

type Step = { readonly text: string; readonly type: TypeDef | undefined };

/** An element, or two, from something of a type. */
function steps(dice: Dice, type: TypeDef | undefined): Step | undefined {
  if (type === undefined) return { text: dice.pick(plainNames), type: undefined };
  if (type.kind === 'primitive' || type.name === 'Resource') return undefined;
  const element = dice.among(elementsOf(type));
  if (element === undefined) return undefined;
  const next = dice.among(typesOf(element));
  const deeper = isComplex(next) && dice.chance(3) ? steps(dice, next) : undefined;
  return deeper === undefined
    ? { text: element.name, type: next }
    : { text: `${element.name}.${deeper.text}`, type: deeper.type };
}

/** A path from the focus or from a variable. */
function path(dice: Dice, focus: Known | undefined, variables: readonly Known[]): Step | undefined {
  const variable = dice.among(variables);
  const fromFocus = focus !== undefined && (variable === undefined || dice.below(2) === 0);
  const start = fromFocus ? focus : variable;
  if (start === undefined) return undefined;
  const next = dice.below(4) === 0 ? undefined : steps(dice, start.type);
  if (fromFocus) return next ?? { text: '$this', type: start.type };
  return next === undefined
    ? { text: `%${start.name}`, type: start.type }
    : { text: `%${start.name}.${next.text}`, type: next.type };
}

const isNumber = (type: TypeDef | undefined): boolean =>
  ['integer', 'decimal', 'positiveInt', 'unsignedInt'].includes(type?.name ?? '');

const isMoment = ({ name }: TypeDef): boolean => ['date', 'dateTime', 'instant', 'time'].includes(name);

export function condition(dice: Dice, focus: Known | undefined, variables: readonly Known[], depth = 0): string {
  const found = path(dice, focus, variables) ?? { text: '(1 | 2)', type: undefined };
  const { text, type } = found;
  switch (dice.below(depth < 2 ? 9 : 7)) {
    case 0:
      return `${text}.exists()`;
    case 1:
      return `${text}.empty()`;
    case 2:
      // Whether a date equals the text that writes it, engines do not agree.
      return type?.kind === 'primitive' && !isMoment(type) ? `${text} = ${literalOf(dice, type)}` : `${text}.exists()`;
    case 3:
      return `${text}.count() > ${dice.below(3)}`;
    case 4:
      return isNumber(type) ? `${text}.first() >= ${dice.below(3)}` : `${text}.count() = 1`;
    case 5:
      return isComplex(type)
        ? `${text}.where(${condition(dice, { name: '$this', type }, [], depth + 1)}).exists()`
        : `${text}.exists().not()`;
    case 6:
      return `${text}.first().exists() or ${text}.count() = 0`;
    case 7:
      return `(${condition(dice, focus, variables, depth + 1)}) and (${condition(dice, focus, variables, depth + 1)})`;
    default:
      return `(${condition(dice, focus, variables, depth + 1)}).not()`;
  }
}

/** An expression for a value, and the type that it has when that is known. */
export function valueExpression(
  dice: Dice,
  focus: Known | undefined,
  variables: readonly Known[],
  wanted: TypeDef | undefined,
): string {
  const found = path(dice, focus, variables);
  const text = found?.text ?? literalOf(dice, wanted);
  switch (dice.below(9)) {
    case 0:
      return literalOf(dice, wanted);
    case 1:
      return text;
    case 2:
      return `${text}.first()`;
    case 3:
      return `${text}.count()`;
    case 4:
      return `iif(${condition(dice, focus, variables)}, ${literalOf(dice, wanted)}, ${text})`;
    case 5:
      return found?.type?.kind === 'primitive' ? `${text}.first().exists().toString() & '-x'` : `${text}.count() + 1`;
    case 6:
      return `${text}.last()`;
    case 7:
      return dice.pick(['today()', 'now()', "'a' & 'b'", '1 + 2', '{}', "('a' | 'b')"] as const);
    default:
      return `(${text} | ${literalOf(dice, wanted)}).first()`;
  }
}
