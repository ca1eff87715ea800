/** `evaluate`: a value by FHIRPath. */
import { nothing } from '../../../definitions/item.ts';
import type { Parameter } from '../../model.ts';
import { itemsOf, type Argument } from '../argument.ts';
import type { Parts, Produce } from './transform.ts';

/** `evaluate(context, expression)`, or the expression alone. */
export const evaluate = ({ rules, names, parameters, given: [first, second] }: Parts): Produce => {
  const last = parameters.at(-1);
  // A path is FHIRPath here, read in the context; a string is FHIRPath too, and means itself.
  const text = last === undefined ? undefined : expressionText(last);
  if (last === undefined || text === undefined)
    return second === undefined ? copyOfArgument(first) : copyOfArgument(second);
  const compiled = rules.finder({ text, at: last.at }, names);
  if (second === undefined || first === undefined) return (frame) => compiled(frame, nothing);
  return (frame) => compiled(frame, itemsOf(first, frame));
};

const copyOfArgument =
  (argument: Argument | undefined): Produce =>
  (frame) =>
    argument?.find(frame);

function expressionText(parameter: Parameter): string | undefined {
  if (parameter.kind === 'expression') return parameter.expression.text;
  return parameter.kind === 'path' ? [parameter.variable, ...parameter.elements].join('.') : undefined;
}
