/** The cases of the standard, as data: `cases/<chapter>.json`. One can be added without knowing TypeScript. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { nothing } from '../../src/definitions/item.ts';
import { compileExpression, FhirPathError, FhirPathSyntaxError } from '../../src/fhirpath/index.ts';
import { env, item, json, types } from './load.ts';

type Case = {
  readonly expression: string;
  /** The JSON of the result's items; null for one that has extensions only. */
  readonly expected?: readonly unknown[];
  /** A part of the message of a failure on the data. */
  readonly error?: string;
  /** A part of the message of a failure of the text, and where it points. */
  readonly syntax?: string;
  readonly offset?: number;
};
type Chapter = { readonly chapter: string; readonly input?: string; readonly cases: readonly Case[] };

const folder = new URL('cases/', import.meta.url);
const chapters = readdirSync(folder).map((file) => json(`cases/${file}`) as Chapter);
const variables: Readonly<Record<string, unknown>> = { wanted: 'usual', day: 'monday' };

const failureOf = (act: () => unknown): unknown => {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe.each(chapters)('$chapter', ({ input, cases }) => {
  const focus = input === undefined ? nothing : [item(json(`inputs/${input}.json`))];
  const run = (expression: string): readonly unknown[] =>
    compileExpression(expression, {
      types,
      variable: (name) => (Object.hasOwn(variables, name) ? () => [item(variables[name])] : undefined),
    })
      .evaluate(focus, env)
      .map((each) => each.json ?? null);

  test.each(cases.filter(({ expected }) => expected !== undefined))('$expression', ({ expression, expected }) => {
    expect(run(expression)).toEqual(expected);
  });

  for (const { expression, error = '' } of cases.filter((each) => each.error !== undefined))
    test(`${expression} stops: ${error}`, () => {
      const failure = failureOf(() => run(expression));
      expect(failure).toBeInstanceOf(FhirPathError);
      expect((failure as FhirPathError).message).toContain(error);
    });

  for (const { expression, syntax = '', offset } of cases.filter((each) => each.syntax !== undefined))
    test(`${expression || 'nothing'} is refused: ${syntax}`, () => {
      const failure = failureOf(() => run(expression));
      expect(failure).toBeInstanceOf(FhirPathSyntaxError);
      expect((failure as FhirPathSyntaxError).message).toContain(syntax);
      expect((failure as FhirPathSyntaxError).offset).toBe(offset);
    });
});
