/** Gives drafts their versions: one more than what stands, and only where the content is another. Pure. */
import type { Activity } from '../core/activity.ts';

type Unversioned = Omit<Activity, 'source'> & {
  readonly source: { readonly systemId: string; readonly recordId: string };
};

/** The version of a record that counts in the ledger, and the hash of its content with that version. */
export type Head = { readonly version: number | undefined; readonly contentHash: string };

const withVersion = (draft: Unversioned, recordVersion: number): Activity =>
  ({ ...draft, source: { ...draft.source, recordVersion } }) as Activity;

/** Undefined: the same stands already. `hash`: the content hash of an activity as the ledger takes it. */
export function versioned(
  draft: Unversioned,
  head: Head | undefined,
  hash: (activity: Activity) => string,
): Activity | undefined {
  if (head === undefined) return withVersion(draft, 1);
  const version = head.version ?? 0;
  return hash(withVersion(draft, version)) === head.contentHash ? undefined : withVersion(draft, version + 1);
}
