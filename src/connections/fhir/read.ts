/** Reading one resource that stands. */
import { fail, ok } from '../../core/outcome.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import type { Call, FhirClient } from './client.ts';
import { isResource } from './json.ts';
import { versionInEtag, versionOf } from './version.ts';

/** The resource at `Type/id`. 404 and 410 both mean `send/gone`: a deleted resource is never revived by writing to it. */
export async function read(client: FhirClient, reference: string, call: Call): Promise<Outcome<Resource>> {
  const reply = await client.ask({ method: 'GET', path: reference, doing: 'read' }, call);
  if (!reply.ok) return reply;
  if (!isResource(reply.json)) return fail('send/unavailable', 'a read was not answered with a resource');
  const version = versionOf(reply.json) ?? versionInEtag(reply.answer.headers['etag']);
  // Some servers tell the version only in the header: from here on it is where R4 has it.
  const meta = {
    ...(reply.json['meta'] as object | undefined),
    ...(version === undefined ? {} : { versionId: version }),
  };
  return ok({ ...reply.json, meta });
}
