/**
 * From a sheet to what may be kept of it: the header row is found, columns that must not be kept and columns nobody asked
 * for are dropped, and what looks like a Social Security number is blanked. Nothing is stored before this.
 */
import type { RowProblem, SheetNotice } from '../core/roster.ts';
import type { FieldOf } from './columns.ts';
import { isForbiddenHeader, looksLikeSsn } from './forbidden.ts';
import { type Cell, isBlank, type Read, read, refused, type Sheet, type SheetRow } from './table.ts';

export type Column<F extends string> = { readonly header: string; readonly field: F };

/** Cells stand in the order of `columns`. */
export type Stripped<F extends string> = {
  readonly columns: readonly Column<F>[];
  readonly rows: readonly SheetRow[];
  readonly notices: readonly SheetNotice[];
  readonly warnings: readonly RowProblem[];
};

/** A title, an address of the clinic, a date of printing may stand above the header. */
const headerWithin = 25;

const textOf = (cell: Cell | undefined): string => (typeof cell === 'string' ? cell : '');

/** How many columns of this row are known by name. */
const knownIn = <F extends string>(row: SheetRow, fieldOf: FieldOf<F>): number =>
  new Set(row.cells.flatMap((cell) => fieldOf(textOf(cell)) ?? [])).size;

/** The row of the names: the one with most known names, at least two. */
export function headerOf<F extends string>(rows: readonly SheetRow[], fieldOf: FieldOf<F>): SheetRow | undefined {
  let best: { row: SheetRow; known: number } | undefined;
  for (const row of rows.slice(0, headerWithin)) {
    const known = knownIn(row, fieldOf);
    if (known >= 2 && known > (best?.known ?? 0)) best = { row, known };
  }
  return best?.row;
}

type Place<F extends string> = Column<F> & { readonly at: number };

export function strip<F extends string>(sheet: Sheet, fieldOf: FieldOf<F>): Read<Stripped<F>> {
  const header = headerOf(sheet.rows, fieldOf);
  if (header === undefined) {
    return refused(
      'no-header',
      'No row with names of columns was found',
      `One of the first ${headerWithin} rows must name the columns, source_patient_id and family for example. The names are in the documentation; other names go into tejido.yaml (rosters.columns).`,
    );
  }
  const places: Place<F>[] = [];
  const forbidden: string[] = [];
  const ignored: string[] = [];
  for (const [at, cell] of header.cells.entries()) {
    const name = textOf(cell);
    if (name === '') continue;
    if (isForbiddenHeader(name)) {
      forbidden.push(name);
      continue;
    }
    const field = fieldOf(name);
    if (field === undefined || field === 'ignore') ignored.push(name);
    else places.push({ at, header: name, field });
  }
  const settled = settle(places, sheet, header, ignored);
  if (!settled.ok) return settled;
  const columns = settled.value;
  const warnings: RowProblem[] = [];
  const blanked = new Set<string>();
  const rows = sheet.rows
    .filter((row) => row.number > header.number && !isMarkup(row, header))
    .map((row): SheetRow => {
      const cells = columns.map(({ at, header: column }): Cell => {
        const cell = row.cells[at] ?? '';
        if (!looksLikeSsn(cell)) return cell;
        blanked.add(column);
        warnings.push({
          row: row.number,
          column,
          what: 'Held what looks like a Social Security number: it was removed.',
          code: 'ssn-removed',
        });
        return '';
      });
      return { number: row.number, cells };
    })
    .filter(({ cells }) => cells.some((cell) => !isBlank(cell)));
  const notices: SheetNotice[] = [
    ...noticeOf('columns-removed', forbidden, 'These columns are never kept. They were removed before anything was stored; leave them out of the file.'), // prettier-ignore
    ...noticeOf('ssn-removed', [...blanked], 'Cells of these columns looked like Social Security numbers. They were removed before anything was stored.'), // prettier-ignore
    ...noticeOf('columns-ignored', ignored, 'These columns are not used, and were not stored.'),
    ...(sheet.others > 0
      ? [{ code: 'sheets-ignored', what: `The workbook has ${sheet.others} more sheet(s), which were not read.` }]
      : []),
  ];
  return read({
    columns: columns.map(({ header: name, field }) => ({ header: name, field })),
    rows,
    notices,
    warnings,
  });
}

const noticeOf = (code: string, columns: readonly string[], what: string): readonly SheetNotice[] =>
  columns.length === 0 ? [] : [{ code, what, columns }];

/** One column for each field. Of two telephones the second is the other one; `estado` may be the state of an address. */
function settle<F extends string>(
  places: readonly Place<F>[],
  sheet: Sheet,
  header: SheetRow,
  ignored: string[],
): Read<readonly Place<F>[]> {
  const settled: Place<F>[] = [];
  const twice: string[] = [];
  for (const place of places) {
    const before = settled.find(({ field }) => field === place.field);
    if (before === undefined) settled.push(place);
    else if (place.field === 'phone' && !places.some(({ field }) => field === 'phone2'))
      settled.push({ ...place, field: 'phone2' as F });
    else if (sheet.rows.every((row) => row.number <= header.number || isBlank(row.cells[place.at])))
      ignored.push(place.header);
    else twice.push(before.header, place.header);
  }
  if (twice.length === 0) return read(settled);
  return refused(
    'column-twice',
    'Two columns mean the same',
    'Leave one of them out, or say in tejido.yaml (rosters.columns) which is which: `ignore` leaves a column out.',
    { notices: [{ code: 'column-twice', what: 'These columns mean the same.', columns: twice }] },
  );
}

/** The header again (a printed page), or the second header that some tools write (`#name`, `#date`). */
const isMarkup = (row: SheetRow, header: SheetRow): boolean => {
  const texts = row.cells.map(textOf).filter((text) => text !== '');
  return (
    row.cells.every((cell, at) => textOf(cell) === textOf(header.cells[at])) ||
    (texts.length > 0 && texts.every((text) => text.startsWith('#') && /^#[a-z]/i.test(text)))
  );
};
