/** Escalations in the accepting transaction: opened, kept and cancelled with the record that shows them. */
import { randomUUID } from 'node:crypto';
import { type EscalationPolicy, type EscalationState, opening } from '../core/escalation.ts';
import { laboratory } from '../core/lab/critical.ts';
import type { RecordName } from '../core/lane.ts';
import type { MessageId, PatientKey, ToldEscalation } from '../core/model.ts';
import type { RedFlag, Severity } from '../core/red-flag/rules.ts';
import type { Batch } from './accept.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';

/** What one record is to show from now on. `replaces`: flags it no longer shows are cancelled, for that reason. */
export type RecordFlags = RecordName & {
  readonly messageId: MessageId;
  readonly patient: PatientKey | undefined;
  readonly flags: readonly RedFlag[];
  readonly replaces: string | undefined;
  /** Of laboratory results: when it was reported. What was reported before it changes nothing any more. */
  readonly asOf?: Date;
};

export type FlagsOfBatch = {
  readonly records: readonly RecordFlags[];
  /** Amended: what they show is told by several messages. */
  readonly rechecks: readonly (RecordName & { readonly messageId: MessageId })[];
  /** Came again: what became of their flags is for the receipt. */
  readonly again: readonly RecordName[];
};

/** Why a flag no longer counts, when the version that showed it was replaced. */
const corrected = 'corrected';

/** What the placed messages mean for escalations. Pure. Undefined: nothing, as nearly always. */
export function flagsOfBatch(batch: Batch): FlagsOfBatch | undefined {
  const newer = new Set(batch.replaced.values());
  const concerned = batch.placed.some(
    ({ id, item }) =>
      item.flags !== undefined ||
      item.results !== undefined ||
      item.kind === 'void' ||
      item.kind === 'amend' ||
      newer.has(id),
  );
  if (!concerned) return undefined;
  const voided = new Set(
    batch.records.filter((one) => one.voidedBy !== undefined).map((one) => `${one.source}\n${one.recordId}`),
  );
  const records = new Map<string, RecordFlags>();
  const rechecks: FlagsOfBatch['rechecks'][number][] = [];
  const again: RecordName[] = [];
  for (const { id, item, hold, patient, duplicateOf, replacedBy, targetRecord } of batch.placed) {
    const { source } = item;
    if (duplicateOf === undefined && hold?.cause !== 'record/version-conflict') {
      for (const { id: recordId, flag, asOf, ends } of item.results ?? []) {
        const name = `${laboratory}\n${recordId}`;
        const before = records.get(name)?.asOf;
        if (before !== undefined && before > asOf) continue;
        const flags = flag === undefined ? [] : [flag];
        records.set(name, { source: laboratory, recordId, messageId: id, patient, flags, replaces: ends, asOf });
      }
    }
    // What has no natural key is a record of its own here.
    const own = { source, recordId: item.record?.id ?? `message ${id}` };
    const name = `${source}\n${own.recordId}`;
    if (targetRecord !== undefined) {
      const target = { source, recordId: targetRecord, messageId: id };
      if (item.kind === 'amend') rechecks.push(target);
      else
        records.set(`${source}\n${targetRecord}`, {
          ...target,
          patient: undefined,
          flags: [],
          replaces: item.withdrawal ?? 'withdrawn',
        });
    } else if (duplicateOf !== undefined) {
      if (item.flags !== undefined) again.push(own);
    } else if (replacedBy === undefined) {
      const isNewer = newer.has(id) && hold?.cause !== 'record/version-conflict';
      // Withdrawn before it came: it is never filed, and alarms nobody.
      const flags = voided.has(name) && !isNewer ? [] : (item.flags ?? []);
      if (flags.length === 0 && !isNewer) continue;
      records.set(name, {
        ...own,
        messageId: id,
        patient,
        flags,
        replaces: isNewer ? (item.withdrawal ?? corrected) : undefined,
      });
    }
  }
  return { records: [...records.values()], rechecks, again };
}

type Written = {
  id: string;
  source: string;
  record_id: string;
  severity: Severity;
  state: EscalationState;
};

const write = statement<Written>(
  'escalations-write',
  `with opening as materialized (
    select * from jsonb_to_recordset($1::jsonb) as x (id uuid, source text, record_id text, code text, message_id bigint,
      item text, severity text, restricted boolean, patient_key uuid, observed_at timestamptz, pool text,
      due_at timestamptz, alternate_at timestamptz, as_of timestamptz)
  ), opened as (
    insert into escalation as e (id, source, record_id, code, message_id, item, severity, restricted, patient_key, observed_at,
      state, level, pool, opened_at, due_at, alternate_at, as_of)
    select id, source, record_id, code, message_id, item, severity, restricted, patient_key, observed_at,
      'open', 1, pool, $3, due_at, alternate_at, as_of
    from opening order by source, record_id, code
    on conflict (source, record_id, code) do update set
      -- Clock and acknowledgement go on, unless it had ended, or is about somebody else now.
      (message_id, item, severity, restricted, patient_key, observed_at, as_of) = (excluded.message_id, excluded.item,
        excluded.severity, excluded.restricted, coalesce(excluded.patient_key, e.patient_key), excluded.observed_at, excluded.as_of),
      (state, level, pool, opened_at, due_at, alternate_at, acknowledged_at, acknowledged_by, acknowledged_role, resolved_at,
        cancelled_at, cancel_reason) = (select
          case when anew then excluded.state else e.state end, case when anew then 1 else e.level end,
          case when anew then excluded.pool else e.pool end, case when anew then excluded.opened_at else e.opened_at end,
          case when anew then excluded.due_at else least(e.due_at, case when e.due_at is not null then excluded.due_at end) end,
          case when anew then excluded.alternate_at else e.alternate_at end,
          case when not anew then e.acknowledged_at end, case when not anew then e.acknowledged_by end,
          case when not anew then e.acknowledged_role end, case when not anew then e.resolved_at end, null::timestamptz, null::text
        from (select e.state = 'cancelled' or (e.patient_key <> excluded.patient_key) is true as anew) as a)
    where e.as_of is null or excluded.as_of is null or e.as_of <= excluded.as_of
    returning e.id, e.source, e.record_id, e.severity, e.state, e.level, e.pool, e.opened_at
  ), settling as materialized (
    select * from jsonb_to_recordset($2::jsonb) as x (source text, record_id text, keep text[], reason text, by bigint, as_of timestamptz)
  ), cancelled as (
    update escalation e set state = 'cancelled', cancelled_at = $3, cancel_reason = s.reason, due_at = null, alternate_at = null,
      as_of = coalesce(s.as_of, e.as_of)
    from settling s
    where e.source = s.source and e.record_id = s.record_id and e.code <> all (s.keep) and e.state <> 'cancelled'
      and (e.state <> 'resolved' or s.reason = 'wrong-patient') and (e.as_of is null or s.as_of is null or e.as_of <= s.as_of)
    returning e.id, e.source, e.record_id, e.severity, e.state, e.level, e.pool, s.reason, s.by
  ), dropped as (
    update escalation_notice n set state = 'dropped', due_at = null from cancelled c
    where n.escalation_id = c.id and n.state = 'due' and n.kind = 'alert'
  ), told as (
    -- Whoever was told of it is told that it no longer holds; of a wrong patient in any case.
    insert into escalation_notice (escalation_id, kind, level, pool, due_at, created_at)
    select distinct c.id, 'withdrawn', c.level, p.pool, $3::timestamptz, $3::timestamptz from cancelled c
    join lateral (
      select n.pool from escalation_notice n where n.escalation_id = c.id and n.kind = 'alert' and n.attempts > 0
      union select c.pool where c.reason = 'wrong-patient'
    ) as p on true
  ), events as (
    insert into escalation_event (escalation_id, at, state, level, pool, actor, detail)
    select id, $3, state, level, pool, 'system', null from opened where opened_at = $3
    union all
    select id, $3, state, level, pool, 'system', reason || ', by message ' || by from cancelled
  ), rechecks as (
    insert into escalation_recheck (source, record_id, message_id)
    select source, record_id, max(message_id) from jsonb_to_recordset($4::jsonb) as x (source text, record_id text, message_id bigint)
    group by source, record_id order by source, record_id
    on conflict (source, record_id) do update set message_id = excluded.message_id
  )
  select id::text, source, record_id, severity, state from opened
  union all
  select e.id::text, e.source, e.record_id, e.severity, e.state from escalation e
  join jsonb_to_recordset($5::jsonb) as g (source text, record_id text) on g.source = e.source and g.record_id = e.record_id`,
);

/** Answers what stands now, by record: for the receipts. */
export async function writeEscalations(
  on: Queryable,
  at: Date,
  { records, rechecks, again }: FlagsOfBatch,
  policy: EscalationPolicy,
): Promise<ReadonlyMap<string, readonly ToldEscalation[]>> {
  const opened = records.flatMap(({ source, recordId, messageId, patient, flags, asOf }) =>
    flags.map((flag) => {
      const { pool, dueAt, alternateAt } = opening(flag.severity, policy, at);
      return {
        id: randomUUID(),
        source,
        record_id: recordId,
        code: flag.code,
        message_id: messageId,
        item: flag.item,
        severity: flag.severity,
        restricted: flag.restricted,
        patient_key: patient,
        observed_at: flag.observedAt,
        pool,
        due_at: dueAt,
        alternate_at: alternateAt,
        as_of: asOf,
      };
    }),
  );
  const settled = records.flatMap(({ source, recordId, messageId, flags, replaces, asOf }) => {
    const keep = flags.map((flag) => flag.code);
    return replaces === undefined
      ? []
      : [{ source, record_id: recordId, keep, reason: replaces, by: messageId, as_of: asOf }];
  });
  const named = (one: RecordName) => ({ source: one.source, record_id: one.recordId });
  const rows = await write.run(on, [
    asJsonb(opened),
    asJsonb(settled),
    at,
    asJsonb(rechecks.map((one) => ({ ...named(one), message_id: one.messageId }))),
    asJsonb(again.map(named)),
  ]);
  const told = new Map<string, ToldEscalation[]>();
  for (const { id, source, record_id, severity, state } of rows) {
    const name = `${source}\n${record_id}`;
    told.set(name, [...(told.get(name) ?? []), { id, severity, state }]);
  }
  return told;
}
