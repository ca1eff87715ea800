/**
 * The queue of codes that no ConceptMap lists: each once, with the messages it came in. A code is written down before
 * what became of its message is; when its ConceptMap has an answer, what is held for it goes on by itself.
 */
import type pg from 'pg';
import { labFormats } from '../core/lab/model.ts';
import type { MessageId } from '../core/model.ts';
import type { UnmappedCode } from '../core/ports.ts';
import type { UnmappedEntry } from '../core/story.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';
import { inTransaction } from './transaction.ts';

/** A key of an index takes 2,704 bytes; free text that came as a code is cut, with its display. */
const longest = 500;

const record = statement<Record<string, never>>(
  'unmapped-record',
  `with input as (
      select * from jsonb_to_recordset($1::jsonb) as x (
        concept_map text, system text, code text, display text, policy text, message_id bigint)
    ), code as (
      insert into unmapped_code (concept_map, system, code, display, policy)
      select distinct on (concept_map, system, code) concept_map, system, code, display, policy from input
      order by concept_map, system, code
      on conflict (concept_map, system, code) do update set last_seen_at = clock_timestamp(), policy = excluded.policy,
        display = coalesce(excluded.display, unmapped_code.display), answered_at = null
      returning id, concept_map, system, code
    )
    insert into unmapped_message (code_id, message_id)
    select distinct code.id, input.message_id from input join code using (concept_map, system, code)
    on conflict do nothing`,
);

/** Says which messages met which codes. Saying it twice changes nothing. */
export async function recordUnmapped(
  on: Queryable,
  found: readonly { readonly messageId: MessageId; readonly unmapped: readonly UnmappedCode[] }[],
): Promise<void> {
  const rows = found.flatMap(({ messageId, unmapped }) =>
    unmapped.map(({ conceptMap, system = '', code, display, policy }) => ({
      concept_map: conceptMap,
      system: system.slice(0, longest),
      code: code.slice(0, longest),
      display: display?.slice(0, longest),
      policy,
      message_id: messageId,
    })),
  );
  if (rows.length > 0) await record.run(on, [asJsonb(rows)]);
}

type Row = {
  id: string;
  concept_map: string;
  system: string;
  code: string;
  display: string | null;
  policy: UnmappedCode['policy'];
  first_seen_at: Date;
  last_seen_at: Date;
  messages: number;
  waiting: number;
  some: string[] | null;
};

const entryOf = (row: Row): UnmappedEntry => ({
  id: row.id,
  conceptMap: row.concept_map,
  ...(row.system === '' ? {} : { system: row.system }),
  code: row.code,
  ...(row.display === null ? {} : { display: row.display }),
  policy: row.policy,
  firstSeenAt: row.first_seen_at,
  lastSeenAt: row.last_seen_at,
  messages: row.messages,
  waiting: row.waiting,
  messageIds: (row.some ?? []) as MessageId[],
});

/** Open entries by ConceptMap, those with the most waiting messages first; with the newest ten messages of each. */
export async function listUnmapped(on: Queryable): Promise<readonly UnmappedEntry[]> {
  const { rows } = await on.query<Row>(
    `select c.id::text, c.concept_map, c.system, c.code, c.display, c.policy, c.first_seen_at, c.last_seen_at,
      count(m.id)::int as messages,
      count(m.id) filter (where m.state = 'held' and m.cause = 'mapping/unmapped-code')::int as waiting,
      (array_agg(m.id::text order by m.id desc))[1:10] as some
    from unmapped_code c
    left join unmapped_message u on u.code_id = c.id
    left join message m on m.id = u.message_id
    where c.answered_at is null
    group by c.id
    order by c.concept_map, waiting desc, messages desc, c.id`,
  );
  return rows.map(entryOf);
}

/**
 * Closes what has an answer by now and lets go on what is held for it, in its old place of its lane. A laboratory result that
 * was filed with the sender's own code is filed anew with the answer, under the same artifact; an activity that was filed by
 * a policy stays as it is. Returns how many codes were closed, and how many messages go on.
 */
export function settleUnmapped(
  pool: pg.Pool,
  answered: (code: UnmappedCode) => boolean,
): Promise<{ readonly codes: number; readonly messages: number }> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<Row>(
      `select id::text, concept_map, system, code, display, policy from unmapped_code where answered_at is null
       order by id for update`,
    );
    const ids = rows
      .filter(({ concept_map, system, code, policy }) =>
        answered({ conceptMap: concept_map, code, policy, ...(system === '' ? {} : { system }) }),
      )
      .map(({ id }) => id);
    if (ids.length === 0) return { codes: 0, messages: 0 };
    const { rows: released } = await client.query<{ message_id: string }>(
      `with closed as (
        update unmapped_code set answered_at = clock_timestamp() where id = any($1::bigint[]) returning id
      ), waiting as materialized (
        select distinct message_id from unmapped_message where code_id in (select id from closed)
      ), released as (
        update delivery set state = 'due', cause = null, due_at = null,
          attempts = case when delivery.state = 'filed' then 0 else attempts end,
          first_attempt_at = case when delivery.state = 'filed' then null else first_attempt_at end
        from waiting join message m on m.id = waiting.message_id
        where delivery.message_id = waiting.message_id
          and (delivery.state = 'held' and delivery.cause = 'mapping/unmapped-code'
            -- What retention has taken cannot be made again: it stays as it is.
            or delivery.state = 'filed' and m.format = any($2::text[])
              and (exists (select 1 from payload p where p.message_id = m.id)
                or exists (select 1 from payload_kept k where k.message_id = m.id)))
        returning delivery.message_id, destination, lane
      ), shown as (
        update message set state = 'received', cause = null, changed_at = clock_timestamp()
        where id in (select message_id from released) and state in ('held', 'filed')
      ), told as (
        insert into event (message_id, state, actor, detail)
        select distinct message_id, 'received', 'system', 'The ConceptMap has an answer.' from released
      ), woken as (
        -- While a worker holds the lease, due_at is its end and must stay; it sees the change when it finishes.
        insert into lane (destination, patient_key, due_at, changes)
        select destination, lane, clock_timestamp(), 1 from released group by destination, lane
        on conflict (destination, patient_key) do update set changes = lane.changes + 1,
          due_at = case when lane.worker is null then least(lane.due_at, clock_timestamp()) else lane.due_at end
      )
      select distinct message_id::text from released`,
      [ids, labFormats],
    );
    return { codes: ids.length, messages: released.length };
  });
}
