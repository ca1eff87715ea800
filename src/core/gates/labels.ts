/**
 * What an activity is about, at least: some answers make it sensitive whether or not its author said so. The label is
 * the activity's: its resources refer to each other, and the note tells of all of its components.
 */
import type { Activity } from '../activity.ts';
import { partsOf } from './consent.ts';

export const confidentialities = ['N', 'R', 'V'] as const;
export type Confidentiality = (typeof confidentialities)[number];

const veryRestricted = new Set(['ipv', 'abuse', 'suicidality']);

/** As the group `Labels` of common.fml writes it. */
export function confidentialityOf({ sensitivity = [] }: Activity): Confidentiality {
  if (sensitivity.some((about) => veryRestricted.has(about))) return 'V';
  return sensitivity.length > 0 ? 'R' : 'N';
}

type Rule = { readonly type: string; readonly about: string; readonly says: (details: Details) => boolean };
type Details = Readonly<Record<string, unknown>>;

/** Every property and value of the details, as `name` and `name=value`. */
function* facets(value: unknown, name = ''): Generator<string> {
  if (typeof value !== 'object' || value === null) {
    yield `${name}=${String(value)}`.toLowerCase();
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (Array.isArray(value)) yield* facets(item, name);
    else {
      yield key.toLowerCase();
      yield* facets(item, key);
    }
  }
}

const any =
  (pattern: RegExp) =>
  (details: Details): boolean => {
    for (const facet of facets(details)) if (pattern.test(facet)) return true;
    return false;
  };

/** Item 9 of the PHQ-9 (thoughts of death or self-harm), answered with more than "not at all". */
function phqItem9({ instrument, items }: Details): boolean {
  if (typeof instrument !== 'string' || !/^phq-?9/i.test(instrument)) return false;
  const entries: readonly (readonly [unknown, unknown])[] = Array.isArray(items)
    ? items.map((item: Details) => [
        item['item'] ?? item['linkId'] ?? item['code'] ?? item['key'],
        item['value'] ?? item['score'] ?? item['answer'],
      ])
    : Object.entries((items ?? {}) as Details);
  return entries.some(
    ([key, value]) => /^(phq-?9[-_.]?)?(item)?[-_.]?0?9$|^44260-8$/i.test(String(key)) && Number(value) > 0,
  );
}

const rules: readonly Rule[] = [
  { type: 'questionnaire', about: 'suicidality', says: phqItem9 },
  { type: 'escalation.red-flag', about: 'suicidality', says: any(/^code=.*(suicid|self-harm|phq-?9)/) },
  { type: 'escalation.red-flag', about: 'ipv', says: any(/^code=.*violence/) },
  { type: 'escalation.red-flag', about: 'abuse', says: any(/^code=.*abuse/) },
  {
    type: 'screening.needs',
    about: 'ipv',
    says: any(/^(domain|need|code|tool|linkid)=.*(ipv|violence|safety|hits|93025-5.*ipv)/),
  },
];

/** The activity with what its content makes it at least. */
export function withMinimumLabels(activity: Activity): Activity {
  const about = new Set(activity.sensitivity);
  const before = about.size;
  for (const { activityType, details } of partsOf(activity)) {
    if (details === undefined) continue;
    for (const rule of rules) if (rule.type === activityType && rule.says(details)) about.add(rule.about);
  }
  return about.size === before ? activity : { ...activity, sensitivity: [...about] };
}
