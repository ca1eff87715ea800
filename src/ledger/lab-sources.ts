/** What a look at a laboratory's FHIR server must know: what was read before, and whose a chart is. */
import type { DestinationId } from '../core/model.ts';
import type { PatientIdentifiers } from '../core/ports.ts';
import { type Queryable, statement } from './statement.ts';

export type KnownRecord = { readonly version?: number; readonly contentHash: string };

const records = statement<{ record_id: string; latest_version: string | null; latest_hash: string | null }>(
  'lab-records',
  `select record_id, latest_version::text, latest_hash from record where source = $1 and record_id = any($2::text[])`,
);

/** The version of each record that counts; none of what never came. */
export async function knownRecords(
  on: Queryable,
  source: string,
  recordIds: readonly string[],
): Promise<ReadonlyMap<string, KnownRecord>> {
  if (recordIds.length === 0) return new Map();
  const rows = await records.run(on, [source, recordIds]);
  return new Map(
    rows.flatMap(({ record_id: id, latest_version: version, latest_hash: contentHash }) =>
      contentHash === null
        ? []
        : [[id, { contentHash, ...(version === null ? {} : { version: Number(version) }) }] as const],
    ),
  );
}

const payload = statement<{ body: Buffer }>(
  'lab-payload',
  `select p.body from record r join message m on m.id = r.latest_message and not m.sealed
    join payload p on p.message_id = m.id and p.received_at = m.received_at
    where r.source = $1 and r.record_id = $2`,
);

/** The bytes of the version that counts; undefined: retention has taken them, or they are sealed. */
export async function knownPayload(on: Queryable, source: string, recordId: string): Promise<Uint8Array | undefined> {
  const [row] = await payload.run(on, [source, recordId]);
  return row?.body;
}

/** `busy`: something is being filed for the person, and its link is not there yet. `ours`: Tejido has written it. */
export type InChart = { readonly person: PatientIdentifiers; readonly busy: boolean; readonly ours: boolean };

const chart = statement<{
  system: string | null;
  value: string | null;
  busy: boolean;
  ours: boolean;
}>(
  'lab-chart',
  `select i.system, i.value,
      exists (select 1 from delivery d where d.destination = $1 and d.lane = e.patient_key
        and (d.state = 'filing' or d.state = 'due' and d.doubt)) as busy,
      exists (select 1 from link l where l.destination = $1 and l.reference = o.reference and l.action <> 'merged') as ours
    from unnest($2::text[], $3::text[]) with ordinality as o (reference, patient, n)
    left join lateral (select patient_key from ehr_patient where destination = $1 and reference = o.patient
      order by matched_at limit 1) as e on true
    left join lateral (select system, value from identity where patient_key = e.patient_key
      order by system = 'mrn' desc, system, value limit 1) as i on true
    order by o.n`,
);

/** Of each resource of a chart, whose it is; undefined: of nobody whom Tejido has matched there. */
export async function inChart(
  on: Queryable,
  destination: DestinationId,
  source: string,
  asked: readonly { readonly reference: string; readonly patient: string }[],
): Promise<readonly (InChart | undefined)[]> {
  if (asked.length === 0) return [];
  const rows = await chart.run(on, [
    destination,
    asked.map(({ reference }) => reference),
    asked.map(({ patient }) => patient),
  ]);
  return rows.map(({ system, value, busy, ours }) => {
    if (system === null || value === null) return undefined;
    const person: PatientIdentifiers =
      system === 'mrn' ? { source, mrn: value } : { source: system.replace(/^source:/, ''), sourcePatientId: value };
    return { person, busy, ours };
  });
}
