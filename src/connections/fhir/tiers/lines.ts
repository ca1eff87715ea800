/** One plain line for each resource that an EHR does not take as data: what a nurse reads in the note. Pure. */
import type { Resource } from '../../../core/ports.ts';
import { isObject, objects, text } from '../json.ts';
import type { Json } from '../json.ts';

/** A CodeableConcept in words: its text, else the first display, else the first code. */
export function words(concept: unknown): string | undefined {
  if (typeof concept === 'string') return text(concept);
  if (!isObject(concept)) return undefined;
  const codings = objects(concept['coding']);
  const display = codings.map((coding) => text(coding['display'])).find((each) => each !== undefined);
  return text(concept['text']) ?? display ?? text(concept['display']) ?? text(codings[0]?.['code']);
}

const wordsOf = (concepts: unknown): string | undefined =>
  joined(Array.isArray(concepts) ? concepts.map((each: unknown) => words(each)) : [words(concepts)], ', ');

function joined(parts: readonly (string | undefined)[], by: string): string | undefined {
  const all = parts.filter((part) => part !== undefined && part !== '');
  return all.length === 0 ? undefined : all.join(by);
}

/** To the minute, as written: the offset is the place's own. */
export const moment = (value: unknown): string | undefined =>
  text(value)
    ?.replace('T', ' ')
    .replace(/^(\S+ \d\d:\d\d).*$/, '$1');

const plain = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;

const quantity = (value: unknown): string | undefined =>
  isObject(value) && value['value'] !== undefined
    ? [text(value['comparator']) ?? '', plain(value['value']), ' ', text(value['unit']) ?? text(value['code']) ?? '']
        .join('')
        .trim()
    : undefined;

const reference = (value: unknown): string | undefined => (isObject(value) ? text(value['display']) : undefined);
const references = (value: unknown): string | undefined => joined(objects(value).map(reference), ', ');

/** The value of a choice element: `stem` is `value`, `answer`, … */
export function valueIn(holder: Json, stem = 'value'): string | undefined {
  const found = Object.entries(holder).find(
    ([name]) => name.startsWith(stem) && /^[A-Z]/.test(name.slice(stem.length)),
  );
  if (found === undefined) return undefined;
  const [name, value] = found;
  switch (name.slice(stem.length)) {
    case 'Quantity':
      return quantity(value);
    case 'CodeableConcept':
    case 'Coding':
      return words(value) ?? (isObject(value) ? text(value['code']) : undefined);
    case 'Boolean':
      return value === true ? 'yes' : 'no';
    case 'DateTime':
      return moment(value);
    case 'Period':
      return isObject(value) ? joined([moment(value['start']), moment(value['end'])], ' to ') : undefined;
    case 'Range':
      return isObject(value) ? joined([quantity(value['low']), quantity(value['high'])], ' to ') : undefined;
    case 'Reference':
      return reference(value);
    default:
      return plain(value);
  }
}

/** 8480-6 and 8462-4 of LOINC read together, as everybody does. */
function pressure(components: readonly Json[]): string | undefined {
  const of = (wanted: string): Json | undefined =>
    components.find(
      ({ code }) => isObject(code) && objects(code['coding']).some((coding) => coding['code'] === wanted),
    );
  const [high, low] = [of('8480-6')?.['valueQuantity'], of('8462-4')?.['valueQuantity']];
  if (!isObject(high) || !isObject(low)) return undefined;
  return `${plain(high['value']) ?? ''}/${quantity(low) ?? ''}`;
}

function answers(items: unknown): readonly string[] {
  return objects(items).flatMap((item) => {
    const given = joined(
      objects(item['answer']).map((each) => valueIn(each)),
      ', ',
    );
    const own = given === undefined ? [] : [`${text(item['text']) ?? text(item['linkId']) ?? ''}: ${given}`];
    return [...own, ...objects(item['answer']).flatMap((each) => answers(each['item'])), ...answers(item['item'])];
  });
}

const notes = (resource: Resource): string | undefined =>
  joined(
    objects(resource['note']).map((note) => text(note['text'])),
    '; ',
  );

const period = (resource: Resource, name = 'period'): string | undefined => valueIn({ valuePeriod: resource[name] });

/** `Task (urgent)`. */
const headed = (name: string, priority: unknown): string => {
  const shown = text(priority);
  return shown === undefined ? name : `${name} (${shown})`;
};

type Line = (resource: Resource) => readonly (string | undefined)[];

const named = (name: string, value: string | undefined): string | undefined =>
  value === undefined ? undefined : `${name} ${value}`;

const lines: Readonly<Record<string, Line>> = {
  Encounter: (r) => [
    joined(['Contact', wordsOf(objects(r['type']).slice(0, 1))], ': '),
    period(r),
    quantity(r['length']),
    named('why:', wordsOf(r['reasonCode'])),
  ],
  Observation: (r) => {
    const components = objects(r['component']);
    const parts = components.map((part) => joined([words(part['code']), valueIn(part)], ' '));
    return [
      joined([words(r['code']) ?? 'Observation', valueIn(r) ?? pressure(components) ?? joined(parts, '; ')], ' '),
      wordsOf(r['interpretation']),
      named('not measured:', words(r['dataAbsentReason'])),
      valueIn(r, 'effective'),
      words(r['method']),
      notes(r),
    ];
  },
  Goal: (r) => [
    joined(['Goal', words(r['description'])], ': '),
    ...objects(r['target']).map((target) =>
      joined([named('target', valueIn(target, 'detail')), named('by', text(target['dueDate']))], ' '),
    ),
    text(r['lifecycleStatus']),
    words(r['achievementStatus']),
    text(r['statusDate']),
    notes(r),
  ],
  CarePlan: (r) => [
    joined(['Plan', text(r['title']) ?? wordsOf(r['category'])], ': '),
    text(r['description']),
    ...objects(r['activity']).map(({ detail }) =>
      isObject(detail)
        ? joined([text(detail['description']) ?? words(detail['code']), valueIn(detail, 'scheduled')], ', ')
        : undefined,
    ),
    period(r),
    notes(r),
  ],
  CareTeam: (r) => [
    joined(['Care team', text(r['name'])], ': '),
    joined(
      objects(r['participant']).map((each) => joined([reference(each['member']), wordsOf(each['role'])], ', ')),
      '; ',
    ),
    text(r['status']),
    period(r),
  ],
  Task: (r) => [
    joined([headed('Task', r['priority']), words(r['code'])], ': '),
    text(r['description']),
    named('for', reference(r['owner'])),
    named('by', isObject(r['restriction']) ? period({ ...r, period: r['restriction']['period'] }) : undefined),
    named('status', joined([text(r['status']), words(r['statusReason'])], ', ')),
    notes(r),
  ],
  ServiceRequest: (r) => [
    joined([headed('Referral', r['priority']), words(r['code'])], ': '),
    named('to', references(r['performer'])),
    named('status', text(r['status'])),
    moment(r['authoredOn']),
    wordsOf(r['reasonCode']),
    notes(r),
  ],
  Procedure: (r) => [
    joined([r['status'] === 'not-done' ? 'Not done' : 'Done', words(r['code']) ?? words(r['category'])], ': '),
    valueIn(r, 'performed'),
    named('why:', words(r['statusReason']) ?? wordsOf(r['reasonCode'])),
    named('outcome:', words(r['outcome'])),
    notes(r),
  ],
  Communication: (r) => [
    joined([r['status'] === 'not-done' ? 'Not reached' : 'Message', words(r['topic']) ?? wordsOf(r['category'])], ': '),
    words(r['statusReason']),
    joined(
      objects(r['payload']).map((payload) => text(payload['contentString'])),
      '; ',
    ),
    named('to', references(r['recipient'])),
    moment(r['sent']),
    notes(r),
  ],
  Consent: (r) => [
    joined(['Consent', wordsOf(r['category']) ?? words(r['scope'])], ': '),
    text(r['status']),
    isObject(r['provision']) ? text(r['provision']['type']) : undefined,
    isObject(r['provision']) ? named('valid', period(r['provision'] as Resource)) : undefined,
    moment(r['dateTime']),
  ],
  EpisodeOfCare: (r) => [joined(['Programme', wordsOf(r['type'])], ': '), text(r['status']), named('since', period(r))],
  QuestionnaireResponse: (r) => [
    joined(['Questionnaire', text(r['questionnaire'])?.replace(/^.*\//, '')], ': '),
    moment(r['authored']),
    joined(answers(r['item']), '; '),
  ],
  RelatedPerson: (r) => [
    joined(
      [
        'Family or friend',
        joined(
          objects(r['name']).map((name) => text(name['text'])),
          ', ',
        ),
      ],
      ': ',
    ),
    wordsOf(r['relationship']),
  ],
  MedicationStatement: (r) => [
    joined(['Medicines, as the patient says', words(r['medicationCodeableConcept'])], ': '),
    text(r['status']),
    wordsOf(r['statusReason']) ?? wordsOf(r['reasonCode']),
    valueIn(r, 'effective'),
    notes(r),
  ],
  RiskAssessment: (r) => [
    joined(['Risk', words(r['code'])], ': '),
    joined(
      objects(r['prediction']).map((each) => joined([words(each['outcome']), words(each['qualitativeRisk'])], ' ')),
      '; ',
    ),
    valueIn(r, 'occurrence'),
    notes(r),
  ],
  SupplyDelivery: (r) => [
    joined(
      [
        'Supplied',
        isObject(r['suppliedItem'])
          ? joined([quantity(r['suppliedItem']['quantity']), valueIn(r['suppliedItem'], 'item')], ' ')
          : words(r['type']),
      ],
      ': ',
    ),
    valueIn(r, 'occurrence'),
  ],
  Device: (r) => [
    joined(
      [
        'Device',
        joined(
          objects(r['deviceName']).map((each) => text(each['name'])),
          ', ',
        ) ?? words(r['type']),
      ],
      ': ',
    ),
    named('serial', text(r['serialNumber'])),
    notes(r),
  ],
  DocumentReference: (r) => [
    joined([words(r['type']) ?? 'Document', text(r['description'])], ': '),
    moment(r['date']),
    ...objects(r['content']).map(({ attachment }) => (isObject(attachment) ? text(attachment['title']) : undefined)),
  ],
};

/** What a type without a line of its own says of itself. */
const other: Line = (r) => [
  joined([r.resourceType, words(r['code']) ?? wordsOf(r['type']) ?? wordsOf(r['category'])], ': '),
  valueIn(r),
  text(r['status']),
  text(r['description']),
  notes(r),
];

/** One line, without line breaks inside. */
export function lineOf(resource: Resource): string {
  const parts = (lines[resource.resourceType] ?? other)(resource);
  return (joined(parts, ', ') ?? resource.resourceType).replaceAll(/\s+/g, ' ').trim();
}
