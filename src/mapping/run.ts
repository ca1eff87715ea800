/**
 * Runs a map: depth first, rules in the order of the text, once for each source item (FML, fml.md §3-§8).
 * Pure: same map, same input, same uuids → same output.
 */
import { conform } from './conform.ts';
import { wordsOf, type Evaluate } from './expression.ts';
import { RuleError, stoppedAt } from './faults.ts';
import type { ConceptMap, Group, MapText, Parameter, Rule, RuleSource, RuleTarget } from './model.ts';
import { withSource, withTarget, type Scope, type Source } from './scope.ts';
import { transforms, type Argument } from './transforms.ts';
import { nodeFrom, nodeOf, slotOf, TargetError, valueOfNode, type Node } from './tree.ts';
import type { TypeTable } from './types.ts';
import { childrenOf, isPrimitive, valueOf, type Value } from './value.ts';

export type Library = {
  readonly types: TypeTable;
  /** All maps that may be imported. */
  readonly maps: readonly MapText[];
  readonly conceptMaps: readonly ConceptMap[];
  readonly evaluate: Evaluate;
};

export type RunOptions = {
  /** A fresh id in lower case, without `urn:uuid:`. Deterministic when the output is to be. */
  readonly uuid: () => string;
  /** Receives the lines of `log`. They hold data of the input: for map authors only. */
  readonly log?: (line: string) => void;
};

const maxDepth = 200;

type Found = { readonly map: MapText; readonly group: Group };
/** Elements made with `share`, by id, in the block of rules that runs. */
type Shared = Map<string, Node>;

/**
 * Runs the first group of `map`. `sources` and `targets` are its inputs in order; a missing target is made empty, of
 * the declared type. Returns the targets. Throws `MapStopped` with the place.
 */
export function runMap(
  library: Library,
  map: MapText,
  inputs: { readonly sources: readonly unknown[]; readonly targets?: readonly unknown[] },
  options: RunOptions,
): readonly Node[] {
  const [group] = map.groups;
  if (group === undefined) throw new RuleError(`${map.file} has no group`);
  const run = new Run(library, options);
  let scope: Scope = { sources: new Map(), targets: new Map() };
  const sources = [...inputs.sources];
  const given = [...(inputs.targets ?? [])];
  const targets: Node[] = [];
  for (const input of group.inputs) {
    const type = input.type === undefined ? undefined : run.typeNamed(map, input.type);
    const known = library.types.get(type)?.name;
    if (input.mode === 'source') {
      const value = valueOf(sources.shift(), known);
      if (value === undefined)
        throw new RuleError(`${map.file}: the input “${input.name}” of ${group.name} is missing`);
      scope = withSource(scope, input.name, { kind: 'value', value });
    } else {
      const value = valueOf(given.shift(), known);
      const node = value === undefined ? nodeOf(known) : nodeFrom(library.types, value);
      scope = withTarget(scope, input.name, node);
      targets.push(node);
    }
  }
  if (scope.sources.size === 0) throw new RuleError(`${map.file}: group ${group.name} has no source`);
  if (targets.length === 0) throw new RuleError(`${map.file}: group ${group.name} has no target`);
  run.group({ map, group }, scope, 0);
  return targets;
}

class Run {
  readonly #library: Library;
  readonly #options: RunOptions;
  /** Nodes that stand in a tree: a second use of one is a copy. */
  readonly #attached = new WeakSet<Node>();

  constructor(library: Library, options: RunOptions) {
    this.#library = library;
    this.#options = options;
  }

  typeNamed(map: MapText, written: string): string {
    const structure = map.structures.find(({ alias }) => alias === written);
    const { types } = this.#library;
    return (
      (structure === undefined ? undefined : types.resolve(structure.url)?.name) ??
      types.resolve(written)?.name ??
      written
    );
  }

  group({ map, group }: Found, scope: Scope, depth: number): void {
    if (depth > maxDepth) throw new RuleError(`groups call each other more than ${maxDepth} deep`);
    if (group.extends !== undefined) this.group(this.#groupNamed(map, group.extends), scope, depth + 1);
    this.#block(map, group.rules, scope, depth);
  }

  #block(map: MapText, rules: readonly Rule[], scope: Scope, depth: number): void {
    const shared: Shared = new Map();
    for (const rule of rules) {
      try {
        this.#rule(map, rule, scope, shared, depth);
      } catch (error) {
        throw stoppedAt(map, rule, error);
      }
    }
  }

  #rule(map: MapText, rule: Rule, scope: Scope, shared: Shared, depth: number): void {
    for (const item of this.#sourceScopes(rule.sources, scope)) {
      if (isShorthand(rule)) {
        this.#shorthand(map, rule, item, depth);
        continue;
      }
      let inner = item.scope;
      for (const target of rule.targets) inner = this.#target(map, target, inner, shared);
      for (const call of rule.calls) this.#call(map, call.group, call.parameters, inner, depth);
      if (rule.rules.length > 0) this.#block(map, rule.rules, inner, depth);
    }
  }

  // ------------------------------------------------------------------------------------------------- sources

  /** Every combination of the items of all sources, the first source outermost. */
  #sourceScopes(sources: readonly RuleSource[], scope: Scope): { scope: Scope; value: Value }[] {
    const [source, ...rest] = sources;
    if (source === undefined) return [];
    return this.#items(source, scope).flatMap((item) => {
      const inner = withSource(scope, source.variable, item.source);
      return rest.length === 0 ? [{ scope: inner, value: item.value }] : this.#sourceScopes(rest, inner);
    });
  }

  #items(source: RuleSource, scope: Scope): { source: Source; value: Value }[] {
    const context = this.#source(scope, source.context);
    const parent = this.#valueOf(context);
    let items: { source: Source; value: Value }[];
    if (source.elements.length === 0) items = parent === undefined ? [] : [{ source: context, value: parent }];
    else items = this.#descend(parent, source.elements).map((value) => ({ source: { kind: 'value', value }, value }));
    if (items.length === 0 && source.default !== undefined)
      items = this.#evaluate(source.default, scope, parent).map((value) => ({
        source: { kind: 'value', value },
        value,
      }));
    if (source.type !== undefined) items = items.filter(({ value }) => this.#isA(value, source.type ?? ''));
    const holds = (expression: string, item: { source: Source; value: Value }): boolean =>
      isTrue(this.#evaluate(expression, withSource(scope, source.variable, item.source), item.value));
    const { where, check, log } = source;
    if (where !== undefined) items = items.filter((item) => holds(where, item));
    if (check !== undefined && !items.every((item) => holds(check, item)))
      throw new RuleError(`the check (${check}) does not hold`);
    if (log !== undefined && this.#options.log !== undefined)
      for (const item of items) {
        const line = this.#evaluate(log, withSource(scope, source.variable, item.source), item.value);
        this.#options.log(line.map(({ json }) => (isPrimitive(json) ? String(json) : JSON.stringify(json))).join(', '));
      }
    const name = [source.context, ...source.elements].join('.');
    if (items.length < (source.min ?? 0)) throw new RuleError(`${name} must be there at least ${source.min} times`);
    if (source.max !== undefined && items.length > source.max)
      throw new RuleError(`${name} must be there at most ${source.max} times`);
    switch (source.listMode) {
      case 'first':
        return items.slice(0, 1);
      case 'not_first':
        return items.slice(1);
      case 'last':
        return items.slice(-1);
      case 'not_last':
        return items.slice(0, -1);
      case 'only_one':
        if (items.length > 1) throw new RuleError(`${name} must be only one`);
        return items;
      case undefined:
      default:
        return items;
    }
  }

  #isA({ json, type }: Value, wanted: string): boolean {
    const name = wanted.replace(/^(?:FHIR|System)\./u, '');
    if (type !== undefined) return type === name;
    if (typeof json === 'string') return name === 'string';
    if (typeof json === 'boolean') return name === 'boolean';
    if (typeof json === 'number') return name === (Number.isInteger(json) ? 'integer' : 'decimal');
    return false;
  }

  #source(scope: Scope, name: string): Source {
    const source = scope.sources.get(name);
    if (source !== undefined) return source;
    const node = scope.targets.get(name);
    if (node !== undefined) return { kind: 'node', node };
    throw new RuleError(`the source variable “${name}” is not known here`);
  }

  #valueOf(source: Source): Value | undefined {
    if (source.kind === 'none') return undefined;
    return source.kind === 'value' ? source.value : valueOfNode(this.#library.types, source.node);
  }

  #descend(parent: Value | undefined, elements: readonly string[]): readonly Value[] {
    let values = parent === undefined ? [] : [parent];
    for (const element of elements) values = values.flatMap((value) => childrenOf(this.#library.types, value, element));
    return values;
  }

  #evaluate(expression: string, scope: Scope, context?: Value): readonly Value[] {
    const variables: Record<string, Value | undefined> = {};
    // Writing a target out is work: only those that the expression may mean.
    const mentioned = wordsOf(expression);
    for (const [name, node] of scope.targets)
      if (mentioned.has(name)) variables[name] = valueOfNode(this.#library.types, node);
    for (const [name, source] of scope.sources) if (mentioned.has(name)) variables[name] = this.#valueOf(source);
    return this.#library.evaluate(expression, variables, context);
  }

  // ------------------------------------------------------------------------------------------------- targets

  #target(map: MapText, target: RuleTarget, scope: Scope, shared: Shared): Scope {
    if (target.context === undefined) {
      const made = target.transform === undefined ? [] : this.#transform(map, target.transform, scope, undefined);
      return withTargetOrSource(scope, target.variable, made[0], this.#library.types);
    }
    let node = scope.targets.get(target.context);
    if (node === undefined)
      throw new RuleError(
        scope.sources.has(target.context)
          ? `“${target.context}” is a source variable and cannot be written`
          : `the target variable “${target.context}” is not known here`,
      );
    const element = target.elements.at(-1);
    if (element === undefined) {
      if (target.transform !== undefined) throw new RuleError('a target without element takes no value');
      return withTarget(scope, target.variable, node);
    }
    for (const step of target.elements.slice(0, -1)) node = this.#open(node, step);
    const standing = target.share === undefined ? undefined : shared.get(target.share);
    if (standing !== undefined) return withTarget(scope, target.variable, standing);
    const written =
      target.transform === undefined ? this.#open(node, element) : this.#write(map, target, node, element, scope);
    if (written === undefined) return withSource(scope, target.variable, { kind: 'none' });
    if (target.share !== undefined) shared.set(target.share, written);
    return withTarget(scope, target.variable, written);
  }

  /** `tgt.element as v`: appends to a list; of a single element the one that stands, or a new one. */
  #open(node: Node, element: string): Node {
    const { types } = this.#library;
    const { slot, fixed } = slotOf(types, node, element);
    const [standing] = slot.nodes;
    if (standing !== undefined && !slot.repeats) return standing;
    const type = fixed ?? slot.def?.types[0];
    if (slot.def?.choice === true && fixed === undefined)
      throw new RuleError(`${element} is a choice: use create('…')`);
    if (type === 'Resource') throw new RuleError(`${element} takes any resource: use create('…')`);
    if (types.isPrimitive(type)) throw new RuleError(`${element} is a primitive: give it a value`);
    const made = nodeOf(type);
    slot.nodes.push(made);
    this.#attached.add(made);
    return made;
  }

  #write(map: MapText, target: RuleTarget, node: Node, element: string, scope: Scope): Node | undefined {
    const { types } = this.#library;
    const { slot, fixed } = slotOf(types, node, element);
    const elementType = fixed ?? (slot.def?.types.length === 1 ? slot.def.types[0] : undefined);
    const made = target.transform === undefined ? [] : this.#transform(map, target.transform, scope, elementType);
    if (made.length === 0) return undefined;
    if (made.length > 1 && !slot.repeats) {
      if (slot.def !== undefined) throw new TargetError(`more than one result for ${element}`);
      slot.repeats = true;
    }
    const fitting = made.map((value) => conform(types, value, slot, element, fixed));
    for (const value of fitting) this.#attached.add(value);
    if (slot.repeats) slot.nodes.push(...fitting);
    else slot.nodes = fitting;
    return fitting.at(-1);
  }

  #transform(
    map: MapText,
    transform: NonNullable<RuleTarget['transform']>,
    scope: Scope,
    elementType: string | undefined,
  ): readonly Node[] {
    const apply = Object.hasOwn(transforms, transform.name) ? transforms[transform.name] : undefined;
    if (apply === undefined) throw new RuleError(`the transform “${transform.name}” is not known`);
    const parameters = transform.parameters.map((parameter, index) =>
      transform.name === 'evaluate' && index === transform.parameters.length - 1
        ? { values: [], text: expressionOf(parameter) }
        : this.#argument(parameter, scope),
    );
    // A new object that stands nowhere yet is put in place itself, so that rules may go on filling it.
    const [only] = parameters;
    if (transform.name === 'copy' && only?.node !== undefined && !this.#attached.has(only.node)) return [only.node];
    return apply(
      {
        types: this.#library.types,
        evaluate: (expression, context) => this.#evaluate(expression, scope, context),
        findConceptMap: (canonical) => this.#conceptMap(map, canonical),
        resolveType: (name) => this.typeNamed(map, name),
        uuid: this.#options.uuid,
        elementType,
      },
      parameters,
    );
  }

  #argument(parameter: Parameter, scope: Scope): Argument {
    if (parameter.kind === 'literal')
      return { values: [{ json: parameter.literal.value, type: parameter.literal.type }] };
    if (parameter.kind === 'expression') return { values: this.#evaluate(parameter.expression, scope) };
    const source = this.#source(scope, parameter.variable);
    const values = this.#descend(this.#valueOf(source), parameter.elements);
    return { values, ...(source.kind === 'node' && parameter.elements.length === 0 ? { node: source.node } : {}) };
  }

  #conceptMap(map: MapText, canonical: string): ConceptMap | undefined {
    const [url, id] = canonical.split('#', 2);
    if (id === undefined) return this.#library.conceptMaps.find((conceptMap) => conceptMap.url === canonical);
    const home = url === '' || url === map.url ? map : this.#library.maps.find((other) => other.url === url);
    return home?.conceptMaps.find((conceptMap) => conceptMap.id === id);
  }

  // -------------------------------------------------------------------------------------------------- groups

  #call(map: MapText, name: string, parameters: readonly Parameter[], scope: Scope, depth: number): void {
    const found = this.#groupNamed(map, name);
    const { inputs } = found.group;
    if (inputs.length !== parameters.length)
      throw new RuleError(`the group ${name} takes ${inputs.length} parameters, not ${parameters.length}`);
    let inner: Scope = { sources: new Map(), targets: new Map() };
    for (const [index, input] of inputs.entries()) {
      const parameter = parameters[index];
      if (parameter === undefined) continue;
      const node =
        parameter.kind === 'path' && parameter.elements.length === 0
          ? scope.targets.get(parameter.variable)
          : undefined;
      if (input.mode === 'target' && node !== undefined) {
        inner = withTarget(inner, input.name, node);
        continue;
      }
      const { values, node: followed } = this.#argument(parameter, scope);
      const [value] = values;
      if (value === undefined) throw new RuleError(`the parameter ${input.name} of the group ${name} has no value`);
      inner = withSource(
        inner,
        input.name,
        followed === undefined ? { kind: 'value', value } : { kind: 'node', node: followed },
      );
    }
    this.group(found, inner, depth + 1);
  }

  #groupNamed(map: MapText, name: string): Found {
    const own = map.groups.filter((group) => group.name === name);
    if (own.length > 1) throw new RuleError(`the group ${name} is there twice`);
    if (own[0] !== undefined) return { map, group: own[0] };
    const imported = this.#imported(map).flatMap((other) =>
      other.groups.filter((group) => group.name === name).map((group) => ({ map: other, group })),
    );
    if (imported.length > 1) throw new RuleError(`the group ${name} is in more than one imported map`);
    if (imported[0] === undefined) throw new RuleError(`the group ${name} is neither here nor in an imported map`);
    return imported[0];
  }

  #imported(map: MapText): readonly MapText[] {
    const matches = map.imports.map((canonical) => {
      const pattern = canonical
        .split('*')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`))
        .join('.*');
      return new RegExp(`^${pattern}$`, 'u');
    });
    return this.#library.maps.filter((other) => other !== map && matches.some((match) => match.test(other.url)));
  }

  /** `src.a -> tgt.a;`: by the default group of the pair of types; identical types are copied. */
  #shorthand(map: MapText, rule: Rule, item: { scope: Scope; value: Value }, depth: number): void {
    const { types } = this.#library;
    const [target] = rule.targets;
    const element = target?.elements.at(-1);
    if (target?.context === undefined || element === undefined) return;
    let node = item.scope.targets.get(target.context);
    if (node === undefined) throw new RuleError(`the target variable “${target.context}” is not known here`);
    for (const step of target.elements.slice(0, -1)) node = this.#open(node, step);
    const { slot, fixed } = slotOf(types, node, element);
    const offered = fixed === undefined ? (slot.def?.types ?? []) : [fixed];
    const found = this.#defaultGroup(map, item.value.type, offered);
    if (found === undefined) {
      const { type } = item.value;
      if (type !== undefined && offered.length > 0 && !offered.includes(type))
        throw new RuleError(`no default group from ${type} to ${offered.join(', ')}`);
      const copied = conform(types, nodeFrom(types, item.value), slot, element, fixed);
      if (slot.repeats) slot.nodes.push(copied);
      else slot.nodes = [copied];
      return;
    }
    const standing = slot.repeats ? undefined : slot.nodes[0];
    const made = standing ?? nodeOf(found.type);
    if (standing === undefined) slot.nodes.push(made);
    const [source, into] = [
      found.group.inputs.find(({ mode }) => mode === 'source'),
      found.group.inputs.find(({ mode }) => mode === 'target'),
    ];
    const inner = withSource({ sources: new Map(), targets: new Map() }, source?.name, {
      kind: 'value',
      value: item.value,
    });
    this.group(found, withTarget(inner, into?.name, made), depth + 1);
  }

  #defaultGroup(
    map: MapText,
    from: string | undefined,
    offered: readonly string[],
  ): (Found & { type: string }) | undefined {
    if (from === undefined) return undefined;
    const fits = (home: MapText): (Found & { type: string })[] =>
      home.groups.flatMap((group) => {
        const source = group.inputs.find(({ mode }) => mode === 'source')?.type;
        const target = group.inputs.find(({ mode }) => mode === 'target')?.type;
        if (group.typeMode === 'none' || source === undefined || target === undefined) return [];
        const type = this.typeNamed(home, target);
        return this.typeNamed(home, source) === from && offered.includes(type) ? [{ map: home, group, type }] : [];
      });
    const own = fits(map);
    const candidates = own.length > 0 ? own : this.#imported(map).flatMap(fits);
    if (candidates.length > 1) throw new RuleError(`two default groups from ${from} to ${offered.join(', ')}`);
    return candidates[0];
  }
}

const isShorthand = ({ sources, targets, rules, calls }: Rule): boolean => {
  const [target] = targets;
  return (
    sources.length === 1 &&
    sources[0]?.variable === undefined &&
    (sources[0]?.elements.length ?? 0) > 0 &&
    targets.length === 1 &&
    target !== undefined &&
    target.elements.length > 0 &&
    target.transform === undefined &&
    target.variable === undefined &&
    rules.length === 0 &&
    calls.length === 0
  );
};

/** A value that stands nowhere can be read, and filled when it is an object. */
const withTargetOrSource = (
  scope: Scope,
  name: string | undefined,
  node: Node | undefined,
  types: TypeTable,
): Scope => {
  if (node === undefined) return withSource(scope, name, { kind: 'none' });
  return node.value === undefined
    ? withTarget(scope, name, node)
    : withSource(scope, name, { kind: 'value', value: valueOfNode(types, node) });
};

const expressionOf = (parameter: Parameter): string => {
  if (parameter.kind === 'expression') return parameter.expression;
  if (parameter.kind === 'literal') return String(parameter.literal.value);
  return [parameter.variable, ...parameter.elements].join('.');
};

const isTrue = (results: readonly Value[]): boolean => {
  const [first, second] = results;
  if (second !== undefined) throw new RuleError('a condition gives more than one result');
  return first !== undefined && first.json !== false;
};
