/**
 * A workbook of Excel (.xlsx). It is a zip archive from a stranger: unpacked here within a limit, only the parts that
 * hold cells, and handed on as it then is.
 */
import readXlsxFile from 'read-excel-file/universal';
import { unzipSync, zipSync } from 'fflate';
import { type Cell, type Read, refused, type Sheet, sheetLimits, sheetOf, type SheetRow } from './table.ts';

const wanted =
  /^(\[Content_Types\]\.xml|_rels\/|xl\/(_rels\/|workbook\.xml|styles\.xml|sharedStrings\.xml|worksheets\/))/i;

const unreadable = (title: string): Read<never> =>
  refused('sheet-unreadable', title, 'Open it in a spreadsheet and save it anew as .xlsx, or as CSV (UTF-8).');

class TooLarge extends Error {}

/** Only what holds cells, with the sizes that were promised and no more. Throws `TooLarge`, or what fflate throws. */
function unpack(bytes: Uint8Array): Record<string, Uint8Array> {
  let unpacked = 0;
  let files = 0;
  // fflate inflates into a buffer of the size the archive declares: a lie is cut off, not believed.
  return unzipSync(bytes, {
    filter: ({ name, originalSize }) => {
      files += 1;
      if (!wanted.test(name)) return false;
      unpacked += originalSize;
      if (files > sheetLimits.packedFiles || unpacked > sheetLimits.unpackedBytes) throw new TooLarge();
      return true;
    },
  });
}

/** A number is kept as it is written in the file: 1.0 of a form is 1, and a long id keeps its digits. */
const plainNumber = (written: string): string => {
  if (/^-?\d+$/.test(written)) return written;
  const value = Number(written);
  return Number.isFinite(value) && Math.abs(value) < 1e15 ? String(value) : written;
};

const cellOf = (value: unknown): Cell => {
  if (value instanceof Date) return value;
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return (typeof value === 'string' ? value : '').normalize('NFC').trim();
};

/** The first sheet that `fits`; the first of all when none does. */
export async function readXlsx(bytes: Uint8Array, fits: (rows: readonly SheetRow[]) => boolean): Promise<Read<Sheet>> {
  let parts: Record<string, Uint8Array>;
  try {
    parts = unpack(bytes);
  } catch (error) {
    return error instanceof TooLarge
      ? refused('sheet-too-large', 'The workbook is too large when it is unpacked', 'Save the one sheet as CSV.')
      : unreadable('The workbook cannot be unpacked');
  }
  if (parts['xl/workbook.xml'] === undefined) return unreadable('This is not a workbook of Excel (.xlsx)');
  try {
    const clean = zipSync(parts, { level: 0 });
    const sheets = await readXlsxFile(clean.buffer, { parseNumber: plainNumber, trim: true });
    const read = sheets.map(({ data }) =>
      data.map((cells, index): SheetRow => ({ number: index + 1, cells: (cells as readonly unknown[]).map(cellOf) })),
    );
    const chosen = read.find((rows) => fits(rows)) ?? read[0];
    return chosen === undefined ? unreadable('The workbook has no sheet') : sheetOf(chosen, read.length - 1);
  } catch {
    // The reader's own message may quote a cell.
    return unreadable('The workbook cannot be read');
  }
}
