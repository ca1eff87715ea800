/** Random instances of R4 types, and plain JSON as a field app sends it. Values repeat, so that conditions hold at times. */
import type { ElementDef, TypeDef, TypeTable } from '../../src/definitions/types.ts';
import type { Dice } from './arbitrary-dice.ts';

/** Elements that maps and inputs both prefer, so that they meet. */
const common: Readonly<Record<string, readonly string[]>> = {
  Patient: [
    'active',
    'name',
    'telecom',
    'gender',
    'birthDate',
    'deceased',
    'multipleBirth',
    'address',
    'contact',
    'identifier',
    'generalPractitioner',
    'communication',
    'maritalStatus',
    'extension',
  ],
  HumanName: ['use', 'family', 'given', 'prefix', 'text', 'period'],
  ContactPoint: ['system', 'value', 'use', 'rank'],
  Address: ['line', 'city', 'country', 'use'],
  Identifier: ['system', 'value', 'use', 'type'],
  CodeableConcept: ['coding', 'text'],
  Coding: ['system', 'code', 'display', 'userSelected'],
  Quantity: ['value', 'unit', 'system', 'code'],
  Period: ['start', 'end'],
  Reference: ['reference', 'display', 'identifier'],
  Annotation: ['text', 'time', 'author'],
  Observation: [
    'status',
    'code',
    'category',
    'value',
    'effective',
    'component',
    'note',
    'subject',
    'interpretation',
    'issued',
  ],
  'Observation.component': ['code', 'value', 'interpretation'],
  QuestionnaireResponse: ['status', 'item', 'authored', 'subject', 'questionnaire', 'identifier'],
  'QuestionnaireResponse.item': ['linkId', 'answer', 'text', 'item'],
  'QuestionnaireResponse.item.answer': ['value', 'item'],
  Bundle: ['type', 'entry', 'total', 'timestamp', 'identifier'],
  'Bundle.entry': ['fullUrl', 'resource', 'request'],
  'Bundle.entry.request': ['method', 'url'],
  'Patient.contact': ['relationship', 'name', 'telecom', 'gender'],
  'Patient.communication': ['language', 'preferred'],
  Extension: ['url', 'value'],
};

/** Types of `Extension.value[x]` and of an answer that come up: all of them would seldom meet. */
const usualTypes = new Set([
  'string',
  'boolean',
  'integer',
  'decimal',
  'code',
  'date',
  'dateTime',
  'uri',
  'Coding',
  'Quantity',
  'CodeableConcept',
  'Reference',
  'Period',
  'HumanName',
  'Age',
]);

export const elementsOf = (type: TypeDef): readonly ElementDef[] => {
  const names = common[type.name];
  const all = [...type.elements.values()];
  return names === undefined
    ? all.filter(({ name }) => name !== 'id' && name !== 'extension').slice(0, 4)
    : names.flatMap((name) => type.elements.get(name) ?? []);
};

export const typesOf = ({ types }: ElementDef): readonly TypeDef[] => {
  const usual = types.filter(({ name }) => usualTypes.has(name));
  return usual.length > 0 ? usual : types;
};

const words = ['Ada', 'Bo', 'x', '7', 'official', 'a b', '', 'Ünï'] as const;

/** Values of each primitive type, simplest first. */
export const primitives: Readonly<Record<string, readonly (string | number | boolean)[]>> = {
  boolean: [true, false],
  integer: [1, 0, -3, 12],
  unsignedInt: [1, 0, 12],
  positiveInt: [1, 2, 12],
  decimal: [1.5, 0, 2, -0.25],
  date: ['2020-01-31', '1999-12', '2024', '2024-02-29'],
  dateTime: ['2020-01-31', '2024-02-29T10:00:00Z', '2024-02-29T10:00:00+02:00', '2021'],
  instant: ['2024-02-29T10:00:00Z', '2020-06-30T23:59:59.123+05:00'],
  time: ['10:00:00', '23:59:59.5'],
  code: ['official', 'home', 'final', 'A'],
  id: ['a-1', 'x'],
  uri: ['http://example.org/a', 'urn:x'],
  url: ['http://example.org/b'],
  canonical: ['http://example.org/c|1'],
};

const primitive = (dice: Dice, name: string): string | number | boolean => dice.among(primitives[name] ?? words) ?? 'x';

const written = (json: Record<string, unknown>): Record<string, unknown> | undefined =>
  Object.keys(json).length === 0 ? undefined : json;

/** An instance of a type: a few of its elements, lists of up to three; `twins`: now and then an extension on a primitive. */
export function instanceOf(types: TypeTable, type: TypeDef, dice: Dice, twins: boolean, depth = 0): unknown {
  if (type.kind === 'primitive') return primitive(dice, type.name);
  if (type.name === 'Resource') {
    const name = dice.pick(['Patient', 'Observation'] as const);
    return instanceOf(types, types.get(name) ?? type, dice, twins, depth + 1);
  }
  const json: Record<string, unknown> = type.kind === 'resource' ? { resourceType: type.name } : {};
  if (type.kind === 'resource' && dice.chance(2)) json['id'] = dice.pick(['a-1', 'b-2'] as const);
  if (depth > 5) return json;
  for (const element of elementsOf(type)) {
    const wanted = dice.below(depth < 2 ? 4 : 3) !== 0;
    const elementType = dice.among(typesOf(element));
    if (!wanted || elementType === undefined) continue;
    const key = element.choice ? element.keys.find((each) => each.type === elementType) : element.keys[0];
    if (key === undefined) continue;
    const count = element.repeats ? 1 + dice.below(3) : 1;
    const items = Array.from({ length: count }, () => instanceOf(types, elementType, dice, twins, depth + 1));
    const filled = items.filter((item) => typeof item !== 'object' || (item !== null && Object.keys(item).length > 0));
    if (filled.length === 0) continue;
    json[key.key] = element.repeats ? filled : filled[0];
    if (elementType.kind === 'primitive' && dice.chance(8) && twins) {
      const extra = { extension: [{ url: 'http://example.org/e', valueString: 'x' }] };
      json[key.extraKey] = element.repeats ? filled.map((_, index) => (index === 0 ? extra : null)) : extra;
    }
  }
  return type.kind === 'resource' ? json : (written(json) ?? {});
}

/** Elements of the plain JSON that maps may read; what stands in one is found by `plainChild`. */
export const plainNames = [
  'code',
  'text',
  'when',
  'count',
  'amount',
  'done',
  'tags',
  'person',
  'items',
  'value',
] as const;

export const isPlainObject = (name: string): boolean => name === 'person' || name === 'items';

/** Plain JSON like an activity: nothing says its types. */
export function plainInput(dice: Dice, depth = 0): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const name of plainNames) {
    if (dice.below(3) === 0) continue;
    switch (name) {
      case 'count':
        json[name] = dice.pick([1, 0, 12]);
        break;
      case 'amount':
        json[name] = dice.pick([1.5, 2, -0.25]);
        break;
      case 'done':
        json[name] = dice.pick([true, false]);
        break;
      case 'when':
        json[name] = dice.pick(['2020-01-31', '2024-02-29T10:00:00Z', 'soon']);
        break;
      case 'tags':
        json[name] = dice.list(3, () => dice.pick(words));
        break;
      case 'person':
        if (depth < 2) json[name] = plainInput(dice, depth + 1);
        break;
      case 'items':
        if (depth < 2) json[name] = dice.list(3, () => plainInput(dice, depth + 1));
        break;
      case 'code':
      case 'text':
      case 'value':
      default:
        json[name] = dice.pick(words);
    }
  }
  return json;
}
