/**
 * The work list: what a person does in the chart. Written down before what became of its message is, in a way that
 * writing it twice changes nothing: a worker that dies in between leaves an entry, not a message without one.
 */
import type pg from 'pg';
import type { Completed } from '../core/lane.ts';
import type { DestinationId, MessageId } from '../core/model.ts';
import type { WorkItem, WorkItemDone, WorkItemFilter } from '../core/story.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';
import { inTransaction } from './transaction.ts';

/** `last`: the item that counts. `entered`: what a person entered, and has not removed. Only while the lease is ours. */
const about = `input as (
      select x.* from jsonb_to_record($1::jsonb) as x (
        destination text, artifact text, kind text, lines text[], message_id bigint, patient_key uuid, token bigint)
      join lane on lane.destination = x.destination and lane.patient_key = x.patient_key and lane.lease_token = x.token
    ), last as (
      select w.* from work_item w join input on w.destination = input.destination and w.artifact = input.artifact
      where w.state <> 'withdrawn' order by w.id desc limit 1 for update of w
    ), entered as (
      select done.* from (
        select w.kind, w.lines from work_item w
        join input on w.destination = input.destination and w.artifact = input.artifact
        where w.state = 'done' order by w.id desc limit 1) as done
      where done.kind <> 'remove'
    )`;

const want = statement<Record<string, never>>(
  'work-list-want',
  `with ${about}, same as (
      select 1 from last, input where last.lines = input.lines and (last.kind = 'remove') = (input.kind = 'remove')
    ), ended as (
      update work_item set state = 'withdrawn', ended_at = clock_timestamp()
      from last where work_item.id = last.id and last.state = 'open' and not exists (select 1 from same)
    )
    insert into work_item (destination, artifact, kind, lines, message_id, patient_key)
    select destination, artifact,
      case when kind = 'enter' and exists (select 1 from entered) then 'correct' else kind end, lines, message_id, patient_key
    from input where not exists (select 1 from same)`,
);

const withdraw = statement<Record<string, never>>(
  'work-list-withdraw',
  `with ${about}, ended as (
      update work_item set state = 'withdrawn', ended_at = clock_timestamp()
      from last where work_item.id = last.id and last.state = 'open' and last.kind <> 'remove'
    )
    insert into work_item (destination, artifact, kind, lines, message_id, patient_key)
    select input.destination, input.artifact, 'remove', entered.lines, input.message_id, input.patient_key
    from input, entered where not exists (select 1 from last where kind = 'remove')`,
);

/** Writes the entries of what was completed. */
export async function recordWorkList(on: Queryable, completed: readonly Completed[]): Promise<void> {
  for (const { lane, messageId, workList = [] } of completed) {
    for (const entry of workList) {
      const row = {
        destination: lane.destination,
        artifact: entry.artifact,
        kind: entry.do,
        lines: entry.do === 'withdraw' ? [] : entry.lines,
        message_id: messageId,
        patient_key: lane.patientKey,
        token: lane.token,
      };
      await (entry.do === 'withdraw' ? withdraw : want).run(on, [asJsonb(row)]);
    }
  }
}

type Row = {
  id: string;
  destination: DestinationId;
  kind: WorkItem['kind'];
  state: WorkItem['state'];
  lines: string[];
  message_id: string;
  patient: string | null;
  mrn: string | null;
  created_at: Date;
  ended_at: Date | null;
  actor: string | null;
  reference: string | null;
};

const itemOf = (row: Row): WorkItem => ({
  id: row.id,
  destination: row.destination,
  kind: row.kind,
  state: row.state,
  lines: row.lines,
  messageId: row.message_id as MessageId,
  createdAt: row.created_at,
  ...(row.patient === null ? {} : { patient: row.patient }),
  ...(row.mrn === null ? {} : { mrn: row.mrn }),
  ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
  ...(row.actor === null ? {} : { actor: row.actor }),
  ...(row.reference === null ? {} : { reference: row.reference }),
});

const list = statement<Row>(
  'work-list-list',
  `select w.id::text, w.destination, w.kind, w.state, w.lines, w.message_id::text, e.reference as patient,
      (select value from identity i where i.patient_key = w.patient_key and i.system = 'mrn' limit 1) as mrn,
      w.created_at, w.ended_at, w.actor, w.reference
    from work_item w
    left join ehr_patient e on e.destination = w.destination and e.patient_key = w.patient_key
    where ($1::text is null or w.state = $1) and ($2::bigint is null or w.message_id = $2) and ($3::bigint is null or w.id = $3)
      and ($4::bigint is null or w.id > $4)
    order by w.id limit $5`,
);

/** Oldest first: what waits longest is done first. */
export async function listWorkItems(on: Queryable, filter: WorkItemFilter): Promise<readonly WorkItem[]> {
  const rows = await list.run(on, [
    filter.state ?? null,
    filter.messageId ?? null,
    filter.id ?? null,
    filter.after ?? null,
    Math.min(filter.limit ?? 50, 500),
  ]);
  return rows.map(itemOf);
}

/** A person did it. Its links say so, and the audit who. */
export function finishWorkItem(
  pool: pg.Pool,
  id: string,
  actor: string,
  reference: string | undefined,
): Promise<WorkItemDone> {
  return inTransaction(pool, async (client): Promise<WorkItemDone> => {
    const { rows } = await client.query<{
      state: string;
      kind: string;
      artifact: string;
      destination: string;
      message_id: string;
    }>('select state, kind, artifact, destination, message_id::text from work_item where id = $1 for update', [id]);
    const [item] = rows;
    if (item === undefined) return { ok: false, refused: 'There is no such entry.' };
    if (item.state === 'done') return { ok: false, refused: 'It is done already.' };
    if (item.state === 'withdrawn')
      return { ok: false, refused: 'It was withdrawn, or another entry took its place: see the list.' };
    await client.query(
      `with done as (
        update work_item set state = 'done', ended_at = clock_timestamp(), actor = $2, reference = $3 where id = $1
      ), linked as (
        update link set version_id = 'done' where destination = $4 and tier = 'work-list' and reference = 'WorkItem/' || $5::text
          and $7 <> 'remove'
      )
      insert into audit (actor, action, message_id, detail) values ($2, 'work-list-done', $6, 'entry ' || $1::text)`,
      [id, actor, reference ?? null, item.destination, item.artifact, item.message_id, item.kind],
    );
    return { ok: true };
  });
}
