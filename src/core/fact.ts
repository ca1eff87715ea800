/**
 * Facts: what a filed record says about the person that later records build on. A session attended, a goal reviewed, a
 * consent given. The ledger keeps them with the record, from when they counted until when they no longer did, and gives
 * the pipeline those that stand; what is derived of several records (the progress of a series, the state of a goal, the
 * fourth key function) is made of them. Pure.
 */
import type { Activity, ActivityComponent } from './activity.ts';
import { consentRecorded, familyInvolved, researchConsent } from './facts/consent.ts';
import { attempted, contacted, enrolled, sessionFacts, statusChanged, stratified, worked } from './facts/programme.ts';
import { referralReported, referred } from './facts/referral.ts';
import type { RecordName } from './lane.ts';
import { goalFacts } from './facts/goal.ts';

export const factKinds = [
  /** A contact that took place. `key`: the item. */
  'contact',
  /** An attempt without contact. `key`: the programme. */
  'attempt',
  /** A session of group education, attended or missed. `key`: the series. */
  'session',
  /** A goal set or reviewed. `key`: the goal. */
  'goal',
  /** A community referral, or its outcome. `key`: the referral. */
  'referral',
  /** A consent given, declined or withdrawn. `key`: the consent. */
  'consent',
  /** A status in the programme. `key`: the programme. */
  'status',
  /** A level of need. `key`: the programme. */
  'need',
  /** Work without the patient in the room. `key`: the item. */
  'work',
] as const;
export type FactKind = (typeof factKinds)[number];

export type Fact = {
  readonly kind: FactKind;
  /** What the fact is about: facts of one kind and key are told together. */
  readonly key: string;
  /** When it happened, ISO 8601 with offset. */
  readonly at: string;
  /** As little as what is derived needs; never a text that somebody wrote. */
  readonly data: Readonly<Record<string, unknown>>;
};

export type OwnedFact = Fact & { readonly source: string; readonly recordId: string };

type Teller = (item: ActivityComponent, activity: Activity, artifact?: string) => readonly Fact[];

/** One or the other: by its status a contact took place, or was only tried. */
const contact: Teller = (item, activity) => [...contacted(item, activity), ...attempted(item, activity)];

/** By activity type. A type that is not here says nothing that others build on. */
const tellers: Readonly<Record<string, Teller>> = {
  'contact.home': contact,
  'contact.clinic': contact,
  'contact.community': contact,
  'contact.phone': contact,
  'contact.video': contact,
  // Who was sent a text was not met; who answered was.
  'contact.text': (item, activity) => (item.details?.['direction'] === 'in' ? contacted(item, activity) : []),
  'contact.attempt': attempted,
  'dsme.individual': contacted,
  'dsme.group-session': (item, activity) => [...contacted(item, activity), ...sessionFacts(item, activity)],
  'supply.glucometer': contacted,
  'link.appointment': contacted,
  'roster.enrol': enrolled,
  'roster.status-change': statusChanged,
  'stratify.high-need': stratified,
  'indirect.work': worked,
  'referral.community': referred,
  'referral.outcome': referralReported,
  'family.involve': familyInvolved,
  'consent.record': consentRecorded,
  'research.consent': researchConsent,
  'goal.set': goalFacts,
  'goal.review': goalFacts,
};

/** What an activity and its components say. With the `recordKey`, facts may name what the record makes in the chart. */
export function factsOf(activity: Activity, recordKey?: string): readonly Fact[] {
  const whole: ActivityComponent = {
    key: '',
    activityType: activity.activityType,
    ...(activity.details === undefined ? {} : { details: activity.details }),
  };
  const artifactOf = (key: string): string | undefined => (key === '' ? recordKey : recordKey && `${recordKey}.${key}`);
  return [whole, ...(activity.components ?? [])].flatMap(
    (item) => tellers[item.activityType]?.(item, activity, artifactOf(item.key)) ?? [],
  );
}

/** Each record that says such a fact files the whole resource: it stands as long as one of them does. */
export const wholeKinds: ReadonlySet<FactKind> = new Set(['consent']);

/** Facts of one kind and key are told together. */
export type FactTopic = Pick<Fact, 'kind' | 'key'>;

/** The facts around one record: what a map may read of them, and what is to be derived anew. */
export type FactView = {
  /** What other records of the person say, in order of time. */
  readonly others: readonly Fact[];
  /** What this record says; nothing when it is voided. */
  readonly told: readonly Fact[];
  /** Of what the record says now, or said before. */
  readonly touched: readonly FactTopic[];
};

export const noFacts: FactView = { others: [], told: [], touched: [] };

export function factsAround(record: RecordName, told: readonly Fact[], standing: readonly OwnedFact[]): FactView {
  const isOwn = (fact: OwnedFact): boolean => fact.source === record.source && fact.recordId === record.recordId;
  const topics = [...standing.filter(isOwn), ...told];
  const touched = new Map(topics.map(({ kind, key }) => [`${kind}\n${key}`, { kind, key }]));
  return { others: standing.filter((fact) => !isOwn(fact)), told, touched: [...touched.values()] };
}

/** All that is said about a topic, in order of time; at the same time, what this record says comes last. */
export function factsOn({ kind, key }: FactTopic, { others, told }: FactView): readonly Fact[] {
  return [...others, ...told]
    .filter((fact) => fact.kind === kind && fact.key === key)
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}
