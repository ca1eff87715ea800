/**
 * What must never be kept: Social Security numbers, papers, birthplace, nationality, immigration (users.md §5). Found by
 * the name of the column, in English and Spanish; a Social Security number also by its form, in any column.
 */
import type { Cell } from './table.ts';

/** Lower case, no accents, words apart by one space: `Núm. de Expediente` is `num de expediente`. */
export const plainHeader = (header: string): string =>
  header
    .replaceAll(/([a-záéíóúñ])([A-Z])/g, '$1 $2')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim();

const forbiddenHeaders: readonly RegExp[] = [
  /\bssn\b|\bsocial security\b|\bsoc sec\b|\bseguro social\b|\bseguridad social\b|\bnss\b|\bitin\b/,
  /\bpassport\b|\bpasaporte\b/,
  /\bbirth ?place\b|\bplace of birth\b|\bcity of birth\b|\blugar de nac|\bciudad de nac|\bmunicipio de nac/,
  /\bcountry\b.*\b(birth|origin)\b|\b(birth|origin) country\b|\bpais\b.*\b(nac|origen)|\bestado de nac|\bstate of birth\b/,
  /\bnationality\b|\bnacionalidad\b|\bcitizen|\bciudadan/,
  /\bvisa\b|\bvisas\b|\balien\b|\ba number\b|\bgreen card\b|\bmica\b|\buscis\b/,
  /immigra|inmigra|migrat|migrant|undocumented|indocumentad|\bpapeles\b|\blegal status\b|\bestat?us legal\b|\bestado legal\b/,
  /\bresidency status\b|\bpermanent resident\b|\bresidente permanente\b|\bresidencia legal\b|\bdaca\b/,
  /\bdrivers?\b|\bdriver s\b|\blicencia de (conducir|manejo|manejar)\b|\bcurp\b|\bmatricula consular\b/,
  /\bpassw|\bcontrasena\b/,
];

/** Whether a column of this name is never kept. */
export const isForbiddenHeader = (header: string): boolean => {
  const plain = plainHeader(header);
  return forbiddenHeaders.some((pattern) => pattern.test(plain));
};

const socialSecurityNumber = /(?<![\d-])\d{3}[- ]\d{2}[- ]\d{4}(?![\d-])/;

/** A Social Security number by its form: 3, 2 and 4 digits. A telephone number is 3, 3 and 4. */
export const looksLikeSsn = (cell: Cell): boolean => typeof cell === 'string' && socialSecurityNumber.test(cell);
