/** `conceptmap "id" { … }`: its lines as written, and the R4 ConceptMap they stand for. */
import {
  relationSigns,
  type ConceptMap,
  type ConceptMapGroup,
  type ConceptMapLine,
  type ConceptMapText,
  type Place,
  type RelationSign,
} from '../model.ts';
import { Unreadable, type Cursor } from './cursor.ts';

const isRelation = (text: string): text is RelationSign => (relationSigns as readonly string[]).includes(text);

/** R4 equivalence of each sign. R4 says of the target what `<=` and `>=` say of the source. */
const equivalences: Readonly<Record<RelationSign, string>> = {
  '-': 'relatedto',
  '==': 'equivalent',
  '=': 'equal',
  '!=': 'disjoint',
  '<=': 'wider',
  '>=': 'narrower',
  '~': 'inexact',
  '<-': 'subsumes',
  '>-': 'specializes',
  '--': 'unmatched',
};

/** A code: in quotes, or bare, then up to the next space, and with dashes in it. */
function code(cursor: Cursor): string {
  const first = cursor.peek();
  if (first.kind === 'string' || first.quoted) return cursor.take().text;
  if (first.kind !== 'name' && first.kind !== 'number')
    cursor.fail('a code', [], 'Other codes stand in quotes: s:"a b".');
  cursor.take();
  const touches = (ahead: number): boolean =>
    cursor.peek(ahead).at.offset === (ahead === 0 ? cursor.last()?.end : cursor.peek(ahead - 1).end);
  for (;;) {
    const next = cursor.peek();
    const joins = next.kind === 'name' || next.kind === 'number' || cursor.is('.');
    const dash =
      (cursor.is('-') || cursor.is('--')) && touches(1) && cursor.peek(1).kind !== 'string' && !cursor.is(':', 2);
    if (next.quoted || !touches(0) || !(joins || dash)) break;
    cursor.take();
  }
  return cursor.text.slice(first.at.offset, cursor.last()?.end);
}

function coded(cursor: Cursor): readonly [string, string] {
  const prefix = cursor.name('a prefix');
  cursor.expect(':');
  return [prefix, code(cursor)];
}

type Line = ConceptMapLine extends infer Each ? (Each extends ConceptMapLine ? Omit<Each, 'comments'> : never) : never;

function line(cursor: Cursor): Line {
  if (cursor.is('prefix') && cursor.is('=', 2)) {
    cursor.take();
    const prefix = cursor.name('a prefix');
    cursor.take();
    return { kind: 'prefix', prefix, system: cursor.string('the system of a prefix') };
  }
  if (cursor.is('unmapped') && cursor.is('for', 1)) {
    cursor.take();
    cursor.take();
    const source = cursor.name('a prefix');
    cursor.expect('=');
    if (cursor.takeIf('provided')) return { kind: 'unmapped', source };
    return { kind: 'unmapped', source, code: cursor.is(':', 1) ? coded(cursor)[1] : code(cursor) };
  }
  const source = coded(cursor);
  const sign = cursor.peek();
  if (sign.kind !== 'sign' || !isRelation(sign.text))
    return cursor.fail(`a relation (${relationSigns.join(' ')})`, [], 'Write “==” where both mean the same.');
  cursor.take();
  if (sign.text === '--' && (cursor.startsLine(cursor.index) || !cursor.is(':', 1)))
    return { kind: 'mapping', source, sign: sign.text };
  return { kind: 'mapping', source, sign: sign.text, target: coded(cursor) };
}

/** On behind the broken line. */
function recover(cursor: Cursor, begin: number): void {
  if (cursor.index === begin) cursor.skipTo(begin + 1);
  while (cursor.peek().kind !== 'end' && !cursor.is('}') && !cursor.startsLine(cursor.index) && !cursor.is(';'))
    cursor.skipTo(cursor.index + 1);
}

/** Reads an inline conceptmap; the cursor stands at its keyword. */
export function conceptMap(cursor: Cursor, isFirst: boolean): ConceptMapText {
  const first = cursor.peek();
  const lines: ConceptMapLine[] = [];
  const places = new Map<ConceptMapLine, Place>();
  let opening: string | undefined;
  let closing: readonly string[] = [];
  const { thing, comments } = cursor.owning(isFirst, () => {
    cursor.take();
    const id = cursor.string('the id of the concept map');
    const brace = cursor.peek();
    cursor.expect('{');
    opening = cursor.after();
    while (!cursor.is('}') && cursor.peek().kind !== 'end' && !cursor.startsGroup()) {
      const begin = cursor.index;
      try {
        const read = cursor.owning(lines.length === 0, () => {
          const found = line(cursor);
          cursor.takeIf(';');
          return found;
        });
        const each = { ...read.thing, ...(read.comments === undefined ? {} : { comments: read.comments }) };
        lines.push(each);
        places.set(each, cursor.since(cursor.at(begin)));
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        recover(cursor, begin);
      }
    }
    closing = cursor.before(lines.length > 0);
    if (!cursor.takeIf('}'))
      cursor.report(brace.at, 'the “{” that opens here is not closed', 'Write “}” after its last line.');
    declared(cursor, places);
    return { at: cursor.since(first), id, lines };
  });
  while (closing.at(-1) === '\n') closing = closing.slice(0, -1);
  const all = {
    ...comments,
    ...(opening === undefined ? {} : { opening }),
    ...(closing.length === 0 ? {} : { closing }),
  };
  return Object.keys(all).length === 0 ? thing : { ...thing, comments: all };
}

const prefixesOf = (lines: readonly ConceptMapLine[]): Map<string, string> =>
  new Map(lines.flatMap((each) => (each.kind === 'prefix' ? [[each.prefix, each.system] as const] : [])));

/** Every prefix that is used is declared; told where it is first used. */
function declared(cursor: Cursor, places: ReadonlyMap<ConceptMapLine, Place>): void {
  const prefixes = new Set(prefixesOf([...places.keys()]).keys());
  for (const [each, at] of places)
    for (const prefix of prefixesIn(each))
      if (!prefixes.has(prefix)) {
        prefixes.add(prefix);
        cursor.report(
          at,
          `the prefix “${prefix}” is not declared`,
          `Write “prefix ${prefix} = "…"” for its code system.`,
        );
      }
}

function prefixesIn(each: ConceptMapLine): readonly string[] {
  if (each.kind === 'unmapped') return [each.source];
  return each.kind === 'mapping' ? [each.source[0], ...(each.target === undefined ? [] : [each.target[0]])] : [];
}

/** The R4 ConceptMap of an inline one. A line without a target belongs to every group of its source system. */
export function conceptMapOf({ id, lines }: ConceptMapText): ConceptMap {
  const prefixes = prefixesOf(lines);
  const system = (prefix: string): string => prefixes.get(prefix) ?? prefix;
  type Element = { code: string; target: { code?: string; equivalence: string }[] };
  const groups = new Map<string, { source: string; target?: string; elements: Map<string, Element> }>();
  const groupOf = (source: string, target?: string): Map<string, Element> => {
    const key = JSON.stringify([source, target]);
    const group = groups.get(key) ?? {
      source,
      ...(target === undefined ? {} : { target }),
      elements: new Map<string, Element>(),
    };
    groups.set(key, group);
    return group.elements;
  };
  for (const each of lines) {
    if (each.kind !== 'mapping') continue;
    const [prefix, from] = each.source;
    const elements = groupOf(system(prefix), each.target === undefined ? undefined : system(each.target[0]));
    const element = elements.get(from) ?? { code: from, target: [] };
    elements.set(from, element);
    element.target.push({
      ...(each.target === undefined ? {} : { code: each.target[1] }),
      equivalence: equivalences[each.sign],
    });
  }
  const unmapped = new Map(
    lines.flatMap((each) => (each.kind === 'unmapped' ? [[system(each.source), each] as const] : [])),
  );
  for (const source of unmapped.keys())
    if (![...groups.values()].some((group) => group.source === source)) groupOf(source);
  const group: ConceptMapGroup[] = [...groups.values()].map(({ source, target, elements }) => {
    const otherwise = unmapped.get(source);
    return {
      source,
      ...(target === undefined ? {} : { target }),
      element: [...elements.values()],
      ...(otherwise === undefined
        ? {}
        : { unmapped: otherwise.code === undefined ? { mode: 'provided' } : { mode: 'fixed', code: otherwise.code } }),
    };
  });
  return { resourceType: 'ConceptMap', id, url: `#${id}`, group };
}

const signs = new Map<string, RelationSign>(
  (Object.entries(equivalences) as [RelationSign, string][]).map(([sign, equivalence]) => [equivalence, sign]),
);
/** R5 relationships, and the equivalences of R4 that have no sign of their own. */
const otherSigns: Readonly<Record<string, RelationSign>> = {
  'related-to': '-',
  'source-is-narrower-than-target': '<=',
  'source-is-broader-than-target': '>=',
  'not-related-to': '!=',
};

/** An inline conceptmap for a ConceptMap: what the language has no words for (displays, products) is left out. */
export function conceptMapTextOf({ id, url, group = [] }: ConceptMap): ConceptMapText {
  const prefixes = new Map<string, string>();
  const prefixOf = (system: string): string => {
    const known = prefixes.get(system);
    if (known !== undefined) return known;
    const letter = ['s', 't'][prefixes.size] ?? `p${prefixes.size + 1}`;
    prefixes.set(system, letter);
    return letter;
  };
  const body = group.flatMap(({ source = '', target = '', element = [], unmapped }): ConceptMapLine[] => {
    const from = prefixOf(source);
    const to = target === '' ? undefined : prefixOf(target);
    return [
      ...(unmapped?.mode === 'provided' ? [{ kind: 'unmapped', source: from } as const] : []),
      ...(unmapped?.mode === 'fixed' ? [{ kind: 'unmapped', source: from, code: unmapped.code ?? '' } as const] : []),
      ...element.flatMap(({ code: each = '', target: targets = [] }): ConceptMapLine[] => {
        const mapping = (code: string | undefined, sign: RelationSign): ConceptMapLine => ({
          kind: 'mapping',
          source: [from, each],
          sign,
          ...(code === undefined || to === undefined ? {} : { target: [to, code] }),
        });
        if (targets.length === 0) return [mapping(undefined, '--')];
        return targets.map((one) => {
          const relation = one.equivalence ?? one.relationship ?? 'relatedto';
          return mapping(
            one.code,
            one.code === undefined ? '--' : (signs.get(relation) ?? otherSigns[relation] ?? '-'),
          );
        });
      }),
    ];
  });
  return {
    at: { line: 0, column: 0, offset: 0, length: 0 },
    id: id ?? url ?? '',
    lines: [...[...prefixes].map(([system, prefix]) => ({ kind: 'prefix', prefix, system }) as const), ...body],
  };
}
