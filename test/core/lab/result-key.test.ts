import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type NamedResult, resultKeys } from '../../../src/core/lab/result-key.ts';

const a1c = { codings: [{ system: 'http://loinc.org', code: '4548-4' }] };
const local = { codings: [{ system: 'urn:lab', code: 'A1C' }, ...a1c.codings] };
const a1cKey = 'http://loinc.org|4548-4';

describe('the key of a result', () => {
  test('is its LOINC code, whatever stands before it', () => {
    expect(resultKeys([local])).toEqual([a1cKey]);
    expect(resultKeys([{ codings: [{ system: 'urn:lab', code: 'A1C' }] }])).toEqual(['urn:lab|A1C']);
    expect(resultKeys([{ codings: [{}], text: ' Hemoglobin  A1c ' }])).toEqual(['|hemoglobin a1c']);
  });

  test('is the same with a first sub-id and without one: FHIR has none', () => {
    expect(resultKeys([{ ...a1c, subId: '1' }])).toEqual(resultKeys([a1c]));
    expect(
      resultKeys([
        { ...a1c, subId: '1' },
        { ...a1c, subId: '02' },
      ]),
    ).toEqual(resultKeys([a1c, a1c]));
  });

  test('of a later message with one of the two is that of the one', () => {
    const [, second] = resultKeys([
      { ...a1c, subId: '1' },
      { ...a1c, subId: '2' },
    ]);
    expect(resultKeys([{ ...a1c, subId: '2' }])).toEqual([second]);
  });

  test('of a repeated analyte without sub-ids is told apart by its instance', () => {
    const two = [
      { ...a1c, observationInstance: 'x' },
      { ...a1c, observationInstance: 'y' },
    ];
    expect(resultKeys(two)).toEqual([`${a1cKey}@x`, `${a1cKey}@y`]);
    expect(resultKeys(two.toReversed()).toReversed()).toEqual(resultKeys(two));
  });

  test('is one of its own for each, and what has a sub-id keeps it', () => {
    const anyResult = fc.record({
      codings: fc.constantFrom(a1c.codings, [{ system: 'urn:lab', code: 'X' }], []),
      subId: fc.constantFrom('', '1', '2', 'a'),
      observationInstance: fc.constantFrom('', 'i'),
    });
    fc.assert(
      fc.property(fc.array(anyResult, { maxLength: 8 }), (results: readonly NamedResult[]) => {
        const keys = resultKeys(results);
        expect(new Set(keys).size).toBe(results.length);
        const [first] = results;
        if (first?.subId === '2') expect(keys[0]).toMatch(/#2$/);
      }),
    );
  });
});
