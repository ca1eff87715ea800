/**
 * What is known of types: the elements of each, their types, whether they repeat, and the JSON names of a choice.
 * R4 comes from an extract of its definitions (`scripts/extract-definitions.ts`); profiles' logical models are added.
 * The graph is linked once: an element leads to the definitions of its types, so that reading data follows pointers.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { TypeExtract } from './extract.ts';

export type TypeKind = 'resource' | 'complex' | 'primitive' | 'backbone' | 'logical';

export type TypeDef = {
  /** `Patient`, `HumanName`, `code`; a backbone element is named by its path: `Patient.contact`. */
  readonly name: string;
  readonly kind: TypeKind;
  /** Canonical, where the type has a StructureDefinition of its own. */
  readonly url?: string;
  /** What it specialises: `DomainResource`, `Quantity` (of Age), `string` (of code). */
  readonly base?: TypeDef;
  /** Of a logical model: what it does not name is read as plain JSON (the questions of a form). */
  readonly open: boolean;
  readonly elements: ReadonlyMap<string, ElementDef>;
};

export type ElementDef = {
  /** Name in FML and FHIRPath, without `[x]`. */
  readonly name: string;
  readonly min: number;
  readonly repeats: boolean;
  readonly choice: boolean;
  /** One for most, several for a choice; none when the definition names a type that is not loaded. */
  readonly types: readonly TypeDef[];
  /** How it stands in JSON: one key, or one for each type of a choice. */
  readonly keys: readonly ElementKey[];
};

export type ElementKey = {
  /** `valueQuantity` */
  readonly key: string;
  /** `_valueQuantity`: where id and extensions of a primitive stand. */
  readonly extraKey: string;
  readonly type: TypeDef | undefined;
};

/** What an element's name means in a type. `key` is set when the name is that of one type of a choice. */
export type FoundElement = { readonly def: ElementDef; readonly key?: ElementKey };

const lastPart = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A type whose elements are linked when they are first asked for: of R4's, most processes use a tenth. */
class Linked implements TypeDef {
  readonly name: string;
  readonly kind: TypeKind;
  readonly open: boolean;
  declare readonly url?: string;
  declare base?: TypeDef;
  readonly #link: () => ReadonlyMap<string, ElementDef>;
  #elements: ReadonlyMap<string, ElementDef> | undefined;

  constructor(name: string, { kind, url, open }: TypeExtract[string], link: () => Map<string, ElementDef>) {
    this.name = name;
    this.kind = kind;
    this.open = open === true;
    if (url !== undefined) this.url = url;
    this.#link = link;
  }

  get elements(): ReadonlyMap<string, ElementDef> {
    return (this.#elements ??= this.#link());
  }
}

export class TypeTable {
  readonly #types = new Map<string, Linked>();
  #all: readonly TypeDef[] | undefined;
  readonly #byUrl = new Map<string, TypeDef>();
  /** HAPI's class names (`Immunization_Reaction`, `CarePlan_ActivityDetail`), lower case, by parts of the path. */
  readonly #classNames = new Map<string, TypeDef>();
  readonly #found = new WeakMap<TypeDef, Map<string, FoundElement | undefined>>();

  /** Later extracts replace types of the same name. */
  constructor(...extracts: readonly TypeExtract[]) {
    const written = new Map(extracts.flatMap((extract) => Object.entries(extract)));
    for (const [name, extract] of written) {
      const type = new Linked(
        name,
        extract,
        () =>
          new Map(Object.entries(extract.elements).map(([key, text]) => [elementName(key), this.#element(key, text)])),
      );
      this.#types.set(name, type);
      if (extract.url !== undefined) this.#byUrl.set(extract.url, type);
      this.#classNames.set(name.replaceAll('.', '').toLowerCase(), type);
    }
    for (const [name, { base }] of written) {
      const type = this.#types.get(name);
      const parent = base === undefined ? undefined : this.#types.get(base);
      if (type !== undefined && parent !== undefined) type.base = parent;
    }
  }

  #element(key: string, text: string): ElementDef {
    const choice = key.endsWith('[x]');
    const name = elementName(key);
    const [, min = '0', star, codes = ''] = /^(\d*)(\*?)(.*)$/u.exec(text) ?? [];
    const types = codes.split('|').flatMap((code) => this.#types.get(code) ?? []);
    const keyOf = (json: string, type: TypeDef | undefined): ElementKey => ({
      key: json,
      extraKey: `_${json}`,
      type,
    });
    return {
      name,
      min: Number(min),
      repeats: star === '*',
      choice,
      types,
      keys: choice ? types.map((type) => keyOf(`${name}${upperFirst(type.name)}`, type)) : [keyOf(name, types[0])],
    };
  }

  /** All types, in the order they were loaded. */
  all(): readonly TypeDef[] {
    return (this.#all ??= [...this.#types.values()]);
  }

  get(name: string | undefined): TypeDef | undefined {
    return name === undefined ? undefined : this.#types.get(name);
  }

  /** The type that a map means: a canonical, a name, a path, or HAPI's class name of a backbone element. */
  resolve(written: string): TypeDef | undefined {
    const name = lastPart(written.split('|', 1)[0] ?? written);
    return (
      this.#byUrl.get(written) ??
      this.#types.get(name === 'SimpleQuantity' ? 'Quantity' : name) ??
      this.#classNames.get(name.replaceAll(/[_.]/gu, '').toLowerCase())
    );
  }

  /** The element of a type by its name (`value`) or by its JSON name (`valueQuantity`, which fixes the type). */
  element(type: TypeDef, name: string): FoundElement | undefined {
    let known = this.#found.get(type);
    if (known === undefined) this.#found.set(type, (known = new Map()));
    if (!known.has(name)) known.set(name, findElement(type, name));
    return known.get(name);
  }
}

const elementName = (key: string): string => (key.endsWith('[x]') ? key.slice(0, -3) : key);

function findElement(type: TypeDef, name: string): FoundElement | undefined {
  const def = type.elements.get(name);
  if (def !== undefined) return { def };
  for (const choice of type.elements.values()) {
    const key =
      choice.choice && name.startsWith(choice.name) ? choice.keys.find((each) => each.key === name) : undefined;
    if (key !== undefined) return { def: choice, key };
  }
  return undefined;
}

/** Whether a type is another, or specialises it. */
export function isA(type: TypeDef | undefined, name: string): boolean {
  for (let at = type; at !== undefined; at = at.base) if (at.name === name) return true;
  return false;
}

const abstracts: ReadonlySet<string> = new Set(['Resource', 'DomainResource', 'Element', 'BackboneElement']);

/** Whether there is nothing that is of this type and of none more special. */
export const isAbstract = ({ name }: TypeDef): boolean => abstracts.has(name);

/** The types of R4. Costs some 15 ms: read once and shared. */
export const readR4Types = (): TypeExtract =>
  JSON.parse(gunzipSync(readFileSync(new URL('r4-types.json.gz', import.meta.url))).toString('utf8')) as TypeExtract;
