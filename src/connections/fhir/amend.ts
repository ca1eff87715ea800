/** Changing one resource that stands: read, compare, `PUT` with `If-Match`, and again when somebody else was quicker. */
import { fail, ok } from '../../core/outcome.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import type { Reply } from './client.ts';
import { sameContent, versionOf } from './content.ts';
import { isLost, jittered } from './environment.ts';
import type { Environment, Run } from './environment.ts';
import { isResource } from './json.ts';

const racesAtMost = 5;
const lossesAtMost = 2;
const raceWaitMs = 60;

export type Amended = { readonly resource: Resource; readonly versionId?: string; readonly changed: boolean };

/** The resource at `Type/id`. 404 and 410 both mean `send/gone`: a deleted resource is never revived by writing to it. */
export async function read(env: Environment, reference: string, run: Run): Promise<Outcome<Resource>> {
  const reply = await env.client.ask({ method: 'GET', path: reference, doing: 'read' }, run);
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

/**
 * Makes the resource what `change` says. `change` returns undefined when it is right as it stands; nothing is written
 * then, nor when the result equals what stands. `current` saves the first read. A lost answer is settled by reading.
 */
export async function amend(
  env: Environment,
  reference: string,
  change: (current: Resource) => Resource | undefined,
  run: Run,
  current?: Resource,
): Promise<Outcome<Amended>> {
  let standing = current;
  let written = false;
  let last: Failure = { cause: 'send/write-race', detail: 'somebody else kept writing to the resource' };
  for (let races = 0, losses = 0; races < racesAtMost && losses <= lossesAtMost;) {
    if (standing === undefined) {
      const got = await read(env, reference, run);
      // With a write in doubt, a failed read leaves it in doubt.
      if (!got.ok) return losses > 0 && got.failure.cause !== 'send/gone' ? { ok: false, failure: last } : got;
      standing = got.value;
    }
    const wanted = change(standing);
    const version = versionOf(standing);
    if (wanted === undefined || sameContent(standing, wanted, env.baseUrl)) {
      return ok({ resource: standing, ...(version === undefined ? {} : { versionId: version }), changed: written });
    }
    const reply = await put(env, reference, wanted, version, run);
    if (reply.ok) {
      const answered = isResource(reply.json) ? reply.json : undefined;
      const next =
        versionInEtag(reply.answer.headers['etag']) ?? (answered === undefined ? undefined : versionOf(answered));
      return ok({ resource: answered ?? wanted, ...(next === undefined ? {} : { versionId: next }), changed: true });
    }
    if (reply.failure.cause === 'send/write-race') {
      races += 1;
      await jittered(env, raceWaitMs * 2 ** races, run);
    } else if (isLost(reply.failure)) {
      losses += 1;
      run.doubt = true;
      written = true;
      last = reply.failure;
    } else {
      if (reply.failure.cause === 'send/unsupported') env.capabilities.distrust();
      return reply;
    }
    standing = undefined;
  }
  return { ok: false, failure: last };
}

/** `If-Match` in quotes: unquoted it is ignored by some. Without a known version there is nothing to match. */
function put(
  env: Environment,
  reference: string,
  wanted: Resource,
  version: string | undefined,
  run: Run,
): Promise<Reply> {
  return env.client.ask(
    {
      method: 'PUT',
      path: reference,
      doing: 'update',
      body: { ...wanted, id: reference.slice(reference.indexOf('/') + 1) },
      headers: {
        ...(version === undefined ? {} : { 'if-match': `W/"${version}"` }),
        ...(env.config.quirks?.prefer === undefined ? {} : { prefer: `return=${env.config.quirks.prefer}` }),
      },
    },
    run,
  );
}

export function versionInEtag(etag: string | undefined): string | undefined {
  const found = etag === undefined ? null : /^(?:W\/)?"?([^"]+)"?$/.exec(etag.trim());
  return found?.[1];
}
