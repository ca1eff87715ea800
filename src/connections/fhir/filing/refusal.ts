/** Whether an EHR that refuses a write refuses the type, or us. */
import type { Resource } from '../../../core/ports.ts';
import { isChartClosed } from '../classify.ts';
import type { Reply } from '../client.ts';
import type { Environment, Run } from '../environment.ts';
import { read } from '../read.ts';
import { subjectOf } from '../reference.ts';

type FailedReply = Extract<Reply, { ok: false }>;

/**
 * The type, where it says so (404, 405, `not-supported`), and on a 403 when we may read the patient all the same: then
 * our credentials are good, and it is this that they are not good for. A chart that is closed to us is neither.
 */
export async function isOfType(
  env: Environment,
  { failure, answer }: FailedReply,
  resource: Resource,
  run: Run,
): Promise<boolean> {
  if (failure.cause === 'send/unsupported') return true;
  if (answer?.status !== 403 || isChartClosed(answer)) return false;
  const subject = subjectOf(resource)?.replace(/^.*\/(?=Patient\/)/, '');
  return subject !== undefined && (await read(env.client, subject, run)).ok;
}
