/** An attendance sheet, from its bytes to one activity for each attendee: all of them accepted together, or none. */
import type { Activity } from '../core/activity.ts';
import type { AttendanceAnswer, AttendanceAsk } from '../core/attendance.ts';
import type { Incoming } from '../core/ports.ts';
import type { RowProblem } from '../core/roster.ts';
import { lockAttendance, seatsOf, takeSeats } from '../ledger/attendance.ts';
import { recordHeads } from '../ledger/rosters.ts';
import { inTransaction } from '../ledger/transaction.ts';
import { attendanceTable } from '../roster/attendance-json.ts';
import { type Attendance, attendanceOf, withdrawn } from '../roster/attendance.ts';
import type { Draft } from '../roster/enrolment.ts';
import { readSheet } from '../roster/read.ts';
import { headerOf, strip, type Stripped } from '../roster/strip.ts';
import { type Read, refused, type Sheet } from '../roster/table.ts';
import { type AttendanceField, attendanceFieldOf } from '../roster/columns.ts';
import { versioned } from '../roster/versions.ts';
import { instantOf } from '../sources/conversions.ts';
import { dayIn, type SheetParts } from './sheets.ts';

/** One commit takes no more; no class is larger. */
const mostAttendees = 500;

async function sheetOf(bytes: Uint8Array, json: boolean): Promise<Read<Sheet>> {
  if (!json) return readSheet(bytes, (rows) => headerOf(rows, attendanceFieldOf) !== undefined);
  try {
    return attendanceTable(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return refused('attendance-invalid', 'This is no JSON', 'Nothing was accepted. Send JSON, CSV or .xlsx.');
  }
}

export async function takeAttendance(
  parts: SheetParts,
  bytes: Uint8Array,
  json: boolean,
  ask: AttendanceAsk,
): Promise<AttendanceAnswer> {
  const sheet = await sheetOf(bytes, json);
  if (!sheet.ok) return { kind: 'refused', refusal: sheet.refusal };
  const table = strip(sheet.value, attendanceFieldOf);
  if (!table.ok) return { kind: 'refused', refusal: table.refusal };
  const read = attendanceOf(table.value, {
    source: ask.source,
    programmeId: parts.programmeId,
    today: dayIn(parts.timeZone, parts.clock()),
    dateOrder: ask.dateOrder,
    instant: (local) => instantOf(local, parts.timeZone),
  });
  if (!read.ok) return { kind: 'refused', refusal: read.refusal };
  const invalid = problemsOf(read.value, parts);
  if (invalid.length > 0) return { kind: 'refused', refusal: wrongRows(invalid) };
  return accepted(parts, table.value, read.value, ask);
}

const wrongRows = (problems: readonly RowProblem[]) => ({
  code: 'attendance-invalid',
  title: 'Rows of the sheet are not right',
  detail: 'Nothing was accepted: correct the rows that `rows` names, and send the whole sheet again.',
  problems,
});

function problemsOf({ drafts }: Attendance, { check }: SheetParts): readonly RowProblem[] {
  if (drafts.length > mostAttendees)
    return [{ row: 1, what: `More than ${mostAttendees} attendees in one session.`, code: 'too-many' }];
  return drafts.flatMap(
    ({ row, draft }) =>
    check(draft).map(({ where, what, code = 'invalid' }) => ({ row, column: where.split('/').at(-1) ?? where, what, code })), // prettier-ignore
  );
}

async function accepted(
  parts: SheetParts,
  table: Stripped<AttendanceField>,
  { series, session, rows, attended, drafts }: Attendance,
  ask: AttendanceAsk,
): Promise<AttendanceAnswer> {
  const name = { source: ask.source, series, session };
  const seats = drafts.map(({ draft }) => ({ recordId: draft.source.recordId, draft }));
  if (!ask.dryRun) await takeSeats(parts.pool, name, seats);
  return inTransaction(parts.pool, async (client): Promise<AttendanceAnswer> => {
    await lockAttendance(client, name);
    const taken = new Set(seats.map(({ recordId }) => recordId));
    const gone = (await seatsOf(client, name)).filter(({ recordId }) => !taken.has(recordId));
    const heads = await recordHeads(client, ask.source, [...taken, ...gone.map(({ recordId }) => recordId)]);
    const identify = (activity: Activity): Incoming =>
      parts.identify(activity, Buffer.from(JSON.stringify(activity)), 'application/json', ask.actor);
    const next = (draft: Draft): readonly Incoming[] => {
      const activity = versioned(draft, heads.get(draft.source.recordId), (one) => identify(one).record?.contentHash ?? ''); // prettier-ignore
      return activity === undefined ? [] : [identify(activity)];
    };
    const sent = seats.flatMap(({ draft }) => next(draft));
    // A seat that never became a record has nothing to take back.
    const voids = gone
      .filter(({ recordId }) => heads.has(recordId))
      .flatMap(({ draft }) => next(withdrawn(draft as Draft)));
    const report = {
      series,
      session,
      counts: {
        rows,
        attended,
        absent: drafts.length - attended,
        sent: sent.length,
        unchanged: drafts.length - sent.length,
        voided: voids.length,
      },
      notices: table.notices,
      warnings: table.warnings,
    };
    if (ask.dryRun) return { kind: 'dry-run', report };
    const receipts = sent.length + voids.length === 0 ? [] : await parts.accept([...sent, ...voids]);
    return { kind: 'taken', report, receipts };
  });
}
