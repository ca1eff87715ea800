/** What a laboratory writes may be of any length and hold any character; what an order is looked up by may not. Pure. */
import { labKey } from '../artifact.ts';
import type { LabOrder, OrderNumber } from './model.ts';

/** No number is longer; an index of the ledger takes 2,704 bytes. */
const longest = 200;

const isPlain = (text: string): boolean => text.length <= longest && text.isWellFormed() && !text.includes('\u0000');

/** As it is, else its hash: different ones stay different. */
const plain = (text: string): string => (isPlain(text) ? text : `#${labKey('bounded', text)}`);

const numberOf = ({ value, system }: OrderNumber): OrderNumber => ({
  value: plain(value),
  ...(system === undefined ? {} : { system: plain(system) }),
});

const numbersOf = ({ placer, filler }: Pick<LabOrder, 'placer' | 'filler'>): Pick<LabOrder, 'placer' | 'filler'> => ({
  ...(placer === undefined ? {} : { placer: numberOf(placer) }),
  ...(filler === undefined ? {} : { filler: numberOf(filler) }),
});

/** The order by names that can be stored. What is filed of it is untouched. */
export const boundedOrder = (order: LabOrder): LabOrder => ({
  ...order,
  ...numbersOf(order),
  service: plain(order.service),
  ...(order.parent === undefined ? {} : { parent: numbersOf(order.parent) }),
});

const firstYear = Date.parse('1800-01-01');
const lastYear = Date.parse('2201-01-01');

/** Whether versions can be put in order by this: Postgres and JSON take years of four digits. */
export const isInstant = (iso: string): boolean => {
  const at = Date.parse(iso);
  return at >= firstYear && at < lastYear;
};
