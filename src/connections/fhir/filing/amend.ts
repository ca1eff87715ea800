/** Changing one resource that stands: read, compare, `PUT` with `If-Match` (or `PATCH`, where only that is taken), and again when somebody else was quicker. */
import { isDeepStrictEqual } from 'node:util';
import { fail, ok } from '../../../core/outcome.ts';
import type { Failure, Outcome } from '../../../core/outcome.ts';
import type { Resource } from '../../../core/ports.ts';
import type { Reply } from '../client.ts';
import { sameContent } from '../content.ts';
import { isLost } from '../doubt.ts';
import { jittered, learnRefusal, preferred } from '../environment.ts';
import type { Environment, Run } from '../environment.ts';
import { isResource } from '../json.ts';
import { read } from '../read.ts';
import { idIn } from '../reference.ts';
import type { Change } from '../tiers/abilities.ts';
import { isOfType } from './refusal.ts';
import { versionInEtag, versionOf } from '../version.ts';

const racesAtMost = 5;
const lossesAtMost = 2;
const raceWaitMs = 60;

/** `versionId` as far as the EHR tells it. `changed`: by us, or possibly so where an answer was lost. */
type Amended = { readonly versionId: string | undefined; readonly changed: boolean };

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
  let losses = 0;
  let last: Failure = { cause: 'send/write-race', detail: 'somebody else kept writing to the resource' };
  for (let races = 0; races < racesAtMost && losses <= lossesAtMost;) {
    if (standing === undefined) {
      const got = await read(env.client, reference, run);
      // With a write in doubt, a failed read leaves it in doubt.
      if (!got.ok) return losses > 0 && got.failure.cause !== 'send/gone' ? { ok: false, failure: last } : got;
      standing = got.value;
    }
    const wanted = change(standing);
    const version = versionOf(standing);
    if (wanted === undefined || sameContent(standing, wanted, env.baseUrl)) {
      return ok({ versionId: version, changed: losses > 0 });
    }
    const method = env.abilities().change(standing.resourceType) ?? 'PUT';
    const reply = await write(env, method, reference, { standing, wanted }, run);
    if (reply.ok) {
      const told = isResource(reply.json) ? versionOf(reply.json) : undefined;
      return ok({ versionId: versionInEtag(reply.answer.headers['etag']) ?? told, changed: true });
    }
    if (reply.failure.cause === 'send/write-race') {
      races += 1;
      await jittered(env, raceWaitMs * 2 ** races, run);
    } else if (isLost(reply.failure)) {
      losses += 1;
      run.doubt = true;
      last = reply.failure;
    } else {
      if (await isOfType(env, reply, standing, run)) {
        learnRefusal(env, `${method} ${standing.resourceType}`);
        return fail('send/unsupported', reply.failure.detail);
      }
      return reply;
    }
    standing = undefined;
  }
  return { ok: false, failure: last };
}

/** `If-Match` in quotes: unquoted it is ignored by some. Without a known version there is nothing to match. */
function write(
  env: Environment,
  method: Change,
  reference: string,
  { standing, wanted }: { readonly standing: Resource; readonly wanted: Resource },
  run: Run,
): Promise<Reply> {
  const version = versionOf(standing);
  return env.client.ask(
    {
      method,
      path: reference,
      doing: 'update',
      body: method === 'PUT' ? { ...wanted, id: idIn(reference) } : patchTo(standing, wanted),
      headers: {
        ...(version === undefined ? {} : { 'if-match': `W/"${version}"` }),
        ...(method === 'PATCH' ? { 'content-type': 'application/json-patch+json' } : {}),
        ...preferred(env),
      },
    },
    run,
  );
}

/** JSON Patch (RFC 6902) of the top-level elements that differ. */
function patchTo(standing: Resource, wanted: Resource): readonly unknown[] {
  const names = [...new Set([...Object.keys(standing), ...Object.keys(wanted)])].filter(
    (name) => name !== 'id' && name !== 'meta' && name !== 'resourceType',
  );
  const differing = names.filter((name) => !isDeepStrictEqual(standing[name], wanted[name]));
  return differing.map((name) => {
    const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (wanted[name] === undefined) return { op: 'remove', path };
    return { op: standing[name] === undefined ? 'add' : 'replace', path, value: wanted[name] };
  });
}
