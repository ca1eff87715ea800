/** The statements of the lanes: claim, extend, complete, finish, and the looks of sweep and watchdog. */
import type { Work } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { statement } from './statement.ts';

export type ClaimRow = {
  patient_key: PatientKey;
  lease_token: string;
  changes: string;
  failed_from: string | null;
  has_held: boolean;
  message_id: string | null;
  attempts: number;
  deaths: number;
  elapsed_ms: number | null;
  doubt: boolean;
  anew: boolean;
  source: string;
  record_id: string | null;
  kind: string;
  format: string;
  content_type: string;
  received_at: Date;
  identifiers: Work['identifiers'] | null;
  body: Buffer | null;
  released: Work['released'];
  latest_message: string | null;
  generation: number | null;
  record_patient: PatientKey | null;
  voided_by: string | null;
};

/**
 * How much is open changes too fast for the planner to know, and its plans are kept: each row is found by its whole
 * primary key, and nothing here may make it walk what is open. So the states are told by what they are not.
 */
const isOpen = `delivery.state not in ('filed', 'held', 'failed', 'superseded', 'voided')`;

export const claimLanes = statement<ClaimRow>(
  'lane-claim',
  `with picked as materialized (
      select destination, patient_key from lane
      where destination = $1 and due_at <= clock_timestamp()
        and not exists (select 1 from destination where id = $1 and paused)
      order by due_at limit $2 for update skip locked
    ), leased as (
      update lane set due_at = clock_timestamp() + $3 * interval '1 ms', worker = $4,
        lease_token = lease_token + 1
      from picked where lane.destination = picked.destination and lane.patient_key = picked.patient_key
      returning lane.destination, lane.patient_key, lane.lease_token, lane.changes
    ), lanes as materialized (
      select l.*,
        (select min(message_id) from delivery s
          where s.destination = l.destination and s.lane = l.patient_key and s.state = 'failed') as failed_from,
        exists (select 1 from delivery s
          where s.destination = l.destination and s.lane = l.patient_key and s.state = 'held') as has_held
      from leased l
    ), work as materialized (
      select l.destination, l.patient_key, d.*,
        d.message_id = min(d.message_id) filter (where d.state = 'filing') over (partition by l.patient_key) as tried
      from leased l cross join lateral (
        select message_id, state, doubt, anew, first_attempt_at from delivery
        where destination = l.destination and lane = l.patient_key and state in ('due', 'filing')
        order by message_id limit $5) d
    ), taken as (
      -- Found in 'filing': a worker died with it. For the first of its lane, which it was at, that counts as a death:
      -- a message that kills would else kill for ever.
      update delivery set state = 'filing', doubt = delivery.doubt or work.state = 'filing', deaths = delivery.deaths + case when work.tried then 1 else 0 end,
        first_attempt_at = coalesce(delivery.first_attempt_at, clock_timestamp())
      -- The state again: a newer version may have taken its place between the look and the mark.
      from work where delivery.message_id = work.message_id and delivery.destination = work.destination and ${isOpen}
      returning work.*, delivery.attempts, delivery.deaths
    ), told as materialized (
      select w.patient_key, w.message_id, w.attempts, w.deaths, w.first_attempt_at, w.state = 'filing' or w.doubt as doubt, w.anew,
        m.source, m.record_id, m.kind, m.format, m.content_type, m.received_at, m.identifiers,
        coalesce(p.body, kept.body) as body,
        (select coalesce(array_agg(a.detail), '{}') from audit a
          where a.message_id = m.id and a.action = 'release' and a.detail is not null) as released,
        r.latest_message, r.generation, r.patient_key as record_patient, r.voided_by
      from taken w
      left join lateral (select * from message where id = w.message_id offset 0) as m on true
      left join lateral (
        select body from payload where message_id = m.id and received_at = m.received_at offset 0) as p on true
      left join lateral (select body from payload_kept where message_id = m.id offset 0) as kept on true
      left join lateral (
        select * from record where source = m.source and record_id = m.record_id offset 0) as r on true
    )
    select l.patient_key, l.lease_token::text, l.changes::text, l.failed_from::text, l.has_held,
      t.message_id::text, t.attempts, t.deaths,
      (extract(epoch from clock_timestamp() - t.first_attempt_at) * 1000)::float8 as elapsed_ms,
      t.doubt, t.anew, t.source, t.record_id, t.kind, t.format, t.content_type, t.received_at, t.identifiers, t.body, t.released,
      t.latest_message::text, t.generation, t.record_patient, t.voided_by::text
    from lanes l left join told t on t.patient_key = l.patient_key
    order by l.patient_key, t.message_id`,
);

export const extend = statement<{ patient_key: PatientKey }>(
  'lane-extend',
  `update lane set due_at = clock_timestamp() + $1 * interval '1 ms'
    from unnest($2::uuid[], $3::bigint[]) as held (patient_key, token)
    where lane.destination = $4 and lane.patient_key = held.patient_key and lane.lease_token = held.token
    returning lane.patient_key`,
);

export const completeMessages = statement<{ message_id: string; destination: string; overlooked: boolean }>(
  'lane-complete',
  `with input as (
      select x.* from jsonb_to_recordset($1::jsonb) as x (
        message_id bigint, destination text, patient_key uuid, token bigint, state text, delivery_state text, cause text,
        detail text, issues jsonb, attempted boolean, number int, started_at timestamptz, duration_ms int,
        mapping_version text, ambiguous boolean, void_source text, void_record text, reference text, display text)
      join lane on lane.destination = x.destination and lane.patient_key = x.patient_key and lane.lease_token = x.token
    ), new_delivery as (
      update delivery set state = input.delivery_state, cause = input.cause, deaths = 0, mapping_version = input.mapping_version,
        doubt = input.delivery_state in ('due', 'held', 'failed') and (delivery.doubt or input.ambiguous),
        anew = delivery.anew and input.delivery_state = 'due',
        attempts = delivery.attempts + case when input.attempted then 1 else 0 end
      from input where delivery.message_id = input.message_id and delivery.destination = input.destination
    ), summary as (
      select input.message_id, min(input.cause) as cause,
        case min(case s.state when 'failed' then 1 when 'held' then 2 when 'due' then 3 when 'filing' then 3
             when 'filed' then 4 when 'voided' then 5 else 6 end)
          when 1 then 'failed' when 2 then 'held' when 3 then 'received' when 4 then 'filed' when 5 then 'voided' else 'superseded' end as state
      from input cross join lateral (
        select input.delivery_state as state
        union all
        select d.state from delivery d where d.message_id = input.message_id and d.destination <> input.destination) s
      group by input.message_id
    ), new_message as (
      update message set state = summary.state, cause = summary.cause, changed_at = clock_timestamp()
      from summary where message.id = summary.message_id
        and (message.state, message.cause) is distinct from (summary.state, summary.cause)
    ), voided as (
      update message set state = 'voided', changed_at = clock_timestamp() from input
      where input.state = 'filed' and message.source = input.void_source and message.record_id = input.void_record
        and message.state = 'filed' and message.id <> input.message_id
      returning message.id, input.message_id as by
    ), new_event as (
      insert into event (message_id, state, cause, detail, issues, actor)
      select message_id, case state when 'again' then 'received' else state end, cause, detail, issues, 'system' from input
      union all
      select id, 'voided', null, 'by message ' || by, null, 'system' from voided
    ), new_patient as (
      insert into ehr_patient (destination, patient_key, reference, display)
      select distinct on (destination, patient_key) destination, patient_key, reference, display from input where reference is not null
        and exists (select 1 from patient p where p.key = input.patient_key)
      order by destination, patient_key
      on conflict (destination, patient_key) do update set reference = excluded.reference, display = excluded.display
        where ehr_patient.reference is distinct from excluded.reference
    ), new_link as (
      insert into link (destination, artifact, message_id, source, record_id, patient_key, resource_type, reference,
        version_id, action, tier, owned, sent)
      select x.destination, x.artifact, x.message_id, x.source, x.record_id, x.patient_key, x.resource_type, x.reference,
        x.version_id, x.action, x.tier, x.owned, x.sent
      from jsonb_to_recordset($2::jsonb) as x (
        message_id bigint, destination text, patient_key uuid, token bigint, source text, record_id text, artifact text,
        resource_type text, reference text, version_id text, action text, tier text, owned text[], sent jsonb)
      join input on input.message_id = x.message_id and input.destination = x.destination
      on conflict (destination, artifact, message_id) do update set reference = excluded.reference,
        version_id = excluded.version_id, action = excluded.action, tier = excluded.tier, owned = excluded.owned,
        sent = excluded.sent, at = excluded.at
    ), said as materialized (
      -- Another destination may have said it before: once is enough, and what came after it stays.
      select x.*, input.patient_key from jsonb_to_recordset($6::jsonb) as x (
        message_id bigint, destination text, source text, record_id text, facts jsonb)
      join input on input.message_id = x.message_id and input.destination = x.destination
      where not exists (select 1 from fact f where f.message_id = x.message_id)
    ), unsaid as (
      update fact set until = clock_timestamp() from said
      where fact.source = said.source and fact.record_id = said.record_id and fact.until is null
        and fact.message_id < said.message_id
    ), new_fact as (
      insert into fact (message_id, ordinal, patient_key, source, record_id, kind, key, at, said_at, data)
      select said.message_id, f.ordinal, said.patient_key, said.source, said.record_id, f.fact ->> 'kind', f.fact ->> 'key',
        (f.fact ->> 'at')::timestamptz, f.fact ->> 'at', f.fact -> 'data'
      from said cross join jsonb_array_elements(said.facts) with ordinality as f (fact, ordinal)
      on conflict do nothing
    ), new_lab as (
      insert into lab_version (destination, artifact, message_id, patient_key, source, record_id, report, key, resource_type,
        order_value, order_system, placer_value, placer_system, service, collected, status, final, rank, issued, sent, hash,
        position, summary, chw)
      select input.destination, x.artifact, input.message_id, input.patient_key, x.source, x.record_id, x.report, x.key,
        x.resource_type, x.order_value, x.order_system, x.placer_value, x.placer_system, x.service, x.collected, x.status,
        x.final, x.rank, x.issued, x.sent, x.hash, x.position, x.summary, x.chw
      from jsonb_to_recordset($7::jsonb) as x (
        message_id bigint, destination text, source text, record_id text, artifact text, report text, key text,
        resource_type text, order_value text, order_system text, placer_value text, placer_system text, service text,
        collected text, status text, final boolean, rank int, issued timestamptz, sent timestamptz, hash text, position int, summary jsonb, chw boolean)
      join input on input.message_id = x.message_id and input.destination = x.destination
      -- A message that is filed anew says it again, also of whom it was taken from before.
      on conflict (destination, artifact, message_id) do update set voided = false, patient_key = excluded.patient_key, status = excluded.status, final = excluded.final,
        rank = excluded.rank, issued = excluded.issued, sent = excluded.sent, hash = excluded.hash,
        position = excluded.position, summary = excluded.summary, chw = excluded.chw
    ), new_attempt as (
      insert into attempt (message_id, destination, number, started_at, duration_ms, mapping_version, result, detail, exchanges)
      select input.message_id, input.destination, input.number, input.started_at, input.duration_ms, input.mapping_version,
        coalesce(input.cause, input.state), input.detail, substring($5::bytea from x.start for x.size)
      from unnest($3::bigint[], $4::text[], $8::int[], $9::int[]) as x (message_id, destination, start, size)
      join input on input.message_id = x.message_id and input.destination = x.destination
    )
    select input.message_id::text, input.destination,
      input.delivery_state <> 'due' and summary.state = 'received' as overlooked
    from input join summary on summary.message_id = input.message_id`,
);

/** A record came from another person: what it says is of this one, and what others merged into what it filed there is gone. */
export const leave = statement<Record<string, never>>(
  'record-leave',
  `with said as (
      update fact set patient_key = $5 where source = $3 and record_id = $4 and until is null and patient_key <> $5
    )
    update link set action = 'voided' where destination = $1 and artifact = any($6::text[]) and message_id > $2
      and action = 'merged'`,
);

/**
 * Two destinations that end a message in the same moment do not see each other: each thinks the other still at work. What
 * is committed by then tells. Without ids: whatever a death between the two statements left.
 */
export const settle = statement<{ id: string }>(
  'message-settle',
  `update message set state = s.state, cause = s.cause, changed_at = clock_timestamp()
    from (
      select m.id, min(s.cause) as cause,
        case min(case s.state when 'failed' then 1 when 'held' then 2 when 'due' then 3 when 'filing' then 3
             when 'filed' then 4 when 'voided' then 5 else 6 end)
          when 1 then 'failed' when 2 then 'held' when 3 then 'received' when 4 then 'filed' when 5 then 'voided' else 'superseded' end as state
      from message m join delivery s on s.message_id = m.id
      where m.state = 'received' and ($1::bigint[] is null or m.id = any($1))
      group by m.id having bool_and(s.state not in ('due', 'filing'))) as s
    where message.id = s.id and message.state = 'received'
    returning message.id::text`,
);

export const finish = statement<Record<string, never>>(
  'lane-finish',
  `with input as (
      select * from jsonb_to_recordset($1::jsonb) as x (
        destination text, patient_key uuid, token bigint, changes bigint, again_ms float8, untried bigint[])
    ), ours as (
      update lane set worker = null,
        due_at = case when input.again_ms is not null then clock_timestamp() + input.again_ms * interval '1 ms'
                      when lane.changes <> input.changes then clock_timestamp() end
      from input where lane.destination = input.destination and lane.patient_key = input.patient_key and lane.lease_token = input.token
      returning lane.destination, input.untried
    ), back as materialized (
      select ours.destination, u.message_id from ours cross join unnest(ours.untried) as u (message_id)
    )
    update delivery set state = 'due',
      -- The time a message spent behind others is not time in which it was tried.
      first_attempt_at = case when delivery.attempts = 0 and not delivery.doubt then null else delivery.first_attempt_at end
    from back
    where delivery.destination = back.destination and delivery.message_id = back.message_id and ${isOpen}`,
);

export const nextDue = statement<{ ms: number | null }>(
  'lane-next-due',
  `select (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::float8 as ms from lane
    where destination = $1 and due_at is not null
      and not exists (select 1 from destination where id = $1 and paused)`,
);

export const oldestDue = statement<{ ms: number | null }>(
  'lane-oldest-due',
  `select (extract(epoch from clock_timestamp() - min(due_at)) * 1000)::float8 as ms from lane
    where due_at <= clock_timestamp() and destination = any($1)
      and not exists (select 1 from destination d where d.id = lane.destination and d.paused)`,
);

export const sweep = statement<Record<string, never>>(
  'lane-sweep',
  `insert into lane (destination, patient_key, due_at, changes)
    select distinct destination, lane, clock_timestamp(), 1 from delivery d
    where state in ('due', 'filing') and not exists (
      select 1 from lane l where l.destination = d.destination and l.patient_key = d.lane and l.due_at is not null)
    on conflict (destination, patient_key) do update set due_at = excluded.due_at, changes = lane.changes + 1
      where lane.due_at is null
    returning patient_key`,
);

export const ages = statement<{ destination: string; age_ms: number }>(
  'lane-ages',
  `select destination, (extract(epoch from clock_timestamp() - min(due_at)) * 1000)::float8 as age_ms
   from lane where due_at <= clock_timestamp() group by destination`,
);
