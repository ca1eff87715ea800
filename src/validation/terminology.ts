/**
 * Which codes a value set holds, as far as what is at hand can say. A value set that needs what we do not have (VSAC,
 * all of SNOMED CT, a filter) is unknown, never wrong.
 */
import type { CodeSystem, CodeSystemConcept, ValueSet, ValueSetComposeInclude } from '@medplum/fhirtypes';
import { withoutVersion } from './definition.ts';

/** A code system in full: its codes, each with the code above it when there is one. */
type Codes = Readonly<Record<string, string | null>>;

type Include = {
  readonly system?: string;
  readonly codes?: readonly string[];
  readonly valueSets?: readonly string[];
  /** Codes at or below this one. */
  readonly below?: { readonly code: string; readonly self: boolean };
  /** A filter that we do not evaluate. */
  readonly opaque?: true;
};

export type Terminology = {
  readonly codeSystems: Readonly<Record<string, Codes>>;
  readonly valueSets: Readonly<
    Record<string, { readonly include: readonly Include[]; readonly exclude?: readonly Include[] }>
  >;
};

/** The concepts of a system that is there completely; undefined for fragments, supplements and empty shells. */
function codesOf(system: CodeSystem): Codes | undefined {
  if (system.content !== 'complete' || system.concept === undefined) return undefined;
  const codes: Record<string, string | null> = {};
  const walk = (concepts: readonly CodeSystemConcept[], parent: string | null): void => {
    for (const { code, concept, property } of concepts) {
      const subsumedBy = property?.find((each) => each.code === 'subsumedBy')?.valueCode;
      codes[code] = subsumedBy ?? parent;
      walk(concept ?? [], code);
    }
  };
  walk(system.concept, null);
  return codes;
}

const includeOf = ({ system, concept, valueSet, filter }: ValueSetComposeInclude): Include => {
  const [first, second] = filter ?? [];
  const below =
    first !== undefined &&
    second === undefined &&
    first.property === 'concept' &&
    (first.op === 'is-a' || first.op === 'descendent-of')
      ? { code: first.value, self: first.op === 'is-a' }
      : undefined;
  return {
    ...(system === undefined ? {} : { system }),
    ...(concept === undefined ? {} : { codes: concept.map(({ code }) => code) }),
    ...(valueSet === undefined ? {} : { valueSets: valueSet }),
    ...(below === undefined ? {} : { below }),
    ...(first !== undefined && below === undefined ? { opaque: true } : {}),
  };
};

function rulesOf(valueSet: ValueSet): Terminology['valueSets'][string] | undefined {
  const { include, exclude } = valueSet.compose ?? {};
  if (include !== undefined)
    return { include: include.map(includeOf), ...(exclude === undefined ? {} : { exclude: exclude.map(includeOf) }) };
  const contains = valueSet.expansion?.contains;
  if (contains === undefined) return undefined;
  const systems = new Map<string, string[]>();
  for (const { system, code } of contains)
    if (code !== undefined) systems.set(system ?? '', [...(systems.get(system ?? '') ?? []), code]);
  return { include: [...systems].map(([system, codes]) => ({ system, codes })) };
}

/** `unknown` when it cannot be decided. */
export type Membership = 'in' | 'out' | 'unknown';

/** One value set, compiled: whether it holds a code, alone (a `code` element) or with its system. */
export type CodeSet = (code: string, system: string | undefined) => Membership;

/** The code set of a value set by its canonical; undefined when it is not at hand at all. */
export type CodeSets = (valueSet: string) => CodeSet | undefined;

const never: CodeSet = () => 'unknown';

const anyOf = (sets: readonly CodeSet[]): CodeSet => {
  const [only] = sets;
  if (only !== undefined && sets.length === 1) return only;
  return (code, system) => {
    let result: Membership = 'out';
    for (const set of sets) {
      const membership = set(code, system);
      if (membership === 'in') return 'in';
      if (membership === 'unknown') result = 'unknown';
    }
    return result;
  };
};

const allOf = (sets: readonly CodeSet[]): CodeSet => {
  const [only] = sets;
  if (only !== undefined && sets.length === 1) return only;
  return (code, system) => {
    let result: Membership = 'in';
    for (const set of sets) {
      const membership = set(code, system);
      if (membership === 'out') return 'out';
      if (membership === 'unknown') result = 'unknown';
    }
    return result;
  };
};

const without =
  (included: CodeSet, excluded: CodeSet): CodeSet =>
  (code, system) => {
    const out = excluded(code, system);
    if (out === 'in') return 'out';
    const result = included(code, system);
    return result === 'in' && out === 'unknown' ? 'unknown' : result;
  };

/** Systems that are a grammar, not a list: media types (and FHIR's short names of some) and language tags. */
const grammars: Readonly<Record<string, RegExp>> = {
  'urn:ietf:bcp:13': /^(?:[\w.+-]+\/[\w.+-]+(?:\s*;.*)?|xml|json|ttl|html|text)$/u,
  'urn:ietf:bcp:47': /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/u,
};

const ofSystem =
  (wanted: string, holds: (code: string) => Membership): CodeSet =>
  (code, system) =>
    system !== undefined && system !== wanted ? 'out' : holds(code);

/** The codes at or below one, by the links to the code above. */
function codesBelow(codes: Codes, { code: top, self }: { code: string; self: boolean }): ReadonlySet<string> {
  const below = new Set<string>();
  for (const start of Object.keys(codes)) {
    let at: string | null | undefined = start === top && !self ? undefined : start;
    // A circle of links ends here.
    for (let steps = 0; typeof at === 'string' && steps < 50; steps += 1) {
      if (at === top) {
        below.add(start);
        break;
      }
      at = codes[at];
    }
  }
  return below;
}

/** Later terminologies replace systems and value sets of the same canonical. Each is compiled when first asked for. */
export function compileTerminology(terminologies: readonly Terminology[]): CodeSets {
  const last = terminologies.toReversed();
  const compiled = new Map<string, CodeSet | undefined>();
  const wholeSystems = new Map<string, ReadonlySet<string>>();

  const codeSystem = (url: string): Codes | undefined =>
    last.map(({ codeSystems }) => codeSystems[url]).find((found) => found !== undefined);

  const inSystem = ({ system, codes, below, opaque }: Include): CodeSet | undefined => {
    if (system === undefined) return undefined;
    const holds = (set: ReadonlySet<string>): CodeSet => ofSystem(system, (code) => (set.has(code) ? 'in' : 'out'));
    if (codes !== undefined) return holds(new Set(codes));
    const grammar = grammars[system];
    if (grammar !== undefined && opaque !== true)
      return ofSystem(system, (code) => (grammar.test(code) ? 'in' : 'out'));
    const known = codeSystem(system);
    if (known === undefined) return ofSystem(system, () => 'unknown');
    const whole = wholeSystems.get(system) ?? new Set(Object.keys(known));
    wholeSystems.set(system, whole);
    if (opaque === true) return ofSystem(system, (code) => (whole.has(code) ? 'unknown' : 'out'));
    return holds(below === undefined ? whole : codesBelow(known, below));
  };

  const compile = (canonical: string): CodeSet | undefined => {
    const url = withoutVersion(canonical);
    if (compiled.has(url)) return compiled.get(url);
    const rules = last.map(({ valueSets }) => valueSets[url]).find((found) => found !== undefined);
    if (rules === undefined) return undefined;
    // A value set that leads back to itself cannot be decided there.
    compiled.set(url, never);
    const setOf = (include: Include): CodeSet =>
      allOf([inSystem(include) ?? [], (include.valueSets ?? []).map((each) => compile(each) ?? never)].flat());
    const included = anyOf(rules.include.map(setOf));
    const set = rules.exclude === undefined ? included : without(included, anyOf(rules.exclude.map(setOf)));
    compiled.set(url, set);
    return set;
  };
  return compile;
}

/** What some conformance resources say of terminology. */
export function terminologyOf(resources: readonly unknown[]): Terminology {
  const codeSystems: Record<string, Codes> = {};
  const valueSets: Record<string, Terminology['valueSets'][string]> = {};
  for (const resource of resources as readonly (CodeSystem | ValueSet)[]) {
    if (resource.url === undefined) continue;
    if (resource.resourceType === 'CodeSystem') {
      const codes = codesOf(resource);
      if (codes !== undefined) codeSystems[resource.url] = codes;
    } else if (resource.resourceType === 'ValueSet') {
      const rules = rulesOf(resource);
      if (rules !== undefined) valueSets[resource.url] = rules;
    }
  }
  return { codeSystems, valueSets };
}
