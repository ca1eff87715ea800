/** What the ledger knows of laboratory results: every version that a message told, and what was filed for it. */
import type { Completed } from '../core/lane.ts';
import type { KeptLabVersion } from '../core/lab/model.ts';
import { rankOf } from '../core/lab/versions.ts';
import type { DestinationId, EmittedLink, MessageId, PatientKey } from '../core/model.ts';
import type { FoundPatient } from '../core/ports.ts';
import { linkOf, type LinkRow } from './context.ts';
import { counts, later, ranks } from './link-order.ts';
import { type Queryable, statement } from './statement.ts';

type VersionRow = {
  artifact: string;
  message_id: string;
  patient_key: PatientKey;
  source: string;
  record_id: string | null;
  report: string;
  key: string;
  resource_type: KeptLabVersion['resourceType'];
  order_value: string;
  order_system: string | null;
  service: string;
  collected: string | null;
  status: string;
  final: boolean;
  issued: string;
  sent: string;
  hash: string;
  position: number;
  summary: KeptLabVersion['summary'];
  chw: boolean;
};

const read = statement<{
  reference: string | null;
  display: string | null;
  versions: VersionRow[];
  links: LinkRow[];
}>(
  'lab-known',
  // Subqueries with an offset are planned as they stand, each from its own index: see context.ts.
  `with told as materialized (
      select g.n as asked, v.* from unnest($3::int[], $4::text[]) as g (n, order_value) cross join lateral (
        select * from lab_version where order_value = g.order_value and not voided offset 0) as v
      where v.destination = $1
    )
    select e.reference, e.display,
      (select coalesce(json_agg(t), '[]') from (
        select artifact, message_id::text, patient_key, source, record_id, report, key, resource_type, order_value,
          order_system, service, collected, status, final, issued, sent, hash, position, summary, chw
        from told where asked = k.n) as t) as versions,
      (select coalesce(json_agg(l), '[]') from (
        select distinct on (artifact) artifact, source, record_id, resource_type, reference, version_id, action, tier, owned, sent
        from (select l.*, ${ranks} from (select distinct report from told where asked = k.n) as r cross join lateral (
          select * from link
          where destination = $1 and artifact >= r.report || '.' and artifact < r.report || '/' offset 0) as l) as r
        where ${counts}
        order by artifact, ${later}, message_id desc) as l) as links
    from unnest($2::uuid[]) with ordinality as k (key, n)
    left join lateral (
      select reference, display from ehr_patient where destination = $1 and patient_key = k.key offset 0) as e on true
    order by k.n`,
);

export type AskedLabs = {
  readonly patientKey: PatientKey;
  /** The numbers (`orderValueOf`) of a message's orders and of their parents. */
  readonly orderValues: readonly string[];
};

export type KnownLabs = {
  readonly patient: FoundPatient | undefined;
  readonly versions: readonly KeptLabVersion[];
  readonly links: readonly EmittedLink[];
};

/** One for each that was asked for, in order. */
export async function labsKnown(
  on: Queryable,
  destination: DestinationId,
  asked: readonly AskedLabs[],
): Promise<readonly KnownLabs[]> {
  const values = asked.flatMap(({ orderValues }, index) => orderValues.map((value) => ({ n: index + 1, value })));
  const rows = await read.run(on, [
    destination,
    asked.map(({ patientKey }) => patientKey),
    values.map(({ n }) => n),
    values.map(({ value }) => value),
  ]);
  return rows.map((row) => ({
    patient:
      row.reference === null
        ? undefined
        : { reference: row.reference, ...(row.display === null ? {} : { display: row.display }) },
    versions: row.versions.map(versionOf),
    links: row.links.map(linkOf),
  }));
}

const versionOf = (row: VersionRow): KeptLabVersion => ({
  artifact: row.artifact,
  messageId: row.message_id as MessageId,
  patientKey: row.patient_key,
  source: row.source,
  ...(row.record_id === null ? {} : { recordId: row.record_id }),
  report: row.report,
  key: row.key,
  resourceType: row.resource_type,
  orderValue: row.order_value,
  ...(row.order_system === null ? {} : { orderSystem: row.order_system }),
  service: row.service,
  ...(row.collected === null ? {} : { collected: row.collected }),
  status: row.status,
  final: row.final,
  issued: new Date(row.issued),
  sent: new Date(row.sent),
  hash: row.hash,
  position: row.position,
  summary: row.summary,
  chw: row.chw,
});

/** The versions that messages told, as rows for the statement that completes them. */
export const labRows = (completed: readonly Completed[]) =>
  completed.flatMap(({ messageId, lane: { destination }, source, recordId, lab = [] }) =>
    lab.map((version) => ({
      message_id: messageId,
      destination,
      source,
      record_id: recordId,
      artifact: version.artifact,
      report: version.report,
      key: version.key,
      resource_type: version.resourceType,
      order_value: version.orderValue,
      order_system: version.orderSystem,
      service: version.service,
      collected: version.collected,
      status: version.status,
      final: version.final,
      rank: rankOf(version.status),
      issued: version.issued,
      sent: version.sent,
      hash: version.hash,
      position: version.position,
      summary: version.summary,
      chw: version.chw,
    })),
  );

const withdraw = statement<Record<string, never>>(
  'lab-withdraw',
  `update lab_version set voided = true from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[]) as x
      (destination, message_id, report, source, record_id)
    where not voided and lab_version.destination = x.destination and lab_version.message_id <> x.message_id
      and (lab_version.report = x.report or (lab_version.source = x.source and lab_version.record_id = x.record_id))`,
);

/** Reports that another patient's are now, and what a voided message told. */
export async function withdrawLabs(on: Queryable, completed: readonly Completed[]): Promise<void> {
  const rows = completed.flatMap(({ lane: { destination }, messageId, labMoved = [], voids }) => [
    ...labMoved.map((report) => [destination, messageId, report, null, null] as const),
    ...(voids === undefined ? [] : [[destination, messageId, null, voids.source, voids.recordId] as const]),
  ]);
  await withdraw.run(
    on,
    [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column])),
  );
}
