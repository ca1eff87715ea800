/**
 * FHIRPath in maps: LHC's fhirpath.js with the R4 model, compiled once per expression. Values keep their FHIR types
 * going in (the hidden `__path__` that the library itself leaves on results) and coming out.
 */
import {
  compile as compileFhirPath,
  FP_Decimal,
  parse,
  resolveInternalTypes,
  util,
  type UserInvocationTable,
} from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import { withVariables } from './lexemes.ts';
import { isObject, isPrimitive, type JsonObject, type Value } from './value.ts';

/** Says what went wrong without any value of the data: the library's messages quote them. */
export class ExpressionError extends Error {}

/** A variable that is undefined here is known and empty. */
type Variables = Readonly<Record<string, Value | undefined>>;

/** `this` is the item the expression is about; without it names refer to variables (`src.name` is `%src.name`). */
export type Evaluate = (expression: string, variables: Variables, context?: Value) => readonly Value[];

/** Making a formatter costs a hundred times what using it does. */
const formatters = new Map<string, Intl.DateTimeFormat>();

const formatterOf = (zone: string): Intl.DateTimeFormat => {
  const standing = formatters.get(zone);
  if (standing !== undefined) return standing;
  const made = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  formatters.set(zone, made);
  return made;
};

const partsOf = (iso: string, zone: string): Readonly<Record<string, string>> | undefined => {
  const instant = new Date(iso);
  if (Number.isNaN(instant.getTime())) return undefined;
  return Object.fromEntries(
    formatterOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
};

/**
 * `localTime(zone, 'date' | 'time' | 'datetime')`: an ISO 8601 time with offset as the wall clock in `zone` (an IANA
 * name) showed it: `2026-05-06`, `18:05`, `2026-05-06 18:05`. A date without time has no zone and stays; what is no
 * time is nothing.
 */
export function localTime(iso: string, zone: string, part: string): string | undefined {
  if (!iso.includes('T')) return part === 'time' ? undefined : iso;
  const parts = partsOf(iso, zone);
  if (parts === undefined) return undefined;
  const date = `${parts['year']}-${parts['month']}-${parts['day']}`;
  const time = `${parts['hour']}:${parts['minute']}`;
  if (part === 'date') return date;
  if (part === 'time') return time;
  if (part === 'datetime') return `${date} ${time}`;
  throw new ExpressionError(`localTime: the part is 'date', 'time' or 'datetime'`);
}

/** The library's own encode takes Latin-1 only; FHIR text is UTF-8. */
const encode = (text: string, format: string): string | undefined => {
  if (format === 'base64') return Buffer.from(text, 'utf8').toString('base64');
  if (format === 'urlbase64' || format === 'base64url') return Buffer.from(text, 'utf8').toString('base64url');
  return format === 'hex' ? Buffer.from(text, 'utf8').toString('hex') : undefined;
};

const strings = (inputs: readonly unknown[]): string[] =>
  inputs.map((input) => util.valData(input)).filter((input) => typeof input === 'string');

const functions = {
  encode: {
    fn: (inputs: unknown[], format: string) => strings(inputs).flatMap((text) => encode(text, format) ?? []),
    arity: { 1: ['String'] },
  },
  localTime: {
    fn: (inputs: unknown[], zone: string, part: string) =>
      strings(inputs).flatMap((iso) => localTime(iso, zone, part) ?? []),
    arity: { 2: ['String', 'String'] },
  },
} satisfies Record<
  string,
  { fn: (inputs: unknown[], ...parameters: string[]) => unknown; arity: Record<number, string[]> }
>;

// The library's own names.
/* oxlint-disable no-underscore-dangle */
type ResultNode = {
  readonly data: unknown;
  readonly _data: unknown;
  readonly fhirNodeDataType: string | null;
  readonly path: string | null;
};

const isResultNode = (result: unknown): result is ResultNode =>
  typeof result === 'object' && result !== null && 'fhirNodeDataType' in result && 'data' in result;

const systemTypes: Readonly<Record<string, string>> = {
  FP_Decimal: 'decimal',
  FP_DateTime: 'dateTime',
  FP_Date: 'date',
  FP_Time: 'time',
  FP_Instant: 'instant',
};

const literalType = (json: unknown, result: unknown): string | undefined => {
  if (typeof json === 'string') {
    const name = typeof result === 'object' && result !== null ? result.constructor.name : '';
    return systemTypes[name] ?? 'string';
  }
  if (typeof json === 'number') return Number.isInteger(json) ? 'integer' : 'decimal';
  return typeof json === 'boolean' ? 'boolean' : undefined;
};

function valueOfResult(result: unknown): Value | undefined {
  const node = isResultNode(result) ? result : undefined;
  const json: unknown = resolveInternalTypes(node === undefined ? result : node.data);
  if (isObject(json)) {
    // Our own hidden type on an object that was passed through, else what the model says of the path.
    const own = isObject(result) ? hiddenType(result) : undefined;
    const type = typeof json['resourceType'] === 'string' ? json['resourceType'] : (own ?? typeOfNode(node));
    return { json, ...(type === undefined ? {} : { type }) };
  }
  const extra = isObject(node?._data) ? { extra: node._data } : {};
  if (!isPrimitive(json)) return 'extra' in extra ? { json: '', ...extra } : undefined;
  // A string that came out of plain JSON has no type of its own yet: the target decides.
  const type = typeOfNode(node) ?? literalType(json, result);
  return { json, ...(type === undefined ? {} : { type }), ...extra };
}

const typeOfNode = (node: ResultNode | undefined): string | undefined => {
  const type = node?.fhirNodeDataType;
  if (type === undefined || type === null) return undefined;
  if (type === 'BackboneElement' || type === 'Element') return node?.path ?? undefined;
  return type.startsWith('System.') ? undefined : type;
};

const hiddenType = (json: JsonObject): string | undefined => {
  const path = (json as { __path__?: { path?: unknown } }).__path__?.path;
  return typeof path === 'string' ? path : undefined;
};

const numberContext = { getDecimal: (value: number) => FP_Decimal.getDecimal(value), model: r4 };

/** The JSON as the library takes it, its FHIR type attached where it is hidden. */
const passed = ({ json, type }: Value): unknown => {
  if (!isObject(json) || type === undefined || Object.hasOwn(json, 'resourceType') || Object.hasOwn(json, '__path__'))
    return json;
  const fhirNodeDataType = type.includes('.') ? 'BackboneElement' : type;
  return Object.defineProperty({ ...json }, '__path__', {
    value: { ctx: numberContext, path: type, fhirNodeDataType, parentResNode: null },
  });
};

/** The library's messages quote data, so what went wrong is said in our words. */
const sayings: readonly (readonly [RegExp, string])[] = [
  [/undefined environment variable/iu, 'a variable is not known'],
  [/^Expected string\b/iu, 'a string is expected (numbers need .toString())'],
  [/^Expected (?:a )?(?:number|integer|decimal)\b/iu, 'a number is expected'],
  [/^Expected boolean\b/iu, 'true or false is expected'],
  [
    /singleton|single (?:item|element|value)|more than one|only one|multiple|unexpected collection/iu,
    'one value is expected, and there are several',
  ],
  [/^Not implemented|not a function|unknown function/iu, 'a function is not known'],
  [/wrong arity|parameters?\b/iu, 'a function has the wrong number of parameters'],
  [/convert/iu, 'a value cannot be converted'],
  [/asynchronous/iu, 'a function needs a server, which maps do not have'],
];

const safe = (error: unknown): string => {
  const message = error instanceof Error ? error.message : '';
  return sayings.find(([pattern]) => pattern.test(message))?.[1] ?? 'it does not fit the values';
};

type Compiled = (context: unknown, variables: Record<string, unknown>) => unknown[];

type PlainPath = { readonly variable: string; readonly steps: readonly string[]; readonly exists: boolean };

/** `%v.a.b` and `%v.a.b.exists()`: more than half of what maps ask, and plain JSON answers it without the engine. */
function plainPathOf(expression: string): PlainPath | undefined {
  const bare = expression.startsWith('(') && expression.endsWith(')') ? expression.slice(1, -1) : expression;
  const [, variable, path, exists] = /^%([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*?)(\.exists\(\))?$/u.exec(bare) ?? [];
  return variable === undefined
    ? undefined
    : { variable, steps: (path ?? '').split('.').slice(1), exists: exists !== undefined };
}

/** Undefined when a FHIR type comes in, whose model the engine knows. */
function followPlain({ variable, steps, exists }: PlainPath, variables: Variables): readonly Value[] | undefined {
  if (!Object.hasOwn(variables, variable)) return undefined;
  const root = variables[variable];
  let items: unknown[] = root === undefined ? [] : [root.json];
  if (root !== undefined && (root.type !== undefined || !isObject(root.json))) return undefined;
  for (const step of steps) {
    items = items
      .flatMap((item) => (isObject(item) && Object.hasOwn(item, step) ? item[step] : undefined))
      .filter((item) => item !== undefined && item !== null);
    if (items.some((item) => isObject(item) && Object.hasOwn(item, 'resourceType'))) return undefined;
  }
  if (exists) return [{ json: items.length > 0, type: 'boolean' }];
  return items.flatMap((json): Value[] => {
    if (isObject(json)) return [{ json }];
    const type = literalType(json, json);
    return isPrimitive(json) && type !== undefined ? [{ json, type }] : [];
  });
}

const words = new Map<string, ReadonlySet<string>>();

/** Names that stand in an expression, variables among them. There are as many expressions as the maps have. */
export function wordsOf(expression: string): ReadonlySet<string> {
  const standing = words.get(expression);
  if (standing !== undefined) return standing;
  const found = new Set(expression.match(/[A-Za-z_]\w*/gu));
  words.set(expression, found);
  return found;
}

/** Expressions are kept compiled as long as the evaluator lives. */
export function makeEvaluate(): Evaluate {
  const compiled = new Map<string, Compiled>();
  const spelled = new Map<string, string>();
  /** Where names are also variables, the item's own children win. */
  const spell = (expression: string, variables: Variables, { json }: Value): string => {
    const names = Object.keys(variables).filter(
      (name) => !isObject(json) || !Object.keys(json).some((key) => key.startsWith(name)),
    );
    if (names.length === 0) return expression;
    const key = `${expression}\0${names.join(' ')}`;
    const standing = spelled.get(key) ?? withVariables(expression, names);
    spelled.set(key, standing);
    return standing;
  };
  const compile = (expression: string): Compiled => {
    const standing = compiled.get(expression);
    if (standing !== undefined) return standing;
    const made = compileFhirPath(expression, r4, {
      resolveInternalTypes: false,
      preciseMath: true,
      userInvocationTable: functions as unknown as UserInvocationTable,
    }) as Compiled;
    compiled.set(expression, made);
    return made;
  };
  const plain = new Map<string, PlainPath | undefined>();
  return (expression, variables, context) => {
    if (!plain.has(expression)) plain.set(expression, plainPathOf(expression));
    const path = plain.get(expression);
    const followed = path === undefined ? undefined : followPlain(path, variables);
    if (followed !== undefined) return followed;
    const environment: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(variables)) environment[name] = value === undefined ? [] : passed(value);
    try {
      const results =
        context === undefined
          ? compile(expression)({ ...environment }, environment)
          : compile(spell(expression, variables, context))(passed(context), environment);
      return results.map(valueOfResult).filter((value) => value !== undefined);
    } catch (error) {
      if (error instanceof ExpressionError) throw error;
      throw new ExpressionError(`the expression ${expression} stopped: ${safe(error)}`);
    }
  };
}

/** What is wrong with the text of an expression, if anything; it has met no data, so it may be shown whole. */
export function expressionFault(expression: string): string | undefined {
  try {
    parse(expression);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll('\n', ' ') : 'unreadable';
  }
}
