/**
 * Laboratory values that a person must hear of by name, read at the door: they wait for no lane, match or chart. Read from
 * what came, before any map; so a rule is compared only where unit and code are those of the rule, and what the laboratory
 * itself flags as critical counts whatever it is. Pure.
 */
import { labKey } from '../artifact.ts';
import type { Resource } from '../ports.ts';
import { graver, type RedFlag, type RedFlagRules } from '../red-flag/rules.ts';
import { orderValueOf } from './identity.ts';
import type { LabMessage, LabOrder } from './model.ts';
import type { LabRules } from './rules.ts';

/** What a message says of one result, for its escalation. */
export type ResultFlag = {
  /** The same in each message about the result, by whichever door. Nothing of the patient can be read from it. */
  readonly id: string;
  /** Undefined: it is not critical, or not any more. */
  readonly flag: RedFlag | undefined;
  /** Orders the messages about it. */
  readonly asOf: Date;
  /** Why an alarm about it ends, where there was one. */
  readonly ends: 'corrected' | 'withdrawn' | 'wrong-patient';
};

/** Name of the source of their escalations in the ledger: one result may come by several doors. */
export const laboratory = 'laboratory';

export type ReadCritical = (message: LabMessage) => readonly ResultFlag[];

type Reading = {
  readonly codes: readonly string[];
  /** As they were sent, lower case, without spaces. */
  readonly units: readonly string[];
  readonly number: number | undefined;
  readonly comparator: string | undefined;
  readonly hasValue: boolean;
  readonly flags: readonly string[];
  readonly at: string | undefined;
  readonly is: 'preliminary' | 'final' | 'corrected' | 'withdrawn' | 'wrong-patient' | 'none';
};

type Rules = {
  readonly labs: Pick<LabRules, 'critical' | 'criticalFlags' | 'criticalFlagSeverity' | 'criticalWithinMs'>;
  readonly redFlags: Pick<RedFlagRules, 'severity' | 'restricted'>;
};

/** v2 table 0078, and v3-ObservationInterpretation. */
const criticalFlags: ReadonlySet<string> = new Set(['HH', 'LL', 'AA']);

export function createCriticalReader({ labs, redFlags }: Rules): ReadCritical {
  const least = redFlags.severity['lab-critical'];
  if (least === 'off') return () => [];
  const restricted = redFlags.restricted.includes('lab-critical');
  const ruled = new Set(labs.critical.flatMap(({ codes }) => codes));

  const severityOf = (reading: Reading): RedFlag['severity'] | undefined => {
    const byRule = labs.critical.filter((rule) => breaks(reading, rule)).map(({ severity }) => severity);
    const byFlag = labs.criticalFlags && reading.flags.some((flag) => criticalFlags.has(flag));
    const found = [...byRule, ...(byFlag ? [labs.criticalFlagSeverity] : [])];
    return found.length === 0 ? undefined : found.reduce((a, b) => graver(a, b), graver(least, found[0]));
  };

  const flagOf = (reading: Reading, order: LabOrder): RedFlag | undefined => {
    const severity = severityOf(reading);
    if (severity === undefined) return undefined;
    const observedAt = observedOf(reading, order);
    return {
      code: 'lab-critical',
      severity,
      restricted,
      observedAt: new Date(observedAt).toISOString(),
      from: '',
      item: '',
      derived: true,
      shows: {},
    };
  };

  /** By the message's own clock: what waited somewhere on its way is heard all the same. */
  const isOld = ({ observedAt }: RedFlag, { sent }: LabOrder): boolean =>
    Date.parse(sent) - Date.parse(observedAt) > labs.criticalWithinMs;

  /** Undefined: it says nothing about an alarm. What is preliminary raises one, and ends none. */
  const readingOf = (reading: Reading, order: LabOrder): Omit<ResultFlag, 'id'> | undefined => {
    const asOf = new Date(order.issued);
    const { is } = reading;
    if (is === 'withdrawn' || is === 'wrong-patient') return { flag: undefined, asOf, ends: is };
    if (is === 'none' || !reading.hasValue) return undefined;
    const flag = flagOf(reading, order);
    // An archive that is loaded alarms nobody, and ends nothing either.
    if (flag !== undefined && isOld(flag, order)) return undefined;
    if (flag !== undefined) return { flag, asOf, ends: 'corrected' };
    if (is === 'preliminary') return undefined;
    // Of most results nobody has ever asked whether they are critical.
    const watched = is === 'corrected' || reading.codes.some((code) => ruled.has(code));
    return watched ? { flag: undefined, asOf, ends: 'corrected' } : undefined;
  };

  return (message) =>
    message.test
      ? []
      : message.orders.flatMap((order) => {
          const readings = readingsOf(order);
          return order.results.flatMap(({ key }, index): readonly ResultFlag[] => {
            const reading = readings[index];
            const says = reading === undefined ? undefined : readingOf(reading, order);
            return says === undefined ? [] : [{ id: idOf(message, order, key), ...says }];
          });
        });
}

/** Collected, else reported: ISO 8601. */
const observedOf = ({ at }: Reading, { collected, issued }: LabOrder): string =>
  [at, collected].find((time) => time !== undefined && !Number.isNaN(Date.parse(time))) ?? issued;

/** Patient, order, day and analyte: a laboratory may begin its numbers anew each day. */
function idOf({ patient }: LabMessage, order: LabOrder, key: string): string {
  const who = patient?.mrn ?? patient?.sourcePatientId ?? patient?.dob ?? '';
  return `lab.${labKey('critical', who, orderValueOf(order), order.collected?.slice(0, 10) ?? '', key)}`;
}

/** A limit counts where it is certain: `>600` is above 400, `>300` may not be. */
function breaks({ codes, units, number, comparator }: Reading, rule: LabRules['critical'][number]): boolean {
  if (number === undefined || !rule.codes.some((code) => codes.includes(code))) return false;
  if (!units.includes(bare(rule.unit))) return false;
  const [below, above] = [comparator?.startsWith('<') === true, comparator?.startsWith('>') === true];
  const low = rule.low !== undefined && !above && (below ? number <= rule.low : number < rule.low);
  const high = rule.high !== undefined && !below && number >= rule.high;
  return low || high;
}

function readingsOf({ tree }: LabOrder): readonly (Reading | undefined)[] {
  return list(tree['observation']).map((one) => {
    if (one['resourceType'] === 'Observation') return fhirReading(one as Resource);
    return isRecord(one['OBX']) ? v2Reading(one['OBX']) : undefined;
  });
}

/**
 * Table 0085, as little of it as an alarm needs: the ConceptMaps have the rest, and are not asked at the door. What is not
 * known counts as final, so that it is heard.
 */
const v2Status: Readonly<Record<string, Reading['is']>> = {
  P: 'preliminary',
  R: 'preliminary',
  S: 'preliminary',
  C: 'corrected',
  A: 'corrected',
  D: 'withdrawn',
  X: 'withdrawn',
  W: 'wrong-patient',
  I: 'none',
  O: 'none',
  N: 'none',
};

function v2Reading(obx: Json): Reading {
  const [value] = list(obx['observationValue']);
  const given = text(value?.['num1']) === undefined ? text(value?.['text']) : numeric(value);
  const plain = /^\s*([<>]=?)?\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*$/.exec(given ?? '');
  const at = text(obx['dateTimeOfTheObservation']);
  return {
    codes: namesIn(obx['observationIdentifier'], ['identifier', 'alternateIdentifier', 'secondAlternateIdentifier']),
    units: namesIn(obx['units'], ['identifier', 'text', 'alternateIdentifier', 'alternateText']).map(bare),
    number: plain?.[2] === undefined ? undefined : Number(plain[2]),
    comparator: plain?.[1],
    hasValue: value !== undefined,
    flags: list(obx['interpretationCodes']).flatMap((flag) => namesIn(flag, ['identifier'])),
    at,
    is: v2Status[text(obx['observationResultStatus'])?.trim() ?? ''] ?? 'final',
  };
}

/** SN: a comparator and one number; a ratio or a range is no number. */
const numeric = (value: Json | undefined): string | undefined =>
  text(value?.['separatorSuffix']) === undefined && text(value?.['num2']) === undefined
    ? `${(text(value?.['comparator']) ?? '').replace('=', '').trim()}${text(value?.['num1']) ?? ''}`
    : undefined;

const fhirStatus: Readonly<Record<string, Reading['is']>> = {
  preliminary: 'preliminary',
  registered: 'none',
  corrected: 'corrected',
  amended: 'corrected',
  cancelled: 'withdrawn',
  'entered-in-error': 'withdrawn',
};

function fhirReading(observation: Resource): Reading {
  const quantity = record(observation['valueQuantity']);
  const number = quantity['value'];
  return {
    codes: codesIn(observation['code']),
    units: [text(quantity['code']), text(quantity['unit'])].flatMap((unit) => (unit === undefined ? [] : [bare(unit)])),
    number: typeof number === 'number' ? number : undefined,
    comparator: text(quantity['comparator']),
    hasValue: Object.keys(observation).some((element) => element.startsWith('value')),
    flags: list(observation['interpretation']).flatMap(codesIn),
    at: text(observation['effectiveDateTime']),
    is: fhirStatus[text(observation['status']) ?? ''] ?? 'final',
  };
}

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const record = (value: unknown): Json => (isRecord(value) ? value : {});
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);
/** `""`, an explicit null, is nothing. */
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value !== '""' ? value : undefined;
const namesIn = (value: unknown, names: readonly string[]): readonly string[] =>
  names.flatMap((name) => text(record(value)[name]) ?? []);
const codesIn = (concept: unknown): readonly string[] =>
  list(record(concept)['coding']).flatMap(({ code }) => text(code) ?? []);
const bare = (unit: string): string => unit.replaceAll(/\s+/g, '').toLowerCase();
