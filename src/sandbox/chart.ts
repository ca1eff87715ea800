/** One patient's chart as a person reads it: what happened, newest first. */
import { isRecord, listOf, textOf } from './elements.ts';
import { referenceKey } from './store.ts';
import type { Store, Stored } from './store.ts';

export type ChartLine = {
  readonly date: string;
  readonly type: string;
  readonly title: string;
  readonly status: string | undefined;
  readonly who: readonly string[];
  readonly values: readonly string[];
  readonly texts: readonly string[];
  readonly reference: string;
  readonly version: string;
};

/** Everything that refers to the patient, newest clinical date first. */
export function chartOf(store: Store, patientId: string): readonly Stored[] {
  return store
    .types()
    .flatMap((type) => store.lookup(type, [referenceKey(`Patient/${patientId}`)]))
    .flatMap((entry) => entry.versions.at(-1)?.resource ?? [])
    .toSorted((a, b) => Date.parse(dateOf(b)) - Date.parse(dateOf(a)));
}

const dated = [
  'effectiveDateTime', 'effectivePeriod', 'effectiveInstant', 'period', 'performedDateTime', 'performedPeriod', 'occurrenceDateTime',
  'occurrencePeriod', 'authoredOn', 'sent', 'date', 'authored', 'startDate', 'created', 'recordedDate', 'dateTime', 'start', 'recorded',
] as const; // prettier-ignore

/** The clinical date of a resource, or when it was filed if it has none. */
function dateOf(resource: Stored): string {
  for (const name of dated) {
    const value = resource[name];
    const text = textOf(value) ?? (isRecord(value) ? textOf(value['start']) : undefined);
    if (text !== undefined && !Number.isNaN(Date.parse(text))) return text;
  }
  return resource.meta.lastUpdated;
}

export function lineOf(resource: Stored): ChartLine {
  return {
    date: dateOf(resource),
    type: resource.resourceType,
    title: titleOf(resource),
    status: textOf(resource['status']) ?? textOf(resource['lifecycleStatus']),
    who: whoOf(resource),
    values: valuesOf(resource),
    texts: textsOf(resource),
    reference: `${resource.resourceType}/${resource.id}`,
    version: resource.meta.versionId,
  };
}

function concept(value: unknown): string | undefined {
  if (!isRecord(value)) return textOf(value);
  const [coding] = listOf(value['coding']);
  const own = isRecord(coding) ? coding : value;
  return textOf(value['text']) ?? textOf(own['display']) ?? textOf(own['code']);
}

const titleOf = (resource: Stored): string =>
  [
    resource['code'],
    resource['description'],
    resource['title'],
    ...listOf(resource['type']),
    resource['class'],
    ...listOf(resource['category']),
    ...listOf(resource['name']),
  ]
    .map(concept)
    .find((text) => text !== undefined && text !== '') ?? resource.resourceType;

function person(value: unknown): string[] {
  if (!isRecord(value)) return [];
  const inner = value['individual'] ?? value['actor'] ?? value['member'] ?? value;
  if (!isRecord(inner)) return [];
  const reference = textOf(inner['reference']);
  if (reference?.startsWith('Patient/')) return [];
  const identifier = isRecord(inner['identifier']) ? textOf(inner['identifier']['value']) : undefined;
  const name = textOf(inner['display']) ?? identifier ?? reference;
  return name === undefined ? [] : [name];
}

const whoOf = (resource: Stored): readonly string[] => [
  ...new Set(
    [
      'performer',
      'participant',
      'author',
      'sender',
      'requester',
      'owner',
      'recorder',
      'asserter',
      'expressedBy',
      'source',
    ]
      .flatMap((name) => listOf(resource[name]))
      .flatMap(person),
  ),
];

const quantity = (value: unknown): string | undefined => {
  if (!isRecord(value) || value['value'] === undefined) return undefined;
  return [value['comparator'], value['value'], value['unit'] ?? value['code']]
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .join(' ');
};

function valueOf(holder: Record<string, unknown>): string | undefined {
  const name = Object.keys(holder).find((key) => /^value[A-Z]/.test(key));
  if (name === undefined) return undefined;
  const value = holder[name];
  return (
    quantity(value) ??
    concept(value) ??
    (typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined)
  );
}

function valuesOf(resource: Stored): readonly string[] {
  const own = valueOf(resource);
  const components = listOf(resource['component']).flatMap((component) => {
    if (!isRecord(component)) return [];
    const value = valueOf(component);
    return value === undefined ? [] : [`${concept(component['code']) ?? ''}: ${value}`];
  });
  const targets = listOf(resource['target']).flatMap((target) => {
    if (!isRecord(target)) return [];
    const detail =
      quantity(target['detailQuantity']) ?? textOf(target['detailString']) ?? concept(target['detailCodeableConcept']);
    return [
      [concept(target['measure']), detail, textOf(target['dueDate'])].filter((part) => part !== undefined).join(' '),
    ];
  });
  const activities = listOf(resource['activity']).flatMap((activity) => {
    const detail = isRecord(activity) ? activity['detail'] : undefined;
    return isRecord(detail) ? [textOf(detail['description']) ?? concept(detail['code']) ?? ''] : [];
  });
  const achieved = concept(resource['achievementStatus']);
  return [own, ...components, ...targets, ...activities, achieved].filter(
    (text) => text !== undefined && text !== '',
  ) as string[];
}

const plain = (html: string): string =>
  html
    .replaceAll(/<\/(p|div|li|tr|h\d)>|<br\s*\/?>/gi, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&amp;', '&')
    .trim();

function textsOf(resource: Stored): readonly string[] {
  const attachments = [...listOf(resource['content']), ...listOf(resource['payload'])].flatMap((item) => {
    if (!isRecord(item)) return [];
    const written = textOf(item['contentString']);
    if (written !== undefined) return [written];
    const attachment = item['attachment'] ?? item['contentAttachment'];
    if (!isRecord(attachment)) return [];
    const data = textOf(attachment['data']);
    const kind = textOf(attachment['contentType']) ?? 'text/plain';
    if (data === undefined || !kind.startsWith('text/')) return [];
    const text = Buffer.from(data, 'base64').toString('utf8');
    return [kind.startsWith('text/html') ? plain(text) : text];
  });
  const notes = listOf(resource['note']).flatMap((note) => (isRecord(note) ? (textOf(note['text']) ?? []) : []));
  const narrative = isRecord(resource['text']) ? textOf(resource['text']['div']) : undefined;
  const told = [...attachments, ...notes];
  return told.length > 0 || narrative === undefined ? told : [plain(narrative)];
}
