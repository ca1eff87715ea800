/**
 * How what we wrote is recognised in an EHR: the artifact identifier as a business identifier, or, on types that have
 * no `identifier` element in R4, as a tag in `meta`.
 */
import type { Resource } from '../../core/ports.ts';
import { isObject, objects, text } from './json.ts';
import type { Json } from './json.ts';

/** R4 types we may write that have no `identifier`. */
const tagged = new Set(['Provenance', 'AuditEvent', 'Binary']);
/** R4 types whose `identifier` is one, not many. */
const single = new Set(['QuestionnaireResponse', 'Composition', 'Bundle']);

export const parameterOf = (resourceType: string): 'identifier' | '_tag' =>
  tagged.has(resourceType) ? '_tag' : 'identifier';

/** `identifier=system|value`, encoded for a query, for `If-None-Exist`, or for a Bundle entry's `ifNoneExist`. */
export const identityQuery = (resourceType: string, system: string, artifacts: readonly string[]): string =>
  `${parameterOf(resourceType)}=${artifacts.map((artifact) => encodeURIComponent(`${token(system)}|${token(artifact)}`)).join(',')}`;

/** Characters that have a meaning in a token parameter (R4 search §3.1.1.4.1). */
export const token = (value: string): string => value.replaceAll(/[\\$,|]/g, '\\$&');

/** Our artifact identifiers on a resource, whatever else it carries. */
export function artifactsOn(resource: Json, system: string): readonly string[] {
  const type = text(resource['resourceType']) ?? '';
  if (tagged.has(type)) {
    const meta = isObject(resource['meta']) ? resource['meta'] : {};
    return objects(meta['tag']).flatMap((tag) => (tag['system'] === system ? (text(tag['code']) ?? []) : []));
  }
  return identifiersOf(resource).flatMap((each) => (each['system'] === system ? (text(each['value']) ?? []) : []));
}

export function identifiersOf(resource: Json): readonly Json[] {
  const identifier = resource['identifier'];
  return isObject(identifier) ? [identifier] : objects(identifier);
}

/** The resource with its artifact identifier on it, added if the mapping left it out. */
export function withIdentity(resource: Resource, system: string, artifact: string): Resource {
  if (artifactsOn(resource, system).includes(artifact)) return resource;
  const { resourceType } = resource;
  if (tagged.has(resourceType)) {
    const meta = isObject(resource['meta']) ? resource['meta'] : {};
    return { ...resource, meta: { ...meta, tag: [...objects(meta['tag']), { system, code: artifact }] } };
  }
  const mine = { system, value: artifact };
  if (single.has(resourceType)) return { ...resource, identifier: mine };
  return { ...resource, identifier: [...identifiersOf(resource), mine] };
}

/** The resource under this artifact alone: what it carried of ours before is another one's name now. */
export function identified(resource: Resource, system: string, artifact: string): Resource {
  const others = identifiersOf(resource).filter((each) => each['system'] !== system);
  return withIdentity({ ...resource, identifier: others }, system, artifact);
}
