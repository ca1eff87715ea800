/** Who waits to be matched, and who it could be: written by the lanes, read by the front desk. */
import { matchCauses } from '../core/lane.ts';
import type { Completed } from '../core/lane.ts';
import { targetsOf } from '../core/matching/candidates.ts';
import { type Demographics, updated } from '../core/matching/demographics.ts';
import type { Judged } from '../core/matching/judge.ts';
import { type DestinationId, type MessageId, nobody, type PatientKey } from '../core/model.ts';
import type { MatchCandidate, MatchDetail, MatchFilter, MatchState, MatchSummary } from '../core/people.ts';
import type { Identity } from '../core/person.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';

const write = statement(
  'match-look',
  `with found as materialized (
      select * from jsonb_to_recordset($3::jsonb) as x (ordinal int, target text, patient_key uuid, reference text,
        mrn text, told jsonb, class text, score real, features jsonb, doubts text[])
    ), kase as (
      insert into match_case (destination, patient_key) values ($1, $2)
      on conflict (destination, patient_key) do update set changed_at = clock_timestamp(), state = case
        when match_case.state = 'not-sure' then 'not-sure'
        when match_case.state = 'new' and not exists (select 1 from found) then 'new' else 'open' end
      returning id
    ), gone as (
      update match_candidate set current = false from kase
      where case_id = kase.id and current and target not in (select target from found)
    )
    insert into match_candidate (case_id, number, target, patient_key, reference, mrn, told, class, score, features, doubts)
    select kase.id, found.ordinal + coalesce((select max(number) from match_candidate m where m.case_id = kase.id), 0),
      found.target, found.patient_key, found.reference, found.mrn, found.told, found.class, found.score, found.features,
      found.doubts
    from kase cross join found order by found.ordinal
    on conflict (case_id, target) do update set patient_key = excluded.patient_key, reference = excluded.reference,
      mrn = excluded.mrn, told = excluded.told, class = excluded.class, score = excluded.score,
      features = excluded.features, doubts = excluded.doubts, current = true`,
);

/** Before the messages are held: a worker that dies in between leaves a case that nobody waits for, not the reverse. */
export async function recordLooks(on: Queryable, completed: readonly Completed[]): Promise<void> {
  for (const { lane, look } of completed) {
    if (look === undefined || lane.patientKey === nobody) continue;
    const rows = look.candidates.map((one, at) => ({ ordinal: at + 1, ...rowOf(one) }));
    await write.run(on, [lane.destination, lane.patientKey, asJsonb(rows)]);
  }
}

const rowOf = (one: Judged) => ({
  target: targetsOf(one)[0],
  patient_key: one.person,
  reference: one.reference,
  mrn: one.mrn,
  told: one.demographics,
  class: one.class,
  score: one.score,
  features: one.features,
  doubts: one.doubts,
});

type CaseRow = {
  id: string;
  destination: DestinationId;
  patient_key: PatientKey;
  state: MatchState;
  opened_at: Date;
  changed_at: Date;
  decided_by: string | null;
  decided_at: Date | null;
  sources: string[] | null;
  waiting: number;
  candidates: number;
  best: number | null;
};

/** What was matched since by an identifier waits no more: a case is open while there is no chart. */
const isOpen = `c.state <> 'linked' and not exists (select 1 from ehr_patient e
      where e.destination = c.destination and e.patient_key = c.patient_key)`;

const columns = `c.id::text, c.destination, c.patient_key, c.state, c.opened_at, c.changed_at, c.decided_by, c.decided_at,
    (select array_agg(distinct substr(system, 8)) from identity i
      where i.patient_key = c.patient_key and system like 'source:%') as sources,
    (select count(*)::int from delivery d where d.destination = c.destination and d.lane = c.patient_key
      and d.state = 'held' and d.cause = any($1::text[])) as waiting,
    (select count(*)::int from match_candidate n where n.case_id = c.id and n.current and n.rejected_by is null)
      as candidates,
    (select max(score) from match_candidate n where n.case_id = c.id and n.current and n.rejected_by is null) as best`;

const list = statement<CaseRow>(
  'match-list',
  `select ${columns} from match_case c
    where ${isOpen} and ($2::text is null or c.state = $2) and ($3::bigint is null or c.id > $3)
    order by c.id limit $4`,
);

const one = statement<CaseRow>('match-one', `select ${columns} from match_case c where c.id = $2`);

const summaryOf = (row: CaseRow) => ({
  id: row.id,
  destination: row.destination,
  patientKey: row.patient_key,
  state: row.state,
  openedAt: row.opened_at,
  changedAt: row.changed_at,
  sources: row.sources ?? [],
  waiting: row.waiting,
});

/** Those that have waited longest first. */
export async function listMatches(
  on: Queryable,
  { state, after, limit = 50 }: MatchFilter,
): Promise<{ readonly matches: readonly MatchSummary[]; readonly next?: string }> {
  const rows = await list.run(on, [matchCauses, state ?? null, after ?? null, limit]);
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    matches: rows.map((row) => ({
      ...summaryOf(row),
      candidates: row.candidates,
      ...(row.best === null ? {} : { best: row.best }),
    })),
    ...(last === undefined ? {} : { next: last.id }),
  };
}

type CandidateRow = {
  number: number;
  patient_key: PatientKey | null;
  reference: string | null;
  mrn: string | null;
  told: Demographics;
  class: MatchCandidate['class'];
  score: number;
  features: MatchCandidate['features'];
  doubts: string[];
  rejected_by: string | null;
};

/** Both sides, with reasons. The look is recorded: it shows what is known of patients. */
export async function showMatch(on: Queryable, id: string, actor: string): Promise<MatchDetail | undefined> {
  const [row] = await one.run(on, [matchCauses, id]);
  if (row === undefined) return undefined;
  const about = await on.query<{ system: string; value: string; told: Demographics | null; dob: string | null }>(
    `select i.system, i.value, d.told, p.dob from identity i join patient p on p.key = i.patient_key
     left join demographics d on d.system = i.system and d.value = i.value where i.patient_key = $1
     order by d.updated_at, i.system`,
    [row.patient_key],
  );
  const candidates = await on.query<CandidateRow>(
    `select number, patient_key, reference, mrn, told, class, score, features, doubts, rejected_by
     from match_candidate where case_id = $1 and (current or rejected_by is not null)
     order by rejected_by is not null, score desc, number`,
    [id],
  );
  const messages = await on.query<{ message_id: MessageId }>(
    `select message_id::text from delivery where destination = $1 and lane = $2 and state = 'held' and cause = any($3)
     order by delivery.message_id limit 100`,
    [row.destination, row.patient_key, matchCauses],
  );
  await on.query('insert into audit (actor, action, detail) values ($1, $2, $3)', [actor, 'match.show', `match ${id}`]);
  const told = about.rows.reduce<Demographics>((before, now) => updated(before, now.told ?? {}), {});
  return {
    ...summaryOf(row),
    identities: about.rows.map(({ system, value }): Identity => ({ system, value })),
    demographics: updated(undefined, { ...told, dob: told.dob ?? about.rows[0]?.dob ?? undefined }),
    messageIds: messages.rows.map(({ message_id }) => message_id),
    candidates: candidates.rows.map(candidateOf),
    ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
  };
}

const candidateOf = (row: CandidateRow): MatchCandidate => ({
  number: row.number,
  ...(row.patient_key === null ? {} : { patientKey: row.patient_key }),
  ...(row.reference === null ? {} : { reference: row.reference }),
  ...(row.mrn === null ? {} : { mrn: row.mrn }),
  demographics: row.told,
  class: row.class,
  score: row.score,
  features: row.features,
  doubts: row.doubts,
  ...(row.rejected_by === null ? {} : { rejectedBy: row.rejected_by }),
});
