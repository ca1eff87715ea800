/** Records whose flags only several messages together tell: an amended one, one whose version a person let through. */
import type { EscalationPolicy } from '../core/escalation.ts';
import type { RecordName } from '../core/lane.ts';
import type { StoredPayload } from '../core/lane.ts';
import type { MessageId, PatientKey } from '../core/model.ts';
import type { RedFlag } from '../core/red-flag/rules.ts';
import type pg from 'pg';
import { writeEscalations } from './escalations-open.ts';
import { type Queryable, statement } from './statement.ts';
import { inTransaction } from './transaction.ts';

export type Recheck = RecordName & {
  readonly messageId: MessageId;
  readonly patient: PatientKey | undefined;
  readonly voided: boolean;
  /** The version that counts, then its amendments, filed or not. Empty when retention has taken them. */
  readonly payloads: readonly StoredPayload[];
};

const waiting = statement<{
  source: string;
  record_id: string;
  message_id: MessageId;
  patient_key: PatientKey | null;
  voided: boolean;
  payloads: { id: MessageId; format: string; contentType: string; body: string | null }[];
}>(
  'escalations-rechecks',
  `select c.source, c.record_id, c.message_id::text, r.patient_key, r.voided_by is not null or coalesce((
      select m.state = 'voided' from message m where m.id = coalesce(r.latest_message, c.message_id)), false) as voided, (
      select coalesce(json_agg(json_build_object('id', m.id::text, 'format', m.format, 'contentType', m.content_type,
        'body', encode(coalesce(p.body, k.body), 'base64')) order by m.id), '[]')
      from message m
      left join payload p on p.message_id = m.id and p.received_at = m.received_at
      left join payload_kept k on k.message_id = m.id
      where m.id = r.latest_message or (m.source = c.source and m.target_record = c.record_id and m.kind = 'amend'
        and m.id > coalesce(r.latest_message, 0) and m.state not in ('superseded', 'voided'))) as payloads
  from escalation_recheck c left join record r on r.source = c.source and r.record_id = c.record_id
  order by c.message_id limit 50`,
);

const ask = statement(
  'escalations-recheck',
  `insert into escalation_recheck (source, record_id, message_id)
  select $1, $2, $3 where exists (select 1 from escalation e where e.source = $1 and e.record_id = $2)
    or exists (select 1 from message m where m.id = $3 and m.state <> 'voided')
  on conflict (source, record_id) do update set message_id = excluded.message_id`,
);

/** A person changed which version counts, or took one back: its flags are looked at anew. */
export async function recheckEscalations(on: Queryable, what: RecordName & { messageId: MessageId }): Promise<void> {
  await ask.run(on, [what.source, what.recordId, what.messageId]);
}

export async function rechecksWaiting(on: Queryable): Promise<readonly Recheck[]> {
  const rows = await waiting.run(on, []);
  return rows.map((row) => ({
    source: row.source,
    recordId: row.record_id,
    messageId: row.message_id,
    patient: row.patient_key ?? undefined,
    voided: row.voided,
    payloads: row.payloads.flatMap(({ id, format, contentType, body }) =>
      body === null
        ? []
        : [{ messageId: id, source: row.source, format, contentType, body: Buffer.from(body, 'base64') }],
    ),
  }));
}

const done = statement(
  'escalations-recheck-done',
  'delete from escalation_recheck where source = $1 and record_id = $2 and message_id = $3',
);

/** `flags` undefined: it could not be told, and what stands is left as it is. */
export function recheckDone(
  pool: pg.Pool,
  { source, recordId, messageId, patient, voided }: Recheck,
  flags: readonly RedFlag[] | undefined,
  policy: EscalationPolicy,
): Promise<void> {
  return inTransaction(pool, async (client) => {
    if (flags !== undefined) {
      const { rows } = await client.query<{ at: Date }>(`select date_trunc('milliseconds', clock_timestamp()) as at`);
      const [now] = rows;
      if (now === undefined) return;
      const record = { source, recordId, messageId, patient, flags, replaces: voided ? 'withdrawn' : 'corrected' };
      await writeEscalations(client, now.at, { records: [record], rechecks: [], again: [] }, policy);
    }
    await done.run(client, [source, recordId, messageId]);
  });
}
