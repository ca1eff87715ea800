/**
 * One attendance sheet becomes one activity for each attendee. Nothing of one attendee stands in the activity of another,
 * also not how many there were.
 */
import type { DateOrder, RowProblem } from '../core/roster.ts';
import type { AttendanceField } from './columns.ts';
import { dayOf, orderOf } from './dates.ts';
import type { Draft } from './enrolment.ts';
import { isMangled } from './ids.ts';
import { patientKeyOf } from './roster.ts';
import type { Stripped } from './strip.ts';
import { type Cell, type Read, read, refused, type SheetRow } from './table.ts';
import { attendance as attendedWord, language, whole } from './values.ts';

export type Attendance = {
  readonly series: string;
  readonly session: number;
  readonly rows: number;
  readonly attended: number;
  readonly drafts: readonly { readonly row: number; readonly draft: Draft }[];
};

export type AttendanceRules = {
  readonly source: string;
  readonly programmeId: string;
  readonly today: string;
  readonly dateOrder: DateOrder | undefined;
  /** A time of the clock on the wall, where the programme works, with its offset: `2026-05-06T18:00`. */
  readonly instant: (local: string) => string | undefined;
};

const textOf = (cell: Cell | undefined): string => {
  if (cell === undefined) return '';
  return typeof cell === 'string' ? cell.replaceAll(/\s+/g, ' ').trim() : cell.toISOString().slice(0, 16);
};

/** What holds for the whole session: the same in all rows that say it. */
const ofSession = ['series', 'session', 'date', 'start', 'minutes', 'site', 'facilitator', 'topics'] as const;
type SessionField = (typeof ofSession)[number];
type Session = Readonly<Partial<Record<SessionField, string>>>;

/** 18:00, 6:00 pm, 6 p.m.; or the time of a cell that Excel keeps as a date. */
export function clockOf(text: string): string | undefined {
  const found = /(?:^|T)(\d{1,2})(?:[:.h](\d{2}))?(?::\d{2})?\s*(?:([ap])\.?\s*m\.?)?$/i.exec(text.trim());
  if (found === null) return undefined;
  const [, hourText = '', minute = '00', half] = found;
  const read = Number(hourText);
  if (half !== undefined && (read < 1 || read > 12)) return undefined;
  const hour = half === undefined ? read : (read % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  return hour > 23 || Number(minute) > 59 ? undefined : `${String(hour).padStart(2, '0')}:${minute}`;
}

/** A dot divides series from session in the id of a record; one inside the series is written otherwise. */
const seriesInId = (series: string): string => series.replaceAll('%', '%25').replaceAll('.', '%2E');

export const recordIdOf = (series: string, session: number, patient: string): string =>
  `${seriesInId(series)}.${session}.${patient}`;

/** The whole sheet, or every row that is wrong. */
export function attendanceOf(sheet: Stripped<AttendanceField>, rules: AttendanceRules): Read<Attendance> {
  const problems: RowProblem[] = [];
  const places = new Map(sheet.columns.map(({ field, header }, at) => [field, { at, header }]));
  const cell = (row: SheetRow, field: AttendanceField): string => {
    const place = places.get(field);
    return place === undefined ? '' : textOf(row.cells[place.at]);
  };
  const wrong = (row: number, field: AttendanceField, code: string, what: string): undefined => {
    problems.push({ row, column: places.get(field)?.header ?? field, what, code });
  };
  const session: Partial<Record<SessionField, string>> = {};
  for (const row of sheet.rows) {
    for (const field of ofSession) {
      const text = cell(row, field);
      if (text === '') continue;
      if (session[field] === undefined) session[field] = text;
      else if (session[field] !== text)
        wrong(row.number, field, 'another-session', 'Says something else of the session than the rows above: one sheet is one session.'); // prettier-ignore
    }
  }
  const top = sheet.rows[0]?.number ?? 1;
  const held = sessionOf(session, sheet, rules, (field, code, what) => wrong(top, field, code, what));
  const seats = new Map<string, { row: number; text: string; draft: Draft }>();
  let attended = 0;
  for (const row of sheet.rows) {
    const seat = seatOf(row, cell, (field, code, what) => wrong(row.number, field, code, what), rules, sheet);
    if (seat === undefined || held === undefined) continue;
    const draft = draftOf(seat, held, rules);
    const text = JSON.stringify(draft);
    const before = seats.get(seat.patient);
    if (before !== undefined && before.text !== text)
      wrong(row.number, 'patient', 'rows-contradict', 'Another row of this sheet says something else of the same patient.'); // prettier-ignore
    if (before === undefined) {
      seats.set(seat.patient, { row: row.number, text, draft });
      if (seat.attended !== 'no') attended += 1;
    }
  }
  if (sheet.rows.length === 0) wrong(top, 'patient', 'no-rows', 'Has no attendees.');
  if (problems.length > 0 || held === undefined) {
    return refused(
      'attendance-invalid',
      'Rows of the sheet are not right',
      'Nothing was accepted: correct the rows that `rows` names, and send the whole sheet again.',
      { problems },
    );
  }
  return read({
    series: held.series,
    session: held.session,
    rows: sheet.rows.length,
    attended,
    drafts: [...seats.values()].map(({ row, draft }) => ({ row, draft })),
  });
}

type Held = {
  readonly series: string;
  readonly session: number;
  readonly occurredAt: string;
  readonly minutes: number | undefined;
  readonly site: string | undefined;
  readonly facilitator: string | undefined;
  readonly topics: readonly string[];
};

type Complain<F> = (field: F, code: string, what: string) => undefined;

function sessionOf(
  given: Session,
  sheet: Stripped<AttendanceField>,
  rules: AttendanceRules,
  wrong: Complain<SessionField>,
): Held | undefined {
  const { series = '', session = '', date = '', start, minutes, site, facilitator, topics } = given;
  const number = whole(session);
  const length = minutes === undefined ? undefined : whole(minutes);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(series))
    return wrong('series', 'series-invalid', 'Needs the id of the series: letters, digits, dot, underscore, hyphen; at most 64.'); // prettier-ignore
  if (number === undefined || number < 1 || number > 4)
    return wrong('session', 'session-invalid', 'Needs the number of the session, 1 to 4.');
  if (minutes !== undefined && length === undefined)
    return wrong('minutes', 'minutes-invalid', 'Is not a number of minutes.');
  const at = sheet.columns.findIndex(({ field }) => field === 'date');
  const cells = sheet.rows.flatMap(({ cells: all }) => all[at] ?? []);
  const day =
    date === ''
      ? undefined
      : dayOf(/^\d{4}-\d{2}-\d{2}T/.test(date) ? date.slice(0, 10) : date, {
          order: rules.dateOrder ?? orderOf(cells),
          today: rules.today,
          birth: false,
        });
  if (day === undefined) return wrong('date', 'date-missing', 'Needs the day of the session.');
  if (!day.ok) return wrong('date', day.code, day.what);
  const clock = start === undefined ? '12:00' : clockOf(start);
  const occurredAt = clock === undefined ? undefined : rules.instant(`${day.day}T${clock}`);
  if (occurredAt === undefined) return wrong('start', 'time-unreadable', 'Is not a time: write it as 18:00.');
  return {
    series,
    session: number,
    occurredAt,
    minutes: length,
    site,
    facilitator,
    topics: (topics ?? '').split(/[;|,]/).map((one) => one.trim()).filter((one) => one !== ''), // prettier-ignore
  };
}

type Seat = {
  readonly patient: string;
  readonly sourcePatientId: string | undefined;
  readonly mrn: string | undefined;
  readonly dob: string | undefined;
  readonly attended: 'yes' | 'no' | 'partial';
  readonly minutesAttended: number | undefined;
  readonly makeupFor: number | undefined;
  readonly language: string | undefined;
};

function seatOf(
  row: SheetRow,
  cell: (row: SheetRow, field: AttendanceField) => string,
  wrong: Complain<AttendanceField>,
  rules: AttendanceRules,
  sheet: Stripped<AttendanceField>,
): Seat | undefined {
  const told = (field: AttendanceField): string | undefined => {
    const text = cell(row, field);
    return text === '' ? undefined : text;
  };
  const [sourcePatientId, mrn, birth] = [told('patient'), told('mrn'), told('dob')];
  const patient = patientKeyOf(sourcePatientId, mrn);
  if (patient === undefined) return wrong('patient', 'no-identifier', 'Has no id of a patient.');
  if (isMangled(patient) || patient.length > 150)
    return wrong('patient', 'id-mangled', 'Is no id of a patient any more: format the column as text.');
  let dob: string | undefined;
  if (birth !== undefined) {
    const at = sheet.columns.findIndex(({ field }) => field === 'dob');
    const order = rules.dateOrder ?? orderOf(sheet.rows.flatMap(({ cells }) => cells[at] ?? []));
    const day = dayOf(birth.slice(0, 10), { order, today: rules.today, birth: true });
    if (!day.ok) return wrong('dob', day.code, day.what);
    dob = day.day;
  }
  if (sourcePatientId === undefined && dob === undefined)
    return wrong('dob', 'no-dob', 'Without an id at the source, MRN and date of birth are both needed.');
  const attended = attendedWord(cell(row, 'attended'));
  if (attended === undefined) return wrong('attended', 'word-unknown', 'Must be y, n or partial.');
  const number = (field: AttendanceField, most: number): number | undefined => {
    const text = told(field);
    if (text === undefined) return undefined;
    const found = whole(text);
    if (found === undefined || found > most) wrong(field, 'number-invalid', `Must be a whole number up to ${most}.`);
    return found;
  };
  const minutesAttended = number('minutesAttended', 1_440);
  if (attended === 'partial' && minutesAttended === undefined)
    return wrong('minutesAttended', 'minutes-missing', 'Who came in part needs the minutes.');
  const makeupFor = number('makeupFor', 4);
  if (makeupFor === 0) return wrong('makeupFor', 'number-invalid', 'Must be the number of a session, 1 to 4.');
  const spoken = told('language');
  return {
    patient,
    sourcePatientId,
    mrn,
    dob,
    attended,
    minutesAttended,
    makeupFor,
    language: spoken === undefined ? undefined : language(spoken),
  };
}

const statusOf = { yes: 'completed', partial: 'partial', no: 'not-done' } as const;

const defined = (part: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));

function draftOf(seat: Seat, held: Held, { source, programmeId }: AttendanceRules): Draft {
  const came = seat.attended !== 'no';
  return {
    schemaVersion: '1.0',
    activityType: 'dsme.group-session',
    programmeId,
    status: statusOf[seat.attended],
    source: { systemId: source, recordId: recordIdOf(held.series, held.session, seat.patient) },
    occurredAt: held.occurredAt,
    ...defined({ language: seat.language }),
    subject: defined({ sourcePatientId: seat.sourcePatientId, mrn: seat.mrn, dob: seat.dob }),
    performer: { sourceUserId: held.facilitator ?? 'attendance-import' },
    mode: 'group',
    details: defined({
      series: held.series,
      sessionNo: held.session,
      attended: seat.attended,
      minutes: held.minutes,
      minutesAttended: came ? seat.minutesAttended : undefined,
      makeupFor: came ? seat.makeupFor : undefined,
      topics: came && held.topics.length > 0 ? held.topics : undefined,
      site: held.site,
    }),
  };
}

/** Who is no longer on the sheet was written down by mistake. */
export const withdrawn = (draft: Draft): Draft => ({ ...draft, status: 'entered-in-error', voidReason: 'mistaken' });
