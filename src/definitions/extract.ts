/** What a StructureDefinition says of types, in the short form that is shipped and linked by `TypeTable`. */
import type { TypeKind } from './types.ts';

/**
 * Type → kind, canonical, base and elements. An element reads `<min><*><types joined by |>`: `1*HumanName`,
 * `0Quantity|string`; the name of a choice ends in `[x]`; `*` says that it repeats.
 */
export type TypeExtract = Readonly<
  Record<
    string,
    {
      readonly kind: TypeKind;
      readonly url?: string;
      readonly base?: string;
      /** Of a logical model: the JSON may have fields that the model does not name. */
      readonly open?: true;
      readonly elements: Readonly<Record<string, string>>;
    }
  >
>;

/** The parts of a StructureDefinition that are read here. */
export type Definition = {
  readonly url?: string;
  readonly name?: string;
  readonly kind?: string;
  readonly type?: string;
  readonly baseDefinition?: string;
  readonly snapshot?: { readonly element?: readonly DefinitionElement[] };
  readonly differential?: { readonly element?: readonly DefinitionElement[] };
};

type DefinitionElement = {
  readonly path: string;
  readonly extension?: readonly { readonly url: string; readonly valueBoolean?: boolean }[];
  readonly min?: number;
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

const openContent = 'https://tejido.dev/fhir/StructureDefinition/open-content';

const isOpen = (element: DefinitionElement | undefined): { open?: true } =>
  element?.extension?.some(({ url, valueBoolean }) => url === openContent && valueBoolean === true) === true
    ? { open: true }
    : {};

const lastPart = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** The types that one StructureDefinition defines: its own, and one for each element with children. */
export function extractTypes(definition: Definition): TypeExtract {
  const elements = definition.snapshot?.element ?? definition.differential?.element ?? [];
  const root = elements[0]?.path.split('.')[0] ?? definition.name ?? '';
  const kind = kinds[definition.kind ?? ''] ?? 'complex';
  const { url, baseDefinition } = definition;
  type Extracted = { kind: TypeKind; url?: string; base?: string; open?: true; elements: Record<string, string> };
  const byPath = new Map(elements.map((element) => [element.path, element]));
  const types: Record<string, Extracted> = {
    [root]: {
      kind,
      ...(url === undefined ? {} : { url }),
      ...(baseDefinition === undefined ? {} : { base: lastPart(baseDefinition) }),
      ...isOpen(elements[0]),
      elements: {},
    },
  };
  for (const element of elements) {
    const dot = element.path.lastIndexOf('.');
    if (dot < 0) continue;
    const parent = element.path.slice(0, dot);
    types[parent] ??= {
      kind: kind === 'logical' ? 'logical' : 'backbone',
      base: 'BackboneElement',
      ...isOpen(byPath.get(parent)),
      elements: {},
    };
    const codes = (element.type ?? []).map((type) => {
      const fhirType = type.extension?.find((extension) =>
        extension.url.endsWith('structuredefinition-fhir-type'),
      )?.valueUrl;
      if (type.code.startsWith('http://hl7.org/fhirpath/')) return fhirType ?? 'string';
      return type.code === 'BackboneElement' || type.code === 'Element' ? element.path : lastPart(type.code);
    });
    if (element.contentReference !== undefined) codes.push(element.contentReference.replace(/^[^#]*#/u, ''));
    const repeats = (element.base?.max ?? element.max ?? '1') !== '1' && element.max !== '1';
    types[parent].elements[element.path.slice(dot + 1)] =
      `${element.min ?? 0}${repeats ? '*' : ''}${[...new Set(codes)].join('|')}`;
  }
  // An element of type BackboneElement or Element without children of its own keeps the general type.
  for (const type of Object.values(types))
    for (const [name, text] of Object.entries(type.elements)) {
      const [, head = '', codes = ''] = /^(\d*\*?)(.*)$/u.exec(text) ?? [];
      type.elements[name] =
        head +
        codes
          .split('|')
          .map((code) => (code.includes('.') && types[code] === undefined ? 'Element' : code))
          .join('|');
    }
  return types;
}
