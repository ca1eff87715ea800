/** Messages of the past with their bytes, newest first: what maps are tried on before they are deployed. */
import type { Work } from '../core/lane.ts';
import { type DestinationId, type MessageId, nobody, type PatientKey } from '../core/model.ts';
import type { Queryable } from './statement.ts';

export type PastMessage = Pick<
  Work,
  'messageId' | 'source' | 'recordId' | 'kind' | 'format' | 'contentType' | 'receivedAt' | 'body'
> & {
  readonly patientKey: PatientKey;
  readonly generation: number;
  readonly mappingVersion: string | undefined;
  /** Absent when it was held at the door. */
  readonly destination: DestinationId | undefined;
};

type Row = {
  id: string;
  source: string;
  record_id: string | null;
  kind: string;
  format: string;
  content_type: string;
  received_at: Date;
  body: Buffer | null;
  patient_key: PatientKey | null;
  generation: number | null;
  mapping_version: string | null;
  destination: DestinationId | null;
};

const page = 200;

/** Of the time since `since`, `limit` at most; without what was sent twice, replaced or voided. */
export async function* pastMessages(
  on: Queryable,
  wanted: { readonly since: Date; readonly limit: number; readonly kind?: string },
): AsyncGenerator<PastMessage> {
  // Ids rise with time: what is older need not be looked at.
  const { rows: firsts } = await on.query<{ first: string | null }>(
    'select min(id)::text as first from message where received_at >= $1',
    [wanted.since],
  );
  const first = firsts[0]?.first ?? null;
  if (first === null) return;
  let before: string | undefined;
  for (let given = 0; given < wanted.limit;) {
    const { rows } = await on.query<Row>(
      `select m.id::text, m.source, m.record_id, m.kind, m.format, m.content_type, m.received_at,
        coalesce(p.body, k.body) as body, coalesce(d.lane, m.patient_key) as patient_key, r.generation,
        d.mapping_version, d.destination
      from message m
      left join payload p on p.message_id = m.id and p.received_at = m.received_at
      left join payload_kept k on k.message_id = m.id
      left join record r on r.source = m.source and r.record_id = m.record_id
      left join lateral (select lane, mapping_version, destination from delivery
        where message_id = m.id order by destination limit 1) d on true
      where m.id >= $1 and ($2::bigint is null or m.id < $2) and m.received_at >= $3
        and m.state in ('received', 'filed', 'held', 'failed') and not m.sealed and ($4::text is null or m.kind = $4)
      order by m.id desc limit $5`,
      [first, before ?? null, wanted.since, wanted.kind ?? null, Math.min(page, wanted.limit - given)],
    );
    for (const row of rows)
      yield {
        messageId: row.id as MessageId,
        source: row.source,
        recordId: row.record_id ?? undefined,
        kind: row.kind,
        format: row.format,
        contentType: row.content_type,
        receivedAt: row.received_at,
        body: row.body ?? undefined,
        patientKey: row.patient_key ?? nobody,
        generation: row.generation ?? 1,
        mappingVersion: row.mapping_version ?? undefined,
        destination: row.destination ?? undefined,
      };
    const last = rows.at(-1);
    if (last === undefined) return;
    before = last.id;
    given += rows.length;
  }
}
