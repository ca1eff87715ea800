/**
 * What the executor knows of FHIR types: the elements of each, their types and whether they repeat. R4 comes from an
 * extract of the definitions (`scripts/extract-definitions.ts`); logical models can be added.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export type ElementDef = {
  readonly name: string;
  /** One for most, several for a choice (`value[x]`); a backbone element has its path as type. */
  readonly types: readonly string[];
  readonly repeats: boolean;
  readonly choice: boolean;
};

type TypeKind = 'resource' | 'complex' | 'primitive' | 'backbone' | 'logical';

export type TypeDef = {
  readonly name: string;
  readonly kind: TypeKind;
  readonly elements: ReadonlyMap<string, ElementDef>;
};

/** The extract: type → [kind, element → `*` when it repeats, then types joined by `|`; `[x]` in the name of a choice]. */
export type TypeExtract = Readonly<Record<string, readonly [TypeKind, Readonly<Record<string, string>>]>>;

type Definition = {
  readonly name?: string;
  readonly url?: string;
  readonly kind?: string;
  readonly type?: string;
  readonly snapshot?: { readonly element?: readonly DefinitionElement[] };
  readonly differential?: { readonly element?: readonly DefinitionElement[] };
};

type DefinitionElement = {
  readonly path: string;
  readonly max?: string;
  readonly base?: { readonly max?: string };
  readonly contentReference?: string;
  readonly type?: readonly {
    readonly code: string;
    readonly extension?: readonly { readonly url: string; readonly valueUrl?: string }[];
  }[];
};

const kinds: Readonly<Record<string, TypeKind>> = {
  resource: 'resource',
  'complex-type': 'complex',
  'primitive-type': 'primitive',
  logical: 'logical',
};

const lastPart = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** The types one StructureDefinition defines: its own and one for each element with children. */
export function extractTypes(definition: Definition): TypeExtract {
  const elements = definition.snapshot?.element ?? definition.differential?.element ?? [];
  const root = elements[0]?.path.split('.')[0] ?? definition.name ?? '';
  const kind = kinds[definition.kind ?? ''] ?? 'complex';
  const types: Record<string, [TypeKind, Record<string, string>]> = { [root]: [kind, {}] };
  for (const element of elements) {
    const dot = element.path.lastIndexOf('.');
    if (dot < 0) continue;
    const parent = element.path.slice(0, dot);
    types[parent] ??= ['backbone', {}];
    const codes = (element.type ?? []).map((type) => {
      const fhirType = type.extension?.find((extension) =>
        extension.url.endsWith('structuredefinition-fhir-type'),
      )?.valueUrl;
      if (type.code.startsWith('http://hl7.org/fhirpath/')) return fhirType ?? 'string';
      return type.code === 'BackboneElement' || type.code === 'Element' ? element.path : lastPart(type.code);
    });
    if (element.contentReference !== undefined) codes.push(element.contentReference.replace(/^[^#]*#/u, ''));
    const repeats = (element.base?.max ?? element.max ?? '1') !== '1' && element.max !== '1';
    const own = types[parent];
    own[1][element.path.slice(dot + 1)] = `${repeats ? '*' : ''}${[...new Set(codes)].join('|')}`;
  }
  return types;
}

export class TypeTable {
  readonly #types = new Map<string, TypeDef>();
  /** HAPI's class names (`Immunization_Reaction`) → path. */
  readonly #classNames = new Map<string, string>();

  constructor(...extracts: readonly TypeExtract[]) {
    for (const extract of extracts)
      for (const [name, [kind, written]] of Object.entries(extract)) {
        const elements = new Map<string, ElementDef>();
        for (const [key, value] of Object.entries(written)) {
          const choice = key.endsWith('[x]');
          const element = choice ? key.slice(0, -3) : key;
          const repeats = value.startsWith('*');
          const types = (repeats ? value.slice(1) : value).split('|').filter((type) => type !== '');
          elements.set(element, { name: element, types, repeats, choice });
        }
        this.#types.set(name, { name, kind, elements });
        this.#classNames.set(name.replaceAll('.', '').toLowerCase(), name);
      }
  }

  get(name: string | undefined): TypeDef | undefined {
    return name === undefined ? undefined : this.#types.get(name);
  }

  /** The type that a map means: a name, a path, HAPI's class name of a backbone, a canonical. */
  resolve(written: string): TypeDef | undefined {
    const name = written.includes('/') ? lastPart(written) : written;
    return (
      this.#types.get(name === 'SimpleQuantity' ? 'Quantity' : name) ??
      this.#types.get(this.#classNames.get(name.replaceAll('_', '').toLowerCase()) ?? '')
    );
  }

  isPrimitive(name: string | undefined): boolean {
    return this.get(name)?.kind === 'primitive';
  }

  isResource(name: string | undefined): boolean {
    return this.get(name)?.kind === 'resource';
  }

  /** The element of a type by its FML name (`value`) or its JSON name (`valueQuantity`, which fixes the type). */
  element(type: TypeDef, name: string): { readonly def: ElementDef; readonly fixed?: string } | undefined {
    const def = type.elements.get(name);
    if (def !== undefined) return { def };
    for (const choice of type.elements.values()) {
      if (!choice.choice || !name.startsWith(choice.name)) continue;
      const fixed = choice.types.find((code) => jsonName(choice, code) === name);
      if (fixed !== undefined) return { def: choice, fixed };
    }
    return undefined;
  }
}

/** `value` + `Quantity` → `valueQuantity`. */
export const jsonName = (def: ElementDef, type: string): string =>
  def.choice ? `${def.name}${type.charAt(0).toUpperCase()}${type.slice(1)}` : def.name;

/** The extract of R4, read once by the caller. */
export const readR4Types = (): TypeExtract =>
  JSON.parse(gunzipSync(readFileSync(new URL('r4-types.json.gz', import.meta.url))).toString('utf8')) as TypeExtract;
