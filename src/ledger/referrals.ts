/** The board of community referrals: of each what was said last, by the facts that stand. */
import type { PatientKey } from '../core/model.ts';
import type { Referral, ReferralFilter } from '../core/story.ts';
import { type Queryable, statement } from './statement.ts';

type Row = {
  patient_key: PatientKey;
  key: string;
  category: string | null;
  status: string;
  outcome: string | null;
  service: string | null;
  requested_at: Date;
  changed_at: Date;
  age_days: number;
};

const read = statement<Row>(
  'referral-list',
  `with said as (
      select patient_key, key, at, message_id, data from fact
      where kind = 'referral' and until is null and ($1::uuid is null or patient_key = $1)
    ), board as (
      select patient_key, key, min(at) as requested_at, max(at) as changed_at,
        (array_agg(data->>'category' order by at desc, message_id desc) filter (where data ? 'category'))[1] as category,
        (array_agg(data->>'status' order by at desc, message_id desc) filter (where data ? 'status'))[1] as status,
        (array_agg(data->>'outcome' order by at desc, message_id desc) filter (where data ? 'outcome'))[1] as outcome,
        (array_agg(data->>'serviceId' order by at desc, message_id desc) filter (where data ? 'serviceId'))[1] as service
      from said group by patient_key, key
    )
    select *, extract(day from clock_timestamp() - requested_at)::int as age_days from board
    where ($2::text is null or status = $2) and ($3::text is null or category = $3)
    order by requested_at, key limit $4`,
);

/** Oldest first. */
export async function listReferrals(on: Queryable, filter: ReferralFilter): Promise<readonly Referral[]> {
  const { patient = null, state = null, category = null, limit = 200 } = filter;
  const rows = await read.run(on, [patient, state, category, limit]);
  return rows.map((row) => ({
    patientKey: row.patient_key,
    referralId: row.key,
    state: row.status,
    requestedAt: row.requested_at,
    changedAt: row.changed_at,
    ageDays: row.age_days,
    ...(row.category === null ? {} : { category: row.category }),
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    // Of a legal need nothing but that.
    ...(row.service === null || row.category === 'legal' ? {} : { service: row.service }),
  }));
}
