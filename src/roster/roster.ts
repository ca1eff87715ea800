/** The people of a roster: each once, with what contradicts set aside. */
import type { RowProblem, SheetNotice } from '../core/roster.ts';
import type { RosterField } from './columns.ts';
import { plainHeader } from './forbidden.ts';
import type { PersonField, PersonFields, ReadRow } from './person-row.ts';
import type { Stripped } from './strip.ts';
import { type Read, read, refused } from './table.ts';
import { programmeStatus } from './values.ts';

export type RosterPerson = {
  readonly row: number;
  /** Id at the source, or `mrn:…` where the roster has no ids. */
  readonly patient: string;
  readonly sourcePatientId: string | undefined;
  readonly fields: PersonFields;
};

export type Roster = {
  readonly people: readonly RosterPerson[];
  /** Everybody whom some row names, also rows that were set aside: nobody is removed for an error. */
  readonly named: ReadonlySet<string>;
  /** Rows that name nobody we could tell. */
  readonly nameless: number;
  readonly rows: number;
  readonly duplicates: number;
  readonly errors: readonly RowProblem[];
  readonly conflicts: readonly RowProblem[];
  readonly warnings: readonly RowProblem[];
  /** Which fields the file speaks of. */
  readonly fields: ReadonlySet<PersonField>;
};

export const patientKeyOf = (sourcePatientId: string | undefined, mrn: string | undefined): string | undefined =>
  sourcePatientId ?? (mrn === undefined ? undefined : `mrn:${mrn}`);

const fieldOfColumn = (field: RosterField): PersonField | undefined => {
  if (field === 'phone' || field === 'phone2') return 'phones';
  return field === 'patient' || field === 'a1c' || field === 'a1cDate' ? undefined : field;
};

/** Whether the sheet can be a roster at all; and columns that are not what their name says. */
export function rosterSheet(sheet: Stripped<RosterField>): Read<Stripped<RosterField>> {
  const notices: SheetNotice[] = [...sheet.notices];
  let { columns, rows } = sheet;
  // `Estado` is the status in the programme, or the state of an address: no cell of it is a status then.
  const at = columns.findIndex(({ field, header }) => field === 'status' && plainHeader(header) === 'estado');
  const told = rows.flatMap(({ cells }) => (typeof cells[at] === 'string' && cells[at] !== '' ? [cells[at]] : []));
  if (at !== -1 && told.length > 0 && told.every((cell) => programmeStatus(cell) === undefined)) {
    notices.push({
      code: 'columns-ignored',
      what: 'This column holds no status of the programme: it was read as a part of the address, and not stored.',
      columns: [columns[at]?.header ?? ''],
    });
    columns = columns.filter((_, index) => index !== at);
    rows = rows.map((row) => ({ ...row, cells: row.cells.filter((_, index) => index !== at) }));
  }
  const laboratory = columns.filter(({ field }) => field === 'a1c' || field === 'a1cDate').map(({ header }) => header);
  if (laboratory.length > 0) {
    notices.push({
      code: 'laboratory',
      what: 'A1c is not filed from a roster: it comes from the laboratory.',
      columns: laboratory,
    });
  }
  const fields = new Set(columns.map(({ field }) => field));
  if (!fields.has('patient') && !(fields.has('mrn') && fields.has('dob'))) {
    return refused(
      'no-identifier',
      'No column names the patient',
      'A roster needs source_patient_id (the id at the source), or mrn and dob.',
      { notices },
    );
  }
  return read({ ...sheet, columns, rows, notices });
}

const problem = (row: number, code: string, what: string, column?: string): RowProblem => ({
  row,
  ...(column === undefined ? {} : { column }),
  what,
  code,
});

const same = (a: PersonFields, b: PersonFields): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)] as PersonField[])].every(
    (field) => JSON.stringify(a[field]) === JSON.stringify(b[field]),
  );

export function rosterOf(sheet: Stripped<RosterField>, rows: readonly ReadRow[]): Roster {
  const columnOf = (field: RosterField): string | undefined =>
    sheet.columns.find((column) => column.field === field)?.header;
  const byPatient = new Map<string, RosterPerson[]>();
  const errors: RowProblem[] = [];
  const named = new Set<string>();
  let nameless = 0;
  for (const { row, sourcePatientId, fields, errors: wrong } of rows) {
    errors.push(...wrong);
    const patient = patientKeyOf(sourcePatientId, fields.mrn);
    if (patient === undefined) {
      nameless += 1;
      if (wrong.length === 0)
        errors.push(problem(row, 'no-identifier', 'Has no id of a patient.', columnOf('patient') ?? columnOf('mrn')));
      continue;
    }
    named.add(patient);
    if (sourcePatientId === undefined && fields.dob === undefined && wrong.length === 0) {
      errors.push(problem(row, 'no-dob', 'Without an id at the source, MRN and date of birth are both needed.', columnOf('dob'))); // prettier-ignore
      continue;
    }
    if (wrong.length > 0) continue;
    byPatient.set(patient, [...(byPatient.get(patient) ?? []), { row, patient, sourcePatientId, fields }]);
  }
  const conflicts: RowProblem[] = [];
  let duplicates = 0;
  const once = [...byPatient.values()].flatMap((group): readonly RosterPerson[] => {
    const [first, ...others] = group;
    if (first === undefined) return [];
    if (others.every((other) => same(other.fields, first.fields))) {
      duplicates += others.length;
      return [first];
    }
    for (const { row } of group)
      conflicts.push(problem(row, 'rows-contradict', 'Other rows of this file say something else of the same patient.', columnOf('patient'))); // prettier-ignore
    return [];
  });
  const byMrn = new Map<string, RosterPerson[]>();
  for (const person of once)
    if (person.fields.mrn !== undefined)
      byMrn.set(person.fields.mrn, [...(byMrn.get(person.fields.mrn) ?? []), person]);
  const shared = new Set([...byMrn.values()].filter((group) => group.length > 1).flat());
  for (const { row } of shared)
    conflicts.push(
      problem(row, 'mrn-shared', 'Another row of this file has this MRN with another id.', columnOf('mrn')),
    );
  return {
    people: once.filter((person) => !shared.has(person)),
    named,
    nameless,
    rows: rows.length,
    duplicates,
    errors,
    conflicts,
    warnings: [...sheet.warnings, ...rows.flatMap(({ warnings }) => warnings)],
    fields: new Set(sheet.columns.flatMap(({ field }) => fieldOfColumn(field) ?? [])),
  };
}
