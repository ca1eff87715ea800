/**
 * What needs a consent waits for one. The programme's is asked of every activity, but only a no that is known stops:
 * to be cared for is consent enough until the patient says otherwise.
 */
import { type Activity, type ActivityComponent, tookPlace } from '../activity.ts';
import type { CauseCode } from '../causes.ts';
import { type Consent, type ConsentKind, judge, type Judgement, type Need } from './consents.ts';
import { type Mark, passedWith, stopped, type Verdict } from './verdict.ts';

export type ConsentRules = {
  /** `referenced`: a consent that the sender names, and that Tejido does not hold, is the sender's assertion. */
  readonly require: 'referenced' | 'recorded';
  /** Activity type → the kind of consent it needs. */
  readonly needed: Readonly<Record<string, ConsentKind>>;
};

type Part = Pick<ActivityComponent, 'activityType' | 'details'>;

/** What must be known whatever the patient says of the programme: consents themselves, leaving it, danger. */
const always = new Set(['consent.record', 'research.consent', 'roster.status-change', 'escalation.red-flag', 'void', 'amend', 'indirect.work']); // prettier-ignore

/** The class of recipients that a consent may name instead of an organisation. */
const communityOrganisations = 'community-organisations';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const isOutgoing = (activity: Activity, { details }: Part): boolean =>
  (text(details?.['direction']) ?? text(activity['direction'])) !== 'in';

export const partsOf = (activity: Activity): readonly Part[] => [activity, ...(activity.components ?? [])];

/** Nothing is disclosed by what did not take place. */
function needsOf(activity: Activity, rules: ConsentRules): readonly (Need & { readonly type: string })[] {
  if (!tookPlace(activity)) return [];
  return partsOf(activity).flatMap((part) => {
    const { activityType: type, details } = part;
    const ref = text(details?.['consentRef']) ?? text(activity.consentRef);
    const named = ref === undefined ? {} : { ref };
    const needs: (Need & { readonly type: string })[] = [];
    const kind = rules.needed[type];
    const scope = text(details?.['category']);
    const ids = [text(details?.['serviceId']), text(details?.['organizationId'])].flatMap((id) => id ?? []);
    const where = { ...(scope === undefined ? {} : { scope }), recipients: [...ids, communityOrganisations] };
    if (kind !== undefined && (kind !== 'messaging' || isOutgoing(activity, part))) {
      needs.push({ type, kind, ...named, ...(kind === 'community-referral' ? where : {}) });
    }
    // 42 CFR Part 2: its own consent, by which it names the recipient. A consent to a referral is none.
    if (kind === 'community-referral' && activity.sensitivity?.includes('sud') === true) {
      needs.push({ type, kind: 'part2', ...where });
    }
    const study = text(details?.['study']);
    if (study !== undefined && type !== 'research.consent' && kind === undefined) {
      needs.push({ type, kind: 'research', scope: study, ...named });
    }
    return needs;
  });
}

const causeBy: Readonly<Record<Exclude<Judgement['is'], 'given'>, CauseCode>> = {
  missing: 'gate/consent-missing',
  declined: 'gate/consent-missing',
  'unknown-reference': 'gate/consent-missing',
  expired: 'gate/consent-expired',
  withdrawn: 'gate/consent-withdrawn',
  'out-of-scope': 'gate/consent-scope',
};

const wordsFor: Readonly<Record<Exclude<Judgement['is'], 'given'>, string>> = {
  missing: 'none is referenced or recorded',
  declined: 'the patient declined',
  'unknown-reference': 'the one referenced is not recorded',
  expired: 'it has expired',
  withdrawn: 'it was withdrawn',
  'out-of-scope': 'the one there is does not cover it',
};

/** What was done before the patient left the programme belongs to the record; what came after does not. */
function programme(activity: Activity, consents: readonly Consent[]): Verdict | undefined {
  if (always.has(activity.activityType)) return undefined;
  const occurred = new Date(activity.occurredAt);
  const standing = consents.filter(({ kind }) => kind === 'programme');
  const earlier = standing.filter(({ at }) => at <= occurred.getTime());
  const { is } = judge(earlier, { kind: 'programme' }, occurred);
  if (is === 'withdrawn' || is === 'declined' || is === 'expired') {
    return stopped('consent', { cause: causeBy[is], detail: `Consent to the programme: ${wordsFor[is]}.` });
  }
  const later = judge(standing, { kind: 'programme' }, occurred).is;
  return later === 'withdrawn' || later === 'declined'
    ? passedWith('consent', [{ where: '/occurredAt', what: 'Before the patient withdrew from the programme.' }])
    : undefined;
}

export function consentGate(activity: Activity, consents: readonly Consent[], rules: ConsentRules, now: Date): Verdict {
  const whole = programme(activity, consents);
  if (whole?.is === 'stopped') return whole;
  const marks: Mark[] = whole?.is === 'marked' ? [...whole.marks] : [];
  for (const need of needsOf(activity, rules)) {
    const { is } = judge(consents, need, now);
    if (is === 'given') marks.push({ where: need.type, what: `Covered by a recorded consent (${need.kind}).` });
    else if (is === 'unknown-reference' && rules.require === 'referenced') {
      marks.push({
        where: need.type,
        what: `By the consent that the sender names (${need.kind}); Tejido does not hold it.`,
      });
    } else {
      const detail = `${need.type} needs a consent of the kind ${need.kind}: ${wordsFor[is]}.`;
      return stopped('consent', { cause: causeBy[is], detail });
    }
  }
  return passedWith('consent', marks);
}

/** Whom the patient does not share with (any more) is not shared with, whatever the form of this day says. */
export function withFamilyWishes(activity: Activity, consents: readonly Consent[], now: Date): Activity {
  const participants: unknown = activity['participants'];
  if (!Array.isArray(participants) || !consents.some(({ kind }) => kind === 'family')) return activity;
  const mayKnow = (one: object): boolean => {
    const id = 'familyId' in one && typeof one.familyId === 'string' ? [one.familyId] : [];
    const { is } = judge(consents, { kind: 'family', recipients: id }, now);
    return is !== 'withdrawn' && is !== 'declined' && is !== 'expired';
  };
  return {
    ...activity,
    participants: participants.map((one: unknown) =>
      typeof one === 'object' && one !== null && 'consentToShare' in one && !mayKnow(one)
        ? { ...one, consentToShare: false }
        : one,
    ),
  };
}
