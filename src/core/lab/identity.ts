/**
 * Which order a message speaks of: the same one again, a new one, or one that stood for another patient until now.
 * A number alone is not unique: its system, the service and the day of collection must agree, as far as they are told.
 * Pure.
 */
import { labKey } from '../artifact.ts';
import type { PatientKey } from '../model.ts';
import type { KeptLabVersion, LabNames, LabOrder } from './model.ts';

/** What orders are looked up by. Without any number: what was done and when. */
export const orderValueOf = ({ filler, placer, service, collected }: LabOrder): string =>
  filler?.value ?? placer?.value ?? `${service} ${collected ?? ''}`;

const systemOf = ({ filler, placer }: LabOrder): string | undefined => (filler ?? placer)?.system;

export const isIdentified = ({ filler, placer, collected }: LabOrder): boolean =>
  filler !== undefined || placer !== undefined || collected !== undefined;

export type KnownOrder = Pick<
  KeptLabVersion,
  'report' | 'patientKey' | 'source' | 'orderValue' | 'orderSystem' | 'service' | 'collected' | 'issued'
>;

export type WhichOrder =
  /** `leaves`: reports of other patients that it is taken from. */
  | { readonly is: 'this'; readonly report: string; readonly leaves: readonly KnownOrder[] }
  /** It was moved to somebody else by a later message. */
  | { readonly is: 'moved-away' }
  /** The same number for somebody else, and nothing that tells whether it is the same specimen. */
  | { readonly is: 'unclear' };

const minuteMs = 60_000;

const dayOf = (iso: string | undefined): string | undefined => iso?.slice(0, 10);

/** Undefined: not told on both sides. One moment may be two days: HL7 v2 tells it in local time, FHIR servers in UTC. */
function sameDay(a: string | undefined, b: string | undefined): boolean | undefined {
  if (a === undefined || b === undefined) return undefined;
  const hasZone = [a, b].every((time) => /T.*(?:Z|[+-]\d\d:\d\d)$/.test(time));
  return dayOf(a) === dayOf(b) || (hasZone && Math.abs(Date.parse(a) - Date.parse(b)) < minuteMs);
}

/**
 * `known`: reports that stand, those of this number among them, whoever they are of; in the order of their last message.
 * `apart`: a person has said that it is another order than the one of somebody else.
 */
export function whichOrder(
  order: LabOrder,
  whose: { readonly patientKey: PatientKey; readonly source: string; readonly apart: boolean },
  known: readonly KnownOrder[],
): WhichOrder {
  const system = systemOf(order);
  const value = orderValueOf(order);
  const alike = known.filter(
    (one) =>
      one.orderValue === value && one.service === order.service && sameDay(one.collected, order.collected) !== false,
  );
  const own = alike.filter((one) => one.patientKey === whose.patientKey);
  const same = own.find((one) => one.orderSystem === system) ?? own[0];
  const report =
    same?.report ?? labKey(whose.patientKey, value, system ?? '', order.service, dayOf(order.collected) ?? '');
  // Two laboratories may give the same number to two people.
  const others = alike.filter(
    (one) =>
      one.patientKey !== whose.patientKey && one.source === whose.source && one.orderSystem === system && !whose.apart,
  );
  const leaves = others.filter((one) => sameDay(one.collected, order.collected) === true);
  if (same === undefined && leaves.length < others.length) return { is: 'unclear' };
  const issued = Date.parse(order.issued);
  return leaves.some((one) => one.issued.getTime() > issued) ? { is: 'moved-away' } : { is: 'this', report, leaves };
}

/** The artifacts of an order's resources: stable, whatever comes with it. */
export const namesOf = (report: string, order: LabOrder, parent: string | undefined): LabNames => ({
  report: `${report}.report`,
  results: order.results.map(({ key }) => `${report}.r-${labKey(key).slice(0, 16)}`),
  specimens: order.specimens.map((key) => `${report}.s-${labKey(key).slice(0, 16)}`),
  ...(parent === undefined ? {} : { parent: `${parent}.report` }),
});
