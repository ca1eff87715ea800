/** Checks the rules of a map, as the runner would walk them: with the variables that each rule sees (fml.md §3, §4). */
import type { ElementDef, TypeDef } from '../../definitions/types.ts';
import { isOfAnotherRelease } from './foreign.ts';
import { findDefaultGroup, findGroup, importedMaps, mapsImportedBy, typeNamed, type FoundGroup } from '../link.ts';
import type { Group, GroupCall, GroupInput, Place, Rule, RuleSource, RuleTarget } from '../model.ts';
import { didYouMean } from '../../definitions/nearest.ts';
import { constantsOf, scopeOf } from './constants.ts';
import { Expressions, type ExpressionContext, type Focus } from './expressions.ts';
import { transforms } from '../run/transforms.ts';
import { headOf, placeOfElement } from './report.ts';
import { isMistaken, namesHere, noteRead, Scope, type Variable } from './scope.ts';
import { hasWhat } from './slips.ts';
import { childOf, inWords, isGeneral, pending, shapeOf, single, union, type Shape } from './shape.ts';
import { Transforms, type Made } from './transforms.ts';

/** What an element is written with: the types it takes, and whether it repeats. */
type Element = { readonly offered: readonly TypeDef[] | undefined; readonly def: ElementDef | undefined };

/** Shapes that calls give to the parameters of a group; undefined in a place: something unknown. */
type Given = Shape[][];

/** Types that calls pass on and on are given up after so many rounds. */
const mostRounds = 10;

export class Rules {
  readonly #context: ExpressionContext;
  readonly #expressions: Expressions;
  readonly #transforms: Transforms;
  #given = new Map<Group, Given>();
  #before = new Map<Group, Given>();
  #round = 0;
  /** `let` constants and what they give. */
  #constants = new Scope();
  #constantVariables: readonly Variable[] = [];
  /** Sources that are declared to be what they are not; the resourceType of the input wins (fml.md §1). */
  readonly #mistaken = new Set<GroupInput>();
  /** Elements that some rule gives a value to. */
  #valued: ReadonlySet<string> | undefined;
  /** Groups that something in this map calls, extends or uses by default. */
  readonly used = new Set<Group>();
  /** A default group may be used that cannot be told. */
  mayUseDefaults = false;
  /** Some group is neither here nor in a map that is imported. */
  lost = false;

  constructor(context: ExpressionContext) {
    this.#context = context;
    this.#expressions = new Expressions(context);
    this.#transforms = new Transforms(context, this.#expressions);
  }

  /** Walks all groups until the types that calls give are known, then once more to tell what is wrong. */
  check(): void {
    const { map, report } = this.#context;
    report.silent = true;
    for (this.#round = 0; this.#round < mostRounds; this.#round += 1) {
      const mistaken = this.#mistaken.size;
      this.#groups();
      const settled = this.#settled() && this.#mistaken.size === mistaken;
      this.#before = this.#given;
      this.#given = new Map();
      if (settled) break;
    }
    report.silent = false;
    this.#groups();
    for (const [index, constant] of map.constants.entries())
      if (this.#constantVariables[index]?.used === false)
        report.warn('unused', constant.at, `the constant ${constant.name} is never used`);
  }

  #settled(): boolean {
    const words = (given: Map<Group, Given>): string =>
      [...given]
        .map(
          ([{ name }, calls]) =>
            `${name} ${calls.map((call) => call.map((shape) => (shape === undefined ? '?' : inAll(shape))).join()).join(';')}`,
        )
        .join('\n');
    return words(this.#given) === words(this.#before);
  }

  #groups(): void {
    const { map, report } = this.#context;
    this.#constantVariables = constantsOf(map, this.#expressions, report);
    this.#constants = scopeOf(this.#constantVariables);
    for (const group of map.groups) {
      report.group = group.name;
      this.#group(group);
    }
    report.group = undefined;
  }

  // ------------------------------------------------------------------------------------------------- groups

  #group(group: Group): void {
    const { library, map, report } = this.#context;
    const sources: [GroupInput, Variable][] = [];
    let scope = this.#constants;
    for (const [index, input] of group.inputs.entries()) {
      const { type, at } = input;
      // A “uses” line that names what is not known has its own problem.
      const isDeclared = map.structures.some(({ alias, url }) => alias === type || url.endsWith(`/${type ?? ''}`));
      if (type !== undefined && !isDeclared && typeNamed(library, map, type) === undefined)
        this.#unknownType(type, at, 'warn');
      const variable: Variable = { name: input.name, shape: this.#shapeOfInput(group, input, index), used: true };
      scope = scope.with(input.mode, variable);
      if (input.mode === 'source') sources.push([input, variable]);
      if (this.#mistaken.has(input))
        report.warn(
          'wrong-type',
          at,
          `${type ?? ''} has no element of those that are read of ${input.name}: what it is follows from the data`,
          'Correct the type.',
        );
    }
    for (const mode of ['source', 'target'] as const)
      if (group === map.groups[0] && !group.inputs.some((input) => input.mode === mode))
        report.warn(
          'wrong-parameters',
          headOf(group),
          `the first group has no ${mode}: the map can be imported, not run`,
        );
    this.#extended(group, scope);
    this.#block(group.rules, scope);
    for (const [input, variable] of sources) if (isMistaken(variable)) this.#mistaken.add(input);
  }

  /** What the declaration says, and what calls give: the data decides when it runs, so it may be either. */
  #shapeOfInput(group: Group, input: GroupInput, index: number): Shape {
    const { library, map } = this.#context;
    if (this.#mistaken.has(input)) return undefined;
    const declared =
      input.type === undefined || isOfAnotherRelease(library, map, input.type)
        ? undefined
        : shapeOf([typeNamed(library, map, input.type)].flatMap((type) => type ?? []));
    const calls = this.#before.get(group) ?? [];
    const given = calls.map((call) => call[index]);
    if (declared === undefined) {
      const open = group === map.groups[0] || group.typeMode !== 'none' || this.#calledFromElsewhere(group);
      if (open || this.#round === mostRounds) return undefined;
      const all = given.reduce((either, shape) => union(either, shape), pending);
      const waits = given.length === 0 ? this.#round === 0 : this.#context.report.silent;
      return all?.types.length === 0 && !waits ? undefined : single(all);
    }
    return given.reduce((all, shape) => (shape === undefined ? all : single(union(all, shape))), declared);
  }

  #calledFromElsewhere(group: Group): boolean {
    const { library, map } = this.#context;
    return library.maps.some(
      (other) =>
        other !== map &&
        importedMaps(library, other).includes(map) &&
        !other.groups.some(({ name }) => name === group.name),
    );
  }

  #extended(group: Group, scope: Scope): void {
    const { report, library, map } = this.#context;
    if (group.extends === undefined) return;
    const lookup = findGroup(library, map, group.extends);
    if (lookup.kind !== 'found') {
      this.#notFound(group.extends, headOf(group), lookup.kind === 'ambiguous');
      return;
    }
    const { found } = lookup;
    this.used.add(found.group);
    const circle = this.#circle(found, group);
    if (circle.length > 0) {
      // Told once, of the first of them.
      if (map.groups.find((each) => circle.includes(each)) === group)
        report.error('unknown-group', headOf(group), `${group.name} extends itself, by ${group.extends}`);
      return;
    }
    const lacking = found.group.inputs.filter(
      ({ name, mode }) => !group.inputs.some((own) => own.name === name && own.mode === mode),
    );
    if (lacking.length > 0)
      report.error(
        'wrong-parameters',
        headOf(group),
        `${group.extends} works on ${lacking.map(({ mode, name }) => `${mode} ${name}`).join(', ')}, which ${group.name} does not have`,
        `Name the parameters as ${group.extends} does: ${found.group.inputs.map(({ mode, name }) => `${mode} ${name}`).join(', ')}.`,
      );
    this.#gives(
      found.group,
      found.group.inputs.map(({ name, mode }) => (mode === 'source' ? scope.source(name) : scope.target(name))?.shape),
    );
  }

  /** The groups through which a group extends itself; none if it does not. */
  #circle(found: FoundGroup, start: Group): readonly Group[] {
    const seen: Group[] = [start];
    for (let at = found; ;) {
      const { map, group } = at;
      if (group === start) return seen;
      if (seen.includes(group) || group.extends === undefined) return [];
      seen.push(group);
      const next = findGroup(this.#context.library, map, group.extends);
      if (next.kind !== 'found') return [];
      at = next.found;
    }
  }

  #gives(group: Group, shapes: Shape[]): void {
    const calls = this.#given.get(group);
    if (calls === undefined) this.#given.set(group, [shapes]);
    else calls.push(shapes);
  }

  #notFound(name: string, at: Place, ambiguous: boolean): void {
    const { report, library, map } = this.#context;
    const imported = importedMaps(library, map);
    if (ambiguous) {
      const homes = [map, ...imported].filter(({ groups }) => groups.some((group) => group.name === name));
      report.error(
        'ambiguous-group',
        at,
        `there is more than one group ${name}, in ${homes.map(({ file }) => file).join(' and ')}`,
        'Rename one of them.',
      );
      return;
    }
    this.lost = true;
    const lost = map.imports.filter(({ canonical }) => mapsImportedBy(library, map, canonical).length === 0);
    const here = [map, ...imported].flatMap(({ groups }) => groups.map((group) => group.name));
    const elsewhere = library.maps.find(({ groups }) => groups.some((group) => group.name === name));
    const slip = transforms.has(name) ? `${name} is a transform: it stands after “=”, or before “as v”.` : undefined;
    report.error(
      'unknown-group',
      at,
      `there is no group ${name}, neither here nor in an imported map`,
      slip ??
        didYouMean(name, here) ??
        (elsewhere !== undefined && elsewhere !== map
          ? `Import it: imports "${elsewhere.url}"`
          : lost.length > 0
            ? `It may be in ${lost.map(({ canonical }) => canonical).join(', ')}, which cannot be found.`
            : undefined),
    );
  }

  // -------------------------------------------------------------------------------------------------- rules

  #block(rules: readonly Rule[], scope: Scope): void {
    const { report } = this.#context;
    const names = new Set<string>();
    const outer = report.rule;
    for (const rule of rules) {
      report.rule = rule.name ?? outer;
      if (rule.name !== undefined && names.has(rule.name))
        report.warn(
          'duplicate-name',
          rule.at,
          `two rules of this block are named ${rule.name}`,
          'Messages name the rule: give it a name of its own.',
        );
      if (rule.name !== undefined) names.add(rule.name);
      this.#rule(rule, scope);
    }
    report.rule = outer;
  }

  #rule(rule: Rule, scope: Scope): void {
    const declared: Variable[] = [];
    let inner = scope;
    let shape: Shape;
    for (const source of rule.sources) {
      const read = this.#source(source, inner);
      shape = read.shape;
      inner = read.scope;
      if (read.variable !== undefined) declared.push(read.variable);
    }
    if (rule.shorthand) this.#shorthand(rule, shape, inner);
    else
      for (const target of rule.targets) {
        const written = this.#target(target, rule, shape?.repeats === true, inner);
        inner = written.scope;
        if (written.variable !== undefined) declared.push(written.variable);
      }
    for (const call of rule.calls) this.#call(call, inner);
    this.#block(rule.rules, inner);
    for (const { used, name, at } of declared)
      if (!used && at !== undefined) this.#context.report.warn('unused', at, `the variable ${name} is never used`);
  }

  #source(source: RuleSource, scope: Scope): { scope: Scope; shape: Shape; variable: Variable | undefined } {
    const { report, library, map } = this.#context;
    const { context, elements, at } = source;
    const from = scope.any(context);
    if (from === undefined)
      report.error(
        'unknown-variable',
        { ...at, length: at.line === 0 ? 0 : context.length },
        `there is no variable ${context} here`,
        didYouMean(context, scope.names()) ?? namesHere(scope),
      );
    else from.used = true;
    const parent = from?.shape;
    const read = this.#descend(from, source);
    let { shape } = read;
    if (source.min !== undefined) this.#cardinality(source, read.def);
    if (source.default !== undefined) {
      const given = this.#expressions.check(source.default, { shape: parent }, scope);
      shape = union(shape, given);
    }
    if (source.type !== undefined) {
      const type = typeNamed(library, map, source.type);
      if (type === undefined) this.#unknownType(source.type, at, 'warn');
      else if (
        shape !== undefined &&
        !isGeneral(type) &&
        !shape.types.some((each) => each === type || each.base === type || type.base === each)
      )
        report.warn(
          'unreachable',
          at,
          `${[context, ...elements].join('.')} is ${inWords(shape.types)} and never ${type.name}: this rule is never run`,
          didYouMean(
            source.type,
            shape.types.map(({ name }) => name),
          ),
        );
      shape = shapeOf([type], shape?.repeats);
    }
    const variable: Variable | undefined =
      source.variable === undefined ? undefined : { name: source.variable, shape: single(shape), at, used: false };
    const inner = variable === undefined ? scope : scope.with('source', variable);
    const focus: Focus = { shape: single(shape) };
    for (const condition of [source.where, source.check, source.log])
      if (condition !== undefined) this.#expressions.check(condition, focus, inner);
    if (source.where !== undefined) this.#neverTrue(source.where);
    return { scope: inner, shape, variable };
  }

  #neverTrue(where: NonNullable<RuleSource['where']>): void {
    const tree = this.#expressions.tree(where);
    if ((tree?.kind === 'literal' && tree.value === false) || tree?.kind === 'empty')
      this.#context.report.warn('unreachable', where.at, 'this condition is never true: the rule is never run');
  }

  #descend(
    from: Variable | undefined,
    { context, elements, at, default: fallback }: RuleSource,
  ): { shape: Shape; def: ElementDef | undefined } {
    const { report, library } = this.#context;
    let shape = from?.shape;
    let def: ElementDef | undefined;
    for (const [index, element] of elements.entries()) {
      const child = childOf(library.types, shape, element);
      const suggestion = child.kind === 'missing' ? didYouMean(element, child.names) : undefined;
      if (index === 0 && from !== undefined && child.kind !== 'unknown')
        noteRead(from, child.kind === 'found', suggestion !== undefined);
      if (child.kind === 'missing' && shape !== undefined)
        report[fallback === undefined ? 'error' : 'warn'](
          'unknown-element',
          placeOfElement(at, context, elements, index),
          `${inWords(shape.types)} has no element ${element}`,
          suggestion ?? (child.kind === 'missing' ? hasWhat(shape.types, child.names) : undefined),
        );
      def = child.kind === 'found' && elements.length === 1 ? child.found[0]?.def : undefined;
      shape = child.kind === 'found' ? child.shape : undefined;
    }
    return { shape, def };
  }

  #cardinality({ min = 0, max, at, context, elements }: RuleSource, def: ElementDef | undefined): void {
    const { report } = this.#context;
    const name = [context, ...elements].join('.');
    if (max !== undefined && min > max)
      report.error('cardinality', at, `${name} cannot be there ${min} times and ${max} times at most`);
    else if (max === 0) report.warn('unreachable', at, `${name} must not be there: the rule is never run`);
    else if (def !== undefined && !def.repeats && min > 1)
      report.error('cardinality', at, `${name} is there once at most, and never ${min} times`);
  }

  #unknownType(written: string, at: Place, severity: 'warn' | 'error'): void {
    const { report, library, map } = this.#context;
    if (library.types.all().length === 0) return;
    report[severity](
      'unknown-type',
      at,
      `the type ${written} is not known: what has it is not checked`,
      didYouMean(written, [
        ...map.structures.flatMap(({ alias }) => alias ?? []),
        ...library.types.all().map(({ name }) => name),
      ]),
    );
  }

  // ------------------------------------------------------------------------------------------------ targets

  #target(
    target: RuleTarget,
    rule: Rule,
    repeats: boolean,
    scope: Scope,
  ): { scope: Scope; variable: Variable | undefined } {
    const into = target.context === undefined ? undefined : this.#targetVariable(target.context, target.at, scope);
    const element = this.#element(target, into?.shape);
    let shape: Shape;
    if (target.transform !== undefined) {
      const made = this.#transforms.made(target.transform, scope, element?.offered);
      if (
        target.context === undefined &&
        target.transform.name === 'create' &&
        target.transform.parameters.length === 0
      )
        this.#context.report.error(
          'wrong-parameters',
          target.at,
          'create() without a type, and without an element that has one',
          "Say which: create('…').",
        );
      // A target that is a primitive is written as a whole.
      if (
        target.context !== undefined &&
        target.elements.length === 0 &&
        into?.shape?.types.every(isObjectType) === true
      )
        this.#context.report.error(
          'wrong-type',
          target.at,
          `${target.context} is written to without an element`,
          `Name the element: ${target.context}.… = …`,
        );
      // What the rule makes for each item is written once.
      shape = this.#stands(made, target, element, rule, repeats && into?.madeBy !== rule);
    } else if (target.context !== undefined) {
      shape = target.elements.length === 0 ? into?.shape : this.#opened(target, element);
    }
    if (target.variable === undefined) return { scope, variable: undefined };
    const isMade =
      target.transform?.name === 'create' || (target.transform === undefined && element?.def?.repeats === true);
    const variable: Variable = {
      name: target.variable,
      shape: single(shape),
      at: target.at,
      used: false,
      ...(isMade && target.share === undefined ? { madeBy: rule } : {}),
    };
    // What is made may be filled and may be read.
    return {
      scope: scope.with(target.context === undefined ? 'source' : 'target', variable).with('target', variable),
      variable,
    };
  }

  #targetVariable(name: string, at: Place, scope: Scope): Variable | undefined {
    const variable = scope.target(name);
    if (variable !== undefined) {
      variable.used = true;
      return variable;
    }
    const source = scope.source(name);
    const place = { ...at, length: at.line === 0 ? 0 : name.length };
    if (source === undefined)
      this.#context.report.error(
        'unknown-variable',
        place,
        `there is no target variable ${name} here`,
        didYouMean(name, scope.names('target')) ?? `Targets here: ${scope.names('target').join(', ') || 'none'}.`,
      );
    else {
      source.used = true;
      this.#context.report.error(
        'wrong-mode',
        place,
        `${name} is a source, which is only read`,
        didYouMean(name, scope.names('target')) ?? `Targets here: ${scope.names('target').join(', ') || 'none'}.`,
      );
    }
    return undefined;
  }

  /** What the last element of the target takes; the ones before it are made, and must have one type. */
  #element({ context, elements, at }: RuleTarget, parent: Shape): Element | undefined {
    const { report, library } = this.#context;
    if (context === undefined || elements.length === 0) return undefined;
    let shape = parent;
    let offered: readonly TypeDef[] | undefined;
    let def: ElementDef | undefined;
    for (const [index, element] of elements.entries()) {
      const child = childOf(library.types, shape, element);
      const place = placeOfElement(at, context, elements, index);
      if (element === 'resourceType' && shape?.types.every(({ kind }) => kind === 'resource') === true)
        return undefined;
      if (isUnsafe(element))
        report.error('unknown-element', place, `${element} is not allowed as the name of an element`);
      else if (child.kind === 'missing' && shape !== undefined)
        report.error(
          'unknown-element',
          place,
          `${inWords(shape.types)} has no element ${element}`,
          didYouMean(element, child.names) ?? hasWhat(shape.types, child.names),
        );
      if (child.kind !== 'found') return undefined;
      const types = child.found.flatMap((found) =>
        found.key === undefined ? found.def.types : (found.key.type ?? []),
      );
      offered = types.length === 0 || child.found.length !== shape?.types.length ? undefined : types;
      def = child.found.length === 1 ? child.found[0]?.def : undefined;
      ({ shape } = child);
      if (index < elements.length - 1) this.#mustOpen(offered, def, element, place);
    }
    return { offered, def };
  }

  /** An element without value is made: possible for one datatype or backbone element only. */
  #mustOpen(offered: readonly TypeDef[] | undefined, def: ElementDef | undefined, element: string, at: Place): void {
    const { report } = this.#context;
    const [type, second] = offered ?? [];
    if (type === undefined || def === undefined) return;
    if (second !== undefined)
      // What another rule put there is found again.
      report[this.#isGivenAValue(element) ? 'warn' : 'error'](
        'wrong-type',
        at,
        `${element} may be ${inWords(offered ?? [])}: it is not known which one to make`,
        `Say which: ${element} = create('${(offered ?? []).find(({ kind }) => kind !== 'primitive')?.name ?? type.name}') as …`,
      );
    else if (type.name === 'Resource' || type.name === 'DomainResource')
      report.error(
        'wrong-type',
        at,
        `${element} takes any resource: it is not known which one to make`,
        `Say which: ${element} = create('Patient') as …`,
      );
    else if (type.kind === 'primitive')
      report.error(
        'wrong-type',
        at,
        `${element} is ${type.name}, which cannot be made empty`,
        `Give it a value: ${element} = …`,
      );
  }

  #isGivenAValue(element: string): boolean {
    this.#valued ??= new Set(
      [this.#context.map, ...importedMaps(this.#context.library, this.#context.map)].flatMap(({ groups }) =>
        groups.flatMap((group) => valuedIn(group.rules)),
      ),
    );
    return this.#valued.has(element);
  }

  #opened(target: RuleTarget, element: Element | undefined): Shape {
    if (element?.offered === undefined) return undefined;
    const { context = '', elements, at } = target;
    this.#mustOpen(
      element.offered,
      element.def,
      elements.at(-1) ?? '',
      placeOfElement(at, context, elements, elements.length - 1),
    );
    return new Set(element.offered).size === 1 ? shapeOf(element.offered) : undefined;
  }

  /** What stands in the element after it was written. */
  #stands(made: Made, target: RuleTarget, element: Element | undefined, rule: Rule, repeats: boolean): Shape {
    const { offered, def } = element ?? {};
    const { context, elements, transform } = target;
    if (offered === undefined || context === undefined) return made.shape;
    const name = elements.at(-1) ?? '';
    if (!this.#transforms.mustStand(made, offered, transform?.at ?? target.at, name)) return undefined;
    this.#overwrites(target, def, rule, repeats);
    if (offered.some(isGeneral)) return made.shape;
    if (new Set(offered).size === 1) return shapeOf(offered);
    const fitting = made.shape?.types.filter((type) => offered.includes(type)) ?? [];
    return fitting.length > 0 ? shapeOf(fitting) : undefined;
  }

  /** `src.name as n -> tgt.one = n`, where names repeat and the element does not: the last stays. */
  #overwrites(
    { transform, elements, at }: RuleTarget,
    def: ElementDef | undefined,
    { sources }: Rule,
    repeats: boolean,
  ): void {
    const [source, second] = sources;
    const [parameter] = transform?.parameters ?? [];
    if (def === undefined || def.repeats || source === undefined || second !== undefined) return;
    if (transform?.name !== 'copy' || parameter?.kind !== 'path' || parameter.elements.length > 0) return;
    if (source.variable !== parameter.variable || source.listMode !== undefined || source.where !== undefined) return;
    if (source.elements.length === 0 || source.max === 1 || source.type !== undefined || !repeats) return;
    this.#context.report.warn(
      'cardinality',
      at,
      `${[source.context, ...source.elements].join('.')} may be there several times, and ${elements.at(-1)} takes one: the last stays`,
      'Say which one is meant: first, last, or where (…).',
    );
  }

  #shorthand(rule: Rule, from: Shape, scope: Scope): void {
    const [target] = rule.targets;
    if (target?.context === undefined) return;
    const into = this.#targetVariable(target.context, target.at, scope);
    const element = this.#element(target, into?.shape);
    const offered = element?.offered;
    if (from === undefined || offered === undefined || offered.some(isGeneral)) {
      this.mayUseDefaults = true;
      return;
    }
    const { library, map, report } = this.#context;
    const lookups = from.types.map((type) => findDefaultGroup(library, map, type, offered));
    for (const lookup of lookups) if (lookup.kind === 'found') this.used.add(lookup.found.group);
    if (lookups.every(({ kind }) => kind === 'ambiguous')) {
      report.error(
        'ambiguous-group',
        rule.at,
        `there is more than one default group from ${inWords(from.types)} to ${inWords(offered)}`,
        'Write “then” and the group that is meant.',
      );
      return;
    }
    const possible = from.types.some(
      (type, index) => lookups[index]?.kind !== 'missing' || offered.includes(type) || type.kind === 'logical',
    );
    if (!possible)
      report.error(
        'wrong-type',
        rule.at,
        `there is no default group from ${inWords(from.types)} to ${inWords(offered)}, and the one is no copy of the other`,
        'Write a group with <<types>> for the two, or the rules here: “as v -> … then { … }”.',
      );
  }

  // -------------------------------------------------------------------------------------------------- calls

  #call(call: GroupCall, scope: Scope): void {
    const { report, library, map } = this.#context;
    const lookup = findGroup(library, map, call.group);
    const at = { ...call.at, length: call.at.line === 0 ? 0 : call.group.length };
    if (lookup.kind !== 'found') {
      this.#notFound(call.group, at, lookup.kind === 'ambiguous');
      for (const parameter of call.parameters) this.#transforms.parameter(parameter, scope);
      return;
    }
    const { group } = lookup.found;
    this.used.add(group);
    const { inputs } = group;
    if (inputs.length !== call.parameters.length)
      report.error(
        'wrong-parameters',
        at,
        `the group ${call.group} takes ${inputs.length} parameters, and is given ${call.parameters.length}`,
        `It is ${call.group}(${inputs.map(({ mode, name, type }) => `${mode} ${name}${type === undefined ? '' : ` : ${type}`}`).join(', ')}).`,
      );
    const shapes = call.parameters.map((_, index) => this.#argument(call, index, inputs[index], scope, lookup.found));
    if (inputs.length === call.parameters.length) this.#gives(group, shapes);
  }

  #argument(call: GroupCall, index: number, input: GroupInput | undefined, scope: Scope, found: FoundGroup): Shape {
    const { report, library } = this.#context;
    const parameter = call.parameters[index];
    if (parameter === undefined) return undefined;
    if (input?.mode === 'target') {
      const name = parameter.kind === 'path' ? parameter.variable : undefined;
      const target =
        name === undefined || parameter.kind !== 'path' || parameter.elements.length > 0
          ? undefined
          : scope.target(name);
      if (target !== undefined) {
        target.used = true;
        this.#mustTake(target.shape, input, found, parameter.at);
        return target.shape;
      }
      if (name !== undefined && scope.any(name) === undefined) {
        this.#transforms.parameter(parameter, scope);
        return undefined;
      }
      this.#transforms.parameter(parameter, scope);
      report.error(
        'wrong-mode',
        parameter.at,
        `${call.group} writes to ${input.name}, and is given ${name === undefined ? 'a value' : `the source ${name}`}`,
        `Give it a target: ${scope.names('target').join(', ') || 'there is none here'}.`,
      );
      return undefined;
    }
    const { shape } = this.#transforms.parameter(parameter, scope);
    if (input !== undefined) this.#mustTake(shape, input, found, parameter.at);
    return library.types.all().length === 0 ? undefined : shape;
  }

  /** The data decides when it runs: what the group says of itself is a promise to the reader only. */
  #mustTake(shape: Shape, input: GroupInput, { map, group }: FoundGroup, at: Place): void {
    const { library, report } = this.#context;
    const wanted = input.type === undefined ? undefined : typeNamed(library, map, input.type);
    if (shape === undefined || wanted === undefined || isGeneral(wanted)) return;
    if (isOfAnotherRelease(library, map, input.type ?? '')) return;
    if (
      shape.types.some(
        (type) =>
          type === wanted ||
          type.base === wanted ||
          wanted.base === type ||
          (type.kind === 'primitive' && wanted.kind === 'primitive'),
      )
    )
      return;
    report.warn(
      'wrong-type',
      at,
      `${group.name} takes ${wanted.name} as ${input.name}, and is given ${inWords(shape.types)}`,
    );
  }
}

const valuedIn = (rules: readonly Rule[]): readonly string[] =>
  rules.flatMap((rule) => [
    ...rule.targets.flatMap(({ elements, transform }) => (transform === undefined ? [] : (elements.at(-1) ?? []))),
    ...valuedIn(rule.rules),
  ]);

const isObjectType = ({ kind }: TypeDef): boolean => kind !== 'primitive';

/** Names that JSON objects of JavaScript have of themselves; the runner refuses them. */
const isUnsafe = (name: string): boolean => name in Object.prototype || name === 'prototype';

const inAll = ({ types, repeats }: NonNullable<Shape>): string =>
  `${types.map(({ name }) => name).join('|')}${repeats ? '*' : ''}`;
