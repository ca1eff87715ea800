/** Every element of a resource, with all that the standard and the profiles say of it: plainly, without caring for speed. */
import type { Definitions, ElementDefinition, ElementType, Json, Resource, Structure } from './definitions.ts';

export type Keys = readonly (string | number)[];

/** What one StructureDefinition says of a place. */
export type Rule = { readonly structure: Structure; readonly element: ElementDefinition };

/** Where one StructureDefinition lists the elements of an object. */
export type Context = { readonly structure: Structure; readonly id: string };

/** One element of an object, as one StructureDefinition has it, with what stands there. */
export type Slot = {
  readonly rule: Rule;
  /** Without `[x]`. */
  readonly name: string;
  readonly choice: boolean;
  /** The key in this object: `valueQuantity`; undefined when the element is absent. */
  readonly key: string | undefined;
  readonly items: readonly unknown[];
  /** Which slice each item is in; undefined where the discriminators are beyond us. */
  readonly slices: readonly { readonly slice: ElementDefinition; readonly indexes: readonly number[] }[] | undefined;
};

export type Place = {
  readonly keys: Keys;
  /** As FHIRPath says it: `Observation.component[0].value`. */
  readonly path: string;
  readonly type: string;
  readonly value: unknown;
  readonly rules: readonly Rule[];
  /** Whether JSON has an array here; the place itself is one of its items. */
  readonly repeats: boolean;
  /** Of an object: the definitions that list its elements, and those elements. */
  readonly contexts: readonly Context[];
  readonly slots: readonly Slot[];
};

export const isObject = (json: unknown): json is Json =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `string` for the System.String of ids and urls. */
export const codeOf = (type: ElementType): string =>
  type.code.startsWith('http://hl7.org/fhirpath/System.')
    ? (type.extension?.find(({ url }) => url.endsWith('structuredefinition-fhir-type'))?.valueUrl ?? 'string')
    : type.code;

const nameOf = ({ id }: ElementDefinition): string => id.slice(id.lastIndexOf('.') + 1).replace(/\[x\].*$|:.*$/u, '');

const isChoice = ({ id }: ElementDefinition): boolean => /\[x\](?::[^.]*)?$/u.test(id);

const asList = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as unknown[]) : [value];

/** The value of a discriminator's path; undefined when the path is more than names. */
function at(item: unknown, path: string): readonly unknown[] | undefined {
  let found = [item];
  if (path === '$this') return found;
  if (!/^[a-z]\w*(?:\.[a-z]\w*)*$/iu.test(path)) return undefined;
  for (const name of path.split('.'))
    found = found.flatMap((each) => {
      if (!isObject(each)) return [];
      const key = Object.keys(each).find(
        (own) => own === name || (own.startsWith(name) && /^[A-Z]/u.test(own.slice(name.length))),
      );
      return key === undefined ? [] : [...asList(each[key])];
    });
  return found;
}

/** Whether a value has all that a pattern has. */
export const meets = (value: unknown, pattern: unknown): boolean => {
  if (Array.isArray(pattern)) return pattern.every((part) => asList(value).some((each) => meets(each, part)));
  if (isObject(pattern))
    return isObject(value) && Object.entries(pattern).every(([key, part]) => meets(value[key], part));
  return value === pattern;
};

/** The fixed or pattern value of an element: `fixedUri`, `patternCodeableConcept`. */
export const wantedBy = (
  element: ElementDefinition,
): { readonly fixed: boolean; readonly value: unknown } | undefined => {
  for (const [key, value] of Object.entries(element))
    if (/^(?:fixed|pattern)[A-Z]/u.test(key)) return { fixed: key.startsWith('fixed'), value };
  return undefined;
};

const codingsOf = (value: unknown): readonly Json[] =>
  isObject(value) ? (Array.isArray(value['coding']) ? (value['coding'] as Json[]) : [value]) : [{ code: value }];

/** Whether an item is in a slice by one discriminator; undefined when we cannot say. */
function isIn(
  definitions: Definitions,
  structure: Structure,
  slice: ElementDefinition,
  { type, path }: { readonly type: string; readonly path: string },
  item: unknown,
  key: string,
): boolean | undefined {
  const found = at(item, path);
  if (type === 'type' && path === '$this')
    return (slice.type ?? []).some(
      (each) =>
        key === nameOf(slice) + upperFirst(codeOf(each)) || (isObject(item) && item['resourceType'] === codeOf(each)),
    );
  if (found === undefined) return undefined;
  if (type === 'exists') {
    const element = structure.elements.get(`${slice.id}.${path}`);
    return element?.max === '0' ? found.length === 0 : (element?.min ?? 0) > 0 ? found.length > 0 : undefined;
  }
  if (type !== 'value' && type !== 'pattern') return undefined;
  // An extension is told by the url that its profile fixes.
  const profile = slice.type?.[0]?.profile?.[0];
  if (path === 'url' && profile !== undefined) return found.includes(profile);
  const names = path === '$this' ? [] : path.split('.');
  for (let depth = names.length; depth >= 0; depth -= 1) {
    const element = structure.elements.get([slice.id, ...names.slice(0, depth)].join('.'));
    if (element === undefined) continue;
    const wanted = wantedBy(element);
    if (wanted !== undefined) {
      const value = at(wanted.value, names.slice(depth).join('.') || '$this')?.[0];
      if (value !== undefined) return found.some((each) => meets(each, value));
    }
    if (depth === names.length && element.binding?.strength === 'required' && element.binding.valueSet !== undefined) {
      const results = found
        .flatMap(codingsOf)
        .map(({ system, code }) =>
          definitions.contains(element.binding?.valueSet ?? '', system as string | undefined, String(code)),
        );
      if (results.includes('in')) return true;
      return results.includes('unknown') ? undefined : false;
    }
  }
  return undefined;
}

function slicesOf(
  definitions: Definitions,
  { structure, element }: Rule,
  items: readonly unknown[],
  key: string,
): Slot['slices'] {
  const slices = structure.slices.get(element.id) ?? [];
  const discriminators = element.slicing?.discriminator;
  if (slices.length === 0) return [];
  if (discriminators === undefined || discriminators.length === 0) return undefined;
  const found: { slice: ElementDefinition; indexes: number[] }[] = [];
  for (const slice of slices) {
    const indexes: number[] = [];
    for (const [index, item] of items.entries()) {
      const results = discriminators.map((each) => isIn(definitions, structure, slice, each, item, key));
      if (results.includes(false)) continue;
      if (results.includes(undefined)) return undefined;
      indexes.push(index);
    }
    found.push({ slice, indexes });
  }
  return found;
}

/** The elements that stand below one, where this StructureDefinition lists them. */
const below = ({ structure, element }: Rule): readonly Context[] => {
  if (element.contentReference !== undefined)
    return [{ structure, id: element.contentReference.replace(/^[^#]*#/u, '') }];
  return structure.children.has(element.id) ? [{ structure, id: element.id }] : [];
};

const rootOf = (structure: Structure | undefined): readonly Context[] =>
  structure === undefined ? [] : [{ structure, id: structure.type }];

function contextsOf(definitions: Definitions, type: string, rules: readonly Rule[], value: Json): readonly Context[] {
  const contexts = rules.flatMap(below);
  if (type === 'Resource') return rootOf(definitions.ofType(String(value['resourceType'])));
  if (type !== 'BackboneElement' && (type !== 'Element' || contexts.length === 0))
    contexts.push(...rootOf(definitions.ofType(type)));
  for (const { element } of rules)
    if (element.type?.length === 1 && element.type[0]?.profile?.length === 1)
      contexts.push(...rootOf(definitions.byUrl(element.type[0].profile[0] ?? '')));
  if (type === 'Extension') contexts.push(...rootOf(definitions.byUrl(String(value['url']))));
  const seen = new Set<string>();
  return contexts.filter(({ structure, id }) => {
    const name = `${structure.url} ${id}`;
    return seen.has(name) ? false : seen.add(name);
  });
}

/** The resource itself comes first. Profiles are those that `meta.profile` claims and that are known. */
export function placesOf(definitions: Definitions, resource: Resource): readonly Place[] {
  const places: Place[] = [];
  const visit = (
    keys: Keys,
    path: string,
    type: string,
    value: unknown,
    rules: readonly Rule[],
    repeats: boolean,
    contexts: readonly Context[],
  ): void => {
    const object = isObject(value) ? value : {};
    const slots = contexts.flatMap(({ structure, id }) =>
      (structure.children.get(id) ?? []).map((element) => slotOf(structure, element, object)),
    );
    places.push({ keys, path, type, value, rules, repeats, contexts, slots });
    const seen = new Set<string>();
    for (const { key } of slots) {
      if (key === undefined || seen.has(key)) continue;
      seen.add(key);
      const own = slots.filter((slot) => slot.key === key);
      const [first] = own;
      if (first === undefined) continue;
      const { name, choice } = first;
      const elementType =
        own
          .flatMap(({ rule: { element } }) => element.type ?? [])
          .map(codeOf)
          .find((code) => !choice || name + upperFirst(code) === key) ??
        (own.some(({ rule }) => rule.element.contentReference !== undefined) ? 'BackboneElement' : 'Element');
      const list = object[key];
      const many = Array.isArray(list);
      for (const [index, item] of first.items.entries()) {
        const itemRules = own.flatMap(({ rule, slices }) => [
          rule,
          ...(slices ?? [])
            .filter(({ indexes }) => indexes.includes(index))
            .map(({ slice }) => ({ structure: rule.structure, element: slice })),
        ]);
        visit(
          many ? [...keys, key, index] : [...keys, key],
          many ? `${path}.${name}[${index}]` : `${path}.${name}`,
          elementType === 'Resource' && isObject(item) ? String(item['resourceType']) : elementType,
          item,
          itemRules,
          many,
          isObject(item) ? contextsOf(definitions, elementType, itemRules, item) : [],
        );
      }
    }
  };
  const slotOf = (structure: Structure, element: ElementDefinition, object: Json): Slot => {
    const name = nameOf(element);
    const choice = isChoice(element);
    // A profile may list fewer types than stand there: any key that could be of this choice is.
    const key = Object.keys(object).find((own) =>
      choice ? own.startsWith(name) && /^[A-Z]/u.test(own.slice(name.length)) : own === name,
    );
    const items = asList(key === undefined ? undefined : object[key]);
    const rule = { structure, element };
    return { rule, name, choice, key, items, slices: key === undefined ? [] : slicesOf(definitions, rule, items, key) };
  };
  const claimed = ((resource['meta'] as { profile?: readonly string[] } | undefined)?.profile ?? []).map((url) =>
    definitions.byUrl(url),
  );
  const { resourceType } = resource;
  visit(
    [],
    resourceType,
    resourceType,
    resource,
    [],
    false,
    [definitions.ofType(resourceType), ...claimed].flatMap(rootOf),
  );
  return places;
}
