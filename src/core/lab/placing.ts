/** The orders of one message: each is a report of its own, and the one that it was in earlier messages. Pure. */
import type { PatientKey } from '../model.ts';
import { type KnownOrder, likeness, whichOrder, type WhichOrder } from './identity.ts';
import type { LabOrder } from './model.ts';

export type PlacedOrder = { readonly order: LabOrder; readonly which: WhichOrder };

/**
 * In the order of the message. One number and service may come several times (a series of one day, one for each isolate):
 * those that are surest of what they were choose first. What is repeated word for word is told once.
 */
export function placeOrders(
  orders: readonly LabOrder[],
  whose: { readonly patientKey: PatientKey; readonly source: string; readonly apart: boolean },
  known: readonly KnownOrder[],
): readonly PlacedOrder[] {
  const once = withoutRepeated(orders);
  const own = known.filter(({ patientKey }) => patientKey === whose.patientKey);
  const sureness = (order: LabOrder): number => Math.max(0, ...own.map((one) => likeness(one, order)));
  const taken = new Set<string>();
  const which = new Map<LabOrder, WhichOrder>();
  for (const order of once.toSorted((a, b) => sureness(b) - sureness(a))) {
    const found = whichOrder(order, whose, known, taken);
    which.set(order, found);
    if (found.is !== 'unclear') taken.add(found.report);
  }
  return once.flatMap((order) => {
    const found = which.get(order);
    return found === undefined ? [] : [{ order, which: found }];
  });
}

/** Engines on the way repeat segments; only the numbers of the segments tell the copies apart. */
function withoutRepeated(orders: readonly LabOrder[]): readonly LabOrder[] {
  if (orders.length < 2) return orders;
  const seen = new Set<string>();
  return orders.filter((order) => {
    const text = JSON.stringify(order, (name, value: unknown) => (name.startsWith('setId') ? undefined : value));
    const isNew = !seen.has(text);
    seen.add(text);
    return isNew;
  });
}
