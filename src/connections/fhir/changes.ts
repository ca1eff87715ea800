/** What has changed in the EHR: resources of a type by `_lastUpdated`, page by page. Hooks are hints; this is the truth. */
import type { Observed } from '../../core/change.ts';
import { fail, ok, type Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import type { Call, FhirClient } from './client.ts';
import { isObject, objects, text } from './json.ts';
import { referenceOf, subjectOf } from './reference.ts';
import { searchAll } from './search.ts';
import { lastUpdatedOf, versionOf } from './version.ts';

const pagesAtMost = 1_000;
/** Servers that keep whole seconds cut their times. */
const toleranceMs = 1_000;

/**
 * Those of patients, as they stand now. A server that ignores the parameter shows everything: that is a failure, not
 * an answer (row 18 of the measured behaviour).
 */
export async function changedSince(
  client: FhirClient,
  baseUrl: string,
  type: 'Appointment' | 'Task',
  since: Date,
  call: Call,
): Promise<Outcome<readonly Observed[]>> {
  const query = new URLSearchParams({ _lastUpdated: `ge${since.toISOString()}`, _count: '200' });
  const belongs = (resource: Resource): boolean => lastUpdatedOf(resource) >= since.getTime() - toleranceMs;
  const request = { method: 'GET', path: `${type}?${query.toString()}`, doing: 'search' } as const;
  const found = await searchAll(client, request, belongs, call, pagesAtMost);
  if (!found.ok) return found;
  const { resources } = found.value;
  if (!resources.every(belongs))
    return fail('send/unsupported', `a search of ${type} did not heed _lastUpdated: what has changed cannot be asked`);
  return ok(
    resources.flatMap((resource) => {
      const at = lastUpdatedOf(resource);
      const patient = patientOf(resource, baseUrl);
      if (resource.resourceType !== type || resource.id === undefined || patient === undefined) return [];
      if (!Number.isFinite(at)) return [];
      const lastUpdated = new Date(at);
      const versionId = versionOf(resource) ?? lastUpdated.toISOString();
      return [{ reference: referenceOf(resource), versionId, lastUpdated, patient, resource }];
    }),
  );
}

/** `Patient/id` of this server; an absolute reference to another one is nobody here. */
function patientOf(resource: Resource, baseUrl: string): string | undefined {
  const participants = objects(resource['participant']).map(({ actor }) => (isObject(actor) ? actor : {}));
  const references = [subjectOf(resource), ...participants.map(({ reference }) => text(reference))];
  return references
    .flatMap((one) => one ?? [])
    .map((one) => (one.startsWith(`${baseUrl}/`) ? one.slice(baseUrl.length + 1) : one))
    .find((one) => /^Patient\/[^/]+$/.test(one));
}
