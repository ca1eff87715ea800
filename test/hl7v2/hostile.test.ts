/**
 * What a broken or hostile sender writes: reading it ends, soon, and never with an exception. Sizes are such that anything
 * quadratic would not end before the test does.
 */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createCriticalReader } from '../../src/core/lab/critical.ts';
import type { Hl7Sender } from '../../src/core/lab/sender.ts';
import { splitBatch } from '../../src/hl7v2/batch.ts';
import { identifyHl7, readStoredOru } from '../../src/hl7v2/identify.ts';
import { labCaseContext } from '../../src/mapping/lab-cases.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { loadValidator } from '../../src/validation/load.ts';
import { labRules } from '../support/labs.ts';

const sender: Hl7Sender = {
  name: 'lab',
  match: {},
  timeZone: 'America/Chicago',
  mrnAuthorities: ['CLINIC'],
  bareMrn: true,
  systems: {},
  processing: ['P', 'T', 'D'],
  groupedNumbers: false,
  part2: false,
  unknownTypes: 'hold',
};
const readCritical = createCriticalReader({
  labs: labRules,
  redFlags: { severity: { 'lab-critical': 'urgent' } as never, restricted: [] },
});
const identify = (raw: Uint8Array) => identifyHl7({ raw, source: sender, actor: 'x', readCritical });

const head =
  'MSH|^~\\&|LAB|F|T|C|20260301120000||ORU^R01|1|P|2.5.1\rPID|1||123^^^CLINIC^MR\rOBR|1|1|2|24323-8^CMP^LN|||20260301110000\r';
const many = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => line(n)).join('\r');

describe('reading ends soon', () => {
  const cases: Readonly<Record<string, string>> = {
    'lines that go on with a text': `OBX|1|TX|C||a\n${'line\n'.repeat(300_000)}`,
    'bytes that are no text': `OBX|1|TX|C||${'\\X80\\'.repeat(200_000)}`,
    'one long run of bytes': `OBX|1|TX|C||\\X${'41'.repeat(1_000_000)}\\`,
    'lines under a long name': `OBX|1|TX|${'C'.repeat(2_000_000)}||a\r${many(15_000, () => 'OBX|1|TX|C||a')}`,
    'escapes that never end': `OBX|1|TX|C||${'\\'.repeat(1_000_000)}`,
  };
  test.each(Object.entries(cases))('%s', (_, text) => {
    const raw = Buffer.from(head + text);
    expect(identify(raw)).toMatchObject([{ kind: 'ORU^R01' }]);
    expect(identify(raw)[0]?.hold).toBeUndefined();
  });

  test('starts of frames without an end', () => {
    const raw = Buffer.from(`\vMSH|^~\\&|\x1c\r${'\v'.repeat(3_000_000)}`);
    expect(splitBatch(raw.subarray(0, 100_000)).notes.length).toBeGreaterThan(1_000);
  });
});

describe('what is too much is held, and says so', () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    segments: [many(20_001, (n) => `NTE|${n}||x`), 'source/too-large'],
    'results of one patient': [many(2_001, (n) => `OBX|${n}|NM|C^x^L|1|${n}`), 'source/too-large'],
    fields: [`OBX|1|ST|C||${'|'.repeat(600_000)}`, 'source/too-large'],
    repetitions: [`OBX|1|ST|C||${'a~'.repeat(600_000)}`, 'source/too-large'],
    patients: [many(501, (n) => `PID|1||${n}\rOBR|1||${n}\rOBX|1|NM|C||1`), 'source/too-large'],
    'patients for its size': [
      `${many(20, (n) => `PID|1||${n}\rOBR|1||${n}`)}\rOBX|1|ED|C||${'A'.repeat(2_000_000)}`,
      'source/too-large',
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [text, cause]) => {
    const raw = Buffer.from(head + text);
    const items = identify(raw);
    expect(items).toHaveLength(1);
    expect(items[0]?.hold?.cause).toBe(cause);
    // Tried again, it says the same.
    const again = readStoredOru(raw, 'application/hl7-v2; group=1', sender, '2026-03-01T00:00:00Z');
    expect(again).toMatchObject({ ok: false, failure: { cause } });
  });

  test('2,000 of one analyte under one sub-id are read, each with a name of its own', () => {
    const raw = Buffer.from(head + many(2_000, (n) => `OBX|${n}|NM|C^x^L|1|${n}`));
    const read = readStoredOru(raw, 'application/hl7-v2; group=1', sender, '2026-03-01T00:00:00Z');
    const keys = read.ok ? read.value.orders.flatMap(({ results }) => results.map(({ key }) => key)) : [];
    expect(new Set(keys).size).toBe(2_000);
    expect(keys.slice(0, 3)).toEqual(['L|C', 'L|C~2', 'L|C~3']);
  });

  test('what is wrong with an order is told without what stands in it', () => {
    const [held] = identify(
      Buffer.from('MSH|^~\\&|L|F|T|C|20260301120000||ORU^R01|1|P|2.5.1\rPID|1||1\rOBR|Juana Canaria\rOBX|1|NM|C||1'),
    );
    expect(held?.hold?.cause).toBe('lab/no-order');
    expect(JSON.stringify(held?.hold)).not.toContain('Canaria');
  });
});

const folder = resolve('../shared/data/hl7v2/authored-quirks');
const present = existsSync(folder);
if (!present && process.env['CI'] === 'true')
  throw new Error('the shared test data are not there, and CI must run all tests');
if (!present) process.stderr.write('HL7 v2 corpora: skipped, ../shared/data is not there\n');

(present ? describe : describe.skip)('authored messages, broken', () => {
  const seeds = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.hl7'))
    .map((name) => readFileSync(resolve(folder, name)))
    .filter((bytes) => bytes.length < 20_000);

  /** Drops, doubles, moves or spoils a piece, between these separators. */
  const change = fc.record({
    by: fc.constantFrom('\r', '|', '^', '~', ''),
    how: fc.constantFrom('drop', 'double', 'swap', 'spoil'),
    at: fc.nat(1_000_000),
    to: fc.nat(1_000_000),
    put: fc.oneof(
      fc.constantFrom(
        '""',
        '\\X00\\',
        '\\XD800\\',
        '99991231235959-1400',
        '1e999',
        '-0',
        '&&&',
        'constructor',
        '__proto__',
        '\v',
        '\n',
        '\u0000',
        '\u00f1',
        'PID|1||X',
        'MSH|^~\\&|',
      ),
      fc.string({ maxLength: 20 }),
    ),
  });
  const changed = (
    text: string,
    { by, how, at, to, put }: { by: string; how: string; at: number; to: number; put: string },
  ): string => {
    const parts = text.split(by);
    const [from, there] = [at % parts.length, to % parts.length];
    const one = parts[from] ?? '';
    if (how === 'drop') parts.splice(from, 1);
    else if (how === 'double') parts.splice(there, 0, one);
    else if (how === 'spoil') parts[from] = put;
    else [parts[from], parts[there]] = [parts[there] ?? '', one];
    return parts.join(by);
  };

  test('are read, mapped and judged, or held: never an exception, never a cause of our own', async () => {
    const mapper = await loadMapper({ folders: ['mappings'], uuidFor: (name) => name });
    if (!mapper.ok) throw new Error(JSON.stringify(mapper.failure));
    const { mapLab } = mapper.value;
    const { validate } = await loadValidator({ profileFolders: ['profiles'], igPackages: [] });
    expect(seeds.length).toBeGreaterThan(10);
    let mapped = 0;
    fc.assert(
      fc.property(fc.nat(seeds.length - 1), fc.array(change, { minLength: 1, maxLength: 6 }), (seed, changes) => {
        const raw = Buffer.from(changes.reduce(changed, (seeds[seed] ?? Buffer.alloc(0)).toString('latin1')), 'latin1');
        for (const one of splitBatch(raw).messages) {
          for (const item of identifyHl7({ raw: one, source: sender, actor: 'x', readCritical })) {
            if (item.hold !== undefined) {
              expect(item.hold.cause).toMatch(/^(?:source|lab|match)\//);
              continue;
            }
            const read = readStoredOru(item.raw, item.contentType, sender, '2026-03-01T00:00:00Z');
            if (!read.ok) throw new Error(`identified, and not read: ${read.failure.detail}`);
            for (const order of read.value.orders) {
              const names = {
                report: 'r',
                results: order.results.map((_, n) => `r.${n}`),
                specimens: order.specimens.map((_, n) => `s.${n}`),
              };
              const made = mapLab(order, names, labCaseContext);
              if (!made.ok) {
                expect(made.failure.cause).not.toMatch(/^internal/);
                continue;
              }
              for (const { resource } of made.value) {
                mapped += 1;
                // What the message leaves out is held for its profile; what it has is filed in a form that is valid.
                const wrong = validate(resource).filter(
                  ({ severity, code }) => severity !== 'warning' && code !== 'required',
                );
                if (wrong.length > 0)
                  throw new Error(
                    `${resource.resourceType}: ${JSON.stringify(wrong)} ${JSON.stringify(resource).slice(0, 2_000)}`,
                  );
              }
            }
          }
        }
      }),
      { numRuns: 150 },
    );
    expect(mapped).toBeGreaterThan(100);
  }, 120_000);
});
