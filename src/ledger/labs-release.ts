/**
 * Laboratory results on their way to the CHW. Each look takes what is due and decides from what stands then; what is told
 * and that it was told are one transaction, so that each is told once, whatever stops in between.
 */
import type pg from 'pg';
import type { LabChangeKind } from '../core/change.ts';
import type { OwnedFact } from '../core/fact.ts';
import type { ResultSummary } from '../core/lab/model.ts';
import { type Candidate, goalIn, isFollowed, type LabNotice, newerThan, releaseSteps } from '../core/lab/release.ts';
import type { LabRules, TrendRule } from '../core/lab/rules.ts';
import { type LabValue, ruleOf, shownOf, type StandingResult, trendOf, valueOf } from '../core/lab/trend.ts';
import type { DestinationId, MessageId, PatientKey } from '../core/model.ts';
import { type Queryable, statement } from './statement.ts';
import { inTransaction } from './transaction.ts';

const atOnce = 200;

export type LabRelease = {
  readonly rules: Pick<LabRules, 'trends' | 'release'>;
  /** Sources that are no apps of CHWs: an id of theirs makes nobody a patient of the programme. */
  readonly labSources: readonly string[];
};

type DueRow = { destination: DestinationId; artifact: string; now: Date };

const due = statement<DueRow>(
  'labs-due',
  `with at as (select coalesce($1::timestamptz, clock_timestamp()) as now)
  select d.destination, d.artifact, at.now from lab_due d, at where d.look_at <= at.now
  order by d.look_at, d.destination, d.artifact limit ${String(atOnce)} for update of d skip locked`,
);

type StandingRow = {
  artifact: string;
  patient_key: PatientKey;
  message_id: MessageId;
  status: string;
  hash: string;
  chw: boolean;
  issued: Date;
  sent: Date;
  since: Date;
  summary: ResultSummary;
};

/** A person who was merged has the key of the other. What is final without a value has the value that was preliminary. */
const columns = `s.artifact, coalesce(a.patient_key, s.patient_key) as patient_key, s.message_id::text, s.status, s.hash, s.chw,
  s.issued, s.sent, case when s.summary ? 'awaited' then coalesce((select b.summary from lab_version b
    where b.destination = s.destination and b.artifact = s.artifact and not b.voided and b.summary ? 'text'
    order by b.issued desc, b.sent desc, b.rank desc, b.hash desc limit 1), s.summary) else s.summary end as summary,
  (select min(o.at) from lab_version o where o.destination = s.destination and o.artifact = s.artifact
    and o.hash = s.hash and not o.voided) as since`;

/** The first of a pair is a destination, the second an artifact. */
const pairs = 'unnest($1::text[], $2::text[])';

const standing = statement<StandingRow & { n: number }>(
  'labs-standing',
  `select x.n::int, ${columns} from ${pairs} with ordinality as x (destination, artifact, n)
  -- An offset: each is looked up by its key, and not the whole view made for them.
  join lateral (select * from lab_standing v where v.destination = x.destination and v.artifact = x.artifact offset 0) as s on true
  left join person_alias a on a.alias = s.patient_key`,
);

type NoticeRow = {
  artifact: string;
  patient_key: PatientKey;
  analyte: string;
  value: LabValue;
  destination: DestinationId;
};

const notices = statement<NoticeRow>(
  'labs-notices',
  `select distinct on (1, 2) n.artifact, coalesce(a.patient_key, n.patient_key) as patient_key, n.analyte, n.value, n.destination
  from lab_notice n left join person_alias a on a.alias = n.patient_key where n.artifact = any($1::text[]) order by 1, 2, n.at desc`,
);

/** All that stands of the person, and what of it was told: the two ways in which a value may be shown. */
const ofPerson = statement<StandingRow & { told: boolean }>(
  'labs-of-person',
  `select ${columns}, exists (select 1 from lab_notice n where n.artifact = s.artifact) as told
  from (select distinct v.destination, v.artifact from lab_version v
    where v.destination = $1 and v.resource_type = 'Observation' and v.chw and not v.voided
      and v.patient_key in (select $2::uuid union all select alias from person_alias where patient_key = $2)) as p
  join lateral (select * from lab_standing x where x.destination = p.destination and x.artifact = p.artifact offset 0) as s on true
  left join person_alias a on a.alias = s.patient_key`,
);

type PersonRow = { chart: string | null; app: boolean; facts: OwnedFact[] | null };

const person = statement<PersonRow>(
  'labs-person',
  `select (select reference from ehr_patient where destination = $1 and patient_key = $2) as chart,
    exists (select 1 from identity where patient_key = $2 and system like 'source:%' and substr(system, 8) <> all ($3::text[])) as app,
    (select json_agg(json_build_object('kind', f.kind, 'key', f.key, 'at', f.said_at, 'data', f.data, 'source', f.source,
        'recordId', f.record_id) order by f.at, f.message_id, f.ordinal)
      from fact f where f.patient_key = $2 and f.kind in ('consent', 'status', 'goal') and f.until is null) as facts`,
);

const write = statement(
  'labs-tell',
  `insert into change (destination, reference, version_id, last_updated, patient_reference, patient_key, kind, content, told)
  values ($1, coalesce((select reference from link where destination = $1 and artifact in ($2, $2 || '.chart') order by message_id desc limit 1),
    'Observation/' || $2), $3, $4, $5, $6, $7, $8, true)`,
);

const keep = statement(
  'labs-told',
  `insert into lab_notice (artifact, patient_key, destination, message_id, analyte, value) values ($1, $2, $3, $4, $5, $6)
  on conflict (artifact, patient_key) do update set message_id = excluded.message_id, analyte = excluded.analyte,
    value = excluded.value, at = clock_timestamp()`,
);

const forget = statement(
  'labs-withdrawn',
  `delete from lab_notice where artifact = $1
    and patient_key in (select $2::uuid union all select alias from person_alias where patient_key = $2)`,
);

const later = statement(
  'labs-later',
  `update lab_due set look_at = x.look_at from unnest($1::text[], $2::text[], $3::timestamptz[]) as x (destination, artifact, look_at)
  where lab_due.destination = x.destination and lab_due.artifact = x.artifact`,
);
const done = statement(
  'labs-done',
  `delete from lab_due using ${pairs} as x (destination, artifact)
  where lab_due.destination = x.destination and lab_due.artifact = x.artifact`,
);

const candidateOf = (row: StandingRow): Candidate => ({
  artifact: row.artifact,
  patientKey: row.patient_key,
  messageId: row.message_id,
  status: row.status,
  hash: row.hash,
  chw: row.chw,
  issued: row.issued,
  since: row.since,
  sent: row.sent,
  summary: row.summary,
});

/** One look; `more`: there may be more due. `now` absent: the database's clock. */
export function releaseLabs(
  pool: pg.Pool,
  release: LabRelease,
  now?: Date,
): Promise<{ readonly told: number; readonly more: boolean }> {
  return inTransaction(pool, async (client) => {
    const rows = await due.run(client, [now ?? null]);
    if (rows.length === 0) return { told: 0, more: false };
    // Ids in the order of commits: who reads after an id must not find a smaller one later.
    await client.query(`select pg_advisory_xact_lock(hashtext('tejido.changes'))`);
    const told = await lookAt(client, rows, release);
    return { told, more: rows.length === atOnce };
  });
}

const pairsOf = (rows: readonly DueRow[]) => [
  rows.map(({ destination }) => destination),
  rows.map(({ artifact }) => artifact),
];

async function lookAt(client: Queryable, rows: readonly DueRow[], release: LabRelease): Promise<number> {
  const standings = new Map((await standing.run(client, pairsOf(rows))).map((row) => [row.n, row]));
  const artifacts = rows.map(({ artifact }) => artifact);
  const known = new Map<string, readonly NoticeRow[]>(
    Map.groupBy(await notices.run(client, [artifacts]), ({ artifact }) => artifact),
  );
  const waiting: { readonly due: DueRow; readonly until: Date }[] = [];
  const over: DueRow[] = [];
  let told = 0;
  for (const [index, one] of rows.entries()) {
    const looked = await look(client, one, standings.get(index + 1), known.get(one.artifact) ?? [], release);
    told += looked.told;
    if (looked.until === undefined) over.push(one);
    else waiting.push({ due: one, until: looked.until });
    // The same result may be due in another chart too.
    if (looked.told > 0) known.set(one.artifact, await notices.run(client, [[one.artifact]]));
  }
  if (over.length > 0) await done.run(client, pairsOf(over));
  if (waiting.length > 0)
    await later.run(client, [...pairsOf(waiting.map(({ due: one }) => one)), waiting.map(({ until }) => until)]);
  return told;
}

type Looked = { readonly told: number; readonly until: Date | undefined };

async function look(
  client: Queryable,
  { destination, artifact, now }: DueRow,
  row: StandingRow | undefined,
  known: readonly NoticeRow[],
  release: LabRelease,
): Promise<Looked> {
  const { trends, release: rule } = release.rules;
  // Of a result that stands in several charts the one that told it first goes on telling it.
  const elsewhere = known.some((one) => one.destination !== destination);
  const steps = elsewhere
    ? []
    : releaseSteps({
        standing: row === undefined ? undefined : candidateOf(row),
        told: known.map(({ patient_key: patientKey, analyte, value }): LabNotice => ({ patientKey, analyte, value })),
        trends,
        delayMs: rule.delayMs,
        newsWithinMs: rule.newsWithinMs,
        now,
      });
  let told = 0;
  let until = steps.find((step) => step.do === 'wait')?.until;
  for (const step of steps) {
    if (step.do !== 'tell') continue;
    const ended = await tell(client, { ...step, destination, artifact, row, now }, release);
    if (ended === 'told') told += 1;
    else if (ended !== 'nothing') until = ended.waitsUntil;
  }
  return { told, until };
}

type Telling = {
  readonly kind: LabChangeKind;
  readonly patientKey: PatientKey;
  readonly rule: TrendRule;
  readonly destination: DestinationId;
  readonly artifact: string;
  readonly row: StandingRow | undefined;
  readonly now: Date;
};

async function tell(
  client: Queryable,
  { kind, patientKey, rule, destination, artifact, row, now }: Telling,
  { rules, labSources }: LabRelease,
): Promise<'told' | 'nothing' | { readonly waitsUntil: Date }> {
  const [who] = await person.run(client, [destination, patientKey, labSources]);
  const facts = who?.facts ?? [];
  // What was told is taken back whether or not the person is still followed; the feed itself passes over those it may not tell of.
  if (kind === 'lab.withdrawn') await forget.run(client, [artifact, patientKey]);
  else if (who?.app !== true || who.chart === null || !isFollowed(facts, now)) return 'nothing';
  const { delayMs } = rules.release;
  const ofMeasure = (await ofPerson.run(client, [destination, patientKey])).filter(
    (one) => one.chw && one.patient_key === patientKey && ruleOf(one.summary, rules.trends) === rule,
  );
  const newer =
    row === undefined || kind !== 'lab.result' ? undefined : newerThan(row, ofMeasure, rule, { delayMs, now });
  if (newer !== undefined) return newer.told ? 'nothing' : { waitsUntil: newer.until };
  const shown = ofMeasure.filter((one) => one.told || one.since.getTime() + delayMs <= now.getTime());
  // What is shown beside it counts as told: should it be corrected, she must hear of it.
  const known = shownOf(rule, shown);
  for (const one of shown) {
    const value = valueOf(one, rule);
    const isIt = one.artifact === artifact && kind !== 'lab.withdrawn';
    if (value === undefined || !(isIt || (known.has(one.artifact) && !one.told))) continue;
    await keep.run(client, [one.artifact, patientKey, destination, one.message_id, rule.name, JSON.stringify(value)]);
  }
  const content = trendOf(
    rule,
    shown.map((one): StandingResult => one),
    goalIn(facts, rule.name),
    kind,
  );
  await write.run(client, [
    destination,
    artifact,
    row?.message_id ?? 'withdrawn',
    row?.issued ?? now,
    who?.chart ?? '',
    patientKey,
    kind,
    JSON.stringify(content),
  ]);
  return 'told';
}
