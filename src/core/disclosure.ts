/** What left the clinic: kept so that a patient can be told to whom (42 CFR 2.24, 45 CFR 164.528). Never the content. */
import { type Activity, tookPlace } from './activity.ts';
import { isOutside, type Receives } from './gates/minimum.ts';
import type { MessageId } from './model.ts';

export type Disclosure = {
  /** Id of the service in the resource directory, or of the destination. */
  readonly recipient: string;
  readonly recipientClass: string;
  /** Resource types. */
  readonly what: readonly string[];
  /** The consent under which it was made. */
  readonly consent?: string;
};

export type RecordedDisclosure = Disclosure & {
  readonly messageId: MessageId;
  readonly kind: string;
  readonly at: Date;
};

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What an activity discloses once these resource types of it stand at the destination `to`. */
export function disclosuresOf(
  activity: Activity,
  filed: readonly string[],
  receives: Receives,
  to: string,
): readonly Disclosure[] {
  if (filed.length === 0) return [];
  const what = [...new Set(filed)].toSorted();
  const outside: readonly Disclosure[] = isOutside(receives.recipient)
    ? [{ recipient: to, recipientClass: receives.recipient, what, ...consentIn(activity, activity.details) }]
    : [];
  if (!tookPlace(activity)) return outside;
  const referrals = [activity, ...(activity.components ?? [])]
    .filter(({ activityType }) => activityType === 'referral.community')
    .map(({ details }): Disclosure => {
      const category = text(details?.['category']) ?? 'other';
      return {
        recipient: text(details?.['serviceId']) ?? `a ${category} service that the sender does not name`,
        recipientClass: 'community organisation',
        what: what.filter((type) => type === 'ServiceRequest' || type === 'Task'),
        ...consentIn(activity, details),
      };
    });
  return [...outside, ...referrals.filter((one) => one.what.length > 0)];
}

function consentIn(activity: Activity, details: Activity['details']): { readonly consent?: string } {
  const consent = text(details?.['consentRef']) ?? text(activity.consentRef);
  return consent === undefined ? {} : { consent };
}
