/** How many messages there are, by kind, state and cause. */
import type pg from 'pg';
import { isCause } from '../core/causes.ts';
import type { MessageState } from '../core/model.ts';
import type { MessageTally } from '../core/story.ts';

type Row = {
  readonly kind: string;
  readonly state: MessageState;
  readonly cause: string | null;
  readonly count: number;
};

/** Reads all messages: for one look now and then, not for a door. */
export async function tallyMessages(pool: pg.Pool): Promise<readonly MessageTally[]> {
  const { rows } = await pool.query<Row>(
    `select kind, state, cause, count(*)::int as count from message group by kind, state, cause
    union all select 'hl7v2 (not read yet)', 'received', null, count(*)::int from hl7_intake having count(*) > 0
    order by kind, state`,
  );
  return rows.map(({ kind, state, cause, count }) => ({
    kind,
    state,
    count,
    ...(cause === null || !isCause(cause) ? {} : { cause }),
  }));
}
