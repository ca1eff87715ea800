/** Which slice a value belongs to (https://hl7.org/fhir/R4/profiling.html#discriminator). */
import { isObject } from '../definitions/item.ts';
import { meets } from './around.ts';
import { coreName, type Discriminator, type Element } from './definition.ts';
import type { Knowledge } from './knowledge.ts';
import { readReference } from './reference.ts';
import type { Run } from './run.ts';
import { typeOfTarget } from './targets.ts';
import type { Group, Node } from './tree.ts';
import { equal, matches } from './values.ts';

export type Found = {
  readonly value: unknown;
  /** The `_` twin of a primitive. */
  readonly extra: unknown;
  readonly key: string;
  /** In its list; −1 when it is in none. */
  readonly index: number;
  readonly type: string;
};

/** Undefined when it cannot be decided: a reference that leads outside, a value set that is not at hand. */
export type Matcher = (found: Found, run: Run) => boolean | undefined;

type Step =
  | { readonly kind: 'child'; readonly name: string }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'resolve' };

/** The restricted FHIRPath of discriminators; undefined when it is something else. */
export function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  const part = /\s*(?:(\$this)|(\w+)\(\s*(?:['"]([^'"]*)['"]|(\w+))?\s*\)|(\w+))\s*(?:\.|$)/guy;
  while (part.lastIndex < path.length) {
    const found = part.exec(path);
    if (found === null) return undefined;
    const [, self, call, text, word, name] = found;
    if (self !== undefined) continue;
    if (name !== undefined) steps.push({ kind: 'child', name });
    else if (call === 'resolve') steps.push({ kind: 'resolve' });
    else if (call === 'extension' && text !== undefined) steps.push({ kind: 'extension', url: text });
    else if ((call === 'ofType' || call === 'as') && word !== undefined) steps.push({ kind: 'type', type: word });
    else return undefined;
  }
  return steps;
}

type Value = { readonly value: unknown; readonly type: string };

/** What a path leads to; undefined when it leads out of what is at hand. A value without JSON has its type only. */
function valuesAt(start: Value, steps: readonly Step[], run: Run, know: Knowledge): readonly Value[] | undefined {
  let values: readonly Value[] = [start];
  for (const step of steps) {
    const next: Value[] = [];
    for (const { value, type } of values) {
      if (step.kind === 'child') childValues(value, type, step.name, know, next);
      else if (step.kind === 'type') {
        if (type === step.type) next.push({ value, type });
      } else if (step.kind === 'extension') {
        const extensions = isObject(value) ? value['extension'] : undefined;
        for (const each of Array.isArray(extensions) ? (extensions as unknown[]) : [])
          if (isObject(each) && each['url'] === step.url) next.push({ value: each, type: 'Extension' });
      } else {
        const target = resolve(value, run);
        if (target === undefined) return undefined;
        next.push(target);
      }
    }
    values = next;
  }
  return values;
}

function childValues(value: unknown, type: string, name: string, know: Knowledge, out: Value[]): void {
  if (!isObject(value)) return;
  const def = know.types.get(type);
  const element = def === undefined ? undefined : know.types.element(def, name);
  const keys = element?.key === undefined ? element?.def.keys : [element.key];
  for (const { key, type: childType } of keys ?? [{ key: name, type: undefined }]) {
    const child = value[key];
    const own = childType?.name ?? '';
    if (Array.isArray(child)) for (const each of child as unknown[]) out.push({ value: each, type: typeOf(each, own) });
    else if (child !== undefined) out.push({ value: child, type: typeOf(child, own) });
  }
}

const typeOf = (value: unknown, declared: string): string =>
  isObject(value) && typeof value['resourceType'] === 'string' ? value['resourceType'] : declared;

function resolve(value: unknown, run: Run): Value | undefined {
  const reference = isObject(value) ? value['reference'] : value;
  if (typeof reference !== 'string') return undefined;
  const read = readReference(reference);
  const found =
    read.kind === 'contained'
      ? run.lookup.contained(run.around.root, read.id)
      : run.lookup.entry(run.around.bundle, reference);
  if (found !== undefined) return { value: found, type: typeOf(found, '') };
  return read.kind === 'typed' ? { value: undefined, type: read.type } : undefined;
}

type Expectation = (value: unknown) => boolean | undefined;

/** What a node asks of a value by constants and bindings, its own or of what is in it. */
function expectationOf(node: Node, know: Knowledge, depth = 0): Expectation | undefined {
  const { fixed, pattern, binding, type } = node.element;
  if (fixed !== undefined) return (value) => equal(fixed, value);
  if (pattern !== undefined) return (value) => matches(pattern, value);
  if (depth > 8) return undefined;
  const parts: Expectation[] = [];
  for (const group of node.children.values()) {
    const expected = [
      expectationOf(group.node, know, depth + 1),
      ...group.slices
        .filter((slice) => (slice.node.element.min ?? 0) > 0)
        .map((slice) => expectationOf(slice.node, know, depth + 1)),
    ].filter((each) => each !== undefined);
    for (const each of expected) parts.push((value) => someChild(value, group, each));
  }
  if (parts.length > 0)
    return (value) => {
      let result: boolean | undefined = true;
      for (const part of parts) {
        const one = part(value);
        if (one === false) return false;
        if (one === undefined) result = undefined;
      }
      return result;
    };
  for (const each of type ?? []) {
    const [profile] = each.profile ?? [];
    const root = profile === undefined ? undefined : know.tree(profile)?.root;
    const expected = root === undefined ? undefined : expectationOf(root, know, depth + 1);
    if (expected !== undefined) return expected;
  }
  if (binding?.strength === 'required' && binding.valueSet !== undefined) return inValueSet(binding.valueSet, know);
  return undefined;
}

const inValueSet =
  (valueSet: string, know: Knowledge): Expectation =>
  (value) => {
    const set = know.codeSets(valueSet);
    if (set === undefined) return undefined;
    const codings = isObject(value) && Array.isArray(value['coding']) ? (value['coding'] as unknown[]) : [value];
    let result: boolean | undefined = false;
    for (const coding of codings) {
      const code = isObject(coding) ? coding['code'] : coding;
      const system = isObject(coding) && typeof coding['system'] === 'string' ? coding['system'] : undefined;
      if (typeof code !== 'string') continue;
      const membership = set(code, system);
      if (membership === 'in') return true;
      if (membership === 'unknown') result = undefined;
    }
    return result;
  };

function someChild(value: unknown, group: Group, expected: Expectation): boolean | undefined {
  if (!isObject(value)) return false;
  const { name } = group;
  const keys = name.endsWith('[x]')
    ? Object.keys(value).filter(
        (key) => key.startsWith(name.slice(0, -3)) && /^[A-Z]/u.test(key.slice(name.length - 3)),
      )
    : [name];
  return some(
    keys.flatMap((key) => value[key] ?? []),
    expected,
  );
}

function some(values: readonly unknown[], expected: Expectation): boolean | undefined {
  let result: boolean | undefined = false;
  for (const value of values) {
    const one = expected(value);
    if (one === true) return true;
    if (one === undefined) result = undefined;
  }
  return result;
}

/** Where a path leads in a definition: into profiles of its types, too. */
function nodeAt(node: Node, steps: readonly Step[], know: Knowledge): Node | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return node;
  if (step.kind === 'resolve' || step.kind === 'type') return nodeAt(node, rest, know);
  const next = step.kind === 'extension' ? extensionNode(node, step.url) : childNode(node, step.name);
  if (next !== undefined) return nodeAt(next, rest, know);
  for (const type of node.element.type ?? [])
    for (const profile of type.profile ?? []) {
      const root = know.tree(profile)?.root;
      const found = root === undefined ? undefined : nodeAt(root, steps, know);
      if (found !== undefined) return found;
    }
  return undefined;
}

function childNode(node: Node, name: string): Node | undefined {
  const group = node.children.get(name) ?? node.children.get(`${name}[x]`);
  if (group === undefined) return undefined;
  // A choice that is limited by its one slice is what that slice says.
  const [only, second] = group.slices;
  return only !== undefined && second === undefined && group.name.endsWith('[x]') ? only.node : group.node;
}

const extensionNode = (node: Node, url: string): Node | undefined =>
  node.children
    .get('extension')
    ?.slices.find(({ node: slice }) => slice.element.type?.some(({ profile }) => profile?.includes(url)))?.node;

/** Undefined when the definition does not say enough to decide. */
export function matcherOf(
  slice: Node,
  discriminators: readonly Discriminator[],
  typeName: string | undefined,
  know: Knowledge,
): Matcher | undefined {
  const matchers: Matcher[] = [];
  for (const each of discriminators) {
    const matcher = oneMatcher(slice, each, typeName, know);
    if (matcher === undefined) return undefined;
    matchers.push(matcher);
  }
  const [only] = matchers;
  if (only === undefined || matchers.length === 1) return only;
  return (found, run) => {
    let result: boolean | undefined = true;
    for (const matcher of matchers) {
      const one = matcher(found, run);
      if (one === false) return false;
      if (one === undefined) result = undefined;
    }
    return result;
  };
}

function oneMatcher(
  slice: Node,
  { type, path }: Discriminator,
  typeName: string | undefined,
  know: Knowledge,
): Matcher | undefined {
  const steps = stepsOf(path);
  if (steps === undefined) return undefined;
  const at = nodeAt(slice, steps, know);
  const start = (found: Found): Value => ({
    value: found.value,
    type: typeOf(found.value, typeName ?? found.type),
  });
  const values = (found: Found, run: Run): readonly Value[] | undefined => valuesAt(start(found), steps, run, know);
  switch (type) {
    case 'value':
    case 'pattern': {
      const url = path === 'url' ? extensionUrl(slice.element) : undefined;
      if (url !== undefined) return ({ value }) => isObject(value) && value['url'] === url;
      const expected = at === undefined ? undefined : expectationOf(at, know);
      if (expected === undefined) return undefined;
      if (steps.length === 0) return ({ value }) => expected(value);
      return (found, run) => {
        const reached = values(found, run);
        return reached === undefined
          ? undefined
          : some(
              reached.map(({ value }) => value),
              expected,
            );
      };
    }
    case 'exists': {
      if (at === undefined) return undefined;
      const wanted = at.element.max !== '0';
      if (wanted && (at.element.min ?? 0) === 0) return undefined;
      return (found, run) => {
        const reached = values(found, run);
        return reached === undefined ? undefined : reached.length > 0 === wanted;
      };
    }
    case 'type': {
      const allowed = at === undefined ? undefined : allowedTypes(at.element, steps, know);
      if (allowed === undefined) return undefined;
      return (found, run) => values(found, run)?.some((each) => allowed.has(each.type));
    }
    case 'profile': {
      const profiles = at === undefined ? [] : profilesOf(at.element, steps);
      if (profiles.length === 0) return undefined;
      return (found, run) => {
        const reached = values(found, run);
        return reached === undefined ? undefined : meetsOne(reached, profiles, run, know);
      };
    }
    default:
      return undefined;
  }
}

const leadsOut = (steps: readonly Step[]): boolean => steps.at(-1)?.kind === 'resolve';

const extensionUrl = ({ type }: Element): string | undefined =>
  type?.length === 1 && type[0]?.code === 'Extension' && type[0].profile?.length === 1 ? type[0].profile[0] : undefined;

function allowedTypes(element: Element, steps: readonly Step[], know: Knowledge): ReadonlySet<string> | undefined {
  const types = leadsOut(steps)
    ? (element.type ?? []).flatMap(({ targetProfile }) => targetProfile ?? []).map((each) => typeOfTarget(each, know))
    : (element.type ?? []).map(({ code }) => code);
  const known = types.filter((each) => each !== undefined);
  return known.length === 0 || known.length < types.length ? undefined : new Set(known);
}

const profilesOf = (element: Element, steps: readonly Step[]): readonly string[] =>
  (element.type ?? []).flatMap(({ profile, targetProfile }) => (leadsOut(steps) ? targetProfile : profile) ?? []);

function meetsOne(
  values: readonly Value[],
  profiles: readonly string[],
  run: Run,
  know: Knowledge,
): boolean | undefined {
  let result: boolean | undefined = false;
  for (const { value, type } of values)
    for (const profile of profiles) {
      if (typeOfTarget(profile, know) !== undefined && typeOfTarget(profile, know) !== type) continue;
      // The type as such is no profile.
      if (coreName(profile) === type) return true;
      // A resource elsewhere, or a profile not at hand.
      const met = value === undefined ? undefined : meets(value, undefined, profile, run, know);
      if (met === true) return true;
      if (met === undefined) result = undefined;
    }
  return result;
}
