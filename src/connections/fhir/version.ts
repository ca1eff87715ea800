/** Which version of a resource stands, and since when, as the server says in `meta` and `ETag`. Pure. */
import { isObject } from './json.ts';
import type { Json } from './json.ts';

const metaOf = (resource: Json): Json => (isObject(resource['meta']) ? resource['meta'] : {});

export function versionOf(resource: Json): string | undefined {
  const { versionId } = metaOf(resource);
  return typeof versionId === 'string' && versionId !== '' ? versionId : undefined;
}

/** The version in an `ETag`: `W/"3"`, and `"3"` and `3` too, as some servers write it. */
export function versionInEtag(etag: string | undefined): string | undefined {
  const found = etag === undefined ? null : /^(?:W\/)?"?([^"]+)"?$/.exec(etag.trim());
  return found?.[1];
}

/** Epoch ms; infinity when the server does not say. */
export function lastUpdatedOf(resource: Json): number {
  const at = Date.parse(String(metaOf(resource)['lastUpdated']));
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at;
}
