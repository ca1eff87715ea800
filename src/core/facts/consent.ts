/** What consents say to the gates: which, for whom, for what, from when until when. Pure. */
import { type Activity, type ActivityComponent, tookPlace } from '../activity.ts';
import type { Fact } from '../fact.ts';
import { type Details, known, textIn } from './details.ts';

/** Whoever may receive: an organisation by its id, else a class of recipients; never a name. */
const recipientOf = (details: Details): string | undefined => {
  const recipient = details['recipient'];
  if (typeof recipient !== 'object' || recipient === null) return undefined;
  return textIn(recipient as Details, 'id') ?? textIn(recipient as Details, 'class');
};

const consent = (key: string | undefined, activity: Activity, data: Details): readonly Fact[] =>
  key === undefined || !tookPlace(activity)
    ? []
    : [{ kind: 'consent', key, at: activity.occurredAt, data: known(data) }];

/**
 * `consent.record`. `status` is given, declined or withdrawn; `scope` a list of service categories, `['all']` when none is
 * named; `from` a day or the time of the activity; `until` the last day on which it holds, absent without end; `artifact` of
 * the item, by which a map knows that this message says it.
 */
export function consentRecorded(
  { details = {} }: ActivityComponent,
  activity: Activity,
  artifact?: string,
): readonly Fact[] {
  const scope: unknown = details['scope'];
  return consent(textIn(details, 'consentId'), activity, {
    kind: textIn(details, 'kind'),
    status: textIn(details, 'status'),
    scope: Array.isArray(scope) ? scope : ['all'],
    recipient: recipientOf(details),
    from: textIn(details, 'start') ?? activity.occurredAt,
    until: textIn(details, 'expires'),
    method: textIn(details, 'method'),
    artifact,
  });
}

/** `research.consent`: the study stands for its scope. Offered is no answer yet. */
export function researchConsent(
  { details = {} }: ActivityComponent,
  activity: Activity,
  artifact?: string,
): readonly Fact[] {
  const study = textIn(details, 'study');
  const status = textIn(details, 'status');
  if (study === undefined || status === undefined || status === 'offered') return [];
  return consent(`study.${study}`, activity, {
    kind: 'research',
    status: status === 'consented' ? 'given' : status,
    scope: [study],
    recipient: 'researchers',
    from: textIn(details, 'date') ?? activity.occurredAt,
    artifact,
  });
}

/** `family.involve`: whether this relative may know. The relationship is not told: a class is enough. */
export function familyInvolved(
  { details = {} }: ActivityComponent,
  activity: Activity,
  artifact?: string,
): readonly Fact[] {
  const shared: unknown = details['consentToShare'];
  const person = textIn(details, 'familyId');
  if (typeof shared !== 'boolean' || person === undefined) return [];
  return consent(`family.${person}`, activity, {
    kind: 'family',
    status: shared ? 'given' : 'declined',
    scope: ['all'],
    recipient: person,
    from: activity.occurredAt,
    until: textIn(details, 'expires'),
    method: textIn(details, 'method'),
    artifact,
  });
}
