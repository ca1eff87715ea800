/**
 * A validator from definitions: every type, profile, extension and value set is compiled when the first resource needs
 * it, and once. Pure after that; usable without the rest of Tejido.
 */
import { isObject, type JsonObject } from '../definitions/item.ts';
import type { TypeTable } from '../definitions/types.ts';
import { compileExpression, type CompiledExpression } from '../fhirpath/index.ts';
import { inside } from './around.ts';
import { coreName, withoutVersion, type Definition } from './definition.ts';
import { under } from './element.ts';
import { isExtensionDefinition, isModifierExtension, partsOf } from './extensions.ts';
import type { Issue } from './issue.ts';
import type { Definitions, Delta, Extension, Knowledge, Walk } from './knowledge.ts';
import { deltaOf } from './profile.ts';
import { Run } from './run.ts';
import { walkOf } from './shape.ts';
import type { CodeSets } from './terminology.ts';
import { treeOf, type Node, type Tree } from './tree.ts';

export type ValidatorParts = {
  readonly definitions: Definitions;
  readonly types: TypeTable;
  readonly codeSets: CodeSets;
  /** now() of invariants. */
  readonly clock?: () => Date;
};

export type CompiledValidator = {
  /** All issues of a resource by R4, by every profile that it claims, and by those given. */
  readonly validate: (resource: unknown, profiles?: readonly string[]) => readonly Issue[];
};

/**
 * Makes each once. What is not at hand is not remembered: the keys are our own definitions and the names of types, never
 * the texts of a resource, so that memory stays flat.
 */
function remembered<K, T>(make: (key: K) => T | undefined): (key: K) => T | undefined {
  const known = new Map<K, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(key);
    if (made !== undefined) known.set(key, made);
    return made;
  };
}

export function compileValidator({ definitions, types, codeSets, clock }: ValidatorParts): CompiledValidator {
  const treeOfDefinition = remembered(treeOf);
  const treeOfType = remembered((type: string) => {
    const definition = definitions.ofType(type);
    return definition === undefined ? undefined : treeOf(definition);
  });
  const tree = (canonical: string): Tree | undefined => {
    const definition = definitions.byUrl(canonical);
    return definition === undefined ? undefined : treeOfDefinition(definition);
  };
  const deltaOfTree = remembered((found: Tree): Delta => {
    // A profile may lead back to itself: it is compiled when the first value comes.
    let made: Delta | undefined;
    return (value, extra, run) => {
      made ??= deltaOf(found, know) ?? (() => undefined);
      made(value, extra, run);
    };
  });
  const extensionOf = remembered((definition: Definition): Extension | undefined => {
    const found = isExtensionDefinition(definition) ? treeOfDefinition(definition) : undefined;
    const delta = found === undefined ? undefined : deltaOfTree(found);
    return found === undefined || delta === undefined
      ? undefined
      : { definition, delta, isModifier: isModifierExtension(definition), parts: partsOf(found.root) };
  });
  const expressions = new Map<string, CompiledExpression | null>();

  const know: Knowledge = {
    types,
    codeSets,
    tree,
    treeOfType,
    walk: remembered((type: string) => {
      const found = treeOfType(type);
      return found === undefined ? undefined : walkOf(found.root, type, know);
    }),
    walkNode: remembered((node: Node) => walkOf(node, node.element.path, know)) as (node: Node) => Walk,
    delta: (canonical) => {
      const found = tree(canonical);
      return found === undefined ? undefined : deltaOfTree(found);
    },
    extension: (url) => {
      const definition = definitions.byUrl(url);
      return definition === undefined ? undefined : extensionOf(definition);
    },
    inner: (object, run, contained) => inside(object, run, contained, () => whole(object, [], run, know)),
    expression: (text) => {
      let found = expressions.get(text);
      if (found === undefined) expressions.set(text, (found = compiled(text, types)));
      return found ?? undefined;
    },
  };

  return {
    validate: (resource, profiles = []) => {
      if (!isObject(resource))
        return [{ where: '', what: 'a resource is a JSON object', code: 'structure', severity: 'error' }];
      const run = new Run(resource, clock?.() ?? new Date());
      whole(resource, profiles, run, know);
      for (const [valueSet, { where, required }] of run.unchecked ?? [])
        run.issues.push({
          where,
          what: `the ${required ? 'required' : 'extensible'} value set ${valueSet} is not at hand in full; its codes were not checked`,
          code: 'not-supported',
          severity: required ? 'warning' : 'information',
        });
      return run.issues;
    },
  };
}

function compiled(text: string, types: TypeTable): CompiledExpression | null {
  try {
    return compileExpression(text, { types });
  } catch {
    // An invariant that is no FHIRPath (some guides have them) is said not to be evaluated, each time it is due.
    return null;
  }
}

const noStrings: readonly string[] = [];

function claimed(resource: JsonObject): readonly string[] {
  const { meta } = resource;
  const profile = isObject(meta) ? meta['profile'] : undefined;
  return Array.isArray(profile)
    ? (profile as unknown[]).filter((url): url is string => typeof url === 'string')
    : noStrings;
}

/** A resource by its type and all its profiles. */
function whole(resource: JsonObject, assigned: readonly string[], run: Run, know: Knowledge): void {
  const type = resource['resourceType'];
  const known = typeof type === 'string' && know.types.get(type)?.kind === 'resource';
  const walk = known && know.treeOfType(type)?.definition.abstract !== true ? know.walk(type) : undefined;
  if (typeof type !== 'string' || walk === undefined) {
    if (run.depth === 0)
      run.issues.push({
        where: 'resourceType',
        what: 'R4 has no resource of this type',
        code: 'structure',
        severity: 'error',
      });
    else run.add('structure', 'R4 has no resource of this type');
    return;
  }
  walk(resource, run);
  const claims = claimed(resource);
  if (claims.length > 0 || assigned.length > 0)
    for (const url of new Set([...claims, ...assigned])) meet(url, resource, type, run, know);
}

function meet(url: string, resource: JsonObject, type: string, run: Run, know: Knowledge): void {
  const tree = know.tree(url);
  const delta = know.delta(url);
  const say = (code: 'not-found' | 'structure', what: string, severity: 'error' | 'warning'): void => {
    run.enter('meta');
    run.addAt('profile', code, what, severity);
    run.depth -= 1;
  };
  if (tree === undefined || delta === undefined) {
    // Profiles of R4 itself that are not at hand here say little more than R4.
    if (coreName(url) === undefined)
      say('not-found', `the profile ${withoutVersion(url)} is not loaded; it was not checked`, 'warning');
  } else if (tree.definition.type !== type)
    say('structure', `the profile ${withoutVersion(url)} is for ${tree.definition.type}`, 'error');
  else under(withoutVersion(url), delta, resource, undefined, run);
}
