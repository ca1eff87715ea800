/**
 * The four key functions of peer support (Peers for Progress): what an activity was for. What the CHW says counts; where
 * nothing is said, each kind of activity has a default, and a contact has those of all its components. Ongoing support is
 * derived: whoever is met again, or followed up on purpose, is supported. Pure.
 */
import { type Activity, type ActivityComponent, tookPlace } from './activity.ts';
import type { Fact } from './fact.ts';

/**
 * F1 assistance in daily management, F2 social and emotional support, F3a link to clinical care, F3b link to community
 * resources, F4 ongoing support.
 */
export const keyFunctions = ['F1', 'F2', 'F3a', 'F3b', 'F4'] as const;
export type KeyFunction = (typeof keyFunctions)[number];

export type FunctionTag = { readonly code: KeyFunction; readonly how: 'asserted' | 'default' | 'derived' };

/** Activity type, or `topic:<topic of a contact>`, to the functions that are meant when nothing is said. */
export type FunctionDefaults = (kind: string) => readonly KeyFunction[];

const isKeyFunction = (value: unknown): value is KeyFunction => keyFunctions.some((code) => code === value);

const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

const isContact = ({ activityType }: Activity): boolean =>
  activityType.startsWith('contact.') || activityType.startsWith('dsme.');

function asserted({ keyFunctions: said, primaryFunction }: Activity): readonly KeyFunction[] {
  return [...(Array.isArray(said) ? (said as unknown[]) : []), primaryFunction].filter(isKeyFunction);
}

function byDefault(item: Omit<ActivityComponent, 'key'>, defaults: FunctionDefaults): readonly KeyFunction[] {
  const topics = textsIn(item.details?.['topics']).flatMap((topic) => defaults(`topic:${topic.trim().toLowerCase()}`));
  return [...defaults(item.activityType), ...topics];
}

/** Statuses after which an episode of support is over; a later contact begins another. */
const ended: ReadonlySet<unknown> = new Set(['graduated', 'lost', 'declined', 'moved', 'died']);

/** The second contact of an episode and each later one, or a follow-up that the CHW began on purpose. */
function isOngoing(activity: Activity, others: readonly Fact[]): boolean {
  if (!isContact(activity) || !tookPlace(activity)) return false;
  if (activity['initiatedBy'] === 'chw' && (activity.basedOn?.length ?? 0) > 0) return true;
  const at = Date.parse(activity.occurredAt);
  const before = others.filter((fact) => Date.parse(fact.at) < at);
  const end = before.filter(({ kind, data }) => kind === 'status' && ended.has(data['status'])).at(-1);
  const begin = end === undefined ? -Infinity : Date.parse(end.at);
  return before.some((fact) => fact.kind === 'contact' && Date.parse(fact.at) > begin);
}

/**
 * The functions of an activity as a whole (no component given) or of one component, in the order of the list. `others`:
 * what other records of the person say, in order of time.
 */
export function functionsOf(
  activity: Activity,
  component: ActivityComponent | undefined,
  defaults: FunctionDefaults,
  others: readonly Fact[],
): readonly FunctionTag[] {
  const tags = new Map<KeyFunction, FunctionTag['how']>();
  const said = component === undefined ? asserted(activity) : [];
  const meant =
    component === undefined
      ? [activity, ...(activity.components ?? [])].flatMap((item) => byDefault(item, defaults))
      : byDefault(component, defaults);
  for (const code of said) tags.set(code, 'asserted');
  if (said.length === 0) for (const code of meant) tags.set(code, 'default');
  if (component === undefined && !tags.has('F4') && isOngoing(activity, others)) tags.set('F4', 'derived');
  return keyFunctions.flatMap((code) => {
    const how = tags.get(code);
    return how === undefined ? [] : [{ code, how }];
  });
}
