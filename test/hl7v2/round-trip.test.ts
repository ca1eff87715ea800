/** What is written is read again as it was, whatever separates; and nothing that comes makes the readers throw. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { splitBatch } from '../../src/hl7v2/batch.ts';
import { decode } from '../../src/hl7v2/charset.ts';
import { encodeMessage } from '../../src/hl7v2/encode.ts';
import { identifyHl7, readStoredOru } from '../../src/hl7v2/identify.ts';
import type { Delimiters, Hl7Message, Segment } from '../../src/hl7v2/message.ts';
import { parseMessage } from '../../src/hl7v2/parse.ts';
import { aSender, bytesOf, msh, obr, obx, pid, valueIn } from '../support/hl7v2.ts';

const separators = String.raw`|^~\&#$*!%@+=:;,?/<>(){}[]"'._-§¦¬`.split('');

const delimiters: fc.Arbitrary<Delimiters> = fc
  .tuple(fc.shuffledSubarray(separators, { minLength: 6, maxLength: 6 }), fc.boolean())
  .map(([[field = '', component = '', repetition = '', escape = '', subcomponent = '', truncation = ''], five]) => ({
    field,
    component,
    repetition,
    escape,
    subcomponent,
    ...(five ? { truncation } : {}),
  }));

/** Text as a message may hold it: no control characters but tab and line breaks. */
const unit = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...separators,
      'X41',
      'F',
      '.br',
      'E',
      'Z1',
      ' ',
      '\n',
      '\r',
      '\t',
      'ñ',
      '’',
      '漢',
      '😀',
    ),
  },
  fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme' }),
);
const text = fc
  .array(unit, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''))
  // oxlint-disable-next-line no-control-regex
  .filter((one) => !/[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffd]/.test(one) && one.isWellFormed());

/** Lists as parse gives them: nothing empty at the end. */
const filled = <T>(of: fc.Arbitrary<T>, empty: fc.Arbitrary<T>, maxLength = 4): fc.Arbitrary<readonly T[]> =>
  fc.tuple(fc.array(fc.oneof(of, empty), { maxLength }), of).map(([before, last]) => [...before, last]);

const component = filled(text, fc.constant(''));
const repetition = filled(component, fc.constant([]));
const field = filled(repetition, fc.constant([]));
const name = fc.oneof(fc.constantFrom('PID', 'OBX', 'NTE', 'ZPD'), fc.stringMatching(/^[A-Z][A-Z0-9]{2}$/));
const segment: fc.Arbitrary<Segment> = fc
  .record({ name, fields: fc.oneof(filled(field, fc.constant([]), 8), fc.constant([])) })
  .filter((one) => !['MSH', 'FHS', 'BHS'].includes(one.name));

const message: fc.Arbitrary<Hl7Message> = fc
  .record({ delimiters, head: filled(field, fc.constant([]), 12), segments: fc.array(segment, { maxLength: 6 }) })
  .map(({ delimiters: by, head, segments }) => {
    const encoding = `${by.component}${by.repetition}${by.escape}${by.subcomponent}${by.truncation ?? ''}`;
    return {
      delimiters: by,
      segments: [{ name: 'MSH', fields: [[[[by.field]]], [[[encoding]]], ...head] }, ...segments],
    };
  });

describe('writing and reading', () => {
  test('gives the same message under any delimiters', () => {
    fc.assert(
      fc.property(message, (tree) => {
        expect(valueIn(parseMessage(encodeMessage(tree)))).toEqual(tree);
      }),
      { numRuns: 500 },
    );
  });

  test('gives the same message in UTF-8 and UTF-16, with and without a byte order mark', () => {
    fc.assert(
      fc.property(message, fc.constantFrom('utf-8', 'utf-16le'), fc.boolean(), (tree, charset, marked) => {
        const written = Buffer.from(`${marked ? '\ufeff' : ''}${encodeMessage(tree)}`, charset as BufferEncoding);
        const declared = charset === 'utf-8' ? ['UNICODE UTF-8'] : ['UNICODE UTF-16'];
        const decoded = valueIn(decode(written, { declared }));
        expect(valueIn(parseMessage(decoded.text, decoded.charset))).toEqual(tree);
      }),
    );
  });

  test('gives the same message in the 8859 sets', () => {
    const latin = fc.stringMatching(/^[ -~¡-ÿ]{1,12}$/);
    fc.assert(
      fc.property(latin, fc.constantFrom('8859/1', '8859/15'), (words, declared) => {
        // The eight characters that differ between the two.
        const given = words.replaceAll(/[¤¦¨´¸¼½¾]/g, '');
        const tree = { delimiters: standard, segments: [header, { name: 'NTE', fields: [[[[`x${given}`]]]] }] };
        const decoded = valueIn(decode(Buffer.from(encodeMessage(tree), 'latin1'), { declared: [declared] }));
        expect(valueIn(parseMessage(decoded.text, decoded.charset))).toEqual(tree);
      }),
    );
  });
});

const standard: Delimiters = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };
const header: Segment = { name: 'MSH', fields: [[[['|']]], [[[String.raw`^~\&`]]], [[['LAB']]]] };

describe('whatever comes', () => {
  const line = fc.oneof(
    fc.constantFrom(
      msh,
      pid,
      obr,
      obx('7.1'),
      'ORC|RE|P-1|F-1',
      'NTE|1|L|words',
      'SPM|1|A^B||BLD',
      'PID',
      'OBR|',
      'OBX',
      'BTS|9',
      'FHS',
      'words',
      '',
    ),
    fc.string({ maxLength: 40 }),
  );
  const almost = fc
    .tuple(fc.array(line, { maxLength: 10 }), fc.constantFrom('\r', '\n', '\r\n', '\u000b'))
    .map(([lines, end]) => Buffer.from([msh, ...lines].join(end)));
  const broken = fc.tuple(almost, fc.nat(), fc.nat({ max: 255 })).map(([bytes, at, byte]) => {
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  const anything = fc.oneof(fc.uint8Array({ maxLength: 200 }), almost, broken);

  test('no reader throws, every message has a name or a hold, and U+FFFD is nowhere', () => {
    fc.assert(
      fc.property(anything, fc.option(fc.constantFrom('windows-1252', 'utf-8', 'no-such-set')), (bytes, charset) => {
        const sender = aSender(charset === null ? {} : { charset });
        for (const raw of splitBatch(bytes).messages) {
          const items = identifyHl7({ raw, source: sender, actor: 'test' });
          expect(items.length).toBeGreaterThan(0);
          for (const item of items) {
            expect(item.record !== undefined || item.hold !== undefined).toBe(true);
            const read = readStoredOru(raw, item.contentType, sender, '2026-03-10T00:00:00Z');
            expect(JSON.stringify([{ ...item, raw: 0 }, read])).not.toContain('\ufffd');
            expect(Number.isNaN(item.occurredAt?.getTime() ?? 0)).toBe(false);
          }
        }
      }),
      { numRuns: 1_500 },
    );
  });

  test('a batch loses no byte of its messages', () => {
    const batch = fc.array(fc.tuple(fc.stringMatching(/^[A-Z0-9]{1,6}$/), fc.constantFrom('\r', '\n', '\r\n')), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(batch, fc.boolean(), (ids, wrapped) => {
        const messages = ids.map(([id, end]) => `${msh.replace('S01', id)}${end}${pid}${end}`);
        const all = wrapped
          ? `FHS|^~\\&|L\rBHS|^~\\&|L\r${messages.join('')}BTS|${ids.length}\rFTS|1\r`
          : messages.join('');
        const split = splitBatch(Buffer.from(all));
        expect(split.messages.map((one) => Buffer.from(one).toString())).toEqual(messages);
        expect(split.notes).toEqual([]);
      }),
    );
  });

  test('a sender reads what bytesOf writes', () => {
    const [item] = identifyHl7({ raw: bytesOf(msh, pid, obr, obx('7.1')), source: aSender(), actor: 'test' });
    expect(item).toMatchObject({ kind: 'ORU^R01', patient: { mrn: '100200300' } });
    expect(item?.hold).toBeUndefined();
  });
});
