/** What referrals say to later records: for which kind of service, how far, and what came of it. Pure. */
import { type Activity, type ActivityComponent, tookPlace } from '../activity.ts';
import type { Fact } from '../fact.ts';

const codeIn = (details: Readonly<Record<string, unknown>>, name: string): { readonly [key: string]: string } => {
  const value = details[name];
  return typeof value === 'string' ? { [name]: value } : {};
};

/** Without a `referralId` no later record can name it: nothing is told. */
const referral = (
  { details = {} }: ActivityComponent,
  activity: Activity,
  data: Readonly<Record<string, string>>,
): readonly Fact[] => {
  const key: unknown = details['referralId'];
  return typeof key === 'string' ? [{ kind: 'referral', key, at: activity.occurredAt, data }] : [];
};

/** `referral.community`: requested, or cancelled when the patient did not want it. */
export function referred(item: ActivityComponent, activity: Activity): readonly Fact[] {
  const { details = {} } = item;
  const status = tookPlace(activity) ? 'requested' : 'cancelled';
  const said = { said: 'request', status };
  return referral(item, activity, { ...codeIn(details, 'category'), ...said, ...codeIn(details, 'serviceId') });
}

/**
 * `referral.outcome`: what the organisation did, in codes; a report that did not come about says nothing. `reason`: one was
 * given, in words that stay with the record. `artifact`: of the item, under which the help that was given stands.
 */
export function referralReported(item: ActivityComponent, activity: Activity, artifact?: string): readonly Fact[] {
  const { details = {} } = item;
  if (!tookPlace(activity)) return [];
  return referral(item, activity, {
    said: 'report',
    ...codeIn(details, 'category'),
    ...codeIn(details, 'status'),
    ...codeIn(details, 'outcome'),
    ...codeIn(details, 'serviceId'),
    ...(details['reason'] === undefined ? {} : { reason: 'given' }),
    ...(artifact === undefined ? {} : { artifact }),
  });
}
