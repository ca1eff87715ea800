/** A row of a roster as data: what a cell means, what is wrong with it, what is only doubtful. */
import type { DateOrder, RowProblem } from '../core/roster.ts';
import type { RosterField } from './columns.ts';
import { dayOf, orderOf } from './dates.ts';
import { idJudge, isMangled, phoneOf, postalCodeOf } from './ids.ts';
import type { Stripped } from './strip.ts';
import type { Cell } from './table.ts';
import * as words from './values.ts';

/** What is known of a person by rosters. JSON; absent: not told. */
export type PersonFields = {
  readonly mrn?: string;
  readonly family?: string;
  readonly secondFamily?: string;
  readonly given?: string;
  readonly dob?: string;
  readonly sex?: words.Sex;
  readonly phones?: readonly string[];
  readonly smsOk?: boolean;
  readonly language?: string;
  readonly postalCode?: string;
  readonly pcp?: string;
  readonly site?: string;
  readonly chw?: string;
  readonly status?: words.ProgrammeStatus;
  readonly statusDate?: string;
  readonly start?: string;
  readonly referralSource?: string;
  readonly tier?: 'high-need' | 'regular';
  readonly tierReason?: string;
  readonly tierDate?: string;
  readonly researchSample?: boolean;
  readonly researchStatus?: 'offered' | 'consented' | 'declined' | 'withdrawn';
  readonly researchDate?: string;
  readonly researchStudy?: string;
  /** Day of the roster that first named this person; not of the file, as what follows. */
  readonly noted?: string;
  /** Days that name the records of a status, a tier and an answer: a corrected date keeps its record. */
  readonly statusKey?: string;
  readonly tierKey?: string;
  readonly researchKey?: string;
  /** Why, when Tejido itself set the status. */
  readonly statusReason?: string;
  /** The status before it was set because the person was no longer on the roster. */
  readonly statusWas?: words.ProgrammeStatus;
};
export type PersonField = keyof PersonFields;

export type ReadRow = {
  readonly row: number;
  readonly sourcePatientId: string | undefined;
  readonly fields: PersonFields;
  readonly errors: readonly RowProblem[];
  readonly warnings: readonly RowProblem[];
};

type Problem = { readonly code: string; readonly what: string };
type Told<T> =
  { readonly value: T; readonly warning?: Problem } | { readonly error: Problem } | { readonly warning: Problem };

const unknownWord = (what: string): Problem => ({ code: 'word-unknown', what });

const textCell = (cell: Cell): string =>
  typeof cell === 'string' ? cell.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').replaceAll(/\s+/g, ' ').trim() : cell.toISOString().slice(0, 10); // prettier-ignore

const short = (text: string, most: number): Told<string> =>
  text.length > most ? { error: { code: 'too-long', what: `Has more than ${most} characters.` } } : { value: text };

const orError = <T>(value: T | undefined, what: string): Told<T> =>
  value === undefined ? { error: unknownWord(what) } : { value };
const orWarning = <T>(value: T | undefined, what: string): Told<T> =>
  value === undefined ? { warning: unknownWord(`${what} It was left out.`) } : { value };

/** Reads one cell that is not blank. */
type CellReader = (cell: Cell) => Told<unknown>;

const dateFields = new Set<RosterField>(['dob', 'statusDate', 'start', 'tierDate', 'researchDate']);
const wordField =
  (most: number): CellReader =>
  (cell) =>
    short(textCell(cell), most);

function readersOf(
  sheet: Stripped<RosterField>,
  rules: { readonly today: string; readonly dateOrder: DateOrder | undefined; readonly known: ReadonlySet<string> },
): (field: RosterField) => CellReader {
  const column = (field: RosterField): readonly Cell[] => {
    const at = sheet.columns.findIndex((one) => one.field === field);
    return at === -1 ? [] : sheet.rows.map(({ cells }) => cells[at] ?? '');
  };
  const judges = new Map(
    (['patient', 'mrn'] as const).map((field) => [
      field,
      idJudge(column(field).map(textCell).filter((id) => id !== ''), rules.known), // prettier-ignore
    ]),
  );
  const idField =
    (field: 'patient' | 'mrn', most: number): CellReader =>
    (cell) => {
      const id = textCell(cell);
      const doubt = judges.get(field)?.(id);
      if (doubt !== undefined && doubt.code !== 'zeros-perhaps-lost') return { error: doubt };
      const told = short(id, most);
      return doubt === undefined || !('value' in told) ? told : { ...told, warning: doubt };
    };
  const m = words.sexOfM(column('sex').map(textCell));
  const readers: Partial<Record<RosterField, CellReader>> = {
    patient: idField('patient', 200),
    mrn: idField('mrn', 64),
    sex: (cell) =>
      orWarning(words.sex(textCell(cell), m), 'Is not understood as a sex (F, M; M alone may be mujer or male).'),
    phone: phone,
    phone2: phone,
    smsOk: (cell) => orWarning(words.yesNo(textCell(cell)), 'Is neither yes nor no.'),
    language: (cell) => orWarning(words.language(textCell(cell)), 'Is not understood as a language (es, en).'),
    postalCode: (cell) => {
      const found = postalCodeOf(textCell(cell));
      if (found === undefined) return { warning: unknownWord('Is not a postal code. It was left out.') };
      return {
        value: found.code,
        ...(found.repaired ? { warning: { code: 'zeros-lost', what: 'Had lost a zero in front, which was put back: a ZIP code has five digits.' } } : {}), // prettier-ignore
      };
    },
    status: (cell) => orError(words.programmeStatus(textCell(cell)), `Is not a status: ${words.programmeStatuses.join(', ')}.`), // prettier-ignore
    tier: (cell) => orError(words.tier(textCell(cell)) ?? tierOfYes(textCell(cell)), 'Is not a tier: high-need or regular.'), // prettier-ignore
    researchSample: (cell) => orError(words.yesNo(textCell(cell)), 'Is neither yes nor no.'),
    researchStatus: (cell) =>
      orError(words.researchStatus(textCell(cell)), 'Is not a status of consent: offered, consented, declined, withdrawn.'), // prettier-ignore
  };
  return (field) => {
    const reader = readers[field];
    if (reader !== undefined) return reader;
    if (!dateFields.has(field)) return wordField(200);
    const day = {
      order: rules.dateOrder ?? orderOf(column(field)),
      today: rules.today,
      birth: field === 'dob',
    };
    return (cell) => {
      const found = dayOf(cell, day);
      return found.ok ? { value: found.day } : { error: found };
    };
  };
}

const tierOfYes = (text: string): 'high-need' | 'regular' | undefined => {
  const yes = words.yesNo(text);
  return yes === undefined ? undefined : yes ? 'high-need' : 'regular';
};

const phone: CellReader = (cell) => {
  const text = textCell(cell);
  if (isMangled(text)) return { warning: { code: 'id-mangled', what: 'Was turned into a number by a spreadsheet. It was left out.' } }; // prettier-ignore
  const found = phoneOf(text);
  if (found === undefined) return { warning: unknownWord('Is not a telephone number. It was left out.') };
  return {
    value: found.phone,
    ...(found.short ? { warning: { code: 'phone-short', what: 'Has fewer than ten digits: some may be lost.' } } : {}),
  };
};

/** All rows of a stripped sheet. `known`: ids and MRNs that stand already, to tell lost zeros. */
export function readRows(
  sheet: Stripped<RosterField>,
  rules: { readonly today: string; readonly dateOrder: DateOrder | undefined; readonly known: ReadonlySet<string> },
): readonly ReadRow[] {
  const readerOf = readersOf(sheet, rules);
  const readers = sheet.columns.map(({ field }) => readerOf(field));
  return sheet.rows.map(({ number, cells }): ReadRow => {
    const errors: RowProblem[] = [];
    const warnings: RowProblem[] = [];
    const found: Partial<Record<RosterField, unknown>> = {};
    for (const [at, { header, field }] of sheet.columns.entries()) {
      const cell = cells[at] ?? '';
      const reader = readers[at];
      if (reader === undefined || (typeof cell === 'string' && textCell(cell) === '')) continue;
      const told = reader(cell);
      const place = { row: number, column: header };
      if ('error' in told) errors.push({ ...place, ...told.error });
      else {
        if (told.warning !== undefined) warnings.push({ ...place, code: told.warning.code, what: told.warning.what });
        if ('value' in told) found[field] = told.value;
      }
    }
    const { patient, phone: first, phone2: second, a1c: _, a1cDate: __, ...rest } = found;
    const phones = [...new Set([first, second].filter((one) => typeof one === 'string'))];
    return {
      row: number,
      sourcePatientId: typeof patient === 'string' ? patient : undefined,
      fields: { ...rest, ...(phones.length === 0 ? {} : { phones }) } as PersonFields,
      errors: errors.map(({ row, column, what, code }) => ({ row, ...(column === undefined ? {} : { column }), what, code })), // prettier-ignore
      warnings,
    };
  });
}
