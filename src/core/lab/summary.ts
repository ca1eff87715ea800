/** Reads of an Observation what a trend, a correction and a CHW need of it. Pure. */
import type { Resource } from '../ports.ts';
import type { ResultSummary } from './model.ts';
import { isFinal } from './versions.ts';

type Json = Readonly<Record<string, unknown>>;

const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const codingsOf = (concept: unknown): readonly Json[] => list(record(concept)['coding']).map(record);

const named = (concept: unknown): string | undefined =>
  text(record(concept)['text']) ??
  codingsOf(concept)
    .map((coding) => text(coding['display']) ?? text(coding['code']))
    .find((name) => name !== undefined);

const quantity = (value: unknown): string => {
  const { value: number, unit, comparator } = record(value) as { value?: number; unit?: string; comparator?: string };
  return [comparator, number, unit].filter((part) => part !== undefined).join(' ');
};

const inWords: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  valueQuantity: quantity,
  valueCodeableConcept: named,
  valueString: text,
  valueBoolean: String,
  valueInteger: String,
  valueDateTime: text,
  valueTime: text,
  valueRange: (value) => {
    const { low, high } = record(value);
    return `${low === undefined ? '' : quantity(low)}–${high === undefined ? '' : quantity(high)}`;
  },
  valueRatio: (value) => {
    const { numerator, denominator } = record(value);
    return `${quantity(numerator)}:${quantity(denominator)}`;
  },
  valuePeriod: (value) => {
    const { start, end } = record(value);
    return `${text(start) ?? ''}–${text(end) ?? ''}`;
  },
  valueSampledData: () => 'sampled data',
};

export function summaryOf(observation: Resource): ResultSummary {
  const value = Object.entries(inWords).find(([name]) => observation[name] !== undefined);
  const told =
    value === undefined
      ? list(observation['component'])
          .map((part) => summaryOf(record(part) as Resource).text)
          .filter((one) => one !== undefined)
          .join('; ')
      : value[1](observation[value[0]]);
  const { value: number, comparator, code: unit } = record(observation['valueQuantity']);
  const flags = list(observation['interpretation'])
    .flatMap(codingsOf)
    .flatMap(({ code }) => text(code) ?? []);
  const name = named(observation['code']);
  const awaited =
    isFinal(String(observation['status'])) &&
    codingsOf(observation['dataAbsentReason']).some(({ code }) => code === 'temp-unknown');
  const effective = text(observation['effectiveDateTime']) ?? text(record(observation['effectivePeriod'])['start']);
  return {
    codes: codingsOf(observation['code']).flatMap(({ system, code }) =>
      text(code) === undefined ? [] : [`${text(system) ?? ''}|${String(code)}`],
    ),
    ...(name === undefined ? {} : { name }),
    ...(told === undefined || told === '' ? {} : { text: told }),
    ...(awaited ? { awaited } : {}),
    ...(typeof number === 'number' ? { number } : {}),
    ...(text(comparator) === undefined ? {} : { comparator: String(comparator) }),
    ...(text(unit) === undefined ? {} : { unit: String(unit) }),
    ...(effective === undefined ? {} : { effective }),
    ...(flags.length === 0 ? {} : { flags }),
  };
}
