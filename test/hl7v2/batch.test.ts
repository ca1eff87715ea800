import { describe, expect, test } from '@jest/globals';
import { splitBatch } from '../../src/hl7v2/batch.ts';

const one = 'MSH|^~\\&|LAB|||||x|ORU^R01|1|P|2.5\rPID|1\r';
const two = 'MSH$^~\\&$LAB$$$$$x$ORU^R01$2$P$2.5\nNTE$1$L$BTS and MSH in a text\n';
const split = (text: string) => {
  const { messages, notes } = splitBatch(Buffer.from(text, 'latin1'));
  return { messages: messages.map((bytes) => Buffer.from(bytes).toString('latin1')), notes };
};
const heads = 'FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r';

describe('a batch', () => {
  test.each([
    ['one message', one, [one]],
    ['messages without a header', one + two, [one, two]],
    ['all four', `${heads}${one}${two}BTS|2\rFTS|1\r`, [one, two]],
    ['a header only', `BHS|^~\\&|LAB\n${one}BTS|1\n`, [one]],
    [
      'a byte order mark and blank lines',
      `\xef\xbb\xbf\r\n${one}\r\n\r\n${two}`,
      [`\xef\xbb\xbf\r\n${one}\r\n\r\n`.slice(5), two],
    ],
    ['frames', `noise\u000b${one}\u001c\r\u000b${two}\u001c\n\u000b${one}\u001c`, [one, two, one]],
    ['a batch in a frame', `\u000b${heads}${one}BTS|1\rFTS|1\r\u001c\r`, [one]],
    ['nothing in it', `${heads}BTS|0\rFTS|1\r`, []],
  ])('%s', (_, text, messages) => {
    expect(split(text)).toEqual({ messages, notes: [] });
  });

  test('tells of counts that are wrong and of ends that are missing', () => {
    expect(split(`${heads}${one}BTS|3\rFTS|7\r`)).toEqual({
      messages: [one],
      notes: [
        { where: 'BTS-1', what: 'BTS-1 says 3, and there are 1 messages.' },
        { where: 'FTS-1', what: 'FTS-1 says 7, and there are 1 batches.' },
      ],
    });
    expect(split(heads + one).notes.map(({ where }) => where)).toEqual(['BTS', 'FTS']);
  });

  test('does not read a frame without its end, and says so', () => {
    const { messages, notes } = split(`\u000b${one}\u001c\r\u000b${two}`);
    expect(messages).toEqual([one]);
    expect(notes).toMatchObject([{ where: `byte ${String(one.length + 3)}` }]);
    expect(split(`\u000b${two}\u000b${one}\u001c\r`).messages).toEqual([one]);
  });

  test('hands on what is no message, to be held', () => {
    expect(split(`words\r${one}`).messages).toEqual(['words\r', one]);
    expect(split(`${heads}SH|^~\\&|LAB\rPID|1\rBTS|1\r${one}`).messages).toEqual(['SH|^~\\&|LAB\rPID|1\r', one]);
    expect(split('{"json":true}').messages).toEqual(['{"json":true}']);
    expect(split(' \r\n').messages).toEqual([]);
  });
});
