/** What people who know other languages write in expressions, and how FHIRPath writes it. */
import type { TypeDef } from '../../definitions/types.ts';
import { transforms } from '../run/transforms.ts';

const operators: readonly (readonly [sign: RegExp, way: string])[] = [
  [/^===?$/u, 'Equal is “=”.'],
  [/^!==$/u, 'Not equal is “!=”.'],
  [/^&&$/u, 'Both is “and”.'],
  [/^\|\|$/u, 'Either is “or”.'],
  [/^!$/u, 'The opposite is (…).not().'],
  [/^\?[.?]?$/u, 'A choice between two is iif(condition, then, else); a path over what is not there gives nothing.'],
];
const quotes = /[“”„‘’]/u;

/** How to write what cannot be read at `offset` of an expression, where that can be guessed. */
export function syntaxSlip(text: string, offset: number): string | undefined {
  const here = text[offset] ?? '';
  if (quotes.test(here)) return "Write straight quotes: '…'";
  if (/['"]/u.test(here) && text.slice(0, offset).trimEnd().endsWith('.')) {
    const name = /^(['"])(.*?)\1/u.exec(text.slice(offset))?.[2];
    return name === undefined ? undefined : `A name that is no word stands in backticks: \`${name}\`.`;
  }
  const isSign = (at: number): boolean => /[=!&|?]/u.test(text[at] ?? '');
  if (!isSign(offset)) return undefined;
  let start = offset;
  while (start > 0 && isSign(start - 1)) start -= 1;
  let end = offset + 1;
  while (isSign(end)) end += 1;
  const sign = text.slice(start, end);
  return operators.find(([pattern]) => pattern.test(sign))?.[1];
}

/** What was meant by a function that FHIRPath does not have, where it is a transform. */
export const transformSlip = (name: string): string | undefined =>
  transforms.has(name)
    ? `${name}() is a transform, and stands alone after “=”. Keep its result in a variable first: ${name}(…) as v.`
    : undefined;

/** What was meant by a word of other languages, where a variable or an element is expected. */
export function wordSlip(name: string): string | undefined {
  if (/^(?:null|undefined|None|nil|NULL)$/u.test(name))
    return 'FHIRPath has no such word: what is not there is empty. Ask with exists() or empty().';
  if (/^(?:true|false)$/iu.test(name)) return `Write ${name.toLowerCase()}.`;
  return undefined;
}

/** The names of elements that could stand in a place, when none of them is like the one that does; or where they come from. */
export function hasWhat(types: readonly TypeDef[], names: readonly string[]): string | undefined {
  if (names.length > 0 && names.length <= 24) return `It has ${names.toSorted().join(', ')}.`;
  const [model] = types;
  return model?.kind === 'logical' ? `If it is sent, add it to the model ${model.name.split('.', 1)[0]}.` : undefined;
}
