/** The EHR's own account of what was written, in the order of its commits: the journal of the sandbox, read anew. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

export type Standing = {
  readonly reference: string;
  /** Position of its first version among all commits. */
  readonly first: number;
  readonly errored: boolean;
  /** What the latest version says: text with attachments decoded. */
  readonly text: string;
  readonly value: number | undefined;
};

export type Chart = {
  /** Artifact identifier → the resources that carry it. */
  readonly artifacts: ReadonlyMap<string, readonly Standing[]>;
  /** `Goal/…` → achievement codes of its versions, one after another, without repetition. */
  readonly achievements: ReadonlyMap<string, readonly string[]>;
  /** Resources other than Patients that carry no identifier of ours. */
  readonly strangers: readonly string[];
};

type Version = { readonly resource?: Readonly<Record<string, unknown>> };
type Change = { readonly type: string; readonly id: string; readonly version: Version };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const identifiersOf = (resource: Readonly<Record<string, unknown>>, system: string): readonly string[] => {
  const given = resource['identifier'];
  return (Array.isArray(given) ? given : [given]).flatMap((one: unknown) =>
    isRecord(one) && one['system'] === system && typeof one['value'] === 'string' ? [one['value']] : [],
  );
};

const isErrored = (resource: Readonly<Record<string, unknown>>): boolean =>
  ['status', 'lifecycleStatus'].some((name) => resource[name] === 'entered-in-error') ||
  (isRecord(resource['verificationStatus']) &&
    JSON.stringify(resource['verificationStatus']).includes('entered-in-error'));

const textOf = (resource: Readonly<Record<string, unknown>>): string => {
  const attachments = Array.isArray(resource['content']) ? resource['content'] : [];
  const decoded = attachments.flatMap((one: unknown) =>
    isRecord(one) && isRecord(one['attachment']) && typeof one['attachment']['data'] === 'string'
      ? [Buffer.from(one['attachment']['data'], 'base64').toString('utf8')]
      : [],
  );
  return [JSON.stringify(resource), ...decoded].join('\n');
};

const achievementOf = (resource: Readonly<Record<string, unknown>>): string | undefined => {
  const concept = resource['achievementStatus'];
  const [coding] = isRecord(concept) && Array.isArray(concept['coding']) ? (concept['coding'] as unknown[]) : [];
  return isRecord(coding) && typeof coding['code'] === 'string' ? coding['code'] : undefined;
};

/** R4's Provenance has no identifier: there a tag holds it. */
const tagsOf = (resource: Readonly<Record<string, unknown>>, system: string): readonly string[] => {
  const tags = isRecord(resource['meta']) ? resource['meta']['tag'] : undefined;
  return (Array.isArray(tags) ? tags : []).flatMap((one: unknown) =>
    isRecord(one) && one['system'] === system && typeof one['code'] === 'string' ? [one['code']] : [],
  );
};

/** The identifiers of ours that a resource carries. */
export const artifactsIn = (resource: Readonly<Record<string, unknown>>, system: string): readonly string[] =>
  resource['resourceType'] === 'Provenance' ? tagsOf(resource, system) : identifiersOf(resource, system);

/** Rejects when the journal cannot be read. A torn last line is left out, as the sandbox does. */
export async function readChart(journal: string, artifactSystem: string): Promise<Chart> {
  const first = new Map<string, number>();
  const latest = new Map<string, { resource: Readonly<Record<string, unknown>>; type: string } | undefined>();
  const achievements = new Map<string, string[]>();
  let position = 0;
  for await (const line of createInterface({ input: createReadStream(journal), crlfDelay: Infinity })) {
    if (line === '') continue;
    position += 1;
    for (const { type, id, version } of JSON.parse(line) as readonly Change[]) {
      const reference = `${type}/${id}`;
      if (!first.has(reference)) first.set(reference, position);
      latest.set(reference, version.resource === undefined ? undefined : { resource: version.resource, type });
      const achievement = type === 'Goal' && version.resource ? achievementOf(version.resource) : undefined;
      if (achievement === undefined) continue;
      const before = achievements.get(reference) ?? [];
      if (before.at(-1) !== achievement) achievements.set(reference, [...before, achievement]);
    }
  }
  const artifacts = new Map<string, Standing[]>();
  const strangers: string[] = [];
  for (const [reference, found] of latest) {
    if (found === undefined || found.type === 'Patient') continue;
    const { resource } = found;
    const own = artifactsIn(resource, artifactSystem);
    if (own.length === 0) strangers.push(reference);
    const quantity = resource['valueQuantity'];
    const value = isRecord(quantity) && typeof quantity['value'] === 'number' ? quantity['value'] : undefined;
    for (const artifact of own) {
      const one = {
        reference,
        first: first.get(reference) ?? 0,
        errored: isErrored(resource),
        text: textOf(resource),
        value,
      };
      artifacts.set(artifact, [...(artifacts.get(artifact) ?? []), one]);
    }
  }
  return { artifacts, achievements, strangers };
}
