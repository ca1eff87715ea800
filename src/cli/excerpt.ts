/** A line of a file with a caret under what is meant. */

export type Span = { readonly line: number; readonly column: number; readonly length: number };

const widest = 110;

/**
 * @returns two lines, or nothing where the place is not in the text; of a long line the part around the place
 */
export function excerpt(text: string, { line, column, length }: Span): readonly string[] {
  const whole = text.split('\n')[line - 1]?.replaceAll('\t', ' ').trimEnd();
  if (whole === undefined || line < 1) return [];
  const from = column - 1 > widest - 20 ? column - 1 - 30 : 0;
  const shown = `${from > 0 ? '…' : ''}${whole.slice(from, from + widest)}${whole.length > from + widest ? '…' : ''}`;
  const indent = column - 1 - from + (from > 0 ? 1 : 0);
  const carets = '^'.repeat(Math.max(1, Math.min(length, shown.length - indent)));
  const number = String(line);
  return [`  ${number} | ${shown}`, `  ${' '.repeat(number.length)} | ${' '.repeat(indent)}${carets}`];
}

/** File, line and column of `mappings/contact.fml:41:7 rule "note"`. */
export function placeOfWhere(
  where: string,
): { readonly file: string; readonly line: number; readonly column: number } | undefined {
  const [, file, line, column] = /^(.*?):(\d+):(\d+)(?: rule ".*")?$/su.exec(where) ?? [];
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
}
