/** How far an expression goes: FHIRPath is looked at only as brackets, strings and words between which it may end. */
import type { Expression } from '../model.ts';
import type { Cursor } from './cursor.ts';
import type { Lexeme } from './lexemes.ts';

/** What ends an expression without parentheses after `where`, `check` and `log`. */
export const afterCondition: ReadonlySet<string> = new Set([',', 'where', 'check', 'log', 'then', 'make']);
/** What ends an expression without parentheses after `=`. */
export const afterValue: ReadonlySet<string> = new Set([
  ',',
  'as',
  'then',
  'first',
  'last',
  'single',
  'collate',
  'share',
]);
/** What ends a parameter, apart from the `)` of all of them. */
export const afterParameter: ReadonlySet<string> = new Set([',']);

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const operators = new Set(['and', 'or', 'xor', 'implies', 'in', 'contains', 'is', 'as', 'div', 'mod']);
const units = new Set(
  ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'].flatMap((unit) => [unit, `${unit}s`]),
);

const isSign = (lexeme: Lexeme | undefined, ...signs: string[]): boolean =>
  lexeme?.kind === 'sign' && signs.includes(lexeme.text);

/** The word is an element, a variable or `$this`, whatever it means elsewhere. */
const isMember = (before: Lexeme | undefined): boolean => isSign(before, '.', '%', '$');

/** Index of the bracket that closes the one at `index`, before anything that FHIRPath does not have. */
export function closing(cursor: Cursor, index: number): number | undefined {
  const open: string[] = [];
  for (let at = index; ; at += 1) {
    const lexeme = cursor.at(at);
    if (lexeme.kind === 'end' || isSign(lexeme, ';', '->')) return undefined;
    if (lexeme.kind !== 'sign') continue;
    const closer = closers[lexeme.text];
    if (closer !== undefined) open.push(closer);
    else if (isSign(lexeme, ')', ']', '}')) {
      if (open.pop() !== lexeme.text) return undefined;
      if (open.length === 0) return at;
    }
  }
}

/** Index of the first lexeme behind the expression, and the bracket that it leaves open. */
function extent(cursor: Cursor, stops: ReadonlySet<string>): { end: number; open?: Lexeme } {
  const start = cursor.index;
  const open: Lexeme[] = [];
  const firstCloses = cursor.is('(') ? closing(cursor, start) : undefined;
  let operand = false;
  for (let at = start; ; at += 1) {
    const lexeme = cursor.at(at);
    const before = at > start ? cursor.at(at - 1) : undefined;
    const outside = open.length === 0;
    const here = (): { end: number; open?: Lexeme } => {
      const unclosed = open.at(-1);
      return unclosed === undefined ? { end: at } : { end: at, open: unclosed };
    };
    if (lexeme.kind === 'end' || isSign(lexeme, ';', '->')) return here();
    if (lexeme.kind === 'name' && cursor.startsGroup(at) && cursor.startsLine(at)) return here();
    if (lexeme.kind === 'sign') {
      if (isSign(lexeme, '{') && !cursor.isAt(at + 1, '}')) return here();
      if (outside && stops.has(lexeme.text)) return here();
      if (isSign(lexeme, '(', '[', '{')) {
        open.push(lexeme);
        operand = false;
      } else if (isSign(lexeme, ')', ']', '}')) {
        if (open.pop() === undefined) return { end: at };
        operand = true;
      } else operand = false;
      continue;
    }
    const member = isMember(before);
    const word = lexeme.kind === 'name' && !lexeme.quoted && !member ? lexeme.text : undefined;
    if (outside && at > start) {
      if (word !== undefined && stops.has(word)) return here();
      // `where (…) as v`: the variable, in the wrong place, not a type.
      if (word === 'as' && at - 1 === firstCloses && stopsAt(cursor, at + 2, stops)) return here();
      if (operand && endsAt(cursor, at, word, before)) return here();
    }
    operand = word === undefined || !operators.has(word) || !operand;
  }
}

const stopsAt = (cursor: Cursor, index: number, stops: ReadonlySet<string>): boolean => {
  const lexeme = cursor.at(index);
  return (lexeme.kind === 'sign' || lexeme.kind === 'name') && (stops.has(lexeme.text) || isSign(lexeme, ';', '->'));
};

/** After an operand: a name or string that no operator joins to it belongs to the rule, or to the next one. */
function endsAt(cursor: Cursor, index: number, word: string | undefined, before: Lexeme | undefined): boolean {
  const lexeme = cursor.at(index);
  if (word !== undefined) return !operators.has(word) && !(before?.kind === 'number' && units.has(word));
  if (lexeme.kind !== 'string') return true;
  if (before?.kind !== 'number') return true;
  // `0 "name";`, but `5 'mg' -> …`
  const after = cursor.at(index + 1);
  return isSign(after, ';', '}') || after.kind === 'end' || cursor.startsLine(index + 1);
}

/** The expression between two lexemes, as it was written. */
export const expressionOf = (cursor: Cursor, from: number, to: number): Expression => {
  const first = cursor.at(from);
  const last = cursor.at(to - 1);
  return {
    text: cursor.text.slice(first.at.offset, last.end),
    at: { ...first.at, length: last.end - first.at.offset },
  };
};

/**
 * Takes an expression, in parentheses or up to one of `stops`. Parentheses around the whole are not part of it when
 * `inParentheses` is said: there they belong to FML.
 */
export function takeExpression(cursor: Cursor, stops: ReadonlySet<string>, inParentheses: boolean): Expression {
  const from = cursor.index;
  const { end, open } = extent(cursor, stops);
  if (open !== undefined)
    cursor.report(
      open.at,
      `the “${open.text}” that opens here is not closed`,
      `Write “${closers[open.text] ?? ''}” at the end of the expression.`,
    );
  if (end === from) cursor.fail('an expression');
  const wrapped =
    inParentheses &&
    cursor.is('(') &&
    (open === cursor.at(from) || (end - from >= 2 && closing(cursor, from) === end - 1));
  const inner = wrapped ? from + 1 : from;
  const last = wrapped && open === undefined ? end - 1 : end;
  if (wrapped) cursor.take();
  if (last <= inner) cursor.fail('an expression');
  const expression = expressionOf(cursor, inner, last);
  takeFirst(cursor, last);
  if (wrapped && open === undefined) cursor.take();
  return expression;
}

/** Comments before the expression stay, those in it are part of its text. */
function takeFirst(cursor: Cursor, end: number): void {
  cursor.take();
  cursor.skipTo(end);
}
