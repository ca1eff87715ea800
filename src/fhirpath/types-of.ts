/** `is`, `as`, ofType() (https://hl7.org/fhirpath/N1/#types): whether an item is of a type that is named. */
import { isObject, type Item } from '../definitions/item.ts';
import { isA, type TypeDef, type TypeTable } from '../definitions/types.ts';
import type { TypeName } from './ast.ts';
import { FhirPathSyntaxError } from './errors.ts';
import { systemTypeName, systemTypeOf, systemTypes } from './system.ts';

type TypeTest = (item: Item) => boolean;

/** `Integer` is System's, `integer` and `Quantity` are FHIR's; with a namespace it is that one's. */
export function findType(types: TypeTable, { namespace, name }: TypeName): TypeDef | undefined {
  const fhir = namespace === 'System' ? undefined : types.get(name);
  return (
    fhir ??
    (namespace === 'FHIR' ? undefined : system.get(name)) ??
    (namespace === 'System' ? undefined : types.resolve(name))
  );
}

const isSystem = (type: TypeDef): boolean => systemTypeName(type) !== undefined;

const system: ReadonlyMap<string, TypeDef> = new Map(Object.entries(systemTypes));

/**
 * A name without namespace is one of FHIR (or of a logical model), then one of System. `converting`, as ofType() does:
 * a FHIR string is also a System.String. Plain JSON, which has no type, is judged by its value.
 */
export function typeTest(types: TypeTable, written: TypeName, converting: boolean): TypeTest {
  const { namespace, name } = written;
  const found = findType(types, written);
  const wanted = found !== undefined && isSystem(found) ? found : undefined;
  if (wanted !== undefined)
    return (item) => item.type === wanted || ((converting || item.type === undefined) && systemTypeOf(item) === wanted);
  if (found === undefined)
    throw new FhirPathSyntaxError(
      `there is no type ${namespace === undefined ? '' : `${namespace}.`}${name}`,
      written.offset,
      written.length,
      'unknown-type',
    );
  const own = found.name;
  // `Quantity` is the name of both.
  const also = namespace === undefined ? system.get(name) : undefined;
  return (item) => {
    const { type, json } = item;
    if (type === undefined) return isObject(json) ? json['resourceType'] === own : systemTypeOf(item)?.name === own;
    return isSystem(type) ? type === also : isA(type, own);
  };
}
