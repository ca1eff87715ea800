/** A StructureMap, R4 or R5, as a map; also what HAPI and this package put into it beyond the standard. */
import {
  listModes,
  targetListModes,
  type Comments,
  type ConceptMap,
  type ConceptMapGroup,
  type Constant,
  type Expression,
  type Group,
  type GroupCall,
  type GroupInput,
  type Literal,
  type LiteralType,
  type MapText,
  type Metadata,
  type Parameter,
  type Place,
  type Rule,
  type RuleSource,
  type RuleTarget,
  type Structure,
  type StructureMode,
} from '../model.ts';
import type { Problem } from '../problem.ts';
import {
  automaticGroup,
  automaticVariable,
  equivalences,
  extensions,
  isDateType,
  textKeys,
  valueElements,
} from './fhir-forms.ts';
import { lexemesOf } from './lexemes.ts';
import { metadataValue } from './metadata.ts';
import { didYouMean } from '../../definitions/nearest.ts';
import { nameFor } from './structure-map-write.ts';
import { quoted } from './write.ts';

const nowhere: Place = { line: 0, column: 0, offset: 0, length: 0 };

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An element of the resource, with its path for messages. */
class Node {
  readonly json: Json;
  readonly path: string;
  readonly report: (what: string, suggestion?: string) => void;

  constructor(json: Json, path: string, report: (what: string, suggestion?: string) => void) {
    this.json = json;
    this.path = path;
    this.report = report;
  }

  text(key: string): string | undefined {
    const value = this.json[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    this.report(`${this.path}.${key} is no string`);
    return undefined;
  }

  required(key: string): string {
    const value = this.text(key);
    if (value === undefined && (this.json[key] === undefined || this.json[key] === null))
      this.report(`${this.path} has no ${key}`);
    return value ?? '';
  }

  /** One of a list of codes. */
  code<Code extends string>(key: string, codes: readonly Code[], value = this.text(key)): Code | undefined {
    const found = codes.find((each) => each === value);
    if (value !== undefined && value !== '' && found === undefined)
      this.report(`${this.path}.${key} is not one of ${codes.join(', ')}`, didYouMean(value, codes));
    return found;
  }

  list(key: string): Node[] {
    const value = this.json[key];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.report(`${this.path}.${key} is no list`);
      return [];
    }
    return value.flatMap((each: unknown, index) => {
      const path = `${this.path}.${key}[${index}]`;
      if (isObject(each)) return [new Node(each, path, this.report)];
      this.report(`${path} is no object`);
      return [];
    });
  }

  strings(key: string): string[] {
    const value = this.json[key];
    if (value === undefined || value === null) return [];
    const all: unknown[] = Array.isArray(value) ? value : [undefined];
    const found = all.filter((each) => typeof each === 'string');
    if (found.length !== all.length) this.report(`${this.path}.${key} is no list of strings`);
    return found;
  }

  /** The extensions with a url. */
  extensions(url: string): Node[] {
    return this.json['extension'] === undefined ? [] : this.list('extension').filter(({ json }) => json['url'] === url);
  }
}

const expression = (text: string | undefined): Expression | undefined =>
  text === undefined ? undefined : { text: text.trim(), at: nowhere };

const optional = <Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };

const commentsOf = (node: Node, key: 'before' | 'after'): { readonly comments?: Comments } => {
  const text = node.text('documentation');
  if (text === undefined) return {};
  const lines = text.split(/\r?\n/u).map((line) => line.trimEnd());
  return { comments: key === 'after' && lines.length === 1 ? { after: lines[0] ?? '' } : { before: lines } };
};

/** `a.b` is a path; a name with dots that are not between names is one element (`section4.6`). */
const elementsOf = (element: string | undefined): readonly string[] => {
  if (element === undefined) return [];
  const parts = element.split('.');
  return parts.every((part) => part === '*' || /^[\p{L}_][\p{L}\p{N}_]*$/u.test(part)) ? parts : [element];
};

function literalOf(node: Node, prefix: string): Literal | undefined {
  for (const [type, key] of Object.entries(valueElements) as [LiteralType, string][]) {
    const value = node.json[key.replace('value', prefix)];
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
    const marked = node.extensions(extensions.literal)[0]?.text('valueCode');
    return { type: type === 'string' && marked !== undefined && isDateType(marked) ? marked : type, value };
  }
  return undefined;
}

function parameter(node: Node, evaluated: boolean): Parameter {
  const variable = node.json['valueId'];
  if (typeof variable === 'string' && !evaluated) {
    const [first = '', ...elements] = elementsOf(variable);
    return { kind: 'path', variable: first, elements, at: nowhere };
  }
  const literal = literalOf(node, 'value');
  if (evaluated || node.extensions(extensions.expression).length > 0) {
    const text = typeof variable === 'string' ? variable : String(literal?.value ?? '');
    if (text === '') node.report(`${node.path} has no expression`);
    return { kind: 'expression', expression: { text: text.trim(), at: nowhere }, at: nowhere };
  }
  if (literal === undefined) node.report(`${node.path} has no value`);
  return { kind: 'literal', literal: literal ?? { type: 'string', value: '' }, at: nowhere };
}

const literalText = ({ type, value }: Literal): string => {
  if (type === 'string') return quoted(String(value), "'");
  if (isDateType(type)) return `${type === 'time' ? '@T' : '@'}${String(value)}`;
  return String(value);
};

/** R4 `defaultValue[x]`, a constant; R5 `defaultValue`, FHIRPath. */
function defaultOf(node: Node): Expression | undefined {
  const text = node.text('defaultValue') ?? node.extensions(extensions.defaultValue)[0]?.text('valueString');
  if (text !== undefined) return expression(text);
  const literal = literalOf(node, 'defaultValue');
  if (literal !== undefined) return expression(literalText(literal));
  const [key, value] = Object.entries(node.json).find(([each]) => each.startsWith('defaultValue')) ?? [];
  if (typeof value === 'string') return expression(quoted(value, "'"));
  if (key !== undefined) node.report(`${node.path}.${key} cannot be a default: only primitive values can`);
  return undefined;
}

function logOf(node: Node): Expression | undefined {
  const text = node.text('logMessage');
  const beside = node.json['_logMessage'];
  const isText = isObject(beside) && new Node(beside, node.path, node.report).extensions(extensions.text).length > 0;
  return text === undefined ? undefined : expression(isText ? quoted(text, "'") : text);
}

function source(node: Node): RuleSource {
  const max = node.text('max');
  const min = node.json['min'] ?? (max === undefined ? undefined : 0);
  if (min !== undefined && typeof min !== 'number') node.report(`${node.path}.min is no number`);
  const most = max === undefined || max === '*' ? undefined : Number(max);
  if (most !== undefined && !Number.isInteger(most)) node.report(`${node.path}.max is no number`);
  return {
    at: nowhere,
    context: node.required('context'),
    elements: elementsOf(node.text('element')),
    ...optional('type', node.text('type')),
    ...optional('min', typeof min === 'number' ? min : undefined),
    ...optional('max', Number.isInteger(most) ? most : undefined),
    ...optional('default', defaultOf(node)),
    ...optional('listMode', node.code('listMode', listModes)),
    ...optional('variable', node.text('variable')),
    ...optional('where', expression(node.text('condition'))),
    ...optional('check', expression(node.text('check'))),
    ...optional('log', logOf(node)),
  };
}

function target(node: Node): RuleTarget {
  const name = node.text('transform');
  const parameters = node.list('parameter');
  const modes = node.strings('listMode').flatMap((mode) => {
    const found = targetListModes.find((each) => each === mode);
    if (found === undefined) node.report(`${node.path}.listMode is not one of ${targetListModes.join(', ')}`);
    return found ?? [];
  });
  return {
    at: nowhere,
    ...optional('context', node.text('context')),
    elements: elementsOf(node.text('element')),
    ...optional(
      'transform',
      name === undefined
        ? undefined
        : {
            name,
            parameters: parameters.map((each, index) =>
              parameter(each, name === 'evaluate' && index === parameters.length - 1),
            ),
            at: nowhere,
          },
    ),
    ...optional('variable', node.text('variable')),
    listModes: modes,
    ...optional('share', node.text('listRuleId')),
  };
}

function call(node: Node): GroupCall {
  const exact = node.extensions(extensions.callParameter).map((each) => {
    const inner = each.list('extension');
    const value = inner.find(({ json }) => json['url'] === 'value')?.json ?? {};
    const marks = inner.filter(({ json }) => json['url'] !== 'value').map(({ json }) => json);
    return parameter(new Node({ ...value, extension: marks }, each.path, each.report), false);
  });
  const variables = node.strings('variable').map((name): Parameter => {
    const [variable = '', ...elements] = elementsOf(name);
    return { kind: 'path', variable, elements, at: nowhere };
  });
  const parameters = node.list('parameter').map((each) => parameter(each, false));
  return {
    at: nowhere,
    group: node.required('name'),
    parameters: [exact, variables, parameters].find(({ length }) => length > 0) ?? [],
  };
}

/** HAPI's form of `src.a -> tgt.a`: automatic variables on both sides, `create` without a type. */
const isShorthand = (from: RuleSource | undefined, to: RuleTarget | undefined): boolean =>
  from?.variable === automaticVariable &&
  to?.variable === automaticVariable &&
  (to.transform === undefined || (to.transform.name === 'create' && to.transform.parameters.length === 0));

function rule(node: Node): Rule {
  const sources = node.list('source').map(source);
  if (sources.length === 0) node.report(`${node.path} has no source`);
  const targets = node.list('target').map(target);
  const calls = node
    .list('dependent')
    .map(call)
    .filter(({ group }) => group !== automaticGroup);
  const rules = node.list('rule').map(rule);
  const name = node.text('name');
  const [from] = sources;
  const [to] = targets;
  const shorthand =
    sources.length === 1 && targets.length === 1 && calls.length + rules.length === 0 && isShorthand(from, to);
  const comments = commentsOf(node, 'before');
  if (!shorthand || from === undefined || to === undefined)
    return { at: nowhere, ...comments, ...optional('name', name), shorthand: false, sources, targets, calls, rules };
  const { variable: _source, ...read } = from;
  const { variable: _target, transform: _transform, ...written } = to;
  return {
    at: nowhere,
    ...comments,
    ...optional('name', name === nameFor(sources) ? undefined : name),
    shorthand: true,
    sources: [read],
    targets: [written],
    calls,
    rules,
  };
}

const input = (node: Node): GroupInput => ({
  at: nowhere,
  mode: node.code('mode', ['source', 'target'] as const, node.required('mode')) ?? 'source',
  name: node.required('name'),
  ...optional('type', node.text('type')),
});

const group = (node: Node): Group => ({
  at: nowhere,
  ...commentsOf(node, 'before'),
  name: node.required('name'),
  ...optional('extends', node.text('extends')),
  typeMode: node.code('typeMode', ['none', 'types', 'type-and-types'] as const) ?? 'none',
  inputs: node.list('input').map(input),
  rules: node.list('rule').map(rule),
});

const structureModes: readonly StructureMode[] = ['source', 'queried', 'target', 'produced'];

const structure = (node: Node): Structure => ({
  at: nowhere,
  ...commentsOf(node, 'after'),
  url: node.required('url'),
  ...optional('alias', node.text('alias')),
  mode: node.code('mode', structureModes) ?? 'source',
});

const constantOf = (name: string, value: string): Constant => ({
  at: nowhere,
  name,
  value: { text: value.trim(), at: nowhere },
});

/** R5's relationships become equivalences, as inline conceptmaps have them. */
function conceptMap(node: Node): ConceptMap {
  const url = node.text('url');
  const id = node.text('id');
  return {
    resourceType: 'ConceptMap',
    ...optional('id', id),
    ...optional('url', url ?? (id === undefined ? undefined : `#${id}`)),
    group: node.list('group').map((each): ConceptMapGroup => {
      const unmapped = each.json['unmapped'];
      const otherwise = isObject(unmapped) ? new Node(unmapped, `${each.path}.unmapped`, each.report) : undefined;
      const mode = otherwise?.required('mode');
      return {
        ...optional('source', each.text('source')),
        ...optional('target', each.text('target')),
        element: each.list('element').map((element) => {
          const targets = element.list('target').map((to) => {
            const relationship = to.text('relationship');
            const equivalence = to.text('equivalence') ?? equivalences[relationship ?? ''];
            return {
              ...optional('code', to.text('code')),
              ...optional('display', to.text('display')),
              ...optional('equivalence', equivalence),
            };
          });
          return {
            ...optional('code', element.text('code')),
            ...optional('display', element.text('display')),
            target: element.json['noMap'] === true ? [{ equivalence: 'unmatched' }] : targets,
          };
        }),
        ...(otherwise === undefined || mode === undefined
          ? {}
          : {
              unmapped: {
                mode: mode === 'use-source-code' ? 'provided' : mode,
                ...optional('code', otherwise.text('code')),
                ...optional('display', otherwise.text('display')),
                ...optional('url', otherwise.text('url')),
              },
            }),
      };
    }),
  };
}

function metadataOf(root: Node): Metadata[] {
  const elements = textKeys.flatMap((key): Metadata[] => {
    if (key === 'url' || key === 'name') return [];
    const value = root.text(key);
    return value === undefined ? [] : [{ at: nowhere, key, value }];
  });
  const experimental = root.json['experimental'];
  const others = root.extensions(extensions.metadata).flatMap((each): Metadata[] => {
    const line = lexemesOf(each.text('valueString') ?? '').lexemes[0]?.remarks[0]?.metadata;
    return line === undefined
      ? []
      : [{ at: nowhere, key: line.key, ...optional('value', metadataValue(line.written)) }];
  });
  return [
    ...elements,
    ...(typeof experimental === 'boolean' ? [{ at: nowhere, key: 'experimental', value: experimental }] : []),
    ...others,
  ];
}

/** Reads a StructureMap of R4 or R5. Places are zeros; problems name the path in the resource. Never throws. */
export function fromStructureMap(json: unknown, file: string): { map: MapText; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const report = (what: string, suggestion?: string): void => {
    problems.push({
      code: 'syntax',
      severity: 'error',
      file,
      at: nowhere,
      what,
      ...optional('suggestion', suggestion),
    });
  };
  const isStructureMap = isObject(json) && json['resourceType'] === 'StructureMap';
  if (!isStructureMap) report('this is no StructureMap', 'A resource with resourceType “StructureMap” is expected.');
  const root = new Node(isObject(json) ? json : {}, 'StructureMap', report);
  const groups = root.list('group').map(group);
  if (groups.length === 0 && problems.length === 0) report('the map has no group');
  const constants = [
    ...root.list('const').map((each) => constantOf(each.required('name'), each.required('value'))),
    ...root.extensions(extensions.constant).map((each) => {
      const part = (url: string): Node => each.list('extension').find((one) => one.json['url'] === url) ?? each;
      return constantOf(part('name').required('valueId'), part('value').required('valueString'));
    }),
  ];
  const conceptMaps = root.list('contained').filter((each) => each.json['resourceType'] === 'ConceptMap');
  return {
    map: {
      file,
      url: root.required('url'),
      name: root.required('name'),
      mapLine: true,
      metadata: metadataOf(root),
      structures: root.list('structure').map(structure),
      imports: root.strings('import').map((canonical) => ({ at: nowhere, canonical })),
      constants,
      conceptMaps: conceptMaps.map(conceptMap),
      groups,
    },
    // What else is not there needs no telling.
    problems: isStructureMap ? problems : problems.slice(0, 1),
  };
}
