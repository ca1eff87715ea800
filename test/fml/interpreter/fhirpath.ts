/** FHIRPath by LHC's fhirpath.js with its R4 model, so that the proof does not lean on the engine that it proves. */
import { createRequire } from 'node:module';
import { isObject } from '../../../src/definitions/item.ts';
import type { TypeTable } from '../../../src/definitions/types.ts';
import { spell } from './spelling.ts';
import { Fault } from './stopped.ts';
import { isPrimitive, type Value } from './values.ts';

// The library's own names.
/* oxlint-disable no-underscore-dangle */
type ResultNode = {
  readonly data: unknown;
  readonly path: string | null;
  readonly fhirNodeDataType: string | null;
  readonly _data: unknown;
};

// The parts that are not in its published types: nodes, with which values keep their FHIR type going in.
const load = createRequire(import.meta.url);
const library = load('fhirpath/src/fhirpath.js') as {
  compile: (
    expression: string,
    model: unknown,
    options: object,
  ) => (focus: unknown, variables: Readonly<Record<string, unknown>>) => readonly unknown[];
  resolveInternalTypes: (value: unknown) => unknown;
};
const utilities = load('fhirpath/src/utilities.js') as {
  makeChildResNodes: (context: object, parent: ResultNode, name: string, model: object) => readonly ResultNode[];
};
type Written = { readonly checkString: (context: object, text: string) => unknown };
const {
  ResourceNode,
  FP_Decimal_Precise: Decimal,
  FP_DateTime,
  FP_Date,
  FP_Time,
} = load('fhirpath/src/types.js') as {
  FP_DateTime: Written;
  FP_Date: Written;
  FP_Time: Written;
  ResourceNode: new (
    context: object,
    data: unknown,
    parent: null,
    path: string | undefined,
    extra: unknown,
    type: string | undefined,
  ) => ResultNode;
  FP_Decimal_Precise: { getDecimal: (value: number) => unknown };
};
const r4 = load('fhirpath/fhir-context/r4') as object;

/** What the names of an expression may mean, and what lies around it. */
export type Environment = {
  readonly has: (name: string) => boolean;
  readonly get: (name: string) => readonly Value[];
  readonly now: Date;
  readonly resolve: (reference: string) => Value | undefined;
};

/** With a focus, a name is its element first; without one, every bare name is a variable. */
export function evaluate(
  types: TypeTable,
  expression: string,
  around: Environment,
  focus: Value | undefined,
): readonly Value[] {
  const isElement = (name: string): boolean => {
    if (focus === undefined || !isObject(focus.json)) return false;
    const { type, json } = focus;
    if (type !== undefined && type.elements.size > 0 && !type.open)
      return types.element(type, name) !== undefined || type.name === name;
    return Object.hasOwn(json, name) || (type !== undefined && types.element(type, name) !== undefined);
  };
  const spelled = spell(expression, (name) => around.has(name) && !isElement(name));
  const environment: Record<string, unknown> = {};
  for (const [, name = ''] of spelled.matchAll(/%`?(\w+)/gu))
    if (around.has(name)) environment[name] = around.get(name).map(passed);
  let results: readonly unknown[];
  try {
    results = compiled(spelled, around)(focus === undefined ? [] : [passed(focus)], environment);
  } catch (error) {
    throw new Fault('expression', `the expression ${expression} stopped: ${String(error)}`);
  }
  return results.flatMap((result) => received(types, result));
}

/** Of JSON, not a number of the library's own. */
const isPlain = (data: unknown): boolean => isObject(data) && Object.getPrototypeOf(data) === Object.prototype;

type Context = { readonly model: object };

/** `value` of what may be a primitive; the clock that was given; references within the input. */
const functionsIn = (looking: {
  readonly around: Environment;
}): Readonly<Record<string, { readonly fn: object; readonly internalStructures?: true }>> => {
  const iso = (): string => looking.around.now.toISOString();
  return {
    valueOrItself: {
      internalStructures: true,
      fn(this: Context, inputs: readonly unknown[]) {
        return inputs.flatMap((input): readonly unknown[] =>
          input instanceof ResourceNode && isPlain(input.data)
            ? utilities.makeChildResNodes(this, input, 'value', this.model)
            : [input],
        );
      },
    },
    now: { fn: (): unknown => FP_DateTime.checkString(context, iso()) },
    today: { fn: (): unknown => FP_Date.checkString(context, iso().slice(0, 10)) },
    timeOfDay: { fn: (): unknown => FP_Time.checkString(context, iso().slice(11, 23)) },
    resolve: {
      internalStructures: true,
      fn: (inputs: readonly unknown[]) =>
        inputs.flatMap((input) => {
          const data = input instanceof ResourceNode ? input.data : input;
          const reference = isObject(data) ? data['reference'] : data;
          const found = typeof reference === 'string' ? looking.around.resolve(reference) : undefined;
          return found === undefined ? [] : [passed(found)];
        }),
    },
  };
};

type Compiled = ReturnType<typeof library.compile>;

/** Compiled once, for that takes its time; `around` is what the functions of the next evaluation look at. */
const known = new Map<string, { readonly run: Compiled; around: Environment }>();

function compiled(text: string, around: Environment): Compiled {
  const standing = known.get(text);
  if (standing !== undefined) {
    standing.around = around;
    return standing.run;
  }
  const made = { run: undefined as unknown as Compiled, around };
  made.run = library.compile(text, r4, {
    resolveInternalTypes: false,
    preciseMath: true,
    userInvocationTable: functionsIn(made),
  });
  known.set(text, made);
  return made.run;
}

const context = { model: r4, getDecimal: (value: number) => Decimal.getDecimal(value) };

const passed = ({ json, type, extra }: Value): unknown =>
  new ResourceNode(
    context,
    json ?? null,
    null,
    type?.name,
    extra,
    type === undefined || type.kind !== 'backbone' ? type?.name : 'BackboneElement',
  );

function received(types: TypeTable, result: unknown): readonly Value[] {
  const node = result instanceof ResourceNode ? result : undefined;
  const data = node === undefined ? result : node.data;
  // Objects stay the same ones, so that what was found in the output is known again.
  const json = isPlain(data) ? data : library.resolveInternalTypes(data);
  const name = node?.fhirNodeDataType === null ? undefined : ((node && nameOfType(node)) ?? literalType(json, result));
  const type = types.get(isObject(json) && typeof json['resourceType'] === 'string' ? json['resourceType'] : name);
  const typed = type === undefined ? {} : { type };
  if (isObject(json)) return [{ json, ...typed }];
  const extra = isObject(node?._data) ? { extra: node._data } : {};
  if (isPrimitive(json)) return [{ json, ...typed, ...extra }];
  return 'extra' in extra ? [{ json: undefined, ...typed, ...extra }] : [];
}

const nameOfType = ({ path, fhirNodeDataType: type }: ResultNode): string | undefined => {
  if (type === 'BackboneElement' || type === 'Element') return path ?? undefined;
  return type === null || type.startsWith('System.') ? undefined : type;
};

const systemTypes: Readonly<Record<string, string>> = {
  FP_DateTime: 'dateTime',
  FP_Date: 'date',
  FP_Time: 'time',
  FP_Instant: 'instant',
  FP_Quantity: 'Quantity',
};

const literalType = (json: unknown, result: unknown): string | undefined => {
  const name = typeof result === 'object' && result !== null ? systemTypes[result.constructor.name] : undefined;
  if (name !== undefined) return name;
  if (typeof json === 'number') return Number.isInteger(json) ? 'integer' : 'decimal';
  if (typeof json === 'boolean') return 'boolean';
  return typeof json === 'string' ? 'string' : undefined;
};
