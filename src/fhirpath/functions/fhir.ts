/** What FHIR adds to FHIRPath (https://hl7.org/fhir/R4/fhirpath.html#functions). */
import { isObject, Item, itemOf, nothing, stepTo } from '../../definitions/item.ts';
import { isA } from '../../definitions/types.ts';
import { isSafeHtml } from '../html.ts';
import { truthNode, type Call, type Node, type Scope } from '../node.ts';
import { single, stringOf, systemTypeName, systemTypeOf } from '../system.ts';
import { onItems, onItemsTruth, parameter, type BuiltIn, type BuiltIns } from './define.ts';

const extension: BuiltIn = {
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const url = parameter(call, 0);
    const step = stepTo(call.types, 'extension');
    return {
      items: (focus, scope) => {
        const out: Item[] = [];
        for (const item of items(focus, scope)) step(item, out);
        if (out.length === 0) return nothing;
        const wanted = stringOf(url(focus, scope), call.what);
        return out.filter(({ json }) => isObject(json) && json['url'] === wanted);
      },
    };
  },
};

const isValue = ({ json }: Item): boolean => json !== undefined && typeof json !== 'object';

function resolve({ of: { items }, types }: Call): Node {
  const contained = (id: string, { env, context }: Scope): Item | undefined => {
    const root = env.rootResource ?? env.resource ?? context[0];
    if (root === undefined || id === '') return root;
    const list = isObject(root.json) ? root.json['contained'] : undefined;
    const found = Array.isArray(list) ? list.find((each) => isObject(each) && each['id'] === id) : undefined;
    return itemOf(types, found);
  };
  return {
    items: (focus, scope) => {
      const out: Item[] = [];
      for (const item of items(focus, scope)) {
        const reference = isObject(item.json) ? item.json['reference'] : item.json;
        if (typeof reference !== 'string') continue;
        const found = reference.startsWith('#')
          ? contained(reference.slice(1), scope)
          : scope.env.resolve?.(reference, item);
        if (found !== undefined) out.push(found);
      }
      return out;
    },
  };
}

/** A function of one item and a canonical, that the surroundings answer. */
const asked = (answer: (item: Item, url: string, scope: Scope) => boolean | undefined): BuiltIn => ({
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const canonical = parameter(call, 0);
    return truthNode((focus, scope) => {
      const item = single(items(focus, scope), call.what);
      const url = stringOf(canonical(focus, scope), call.what);
      return item === undefined || url === undefined ? undefined : answer(item, url, scope);
    });
  },
});

/** What an item is (https://hl7.org/fhirpath/N1/#reflection); plain JSON objects are of no type. */
function typeInfo(item: Item): Item | undefined {
  const { type } = item;
  const system = systemTypeName(type ?? systemTypeOf(item));
  if (system !== undefined) return new Item({ namespace: 'System', name: system }, undefined);
  if (type === undefined) return undefined;
  return new Item({ namespace: 'FHIR', name: type.kind === 'backbone' ? 'BackboneElement' : type.name }, undefined);
}

const base = 'http://hl7.org/fhir/StructureDefinition/';

export const fhir: BuiltIns = {
  extension,
  hasValue: onItemsTruth((items) => items.length === 1 && isValue(items[0] as Item)),
  getValue: onItems((items) => {
    const item = items[0];
    return items.length === 1 && item !== undefined && isValue(item)
      ? [new Item(item.json, systemTypeOf(item))]
      : nothing;
  }),
  type: onItems((items) => items.flatMap((item) => typeInfo(item) ?? [])),
  resolve: { min: 0, max: 0, compile: resolve },
  memberOf: asked((item, url, { env }) => env.memberOf?.(item, url)),
  conformsTo: asked((item, url, { env }) => {
    const known = env.conformsTo?.(item, url);
    if (known !== undefined) return known;
    return url.startsWith(base) && item.type !== undefined && isA(item.type, url.slice(base.length)) ? true : undefined;
  }),
  htmlChecks: onItemsTruth((items, what) => {
    const text = stringOf(items, what);
    return text === undefined ? undefined : isSafeHtml(text);
  }),
};
