/**
 * ORU^R01 of v2.2 to v2.8 in groups (§7.3.1): patients, their orders, results, specimens, and the notes of each. Reads
 * what laboratories send, not only what the grammar allows: ORC may be missing; segments that are not listed here (SFT,
 * PD1, NK1, TQ1, CTD, Z…) may stand anywhere.
 *
 * - OBX after SPM belongs to the specimen when the order had a result before; without one, SPM stands in front and the
 *   OBX are the results.
 * - OBX after PID with no OBR between: observations of the patient (v2.7 on), not results of an order.
 * - Neighbouring OBX of text (TX, FT, ST) with one OBX-3 and OBX-4 and no OBX-21 are one narrative, in that order.
 */
import type { Hl7Message, Segment } from './message.ts';
import { repetitionsOf, valueOf } from './values.ts';

export type ResultGroup = {
  /** More than one: the lines of a narrative. */
  readonly segments: readonly [Segment, ...Segment[]];
  readonly notes: readonly Segment[];
};

export type SpecimenGroup = { readonly segment: Segment; readonly results: readonly ResultGroup[] };

export type OrderGroup = {
  readonly orc?: Segment;
  readonly obr?: Segment;
  readonly notes: readonly Segment[];
  readonly results: readonly ResultGroup[];
  readonly specimens: readonly SpecimenGroup[];
  readonly zone: readonly Segment[];
};

export type PatientGroup = {
  readonly pid?: Segment;
  readonly pv1?: Segment;
  readonly notes: readonly Segment[];
  /** OBX in front of the first order. */
  readonly observations: readonly Segment[];
  readonly orders: readonly OrderGroup[];
};

type Result = { segments: [Segment, ...Segment[]]; notes: Segment[] };
/** `first`: it stood in front of the results of its order. */
type Specimen = { segment: Segment; results: Result[]; first: boolean };
type Order = {
  orc?: Segment;
  obr?: Segment;
  notes: Segment[];
  results: Result[];
  specimens: Specimen[];
  zone: Segment[];
};
type Patient = { pid?: Segment; pv1?: Segment; notes: Segment[]; observations: Segment[]; orders: Order[] };

/** At least one, also without PID. */
export function groupOru({ segments }: Hl7Message): readonly [PatientGroup, ...PatientGroup[]] {
  const first = newPatient();
  const patients: [Patient, ...Patient[]] = [first];
  let patient = first;
  let order: Order | undefined;
  /** SPM in front of the first order. */
  let waiting: Segment[] = [];
  /** What the last segment was about: a note is on it. */
  let notes = first.notes;

  const open = (): Order => {
    const specimens = waiting.map((segment) => ({ segment, results: [], first: true }));
    order = { notes: [], results: [], specimens, zone: [] };
    waiting = [];
    patient.orders.push(order);
    notes = order.notes;
    return order;
  };

  for (const segment of segments) {
    switch (segment.name) {
      case 'PID':
        if (patient.pid !== undefined || patient.orders.length > 0 || patient.observations.length > 0) {
          patient = newPatient();
          patients.push(patient);
        }
        patient.pid = segment;
        order = undefined;
        notes = patient.notes;
        break;
      case 'PV1':
        patient.pv1 ??= segment;
        break;
      case 'ORC':
        open().orc = segment;
        break;
      case 'OBR': {
        const waits = order !== undefined && order.obr === undefined && order.results.length === 0;
        const current: Order = waits && order !== undefined ? order : open();
        current.obr = segment;
        notes = current.notes;
        break;
      }
      case 'OBX':
        if (order === undefined) {
          patient.observations.push(segment);
          // A note on it is not one on the patient.
          notes = [];
        } else {
          notes = addResult(order, segment).notes;
        }
        break;
      case 'SPM':
        if (order === undefined) waiting.push(segment);
        else order.specimens.push({ segment, results: [], first: order.results.length === 0 });
        notes = [];
        break;
      case 'NTE':
        notes.push(segment);
        break;
      default:
        if (segment.name.startsWith('Z')) order?.zone.push(segment);
    }
  }
  return patients;
}

const newPatient = (): Patient => ({ notes: [], observations: [], orders: [] });

function addResult(order: Order, segment: Segment): Result {
  const specimen = order.specimens.at(-1);
  const results = specimen === undefined || specimen.first ? order.results : specimen.results;
  const last = results.at(-1);
  if (last !== undefined && isNextLine(last.segments[0], segment)) {
    last.segments.push(segment);
    return last;
  }
  const result: Result = { segments: [segment], notes: [] };
  results.push(result);
  return result;
}

const texts: ReadonlySet<string> = new Set(['TX', 'FT', 'ST']);

function isNextLine(first: Segment, next: Segment): boolean {
  if (!isText(first) || !isText(next)) return false;
  return sameField(first, next, 3) && sameField(first, next, 4);
}

const isText = (segment: Segment): boolean =>
  texts.has(valueOf(segment, 2).trim()) && valueOf(segment, 3) !== '' && valueOf(segment, 21) === '';

const sameField = (a: Segment, b: Segment, field: number): boolean =>
  alike(repetitionsOf(a, field), repetitionsOf(b, field));

type Nested = string | readonly Nested[];

/** Ends at the first difference: it costs what the shorter of the two does. */
function alike(a: Nested, b: Nested): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.length === b.length && a.every((one, index) => alike(one, b[index] ?? ''));
}
