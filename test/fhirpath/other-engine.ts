/** LHC's fhirpath.js on the same item, for comparison. */
import { compile } from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import type { Item } from '../../src/definitions/item.ts';

type Evaluate = (input: unknown, variables: Record<string, unknown>) => unknown[];

const compiled = new Map<string, Evaluate>();

/** The JSON of the result, or 'error'. `base` is the path or type that the item has. */
export function otherEngine(expression: string, base: string, item: Item, variables: Record<string, unknown>): unknown {
  const key = `${base} ${expression}`;
  try {
    let evaluate = compiled.get(key);
    if (evaluate === undefined) {
      evaluate = compile({ base, expression }, r4, { traceFn: () => {} }) as Evaluate;
      compiled.set(key, evaluate);
    }
    // A copy, since it leaves hidden properties on what it reads.
    return evaluate(structuredClone(item.json), variables).map(plain);
  } catch {
    return 'error';
  }
}

/** Without the hidden properties, and numbers without the noise of doubles. */
const plain = (value: unknown): unknown => {
  const json: unknown = JSON.parse(JSON.stringify(value) ?? 'null');
  return typeof json === 'number' ? Number(json.toPrecision(12)) : json;
};
