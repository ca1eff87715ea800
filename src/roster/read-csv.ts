/** Text with separators: comma, semicolon (Excel in Spanish), or tab. */
import { CsvError, parse } from 'csv-parse/sync';
import { decode } from './text.ts';
import { type Read, refused, type Sheet, sheetLimits, sheetOf } from './table.ts';

const separators = [',', ';', '\t'] as const;

/** The separator that occurs most outside quotation marks in the first lines; a comma when none does. Pure. */
export function separatorOf(text: string): string {
  // Excel writes it into the first line itself at times.
  const told = /^sep=(.)\r?\n/i.exec(text)?.[1];
  if (told !== undefined) return told;
  const head = text.slice(0, 20_000).replaceAll(/"(?:[^"]|"")*"/g, '');
  const counts = separators.map((separator) => ({ separator, count: head.split(separator).length }));
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).separator;
}

type Record = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

/** @param bytes the file as it came */
export function readCsv(bytes: Uint8Array): Read<Sheet> {
  const text = decode(bytes).replace(/^\uFEFF/, '');
  if (text.includes('\u0000')) {
    return refused('sheet-unreadable', 'This is not a text file', 'Save the sheet as CSV (UTF-8) or as .xlsx.');
  }
  const marked = /^sep=.\r?\n/i.exec(text)?.[0] ?? '';
  try {
    const records = parse(text.slice(marked.length), {
      delimiter: separatorOf(text),
      relax_column_count: true,
      skip_empty_lines: false,
      info: true,
      bom: true,
      max_record_size: sheetLimits.cell * sheetLimits.columns,
      to: sheetLimits.rows * 2,
    }) as unknown as readonly Record[];
    const skipped = marked === '' ? 0 : 1;
    // `lines` counts to the last line of a record; a spreadsheet counts records.
    return sheetOf(
      records.map(({ record }, index) => ({ number: index + 1 + skipped, cells: record.map((cell) => cell.trim()) })),
      0,
    );
  } catch (error) {
    const line = error instanceof CsvError && typeof error['lines'] === 'number' ? ` near line ${error['lines']}` : '';
    return refused(
      'sheet-unreadable',
      `The file cannot be read as CSV${line}`,
      'Look there for a quotation mark that is not closed, or save the sheet as .xlsx.',
    );
  }
}
