/** Small workbooks as Excel writes them, with its quirks as switches. */
import { strToU8, zipSync } from 'fflate';

/** A number is stored as a number; `{ date: serial }` as a number with a date format; undefined leaves the cell out. */
export type XlsxCell = string | number | { readonly date: number } | undefined;

const letters = (index: number): string =>
  index < 26
    ? String.fromCharCode(65 + index)
    : `${letters(Math.floor(index / 26) - 1)}${String.fromCharCode(65 + (index % 26))}`;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function cellXml(cell: XlsxCell, reference: string): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return `<c r="${reference}"><v>${String(cell)}</v></c>`;
  if (typeof cell === 'string') return `<c r="${reference}" t="inlineStr"><is><t>${escape(cell)}</t></is></c>`;
  return `<c r="${reference}" s="1"><v>${String(cell.date)}</v></c>`;
}

const sheetXml = (rows: readonly (readonly XlsxCell[])[], merges: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${rows
    .map((cells, row) =>
      cells.length === 0
        ? ''
        : `<row r="${String(row + 1)}">${cells.map((cell, at) => cellXml(cell, `${letters(at)}${String(row + 1)}`)).join('')}</row>`,
    )
    .join('')}</sheetData>${
    merges.length === 0 ? '' : `<mergeCells>${merges.map((ref) => `<mergeCell ref="${ref}"/>`).join('')}</mergeCells>`
  }</worksheet>`;

export type Workbook = {
  readonly sheets: Readonly<Record<string, readonly (readonly XlsxCell[])[]>>;
  readonly merges?: readonly string[];
  /** Counts days from 1904, as old Macs did. */
  readonly date1904?: boolean;
  /** Further files in the archive. */
  readonly more?: Readonly<Record<string, Uint8Array>>;
};

export function xlsx({ sheets, merges = [], date1904 = false, more = {} }: Workbook): Uint8Array {
  const names = Object.keys(sheets);
  const relation = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const files: Record<string, Uint8Array> = {
    '[Content_Types].xml': strToU8(
      `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>`,
    ),
    '_rels/.rels': strToU8(
      `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ),
    'xl/workbook.xml': strToU8(
      `<?xml version="1.0"?><workbook xmlns="${main}" xmlns:r="${relation}"><workbookPr${date1904 ? ' date1904="1"' : ''}/><sheets>${names
        .map((name, at) => `<sheet name="${escape(name)}" sheetId="${String(at + 1)}" r:id="rId${String(at + 1)}"/>`)
        .join('')}</sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': strToU8(
      `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${names
        .map(
          (_, at) =>
            `<Relationship Id="rId${String(at + 1)}" Type="${relation}/worksheet" Target="worksheets/sheet${String(at + 1)}.xml"/>`,
        ) // prettier-ignore
        .join('')}<Relationship Id="rId99" Type="${relation}/styles" Target="styles.xml"/></Relationships>`,
    ),
    'xl/styles.xml': strToU8(
      `<?xml version="1.0"?><styleSheet xmlns="${main}"><cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" xfId="0"/><xf numFmtId="14" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`,
    ),
    ...more,
  };
  for (const [at, name] of names.entries())
    files[`xl/worksheets/sheet${String(at + 1)}.xml`] = strToU8(sheetXml(sheets[name] ?? [], merges));
  return zipSync(files, { level: 1 });
}
