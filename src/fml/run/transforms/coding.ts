/** `cc` and `c`: a CodeableConcept, a Coding. */
import { textOf, type Argument } from '../argument.ts';
import type { Frame } from '../frame.ts';
import { isEmpty, type Json } from '../json.ts';
import { Target } from '../target.ts';
import { typed, type Parts, type Produce } from './transform.ts';

const codingParts = ['system', 'code', 'display'] as const;

/** A coding of its own for each time: where the map says all of it, a copy of one. */
function codingOf(given: readonly Argument[]): (frame: Frame) => Json | undefined {
  const write = (frame: Frame | undefined): Json | undefined => {
    const json: Json = {};
    for (let index = 0; index < given.length; index += 1) {
      const part = codingParts[index] as (typeof codingParts)[number];
      const argument = given[index] as Argument;
      const text = frame === undefined ? String(argument.constant) : textOf(argument, frame, `the ${part}`);
      if (text !== undefined) json[part] = text;
    }
    return isEmpty(json) ? undefined : json;
  };
  if (given.some(({ constant }) => constant === undefined)) return write;
  const whole = write(undefined);
  return () => (whole === undefined ? undefined : { ...whole });
}

/** `cc(text)` or `cc(system, code, display)`: a CodeableConcept. */
export const cc = ({ rules, given }: Parts): Produce => {
  const type = typed(rules, 'CodeableConcept');
  if (given.length === 1)
    return (frame) => {
      const text = textOf(given[0], frame, 'the text of cc');
      return text === undefined ? undefined : new Target({ text }, type, true);
    };
  const coding = codingOf(given);
  return (frame) => {
    const json = coding(frame);
    return json === undefined ? undefined : new Target({ coding: [json] }, type, true);
  };
};

/** `c(system, code, display)`: a Coding. */
export const c = ({ rules, given }: Parts): Produce => {
  const type = typed(rules, 'Coding');
  const coding = codingOf(given);
  return (frame) => {
    const json = coding(frame);
    return json === undefined ? undefined : new Target(json, type, true);
  };
};
