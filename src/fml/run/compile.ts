/**
 * A map → closures over frames (fml.md §3): depth first, rules in the order of the text, once for each source item.
 * Groups are compiled when they are first called for; what the text shows to be wrong stops the map where it is reached.
 */
import { Item, itemOf, type JsonObject } from '../../definitions/item.ts';
import type { TypeDef, TypeTable } from '../../definitions/types.ts';
import type { CompileOptions as ExpressionOptions } from '../../fhirpath/index.ts';
import { isSystemType, systemTypes } from '../../fhirpath/system.ts';
import {
  findConceptMap,
  findDefaultGroup,
  findGroup,
  importedMaps,
  type DefaultGroup,
  type FoundGroup,
  type Library,
} from '../link.ts';
import type { Constant, Group, GroupCall, MapText, Rule } from '../model.ts';
import { placeOf } from '../problem.ts';
import { compileArgument, itemsOf } from './argument.ts';
import { cellFinder, ElementWriter, type Cell } from './element.ts';
import { Fault, MapStopped } from './fault.ts';
import {
  broken,
  Frame,
  noNames,
  Slots,
  withSource,
  withTarget,
  type Code,
  type Names,
  type Parameters,
  type Slot,
} from './frame.ts';
import { sourcePath } from './path.ts';
import { Rules } from './scope.ts';
import { compileStraight } from './straight.ts';
import { compileSource, type SourceCode } from './source.ts';
import { isPrimitiveTarget, Target } from './target.ts';
import type { RuleAt } from './trace.ts';
import { conceptTable, type ConceptTable } from './translate.ts';
import { newTarget } from './transforms.ts';
import { Block, compileTarget, targetIn, type RuleParts } from './write.ts';

export type CompileOptions = {
  /** Events are told (`RunOptions.trace`). Costs nothing when it is off. */
  readonly trace?: true;
  /** Functions for expressions, besides those of FHIRPath. */
  readonly functions?: NonNullable<ExpressionOptions['functions']>;
};

/** Groups that call each other deeper than this do not end (fml.md §10). */
const maxDepth = 200;

export type GroupCode = {
  readonly found: FoundGroup;
  readonly slots: Slots;
  /** Filled in after its slots: a group may call itself. */
  code: Code;
};

export class Compiler {
  readonly library: Library;
  readonly options: CompileOptions;
  readonly types: TypeTable;
  readonly writer: ElementWriter;
  readonly itemOf: (json: JsonObject) => Item;
  /** FHIRPath's own types → those of FHIR that say the same. */
  readonly #system: ReadonlyMap<TypeDef, TypeDef>;
  readonly #groups = new Map<Group, GroupCode>();
  readonly #tables = new Map<unknown, ConceptTable>();
  readonly #constants = new Map<Constant, (frame: Frame) => readonly Item[]>();

  constructor(library: Library, options: CompileOptions) {
    this.library = library;
    this.options = options;
    this.types = library.types;
    this.writer = new ElementWriter(library.types);
    this.#system = new Map(
      Object.values(systemTypes).flatMap((type): [TypeDef, TypeDef][] => {
        const fhir = library.types.get(type.name);
        return fhir === undefined ? [] : [[type, fhir]];
      }),
    );
    this.itemOf = (json) => itemOf(library.types, json) ?? new Item(json, undefined);
  }

  /** What an expression gave, as FHIR has it. */
  asFhir(items: readonly Item[]): readonly Item[] {
    for (let index = 0; index < items.length; index += 1) {
      const { type } = items[index] as Item;
      if (type !== undefined && isSystemType(type)) return items.map((item) => this.itemAsFhir(item));
    }
    return items;
  }

  itemAsFhir(item: Item): Item {
    const { type } = item;
    if (type === undefined || !isSystemType(type)) return item;
    const fhir = this.#system.get(type);
    return fhir === undefined ? item : new Item(item.json, fhir, item.extra);
  }

  /** The table of a ConceptMap; undefined when it is not known. */
  conceptTable(map: MapText, name: string): ConceptTable | undefined {
    const conceptMap = findConceptMap(this.library, map, name);
    if (conceptMap === undefined) return undefined;
    let table = this.#tables.get(conceptMap);
    if (table === undefined)
      this.#tables.set(conceptMap, (table = conceptTable(name, conceptMap, (url) => this.conceptTable(map, url))));
    return table;
  }

  /** The value of `let name`, worked out when it is first asked for in a run. */
  constant(map: MapText, name: string): ((frame: Frame) => readonly Item[]) | undefined {
    const constant = map.constants.find((each) => each.name === name);
    if (constant === undefined) return undefined;
    const standing = this.#constants.get(constant);
    if (standing !== undefined) return standing;
    const index = this.#constants.size;
    const circular = new Fault('expression', `the constant “${name}” refers to itself`);
    let evaluate: ReturnType<Rules['evaluator']> = broken(circular);
    const value = (frame: Frame): readonly Item[] => {
      const { constants } = frame.run;
      const known = constants[index];
      if (known !== undefined) return known;
      const open = (frame.run.openConstants ??= new Set());
      if (open.has(index)) return broken(circular)(frame);
      open.add(index);
      const items = evaluate(frame, []);
      open.delete(index);
      constants[index] = items;
      return items;
    };
    this.#constants.set(constant, value);
    const nowhere: Group = { at: constant.at, name: '', typeMode: 'none', inputs: [], rules: [] };
    evaluate = new Rules(this, map, nowhere).evaluator(constant.value, noNames);
    return value;
  }

  group(found: FoundGroup): GroupCode {
    const standing = this.#groups.get(found.group);
    if (standing !== undefined) return standing;
    const slots = new Slots();
    const made: GroupCode = { found, slots, code: () => undefined };
    this.#groups.set(found.group, made);
    let names = noNames;
    for (const [index, { mode, name }] of found.group.inputs.entries()) {
      const slot = slots.add({ kind: 'input', name, index });
      names = mode === 'source' ? withSource(names, name, slot) : withTarget(names, name, slot);
    }
    made.code = this.#traced(found, sequence(this.#rulesOf(found, names, slots, [])));
    return made;
  }

  /** The rules of a group, after those of the group that it extends, with the same variables (fml.md §3.2). */
  #rulesOf(found: FoundGroup, names: Names, slots: Slots, extended: readonly Group[]): Code[] {
    const { map, group } = found;
    const rules = new Rules(this, map, group, slots);
    const own = compileBlock(rules, group.rules, names);
    if (group.extends === undefined) return [own];
    if (extended.includes(group)) return [broken(new Fault('group', `the group ${group.name} extends itself`))];
    const base = this.#found(map, group.extends);
    if (base instanceof Fault) return [broken(base)];
    const missing = base.group.inputs.find(
      ({ mode, name }) => !(mode === 'source' ? names.sources : names.targets).has(name),
    );
    if (missing !== undefined)
      return [
        broken(
          new Fault(
            'group',
            `the group ${group.name} extends ${base.group.name}, and has no ${missing.mode} “${missing.name}” as that has`,
            {
              advice: 'Give the inputs the same names',
            },
          ),
        ),
      ];
    return [...this.#rulesOf(base, names, slots, [...extended, group]), own];
  }

  #found(map: MapText, name: string): FoundGroup | Fault {
    const lookup = findGroup(this.library, map, name);
    switch (lookup.kind) {
      case 'found':
        return lookup.found;
      case 'ambiguous':
        return new Fault(
          'group',
          `there is more than one group ${name}: in ${lookup.candidates.map((each) => each.map.file).join(', ')}`,
          {
            advice: 'Rename one of them',
          },
        );
      case 'missing':
      default: {
        const absent = map.imports.filter(
          ({ canonical }) =>
            !canonical.includes('*') && !importedMaps(this.library, map).some(({ url }) => url === canonical),
        );
        return new Fault('group', `the group ${name} is neither here nor in an imported map`, {
          advice:
            absent.length === 0
              ? 'Import the map that has it'
              : `Imported and not found: ${absent.map(({ canonical }) => canonical).join(', ')}`,
        });
      }
    }
  }

  /** Runs a group in a frame of its own. */
  enter({ code }: GroupCode, frame: Frame): void {
    const { run } = frame;
    if (run.depth >= maxDepth)
      throw new Fault('recursion', `groups call each other more than ${maxDepth} deep`, {
        advice: 'End the recursion with where',
      });
    run.depth += 1;
    code(frame);
    run.depth -= 1;
  }

  call(rules: Rules, { group: name, parameters }: GroupCall, names: Names): Code {
    const found = this.#found(rules.map, name);
    if (found instanceof Fault) return broken(found);
    const { inputs } = found.group;
    if (inputs.length !== parameters.length)
      return broken(
        new Fault('wrong-parameters', `the group ${name} takes ${inputs.length} parameters, not ${parameters.length}`),
      );
    const called = this.group(found);
    const passed: (number | undefined)[] = [];
    const pass = inputs.map((input, index): ((frame: Frame) => Slot) => {
      const parameter = parameters[index];
      const what = `the parameter ${input.name} of the group ${name}`;
      if (parameter === undefined) return () => undefined;
      if (input.mode === 'target') {
        const slot =
          parameter.kind === 'path' && parameter.elements.length === 0
            ? names.targets.get(parameter.variable)
            : undefined;
        if (slot === undefined || parameter.kind !== 'path')
          return broken(new Fault('wrong-parameters', `${what} is a target, and is not given one`));
        passed[index] = slot;
        return (frame) => {
          const held = frame.slots[slot];
          if (held === undefined)
            throw new Fault('no-value', `${what} has no value`, { advice: 'Call it only where there is one' });
          return held;
        };
      }
      const argument = compileArgument(rules, parameter, names);
      const { slot } = argument;
      passed[index] = slot;
      const nothingThere = (): Fault =>
        new Fault('no-value', `${what} has no value`, { advice: 'Call it only where there is one' });
      if (slot !== undefined)
        return (frame) => {
          const held = frame.slots[slot];
          if (held === undefined) throw nothingThere();
          return held;
        };
      return (frame) => {
        const [first, second] = itemsOf(argument, frame);
        if (first === undefined) throw nothingThere();
        if (second !== undefined) throw new Fault('several-values', `${what} is given more than one value`);
        return first;
      };
    });
    const origins: Parameters = { slots: passed, origins: rules.slots.origins };
    const variables = passed.filter((slot) => slot !== undefined);
    if (variables.length === inputs.length)
      return (frame) => {
        const inner = new Frame(frame.run, called.slots.empty, frame, origins);
        for (let index = 0; index < variables.length; index += 1) {
          const held = frame.slots[variables[index] as number];
          inner.slots[index] = held ?? (pass[index] as (frame: Frame) => Slot)(frame);
        }
        this.enter(called, inner);
      };
    return (frame) => {
      const inner = new Frame(frame.run, called.slots.empty, frame, origins);
      for (let index = 0; index < pass.length; index += 1)
        inner.slots[index] = (pass[index] as (frame: Frame) => Slot)(frame);
      this.enter(called, inner);
    };
  }

  #traced({ map, group }: FoundGroup, code: Code): Code {
    if (this.options.trace !== true) return code;
    return (frame) => {
      const { depth, options } = frame.run;
      options.trace?.({ kind: 'group-entered', file: map.file, group: group.name, depth });
      code(frame);
      options.trace?.({ kind: 'group-left', file: map.file, group: group.name, depth });
    };
  }
}

/** One after the other; short lists without a loop. */
function sequence(codes: readonly Code[]): Code {
  const [first, second, third] = codes;
  if (first === undefined) return () => undefined;
  if (second === undefined) return first;
  if (third === undefined)
    return (frame) => {
      first(frame);
      second(frame);
    };
  return (frame) => {
    for (let index = 0; index < codes.length; index += 1) (codes[index] as Code)(frame);
  };
}

function compileBlock(rules: Rules, block: readonly Rule[], names: Names): Code {
  const shared = new Block();
  const code = sequence(block.map((rule) => compileRule(rules, rule, names, shared)));
  const slots = shared.shared;
  if (slots.length === 0) return code;
  return (frame) => {
    for (const slot of slots) frame.slots[slot] = undefined;
    code(frame);
  };
}

function compileRule(rules: Rules, rule: Rule, names: Names, block: Block): Code {
  const { map, group } = rules;
  const at: RuleAt = {
    file: map.file,
    at: rule.at,
    group: group.name,
    ...(rule.name === undefined ? {} : { rule: rule.name }),
    where: placeOf({ file: map.file, at: rule.at, ...(rule.name === undefined ? {} : { rule: rule.name }) }),
  };
  const sources: SourceCode[] = [];
  let inner = names;
  for (const source of rule.sources) {
    const compiled = compileSource(rules, source, inner);
    inner = compiled.names;
    sources.push(compiled);
  }
  const source = sources.at(-1)?.slot ?? 0;
  const own = new Set(rule.sources.flatMap(({ variable }) => variable ?? []));
  const parts: RuleParts = { rules, block, at, source, own };
  const body = rule.shorthand ? compileShorthand(parts, rule, inner) : compileBody(parts, rule, inner);
  let code = rules.compiler.options.trace === true ? traced(rules, rule, at, sources, body) : body;
  for (const each of sources.toReversed()) code = each.loop(code);
  if (rules.compiler.options.trace !== true) code = compileStraight(rules, rule, names, code);
  if (rules.compiler.options.trace === true) code = telling(code, at);
  const { origins } = rules.slots;
  const slots = sources.map(({ slot }) => slot);
  return (frame) => {
    try {
      code(frame);
    } catch (error) {
      throw stopped(error, at, frame, slots, origins);
    }
  };
}

/** The innermost rule names the place. What is no fault of a map (a fault of ours) passes unchanged. */
function stopped(
  error: unknown,
  at: RuleAt,
  frame: Frame,
  slots: readonly number[],
  origins: Slots['origins'],
): unknown {
  if (!(error instanceof Fault)) return error;
  // The last source that has an item: what the rule was reading.
  const slot = slots.findLast((each) => frame.slots[each] !== undefined) ?? slots[0];
  const path = slot === undefined ? undefined : sourcePath(frame, slot, origins);
  return new MapStopped(error, at.where, path);
}

function compileBody(parts: RuleParts, rule: Rule, names: Names): Code {
  const { rules } = parts;
  const codes: Code[] = [];
  let inner = names;
  for (const target of rule.targets) {
    const compiled = compileTarget(parts, target, inner);
    inner = compiled.names;
    if (compiled.code !== undefined) codes.push(compiled.code);
  }
  if (rule.rules.length > 0) codes.push(compileBlock(rules, rule.rules, inner));
  for (const call of rule.calls) codes.push(rules.compiler.call(rules, call, inner));
  return sequence(codes);
}

/** `src.a -> tgt.b;`: by the default group of the pair of types; identical types are copied (fml.md §6). */
function compileShorthand(parts: RuleParts, rule: Rule, names: Names): Code {
  const { rules, source } = parts;
  const [target] = rule.targets;
  const element = target?.elements.at(-1);
  const slot = target?.context === undefined ? undefined : names.targets.get(target.context);
  if (target?.context === undefined || element === undefined || slot === undefined)
    return (
      compileTarget(
        parts,
        {
          ...(target ?? { at: rule.at, elements: [], listModes: [] }),
          transform: { name: 'copy', parameters: [], at: rule.at },
        },
        names,
      ).code ?? (() => undefined)
    );
  const { context } = target;
  const { compiler } = rules;
  const { writer, types } = compiler;
  const find = cellFinder(types, element);
  const way = target.elements.slice(0, -1).map((step) => cellFinder(types, step));
  const defaultGroup = defaultGroups(rules);
  return (frame) => {
    const item = frame.slots[source];
    if (!(item instanceof Item)) return;
    const { output } = frame.run;
    let into = targetIn(frame, slot, context);
    for (const step of way) into = writer.open(output, into, step(into.type), undefined);
    if (isPrimitiveTarget(into) && element === 'value') {
      writer.putIntoPrimitive(output, into, item);
      return;
    }
    if (isPrimitiveTarget(into)) into = writer.partOf(output, into);
    const cell = find(into.type);
    const found = defaultGroup(item.type, cell);
    if (found !== undefined) {
      found(frame, item, into, cell);
      return;
    }
    const { type } = item;
    if (type !== undefined && cell.def !== undefined && cell.def.types.length > 0 && !takes(cell, type))
      throw new Fault(
        'group',
        `there is no default group from ${type.name} to ${(cell.expected === undefined ? cell.def.types : [cell.expected]).map(({ name }) => name).join(', ')}`,
        {
          advice: 'Write a group <<types>> for them, or a rule with variables',
        },
      );
    writer.put(output, into, cell, item, false, undefined);
  };
}

function takes(cell: Cell, type: TypeDef): boolean {
  const offered = cell.expected === undefined ? (cell.def?.types ?? []) : [cell.expected];
  return offered.some(
    (each) => each === type || (each.name === 'Resource' && type.kind === 'resource') || type.kind === 'logical',
  );
}

type RunDefault = (frame: Frame, item: Item, into: Target, cell: Cell) => void;

/** Looks up default groups by the types that come by, and remembers them. */
function defaultGroups(rules: Rules): (from: TypeDef | undefined, cell: Cell) => RunDefault | undefined {
  const { compiler, map } = rules;
  let last: { from: TypeDef; cell: Cell; run: RunDefault | undefined } | undefined;
  return (from, cell) => {
    if (from === undefined) return undefined;
    if (last?.from === from && last.cell === cell) return last.run;
    const open = cell.def === undefined || cell.expected?.name === 'Resource';
    const offered = cell.expected === undefined ? cell.def?.types : [cell.expected];
    const lookup = findDefaultGroup(compiler.library, map, from, open ? undefined : offered);
    if (lookup.kind === 'ambiguous')
      throw new Fault(
        'group',
        `there are two default groups from ${from.name}: ${lookup.candidates.map((each) => each.group.name).join(', ')}`,
        {
          advice: 'Leave one of them without <<types>>, or call one by name',
        },
      );
    const run = lookup.kind === 'found' ? runDefault(compiler, lookup.found) : undefined;
    last = { from, cell, run };
    return run;
  };
}

function runDefault(compiler: Compiler, found: DefaultGroup): RunDefault {
  const { inputs } = found.group;
  const called = compiler.group(found);
  const { target: type } = found;
  if (inputs.length !== 2)
    return broken(
      new Fault(
        'wrong-parameters',
        `the default group ${found.group.name} takes ${inputs.length} parameters, not a source and a target`,
      ),
    );
  return (frame, item, into, cell) => {
    const { output } = frame.run;
    const made = newTarget(frame, type);
    const standing =
      cell.repeats || type.kind === 'primitive' || cell.key === undefined ? undefined : into.json[cell.key.key];
    const target =
      standing === undefined
        ? compiler.writer.put(output, into, cell, made, true, undefined)
        : compiler.writer.open(output, into, cell, undefined);
    if (target === undefined) return;
    const inner = new Frame(frame.run, called.slots.empty, frame, undefined);
    for (const [index, { mode }] of inputs.entries()) inner.slots[index] = mode === 'source' ? item : target;
    compiler.enter(called, inner);
  };
}

function traced(rules: Rules, rule: Rule, at: RuleAt, sources: readonly SourceCode[], body: Code): Code {
  const { origins } = rules.slots;
  return (frame) => {
    const { run } = frame;
    run.entered += 1;
    run.options.trace?.({
      kind: 'rule-entered',
      rule: at,
      depth: run.depth,
      read: sources.map(({ slot }, index) => {
        const held = frame.slots[slot];
        const { context = '', elements = [], variable } = rule.sources[index] ?? {};
        return {
          ...(variable === undefined ? {} : { variable }),
          path: sourcePath(frame, slot, origins) ?? [context, ...elements].join('.'),
          value: held instanceof Target ? run.output.itemOf(held)?.json : held instanceof Item ? held.json : undefined,
        };
      }),
    });
    body(frame);
    run.options.trace?.({ kind: 'rule-left', rule: at, depth: run.depth });
  };
}

/** Tells of a rule that was reached and had nothing to work on. */
function telling(code: Code, at: RuleAt): Code {
  return (frame) => {
    const { run } = frame;
    const before = run.entered;
    code(frame);
    if (run.entered === before) run.options.trace?.({ kind: 'rule-idle', rule: at, depth: run.depth });
  };
}
