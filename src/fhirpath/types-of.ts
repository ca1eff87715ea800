/** `is`, `as`, ofType() (https://hl7.org/fhirpath/N1/#types): whether an item is of a type that is named. */
import { isObject, type Item } from '../definitions/item.ts';
import { isA, type TypeTable } from '../definitions/types.ts';
import type { TypeName } from './ast.ts';
import { FhirPathSyntaxError } from './errors.ts';
import { systemTypeOf, systemTypes } from './system.ts';

type TypeTest = (item: Item) => boolean;

const system: ReadonlyMap<string, (typeof systemTypes)[keyof typeof systemTypes]> = new Map(
  Object.entries(systemTypes),
);

/**
 * A name without namespace is one of FHIR (or of a logical model), then one of System. `converting`, as ofType() does:
 * a FHIR string is also a System.String. Plain JSON, which has no type, is judged by its value.
 */
export function typeTest(types: TypeTable, written: TypeName, converting: boolean): TypeTest {
  const { namespace, name } = written;
  const known = namespace === 'System' ? undefined : types.resolve(name);
  const wanted = known === undefined && namespace !== 'FHIR' ? system.get(name) : undefined;
  if (wanted !== undefined)
    return (item) => item.type === wanted || ((converting || item.type === undefined) && systemTypeOf(item) === wanted);
  if (known === undefined)
    throw new FhirPathSyntaxError(
      `there is no type ${namespace === undefined ? '' : `${namespace}.`}${name}`,
      written.offset,
      written.length,
      'unknown-type',
    );
  const own = known.name;
  return (item) => {
    const { type, json } = item;
    if (type === undefined) return isObject(json) ? json['resourceType'] === own : systemTypeOf(item)?.name === own;
    return isA(type, own) && !system.has(systemName(item));
  };
}

const systemNames: ReadonlyMap<unknown, string> = new Map([...system].map(([name, type]) => [type, name]));
const systemName = (item: Item): string => systemNames.get(item.type) ?? '';
