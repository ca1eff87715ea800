/** What the ledger held at a moment, for a report that can be made again: facts that counted then, and what changed since. */
import type { PersonFact } from '../core/report.ts';
import type { ChangedSince } from '../core/story.ts';
import type { Queryable } from './statement.ts';

/** All facts that happened before `to` and counted at `asOf`. */
export async function factsAt(on: Queryable, to: Date, asOf: Date): Promise<readonly PersonFact[]> {
  const { rows } = await on.query<PersonFact>(
    `select patient_key::text as person, kind, key, said_at as at, data from fact
     where at < $1 and since <= $2 and (until is null or until > $2) order by fact.at, message_id, ordinal`,
    [to, asOf],
  );
  return rows;
}

/** Records that counted in this report, and count no longer or otherwise: they were amended, voided or moved. */
export async function changedSince(
  on: Queryable,
  period: { readonly from: Date; readonly to: Date },
  asOf: Date,
): Promise<readonly ChangedSince[]> {
  const { rows } = await on.query<ChangedSince>(
    `select f.source, f.record_id as "recordId", f.message_id::text as "messageId", max(f.until) as at,
       case when exists (select 1 from fact n where n.source = f.source and n.record_id = f.record_id and n.until is null)
         then 'amended' else 'voided' end as what
     from fact f
     where f.at >= $1 and f.at < $2 and f.since <= $3 and f.until > $3
     group by f.source, f.record_id, f.message_id order by max(f.until), f.message_id`,
    [period.from, period.to, asOf],
  );
  return rows;
}
