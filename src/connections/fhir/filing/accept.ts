/** Reading answers of success into works. What is not certain from them alone is read in the next round. Pure. */
import type { Learned } from '../environment.ts';
import type { Outgoing } from './next-request.ts';
import { forget, refersTo } from './work.ts';

/** What an answer says of one resource: where it stands, if it says so, and 201 when it was made. */
export type Answered = {
  readonly status: number;
  readonly reference?: string | undefined;
  readonly versionId?: string | undefined;
};

/** One write of `request` was done, or what it was to make stood already. */
export function accept(
  learned: Learned,
  { work, kind }: Outgoing,
  answered: Answered,
  request: readonly Outgoing[],
): void {
  const made = kind === 'create' && answered.status === 201;
  if (made) {
    work.action = 'created';
    work.made = true;
  } else if (kind === 'update') work.action ??= 'updated';
  work.reference ??= answered.reference;
  work.versionId = answered.versionId;
  work.unplaced = work.reference === undefined;
  forget(work);
  if (work.unplaced || (kind === 'create' && !made)) return;
  const identityKnown = kind === 'update' || learned.identity.has(work.desired.resourceType);
  const resolves = learned.placeholders === 'resolved' && !learned.transactionsAreBatches;
  work.done = identityKnown && (resolves || !refersWithin(request, work));
}

/** Success, and no word more (`return=minimal`): all of it stands, and where is to be found out. */
export function acceptUntold(request: readonly Outgoing[]): void {
  for (const { work, kind } of request) {
    forget(work);
    work.action ??= kind === 'create' ? 'created' : 'updated';
    work.unplaced = kind === 'create';
  }
}

/** Does it refer to another entry of the same request? */
export const refersWithin = (request: readonly Outgoing[], work: Outgoing['work']): boolean =>
  refersTo(work, new Set(request.map(({ fullUrl }) => fullUrl)));
