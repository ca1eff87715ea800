/**
 * What a laboratory sends in a proof, and what must have become of it: for each patient a row of ORU^R01, in order, about
 * orders that are preliminary, final, corrected. Each version of a result has a value of its own that grows. Pure;
 * decided by the dice given.
 */
import type { Resource } from '../core/ports.ts';

export type LabMessagePlan = { readonly controlId: string; readonly text: string };

export type LabOrderPlan = {
  readonly filler: string;
  /** `Patient/…` in the sandbox. */
  readonly patient: string;
  /** Of the last version. */
  value: number;
  status: 'preliminary' | 'final' | 'corrected';
};

export type LabPatientPlan = {
  /** In the order in which they are sent. */
  readonly row: readonly LabMessagePlan[];
  readonly orders: readonly LabOrderPlan[];
};

const statuses = [
  ['P', 'preliminary'],
  ['F', 'final'],
  ['C', 'corrected'],
] as const;

type Open = { readonly plan: LabOrderPlan; readonly base: number; next: number; readonly last: number };

/** `count` messages about one patient. Each is reported a minute after the one before. */
export function planLabs(person: Resource, index: number, count: number, random: () => number): LabPatientPlan {
  const orders: LabOrderPlan[] = [];
  const open: Open[] = [];
  const pid = pidOf(person);
  const row = Array.from({ length: count }, (_, n): LabMessagePlan => {
    if (open.length === 0 || (open.length < 3 && random() < 0.4)) {
      const [next, last] = random() < 0.6 ? [1, 1] : [0, random() < 0.4 ? 2 : 1];
      const filler = `F${String(index)}-${String(orders.length)}`;
      const plan: LabOrderPlan = { filler, patient: `Patient/${String(person.id)}`, value: 0, status: 'preliminary' };
      orders.push(plan);
      open.push({ plan, base: 60 + Math.floor(random() * 200), next, last });
    }
    const at = Math.floor(random() * open.length);
    const one = open[at] as Open;
    const [code, status] = statuses[one.next] as (typeof statuses)[number];
    one.plan.value = one.base + one.next;
    one.plan.status = status;
    const controlId = `${String(index)}-${String(n)}`;
    const text = oru({ controlId, pid, filler: one.plan.filler, value: one.plan.value, code, minute: n });
    if (one.next === one.last) open.splice(at, 1);
    else one.next += 1;
    return { controlId, text };
  });
  // One may have been opened, and its turn never came.
  return { row, orders: orders.filter(({ value }) => value > 0) };
}

type Oru = {
  readonly controlId: string;
  readonly pid: string;
  readonly filler: string;
  readonly value: number;
  readonly code: string;
  readonly minute: number;
};

function oru({ controlId, pid, filler, value, code, minute }: Oru): string {
  const at = timeOf(minute);
  return [
    `MSH|^~\\&|LAB|PROVE|TEJIDO|CLINIC|${at}||ORU^R01^ORU_R01|${controlId}|P|2.5.1`,
    pid,
    `ORC|RE|P${filler}|${filler}`,
    `OBR|1|P${filler}|${filler}|2345-7^Glucose [Mass/volume] in Serum or Plasma^LN|||${timeOf(0)}|||||||||||||||${at}||CH|${code}`,
    `OBX|1|NM|2345-7^Glucose [Mass/volume] in Serum or Plasma^LN||${String(value)}|mg/dL|70-99|N|||${code}|||${timeOf(0)}`,
    '',
  ].join('\r');
}

/** Of 2026, in UTC. */
const timeOf = (minute: number): string =>
  `${new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString().slice(0, 16).replaceAll(/[-T:]/g, '')}00+0000`;

function pidOf(person: Resource): string {
  const [identifier] = person['identifier'] as readonly { readonly value: string }[];
  const [name] = person['name'] as readonly { readonly family: string; readonly given: readonly string[] }[];
  const born = String(person['birthDate']).replaceAll('-', '');
  return `PID|1||${identifier?.value ?? ''}^^^PROVE^MR||${name?.family ?? ''}^${name?.given.join(' ') ?? ''}||${born}`;
}
