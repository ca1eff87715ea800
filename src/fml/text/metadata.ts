/** `/// key = value` lines. */
import type { Metadata } from '../model.ts';
import type { Cursor } from './cursor.ts';
import { unquote, type Remark } from './lexemes.ts';

/** FHIRPath's literals; what people write without quotes is text. A number that would lose digits stays text. */
export function metadataValue(written: string): string | number | boolean | undefined {
  if (written === '') return undefined;
  if (written.startsWith('"""')) return written.slice(3, -3);
  const [quoted] = /^(?:'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*")/u.exec(written) ?? [];
  if (quoted !== undefined) return unquote(quoted);
  if (written === 'true' || written === 'false') return written === 'true';
  const number = Number(written);
  return /^-?\d/u.test(written) && String(number) === written ? number : written;
}

/** A metadata line of the head of the map. */
export function metadataOf(cursor: Cursor, { at, metadata }: Remark, before: readonly string[]): Metadata | undefined {
  if (metadata === undefined) return undefined;
  const { key, written } = metadata;
  if (/^(?:'(?:[^'\\]|\\[^])*|"(?:[^"\\]|\\[^])*)$/u.test(written) || written === '"""')
    cursor.report(at, `the value of “${key}” has no end`, 'Close the quotes.');
  const value = metadataValue(written);
  return {
    at,
    ...(before.length === 0 ? {} : { comments: { before } }),
    key,
    ...(value === undefined ? {} : { value }),
  };
}
