/**
 * The meaning of a map, written down: FML as fml.md §3-§8 tells it, read straight from the syntax tree, one function for
 * each thing of the language. Slow and plain on purpose; the compiled engine is held against it.
 */
import { isObject } from '../../../src/definitions/item.ts';
import type { TypeDef } from '../../../src/definitions/types.ts';
import type {
  Expression,
  Group,
  GroupCall,
  GroupInput,
  MapText,
  Parameter,
  Rule,
  RuleSource,
  RuleTarget,
} from '../../../src/fml/model.ts';
import { conform } from './conform.ts';
import { evaluate } from './fhirpath.ts';
import { conceptMapOf, defaultGroup, groupNamed, typeNamed, type FoundGroup, type Library } from './library.ts';
import { emptyScope, isNode, withSource, withTarget, type Scope, type Source, type Target } from './scope.ts';
import { Fault, Stopped } from './stopped.ts';
import { parameterCounts, transforms, type Argument } from './transforms.ts';
import {
  emptyNode,
  jsonOf,
  nodeFrom,
  nodeOf,
  slotOf,
  standsIn,
  typesOf,
  valueOfNode,
  type Node,
  type OpenSlot,
} from './tree.ts';
import { childrenOf, isVoid, valueOf, type Value } from './values.ts';

export type Inputs = { readonly sources: readonly unknown[]; readonly targets?: readonly unknown[] };

export type Options = {
  readonly uuid: () => string;
  readonly now: Date;
  readonly log?: (line: string) => void;
};

const maxDepth = 200;

/** Runs the first group. Returns its targets as JSON, in order. Throws `Stopped`, or `Fault` where no rule had begun. */
export function interpret(library: Library, map: MapText, inputs: Inputs, options: Options): readonly unknown[] {
  const [group] = map.groups;
  if (group === undefined) throw new Fault('input', 'the map has no group');
  const given = { source: [...inputs.sources], target: [...(inputs.targets ?? [])] };
  const run = new Interpreter(library, options, inputs.sources);
  const targets: Node[] = [];
  let scope = emptyScope();
  for (const { mode, name, type: written } of group.inputs) {
    const type = written === undefined ? undefined : typeNamed(library, map, written);
    const value = valueOf(library.types, given[mode].shift(), type);
    if (mode === 'source') {
      if (value === undefined) throw new Fault('input', `the input ${name} is missing`);
      scope = withSource(scope, name, { kind: 'value', value });
    } else {
      const node = value === undefined ? emptyNode(type) : nodeFrom(library.types, value);
      run.attached.add(node);
      targets.push(node);
      scope = withTarget(scope, name, node);
    }
  }
  if (scope.sources.size === 0) throw new Fault('input', `the group ${group.name} has no source`);
  if (targets.length === 0) throw new Fault('input', `the group ${group.name} has no target`);
  run.group({ map, group }, scope, 0);
  return targets.map((target) => jsonOf(target).json ?? {});
}

/** Where a rule stands: what its names mean depends on the map, how deep it is on the calls that led here. */
type Place = {
  readonly map: MapText;
  readonly depth: number;
  /** Targets of the block with a list mode `first` or `last`. */
  readonly ends: readonly RuleTarget[];
};

type Item = { readonly source: Source; readonly value: Value };

class Interpreter {
  /** Nodes that stand in a tree. A second use of one is a copy. */
  readonly attached = new WeakSet<Node>();
  readonly #library: Library;
  readonly #options: Options;

  readonly #inputs: readonly unknown[];

  constructor(library: Library, options: Options, inputs: readonly unknown[]) {
    this.#library = library;
    this.#options = options;
    this.#inputs = inputs;
  }

  /** §3.2: first the group it extends, with the same variables, then its own rules from top to bottom. */
  group({ map, group }: FoundGroup, scope: Scope, depth: number, extending: readonly Group[] = []): void {
    if (depth >= maxDepth) throw new Fault('recursion', `groups call each other more than ${maxDepth} deep`);
    if (group.extends !== undefined) {
      const extended = groupNamed(this.#library, map, group.extends);
      const isThere = ({ mode, name }: GroupInput): boolean =>
        mode === 'source' ? scope.sources.has(name) : scope.targets.has(name);
      if (extending.includes(extended.group) || !extended.group.inputs.every(isThere))
        throw new Fault('group', `${group.name} cannot extend ${group.extends}`);
      this.group(extended, scope, depth, [...extending, group]);
    }
    this.#rules({ map, depth, ends: [] }, group.rules, scope);
  }

  #rules(place: Place, rules: readonly Rule[], outer: Scope): void {
    const scope = { ...outer, shared: new Map<string, Node>() };
    const ends = rulesOfEnds(rules);
    for (const rule of rules) {
      try {
        this.#rule({ ...place, ends }, rule, scope);
      } catch (error) {
        throw error instanceof Fault ? new Stopped(error, place.map, rule) : error;
      }
    }
  }

  /** §3.3: for each combination of source items: targets from left to right, nested rules, groups. */
  #rule(place: Place, rule: Rule, scope: Scope): void {
    for (const combination of this.#combinations(place, rule.sources, scope)) {
      if (rule.shorthand) {
        this.#shorthand(place, rule, combination);
        continue;
      }
      let inner = combination.scope;
      for (const target of rule.targets) inner = this.#target(place, target, inner, combination.value, rule);
      this.#rules(place, rule.rules, inner);
      for (const call of rule.calls) this.#call(place, call, inner);
    }
  }

  // ------------------------------------------------------------------------------------------------- sources

  /** §3.4: every combination, the first source outermost; later sources may start from variables of earlier ones. */
  #combinations(
    place: Place,
    sources: readonly RuleSource[],
    scope: Scope,
  ): readonly { readonly scope: Scope; readonly value: Value }[] {
    const [source, ...rest] = sources;
    if (source === undefined) return [];
    return this.#items(place, source, scope).flatMap((item) => {
      const inner = withSource(scope, source.variable, item.source);
      return rest.length === 0 ? [{ scope: inner, value: item.value }] : this.#combinations(place, rest, inner);
    });
  }

  /** §3.5: children → default → type → cardinality → where → check → log → list mode. */
  #items(place: Place, source: RuleSource, scope: Scope): readonly Item[] {
    const name = [source.context, ...source.elements].join('.');
    const contexts = this.#sourcesNamed(place, scope, source.context);
    let items: readonly Item[] =
      source.elements.length === 0
        ? contexts.flatMap((context) => {
            const value = this.#read(context);
            return value === undefined ? [] : [{ source: context, value }];
          })
        : this.#descend(contexts, source.elements).map(asItem);
    if (items.length === 0 && source.default !== undefined) {
      const [context] = contexts;
      const focus = context === undefined ? undefined : this.#read(context);
      items = this.#evaluate(place, source.default, scope, focus).map(asItem);
    }
    const { type, where, check, log } = source;
    if (type !== undefined) items = items.filter(({ value }) => this.#hasType(place, value, type));
    if (items.length < (source.min ?? 0)) throw new Fault('cardinality', `fewer than ${source.min} of ${name}`);
    if (items.length > (source.max ?? Infinity)) throw new Fault('cardinality', `more than ${source.max} of ${name}`);
    const about = (expression: Expression, item: Item): readonly Value[] =>
      this.#evaluate(
        place,
        expression,
        withSource(scope, source.variable, { kind: 'value', value: item.value }),
        item.value,
      );
    if (where !== undefined) items = items.filter((item) => isTrue(about(where, item)));
    if (check !== undefined)
      for (const item of items)
        if (!isTrue(about(check, item))) throw new Fault('check-failed', `the check (${check.text}) does not hold`);
    if (log !== undefined)
      for (const item of items) {
        const line = about(log, item).map(({ json }) => (isObject(json) ? JSON.stringify(json) : String(json)));
        this.#options.log?.(line.join(', '));
      }
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
        if (items.length > 1) throw new Fault('not-only-one', `more than one ${name}`);
        return items;
      case undefined:
      default:
        return items;
    }
  }

  /** The exact FHIR type; of plain JSON the type that its form shows. */
  #hasType({ map }: Place, { json, type }: Value, written: string): boolean {
    const name = written.replace(/^(?:FHIR|System)\./u, '');
    if (type !== undefined) return type === typeNamed(this.#library, map, name);
    if (typeof json === 'number') return name === (Number.isInteger(json) ? 'integer' : 'decimal');
    return name === typeof json;
  }

  // ----------------------------------------------------------------------------------------------- variables

  /** What a name means where something is read: a source, what is being built, a constant of the map. */
  #sourcesNamed(place: Place, scope: Scope, name: string): readonly Source[] {
    const source = scope.sources.get(name);
    if (source !== undefined) return [source];
    const target = scope.targets.get(name);
    if (target === 'nothing') return [];
    if (target !== undefined)
      return [isNode(target) ? { kind: 'node', node: target } : { kind: 'value', value: target.held }];
    const constant = place.map.constants.find((each) => each.name === name);
    if (constant === undefined) throw new Fault('unknown-variable', `the variable ${name} is not known here`);
    if (place.depth > maxDepth) throw new Fault('recursion', `the constant ${name} leads to itself`);
    const deeper = { ...place, depth: place.depth + 1 };
    return this.#evaluate(deeper, constant.value, emptyScope(), undefined).map((value) => ({ kind: 'value', value }));
  }

  #read(source: Source): Value | undefined {
    if (source.kind === 'nothing') return undefined;
    if (source.kind === 'value') return source.value;
    const value = valueOfNode(source.node);
    return value.json === undefined && value.extra === undefined ? undefined : value;
  }

  #descend(contexts: readonly Source[], elements: readonly string[]): readonly Value[] {
    let values = contexts.flatMap((context) => this.#read(context) ?? []);
    for (const element of elements) values = values.flatMap((value) => childrenOf(this.#library.types, value, element));
    return values;
  }

  /** §4: `%v`, and `v` where the focus has no such element. Constants are evaluated when they are asked for. */
  #evaluate(place: Place, { text }: Expression, scope: Scope, focus: Value | undefined): readonly Value[] {
    const known = (name: string): boolean =>
      scope.sources.has(name) ||
      scope.targets.has(name) ||
      place.map.constants.some((constant) => constant.name === name);
    return evaluate(
      this.#library.types,
      text,
      {
        has: known,
        // An object that is still empty is not there.
        get: (name) =>
          this.#sourcesNamed(place, scope, name).flatMap((source) => {
            const value = this.#read(source);
            const isEmpty = isObject(value?.json) && Object.keys(value.json).length === 0;
            return value === undefined || (source.kind === 'node' && isEmpty) ? [] : [value];
          }),
        now: this.#options.now,
        resolve: (reference) => this.#resolve(reference),
      },
      focus,
    );
  }

  /** `#id` of a contained resource; `Type/id` or fullUrl of a resource in an input that is a Bundle. */
  #resolve(reference: string): Value | undefined {
    const listed = (json: unknown, key: string): readonly unknown[] =>
      isObject(json) && Array.isArray(json[key]) ? (json[key] as readonly unknown[]) : [];
    const entries = this.#inputs.flatMap((input) => listed(input, 'entry')).filter(isObject);
    const resources = [...this.#inputs, ...entries.map(({ resource }) => resource)].filter(isObject);
    const found = reference.startsWith('#')
      ? resources
          .flatMap((resource) => listed(resource, 'contained'))
          .find((each) => isObject(each) && each['id'] === reference.slice(1))
      : (entries.find(({ fullUrl }) => fullUrl === reference)?.['resource'] ??
        resources.find(({ resourceType, id }) => `${String(resourceType)}/${String(id)}` === reference));
    return valueOf(this.#library.types, found);
  }

  // ------------------------------------------------------------------------------------------------- targets

  #target(place: Place, target: RuleTarget, scope: Scope, item: Value, rule: Rule): Scope {
    const { context, elements, transform, variable, share } = target;
    if (context === undefined) return this.#intoVariable(place, target, scope, rule);
    const element = elements.at(-1);
    if (element === undefined && transform !== undefined)
      throw new Fault('wrong-parameters', 'a target without element takes no value');
    const held = scope.targets.get(context);
    if (element === undefined && held !== undefined) return withTarget(scope, variable, held);
    const root = targetNamed(scope, context);
    if (element === undefined) return scope;
    const shared = share === undefined ? undefined : scope.shared.get(share);
    if (shared !== undefined) return withTarget(scope, variable, shared);
    const end = endOf(target);
    if (end !== undefined && place.ends.find((each) => isSameEnd(each, target, end)) !== target)
      throw new Fault('list-mode', `two rules ask for the ${end} place of ${element}`);
    const parent = elements.slice(0, -1).reduce((node, step) => this.#open(node, step), root);
    if (element === 'resourceType' && root.type?.kind === 'resource') {
      this.#nameType(place, parent, transform, scope);
      return withTarget(scope, variable, 'nothing');
    }
    const written =
      transform === undefined
        ? this.#open(parent, element, target)
        : this.#write(place, parent, element, transform, scope, item, target);
    if (share !== undefined && written !== undefined) scope.shared.set(share, written);
    return withTarget(scope, variable, written ?? 'nothing');
  }

  /** A value that stands nowhere: what it is called can be read too, unless a source of the rule has the name. */
  #intoVariable(place: Place, { transform, variable }: RuleTarget, scope: Scope, { sources }: Rule): Scope {
    const made = transform === undefined ? [] : this.#transform(place, transform, scope, undefined);
    if (variable === undefined) return scope;
    const [node, another] = made;
    if (another !== undefined) throw new Fault('several-values', 'a variable takes one value');
    const held = node?.value === undefined ? undefined : valueOfNode(node);
    const both = withTarget(scope, variable, held === undefined ? (node ?? 'nothing') : { held });
    if (sources.some((source) => source.variable === variable)) return both;
    if (held !== undefined) return withSource(both, variable, { kind: 'value', value: held });
    return withSource(both, variable, node === undefined ? { kind: 'nothing' } : { kind: 'node', node });
  }

  /** Maps for engines without types write `resourceType`; a typed resource has it already. */
  #nameType(place: Place, node: Node, transform: RuleTarget['transform'], scope: Scope): void {
    const [made] = transform === undefined ? [] : this.#transform(place, transform, scope, undefined);
    if (made !== undefined && made.value !== node.type?.name)
      throw new Fault('wrong-type', 'a resource cannot become another type');
  }

  /** §5: `tgt.element as v`: one more of a list; of a single element the object that is there, or a new one. */
  #open(parent: Node, element: string, target?: RuleTarget): Node {
    const open = slotOf(this.#library.types, parent, element);
    const { slot, fixed } = open;
    const [standing] = slot.nodes;
    const fits = (fixed === undefined || standing?.type === fixed) && standing?.value === undefined;
    if (standing !== undefined && (!slot.repeats || collates(target)) && fits) return standing;
    const [type, another] = typesOf(open);
    if (another !== undefined) throw new Fault('wrong-type', `${element} is a choice: use create('…')`);
    if (type?.name === 'Resource') throw new Fault('wrong-type', `${element} takes any resource: use create('…')`);
    if (type?.kind === 'primitive') throw new Fault('wrong-type', `${element} is a primitive: give it a value`);
    const made = emptyNode(type);
    this.#put(open, [made], target);
    return made;
  }

  /**
   * A list is appended to, a single value is replaced. `first` and `last` keep an end of the list: before and behind
   * what other rules put there.
   */
  #put({ slot }: OpenSlot, nodes: readonly Node[], target?: RuleTarget): void {
    for (const node of nodes) this.attached.add(node);
    if (!slot.repeats) {
      slot.nodes = [...nodes];
      return;
    }
    const end = endOf(target);
    slot.firsts ??= 0;
    slot.lasts ??= 0;
    const at = end === 'first' ? slot.firsts : end === 'last' ? slot.nodes.length : slot.nodes.length - slot.lasts;
    slot.nodes = slot.nodes.toSpliced(at, 0, ...nodes);
    if (end === 'first') slot.firsts += nodes.length;
    if (end === 'last') slot.lasts += nodes.length;
  }

  #write(
    place: Place,
    parent: Node,
    element: string,
    transform: NonNullable<RuleTarget['transform']>,
    scope: Scope,
    item: Value,
    target: RuleTarget,
  ): Node | undefined {
    const { types } = this.#library;
    const open = slotOf(types, parent, element);
    const made = this.#transform(place, transform, scope, this.#typeToCreate(place, open, item));
    if (made.length === 0) return undefined;
    const { slot } = open;
    const [standing] = slot.nodes;
    if (standing !== undefined && collates(target)) return standing;
    if (made.length > 1 && (slot.def === undefined || !slot.repeats)) {
      if (slot.def !== undefined) throw new Fault('several-values', `${element} takes one value`);
      // Plain JSON: several values make a list, in place of what was there.
      slot.repeats = true;
      slot.nodes = [];
    }
    // What stands somewhere already is copied.
    const fitting = made.flatMap((node) => {
      const stands = this.attached.has(node) || standsIn(parent, node);
      if (stands && isVoid(valueOfNode(node).json)) return [];
      if (parent.type?.kind === 'primitive' && element === 'value' && isObject(valueOfNode(node).json))
        throw new Fault('wrong-type', `${parent.type.name} takes a primitive`);
      return [conform(types, stands ? nodeFrom(types, valueOfNode(node)) : node, open, element)];
    });
    if (fitting.length === 0) return undefined;
    this.#put(open, fitting, target);
    // In plain JSON a primitive is a string until it is known better.
    const string = types.get('string');
    for (const node of fitting)
      if (node.value !== undefined && node.type === undefined && string !== undefined) node.type = string;
    return fitting.at(-1);
  }

  /** What `create()` makes: the one type of the element, else what a `<<type+>>` group makes of the source. */
  #typeToCreate({ map }: Place, open: OpenSlot, { type }: Value): TypeDef | undefined {
    const [only, another] = typesOf(open);
    const isOpen = only === undefined || only.name === 'Resource';
    if (!isOpen && another === undefined) return only;
    return type === undefined
      ? undefined
      : defaultGroup(this.#library, map, type, isOpen ? undefined : typesOf(open))?.type;
  }

  #transform(
    place: Place,
    transform: NonNullable<RuleTarget['transform']>,
    scope: Scope,
    typeOfElement: TypeDef | undefined,
  ): readonly Node[] {
    const { types } = this.#library;
    const { name, parameters } = transform;
    const [least, most] = (Object.hasOwn(parameterCounts, name) ? parameterCounts[name] : undefined) ?? [1, 2];
    if (Object.hasOwn(transforms, name) && (parameters.length < least || parameters.length > most))
      throw new Fault('wrong-parameters', `${name} does not take ${parameters.length} parameters`);
    if (name === 'evaluate') return this.#evaluated(place, parameters, scope);
    const apply = Object.hasOwn(transforms, name) ? transforms[name] : undefined;
    if (apply === undefined) throw new Fault('unknown-transform', `no transform ${name}`);
    const given = parameters.map((parameter) => this.#argument(place, parameter, scope));
    // A new object that stands nowhere yet is put in place itself, so that rules may go on filling it.
    const [only] = given;
    if (name === 'copy' && only?.node !== undefined) return [only.node];
    return apply(
      {
        types,
        findConceptMap: (canonical) => conceptMapOf(this.#library, place.map, canonical),
        typeNamed: (written) => typeNamed(this.#library, place.map, written),
        typeOfElement,
        uuid: this.#options.uuid,
      },
      given,
    );
  }

  /** `(expr)`, and `evaluate(ctx, expr)` with the context as `$this`. */
  #evaluated(place: Place, parameters: readonly Parameter[], scope: Scope): readonly Node[] {
    const expression = parameters.at(-1);
    if (expression === undefined || parameters.length > 2)
      throw new Fault('wrong-parameters', 'evaluate takes an expression, or a context and an expression');
    const [context] = parameters.length === 2 ? parameters : [];
    const focuses = context === undefined ? [undefined] : this.#argument(place, context, scope).values;
    return focuses
      .flatMap((focus) => this.#evaluate(place, expressionOf(expression), scope, focus))
      .filter(({ json }) => !isVoid(json))
      .map((value) => nodeOf(value) ?? nodeFrom(this.#library.types, value));
  }

  #argument(place: Place, parameter: Parameter, scope: Scope): Argument {
    if (parameter.kind === 'literal') {
      const { type, value } = parameter.literal;
      const known = this.#library.types.get(type);
      return { values: [{ json: value, ...(known === undefined ? {} : { type: known }) }] };
    }
    if (parameter.kind === 'expression')
      return { values: this.#evaluate(place, parameter.expression, scope, undefined) };
    const sources = this.#sourcesNamed(place, scope, parameter.variable);
    const [only] = sources;
    const values = this.#descend(sources, parameter.elements);
    return only?.kind === 'node' && parameter.elements.length === 0 ? { values, node: only.node } : { values };
  }

  // -------------------------------------------------------------------------------------------------- groups

  /** §4: a called group sees its parameters and nothing else. */
  #call(place: Place, { group: name, parameters }: GroupCall, scope: Scope): void {
    const found = groupNamed(this.#library, place.map, name);
    const { inputs } = found.group;
    if (inputs.length !== parameters.length)
      throw new Fault('wrong-parameters', `${name} takes ${inputs.length} parameters, not ${parameters.length}`);
    let inner = emptyScope();
    for (const [index, input] of inputs.entries()) {
      const parameter = parameters[index] as Parameter;
      inner =
        input.mode === 'target'
          ? withTarget(inner, input.name, targetOf(parameter, scope))
          : withSource(inner, input.name, this.#sourceFor(place, parameter, scope, input.name));
    }
    this.group(found, inner, place.depth + 1);
  }

  /** A group that is given something that is being built as its source follows it. */
  #sourceFor(place: Place, parameter: Parameter, scope: Scope, name: string): Source {
    const { values, node } = this.#argument(place, parameter, scope);
    const [value, another] = values;
    if (value === undefined) throw new Fault('no-value', `the parameter ${name} has no value`);
    if (another !== undefined) throw new Fault('several-values', `the parameter ${name} has several values`);
    return node === undefined ? { kind: 'value', value } : { kind: 'node', node };
  }

  /** §6: `src.a -> tgt.a;`: by the default group of the pair of types; identical types are copied. */
  #shorthand({ map, depth }: Place, rule: Rule, { scope, value }: { scope: Scope; value: Value }): void {
    const { types } = this.#library;
    const [target] = rule.targets;
    const element = target?.elements.at(-1);
    if (target?.context === undefined || element === undefined)
      throw new Fault('wrong-parameters', 'a shorthand rule has a target element');
    const root = targetNamed(scope, target.context);
    const parent = target.elements.slice(0, -1).reduce((node, step) => this.#open(node, step), root);
    const open = slotOf(types, parent, element);
    const offered = typesOf(open);
    const isOpen = offered.length === 0 || offered[0]?.name === 'Resource';
    const found =
      value.type === undefined ? undefined : defaultGroup(this.#library, map, value.type, isOpen ? undefined : offered);
    const takes =
      value.type === undefined ||
      offered.length === 0 ||
      offered.includes(value.type) ||
      (isOpen && value.type.kind === 'resource');
    const intoPrimitive = parent.type?.kind === 'primitive' && element === 'value';
    if (found === undefined || intoPrimitive) {
      if (value.type !== undefined && !takes && !intoPrimitive)
        throw new Fault('group', `no default group from ${value.type.name} to ${element}`);
      this.#put(open, [conform(types, nodeFrom(types, value), open, element)]);
      return;
    }
    const [standing] = open.slot.nodes;
    // A primitive that is there gives way, an object is filled.
    const reused =
      standing?.type === found.type && found.type.kind !== 'primitive' && standing !== undefined && !open.slot.repeats;
    const made = reused ? standing : emptyNode(found.type);
    if (!reused) this.#put(open, [made]);
    let inner = emptyScope();
    for (const { mode, name } of found.group.inputs)
      inner = mode === 'source' ? withSource(inner, name, { kind: 'value', value }) : withTarget(inner, name, made);
    this.group(found, inner, depth + 1);
  }
}

const endOf = (target: RuleTarget | undefined): 'first' | 'last' | undefined =>
  (['first', 'last'] as const).find((mode) => target?.listModes.includes(mode));

const collates = (target: RuleTarget | undefined): boolean =>
  target !== undefined && (target.listModes.includes('collate') || target.listModes.includes('single'));

const rulesOfEnds = (rules: readonly Rule[]): readonly RuleTarget[] =>
  rules.flatMap(({ targets }) => targets).filter((target) => endOf(target) !== undefined);

const isSameEnd = (one: RuleTarget, other: RuleTarget, end: string): boolean =>
  endOf(one) === end && one.context === other.context && one.elements.join('.') === other.elements.join('.');

const asItem = (value: Value): Item => ({ source: { kind: 'value', value }, value });

/** The boolean reading of a condition: nothing is false, one thing that is no boolean is true, several are an error. */
function isTrue(results: readonly Value[]): boolean {
  const [only, another] = results;
  if (another !== undefined) throw new Fault('expression', 'a condition gives more than one result');
  return only !== undefined && only.json !== false;
}

function targetNamed({ sources, targets }: Scope, name: string): Node {
  const target = targets.get(name);
  if (isNode(target)) return target;
  if (typeof target === 'object') throw new Fault('wrong-type', `nothing can be written into ${name}`);
  if (target === 'nothing') throw new Fault('no-value', `the target variable ${name} has no value`);
  throw new Fault(
    'unknown-variable',
    sources.has(name) ? `${name} is a source and cannot be written` : `no target variable ${name}`,
  );
}

function targetOf(parameter: Parameter, scope: Scope): Target {
  if (parameter.kind !== 'path' || parameter.elements.length > 0 || !scope.targets.has(parameter.variable))
    throw new Fault('wrong-parameters', 'a group writes to a target variable');
  const target = scope.targets.get(parameter.variable);
  return target !== undefined && target !== 'nothing' ? target : targetNamed(scope, parameter.variable);
}

/** The last parameter of `evaluate`: a string in a text is a FHIRPath string, and so is a variable a path. */
function expressionOf(parameter: Parameter): Expression {
  const { at } = parameter;
  if (parameter.kind === 'expression') return parameter.expression;
  if (parameter.kind === 'path') return { text: [parameter.variable, ...parameter.elements].join('.'), at };
  const { type, value } = parameter.literal;
  return { text: type === 'string' ? JSON.stringify(value) : String(value), at };
}
