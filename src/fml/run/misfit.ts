/** Words for a value that an element does not take: names of types, never the value. */
import type { TypeDef } from '../../definitions/types.ts';
import type { Cell } from './cell.ts';
import { Fault } from './fault.ts';

/** The types that an element takes, in words. */
export const offeredBy = (cell: Cell): string => (cell.def?.types ?? []).map(({ name }) => name).join(', ');

/** The name of a type, or other words where there is none. */
export const named = (type: TypeDef | undefined, otherwise: string): string => type?.name ?? otherwise;

const adviceFor = (expected: string): string | undefined => {
  if (expected === 'Reference') return 'Use reference(…)';
  if (expected === 'CodeableConcept') return "Use cc(system, code), or create('CodeableConcept') and fill it";
  if (expected === 'Coding') return 'Use c(system, code)';
  return expected === 'Quantity' ? 'Use qty(value, unit, system, code)' : undefined;
};

/** The fault of a value that an element does not take, with what to write instead where that is plain. */
export function misfit(cell: Cell, given: string, value: unknown): Fault {
  const expected = cell.expected?.name ?? offeredBy(cell);
  const advice = adviceFor(expected);
  return new Fault('wrong-type', `${cell.name} takes ${expected}, not ${given}`, {
    value,
    ...(advice === undefined ? {} : { advice }),
  });
}
