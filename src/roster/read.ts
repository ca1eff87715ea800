/** A file of a spreadsheet, by what it is and not by what it is called. */
import { readCsv } from './read-csv.ts';
import { readXlsx } from './read-xlsx.ts';
import { type Read, refused, type Sheet, type SheetRow } from './table.ts';

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;
/** Excel before 2007, and what is locked by a password. */
const isOle = (bytes: Uint8Array): boolean => bytes[0] === 0xd0 && bytes[1] === 0xcf;

/** `fits`: whether these rows have the header that is looked for; of several sheets the first such is read. */
export async function readSheet(bytes: Uint8Array, fits: (rows: readonly SheetRow[]) => boolean): Promise<Read<Sheet>> {
  if (bytes.length === 0) return refused('sheet-empty', 'The file is empty', 'Send the file again.');
  if (isOle(bytes)) {
    return refused(
      'sheet-unreadable',
      'This is an old workbook (.xls), or one with a password',
      'Save it as .xlsx without a password, or as CSV (UTF-8).',
    );
  }
  return isZip(bytes) ? readXlsx(bytes, fits) : readCsv(bytes);
}
