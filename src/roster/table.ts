/** A sheet as it was read: rows of cells, each row with the number a spreadsheet shows. Nothing is interpreted yet. */
import type { SheetRefusal } from '../core/roster.ts';

/** A date stands here only when the spreadsheet says so itself; it is a day in UTC. */
export type Cell = string | Date;

export type SheetRow = { readonly number: number; readonly cells: readonly Cell[] };

/** `others`: sheets of the workbook that were not read. */
export type Sheet = { readonly rows: readonly SheetRow[]; readonly others: number };

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: SheetRefusal };

export const read = <T>(value: T): Read<T> => ({ ok: true, value });
export const refused = (
  code: string,
  title: string,
  detail: string,
  more: Pick<SheetRefusal, 'problems' | 'notices'> = {},
): Read<never> => ({ ok: false, refusal: { code, title, detail, ...more } });

export const sheetLimits = {
  rows: 50_000,
  columns: 200,
  cell: 4_000,
  /** Of a workbook, unpacked. */
  unpackedBytes: 100_000_000,
  packedFiles: 1_000,
} as const;

export const isBlank = (cell: Cell | undefined): boolean =>
  cell === undefined || (typeof cell === 'string' && cell.trim() === '');

/** Rows with something in them; what cannot be a roster is refused before it is looked at more closely. */
export function sheetOf(rows: readonly SheetRow[], others: number): Read<Sheet> {
  const kept = rows.filter(({ cells }) => cells.some((cell) => !isBlank(cell)));
  if (kept.length > sheetLimits.rows) {
    return refused(
      'sheet-too-long',
      `More than ${sheetLimits.rows} rows`,
      'Send it in parts, as deltas, or a file without the rows of other programmes.',
    );
  }
  if (kept.some(({ cells }) => cells.length > sheetLimits.columns)) {
    return refused('sheet-too-wide', `More than ${sheetLimits.columns} columns`, 'Send the columns that are meant.');
  }
  const long = kept.find(({ cells }) =>
    cells.some((cell) => typeof cell === 'string' && cell.length > sheetLimits.cell),
  );
  if (long !== undefined) {
    return refused(
      'cell-too-long',
      `A cell has more than ${sheetLimits.cell} characters`,
      `Look at row ${long.number}: often a quotation mark that is never closed.`,
    );
  }
  return read({ rows: kept, others });
}
