/** What `authored-quirks/expected.json` says must come out, in its neutral names, beside what came out as FHIR. */
import type { Resource } from '../../../src/core/ports.ts';

type ExpectedValue = {
  readonly type: string;
  readonly value?: number;
  readonly unit?: string;
  readonly ucum?: string;
  readonly comparator?: string;
  readonly equals?: string;
  readonly contains?: readonly string[];
  readonly codes?: readonly string[];
  readonly text?: string;
  readonly numerator?: number;
  readonly denominator?: number;
  readonly low?: number;
  readonly high?: number;
};

type ExpectedResult = {
  readonly code?: string;
  readonly localCode?: string;
  readonly subId?: string;
  readonly status?: string;
  readonly value?: ExpectedValue | null;
  readonly anyOf?: readonly ExpectedValue[];
  readonly never?: readonly ExpectedValue[];
  readonly dataAbsentReason?: boolean;
  readonly interpretation?: readonly string[];
  readonly referenceRange?: { readonly low?: number; readonly high?: number; readonly text?: string };
  readonly notes?: readonly string[];
  readonly effective?: string;
  readonly attachment?: { readonly contentType: string; readonly bytes: number };
};

export type ExpectedReport = {
  readonly code?: string | null;
  readonly localCode?: string;
  readonly status?: string;
  readonly anyStatus?: readonly string[];
  readonly placer?: string;
  readonly filler?: string;
  readonly parentFiller?: string;
  readonly effective?: string;
  readonly issued?: string;
  readonly observations?: readonly ExpectedResult[];
};

export type Expected = {
  readonly cases: readonly {
    readonly file: string;
    readonly messages: readonly { readonly reports?: readonly ExpectedReport[] }[];
  }[];
};

type Json = Readonly<Record<string, unknown>>;
const object = (json: unknown): Json => (typeof json === 'object' && json !== null ? (json as Json) : {});
const list = (json: unknown): readonly Json[] => (Array.isArray(json) ? json.map(object) : []);
const codesOf = (concept: unknown): readonly unknown[] => list(object(concept)['coding']).map(({ code }) => code);
const has = (json: unknown, text: string): boolean =>
  JSON.stringify(json ?? '').includes(JSON.stringify(text).slice(1, -1));

const sameTime = (one: unknown, other: string): boolean =>
  one === other ||
  (typeof one === 'string' && one.includes('T') && other.includes('T') && Date.parse(one) === Date.parse(other));

/** Whether an Observation shows this value. */
function shows(observation: Json, { type, value, unit, ucum, comparator, ...more }: ExpectedValue): boolean {
  const found = observation[`value${type.charAt(0).toUpperCase()}${type.slice(1)}`];
  if (found === undefined) return false;
  const json = object(found);
  switch (type) {
    case 'Quantity':
      return (
        json['value'] === value &&
        (unit === undefined || json['unit'] === unit) &&
        (ucum === undefined || json['code'] === ucum) &&
        json['comparator'] === comparator
      );
    case 'CodeableConcept':
      return (
        (more.codes ?? []).every((code) => codesOf(found).includes(code)) &&
        (more.text === undefined || json['text'] === more.text)
      );
    case 'Ratio':
      return (
        object(json['numerator'])['value'] === more.numerator &&
        object(json['denominator'])['value'] === more.denominator
      );
    case 'Range':
      return object(json['low'])['value'] === more.low && object(json['high'])['value'] === more.high;
    default:
      return (
        (more.equals === undefined || sameTime(found, more.equals)) &&
        (more.contains ?? []).every((part) => typeof found === 'string' && found.includes(part))
      );
  }
}

function ofResult(expected: ExpectedResult, found: Json, report: Json): readonly string[] {
  const wrong: string[] = [];
  const check = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(`${String(expected.code ?? expected.localCode)}: ${what}: ${JSON.stringify(found)}`);
  };
  const codes = codesOf(found['code']);
  const shown = Object.keys(found).some((key) => key.startsWith('value')) || found['component'] !== undefined;
  for (const code of [expected.code, expected.localCode])
    if (code !== undefined) check(codes.includes(code), 'another code');
  if (expected.status !== undefined) check(found['status'] === expected.status, 'another status');
  if (expected.value === null) check(!shown, 'a value is shown');
  else if (expected.value !== undefined) check(shows(found, expected.value), 'another value');
  if (expected.anyOf !== undefined)
    check(
      expected.anyOf.some((each) => shows(found, each)),
      'none of the values',
    );
  check(!(expected.never ?? []).some((each) => shows(found, each)), 'a value that must never be');
  if (expected.dataAbsentReason === true) check(found['dataAbsentReason'] !== undefined, 'no reason why there is none');
  const flags = list(found['interpretation']).flatMap(codesOf);
  for (const flag of expected.interpretation ?? []) check(flags.includes(flag), `the flag ${flag} is missing`);
  const range = list(found['referenceRange'])[0];
  if (expected.referenceRange !== undefined) {
    const { low, high, text } = expected.referenceRange;
    check(object(range?.['low'])['value'] === low && object(range?.['high'])['value'] === high, 'other limits');
    if (text !== undefined) check(range?.['text'] === text, 'another text of the range');
  }
  for (const note of expected.notes ?? []) check(has(found['note'], note), `the note “${note}” is missing`);
  if (expected.effective !== undefined)
    check(sameTime(found['effectiveDateTime'], expected.effective), 'another time of collection');
  if (expected.subId !== undefined) check(has(found['extension'], expected.subId), 'the sub-id is missing');
  if (expected.attachment !== undefined) {
    const { contentType, bytes } = expected.attachment;
    check(
      list(report['presentedForm']).some(
        (form) => form['contentType'] === contentType && Buffer.from(String(form['data']), 'base64').length === bytes,
      ),
      'the attachment is not whole',
    );
  }
  return wrong;
}

/** Reports and results stand in the order of the message. */
export function mismatchesOf(
  expected: readonly ExpectedReport[],
  orders: readonly (readonly Resource[])[],
): readonly string[] {
  if (expected.length !== orders.length) return [`${String(orders.length)} reports, not ${String(expected.length)}`];
  return expected.flatMap((each, index) => {
    const resources: readonly Json[] = orders[index] ?? [];
    const report = object(resources.find(({ resourceType }) => resourceType === 'DiagnosticReport'));
    const results = resources.filter(({ resourceType }) => resourceType === 'Observation');
    const wrong: string[] = [];
    const check = (holds: boolean, what: string): void => {
      if (!holds) wrong.push(`report: ${what}: ${JSON.stringify(report)}`);
    };
    for (const code of [each.code, each.localCode])
      if (typeof code === 'string') check(codesOf(report['code']).includes(code), 'another code');
    if (each.status !== undefined) check(report['status'] === each.status, 'another status');
    if (each.anyStatus !== undefined) check(each.anyStatus.includes(String(report['status'])), 'another status');
    const numbers = list(report['identifier']).map(({ type, value }) => `${codesOf(type).join('')} ${String(value)}`);
    if (each.placer !== undefined) check(numbers.includes(`PLAC ${each.placer}`), 'another placer number');
    if (each.filler !== undefined) check(numbers.includes(`FILL ${each.filler}`), 'another filler number');
    if (each.parentFiller !== undefined) check(has(report['extension'], each.parentFiller), 'no parent');
    if (each.effective !== undefined)
      check(sameTime(report['effectiveDateTime'], each.effective), 'another time of collection');
    if (each.issued !== undefined) check(sameTime(report['issued'], each.issued), 'another time of the report');
    const wanted = each.observations ?? [];
    check(results.length === wanted.length, `${String(results.length)} results, not ${String(wanted.length)}`);
    return [...wrong, ...wanted.flatMap((one, at) => ofResult(one, object(results[at]), report))];
  });
}
