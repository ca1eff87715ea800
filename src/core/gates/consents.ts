/**
 * The consents of a person as their facts tell them, and whether one covers what is to be done. A consent is known by
 * its key; what was said last counts. Nothing here discloses anything: it only judges.
 */
import type { OwnedFact } from '../fact.ts';

export const consentKinds = ['programme', 'messaging', 'family', 'community-referral', 'research', 'part2'] as const;
export type ConsentKind = (typeof consentKinds)[number];

export type Consent = {
  /** By what other records name it (`consentRef`). */
  readonly ref: string;
  readonly kind: ConsentKind;
  readonly status: 'given' | 'declined' | 'withdrawn';
  /** Service categories or studies; undefined: all. */
  readonly scope: readonly string[] | undefined;
  /** Ids or classes of recipients; undefined: any. */
  readonly recipients: readonly string[] | undefined;
  /** When it was given, declined or withdrawn. */
  readonly at: number;
  readonly from: number | undefined;
  readonly until: number | undefined;
};

/** What is to be done, and what it needs. */
export type Need = {
  readonly kind: ConsentKind;
  readonly scope?: string;
  /** By which the recipient may be named: ids, classes. Undefined: nobody outside receives anything. */
  readonly recipients?: readonly string[];
  /** The consent that the sender names. */
  readonly ref?: string;
};

export type Judgement =
  | { readonly is: 'given'; readonly by: string }
  | {
      readonly is: 'unknown-reference' | 'missing' | 'declined' | 'withdrawn' | 'expired' | 'out-of-scope';
      readonly by?: string;
    };

const texts = (value: unknown): readonly string[] | undefined => {
  const given =
    typeof value === 'string' ? [value] : Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  return given.length === 0 || given.includes('all') ? undefined : given;
};

const dayForm = /^\d{4}-\d{2}-\d{2}$/;
const dayMs = 86_400_000;

/** A day without a time holds to its end. */
const instant = (value: unknown, endOfDay: boolean): number | undefined => {
  if (typeof value !== 'string') return undefined;
  const at = Date.parse(value);
  if (Number.isNaN(at)) return undefined;
  return endOfDay && dayForm.test(value) ? at + dayMs - 1 : at;
};

function consentOf({ key, at, data }: OwnedFact): Consent | undefined {
  const kind = consentKinds.find((one) => one === data['kind']);
  const status = (['given', 'declined', 'withdrawn'] as const).find((one) => one === data['status']);
  if (kind === undefined || status === undefined) return undefined;
  return {
    ref: key,
    kind,
    status,
    scope: texts(data['scope']),
    recipients: texts(data['recipient']),
    at: Date.parse(at),
    from: instant(data['from'], false),
    until: instant(data['until'], true),
  };
}

/** One for each key: a withdrawal that names no scope withdraws what was given. */
export function consentsIn(facts: readonly OwnedFact[]): readonly Consent[] {
  const latest = new Map<string, Consent>();
  const inOrder = facts
    .filter(({ kind }) => kind === 'consent')
    .flatMap((fact) => consentOf(fact) ?? [])
    .toSorted((a, b) => a.at - b.at);
  for (const consent of inOrder) {
    const before = latest.get(consent.ref);
    latest.set(consent.ref, {
      ...consent,
      scope: consent.scope ?? (consent.status === 'given' ? undefined : before?.scope),
      recipients: consent.recipients ?? (consent.status === 'given' ? undefined : before?.recipients),
    });
  }
  return [...latest.values()];
}

const covers = ({ scope, recipients }: Consent, need: Need): boolean =>
  (scope === undefined || need.scope === undefined || scope.includes(need.scope)) &&
  (recipients === undefined ||
    need.recipients === undefined ||
    need.recipients.some((name) => recipients.includes(name)));

function stateOf(consent: Consent, need: Need, now: number): Judgement {
  const by = consent.ref;
  if (consent.kind !== need.kind) return { is: 'out-of-scope', by };
  if (!covers(consent, need)) return { is: 'out-of-scope', by };
  if (consent.status !== 'given') return { is: consent.status, by };
  if (consent.until !== undefined && now > consent.until) return { is: 'expired', by };
  if (consent.from !== undefined && now < consent.from) return { is: 'missing', by };
  return { is: 'given', by };
}

/** `now`: the moment at which it is done. */
export function judge(consents: readonly Consent[], need: Need, now: Date): Judgement {
  const states = consents
    .filter(({ kind }) => kind === need.kind)
    .toSorted((a, b) => b.at - a.at)
    .map((consent) => ({ consent, state: stateOf(consent, need, now.getTime()) }));
  const covering = states.filter(({ state }) => state.is !== 'out-of-scope');
  // The last word of the patient about this: a no is not outweighed by an older yes, nor by one that nobody has seen.
  const [last] = covering;
  if (last?.state.is === 'withdrawn' || last?.state.is === 'declined') return last.state;
  const named = consents.find(({ ref }) => ref === need.ref);
  if (named !== undefined) return stateOf(named, need, now.getTime());
  const given = covering.find(({ state }) => state.is === 'given');
  if (given !== undefined) return given.state;
  if (need.ref !== undefined) return { is: 'unknown-reference', by: need.ref };
  return last?.state ?? states[0]?.state ?? { is: 'missing' };
}
