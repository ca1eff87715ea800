/** What transforms and groups are called with. */
import type { Parameter } from '../model.ts';
import type { Cursor } from './cursor.ts';
import { afterParameter, afterValue, takeExpression } from './expression.ts';
import { literalAt } from './literal.ts';

/** A variable and the elements after it, when that is what stands at `ahead`: and of how many lexemes. */
export function pathAt(
  cursor: Cursor,
  ahead = 0,
): { variable: string; elements: readonly string[]; length: number } | undefined {
  const first = cursor.peek(ahead);
  if (first.kind !== 'name') return undefined;
  const elements: string[] = [];
  let length = 1;
  while (cursor.is('.', ahead + length) && cursor.peek(ahead + length + 1).kind === 'name') {
    elements.push(cursor.peek(ahead + length + 1).text);
    length += 2;
  }
  return { variable: first.text, elements, length };
}

export const takeLexemes = (cursor: Cursor, count: number): void => {
  for (let taken = 0; taken < count; taken += 1) cursor.take();
};

function parameter(cursor: Cursor): Parameter {
  const first = cursor.peek();
  const ends = (length: number): boolean => cursor.is(',', length) || cursor.is(')', length);
  const constant = literalAt(cursor);
  if (constant !== undefined && ends(constant.length)) {
    takeLexemes(cursor, constant.length);
    return { kind: 'literal', literal: constant.literal, at: cursor.since(first) };
  }
  const path = pathAt(cursor);
  if (path !== undefined && ends(path.length)) {
    takeLexemes(cursor, path.length);
    return { kind: 'path', variable: path.variable, elements: path.elements, at: cursor.since(first) };
  }
  const expression = takeExpression(cursor, afterParameter, false);
  return { kind: 'expression', expression, at: expression.at };
}

/** What `evaluate` gets after the context is an expression, whatever it looks like. */
const evaluated = (parameter: Parameter, cursor: Cursor): Parameter =>
  parameter.kind === 'expression'
    ? parameter
    : {
        kind: 'expression',
        expression: {
          text: cursor.text.slice(parameter.at.offset, parameter.at.offset + parameter.at.length),
          at: parameter.at,
        },
        at: parameter.at,
      };

/** The parameters of a transform. */
export function transformParameters(cursor: Cursor, transform: string): Parameter[] {
  const found = parameters(cursor);
  const last = found.at(-1);
  return transform === 'evaluate' && last !== undefined ? [...found.slice(0, -1), evaluated(last, cursor)] : found;
}

/** Whether a parameter follows where a “,” should: what can follow a “)” does not. */
function startsAnother(cursor: Cursor): boolean {
  const { kind, text } = cursor.peek();
  if (kind === 'string' || kind === 'number') return cursor.is(',', 1) || cursor.is(')', 1);
  return kind === 'name' && !afterValue.has(text) && !cursor.startsLine(cursor.index) && !cursor.is('(', 1);
}

/** `(a, 'b', c.d + 1)` */
export function parameters(cursor: Cursor): Parameter[] {
  const opening = cursor.peek();
  cursor.expect('(');
  const found: Parameter[] = [];
  if (cursor.takeIf(')')) return found;
  for (;;) {
    found.push(parameter(cursor));
    if (cursor.takeIf(')')) return found;
    if (cursor.takeIf(',')) continue;
    if (startsAnother(cursor)) {
      cursor.report(cursor.behind(), '“,” is missing between two parameters', 'Write “,” here.');
      continue;
    }
    cursor.report(opening.at, 'the “(” that opens here is not closed', 'Write “)” after the last parameter.');
    return found;
  }
}
