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
  placer_value: string | null;
  placer_system: string | null;
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
  `with own as materialized (
      select g.n, g.value, k.key from unnest($3::int[], $4::text[]) as g (n, value)
      join unnest($2::uuid[]) with ordinality as k (key, n) on k.n = g.n
    ), told as materialized (
      select distinct on (own.n, v.artifact, v.message_id) own.n as asked, v.* from own cross join lateral (
        select report from lab_version where order_value = own.value and patient_key = own.key and key = '' and not voided
        union
        select report from lab_version where placer_value = own.value and patient_key = own.key and key = '' and not voided
        offset 0) as r cross join lateral (
        select * from lab_version
        where destination = $1 and artifact >= r.report || '.' and artifact < r.report || '/' and not voided offset 0) as v
      union all
      -- Of others how each report was told last, if it is the same that was ordered. What a message told of somebody
      -- that it is not about any more (un-linked) is its own.
      select own.n, v.* from unnest($5::int[], $6::text[], $7::text[]) as o (n, value, service)
      join own on own.n = o.n and own.value = o.value cross join lateral (
        select * from (
          select distinct on (report) * from lab_version
          where order_value = o.value and service = o.service and patient_key <> own.key and destination = $1
            and key = '' and not voided
            and not exists (select 1 from message m where m.id = lab_version.message_id and m.patient_key = own.key)
          order by report, issued desc, sent desc) as reports
        order by issued desc limit 500) as v
    )
    select e.reference, e.display,
      (select coalesce(json_agg(t), '[]') from (
        select artifact, message_id::text, patient_key, source, record_id, report, key, resource_type, order_value,
          order_system, placer_value, placer_system, service, collected, status, final, issued, sent, hash, position,
          summary, chw
        from told where asked = k.n) as t) as versions,
      (select coalesce(json_agg(l), '[]') from (
        select distinct on (artifact) artifact, source, record_id, resource_type, reference, version_id, action, tier, owned, sent
        from (select l.*, ${ranks} from (
          select report from told where asked = k.n
          union select report from unnest($8::int[], $9::text[]) as fresh (n, report) where fresh.n = k.n
        ) as r cross join lateral (
          select * from link
          where destination = $1 and artifact >= r.report || '.' and artifact < r.report || '/' offset 0) as l) as r
        where ${counts}
        order by artifact, ${later}, message_id desc) as l) as links
    from unnest($2::uuid[]) with ordinality as k (key, n)
    left join lateral (
      select reference, display from ehr_patient where destination = $1 and patient_key = k.key offset 0) as e on true
    order by k.n`,
);

/** `pipeline/lab/deps.ts` says what is asked for. */
export type AskedLabs = {
  readonly patientKey: PatientKey;
  readonly values: readonly string[];
  readonly services: readonly string[];
  readonly reports: readonly string[];
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
  const numbered = asked.map((one, index) => ({ ...one, n: index + 1 }));
  const values = numbered.flatMap(({ n, values: of }) => of.map((value) => ({ n, value })));
  const same = numbered.flatMap(({ n, values: of, services }) =>
    of.flatMap((value) => services.map((service) => ({ n, value, service }))),
  );
  const reports = numbered.flatMap(({ n, reports: of }) => of.map((report) => ({ n, report })));
  const rows = await read.run(on, [
    destination,
    asked.map(({ patientKey }) => patientKey),
    values.map(({ n }) => n),
    values.map(({ value }) => value),
    same.map(({ n }) => n),
    same.map(({ value }) => value),
    same.map(({ service }) => service),
    reports.map(({ n }) => n),
    reports.map(({ report }) => report),
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
  ...(row.placer_value === null
    ? {}
    : { placer: { value: row.placer_value, ...(row.placer_system === null ? {} : { system: row.placer_system }) } }),
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
      placer_value: version.placer?.value,
      placer_system: version.placer?.system,
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
  `update lab_version set voided = true from unnest($1::text[], $2::text[]) as x (destination, name)
    where not voided and lab_version.destination = x.destination
      and (lab_version.artifact = x.name or lab_version.artifact >= x.name || '.' and lab_version.artifact < x.name || '/')`,
);

const withdrawTold = statement<Record<string, never>>(
  'lab-withdraw-told',
  `update lab_version set voided = true
    from unnest($1::text[], $2::text[], $3::text[]) as x (destination, source, record_id)
      join lab_version report on report.destination = x.destination and report.source = x.source
        and report.record_id = x.record_id and report.key = ''
      join lab_version told on told.destination = report.destination and told.message_id = report.message_id
        and told.artifact >= report.report || '.' and told.artifact < report.report || '/'
    where not lab_version.voided and lab_version.destination = told.destination and lab_version.artifact = told.artifact`,
);

/**
 * Reports and results that stand for another patient no more, whichever messages told them; and what a voided message
 * told: the chart shows none of its earlier versions either.
 */
export async function withdrawLabs(on: Queryable, completed: readonly Completed[]): Promise<void> {
  const moved = completed.flatMap(({ lane: { destination }, labMoved = [] }) =>
    labMoved.map((name) => ({ destination, name })),
  );
  if (moved.length > 0)
    await withdraw.run(on, [moved.map(({ destination }) => destination), moved.map(({ name }) => name)]);
  const voids = completed.flatMap(({ lane: { destination }, voids: of }) =>
    of === undefined ? [] : [{ destination, ...of }],
  );
  if (voids.length > 0)
    await withdrawTold.run(on, [
      voids.map(({ destination }) => destination),
      voids.map(({ source }) => source),
      voids.map(({ recordId }) => recordId),
    ]);
}
