/** Constants of a map: strings, numbers, booleans, dates. */
import type { Literal } from '../model.ts';
import { Cursor } from './cursor.ts';

const dateOf = (written: string): Literal => {
  const value = written.slice(1);
  if (value.startsWith('T')) return { type: 'time', value: value.slice(1) };
  return { type: value.includes('T') ? 'dateTime' : 'date', value };
};

/** The constant at `ahead`, and of how many lexemes it is. */
export function literalAt(cursor: Cursor, ahead = 0): { literal: Literal; length: number } | undefined {
  const lexeme = cursor.peek(ahead);
  if (lexeme.kind === 'string') return { literal: { type: 'string', value: lexeme.text }, length: 1 };
  if (lexeme.kind === 'date') return { literal: dateOf(lexeme.text), length: 1 };
  if (cursor.is('-', ahead) || cursor.is('+', ahead)) {
    const digits = literalAt(cursor, ahead + 1);
    if (cursor.peek(ahead + 1).kind !== 'number' || digits === undefined) return undefined;
    const value = Number(digits.literal.value);
    return { literal: { ...digits.literal, value: lexeme.text === '-' && value !== 0 ? -value : value }, length: 2 };
  }
  if (lexeme.kind === 'number')
    return {
      literal: { type: lexeme.text.includes('.') ? 'decimal' : 'integer', value: Number(lexeme.text) },
      length: 1,
    };
  if (cursor.is('true', ahead) || cursor.is('false', ahead))
    return { literal: { type: 'boolean', value: lexeme.text === 'true' }, length: 1 };
  return undefined;
}

/** The constant that a piece of text is, if it is one and nothing else. */
export function literalOfText(text: string): Literal | undefined {
  const cursor = new Cursor(text, '');
  const found = literalAt(cursor);
  return found !== undefined && cursor.peek(found.length).kind === 'end' ? found.literal : undefined;
}
