/** The red flags of one activity, raised by the CHW or found by rule. Pure; nothing is kept, nothing is told. */
import type { Activity, ActivityComponent } from '../activity.ts';
import { measuredBy, symptomsIn } from './measured.ts';
import { graver, isRedFlagCode, redFlagCodes, type RedFlag, type RedFlagCode, type RedFlagRules } from './rules.ts';

export const redFlagType = 'escalation.red-flag';

/** Whether an item of this type can be or show one: what cannot costs nothing. */
export const mayFlag = (activityType: string): boolean =>
  activityType === redFlagType || Object.hasOwn(measuredBy, activityType);

/** Finds the red flags of an activity, with the rules of the configuration. */
export type FindFlags = (activity: Activity) => readonly RedFlag[];

type Item = ActivityComponent;

const none: readonly RedFlag[] = [];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Also of what did not pass the schema: what is held for a missing field may still show one. */
function itemsOf({ activityType, details, components }: Activity): readonly Item[] {
  const given: readonly unknown[] = Array.isArray(components) ? components : [];
  return [{ key: '', activityType, details }, ...given].flatMap((one): Item[] => {
    if (!isObject(one) || typeof one['activityType'] !== 'string' || !mayFlag(one['activityType'])) return [];
    const about = isObject(one['details']) ? { details: one['details'] } : {};
    return [{ key: typeof one['key'] === 'string' ? one['key'] : '', activityType: one['activityType'], ...about }];
  });
}

/** One of each code at most: what the CHW raised stands before what a rule finds. */
export function redFlagsOf(activity: Activity, rules: RedFlagRules): readonly RedFlag[] {
  const items = itemsOf(activity);
  if (items.length === 0 || activity.status === 'entered-in-error') return none;
  const flags = new Map<RedFlagCode, RedFlag>();
  for (const flag of [...items.flatMap((item) => raised(item, activity, rules)), ...derived(items, activity, rules)]) {
    if (!flags.has(flag.code)) flags.set(flag.code, flag);
  }
  return [...flags.values()];
}

function raised({ key, activityType, details }: Item, activity: Activity, rules: RedFlagRules): readonly RedFlag[] {
  if (activityType !== redFlagType) return [];
  const code = isRedFlagCode(details?.['code']) ? details['code'] : 'other';
  return [
    {
      code,
      severity: graver(rules.severity[code], details?.['severity']),
      restricted: rules.restricted.includes(code),
      observedAt: timeOf(details?.['observedAt'], activity),
      from: key,
      item: key,
      derived: false,
      shows: {},
    },
  ];
}

function derived(items: readonly Item[], activity: Activity, rules: RedFlagRules): readonly RedFlag[] {
  const raisedSymptoms = items.filter((item) => item.activityType === redFlagType).map((item) => item.details);
  return items.flatMap(({ key, activityType, details }) => {
    const find = Object.hasOwn(measuredBy, activityType) ? measuredBy[activityType] : undefined;
    if (find === undefined || details === undefined) return [];
    const around = key === '' || !isObject(activity.details) ? undefined : activity.details;
    const symptoms = symptomsIn(details, around, ...raisedSymptoms);
    return find(details, symptoms, rules).flatMap(({ code, shows }): RedFlag[] => {
      const severity = rules.severity[code];
      if (severity === 'off') return [];
      const restricted = rules.restricted.includes(code);
      const observedAt = timeOf(details['measuredAt'], activity);
      return [{ code, severity, restricted, observedAt, from: key, item: itemOf(code), derived: true, shows }];
    });
  });
}

/** A number: the key becomes part of identifiers in the chart, which must not tell a restricted matter. */
const itemOf = (code: RedFlagCode): string => `flag-${String(redFlagCodes.indexOf(code) + 1)}`;

const timeOf = (given: unknown, activity: Activity): string =>
  typeof given === 'string' && !Number.isNaN(Date.parse(given)) ? given : activity.occurredAt;

/**
 * The activity with an item of the type `escalation.red-flag` for each of its flags that a rule found, so that the same
 * map makes its Task. `from` names the component that shows it (absent: the activity itself).
 */
export function withDerived(activity: Activity, flags: readonly RedFlag[]): Activity {
  const found = flags.filter((flag) => flag.derived);
  if (found.length === 0) return activity;
  const items = found.map(({ item, code, severity, observedAt, from, shows }) => ({
    key: item,
    activityType: redFlagType,
    details: { code, severity, observedAt, derived: true, ...(from === '' ? {} : { from }), ...shows },
  }));
  return { ...activity, components: [...(activity.components ?? []), ...items] };
}
