/** The left side of a rule. */
import { listModes, type Expression, type ListMode, type RuleSource } from '../model.ts';
import type { Cursor } from './cursor.ts';
import { afterCondition, takeExpression } from './expression.ts';
import { literalAt } from './literal.ts';
import { takeLexemes } from './parameters.ts';

const isListMode = (text: string): text is ListMode => (listModes as readonly string[]).includes(text);

/** `.a.b`, with `*` for all children where `star` is said. */
export function elements(cursor: Cursor, star: boolean): string[] {
  const found: string[] = [];
  while (cursor.takeIf('.')) {
    found.push(star && cursor.takeIf('*') ? '*' : cursor.name('an element'));
    if (cursor.is('[')) choice(cursor, found.at(-1) ?? '');
  }
  return found;
}

/** `value[x]`: understood, and told to be wrong. */
function choice(cursor: Cursor, element: string): void {
  if (!cursor.is('x', 1) || !cursor.is(']', 2)) return;
  cursor.report(
    { ...cursor.peek().at, length: 3 },
    '“[x]” does not stand in a map',
    `Write “${element}”: it is every type of ${element}[x].`,
  );
  takeLexemes(cursor, 3);
}

/** `Patient`, `FHIR.Patient`, or a canonical in quotes. */
export function typeName(cursor: Cursor): string {
  let name = cursor.name('a type');
  while (cursor.takeIf('.')) name += `.${cursor.name('a type')}`;
  return name;
}

function cardinality(cursor: Cursor): { min?: number; max?: number } {
  if (cursor.peek().kind !== 'number') return {};
  const min = Number(cursor.take().text);
  cursor.expect('..');
  if (cursor.takeIf('*')) return { min };
  if (cursor.peek().kind !== 'number') cursor.fail('a number or “*”');
  return { min, max: Number(cursor.take().text) };
}

/** `default (…)`, and the old `default "x"`. */
function fallback(cursor: Cursor): Expression {
  if (cursor.is('(')) return takeExpression(cursor, new Set(['as', ...listModes, ...afterCondition]), true);
  const constant = literalAt(cursor);
  if (constant === undefined) cursor.fail('“(” or a constant', [], 'An expression stands in parentheses: default (…).');
  const first = cursor.peek();
  takeLexemes(cursor, constant.length);
  const at = cursor.since(first);
  return { text: cursor.text.slice(at.offset, at.offset + at.length), at };
}

/** `ctx.element : Type min..max default (…) listmode as v where (…) check (…) log (…)`; the last four in any order. */
export function source(cursor: Cursor): RuleSource {
  const first = cursor.peek();
  if (first.kind === 'string')
    cursor.fail('a source variable', [], 'The name of a rule stands at its end, before “;”.');
  if (first.kind !== 'name') cursor.fail('a source variable');
  const context = cursor.take().text;
  const path = elements(cursor, true);
  const type = cursor.takeIf(':') ? typeName(cursor) : undefined;
  const occurs = cardinality(cursor);
  const otherwise = cursor.takeIf('default') ? fallback(cursor) : undefined;
  const mode = cursor.peek();
  const listMode = mode.kind === 'name' && isListMode(mode.text) ? mode.text : undefined;
  if (listMode !== undefined) cursor.take();
  let variable: string | undefined;
  const conditions: { where?: Expression; check?: Expression; log?: Expression } = {};
  for (;;) {
    const keyword = cursor.peek();
    if (cursor.is('as') && variable === undefined) {
      cursor.take();
      variable = cursor.name('the name of a variable');
    } else if (cursor.is('where') || cursor.is('check') || cursor.is('log')) {
      const name = keyword.text as 'where' | 'check' | 'log';
      cursor.take();
      if (conditions[name] !== undefined)
        cursor.report(keyword.at, `a second “${name}” for the same source`, 'Join the two with “and”.');
      conditions[name] = takeExpression(cursor, afterCondition, true);
    } else break;
  }
  return {
    at: cursor.since(first),
    context,
    elements: path,
    ...(type === undefined ? {} : { type }),
    ...occurs,
    ...(otherwise === undefined ? {} : { default: otherwise }),
    ...(listMode === undefined ? {} : { listMode }),
    ...(variable === undefined ? {} : { variable }),
    ...conditions,
  };
}
