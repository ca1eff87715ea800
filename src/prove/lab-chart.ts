/** Laboratory results in the EHR's own account of its commits. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { artifactsIn } from './chart.ts';

type Json = Readonly<Record<string, unknown>>;
type Change = { readonly type: string; readonly id: string; readonly version: { readonly resource?: Json } };

export type LabResult = {
  readonly reference: string;
  readonly subject: string;
  readonly status: string;
  /** Of all its versions, in the order of the commits. */
  readonly values: readonly number[];
};

export type LabChart = {
  /** Filler's number → the reports that bear it, each with the references of its results. */
  readonly reports: ReadonlyMap<string, readonly { readonly reference: string; readonly results: readonly string[] }[]>;
  readonly results: ReadonlyMap<string, LabResult>;
  /** Artifacts that more than one resource carries. */
  readonly doubled: readonly string[];
  /** Resources other than Patients that carry no identifier of ours. */
  readonly strangers: readonly string[];
};

export async function readLabChart(journal: string, artifactSystem: string): Promise<LabChart> {
  const latest = new Map<string, Json>();
  const values = new Map<string, number[]>();
  for await (const line of createInterface({ input: createReadStream(journal), crlfDelay: Infinity })) {
    if (line === '') continue;
    for (const { type, id, version } of JSON.parse(line) as readonly Change[]) {
      const reference = `${type}/${id}`;
      if (type === 'Patient') continue;
      if (version.resource === undefined) latest.delete(reference);
      else latest.set(reference, version.resource);
      const { value } = (version.resource?.['valueQuantity'] ?? {}) as { readonly value?: number };
      if (value !== undefined) values.set(reference, [...(values.get(reference) ?? []), value]);
    }
  }
  const reports = new Map<string, { reference: string; results: string[] }[]>();
  const results = new Map<string, LabResult>();
  const carriers = new Map<string, number>();
  const strangers: string[] = [];
  for (const [reference, resource] of latest) {
    const artifacts = artifactsIn(resource, artifactSystem);
    if (artifacts.length === 0) strangers.push(reference);
    for (const artifact of artifacts) carriers.set(artifact, (carriers.get(artifact) ?? 0) + 1);
    if (resource['resourceType'] === 'Observation')
      results.set(reference, {
        reference,
        subject: referenceIn(resource['subject']),
        status: String(resource['status']),
        values: values.get(reference) ?? [],
      });
    if (resource['resourceType'] !== 'DiagnosticReport') continue;
    const filler = fillerOf(resource);
    const linked = ((resource['result'] ?? []) as readonly unknown[]).map(referenceIn);
    reports.set(filler, [...(reports.get(filler) ?? []), { reference, results: linked }]);
  }
  const doubled = [...carriers].flatMap(([artifact, count]) => (count > 1 ? [artifact] : []));
  return { reports, results, doubled, strangers };
}

const referenceIn = (json: unknown): string =>
  typeof json === 'object' && json !== null && 'reference' in json ? String(json.reference) : '';

type Identifier = {
  readonly value?: string;
  readonly type?: { readonly coding?: readonly { readonly code?: string }[] };
};

const fillerOf = (report: Json): string =>
  ((report['identifier'] ?? []) as readonly Identifier[]).find(({ type }) =>
    type?.coding?.some(({ code }) => code === 'FILL'),
  )?.value ?? '';
