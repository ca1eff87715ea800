/** The right side of a rule. */
import { targetListModes, type RuleTarget, type TargetListMode, type Transform } from '../model.ts';
import type { Cursor } from './cursor.ts';
import { afterValue, closing, takeExpression } from './expression.ts';
import { literalAt } from './literal.ts';
import { transformParameters, pathAt, takeLexemes } from './parameters.ts';
import { elements } from './source.ts';

const isListMode = (text: string): text is TargetListMode => (targetListModes as readonly string[]).includes(text);

/** Whether a value ends before the lexeme `ahead` of the next. */
function endsAt(cursor: Cursor, ahead: number): boolean {
  const lexeme = cursor.peek(ahead);
  if (lexeme.kind === 'end') return true;
  // The name of the rule; the unit of `5 'mg' as q` is none.
  if (lexeme.kind === 'string')
    return cursor.is(';', ahead + 1) || cursor.is('}', ahead + 1) || cursor.startsLine(cursor.index + ahead + 1);
  if (lexeme.kind === 'sign') return [',', ';', '{', '}', ')'].includes(lexeme.text);
  if (lexeme.kind !== 'name') return false;
  // A name on a new line begins the next rule, whose predecessor lacks its “;”.
  return afterValue.has(lexeme.text) || cursor.startsLine(cursor.index + ahead);
}

function call(cursor: Cursor): Transform {
  const first = cursor.peek();
  const name = cursor.take().text;
  const found = transformParameters(cursor, name);
  return { name, parameters: found, at: cursor.since(first) };
}

/** A constant, a variable, a transform, or an expression in parentheses; one without them is taken too. */
function value(cursor: Cursor): Transform {
  const first = cursor.peek();
  if (first.kind === 'name' && cursor.is('(', 1)) {
    const end = closing(cursor, cursor.index + 1);
    if (end === undefined || endsAt(cursor, end + 1 - cursor.index)) return call(cursor);
  }
  const constant = literalAt(cursor);
  if (constant !== undefined && endsAt(cursor, constant.length)) {
    takeLexemes(cursor, constant.length);
    const at = cursor.since(first);
    return { name: 'copy', parameters: [{ kind: 'literal', literal: constant.literal, at }], at };
  }
  const path = pathAt(cursor);
  if (path !== undefined && endsAt(cursor, path.length)) {
    takeLexemes(cursor, path.length);
    const at = cursor.since(first);
    return {
      name: 'copy',
      parameters: [{ kind: 'path', variable: path.variable, elements: path.elements, at }],
      at,
    };
  }
  const expression = takeExpression(cursor, afterValue, true);
  return {
    name: 'evaluate',
    parameters: [{ kind: 'expression', expression, at: expression.at }],
    at: cursor.since(first),
  };
}

type Place = { context: string; elements: readonly string[] };

function place(cursor: Cursor): Place | undefined {
  const { kind } = cursor.peek();
  if (cursor.is('(') || (kind === 'name' && cursor.is('(', 1))) return undefined;
  if (kind === 'number') cursor.fail('a target variable', [], 'Decimals are written with a point: 1.5.');
  if (kind !== 'name') cursor.fail('a target variable');
  const context = cursor.take().text;
  return { context, elements: elements(cursor, false) };
}

/** `ctx.element = value as v share id`, `ctx as v`, `transform(…) as v`, `(…) as v`. */
export function target(cursor: Cursor): RuleTarget {
  const first = cursor.peek();
  const into = place(cursor);
  const transform = into === undefined || cursor.takeIf('=') ? value(cursor) : undefined;
  const variable = cursor.takeIf('as') ? cursor.name('the name of a variable') : undefined;
  const listModes: TargetListMode[] = [];
  let share: string | undefined;
  for (let next = cursor.peek(); next.kind === 'name' && !next.quoted && isListMode(next.text); next = cursor.peek()) {
    listModes.push(next.text);
    cursor.take();
    if (next.text !== 'share') continue;
    if (cursor.is('then') && (cursor.is('{', 1) || cursor.is('(', 2)))
      cursor.fail(
        'the id of what is shared',
        [],
        'Rules that name the same id write the same element: share one then …',
      );
    share = cursor.name('the id of what is shared');
  }
  return {
    at: cursor.since(first),
    ...(into ?? { elements: [] }),
    ...(transform === undefined ? {} : { transform }),
    ...(variable === undefined ? {} : { variable }),
    listModes,
    ...(share === undefined ? {} : { share }),
  };
}
