/**
 * Writes maps in one canonical form (`map fmt`): two spaces, a rule a line while it fits, comments where they stood,
 * at most one empty line between rules. What is written reads back as the same map, and is not changed by writing again.
 */
import type {
  Comments,
  ConceptMapLine,
  ConceptMapText,
  Expression,
  Group,
  GroupCall,
  Literal,
  MapText,
  Metadata,
  Parameter,
  Rule,
  RuleSource,
  RuleTarget,
  Structure,
  Transform,
} from '../model.ts';
import { conceptMapTextOf } from './concept-map.ts';
import { emptyLine } from './cursor.ts';

const width = 120;
/** A left side up to this length keeps its first target beside it, whatever the length of that. */
const shortSource = 20;

const plain = /^[\p{L}_][\p{L}\p{N}_]*$/u;
/** Words that are no variable where a rule begins or a value stands. */
const reserved = new Set(['for', 'group', 'endgroup', 'input', 'true', 'false']);

const controls: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\f': String.raw`\f`,
};

/** Text in quotes, with escapes. */
export const quoted = (text: string, quote: '"' | "'" | '`'): string =>
  quote +
  text.replace(/[\\"'`\n\r\t\f]/gu, (character) =>
    character === quote || character === '\\' ? `\\${character}` : (controls[character] ?? character),
  ) +
  quote;

const element = (name: string): string => (plain.test(name) || name === '*' ? name : quoted(name, '`'));
const variable = (name: string): string => (plain.test(name) && !reserved.has(name) ? name : quoted(name, '`'));
const type = (name: string): string => (name.split('.').every((part) => plain.test(part)) ? name : quoted(name, '"'));
const path = (start: string, elements: readonly string[]): string =>
  [variable(start), ...elements.map(element)].join('.');

const number = (value: number, decimal: boolean): string => {
  const digits =
    Math.abs(value) < 1e21 && !String(value).includes('e') ? String(value) : value.toFixed(20).replace(/0+$/u, '');
  const written = digits.endsWith('.') ? digits.slice(0, -1) : digits;
  return decimal && !written.includes('.') ? `${written}.0` : written;
};

const literal = ({ type: kind, value }: Literal): string => {
  if (kind === 'string') return quoted(String(value), "'");
  if (kind === 'boolean') return String(value);
  if (kind === 'integer' || kind === 'decimal') return number(Number(value), kind === 'decimal');
  return `${kind === 'time' ? '@T' : '@'}${String(value)}`;
};

const parameter = (each: Parameter): string => {
  if (each.kind === 'literal') return literal(each.literal);
  return each.kind === 'path' ? path(each.variable, each.elements) : each.expression.text;
};

const call = (name: string, parameters: readonly Parameter[]): string =>
  `${element(name)}(${parameters.map(parameter).join(', ')})`;

const transform = ({ name, parameters }: Transform, placed: boolean): string => {
  const [only] = parameters;
  if (parameters.length === 1 && only !== undefined) {
    if (name === 'evaluate' && only.kind === 'expression') return `(${only.expression.text})`;
    if (placed && name === 'copy' && only.kind !== 'expression') return parameter(only);
  }
  return call(name, parameters);
};

const condition = (keyword: string, expression: Expression | undefined): string =>
  expression === undefined ? '' : ` ${keyword} (${expression.text})`;

const source = (each: RuleSource): string => {
  const { min, max } = each;
  const occurs = min === undefined ? '' : ` ${min}..${max ?? '*'}`;
  return [
    path(each.context, each.elements),
    each.type === undefined ? '' : ` : ${type(each.type)}`,
    occurs,
    condition('default', each.default),
    each.listMode === undefined ? '' : ` ${each.listMode}`,
    each.variable === undefined ? '' : ` as ${variable(each.variable)}`,
    condition('where', each.where),
    condition('check', each.check),
    condition('log', each.log),
  ].join('');
};

const target = (each: RuleTarget): string => {
  const { context } = each;
  const place = context === undefined ? '' : path(context, each.elements);
  const value = each.transform === undefined ? '' : transform(each.transform, context !== undefined);
  return [
    place,
    place !== '' && value !== '' ? ' = ' : '',
    value,
    each.variable === undefined ? '' : ` as ${variable(each.variable)}`,
    ...each.listModes.map((mode) => (mode === 'share' ? ` share ${element(each.share ?? '')}` : ` ${mode}`)),
  ].join('');
};

/** Lines of text at a depth of blocks. */
const indent = (depth: number, text: string): string => `${'  '.repeat(depth)}${text}`;

/** A `///` in a comment is kept, where it cannot be taken for metadata. */
const comment = (text: string): string => {
  if (text === '') return '//';
  return text.startsWith('/') && !/^\/\s*[A-Za-z_][\w.\-[\]]*\s*=/u.test(text) ? `//${text}` : `// ${text}`;
};

const commentLines = (depth: number, lines: readonly string[] | undefined): string[] =>
  (lines ?? []).map((line) => (line === emptyLine ? '' : indent(depth, comment(line))));

const trailing = (text: string | undefined): string => (text === undefined ? '' : ` ${comment(text)}`);

/** Whether a piece of text fits on its line; lines within expressions are the author's. */
const fits = (text: string): boolean => {
  const lines = text.split('\n');
  return (lines[0]?.length ?? 0) <= width && (lines.at(-1)?.length ?? 0) <= width;
};

const calls = (each: readonly GroupCall[]): string =>
  each.map(({ group, parameters }) => call(group, parameters)).join(', ');

/** The left and right side, on one line or broken; `tail` is what must fit behind them. */
function head(depth: number, { sources, targets }: Rule, tail: string): { lines: string[]; broken: boolean } {
  const left = sources.map(source).join(', ');
  const remarks = targets.some(({ comments }) => comments !== undefined);
  const one = indent(depth, targets.length === 0 ? left : `${left} -> ${targets.map(target).join(', ')}`);
  if (!remarks && fits(`${one}${tail}`)) return { lines: [one], broken: false };
  const arrow = indent(depth, sources.map(source).join(`,\n${indent(depth + 1, '')}`));
  const start = fits(indent(depth, left)) ? indent(depth, left) : arrow;
  const [first] = targets;
  if (first === undefined) return { lines: [start], broken: start === arrow && sources.length > 1 };
  const last = targets.length - 1;
  const lines = targets.flatMap((each, index) => {
    const { comments } = each;
    const written = `${target(each)}${index === last ? '' : ','}${trailing(comments?.after)}`;
    return [...commentLines(depth + 1, comments?.before), indent(depth + 1, written)];
  });
  const beside = `${start} -> ${(lines[0] ?? '').trimStart()}`;
  const behind = last === 0 ? tail : '';
  if (first.comments?.before === undefined && (left.length <= shortSource || fits(`${beside}${behind}`)))
    return { lines: [beside, ...lines.slice(1)], broken: lines.length > 1 };
  return { lines: [`${start} ->`, ...lines], broken: true };
}

function rule(depth: number, each: Rule): string[] {
  const end = `${each.name === undefined ? '' : ` ${quoted(each.name, '"')}`};`;
  const { comments } = each;
  const after = trailing(comments?.after);
  const before = commentLines(depth, comments?.before);
  const hasBlock = each.rules.length > 0 || comments?.opening !== undefined || comments?.closing !== undefined;
  const called = calls(each.calls);
  if (!hasBlock) {
    const then = called === '' ? '' : ` then ${called}`;
    const whole = head(depth, each, `${then}${end}`);
    if (then === '' || (!whole.broken && fits(`${whole.lines.join('\n')}${then}${end}`)))
      return [...before, ...withEnd(whole.lines, `${then}${end}${after}`)];
    const { lines } = head(depth, each, '');
    const line = indent(depth + 1, `then ${called}${end}`);
    const broken = each.calls
      .map(({ group, parameters }) => call(group, parameters))
      .join(`,\n${indent(depth + 2, '')}`);
    return [...before, ...lines, `${fits(line) ? line : indent(depth + 1, `then ${broken}${end}`)}${after}`];
  }
  const opening = ` then ${called === '' ? '' : `${called} `}{`;
  const { lines, broken } = head(depth, each, opening);
  const inner = broken ? depth + 1 : depth;
  return [
    ...before,
    ...withEnd(lines, `${opening}${trailing(comments?.opening)}`),
    ...block(inner, each.rules, comments),
    indent(inner, `}${end}${after}`),
  ];
}

const withEnd = (lines: readonly string[], end: string): string[] => [
  ...lines.slice(0, -1),
  `${lines.at(-1) ?? ''}${end}`,
];

/** The rules of a block and the comments before its `}`. */
const block = (depth: number, rules: readonly Rule[], comments: Comments | undefined): string[] => [
  ...rules.flatMap((each) => rule(depth + 1, each)),
  ...commentLines(depth + 1, comments?.closing),
];

const modes = { none: '', types: ' <<types>>', 'type-and-types': ' <<type+>>' } as const;

function group(each: Group): string[] {
  const { comments } = each;
  const inputs = each.inputs.map(
    (input) => `${input.mode} ${variable(input.name)}${input.type === undefined ? '' : ` : ${type(input.type)}`}`,
  );
  const behind = `${each.extends === undefined ? '' : ` extends ${element(each.extends)}`}${modes[each.typeMode]} {`;
  const line = `group ${element(each.name)}(${inputs.join(', ')})${behind}`;
  const lines = fits(line) ? line : `group ${element(each.name)}(\n  ${inputs.join(',\n  ')}\n)${behind}`;
  const empty = each.rules.length === 0 && comments?.opening === undefined && comments?.closing === undefined;
  return [
    ...commentLines(0, comments?.before),
    ...(empty
      ? [`${lines}}${trailing(comments?.after)}`]
      : [`${lines}${trailing(comments?.opening)}`, ...block(0, each.rules, comments), `}${trailing(comments?.after)}`]),
  ];
}

/** A `///` line. */
export function writeMetadata({ key, value }: Metadata): string {
  if (value === undefined) return `/// ${key} =`;
  if (typeof value !== 'string') return `/// ${key} = ${String(value)}`;
  const written = value.includes('\n') && !value.includes('"""') ? `"""${value}"""` : quoted(value, "'");
  return `/// ${key} = ${written}`;
}

const structure = ({ url, alias, mode }: Structure): string =>
  `uses ${quoted(url, '"')}${alias === undefined ? '' : ` alias ${variable(alias)}`} as ${mode}`;

const bareCode = /^\w+(?:-\w+)*$/u;
const code = ([prefix, text]: readonly [string, string]): string =>
  `${element(prefix)}:${bareCode.test(text) ? text : quoted(text, '"')}`;

function conceptMapLine(line: ConceptMapLine): string {
  if (line.kind === 'prefix') return `prefix ${element(line.prefix)} = ${quoted(line.system, '"')}`;
  if (line.kind === 'unmapped')
    return `unmapped for ${element(line.source)} = ${line.code === undefined ? 'provided' : quoted(line.code, '"')}`;
  return `${code(line.source)} ${line.sign}${line.target === undefined ? '' : ` ${code(line.target)}`}`;
}

/** Lines in the order and the paragraphs of the author. */
function conceptMap({ id, lines, comments }: ConceptMapText): string[] {
  return [
    ...commentLines(0, comments?.before),
    `conceptmap ${quoted(id, '"')} {${trailing(comments?.opening)}`,
    ...lines.flatMap((line) => [
      ...commentLines(1, line.comments?.before),
      indent(1, `${conceptMapLine(line)}${trailing(line.comments?.after)}`),
    ]),
    ...commentLines(1, comments?.closing),
    `}${trailing(comments?.after)}`,
  ];
}

const withComments = (comments: Comments | undefined, text: string): string[] => [
  ...commentLines(0, comments?.before),
  `${text}${trailing(comments?.after)}`,
];

/** The map as text, canonically formatted, with a line feed at its end. */
export function writeMap(map: MapText): string {
  const said = (key: string, value: string): boolean =>
    map.metadata.some((each) => each.key === key && each.value === value);
  const named = map.mapLine === true || !(said('url', map.url) && said('name', map.name));
  const hasName = map.url !== '' || map.name !== '' || map.mapLine === true;
  const sections: readonly (readonly string[])[] = [
    map.metadata.flatMap((each) => [...commentLines(0, each.comments?.before), writeMetadata(each)]),
    named && hasName ? withComments(map.comments, `map ${quoted(map.url, '"')} = ${quoted(map.name, '"')}`) : [],
    ...(map.conceptMapTexts ?? map.conceptMaps.map(conceptMapTextOf)).map(conceptMap),
    map.structures.flatMap((each) => withComments(each.comments, structure(each))),
    map.imports.flatMap((each) => withComments(each.comments, `imports ${quoted(each.canonical, '"')}`)),
    map.constants.flatMap((each) => withComments(each.comments, `let ${variable(each.name)} = (${each.value.text});`)),
    ...map.groups.map(group),
  ];
  const text = sections.flatMap((lines) => (lines.length === 0 ? [] : [lines.join('\n')])).join('\n\n');
  const closing = commentLines(0, map.comments?.closing);
  return `${[...(text === '' ? [] : [text]), ...closing].join('\n')}\n`;
}
