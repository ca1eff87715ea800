/**
 * Reading and writing properties with code made for their names. `object[key]`, where one function serves all keys, makes
 * V8 look up every name anew (and longest those that are absent, as `_birthDate` mostly is); in `object.birthDate` it
 * remembers where the last object had it. That is several times faster, so code that has run often enough is made anew
 * from text, as ajv and other compilers do. Names come from definitions and maps: they enter the text as JSON strings
 * only. Where code must not be made from text (`--disallow-code-generation-from-strings`), nothing changes but the speed.
 */
import type { ElementKey } from './types.ts';

/** Making code costs as much as some hundred slow reads. */
const worthIt = 200;

let allowed = true;

function made(parameters: readonly string[], body: string): unknown {
  if (!allowed) return undefined;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- see above
    return new Function(...parameters, `'use strict';${body}`);
  } catch {
    allowed = false;
    return undefined;
  }
}

/** Counts its calls; from some number on it answers with what `make` gives. */
export function worthMaking<T>(make: () => T | undefined): () => T | undefined {
  let calls = 0;
  let result: T | undefined;
  return () => {
    if (calls <= worthIt && (calls += 1) > worthIt) result = make();
    return result;
  };
}

/** Of an object with that name as an own property or none at all. */
const isSafe = (name: string): boolean => !(name in Object.prototype);

const of = (object: string, name: string): string => `${object}[${JSON.stringify(name)}]`;

export type Reader = (object: object, otherwise: symbol) => unknown;

/**
 * The value at the end of a path through single objects, undefined where there is none; `otherwise` where anything else
 * is met: lists, null, primitives on the way, extensions of primitives, resources.
 */
export function readerOf(keys: readonly ElementKey[]): Reader | undefined {
  if (!keys.every(({ key, extraKey }) => isSafe(key) && isSafe(extraKey))) return undefined;
  const hops = keys.map(({ key, extraKey, type }, index) => {
    const last = index === keys.length - 1;
    const primitive = type === undefined || type.kind === 'primitive';
    const complex = type !== undefined && (type.kind === 'complex' || type.kind === 'backbone');
    const single = complex ? '' : `||typeof v.resourceType==='string'`;
    return [
      `v=${of('o', key)};`,
      `if(typeof v==='object'){if(v===null||Array.isArray(v)${single})return otherwise;}`,
      'else{',
      primitive ? `if(${of('o', extraKey)}!==undefined)return otherwise;` : '',
      last ? '}' : 'return v===undefined?v:otherwise;}o=v;',
    ].join('');
  });
  return made(['o', 'otherwise'], `let v;${hops.join('')}return v;`) as Reader | undefined;
}

export type Writer = (object: object, value: unknown) => void;

/** `object[key] = value`, by code of its own once that is worth it. */
export function writerOf(key: string): Writer {
  const usual = worthMaking((): Writer | undefined =>
    isSafe(key) ? (made(['o', 'v'], `${of('o', key)}=v;`) as Writer | undefined) : undefined,
  );
  return (object, value) => {
    const write = usual();
    if (write === undefined) (object as Record<string, unknown>)[key] = value;
    else write(object, value);
  };
}

export type Copier = (from: object, to: object) => boolean;

/** Copies one primitive from one key to another, if there is one; false where there is more than that. */
export function copierOf({ key, extraKey }: ElementKey, to: string): Copier {
  const usual = worthMaking((): Copier | undefined =>
    isSafe(key) && isSafe(extraKey) && isSafe(to)
      ? (made(
          ['o', 'to'],
          `const v=${of('o', key)};if(typeof v==='object'||${of('o', extraKey)}!==undefined)return false;` +
            `if(v!==undefined)${of('to', to)}=v;return true;`,
        ) as Copier | undefined)
      : undefined,
  );
  return (from, into) => {
    const copy = usual();
    if (copy !== undefined) return copy(from, into);
    const value = (from as Record<string, unknown>)[key];
    if (typeof value === 'object' || (from as Record<string, unknown>)[extraKey] !== undefined) return false;
    if (value !== undefined) (into as Record<string, unknown>)[to] = value;
    return true;
  };
}
