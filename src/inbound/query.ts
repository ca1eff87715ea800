/** Parameters of a query, read strictly: an unknown one may be a misspelt one. */
import type { Request } from 'express';
import { refuse } from './problem.ts';

export function wrong(name: string, says: string): never {
  return refuse({
    code: 'bad-query',
    status: 400,
    title: 'The query cannot be read',
    detail: 'Correct the parameter named in `errors`.',
    issues: [{ where: name, what: says, code: 'query/value' }],
  });
}

export type Query = {
  readonly text: (name: string) => string | undefined;
  readonly oneOf: <T extends string>(name: string, values: readonly T[]) => T | undefined;
  readonly flag: (name: string) => boolean;
  readonly whole: (name: string, least: number, most: number) => number | undefined;
};

export function readQuery(query: Request['query'], known: readonly string[]): Query {
  for (const [name, value] of Object.entries(query)) {
    if (!known.includes(name)) wrong(name, `Not a parameter here. Known: ${known.join(', ')}.`);
    if (typeof value !== 'string' || value.length > 300) wrong(name, 'Give it once.');
  }
  const text = (name: string): string | undefined => query[name] as string | undefined;
  return {
    text,
    oneOf: <T extends string>(name: string, values: readonly T[]) => {
      const given = text(name);
      if (given === undefined) return undefined;
      return values.find((value) => value === given) ?? wrong(name, `Must be one of: ${values.join(', ')}.`);
    },
    flag: (name) => {
      const given = text(name);
      if (given === undefined || given === 'false') return false;
      return given === 'true' || given === '' ? true : wrong(name, 'Must be true or false.');
    },
    whole: (name, least, most) => {
      const given = text(name);
      if (given === undefined) return undefined;
      const number = Number(given);
      return /^\d{1,15}$/.test(given) && number >= least && number <= most
        ? number
        : wrong(name, `Must be a whole number from ${least} to ${most}.`);
    },
  };
}
