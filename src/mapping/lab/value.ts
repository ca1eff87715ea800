/**
 * OBX-5 by OBX-2 (HL7 v2.8.2 §7.4.2.5; v2-to-FHIR leaves its holes where laboratories live). What does not hold what its
 * type claims is text: never NaN, never dropped. Pure.
 */
import { isObject, type JsonObject } from '../../definitions/item.ts';
import { type Attached, embedded, pointed } from './attachment.ts';
import { conceptOf, type Sender } from './concept.ts';
import { compact, given, list, object, part } from './json.ts';
import { comparatorOf, type Measured, measuredOf, numberOf, ungrouped } from './number.ts';
import { dateTimeOf, timeOf } from './time.ts';

export type LabValue =
  | { readonly quantity: Measured }
  | { readonly concept: JsonObject }
  | { readonly text: string }
  | { readonly dateTime: string }
  | { readonly time: string }
  | { readonly range: { readonly low?: number; readonly high?: number } }
  | { readonly ratio: { readonly numerator: number; readonly denominator: number } }
  | { readonly period: { readonly start?: string; readonly end?: string } }
  | { readonly sampled: string }
  | { readonly attached: Attached };

/** All that the repetition says, in words. */
export function wordsOf(json: unknown): string | undefined {
  if (!isObject(json)) return given(json);
  const text = json['text'];
  if (typeof text === 'string') return given(text) === undefined ? undefined : text;
  const words = Object.values(json).flatMap((each) => given(each) ?? (isObject(each) ? (wordsOf(each) ?? []) : []));
  return words.length === 0 ? undefined : words.join(' ');
}

const asText = (json: unknown): LabValue | undefined => {
  const text = wordsOf(json);
  return text === undefined ? undefined : { text };
};

const numeric = (json: unknown, { groupedNumbers }: Sender): LabValue | undefined => {
  const words = wordsOf(json) ?? '';
  const quantity = measuredOf(groupedNumbers === true ? ungrouped(words) : words);
  return quantity === undefined ? asText(json) : { quantity };
};

/** SN (HL7 v2.8.2 §2A.3.72). */
function structured(json: unknown, { groupedNumbers }: Sender): LabValue | undefined {
  const sent = ['comparator', 'num1', 'separatorSuffix', 'num2'].map((each) => part(json, each) ?? '');
  const parts = groupedNumbers === true ? sent.map(ungrouped) : sent;
  // Some leave the place of the comparator out: `1^:^128`.
  const shifted = parts[3] === '' && numberOf(parts[0] ?? '') !== undefined;
  const [sign = '', first = '', between = '', second = ''] = shifted ? ['', ...parts] : parts;
  const comparator = comparatorOf(sign);
  const [one, other] = [numberOf(first), numberOf(second)];
  if (between === '' && second === '') {
    if (comparator === '') {
      const quantity = measuredOf(first);
      if (quantity !== undefined) return { quantity };
    } else if (comparator !== undefined && one !== undefined) return { quantity: { value: one, comparator } };
  } else if (comparator === '' && one !== undefined && other !== undefined) {
    if (between === '-' && one <= other) return { range: { low: one, high: other } };
    if ((between === ':' || between === '/') && other !== 0) return { ratio: { numerator: one, denominator: other } };
  }
  const text = `${sign}${first}${between}${second}`;
  return text === '' ? asText(json) : { text };
}

function coded(json: unknown, sender: Sender): LabValue | undefined {
  const concept = conceptOf(json, sender);
  return concept === undefined ? undefined : { concept };
}

/** IS, ID: a code without components. */
const bareCode = (json: unknown, sender: Sender): LabValue | undefined =>
  coded(part(json, 'identifier') === undefined ? { identifier: part(json, 'text') } : json, sender);

function rangeOf(json: unknown): LabValue | undefined {
  const [low, high] = ['lowValue', 'highValue'].map((each) => numberOf(part(json, each) ?? ''));
  if (low === undefined && high === undefined) return asText(json);
  if (low !== undefined && high !== undefined && low > high) return { text: `${String(low)}-${String(high)}` };
  return { range: compact({ low, high }) };
}

function periodOf(json: unknown): LabValue | undefined {
  const [start, end] = ['rangeStartDateTime', 'rangeEndDateTime'].map((each) => dateTimeOf(part(json, each) ?? ''));
  return start === undefined && end === undefined ? asText(json) : { period: compact({ start, end }) };
}

/** NA: SampledData takes numbers, and `E`, `U`, `L` for what is none. */
function sampledOf(json: unknown): LabValue | undefined {
  const values = isObject(json) ? list(json['value']).map((each) => given(each) ?? 'E') : [];
  if (values.length === 0 || values.every((each) => numberOf(each) === undefined)) return asText(json);
  return { sampled: values.map((each) => (numberOf(each) === undefined ? 'E' : each)).join(' ') };
}

const temporal = (json: unknown): LabValue | undefined => {
  const dateTime = dateTimeOf(wordsOf(json) ?? '');
  return dateTime === undefined ? asText(json) : { dateTime };
};

const ofDay = (json: unknown): LabValue | undefined => {
  const time = timeOf(wordsOf(json) ?? '');
  return time === undefined ? asText(json) : { time };
};

const attached =
  (read: (json: unknown) => Attached) =>
  (json: unknown): LabValue | undefined =>
    wordsOf(json) === undefined ? undefined : { attached: read(json) };

const readers: Readonly<Record<string, (json: unknown, sender: Sender) => LabValue | undefined>> = {
  NM: numeric,
  SN: structured,
  CE: coded,
  CWE: coded,
  CNE: coded,
  CF: coded,
  IS: bareCode,
  ID: bareCode,
  DT: temporal,
  DTM: temporal,
  TS: temporal,
  TM: ofDay,
  NR: rangeOf,
  DR: periodOf,
  NA: sampledOf,
  ED: attached(embedded),
  RP: attached(pointed),
};

/** Types whose repetitions are lines of one text. */
const isText = (value: LabValue): value is { readonly text: string } => 'text' in value;

/** The values of an OBX in their order; text in several repetitions is one text of as many lines. */
export function valuesOf(obx: unknown, sender: Sender): readonly LabValue[] {
  const fields = object(obx);
  const type = part(fields, 'valueType')?.toUpperCase() ?? '';
  const read = (Object.hasOwn(readers, type) ? readers[type] : undefined) ?? asText;
  const values = list(fields['observationValue']).flatMap((each) => read(each, sender) ?? []);
  if (values.length < 2 || !values.every(isText)) return values;
  return [{ text: values.map(({ text }) => text).join('\n') }];
}
