/** Minimum necessary: what a destination is not to get is left out before anything is made of it, and that is written down. */
import type { Activity } from '../activity.ts';
import { type Confidentiality, confidentialities, confidentialityOf } from './labels.ts';
import { type Consent, judge } from './consents.ts';
import { type Mark, passedWith, type Verdict } from './verdict.ts';

export const recipientClasses = ['workforce', 'business-associate', 'treatment', 'authorisation-required'] as const;
export type RecipientClass = (typeof recipientClasses)[number];

export type Receives = {
  /** What the destination is to the clinic. All but workforce and business associates are outside. */
  readonly recipient: RecipientClass;
  /** Activity types; a `*` at the end stands for the rest. Undefined: all. */
  readonly types?: readonly string[];
  readonly except: readonly string[];
  readonly narrative: boolean;
  readonly maxConfidentiality: Confidentiality;
  readonly omitSensitivity: readonly string[];
};

/** The clinic's own chart gets everything. */
export const receivesAll: Receives = {
  recipient: 'workforce',
  except: [],
  narrative: true,
  maxConfidentiality: 'V',
  omitSensitivity: [],
};

export const isOutside = (recipient: RecipientClass): boolean =>
  recipient !== 'workforce' && recipient !== 'business-associate';

const matches = (pattern: string, type: string): boolean =>
  pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;

const isWanted = ({ types, except }: Receives, type: string): boolean =>
  (types === undefined || types.some((pattern) => matches(pattern, type))) &&
  !except.some((pattern) => matches(pattern, type));

/** Why nothing of it goes there; undefined when something does. */
function whyNothing(
  activity: Activity,
  receives: Receives,
  to: string,
  consents: readonly Consent[],
  now: Date,
): string | undefined {
  if (!isWanted(receives, activity.activityType)) return `not of a type that ${to} receives`;
  const level = confidentialityOf(activity);
  if (confidentialities.indexOf(level) > confidentialities.indexOf(receives.maxConfidentiality)) {
    return `confidentiality ${level}, ${to} receives up to ${receives.maxConfidentiality}`;
  }
  const omitted = activity.sensitivity?.find((about) => receives.omitSensitivity.includes(about));
  if (omitted !== undefined) return `a sensitivity that ${to} does not receive`;
  if (!isOutside(receives.recipient) || activity.sensitivity?.includes('sud') !== true) return undefined;
  const { is } = judge(consents, { kind: 'part2', recipients: [to, receives.recipient] }, now);
  return is === 'given' ? undefined : '42 CFR Part 2: it does not leave without its own consent';
}

export type Trimmed = { readonly activity: Activity; readonly verdict: Verdict } | { readonly nothing: string };

export function trimmed(
  activity: Activity,
  receives: Receives,
  to: string,
  consents: readonly Consent[],
  now: Date,
): Trimmed {
  const nothing = whyNothing(activity, receives, to, consents, now);
  if (nothing !== undefined) return { nothing };
  const marks: Mark[] = [];
  const { narrative, components, ...rest } = activity;
  const kept = components?.filter(({ activityType }) => isWanted(receives, activityType));
  for (const { key, activityType } of components ?? []) {
    if (!isWanted(receives, activityType))
      marks.push({ where: `component ${key}`, what: `${activityType} is left out here, as configured.` });
  }
  const withText = narrative !== undefined && receives.narrative;
  if (narrative !== undefined && !withText) marks.push({ where: '/narrative', what: 'Left out here, as configured.' });
  if (marks.length === 0) return { activity, verdict: passedWith('minimum', []) };
  return {
    activity: { ...rest, ...(withText ? { narrative } : {}), ...(kept === undefined ? {} : { components: kept }) },
    verdict: passedWith('minimum', marks),
  };
}
