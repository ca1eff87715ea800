/**
 * Which codes a value set holds, as far as what is at hand can say. A value set that needs what we do not have (VSAC,
 * all of SNOMED CT, a filter) is unknown, never wrong.
 */
import type { CodeSystem, CodeSystemConcept, ValueSet, ValueSetComposeInclude } from '@medplum/fhirtypes';

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

const withoutVersion = (canonical: string): string => canonical.split('|', 1)[0] ?? canonical;

/** `code` alone (a `code` element) or with its system; `unknown` when it cannot be decided. */
export type Membership = 'in' | 'out' | 'unknown';

export type Contains = (valueSet: string, code: string, system: string | undefined) => Membership;

const any = (results: readonly Membership[]): Membership => {
  if (results.includes('in')) return 'in';
  return results.includes('unknown') ? 'unknown' : 'out';
};

const all = (results: readonly Membership[]): Membership => {
  if (results.includes('out')) return 'out';
  return results.includes('unknown') ? 'unknown' : 'in';
};

/** Systems that are a grammar, not a list: media types and language tags. */
const grammars: Readonly<Record<string, RegExp>> = {
  'urn:ietf:bcp:13': /^[\w.+-]+\/[\w.+-]+(?:\s*;.*)?$/u,
  'urn:ietf:bcp:47': /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/u,
};

/** Later terminologies replace systems and value sets of the same canonical. */
export function makeContains(terminologies: readonly Terminology[]): Contains {
  const last = terminologies.toReversed();
  const codeSystem = (url: string): Codes | undefined =>
    last.map(({ codeSystems }) => codeSystems[url]).find((found) => found !== undefined);
  const isBelow = (codes: Codes, code: string, ancestor: string): boolean => {
    let at: string | null | undefined = codes[code];
    for (let steps = 0; typeof at === 'string' && steps < 50; steps += 1) {
      if (at === ancestor) return true;
      at = codes[at];
    }
    return false;
  };
  const inSystem = ({ system, codes, below, opaque }: Include, code: string, given: string | undefined): Membership => {
    if (system === undefined) return 'in';
    if (given !== undefined && given !== system) return 'out';
    if (codes !== undefined) return codes.includes(code) ? 'in' : 'out';
    const grammar = grammars[system];
    if (grammar !== undefined && opaque !== true) return grammar.test(code) ? 'in' : 'out';
    const known = codeSystem(system);
    if (known === undefined || opaque === true) return 'unknown';
    if (!Object.hasOwn(known, code)) return 'out';
    if (below === undefined) return 'in';
    return (below.self && code === below.code) || isBelow(known, code, below.code) ? 'in' : 'out';
  };
  const contains = (canonical: string, code: string, system: string | undefined, depth: number): Membership => {
    const url = withoutVersion(canonical);
    const rules = last.map(({ valueSets }) => valueSets[url]).find((found) => found !== undefined);
    if (rules === undefined || depth > 10) return 'unknown';
    const matches = (include: Include): Membership =>
      all([
        inSystem(include, code, system),
        ...(include.valueSets ?? []).map((each) => contains(each, code, system, depth + 1)),
      ]);
    const excluded = any((rules.exclude ?? []).map(matches));
    if (excluded === 'in') return 'out';
    const included = any(rules.include.map(matches));
    return included === 'in' && excluded === 'unknown' ? 'unknown' : included;
  };
  return (valueSet, code, system) => contains(valueSet, code, system, 0);
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
