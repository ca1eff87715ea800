/** Whether a destination takes work: paused by a person, or because it refused our credentials. Shared by all processes. */
import type { DestinationId } from '../core/model.ts';
import { type Queryable, statement } from './statement.ts';

export type DestinationPause = {
  readonly id: DestinationId;
  readonly paused: boolean;
  readonly reason?: string;
  readonly since: Date;
};

type Row = {
  readonly id: DestinationId;
  readonly paused: boolean;
  readonly reason: string | null;
  readonly since: Date;
};

const read = statement<Row>(
  'destination-read',
  'select id, paused, reason, since from destination where id = any($1::text[])',
);

/** Those that were ever paused; the others take work. */
export async function destinationPauses(
  on: Queryable,
  ids: readonly DestinationId[],
): Promise<readonly DestinationPause[]> {
  const rows = await read.run(on, [ids]);
  return rows.map(({ reason, ...row }) => ({ ...row, ...(reason === null ? {} : { reason }) }));
}

/** True when that changed something. Lanes of a paused destination are not claimed; resuming makes the wake-up look. */
export async function setPaused(
  on: Queryable,
  what: { readonly id: DestinationId; readonly paused: boolean; readonly reason?: string; readonly actor: string },
): Promise<boolean> {
  const { rowCount } = await on.query(
    `with changed as (
      insert into destination (id, paused, reason) values ($1, $2, $3)
      on conflict (id) do update set paused = excluded.paused, reason = excluded.reason, since = clock_timestamp()
        where destination.paused is distinct from excluded.paused
      returning id
    ), due as (
      -- What was tried before the pause does not wait out its back-off.
      update lane set due_at = clock_timestamp() from changed
      where not $2 and lane.destination = changed.id and lane.worker is null and lane.due_at > clock_timestamp()
    )
    insert into audit (actor, action, detail)
    select $4, case when $2 then 'pause' else 'resume' end, concat_ws(': ', id, $3) from changed`,
    [what.id, what.paused, what.reason ?? null, what.actor],
  );
  return (rowCount ?? 0) > 0;
}
