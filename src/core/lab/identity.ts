/**
 * Which order a message speaks of: the same one again, a new one, or one that stood for another patient until now.
 * A number alone is not unique: its system, the service and the day of collection must agree, as far as they are told.
 * Pure.
 */
import { labKey } from '../artifact.ts';
import type { PatientKey } from '../model.ts';
import type { KeptLabVersion, LabNames, LabOrder, OrderNumber } from './model.ts';

/** What stands where a number should, from senders that have none: as if it were not there. */
const isNumber = (number: OrderNumber | undefined): number is OrderNumber =>
  number !== undefined &&
  !/^(?:[0\W_]*|x+|n[/.]?a\.?|none|null|nil|unk|unknown|pending|tbd)$/i.test(number.value.trim());

/** Shorter ones are counters of a day or of a message: they say little of whose order it is. */
const isWeak = (value: string): boolean => value.length < 3;

const numberOf = ({ filler, placer }: Pick<LabOrder, 'filler' | 'placer'>): OrderNumber | undefined =>
  [filler, placer].find(isNumber);

/** What orders are looked up by. Without any number: what was done and when. */
export const orderValueOf = (order: LabOrder): string =>
  numberOf(order)?.value ?? `${order.service} ${order.collected ?? ''}`;

export const orderSystemOf = (order: LabOrder): string | undefined => numberOf(order)?.system;

/** Beside the filler's number: a laboratory may tell its own only later. */
export const placerOf = ({ filler, placer }: LabOrder): OrderNumber | undefined =>
  isNumber(filler) && isNumber(placer) ? placer : undefined;

/** Numbers of the order that this one grew out of. */
export const parentValues = ({ parent }: LabOrder): readonly string[] =>
  [parent?.filler, parent?.placer].filter(isNumber).map(({ value }) => value);

/** All that an order and its parent may stand under. */
export const valuesOf = (order: LabOrder): readonly string[] => [
  orderValueOf(order),
  ...[placerOf(order)?.value ?? []].flat(),
  ...parentValues(order),
];

export const isIdentified = (order: LabOrder): boolean =>
  numberOf(order) !== undefined || order.collected !== undefined;

/** An order as it was told last. */
export type KnownOrder = Pick<
  KeptLabVersion,
  | 'report'
  | 'patientKey'
  | 'source'
  | 'orderValue'
  | 'orderSystem'
  | 'placer'
  | 'service'
  | 'collected'
  | 'issued'
  | 'sent'
> & {
  /** Of its results. */
  readonly keys: ReadonlySet<string>;
};

export type WhichOrder =
  /** `leaves`: reports of other patients that it is taken from. */
  | { readonly is: 'this'; readonly report: string; readonly leaves: readonly KnownOrder[] }
  /** It was moved to somebody else by a later message. `report`: what it was here. */
  | { readonly is: 'moved-away'; readonly report: string }
  /** The same number for somebody else, and nothing that tells whether it is the same specimen. */
  | { readonly is: 'unclear' };

const minuteMs = 60_000;
/** A time of collection that is put right rarely moves by more; the same number is rarely given again so soon. */
const correctionMs = 4 * 60 * minuteMs;

const dayOf = (iso: string | undefined): string | undefined => iso?.slice(0, 10);

const hasZone = (iso: string): boolean => /T.*(?:Z|[+-]\d\d:\d\d)$/.test(iso);

/** One moment may be two days: HL7 v2 tells it in local time, FHIR servers in UTC. Undefined: not told on both sides. */
function within(a: string | undefined, b: string | undefined, ms: number): boolean | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a === b || (hasZone(a) && hasZone(b) && Math.abs(Date.parse(a) - Date.parse(b)) < ms);
}

const sameMoment = (a: string | undefined, b: string | undefined): boolean | undefined => within(a, b, minuteMs);

function sameDay(a: string | undefined, b: string | undefined): boolean | undefined {
  const near = within(a, b, correctionMs);
  return near === undefined ? undefined : near || dayOf(a) === dayOf(b);
}

/** A URI is one authority, whoever repeats it; a namespace is one sender's. */
const isOneAuthority = (system: string | undefined): boolean => system?.includes(':') === true;

/** A laboratory may tell only the placer's number at first, or at last. */
function isOfNumber(one: KnownOrder, order: LabOrder): boolean {
  const value = orderValueOf(order);
  if (one.orderValue === value) return true;
  const placer = placerOf(order);
  if (placer === undefined) {
    return (
      numberOf(order) === order.placer &&
      one.placer?.value === value &&
      systemsAgree(one.placer.system, order.placer?.system)
    );
  }
  return one.placer === undefined && one.orderValue === placer.value && systemsAgree(one.orderSystem, placer.system);
}

const systemsAgree = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || a === b;

/** Prefix of the artifacts of an order that is new. `times`: how many of its message are called the same, with it. */
export const newReport = (order: LabOrder, patientKey: PatientKey, times = 1): string =>
  labKey(
    patientKey,
    orderValueOf(order),
    orderSystemOf(order) ?? '',
    times === 1 ? order.service : `${order.service}#${String(times)}`,
    dayOf(order.collected) ?? '',
  );

/**
 * `known`: reports that stand, those of this number among them, whoever they are of; in the order of their last message.
 * `apart`: a person has said that it is another order than the one of somebody else. `taken`: reports that other orders
 * of the message are.
 */
export function whichOrder(
  order: LabOrder,
  whose: { readonly patientKey: PatientKey; readonly source: string; readonly apart: boolean },
  known: readonly KnownOrder[],
  taken: ReadonlySet<string> = new Set(),
): WhichOrder {
  const value = orderValueOf(order);
  const system = orderSystemOf(order);
  const weak = isWeak(value);
  const alike = known.filter(
    (one) =>
      one.service === order.service &&
      (weak ? sameMoment : sameDay)(one.collected, order.collected) !== false &&
      isOfNumber(one, order),
  );
  const own = alike.filter(({ patientKey, report }) => patientKey === whose.patientKey && !taken.has(report));
  const [same] = own.toSorted((a, b) => likeness(b, order) - likeness(a, order));
  const report = same?.report ?? unused(order, whose.patientKey, known, taken);
  // Two laboratories may give the same number to two people; no number is nobody's.
  const others = alike.filter(
    (one) =>
      one.patientKey !== whose.patientKey &&
      !whose.apart &&
      numberOf(order) !== undefined &&
      systemsAgree(one.orderSystem, system) &&
      (one.source === whose.source || isOneAuthority(system)),
  );
  // What is taken away from somebody must be the same beyond doubt: the same number at another hour of the day may be
  // another specimen.
  const leaves = others.filter(
    (one) =>
      one.orderValue === value && one.orderSystem === system && sameMoment(one.collected, order.collected) === true,
  );
  if (same === undefined && leaves.length < others.length) return { is: 'unclear' };
  return leaves.some((one) => toldLater(one, order)) ? { is: 'moved-away', report } : { is: 'this', report, leaves };
}

/** Of several orders of one number, service and day: the one of that moment, then of those results, then of that system. */
export const likeness = (one: KnownOrder, order: LabOrder): number =>
  (sameMoment(one.collected, order.collected) === true ? 4 : 0) +
  (order.results.some(({ key }) => one.keys.has(key)) ? 2 : 0) +
  (one.orderSystem === orderSystemOf(order) ? 1 : 0);

function toldLater({ issued, sent }: KnownOrder, order: LabOrder): boolean {
  const told = Date.parse(order.issued);
  return issued.getTime() > told || (issued.getTime() === told && sent.getTime() > Date.parse(order.sent));
}

function unused(
  order: LabOrder,
  patientKey: PatientKey,
  known: readonly KnownOrder[],
  taken: ReadonlySet<string>,
): string {
  const standing = new Set(known.map(({ report }) => report));
  for (let times = 1; ; times += 1) {
    const report = newReport(order, patientKey, times);
    if (!taken.has(report) && !standing.has(report)) return report;
  }
}

/** The artifacts of an order's resources: stable, whatever comes with it. */
export const namesOf = (report: string, order: LabOrder, parent: string | undefined): LabNames => ({
  report: `${report}.report`,
  results: order.results.map(({ key }) => `${report}.r-${labKey(key).slice(0, 16)}`),
  specimens: order.specimens.map((key) => `${report}.s-${labKey(key).slice(0, 16)}`),
  ...(parent === undefined ? {} : { parent: `${parent}.report` }),
});
