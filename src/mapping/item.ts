/** What a map reads: one item of an activity (the activity itself, or a component), as plain JSON. */
import type { Activity, ActivityComponent } from '../core/activity.ts';
import { factsOn, type FactTopic } from '../core/fact.ts';
import type { FunctionTag } from '../core/key-functions.ts';
import type { MappingContext } from '../core/ports.ts';

/** The same wall clock and offset, some minutes later: `2026-05-06T18:05:00-05:00` + 18 → `…T18:23:00-05:00`. */
export function minutesLater(iso: string, minutes: number): string {
  const offset = /(?:Z|[+-]\d{2}:\d{2})$/u.exec(iso)?.[0];
  const instant = Date.parse(iso);
  if (offset === undefined || Number.isNaN(instant)) return iso;
  const sign = offset.startsWith('-') ? -1 : 1;
  const ahead = offset === 'Z' ? 0 : sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6)));
  const wall = new Date(instant + (minutes + ahead) * 60_000).toISOString();
  return `${wall.slice(0, 19)}${offset}`;
}

const endOf = (activity: Activity): string => {
  const { endedAt, durationMinutes } = activity;
  if (typeof endedAt === 'string') return endedAt;
  const { details = {} } = activity;
  const minutes = durationMinutes ?? details['durationMinutes'] ?? details['minutesAttended'] ?? details['minutes'];
  return typeof minutes === 'number' && minutes > 0 ? minutesLater(activity.occurredAt, minutes) : activity.occurredAt;
};

export type TejidoItem = { readonly artifact: string; readonly [element: string]: unknown };

/** A contact that did not take place makes no Encounter. */
const withoutEncounter: ReadonlySet<string> = new Set(['attempted', 'not-done', 'entered-in-error']);

/** `contact`: the activity is a contact, so that it and its components share an Encounter. */
export function itemOf(
  activity: Activity,
  component: ActivityComponent | undefined,
  contact: boolean,
  functions: readonly FunctionTag[],
  context: MappingContext,
): TejidoItem {
  const { activityType, details } = component ?? activity;
  const components = Array.isArray(activity.components) ? activity.components : [];
  return {
    activity,
    item: {
      ...(component === undefined ? {} : { key: component.key }),
      activityType,
      ...(details === undefined ? {} : { details }),
    },
    components,
    functions,
    artifact: component === undefined ? context.recordKey : `${context.recordKey}.${component.key}`,
    ...(contact && !withoutEncounter.has(activity.status) ? { encounter: `${context.recordKey}.encounter` } : {}),
    start: activity.occurredAt,
    end: endOf(activity),
    context: contextIn(context),
  };
}

/** What is derived is made of everything that stands on one topic, whoever said it. */
export function derivedItemOf(topic: FactTopic, context: MappingContext): TejidoItem {
  return {
    ...topic,
    facts: factsOn(topic, context.facts),
    artifact: `${context.subjectKey}.${topic.kind}.${topic.key}`,
    context: contextIn(context),
  };
}

/** Maps read lists; and of the facts, what other records say: what this one does, stands in the activity. */
const contextIn = (context: MappingContext) => ({
  ...context,
  filed: Object.entries(context.filed).map(([artifact, reference]) => ({ artifact, reference })),
  facts: context.facts.others,
});
