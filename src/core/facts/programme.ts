/** Facts of the programme: contacts, attempts, sessions, status, level of need, work. Pure; codes and numbers only. */
import { type Activity, type ActivityComponent, tookPlace } from '../activity.ts';
import type { Fact } from '../fact.ts';
import { type Details, known, textIn } from './details.ts';

const numberIn = (details: Details, name: string): number | undefined => {
  const value = details[name];
  return typeof value === 'number' ? value : undefined;
};

/** The day as the device wrote it. */
const dayOf = (iso: string): string => iso.slice(0, 10);

/**
 * A contact that took place: how long, how, who began it, and which functions the CHW says it served. What is part of a
 * contact is no contact of its own.
 */
export function contacted({ key, activityType, details = {} }: ActivityComponent, activity: Activity): readonly Fact[] {
  if (key !== '' || !tookPlace(activity) || details['attended'] === 'no') return [];
  if (activityType === 'link.appointment' && details['action'] !== 'accompanied') return [];
  const { occurredAt, endedAt, durationMinutes, mode, direction, initiatedBy, keyFunctions, primaryFunction } =
    activity;
  const lasted = typeof endedAt === 'string' ? (Date.parse(endedAt) - Date.parse(occurredAt)) / 60_000 : undefined;
  const data = known({
    type: activityType,
    minutes: durationMinutes ?? lasted ?? numberIn(details, 'minutesAttended') ?? numberIn(details, 'minutes'),
    mode: activityType.startsWith('contact.') ? activityType.slice('contact.'.length) : mode,
    direction,
    initiatedBy,
    functions: keyFunctions ?? (primaryFunction === undefined ? undefined : [primaryFunction]),
  });
  return [{ kind: 'contact', key, at: occurredAt, data }];
}

/** The patient was tried and not reached: an attempt as such, or a contact that did not come about. */
export function attempted({ key, activityType, details = {} }: ActivityComponent, activity: Activity): readonly Fact[] {
  const isAttempt = activityType === 'contact.attempt' && activity.status !== 'entered-in-error';
  if (key !== '' || (!isAttempt && activity.status !== 'attempted')) return [];
  const mode = isAttempt ? (textIn(details, 'mode') ?? activity['mode']) : activityType.slice('contact.'.length);
  const data = known({ mode, ...(isAttempt ? { reason: textIn(details, 'reason') } : {}) });
  return [{ kind: 'attempt', key: activity.programmeId, at: activity.occurredAt, data }];
}

/** Minutes that a session of group education lasts when nothing else is said. */
const sessionMinutes = 120;

/**
 * `{session, minutes, attended, scheduled?, makeupFor?}`. `session`: the one it counts as, so that of a make-up the one made
 * up for. `minutes`: how long the patient was there.
 */
export function sessionFacts({ details = {} }: ActivityComponent, activity: Activity): readonly Fact[] {
  const series = textIn(details, 'series');
  const makeupFor = numberIn(details, 'makeupFor');
  const session = makeupFor ?? numberIn(details, 'sessionNo');
  if (series === undefined || session === undefined || activity.status === 'entered-in-error') return [];
  const attended = tookPlace(activity) ? (textIn(details, 'attended') ?? 'no') : 'no';
  const scheduled = numberIn(details, 'scheduledMinutes');
  const lasted = numberIn(details, 'minutes') ?? scheduled ?? sessionMinutes;
  const minutes = attended === 'no' ? 0 : (numberIn(details, 'minutesAttended') ?? (attended === 'yes' ? lasted : 0));
  const data = known({ session, minutes, attended, scheduled, makeupFor });
  return [{ kind: 'session', key: series, at: activity.occurredAt, data }];
}

const statusFact = (activity: Activity, data: Details): Fact => ({
  kind: 'status',
  key: activity.programmeId,
  at: activity.occurredAt,
  data,
});

const needFact = (activity: Activity, tier: string, from: string): Fact => ({
  kind: 'need',
  key: activity.programmeId,
  at: activity.occurredAt,
  data: { tier, from },
});

/** `roster.enrol`: the status it begins with, and the level of need when it says one. `from`: the first day. */
export function enrolled({ details = {} }: ActivityComponent, activity: Activity): readonly Fact[] {
  const status = textIn(details, 'status');
  if (status === undefined || !tookPlace(activity)) return [];
  const from = textIn(details, 'start') ?? dayOf(activity.occurredAt);
  const tier = textIn(details, 'tier');
  return [
    statusFact(activity, { said: 'enrolled', status, from }),
    ...(tier === undefined ? [] : [needFact(activity, tier, from)]),
  ];
}

/** `roster.status-change`: which status from which day. */
export function statusChanged({ details = {} }: ActivityComponent, activity: Activity): readonly Fact[] {
  const status = textIn(details, 'status');
  if (status === undefined || !tookPlace(activity)) return [];
  const from = textIn(details, 'date') ?? dayOf(activity.occurredAt);
  return [statusFact(activity, { said: 'changed', status, from })];
}

/** `stratify.high-need`: which tier from which day; not why. */
export function stratified({ details = {} }: ActivityComponent, activity: Activity): readonly Fact[] {
  const tier = textIn(details, 'tier');
  if (tier === undefined || !tookPlace(activity)) return [];
  return [needFact(activity, tier, textIn(details, 'date') ?? dayOf(activity.occurredAt))];
}

/** `indirect.work`: kind and minutes. */
export function worked({ key, details = {} }: ActivityComponent, activity: Activity): readonly Fact[] {
  if (!tookPlace(activity)) return [];
  const data = known({ kind: textIn(details, 'kind'), minutes: numberIn(details, 'minutes') });
  return [{ kind: 'work', key, at: activity.occurredAt, data }];
}
