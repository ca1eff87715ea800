import { describe, expect, test } from '@jest/globals';
import { encodeMessage } from '../../src/hl7v2/encode.ts';
import { parseMessage } from '../../src/hl7v2/parse.ts';
import { segmentNamed, valueOf } from '../../src/hl7v2/values.ts';
import { messageOf, msh, obx, pid, valueIn } from '../support/hl7v2.ts';

const read = (text: string) => valueIn(parseMessage(text));
const valueIn5 = (value: string, charset?: string): string =>
  valueOf(segmentNamed(valueIn(parseMessage(messageOf(msh, `OBX|1|TX|A||${value}`), charset)), 'OBX'), 5);

describe('delimiters', () => {
  test('are those of MSH-1 and MSH-2', () => {
    const message = read('MSH$*~!&$LAB*1.2$RIVER\rNTE$1$L$5 US!F!, 3!S!1, !T!, !E!, !R!');
    expect(valueOf(segmentNamed(message, 'MSH'), 3, 2)).toBe('1.2');
    expect(valueOf(segmentNamed(message, 'NTE'), 3)).toBe('5 US$, 3*1, &, !, ~');
  });

  test('may have a fifth character: truncation', () => {
    const message = read(String.raw`MSH|^~\&#|LAB` + '\r' + String.raw`NTE|1|L|long#~with \P\ in it`);
    expect(message.delimiters.truncation).toBe('#');
    expect(valueOf(segmentNamed(message, 'NTE'), 3)).toBe('long#');
    expect(valueOf(segmentNamed(message, 'NTE'), 3, 1, 1, 2)).toBe('with # in it');
  });

  test('that MSH-2 leaves out separate nothing', () => {
    const message = read('MSH|^~|LAB\rNTE|1|L|a & b \\F\\ ^c');
    expect(valueOf(segmentNamed(message, 'NTE'), 3)).toBe('a & b \\F\\ ');
    expect(valueOf(segmentNamed(message, 'NTE'), 3, 2)).toBe('c');
  });

  test.each(['MSH|&&&&|LAB', 'MSH||LAB', 'MSHA^~\\&ALAB', 'MSH ^~\\& LAB', 'MSH', 'PID|1', '', ' \r\n', 'MSH|^a\\&|'])(
    'that make no sense make it unreadable: %j',
    (text) => {
      expect(parseMessage(text)).toMatchObject({ ok: false, failure: { cause: 'source/unreadable' } });
    },
  );
});

describe('lines', () => {
  test.each(['\r', '\n', '\r\n', '\r\n\r\n', '\r\r'])('end with %j', (end) => {
    expect(
      read(['\ufeff \r\nMSH|^~\\&|LAB', 'PID|1', '  ZPD|x', 'OBX'].join(end)).segments.map(({ name }) => name),
    ).toEqual(['MSH', 'PID', 'ZPD', 'OBX']);
  });

  test('that are no segment go on with the text in front of them', () => {
    const message = read(messageOf(msh, 'OBX|1|TX|A||line one', 'line two', '', 'line three||||||F', 'NTE|1|L|x'));
    const result = segmentNamed(message, 'OBX');
    expect(valueOf(result, 5)).toBe('line one\nline two\n\nline three');
    expect(valueOf(result, 11)).toBe('F');
  });

  test.each([
    ['anywhere else', messageOf(msh, pid, 'words')],
    ['where a name is broken: it may be another patient', messageOf(msh, obx('7'), 'PIDX|1||999')],
  ])('that are no segment make it unreadable %s', (_, text) => {
    expect(parseMessage(text)).toMatchObject({ ok: false, failure: { issues: [{ where: 'line 3' }] } });
  });

  test('may have empty ends', () => {
    expect(read(messageOf(msh, 'PID|1||5^^^&&~~|||||'))).toEqual(read(messageOf(msh, 'PID|1||5')));
  });
});

describe('escapes', () => {
  test.each([
    [String.raw`one\.br\two`, 'one\ntwo'],
    [String.raw`one\.sp2\two\.ce\three`, 'one\n\ntwo\nthree'],
    [String.raw`one\.sp999999999\two`, `one${'\n'.repeat(20)}two`],
    [String.raw`a\.sk3\b\.in4\\.ti-2\\.fi\\.nf\c`, 'a   bc'],
    [String.raw`\H\bold\N\ \F\\S\\T\\R\\E\ `, 'bold |^&~\\ '],
    [String.raw`\X41\\X42\\X0D0A\c`, 'AB\r\nc'],
    [String.raw`\XC3B1\ \XC3\\XB1\ `, 'ñ ñ '],
    [String.raw`\X00\ \XFF\ \X4\ \XZZ\ `, String.raw`\X00\ \XFF\ \X4\ \XZZ\ `],
    [String.raw`\Z1\ \C2842\ \Q\ C:\dir\.br\x \ `, `${String.raw`\Z1\ \C2842\ \Q\ C:\dir`}\nx \\ `],
  ])('%s', (sent, text) => {
    expect(valueIn5(sent)).toBe(text);
  });

  test('of bytes are in the character set of the message', () => {
    expect(valueIn5(String.raw`\XF1\ `, 'windows-1252')).toBe('ñ ');
  });

  test('are undone after splitting', () => {
    expect(valueIn5(String.raw`a\S\b\T\c`)).toBe('a^b&c');
  });

  test('keep control characters out of the frame', () => {
    const message = { ...read(messageOf(msh)), segments: [{ name: 'NTE', fields: [[[['a\u001c\r\u000bb']]]] }] };
    expect(encodeMessage(message)).toBe(`NTE|${String.raw`a\X1C\\X0D\\X0B\b`}\r`);
  });
});
