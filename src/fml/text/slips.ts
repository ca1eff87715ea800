/** What people write where the language wants something else, and how the language writes it. */
import { didYouMean } from '../../definitions/nearest.ts';
import type { Cursor } from './cursor.ts';

const signs: Readonly<Record<string, string>> = {
  '#': 'A remark begins with “//”.',
  '“': 'Write straight quotes: "…"',
  '”': 'Write straight quotes: "…"',
  '„': 'Write straight quotes: "…"',
  '‘': "Write straight quotes: '…'",
  '’': "Write straight quotes: '…'",
  '–': 'Did you mean “->”?',
  '—': 'Did you mean “->”?',
  '→': 'Did you mean “->”?',
  '⇒': 'Did you mean “->”?',
};

/** A sign that the language does not have, whatever was expected. */
export const signSlip = (sign: string): string | undefined => (Object.hasOwn(signs, sign) ? signs[sign] : undefined);

const ofSources = ['where', 'check', 'log', 'default'] as const;
const afterSource = [
  'as',
  'where',
  'check',
  'log',
  'default',
  'then',
  'first',
  'not_first',
  'last',
  'not_last',
  'only_one',
];
const afterTarget = ['as', 'then', 'first', 'last', 'single', 'collate', 'share'];

/**
 * Why a rule that began at `from` does not end before the next lexeme, where that can be guessed. `arrow`: its “->” has
 * been read.
 */
export function ruleSlip(cursor: Cursor, from: number, arrow: boolean): string | undefined {
  const next = cursor.peek();
  const last = cursor.last();
  if (cursor.is('=')) {
    if (cursor.is('>', 1)) return 'Did you mean “->”?';
    return arrow ? undefined : 'What is read stands before “->”, what is written after it: src.a as a -> tgt.b = a;';
  }
  if (cursor.isAt(from, 'then')) return 'A “;” ends the rule: take it away before “then”.';
  if (cursor.is('(')) {
    if (cursor.isAt(from, 'if')) return 'A condition stands behind its source: src where (…) -> …';
    return last?.kind === 'name' && !arrow
      ? 'A function stands in an expression only: evaluate(src, …) as v, after “->”.'
      : undefined;
  }
  if (cursor.is('[')) return 'A path has no positions. To read one of many: first, last, or an expression.';
  if (next.kind === 'number' && !arrow) return 'The numbers min..max stand before “as”.';
  if (next.kind !== 'name') return signSlip(next.text);
  if (arrow && ofSources.some((each) => cursor.is(each)))
    return `“${next.text}” belongs to the source: write it before “->”.`;
  if (cursor.is(';', 1)) return `The name of a rule stands in double quotes: "${next.text}".`;
  if (cursor.is('(', 1)) return `Write “then” before the group: then ${next.text}(…).`;
  if (cursor.is('.', 1))
    return arrow ? 'Several targets stand with “,” between them.' : 'Write “->” before what is written.';
  return didYouMean(next.text, arrow ? afterTarget : afterSource);
}
