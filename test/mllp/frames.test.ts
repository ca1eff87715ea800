/** Blocks out of a stream: whatever the chunks, the same messages. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { frameDecoder } from '../../src/mllp/frames.ts';

const limit = 2_000;
const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let n = 0; at < bytes.length; n += 1) {
    const size = Math.max(1, sizes[n % Math.max(1, sizes.length)] ?? 1);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
};
const decode = (chunks: readonly Buffer[]) => {
  const decoder = frameDecoder(limit);
  const frames = chunks.flatMap((chunk) => decoder.push(chunk));
  frames.push(...decoder.rest());
  const open = decoder.open();
  decoder.close();
  return { frames: frames.map((one) => ({ ...one, bytes: one.bytes.toString('latin1') })), open, ...decoder.counts() };
};
const of = (text: string) => decode([Buffer.from(text, 'latin1')]);
const texts = (text: string) => of(text).frames.map(({ bytes }) => bytes);

describe('the blocks of MLLP', () => {
  test('are found however many come in a packet', () => {
    expect(texts('\vMSH|a\x1c\r\vMSH|b\x1c\r')).toEqual(['MSH|a', 'MSH|b']);
  });

  test('end without CR before the next block, with LF, and after a rest', () => {
    expect(texts('\vMSH|a\x1c\vMSH|b\x1c\n\vMSH|c\x1c\r\n\vMSH|d\x1c')).toEqual(['MSH|a', 'MSH|b', 'MSH|c', 'MSH|d']);
  });

  test('hold a 0x1C that nothing of the framing follows: to end there would cut the message', () => {
    expect(texts('\vMSH|a\x1cb\x1c\x1c\r')).toEqual(['MSH|a\x1cb\x1c']);
  });

  test('skip noise between blocks and count it, without line ends', () => {
    expect(of('noise\r\n\0\vMSH|a\x1c\r\nmore\vMSH|b\x1c\r')).toMatchObject({ noise: 9, broken: 0, open: false });
  });

  test('of which the end is missing are dropped and counted, never handed on', () => {
    expect(of('\vMSH|half\rOBX|\vMSH|whole\x1c\r\vMSH|cut')).toEqual({
      frames: [{ kind: 'message', bytes: 'MSH|whole' }],
      noise: 0,
      broken: 2,
      open: true,
    });
  });

  test('of which the end is missing are known also before a batch, blanks and a byte order mark', () => {
    expect(texts('\vMSH|half\v\r\n\xef\xbb\xbfFHS|whole\x1c\r')).toEqual(['FHS|whole']);
    expect(texts('\v\v\vMSH|whole\x1c\r')).toEqual(['MSH|whole']);
    expect(of('\v\v\vMSH|whole\x1c\r').broken).toBe(0);
  });

  test('keep a vertical tab that is text', () => {
    expect(texts('\vMSH|a\rNTE|1||one\vtwo\x1c\r')).toEqual(['MSH|a\rNTE|1||one\vtwo']);
  });

  test('without content are dropped', () => {
    expect(of('\v\x1c\r\v \r\n\x1c\r')).toMatchObject({ frames: [], broken: 2 });
  });

  test('beyond the limit are told with their beginning and size, and the next is whole', () => {
    const [large, next] = of(`\vMSH|${'x'.repeat(9_996)}\x1c\r\vMSH|b\x1c\r`).frames;
    expect(large).toMatchObject({ kind: 'too-large', size: 10_000 });
    expect(large?.bytes.startsWith('MSH|xxx')).toBe(true);
    expect(next).toEqual({ kind: 'message', bytes: 'MSH|b' });
  });

  test('are not too large because of what was never ended before them', () => {
    expect(of(`\vMSH|${'x'.repeat(1_500)}\vMSH|${'y'.repeat(1_500)}\x1c\r`)).toMatchObject({
      frames: [{ kind: 'message', bytes: `MSH|${'y'.repeat(1_500)}` }],
      broken: 1,
    });
  });

  const piece = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((text) => `\vMSH|${text}\x1c\r`),
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    fc.constantFrom(
      '\v',
      '\x1c',
      '\r',
      '\n',
      '\0',
      '\vMSH|',
      'MSH',
      '\x1c\r',
      '\xef\xbb\xbf',
      `\vMSH|${'z'.repeat(2_100)}`,
    ),
  );

  test('are the same for any chunking of any bytes', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.nat({ max: 60 }), { minLength: 1 }),
        (pieces, sizes) => {
          const bytes = Buffer.from(pieces.join(''), 'latin1');
          expect(decode(cut(bytes, sizes))).toEqual(decode([bytes]));
          expect(decode(cut(bytes, [1]))).toEqual(decode([bytes]));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('come out as they went in, whatever noise without a start stands between', () => {
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 60 }).map((one) => `MSH|${one}`);
    const noise = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, text)), fc.array(fc.nat({ max: 30 }), { minLength: 1 }), (sent, sizes) => {
        const stream = Buffer.from(sent.map(([before, one]) => `${before}\v${one}\x1c\r`).join(''), 'latin1');
        expect(decode(cut(stream, sizes)).frames.map(({ bytes }) => bytes)).toEqual(sent.map(([, one]) => one));
      }),
    );
  });

  test('hold no more than about the limit, a byte at a time and without an end', () => {
    const decoder = frameDecoder(limit);
    decoder.push(Buffer.from('\vMSH|'));
    for (let n = 0; n < 20_000; n += 1) decoder.push(Buffer.from('x'));
    expect(decoder.held()).toBeLessThanOrEqual(4_096);
  });
});
