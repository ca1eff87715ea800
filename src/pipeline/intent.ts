/** What a message asks for, read from its activity. Pure. */
import type { Activity } from '../core/activity.ts';
import type { RecordName } from '../core/lane.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';

export type Intent =
  | { readonly do: 'file'; readonly record: RecordName; readonly activity: Activity }
  | { readonly do: 'amend'; readonly record: RecordName; readonly changes: unknown }
  | { readonly do: 'void'; readonly record: RecordName };

export function intentOf(activity: Activity): Outcome<Intent> {
  const source = activity.source.systemId;
  const own: RecordName = { source, recordId: activity.source.recordId };
  if (activity.activityType !== 'void' && activity.activityType !== 'amend') {
    return ok(
      activity.status === 'entered-in-error' ? { do: 'void', record: own } : { do: 'file', record: own, activity },
    );
  }
  const target = targetRecordOf(activity);
  if (target === undefined) return fail('activity/invalid', 'details.target.recordId is missing.');
  if (isOfAnother(activity))
    return fail(
      'activity/invalid',
      'The target is of another system; only the system that sent a record can void or amend it.',
    );
  const record = { source, recordId: target };
  return ok(
    activity.activityType === 'void'
      ? { do: 'void', record }
      : { do: 'amend', record, changes: activity.details?.['changes'] },
  );
}

/** The same id at another system is another record, perhaps of another patient. */
function isOfAnother({ source, details }: Activity): boolean {
  const target = details?.['target'] as { readonly systemId?: unknown };
  return target.systemId !== undefined && target.systemId !== source.systemId;
}

function targetRecordOf(activity: Activity): string | undefined {
  const target = activity.details?.['target'];
  if (typeof target !== 'object' || target === null || !('recordId' in target)) return undefined;
  return typeof target.recordId === 'string' ? target.recordId : undefined;
}

/** RFC 7396. What identifies the record is not for an amendment to change. */
export function amended(activity: Activity, changes: unknown): Activity {
  const merged = mergePatch(activity, changes) as Activity;
  return { ...merged, source: activity.source, schemaVersion: activity.schemaVersion };
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
