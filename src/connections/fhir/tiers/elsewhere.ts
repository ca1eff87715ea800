/** The same in another type, where an EHR does not take the one wanted. Pure. */
import type { Resource } from '../../../core/ports.ts';
import { isObject, objects, text } from '../json.ts';
import type { Json } from '../json.ts';
import { lineOf, valueIn } from './lines.ts';

/** `as` is what `otherForm` said. References inside stay as they are. */
export function inOtherForm(resource: Resource, as: string): Resource {
  const label = labelOf(resource);
  if (resource.resourceType === 'Task') return { ...asCommunication(resource), ...label };
  return { ...(as === 'Observation' ? asObservation(resource) : asAnswers(resource)), ...label };
}

const set = (elements: Readonly<Record<string, unknown>>): Json =>
  Object.fromEntries(Object.entries(elements).filter(([, value]) => value !== undefined));

/** Who may see it travels with it; profiles are of the type that it no longer is. */
const labelOf = ({ meta }: Resource): Json =>
  isObject(meta) && meta['security'] !== undefined ? { meta: { security: meta['security'] } } : {};

const list = (value: unknown): readonly unknown[] | undefined => (value === undefined ? undefined : [value]);

/** A task for the care team as a message to it (R4 Communication). What the task is about stays its subject matter. */
function asCommunication(task: Resource): Resource {
  return {
    resourceType: 'Communication',
    ...set({
      status: 'completed',
      category: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/communication-category', code: 'notification' }] },
      ],
      priority: task['priority'],
      subject: task['for'],
      topic: task['code'],
      about: list(task['focus']),
      encounter: task['encounter'],
      sent: task['lastModified'] ?? task['authoredOn'],
      recipient: list(task['owner']),
      sender: task['requester'],
      payload: [{ contentString: lineOf(task) }],
    }),
  };
}

type Answered = { readonly linkId: string; readonly what: string; readonly answer: Json };

function answersIn(items: unknown): readonly Answered[] {
  return objects(items).flatMap((item) => {
    const linkId = text(item['linkId']) ?? '';
    const own = objects(item['answer']).map((answer) => ({ linkId, what: text(item['text']) ?? linkId, answer }));
    const nested = objects(item['answer']).flatMap((answer) => answersIn(answer['item']));
    return [...own, ...nested, ...answersIn(item['item'])];
  });
}

/** R4 Observation.component takes fewer types than an answer has; the others are said in words. */
function componentOf({ what, answer }: Answered): Json {
  const [name, value] = Object.entries(answer).find(([key]) => key.startsWith('value')) ?? ['', undefined];
  const code = { text: what };
  switch (name) {
    case 'valueCoding':
      return { code, valueCodeableConcept: { coding: [value] } };
    case 'valueDecimal':
      return { code, valueQuantity: { value } };
    case 'valueBoolean':
    case 'valueInteger':
    case 'valueString':
    case 'valueDateTime':
    case 'valueTime':
    case 'valueQuantity':
      return { code, [name]: value };
    default:
      return { code, valueString: valueIn(answer) ?? '' };
  }
}

function asObservation(response: Resource): Resource {
  const display = isObject(response['_questionnaire'])
    ? objects(response['_questionnaire']['extension'])[0]
    : undefined;
  const name = text(display?.['valueString']) ?? text(response['questionnaire']) ?? 'Questionnaire';
  const performer = response['author'] ?? response['source'];
  return {
    resourceType: 'Observation',
    ...set({
      status: response['status'] === 'amended' ? 'amended' : 'final',
      category: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'survey' }] },
      ],
      code: { text: name },
      subject: response['subject'],
      encounter: response['encounter'],
      effectiveDateTime: response['authored'],
      performer: list(performer),
      component: answersIn(response['item']).map(componentOf),
    }),
  };
}

/** Values of an Observation as an answer; a code is a Coding there. */
function answerOf(holder: Json): readonly Json[] {
  const [name, value] = Object.entries(holder).find(([key]) => /^value[A-Z]/.test(key)) ?? ['', undefined];
  if (value === undefined) return [];
  if (name === 'valueCodeableConcept' && isObject(value)) {
    const coding = objects(value['coding'])[0];
    return [coding === undefined ? { valueString: text(value['text']) ?? '' } : { valueCoding: coding }];
  }
  return ['valueBoolean', 'valueInteger', 'valueString', 'valueDateTime', 'valueTime', 'valueQuantity'].includes(name)
    ? [{ [name]: value }]
    : [{ valueString: valueIn(holder) ?? '' }];
}

function itemOf(holder: Json, linkId: string): Json {
  const code = isObject(holder['code']) ? holder['code'] : {};
  const what = text(code['text']) ?? text(objects(code['coding'])[0]?.['display']) ?? linkId;
  const answer = answerOf(holder);
  return { linkId, text: what, ...(answer.length === 0 ? {} : { answer }) };
}

function asAnswers(observation: Resource): Resource {
  const performer = Array.isArray(observation['performer']) ? (observation['performer'][0] as unknown) : undefined;
  const parts = objects(observation['component']).map((part, index) => itemOf(part, `1.${index + 1}`));
  return {
    resourceType: 'QuestionnaireResponse',
    ...set({
      status: 'completed',
      subject: observation['subject'],
      encounter: observation['encounter'],
      authored: observation['effectiveDateTime'],
      author: performer,
      item: [{ ...itemOf(observation, '1'), ...(parts.length === 0 ? {} : { item: parts }) }],
    }),
  };
}
