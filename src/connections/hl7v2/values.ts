/** The value of an Observation, or of a component of it, as OBX-2, -5 and -6. Pure. */
import { isObject, text } from '../fhir/json.ts';
import type { Json } from '../fhir/json.ts';
import { cweOf } from './codes.ts';
import { of } from './segments.ts';
import type { Content } from './segments.ts';
import { dtmOf } from './times.ts';

export type ObxValue = {
  /** Table 0125. */
  readonly type: string;
  readonly value: Content;
  readonly units?: Content;
};

/** A number as it was written: `7`, `7.90`, never `1e21`. */
const plain = (value: unknown): string | undefined =>
  typeof value === 'number' && Number.isFinite(value) && !/e/i.test(String(value)) ? String(value) : undefined;

function unitsOf(quantity: Json): Content {
  const [code, unit] = [text(quantity['code']), text(quantity['unit'])];
  if (code === undefined) return unit === undefined ? undefined : of(unit);
  const ucum = quantity['system'] === 'http://unitsofmeasure.org';
  return of(code, unit ?? code, ucum ? 'UCUM' : undefined);
}

/** Undefined: it has none. `other`: one that OBX does not hold in this form. */
export function valueOf(holder: Json): ObxValue | undefined | 'other' {
  const [name, value] = Object.entries(holder).find(([key]) => /^value[A-Z]/.test(key)) ?? ['', undefined];
  switch (name) {
    case '':
      return undefined;
    case 'valueQuantity': {
      if (!isObject(value)) return 'other';
      const number = plain(value['value']);
      if (number === undefined) return 'other';
      const comparator = text(value['comparator']);
      const units = unitsOf(value);
      return comparator === undefined
        ? { type: 'NM', value: number, units }
        : { type: 'SN', value: of(comparator, number), units };
    }
    case 'valueInteger': {
      const number = plain(value);
      return number === undefined ? 'other' : { type: 'NM', value: number };
    }
    case 'valueString':
      return { type: 'ST', value: text(value) };
    case 'valueBoolean':
      // Table 0136.
      return { type: 'ID', value: value === true ? 'Y' : 'N' };
    case 'valueCodeableConcept': {
      const code = cweOf(value);
      return code === undefined ? 'other' : { type: 'CWE', value: { of: code } };
    }
    case 'valueDateTime': {
      const at = dtmOf(value);
      return at === undefined ? 'other' : { type: 'TS', value: at };
    }
    default:
      return 'other';
  }
}
