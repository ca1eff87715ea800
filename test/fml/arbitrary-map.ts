/**
 * Random maps that make sense: elements of the types they read and write, variables in reach, groups that fit what they
 * are called with. Now and then something does not fit, as in life.
 */
import { constantFrom, record, type Arbitrary } from 'fast-check';
import type { ElementDef, TypeDef, TypeTable } from '../../src/definitions/types.ts';
import {
  listModes,
  type ConceptMap,
  type Constant,
  type Expression,
  type Group,
  type GroupCall,
  type GroupInput,
  type MapText,
  type Parameter,
  type Place,
  type Rule,
  type RuleSource,
  type RuleTarget,
  type Transform,
  type TypeMode,
} from '../../src/fml/model.ts';
import { writeMap } from '../../src/fml/text/write.ts';
import { Dice, numbers } from './arbitrary-dice.ts';
import { condition, literalOf, valueExpression, type Known } from './arbitrary-expression.ts';
import { elementsOf, instanceOf, isPlainObject, plainInput, plainNames, typesOf } from './arbitrary-input.ts';

/** A map as text and the inputs of its first group. */
export type Example = { readonly text: string; readonly sources: readonly unknown[] };

const at: Place = { line: 0, column: 0, offset: 0, length: 0 };
const expression = (text: string): Expression => ({ text, at });

type Scope = { readonly sources: readonly Known[]; readonly targets: readonly Known[] };

/** Of variables of the same name, the last: it hides the others. */
const visible = (variables: readonly Known[]): readonly Known[] => [
  ...new Map(variables.map((variable) => [variable.name, variable])).values(),
];

/** What `create` or a copy may be asked for, by the element it is for. */
const resources = ['Patient', 'Observation'] as const;

const conceptMap: ConceptMap = {
  resourceType: 'ConceptMap',
  id: 'codes',
  group: [
    {
      source: 'http://example.org/s',
      target: 'http://example.org/t',
      element: [
        { code: 'official', target: [{ code: 'O', equivalence: 'equivalent' }] },
        { code: 'home', target: [{ code: 'H', equivalence: 'wider' }] },
        { code: 'A', target: [{ code: 'a', equivalence: 'narrower' }] },
      ],
    },
  ],
};

const sourceTypes = ['Patient', 'Observation', 'QuestionnaireResponse', 'plain'] as const;
const targetTypes = ['Patient', 'Observation', 'Bundle', 'HumanName', 'plain'] as const;
const pairs = [
  ['HumanName', 'HumanName'],
  ['ContactPoint', 'ContactPoint'],
  ['Coding', 'CodeableConcept'],
  ['code', 'string'],
  ['string', 'string'],
  ['CodeableConcept', 'CodeableConcept'],
  ['Quantity', 'Quantity'],
] as const;

class Author {
  readonly #types: TypeTable;
  #dice: Dice;
  /** Groups that may be called: those written after the one that is being written. */
  #groups: Group[] = [];
  #constants: Constant[] = [];
  #rules = 0;
  #variables = 0;

  constructor(types: TypeTable, dice: Dice) {
    this.#types = types;
    this.#dice = dice;
  }

  /** `helpers` are the choices for the groups that are called: the first group has its own. */
  map(source: string, target: string, helpers: Dice): MapText {
    const first = this.#dice;
    const dice = helpers;
    this.#dice = helpers;
    this.#constants = dice.list(2, (index) => ({
      at,
      name: `const${index}`,
      value: expression(index === 0 ? literalOf(dice, undefined) : `%const0 & '-1'`),
    }));
    for (let count = dice.below(5); count > 0; count -= 1) this.#groups = [this.#helper(count), ...this.#groups];
    this.#dice = first;
    const inputs = this.#inputs(source, target);
    const base = helpers.chance(4) ? this.#group('Base', inputs, 'none') : undefined;
    const main = this.#group('Main', inputs, 'none');
    return {
      file: 'random.fml',
      url: 'http://example.org/StructureMap/random',
      name: 'Random',
      metadata: [],
      structures: [],
      imports: [],
      constants: this.#constants,
      conceptMaps: [conceptMap],
      groups: [
        base === undefined ? main : { ...main, extends: 'Base' },
        ...(base === undefined ? [] : [base]),
        ...this.#groups,
      ],
    };
  }

  #inputs(source: string, target: string): readonly GroupInput[] {
    const typed = (type: string): { type?: string } => (type === 'plain' ? {} : { type });
    return [
      { at, mode: 'source', name: 'src', ...typed(source) },
      { at, mode: 'target', name: 'tgt', ...typed(target) },
    ];
  }

  #helper(index: number): Group {
    const dice = this.#dice;
    if (dice.chance(2)) {
      const [source, target] = dice.pick(pairs);
      return this.#group(
        `Default${index}`,
        this.#inputs(source, target),
        dice.pick(['types', 'type-and-types'] as const),
      );
    }
    const [source, target] = dice.chance(3)
      ? (['Patient', 'Observation'] as const)
      : dice.pick([...pairs, ['Reference', 'Annotation'], ['plain', 'HumanName'], ['Patient', 'plain']]);
    const extra: GroupInput[] = dice.chance(3) ? [{ at, mode: 'source', name: 'third' }] : [];
    return this.#group(`Group${index}`, [...this.#inputs(source, target), ...extra], 'none');
  }

  #group(name: string, inputs: readonly GroupInput[], typeMode: TypeMode): Group {
    const known = (mode: string): readonly Known[] =>
      inputs
        .filter((input) => input.mode === mode)
        .map((input) => ({ name: input.name, type: this.#types.get(input.type) }));
    const scope = { sources: known('source'), targets: known('target') };
    return { at, name, typeMode, inputs, rules: this.#block(scope, 0) };
  }

  #block(scope: Scope, depth: number): readonly Rule[] {
    const rules = [this.#rule(scope, depth)];
    const most = depth === 0 ? 6 : 3;
    while (rules.length < most && !this.#dice.isSpent && this.#dice.below(4) !== 0)
      rules.push(this.#rule(scope, depth));
    return rules;
  }

  #variable(): string {
    // Few names, so that they hide each other, and some that are elements too.
    const fresh = `v${(this.#variables += 1)}`;
    return this.#dice.pick([fresh, fresh, fresh, 'v', 'name', 'code', 'src']);
  }

  #rule(scope: Scope, depth: number): Rule {
    const dice = this.#dice;
    const name = `r${(this.#rules += 1)}`;
    if (dice.chance(6)) {
      const shorthand = this.#shorthand(scope, name);
      if (shorthand !== undefined) return shorthand;
    }
    const sources = [this.#source(scope)];
    let inner: Scope = { ...scope, sources: [...scope.sources, ...this.#bound(sources[0])] };
    if (dice.chance(8)) {
      const second = this.#source(inner);
      sources.push(second);
      inner = { ...inner, sources: [...inner.sources, ...this.#bound(second)] };
    }
    const targets: RuleTarget[] = [];
    const count = dice.below(8) === 7 ? 2 : dice.below(8) === 6 ? 0 : 1;
    for (let index = 0; index < count; index += 1) {
      const made = this.#target(inner);
      if (made === undefined) break;
      targets.push(made.target);
      if (made.variable !== undefined) inner = { ...inner, targets: [...inner.targets, made.variable] };
    }
    const calls = dice.chance(4) ? this.#calls(inner) : [];
    const nests = depth < 3 && !dice.isSpent && dice.below(3) !== 0;
    return {
      at,
      name,
      shorthand: false,
      sources: sources.map(({ source }) => source),
      targets,
      calls,
      rules: nests ? this.#block(inner, depth + 1) : [],
    };
  }

  // ------------------------------------------------------------------------------------------------- sources

  #bound(source: { source: RuleSource; type: TypeDef | undefined } | undefined): readonly Known[] {
    const name = source?.source.variable;
    return name === undefined ? [] : [{ name, type: source?.type }];
  }

  #source(scope: Scope): { source: RuleSource; type: TypeDef | undefined } {
    const dice = this.#dice;
    const readable = dice.chance(10) ? [...visible(scope.sources), ...visible(scope.targets)] : visible(scope.sources);
    const context = dice.among(readable.toReversed()) ?? { name: 'src', type: undefined };
    const [element, type] = dice.below(3) === 0 ? [undefined, context.type] : this.#child(context.type);
    const variable = element === undefined && dice.below(2) === 0 ? undefined : this.#variable();
    const focus: Known = { name: '$this', type };
    const variables = this.#expressible({
      ...scope,
      sources: variable === undefined ? scope.sources : [...scope.sources, { name: variable, type }],
    });
    const test = (): Expression => expression(condition(dice, focus, variables));
    const occurs = dice.chance(25) ? { min: dice.below(2), ...(dice.chance(2) ? { max: 1 + dice.below(2) } : {}) } : {};
    const source: RuleSource = {
      at,
      context: context.name,
      elements: element === undefined ? [] : [element],
      ...(element !== undefined && type !== undefined && dice.chance(8) ? { type: type.name } : {}),
      ...occurs,
      ...(element !== undefined && dice.chance(12) ? { default: expression(`(${literalOf(dice, type)})`) } : {}),
      ...(dice.chance(6) ? { listMode: dice.pick(listModes as unknown as ['first', ...typeof listModes]) } : {}),
      ...(variable === undefined ? {} : { variable }),
      ...(dice.chance(4) ? { where: test() } : {}),
      ...(dice.chance(25) ? { check: test() } : {}),
      ...(dice.chance(25) ? { log: expression(valueExpression(dice, focus, variables, undefined)) } : {}),
    };
    return { source, type };
  }

  #child(type: TypeDef | undefined): readonly [string | undefined, TypeDef | undefined] {
    const dice = this.#dice;
    if (type === undefined) {
      const name = dice.pick(plainNames);
      return [name, undefined];
    }
    if (type.kind === 'primitive') return dice.chance(3) ? ['value', type] : [undefined, type];
    if (dice.chance(30)) return ['*', undefined];
    const element = dice.among(elementsOf(type));
    if (element === undefined) return [undefined, type];
    const elementType = dice.among(typesOf(element));
    const key = element.keys.find((each) => each.type === elementType)?.key;
    return [element.choice && key !== undefined && dice.chance(5) ? key : element.name, elementType];
  }

  /** What an expression may name: not what two name spaces mean differently. */
  #expressible(scope: Scope): readonly Known[] {
    return [
      ...visible([...scope.targets, ...scope.sources]),
      ...this.#constants.map(({ name }) => ({ name, type: this.#types.get('string') })),
    ];
  }

  // ------------------------------------------------------------------------------------------------- targets

  #target(scope: Scope): { target: RuleTarget; variable?: Known } | undefined {
    const dice = this.#dice;
    if (dice.chance(12)) return this.#detached(scope);
    const context = dice.among(visible(scope.targets).toReversed());
    if (context === undefined) return undefined;
    const listModes = [] as const;
    if (dice.chance(15)) {
      const name = this.#variable();
      return {
        target: { at, context: context.name, elements: [], variable: name, listModes },
        variable: { name, type: context.type },
      };
    }
    if (context.type?.kind === 'primitive') {
      const transform: Transform = { name: 'copy', parameters: [this.#value(scope, context.type)], at };
      return { target: { at, context: context.name, elements: ['value'], transform, listModes } };
    }
    const element = context.type === undefined ? undefined : dice.among(elementsOf(context.type));
    const type = element === undefined ? undefined : dice.among(typesOf(element));
    // What was copied from typed data and is opened again, plain JSON does not know the type of.
    const opensPlain = dice.chance(3);
    const plainName = dice.among(plainNames.filter((each) => isPlainObject(each) === opensPlain)) ?? 'code';
    const elementName = element === undefined ? plainName : this.#written(element, type);
    const opens =
      element === undefined
        ? isPlainObject(plainName)
        : type !== undefined && type.kind !== 'primitive' && type.name !== 'Resource' && elementName !== element.name
          ? true
          : type !== undefined && type.kind !== 'primitive' && type.name !== 'Resource' && !element.choice;
    const shares = dice.chance(10)
      ? { listModes: ['share'] as const, share: dice.pick(['s1', 's2'] as const) }
      : { listModes };
    if (opens && (element === undefined || dice.below(3) !== 0)) {
      const name = this.#variable();
      return {
        target: { at, context: context.name, elements: [elementName], variable: name, ...shares },
        variable: { name, type },
      };
    }
    const made = this.#transform(scope, type);
    const name = this.#variable();
    const named = dice.chance(2) || made.transform.name === 'create';
    return {
      target: {
        at,
        context: context.name,
        elements: [elementName],
        transform: made.transform,
        ...(named ? { variable: name } : {}),
        ...shares,
      },
      ...(named ? { variable: { name, type: made.type } } : {}),
    };
  }

  #written(element: ElementDef, type: TypeDef | undefined): string {
    const key = element.choice ? element.keys.find((each) => each.type === type)?.key : undefined;
    return key !== undefined && this.#dice.chance(4) ? key : element.name;
  }

  /** `create('Patient') as p`, `uuid() as id`, `(expr) as v` */
  #detached(scope: Scope): { target: RuleTarget; variable: Known } {
    const dice = this.#dice;
    const name = this.#variable();
    const put = (transform: Transform, type: TypeDef | undefined) => ({
      target: { at, elements: [], transform, variable: name, listModes: [] },
      variable: { name, type },
    });
    switch (dice.below(3)) {
      case 0: {
        const type = dice.pick([...resources, 'HumanName', 'CodeableConcept'] as const);
        return put(this.#call('create', `'${type}'`), this.#types.get(type));
      }
      case 1:
        return put({ name: 'uuid', parameters: [], at }, this.#types.get('string'));
      default:
        return put(
          {
            name: 'evaluate',
            parameters: [
              this.#expressionParameter(valueExpression(dice, undefined, this.#expressible(scope), undefined)),
            ],
            at,
          },
          undefined,
        );
    }
  }

  #expressionParameter(text: string): Parameter {
    return { kind: 'expression', expression: expression(text), at };
  }

  #literal(text: string): Parameter {
    const value: unknown = JSON.parse(text.replaceAll("'", '"'));
    if (typeof value === 'boolean') return { kind: 'literal', literal: { type: 'boolean', value }, at };
    if (typeof value === 'number')
      return { kind: 'literal', literal: { type: Number.isInteger(value) ? 'integer' : 'decimal', value }, at };
    return { kind: 'literal', literal: { type: 'string', value: String(value) }, at };
  }

  #call(name: string, ...literals: readonly string[]): Transform {
    return { name, parameters: literals.map((literal) => this.#literal(literal)), at };
  }

  #path({ name }: Known): Parameter {
    return { kind: 'path', variable: name, elements: [], at };
  }

  /** A variable of the type if there is one, sometimes of another; else a literal. */
  #value(scope: Scope, type: TypeDef | undefined): Parameter {
    const dice = this.#dice;
    const readable = visible(scope.sources);
    const primitive = (known: Known): boolean => known.type === undefined || known.type.kind === 'primitive';
    const fitting = readable.filter((known) => known.type === type);
    const near = type?.kind === 'primitive' ? readable.filter(primitive) : fitting;
    const known = dice.among(dice.chance(20) ? readable : fitting.length > 0 && dice.below(3) !== 0 ? fitting : near);
    if (known !== undefined && dice.below(3) !== 0) return this.#path(known);
    const [constant] = this.#constants;
    if (constant !== undefined && dice.chance(10)) return this.#path({ name: constant.name, type: undefined });
    return this.#literal(literalOf(dice, type));
  }

  #transform(scope: Scope, type: TypeDef | undefined): { transform: Transform; type: TypeDef | undefined } {
    const dice = this.#dice;
    const of = (
      name: string,
      parameters: readonly Parameter[],
    ): { transform: Transform; type: TypeDef | undefined } => ({
      transform: { name, parameters, at },
      type,
    });
    if (type?.name === 'Resource') {
      const name = dice.pick(resources);
      return { transform: this.#call('create', `'${name}'`), type: this.#types.get(name) };
    }
    if (dice.chance(5)) {
      const context = dice.among(visible(scope.sources));
      const focus = dice.chance(2) ? context : undefined;
      const text = valueExpression(
        dice,
        focus === undefined ? undefined : { ...focus, name: '$this' },
        this.#expressible(scope),
        type,
      );
      return of('evaluate', [...(focus === undefined ? [] : [this.#path(focus)]), this.#expressionParameter(text)]);
    }
    const value = this.#value(scope, this.#types.get('code'));
    switch (type?.name) {
      case 'CodeableConcept':
        if (dice.chance(3))
          return of('translate', [value, this.#literal("'#codes'"), this.#literal("'CodeableConcept'")]);
        if (dice.chance(2))
          return of('cc', [
            this.#literal("'http://example.org/s'"),
            value,
            ...(dice.chance(2) ? [this.#literal("'D'")] : []),
          ]);
        break;
      case 'Coding':
        if (dice.chance(2)) return of('c', [this.#literal("'http://example.org/s'"), value]);
        break;
      case 'Quantity':
        if (dice.chance(2))
          return dice.chance(2)
            ? of('qty', [this.#literal("'5 mg'")])
            : of('qty', [this.#value(scope, this.#types.get('decimal')), this.#literal("'mg'")]);
        break;
      case 'Identifier':
        if (dice.chance(2))
          return of('id', [
            this.#literal("'http://example.org/i'"),
            value,
            ...(dice.chance(3) ? [this.#literal("'MR'")] : []),
          ]);
        break;
      case 'ContactPoint':
        if (dice.chance(2)) return of('cp', dice.chance(2) ? [value] : [this.#literal("'phone'"), value]);
        break;
      case 'Reference': {
        const resource = [...visible(scope.targets), ...visible(scope.sources)].filter(
          (known) => known.type?.kind === 'resource',
        );
        const known = dice.among(resource);
        if (known !== undefined) return of('reference', [this.#path(known)]);
        break;
      }
      case undefined:
      default:
    }
    if (type !== undefined && type.kind !== 'primitive') {
      const same = visible(scope.sources).filter((known) => known.type === type);
      const known = dice.among(same);
      return known === undefined || dice.chance(3)
        ? of('create', [this.#literal(`'${type.name}'`)])
        : of('copy', [this.#path(known)]);
    }
    switch (dice.below(9)) {
      case 5:
        return of('append', [this.#literal("'a'"), value, ...(dice.chance(2) ? [this.#value(scope, type)] : [])]);
      case 6:
        return of('truncate', [value, this.#literal(String(dice.below(5)))]);
      case 7:
        return of('cast', [this.#value(scope, type), this.#literal(`'${type?.name ?? 'string'}'`)]);
      case 8:
        return type?.name === 'code' || type === undefined
          ? of('translate', [value, this.#literal("'#codes'"), this.#literal("'code'")])
          : of('uuid', []);
      default:
        return of('copy', [this.#value(scope, type)]);
    }
  }

  // -------------------------------------------------------------------------------------------------- groups

  #calls(scope: Scope): readonly GroupCall[] {
    const group = this.#dice.among(this.#groups);
    if (group === undefined) return [];
    const parameters = group.inputs.map(({ mode, type }): Parameter | undefined => {
      const candidates = visible(mode === 'source' ? scope.sources : scope.targets);
      const wanted = this.#types.get(type);
      const fitting = candidates.filter((known) => known.type === wanted);
      const known = this.#dice.among(
        this.#dice.chance(10) || (mode === 'source' && fitting.length === 0) ? candidates : fitting,
      );
      return known === undefined ? undefined : this.#path(known);
    });
    const given = parameters.filter((parameter) => parameter !== undefined);
    return given.length === parameters.length ? [{ at, group: group.name, parameters: given }] : [];
  }

  #shorthand(scope: Scope, name: string): Rule | undefined {
    const dice = this.#dice;
    const source = dice.among(visible(scope.sources).toReversed());
    const target = dice.among(visible(scope.targets).toReversed());
    if (source === undefined || target === undefined || target.type?.kind === 'primitive') return undefined;
    const [element, type] = this.#child(source.type);
    if (element === undefined || element === '*') return undefined;
    const elements = target.type === undefined ? [] : elementsOf(target.type);
    const fitting = elements.filter((each) => type !== undefined && each.types.includes(type));
    const into =
      target.type === undefined
        ? dice.among(plainNames.filter((each) => !isPlainObject(each)))
        : dice.among(dice.chance(8) ? elements : fitting)?.name;
    if (into === undefined) return undefined;
    return {
      at,
      name,
      shorthand: true,
      sources: [{ at, context: source.name, elements: [element] }],
      targets: [{ at, context: target.name, elements: [into], listModes: [] }],
      calls: [],
      rules: [],
    };
  }
}

/** A map from `types`, and an input for it. */
export const examples = (types: TypeTable): Arbitrary<Example> =>
  record({
    source: constantFrom(...sourceTypes),
    target: constantFrom(...targetTypes),
    map: numbers(600),
    helpers: numbers(150),
    input: numbers(250),
  }).map(({ source, target, map, helpers, input }) => {
    const type = types.get(source);
    const dice = new Dice(input);
    // In plain JSON the engine leaves the `_` twin of a primitive behind when an object takes its place.
    const twins = target !== 'plain';
    const json = type === undefined ? plainInput(dice) : instanceOf(types, type, dice, twins);
    return {
      text: writeMap(new Author(types, new Dice(map)).map(source, target, new Dice(helpers))),
      sources: [json],
    };
  });
