/** What is read of one OBX for the maps: every field in the shape that FHIR takes it in. Pure. */
import { type JsonObject } from '../../definitions/item.ts';
import { conceptOf, hasLoinc, loincOf, type Sender } from './concept.ts';
import { equivalentOf } from './equivalents.ts';
import { compact, given, list, object, part } from './json.ts';
import { limitsOf, ungrouped } from './number.ts';
import { identifierOf, performersOf } from './party.ts';
import { dateTimeOf } from './time.ts';
import { unitOf } from './unit.ts';
import { type LabValue, valuesOf, wordsOf } from './value.ts';

export const commentsOf = (notes: unknown): string | undefined =>
  list(notes)
    .flatMap((note) => list(object(note)['comment']))
    .flatMap((each) => (given(each) === undefined ? [] : [String(each).trimEnd()]))
    .join('\n') || undefined;

/** US Core asks for a day at least: a month, or a year, is the period that it is. */
export function momentOf(start: string | undefined, end?: string): JsonObject | undefined {
  if (start === undefined) return undefined;
  if (start.length >= 10 && (end === undefined || end === start)) return { time: start };
  return { start, end: end ?? start };
}

export const timeIn = (json: unknown, name: string): string | undefined => {
  const text = part(json, name);
  return text === undefined ? undefined : dateTimeOf(text);
};

/** The words of a concept: its text, else a display or code. */
export const wordsOfConcept = (concept: JsonObject | undefined): string | undefined => {
  const first = object(list(concept?.['coding'])[0]);
  const words = concept?.['text'] ?? first['display'] ?? first['code'];
  return typeof words === 'string' ? words : undefined;
};

export const statusIn = (json: unknown, name: string): string | undefined => part(json, name)?.toUpperCase();

const equivalent = (value: LabValue | undefined, code: JsonObject | undefined, unit: string | undefined) =>
  value !== undefined && 'quantity' in value && unit !== undefined
    ? equivalentOf(loincOf(code), value.quantity, unit)
    : undefined;

export function readResult(result: unknown, sender: Sender): JsonObject {
  const obx = object(object(result)['OBX']);
  const values = valuesOf(obx, sender);
  const one = values.length === 1 ? values[0] : undefined;
  const code = conceptOf(obx['observationIdentifier'], sender);
  const unit = unitOf(obx['units']);
  const range = given(obx['referencesRange']);
  const devices = list(obx['equipmentInstanceIdentifier']).map((each) => identifierOf(each, sender.namespaces));
  return compact({
    status: statusIn(obx, 'observationResultStatus'),
    code,
    withoutLoinc: code?.['coding'] !== undefined && !hasLoinc(code) ? true : undefined,
    value: one,
    values: values.length > 1 ? values : undefined,
    words: wordsOf(list(obx['observationValue'])[0]),
    unit,
    equivalent: equivalent(one, code, unit?.ucum ?? unit?.key),
    flags: list(obx['interpretationCodes']).flatMap((each) => part(each, 'identifier')?.toUpperCase() ?? []),
    range:
      range === undefined
        ? undefined
        : { text: range, ...limitsOf(sender.groupedNumbers === true ? ungrouped(range) : range) },
    observed: momentOf(timeIn(obx, 'dateTimeOfTheObservation')),
    analysed: timeIn(obx, 'dateTimeOfTheAnalysis'),
    subId: part(obx['observationSubId'], 'originalSubIdentifier'),
    instance: identifierOf(obx['observationInstanceIdentifier'], sender.namespaces),
    performer: performersOf(obx, sender.namespaces),
    method: conceptOf(list(obx['observationMethod'])[0], sender),
    device: devices[0],
    note: commentsOf(object(result)['NTE']),
  });
}
