/** Sheets as offices send them, down to what may be kept of them. */
import { describe, expect, test } from '@jest/globals';
import { rosterFieldOf } from '../../src/roster/columns.ts';
import { isForbiddenHeader, looksLikeSsn } from '../../src/roster/forbidden.ts';
import { readSheet } from '../../src/roster/read.ts';
import { separatorOf } from '../../src/roster/read-csv.ts';
import { headerOf, strip } from '../../src/roster/strip.ts';
import type { Cell, Read } from '../../src/roster/table.ts';
import { xlsx } from '../support/xlsx.ts';

const fieldOf = rosterFieldOf();
const fits = (rows: Parameters<typeof headerOf>[0]) => headerOf(rows, fieldOf) !== undefined;

const valueOf = <T>(read: Read<T>): T => {
  if (!read.ok) throw new Error(read.refusal.code);
  return read.value;
};

async function stripped(bytes: Uint8Array | string) {
  const sheet = valueOf(await readSheet(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, fits));
  return valueOf(strip(sheet, fieldOf));
}

const cells = async (bytes: Uint8Array | string): Promise<readonly (readonly Cell[])[]> =>
  (await stripped(bytes)).rows.map((row) => row.cells);

const utf16be = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();

describe('a file as text', () => {
  const text = 'id;apellido paterno;nombre(s)\n1;Núñez;José\n';
  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`)],
    ['Windows-1252', Buffer.from(text, 'latin1')],
    ['UTF-16 as Excel writes it', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['UTF-16, the other way round', utf16be(text)],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le')],
    ['decomposed accents, as Macs write them', Buffer.from(text.normalize('NFD'))],
  ])('in %s', async (_, bytes) => {
    expect(await cells(bytes)).toEqual([['1', 'Núñez', 'José']]);
  });

  test.each([
    [',', 'id,family\n1,"a;b;c;d"\n'],
    [';', 'id;family\n1;"a,b,c,d"\n'],
    ['\t', 'id\tfamily\n1\ta,b\n'],
    [';', 'sep=;\nid;family\n1;x\n'],
  ])('separated by %j', (separator, given) => {
    expect(separatorOf(given)).toBe(separator);
  });

  test('with a line break in a cell, rows are numbered as the spreadsheet shows them', async () => {
    const { rows } = await stripped('id,family\n1,"Peña\nde la O"\n\n2,Ríos\n');
    expect(rows.map(({ number }) => number)).toEqual([2, 4]);
  });

  test('that is damaged says where, and nothing of what it holds', async () => {
    const read = await readSheet(Buffer.from('id,family\n1,"Secreto\n2,x"y\n'), fits);
    expect(read.ok).toBe(false);
    expect(JSON.stringify(read)).toMatch(/sheet-unreadable/);
    expect(JSON.stringify(read)).not.toContain('Secreto');
  });
});

/** The archive with another unpacked size in its directory. */
function declaring(archive: Uint8Array, name: string, size: number): Uint8Array {
  const bytes = Buffer.from(archive);
  for (let at = bytes.indexOf('PK\u0001\u0002'); at !== -1; at = bytes.indexOf('PK\u0001\u0002', at + 1))
    if (bytes.toString('utf8', at + 46, at + 46 + name.length) === name) bytes.writeUInt32LE(size, at + 24);
  return bytes;
}

describe('a workbook', () => {
  test('gives texts, numbers as written, and dates as days, in either calendar', async () => {
    const rows = [
      ['id', 'apellido paterno', 'fecha de nacimiento', 'c.p.'],
      ['007', 'Núñez', { date: 22342 }, 2151],
      [8, 'Ríos', { date: 22343 }, '60608'],
    ];
    expect(await cells(xlsx({ sheets: { Hoja1: rows } }))).toEqual([
      ['007', 'Núñez', new Date('1961-03-02T00:00:00Z'), '2151'],
      ['8', 'Ríos', new Date('1961-03-03T00:00:00Z'), '60608'],
    ]);
    const [[, , day] = []] = await cells(xlsx({ sheets: { Hoja1: rows }, date1904: true }));
    expect(day).toEqual(new Date('1965-03-03T00:00:00Z'));
  });

  test('with a title, empty rows and merged cells: the header is found, rows keep their numbers, nothing is filled in', async () => {
    const rows = [
      ['Compañeros en Salud: lista de mayo'],
      [],
      ['id', 'apellido', 'sitio'],
      ['1', 'Núñez', 'Pilsen'],
      ['2', 'Ríos', undefined],
    ];
    const { rows: read } = await stripped(xlsx({ sheets: { Lista: rows }, merges: ['C4:C5', 'A1:C1'] }));
    expect(read).toEqual([
      { number: 4, cells: ['1', 'Núñez', 'Pilsen'] },
      { number: 5, cells: ['2', 'Ríos', ''] },
    ]);
  });

  test('whose first sheet is a cover: the sheet with the header is read, and that others were not is told', async () => {
    const { rows, notices } = await stripped(
      xlsx({ sheets: { Portada: [['Informe']], Lista: [['id', 'apellido'], ['1', 'Ríos']] } }), // prettier-ignore
    );
    expect(rows).toHaveLength(1);
    expect(notices).toMatchObject([{ code: 'sheets-ignored' }]);
  });

  test('that unpacks to more than it may is refused before it is unpacked', async () => {
    const bomb = declaring(xlsx({ sheets: { Hoja1: [['id', 'apellido']] } }), 'xl/worksheets/sheet1.xml', 101_000_000);
    expect(await readSheet(bomb, fits)).toMatchObject({ ok: false, refusal: { code: 'sheet-too-large' } });
  });

  test('that lies about its size gets no more memory than it asked for', async () => {
    const rows = [['id', 'apellido'], ...Array.from({ length: 5_000 }, (_, n) => [String(n), 'Ríos'])];
    const liar = declaring(xlsx({ sheets: { Hoja1: rows } }), 'xl/worksheets/sheet1.xml', 500);
    const read = await readSheet(liar, fits);
    expect(read.ok ? read.value.rows.length : 0).toBeLessThan(10);
  });

  test('that is none, or an old one, is refused with what to do', async () => {
    const broken = xlsx({ sheets: { Hoja1: [['id']] } }).slice(0, 300);
    expect(await readSheet(broken, fits)).toMatchObject({ ok: false, refusal: { code: 'sheet-unreadable' } });
    const old = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);
    expect(await readSheet(old, fits)).toMatchObject({ ok: false, refusal: { detail: expect.stringMatching(/xlsx/) } });
    expect(await readSheet(Buffer.alloc(0), fits)).toMatchObject({ ok: false, refusal: { code: 'sheet-empty' } });
  });
});

describe('what must not be kept', () => {
  test.each(
    'SSN|Social Security #|Seguro Social|Núm. de Seguro Social|Passport|PASAPORTE|BIRTHPLACE|Place of birth|Lugar de nacimiento|País de origen|Country of Birth|Nationality|Nacionalidad|Ciudadanía|Visa type|Alien Number|A-Number|Immigration status|Estatus migratorio|Situación migratoria|estado_migratorio|Indocumentado|Green card|DRIVERS|password|Legal status|ImmigrationStatus'.split(
      '|',
    ),
  )('a column called %s', (header) => {
    expect(isForbiddenHeader(header)).toBe(true);
  });

  test.each(
    'source_patient_id|estado|estatus|fecha de nacimiento|nacimiento|status|apellido materno|visit date|legal guardian phone'.split(
      '|',
    ),
  )('but not a column called %s', (header) => {
    expect(isForbiddenHeader(header)).toBe(false);
  });

  test('a Social Security number by its form, and no telephone number', () => {
    expect(['999-20-1918', 'ssn 999 20 1918', '999-20-1918 (mom)'].map(looksLikeSsn)).toEqual([true, true, true]);
    expect(['312-555-0100', '1999-20-1918', '555-0100', '2026-05-06', '9992019189'].map(looksLikeSsn)).toEqual(Array(5).fill(false)); // prettier-ignore
  });

  test('is gone before anything is kept; the notice names columns and no value', async () => {
    const read = await stripped(
      'id,apellido,SSN,Lugar de nacimiento,tier_reason\n1,Ríos,999-20-1918,Puebla,vea 999-20-1918\n',
    );
    expect(read.columns.map(({ field }) => field)).toEqual(['patient', 'family', 'tierReason']);
    expect(read.rows).toEqual([{ number: 2, cells: ['1', 'Ríos', ''] }]);
    expect(read.warnings).toMatchObject([{ row: 2, column: 'tier_reason', code: 'ssn-removed' }]);
    expect(read.notices.map(({ code, columns }) => [code, columns])).toEqual([
      ['columns-removed', ['SSN', 'Lugar de nacimiento']],
      ['ssn-removed', ['tier_reason']],
    ]);
    expect(JSON.stringify(read)).not.toMatch(/Puebla|999/);
  });

  test('cannot be let in by the configuration', async () => {
    const own = rosterFieldOf({ SSN: 'patient', 'Clave interna': 'patient', Comentario: 'ignore' });
    const sheet = valueOf(await readSheet(Buffer.from('Clave interna,SSN,apellido\n1,999-20-1918,Ríos\n'), () => true));
    expect(valueOf(strip(sheet, own)).columns).toEqual([
      { header: 'Clave interna', field: 'patient' },
      { header: 'apellido', field: 'family' },
    ]);
  });
});

describe('columns', () => {
  test('in Spanish, in English, with a second header row of a tool, and with the header printed again', async () => {
    const read = await stripped(
      'Núm. de expediente;Apellido Paterno;Apellido Materno;Nombre(s);Fecha de Nacimiento;Teléfono;Celular;Idioma;Sexo;Promotora;Estatus;Observaciones\n' +
        '#mrn;#a;#b;#c;#d;#e;#f;#g;#h;#i;#j;#k\n' +
        'M1;Ríos;;Ana;1961-03-02;3125550100;3125550101;español;F;rosa;activa;hola\n' +
        'Núm. de expediente;Apellido Paterno;Apellido Materno;Nombre(s);Fecha de Nacimiento;Teléfono;Celular;Idioma;Sexo;Promotora;Estatus;Observaciones\n',
    );
    expect(read.columns.map(({ field }) => field)).toEqual(
      'mrn family secondFamily given dob phone phone2 language sex chw status'.split(' '),
    );
    expect(read.rows).toHaveLength(1);
    expect(read.notices).toMatchObject([{ code: 'columns-ignored', columns: ['Observaciones'] }]);
  });

  test('two that mean the same are refused by name', async () => {
    const sheet = valueOf(await readSheet(Buffer.from('id,Nombre,First name\n1,a,b\n'), fits));
    expect(strip(sheet, fieldOf)).toMatchObject({
      ok: false,
      refusal: { code: 'column-twice', notices: [{ columns: ['Nombre', 'First name'] }] },
    });
  });

  test('of an export with everything that must not be kept, and much that nobody asked for', async () => {
    const read = await stripped(
      'Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PASSPORT,PREFIX,FIRST,LAST,SUFFIX,MAIDEN,MARITAL,RACE,ETHNICITY,GENDER,BIRTHPLACE,ADDRESS,CITY,STATE,COUNTY,ZIP,LAT,LON\n' +
        '9f79cfd8,2020-02-05,,999-20-1918,S99911162,X12344506X,,Eloisa55,Alonso270,,,,black,hispanic,F,Guatemala City  Guatemala  GT,891 Wolf Lane,Revere,Massachusetts,Suffolk County,02151,42.43,-70.95\n',
    );
    expect(read.columns.map(({ field }) => field)).toEqual(['patient', 'dob', 'given', 'family', 'sex', 'postalCode']);
    expect(read.rows).toEqual([
      { number: 2, cells: ['9f79cfd8', '2020-02-05', 'Eloisa55', 'Alonso270', 'F', '02151'] },
    ]);
  });
});
