/** Bundles to an EHR and their answers: building, splitting by what it takes, reading every entry. Pure. */
import type { Resource } from '../../../core/ports.ts';
import type { FhirAnswer } from '../classify.ts';
import { isObject, isResource, objects, text } from '../json.ts';
import type { Json } from '../json.ts';
import { idIn, readLocation, referencesIn } from '../reference.ts';
import { versionInEtag, versionOf } from '../version.ts';

/** One thing to write, its references to what is filed already resolved. */
export type Write = {
  readonly fullUrl: string;
  readonly resource: Resource;
} & (
  | { readonly kind: 'create'; readonly ifNoneExist?: string }
  | { readonly kind: 'update'; readonly reference: string; readonly versionId?: string }
);

export type BundleLimits = {
  readonly entries?: number | undefined;
  readonly conditionalEntries?: number | undefined;
  readonly updateEntries?: number | undefined;
};

/** How a server takes several at once. In a batch no entry may refer to another. */
export type Together = 'transaction' | 'batch' | 'one-by-one';

/**
 * What goes into the next request. `writes` are in an order in which each refers to earlier ones only, so a prefix
 * never refers outside itself.
 */
export function nextChunk<W extends Write>(
  writes: readonly W[],
  together: Together,
  limits: BundleLimits,
): readonly W[] {
  const pending = new Set(writes.map((write) => write.fullUrl));
  const free = (write: W): boolean =>
    referencesIn(write.resource).every((one) => one === write.fullUrl || !pending.has(one));
  if (together === 'one-by-one') return (writes.some(free) ? writes.filter(free) : writes).slice(0, 1);
  const candidates = together === 'batch' ? writes.filter(free) : writes;
  const chunk: W[] = [];
  let updates = 0;
  let conditions = 0;
  for (const write of candidates) {
    updates += write.kind === 'update' ? 1 : 0;
    conditions += write.kind === 'create' && write.ifNoneExist !== undefined ? 1 : 0;
    const over =
      exceeds(chunk.length + 1, limits.entries) ||
      exceeds(updates, limits.updateEntries) ||
      (together === 'transaction' && conditions > 0 && exceeds(chunk.length + 1, limits.conditionalEntries));
    if (over && chunk.length > 0) break;
    chunk.push(write);
  }
  return chunk.length === 0 ? writes.slice(0, 1) : chunk;
}

const exceeds = (count: number, limit: number | undefined): boolean => limit !== undefined && count > limit;

export const bundleOf = (writes: readonly Write[], type: 'transaction' | 'batch', baseUrl: string): Json => ({
  resourceType: 'Bundle',
  type,
  entry: writes.map((write) =>
    write.kind === 'create'
      ? {
          fullUrl: write.fullUrl,
          resource: write.resource,
          request: {
            method: 'POST',
            url: write.resource.resourceType,
            ...(write.ifNoneExist === undefined ? {} : { ifNoneExist: write.ifNoneExist }),
          },
        }
      : {
          fullUrl: `${baseUrl}/${write.reference}`,
          resource: { ...write.resource, id: idIn(write.reference) },
          request: {
            method: 'PUT',
            url: write.reference,
            ...(write.versionId === undefined ? {} : { ifMatch: `W/"${write.versionId}"` }),
          },
        },
  ),
});

export type EntryAnswer = {
  readonly status: number;
  readonly reference?: string;
  readonly versionId?: string;
  /** As if it were an answer of its own, to classify. */
  readonly answer: FhirAnswer;
};

/** The answer to each write, or undefined when they cannot be told apart: no body, or another number of entries. */
export function readEntries(json: unknown, writes: readonly Write[]): readonly EntryAnswer[] | undefined {
  if (!isObject(json) || json['resourceType'] !== 'Bundle') return undefined;
  const entries = objects(json['entry']);
  if (entries.length !== writes.length) return undefined;
  const read: EntryAnswer[] = [];
  for (const [index, entry] of entries.entries()) {
    const response = isObject(entry['response']) ? entry['response'] : {};
    const status = Number.parseInt(text(response['status']) ?? '', 10);
    const type = writes[index]?.resource.resourceType;
    if (Number.isNaN(status) || type === undefined) return undefined;
    const resource =
      isResource(entry['resource']) && entry['resource'].resourceType === type ? entry['resource'] : undefined;
    const located = readLocation(text(response['location']), type);
    // Entries out of order would be linked to the wrong artifact: another type gives it away.
    if (status < 300 && located === 'other') return undefined;
    const place = located === 'other' ? undefined : located;
    const reference = place?.reference ?? (resource?.id === undefined ? undefined : `${type}/${resource.id}`);
    const versionId =
      versionInEtag(text(response['etag'])) ??
      place?.versionId ??
      (resource === undefined ? undefined : versionOf(resource));
    const outcome = response['outcome'] ?? (isObject(entry['resource']) ? entry['resource'] : undefined);
    read.push({
      status,
      ...(reference === undefined ? {} : { reference }),
      ...(versionId === undefined ? {} : { versionId }),
      answer: { status, headers: {}, body: outcome === undefined ? '' : JSON.stringify(outcome) },
    });
  }
  return read;
}
