/** Who has a place on which attendance sheet, so that a corrected sheet can take back who is no longer on it. */
import { asJsonb } from './storable.ts';
import type { Queryable } from './statement.ts';

export type Seat = { readonly recordId: string; readonly draft: unknown };

export type SheetName = { readonly source: string; readonly series: string; readonly session: number };

/** One sheet of a session at a time: held to the end of the transaction. */
export async function lockAttendance(on: Queryable, { source, series, session }: SheetName): Promise<void> {
  await on.query(`select pg_advisory_xact_lock(hashtext('tejido.attendance'), hashtext($1))`, [
    `${source}\n${series}\n${session}`,
  ]);
}

/** Before they are accepted: a seat without a record is harmless, a record without a seat could never be taken back. */
export async function takeSeats(
  on: Queryable,
  { source, series, session }: SheetName,
  seats: readonly Seat[],
): Promise<void> {
  await on.query(
    `insert into attendance_seat as s (source, series, session, record_id, draft)
     select $1, $2, $3, x."recordId", x.draft from jsonb_to_recordset($4::jsonb) as x ("recordId" text, draft jsonb)
     on conflict (source, series, session, record_id) do update set draft = excluded.draft`,
    [source, series, session, asJsonb(seats)],
  );
}

export async function seatsOf(on: Queryable, { source, series, session }: SheetName): Promise<readonly Seat[]> {
  const { rows } = await on.query<Seat>(
    `select record_id as "recordId", draft from attendance_seat
     where source = $1 and series = $2 and session = $3 order by record_id`,
    [source, series, session],
  );
  return rows;
}
