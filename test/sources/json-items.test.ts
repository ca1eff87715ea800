import { test } from '@jest/globals';
import { array, assert, constantFrom, integer, jsonValue, nat, property, string } from 'fast-check';
import { canonicalJson } from '../../src/sources/content-hash.ts';
import { readJson, readJsonLines } from '../../src/sources/json-items.ts';

const limits = { maxDepth: 100, maxItems: 1_000, maxItemBytes: 1_000_000 };
const bytes = (text: string) => Buffer.from(text, 'utf8');
const text = (raw: Uint8Array) => Buffer.from(raw).toString('utf8');
/** What the ledger can hold. */
const clean = (value: unknown): boolean => !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value));
const values = jsonValue({ maxDepth: 5 }).filter(clean);

test('any array is cut into elements that are what JSON.parse reads, with their own bytes', () => {
  assert(
    property(array(values, { minLength: 1 }), integer({ min: 0, max: 3 }), (items, indent) => {
      const whole = JSON.stringify(items, null, indent);
      const read = readJson(bytes(` ${whole}\n`), limits);
      if (!read.ok || !read.batch) return false;
      return (
        read.items.every((item, index) => item.ok && canonicalJson(item.value) === canonicalJson(items[index])) &&
        read.items.every((item) => whole.includes(text(item.raw)))
      );
    }),
  );
});

test('nothing that JSON.parse refuses is read, and no byte makes it throw', () => {
  assert(
    property(
      values,
      nat(),
      constantFrom('"', '{', '}', '[', ']', ',', ':', '\\', 'x', '\u0001', ' '),
      (value, at, wrong) => {
        const valid = JSON.stringify(value);
        const damaged = valid.slice(0, at % (valid.length + 1)) + wrong + valid.slice(at % (valid.length + 1));
        const read = readJson(bytes(damaged), limits);
        let parses = true;
        try {
          JSON.parse(damaged);
        } catch {
          parses = false;
        }
        return parses || (!read.ok && read.issues.length > 0);
      },
    ),
    { numRuns: 500 },
  );
});

test('lines are read like the values they hold', () => {
  assert(
    property(array(values), (items) => {
      const read = readJsonLines(bytes(items.map((item) => JSON.stringify(item)).join('\n')), limits);
      return (
        read.ok &&
        read.items.every((item, index) => item.ok && canonicalJson(item.value) === canonicalJson(items[index]))
      );
    }),
  );
});

test('a duplicate key is found at any depth, and equal keys of different objects are none', () => {
  assert(
    property(values, string().filter(clean), (value, key) => {
      const name = JSON.stringify(key);
      const twice = readJson(
        bytes(`{"a":[${JSON.stringify(value)},{${name}:1,"b${name.slice(1)}:${JSON.stringify(value)},${name}:2}]}`),
        limits,
      );
      const apart = readJson(bytes(`{"a":[{${name}:1},{${name}:${JSON.stringify(value)}}]}`), limits);
      const found = twice.ok && twice.items[0]?.ok === false ? twice.items[0].issues.map(({ code }) => code) : [];
      return found.includes('json/duplicate-key') && apart.ok && apart.items[0]?.ok === true;
    }),
  );
});
