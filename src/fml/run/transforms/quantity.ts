/** `qty` and `cp`: a Quantity, a ContactPoint. */
import { textOf } from '../argument.ts';
import { Fault } from '../fault.ts';
import { castPrimitive } from '../primitive.ts';
import { objectOf, typed, type Parts, type Produce } from './transform.ts';

function decimal(text: string): number {
  const value = castPrimitive(text, 'decimal');
  if (typeof value !== 'number') throw new Fault('cast-failed', 'the value of qty is no decimal', { value: text });
  return value;
}

/** `qty(text)` or `qty(value, unit, system, code)`: a Quantity. */
export const qty = ({ rules, given }: Parts): Produce => {
  const type = typed(rules, 'Quantity');
  const [value, unit, system, code] = given;
  if (given.length === 1)
    return (frame) => {
      const text = textOf(value, frame, 'the text of qty');
      if (text === undefined) return undefined;
      const written = /^\s*(<=|>=|<|>)?\s*([+-]?\d[\d.]*(?:[eE][+-]?\d+)?)\s*(\S.*?)?\s*$/u.exec(text);
      if (written === null) throw new Fault('cast-failed', 'the text of qty is no quantity', { value: text });
      return objectOf(type, { value: decimal(written[2] ?? ''), comparator: written[1], unit: written[3] });
    };
  return (frame) => {
    const written = textOf(value, frame, 'the value of qty');
    if (written === undefined) return undefined;
    return objectOf(type, {
      value: decimal(written),
      unit: textOf(unit, frame, 'the unit of qty'),
      system: textOf(system, frame, 'the system of qty'),
      code: textOf(code, frame, 'the code of qty'),
    });
  };
};

const contactSystem = (value: string): string => {
  if (/^https?:/iu.test(value)) return 'url';
  return value.includes('@') ? 'email' : 'phone';
};

/** `cp(value)` or `cp(system, value)`: a ContactPoint. */
export const cp = ({ rules, given }: Parts): Produce => {
  const type = typed(rules, 'ContactPoint');
  const [first, second] = given;
  return (frame) => {
    const value = textOf(second ?? first, frame, 'the value of cp');
    if (value === undefined) return undefined;
    const system = second === undefined ? contactSystem(value) : textOf(first, frame, 'the system of cp');
    return objectOf(type, { system, value });
  };
};
