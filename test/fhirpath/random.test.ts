/** Random expressions on random patients and observations: our answer is that of fhirpath.js. */
import * as fc from 'fast-check';
import { expect, test } from '@jest/globals';
import { compileExpression, FhirPathError } from '../../src/fhirpath/index.ts';
import { expressionOf, observation, patient } from './arbitrary.ts';
import { item, now, types } from './load.ts';
import { otherEngine } from './other-engine.ts';

const rounded = (value: unknown): unknown => (typeof value === 'number' ? Number(value.toPrecision(12)) : value);

const ours = (expression: string, input: unknown): unknown => {
  const focus = item(input);
  try {
    return compileExpression(expression, { types })
      .evaluate([focus], { now, resource: focus, rootResource: focus })
      .map((each) => rounded(each.json));
  } catch (error) {
    if (!(error instanceof FhirPathError)) throw error;
    return 'error';
  }
};

const hasQuantity = (result: unknown): boolean => JSON.stringify(result).includes('unitsofmeasure');

/**
 * Our quantities are FHIR's, the other engine's are texts. Where one refuses, the other may answer: we look at the right
 * side of `or` only when it matters, and `in` wants one item on its left as the standard says.
 */
const wanted = (mine: unknown, other: unknown): boolean => hasQuantity(mine) || mine === 'error' || other === 'error';

const agreement = (input: fc.Arbitrary<{ resourceType: string }>, type: string): void =>
  fc.assert(
    fc.property(input, expressionOf(type), (resource, expression) => {
      const mine = ours(expression, resource);
      const other = otherEngine(expression, type, item(resource), { resource, rootResource: resource });
      if (!wanted(mine, other)) expect({ expression, result: mine }).toEqual({ expression, result: other });
    }),
    { numRuns: 1000 },
  );

test('on random patients, random expressions give what fhirpath.js gives', () => {
  agreement(patient, 'Patient');
});

test('on random observations, random expressions give what fhirpath.js gives', () => {
  agreement(observation, 'Observation');
});
