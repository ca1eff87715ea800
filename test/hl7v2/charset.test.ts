import { describe, expect, test } from '@jest/globals';
import { decode } from '../../src/hl7v2/charset.ts';
import { valueIn } from '../support/hl7v2.ts';

const latin = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const read = (bytes: Uint8Array, declared: readonly string[] = [], fallback?: string) =>
  valueIn(decode(bytes, { declared, fallback }));

describe('character sets', () => {
  test.each([
    ['8859/1', latin('Mu\u00f1oz'), 'Muñoz', 'windows-1252'],
    ['8859/15', latin('5 \u00a4'), '5 €', 'iso-8859-15'],
    ['8859/2', latin('\u00b1'), 'ą', 'iso-8859-2'],
    ['UNICODE UTF-8', utf8('Muñoz'), 'Muñoz', 'utf-8'],
    ['utf-8', utf8('Muñoz'), 'Muñoz', 'utf-8'],
    ['ISO-8859-1', latin('Mu\u00f1oz'), 'Muñoz', 'windows-1252'],
    ['ASCII', utf8('Munoz'), 'Munoz', 'utf-8'],
    ['UNICODE UTF-16', Buffer.from('\ufeffMSH|ñ', 'utf16le'), 'MSH|ñ', 'utf-16le'],
    ['', Buffer.from('MSH|ñ', 'utf16le'), 'MSH|ñ', 'utf-16le'],
  ])('%s is read as declared', (declared, bytes, text, charset) => {
    expect(read(bytes, [declared])).toEqual({ text, charset });
  });

  test('bytes that are not valid in what is declared are UTF-8, else the sender’s own, else Windows-1252', () => {
    expect(read(utf8('Muñoz'), ['ASCII']).text).toBe('Muñoz');
    expect(read(latin('Mu\u00f1oz'), ['UNICODE UTF-8']).text).toBe('Muñoz');
    expect(read(latin('Mu\u00f1oz')).text).toBe('Muñoz');
    expect(read(latin('5 \u00a4'), [], 'iso-8859-15').text).toBe('5 €');
    expect(read(utf8('Muñoz'), ['NO SUCH SET'], 'iso-8859-15').text).toBe('Muñoz');
  });

  test('8859/1 is what is declared, also where it could be UTF-8; but for bytes that it has no text for', () => {
    expect(read(latin('\u00c3\u00b1'), ['8859/1']).text).toBe('Ã±');
    expect(read(utf8('RIVERA Á'), ['8859/1']).text).toBe('RIVERA Á');
    expect(read(latin('it\u0092s'), ['8859/1']).text).toBe('it’s');
  });

  test('a second repetition of MSH-18 counts when the first cannot be', () => {
    expect(read(latin('Mu\u00f1oz'), ['ASCII', '8859/1'])).toEqual({ text: 'Muñoz', charset: 'windows-1252' });
  });

  test('a page break is a line break', () => {
    expect(read(utf8('one\ftwo')).text).toBe('one\ntwo');
  });

  test.each([
    ['NUL', Uint8Array.of(0x4d, 0x53, 0x48, 0), 'byte 3'],
    ['an end block', Uint8Array.of(0x4d, 0x1c), 'byte 1'],
    ['U+FFFD: the sender has lost a letter', utf8('Mu\ufffdoz'), 'byte 2'],
    ['a byte that no set has', Uint8Array.of(0x4d, 0x81), 'MSH-18'],
  ])('%s makes it unreadable', (_, bytes, where) => {
    const outcome = decode(bytes, { declared: [], fallback: undefined });
    expect(outcome).toMatchObject({ ok: false, failure: { cause: 'source/unreadable', issues: [{ where }] } });
  });
});
