/** What we leave to LHC's fhirpath.js: converting the units of UCUM. Loaded when first needed. */
import { createRequire } from 'node:module';
import type { Quantity } from './quantity.ts';

export type QuantityOperator = '=' | '~' | '<' | '+' | '-' | '*' | '/';

type Evaluate = (input: unknown, variables: Record<string, unknown>) => readonly unknown[];
type Library = { readonly compile: (expression: string) => Evaluate };

const compiled = new Map<string, Evaluate>();

function evaluate(expression: string, variables: Record<string, unknown>): unknown {
  let made = compiled.get(expression);
  if (made === undefined) {
    const library = createRequire(import.meta.url)('fhirpath') as Library;
    made = library.compile(expression);
    compiled.set(expression, made);
  }
  // On units it does not know the library throws, or prints: either quotes the data.
  /* oxlint-disable no-console */
  const { log } = console;
  console.log = () => undefined;
  try {
    return made({}, variables)[0];
  } catch {
    return undefined;
  } finally {
    console.log = log;
  }
  /* oxlint-enable no-console */
}

const written = ({ value, unit, calendar }: Quantity): string => `${value} ${calendar ? unit : `'${unit}'`}`;

/** Undefined when the units do not go together, or are none. */
export function ucumOperation(operator: QuantityOperator, a: Quantity, b: Quantity): boolean | Quantity | undefined {
  const result = evaluate(`(%a.toQuantity() ${operator} %b.toQuantity())`, { a: written(a), b: written(b) });
  return typeof result === 'boolean' ? result : read(result);
}

/** Undefined when the unit does not fit. */
export const ucumConversion = (quantity: Quantity, unit: string): Quantity | undefined =>
  read(evaluate('%a.toQuantity(%unit)', { a: written(quantity), unit }));

function read(result: unknown): Quantity | undefined {
  const { value, unit, word } = /^(?<value>\S+) (?:'(?<unit>.*)'|(?<word>\w+))$/u.exec(String(result))?.groups ?? {};
  return value === undefined
    ? undefined
    : { value: Number(value), unit: unit ?? word ?? '1', calendar: word !== undefined };
}
