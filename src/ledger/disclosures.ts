/** The account of disclosures: written with what was filed, read for the patient and the privacy officer. */
import type { RecordedDisclosure } from '../core/disclosure.ts';
import type { Completed } from '../core/lane.ts';
import type { MessageId, PatientKey } from '../core/model.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';

const record = statement<Record<string, never>>(
  'disclosure-record',
  `insert into disclosure (message_id, ordinal, destination, patient_key, kind, recipient, recipient_class, what, consent)
    select message_id, ordinal, destination, patient_key, kind, recipient, recipient_class, what, consent
    from jsonb_to_recordset($1::jsonb) as x (message_id bigint, ordinal int, destination text, patient_key uuid, kind text,
      recipient text, recipient_class text, what text[], consent text)
    on conflict do nothing`,
);

/** Saying it twice changes nothing. */
export async function recordDisclosures(on: Queryable, completed: readonly Completed[]): Promise<void> {
  const rows = completed.flatMap(({ messageId, kind, lane, disclosures = [] }) =>
    disclosures.map(({ recipient, recipientClass, what, consent }, ordinal) => ({
      message_id: messageId,
      ordinal,
      destination: lane.destination,
      patient_key: lane.patientKey,
      kind,
      recipient,
      recipient_class: recipientClass,
      what,
      consent,
    })),
  );
  if (rows.length > 0) await record.run(on, [asJsonb(rows)]);
}

const read = statement<{
  message_id: string;
  kind: string;
  recipient: string;
  recipient_class: string;
  what: string[];
  consent: string | null;
  at: Date;
}>(
  'disclosure-read',
  `select message_id::text, kind, recipient, recipient_class, what, consent, at from disclosure
    where patient_key = $1 and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3)
    order by at desc, message_id desc, ordinal`,
);

/** Newest first; `from` inclusive, `to` exclusive. */
export async function disclosuresOf(
  on: Queryable,
  wanted: { readonly patient: PatientKey; readonly from?: Date; readonly to?: Date },
): Promise<readonly RecordedDisclosure[]> {
  const rows = await read.run(on, [wanted.patient, wanted.from ?? null, wanted.to ?? null]);
  return rows.map((row) => ({
    messageId: row.message_id as MessageId,
    kind: row.kind,
    recipient: row.recipient,
    recipientClass: row.recipient_class,
    what: row.what,
    at: row.at,
    ...(row.consent === null ? {} : { consent: row.consent }),
  }));
}
