/** The header of a message, and what it is answered. */
import { describe, expect, test } from '@jest/globals';
import { ackCode, buildAck, type Verdict } from '../../src/hl7v2/ack.ts';
import { peekHeader } from '../../src/hl7v2/header.ts';
import type { Hl7Header } from '../../src/hl7v2/message.ts';
import { placeOf, readAck } from '../../src/hl7v2/read-ack.ts';

const peek = (text: string) => peekHeader(Buffer.from(text, 'latin1'));
function header(text: string): Hl7Header {
  const read = peek(text);
  if (!read.ok) throw new Error(read.failure.detail);
  return read.value;
}
const plain = String.raw`MSH|^~\&|LAB^1.2.3^ISO|RIVER|HUB|CLINIC|20260310101500-0600||ORU^R01^ORU_R01|S01|P|2.5.1|||AL|NE||8859/1~UNICODE UTF-8`;
const context = { at: new Date('2026-03-10T16:15:02Z'), controlId: 'T1' };

describe('the header of a message', () => {
  test('is read whatever follows it', () => {
    expect(header(`${plain}\rPID|broken`)).toMatchObject({
      application: 'LAB',
      sendingApplication: 'LAB^1.2.3^ISO',
      facility: 'RIVER',
      receivingApplication: 'HUB',
      sentAt: '20260310101500-0600',
      type: 'ORU',
      trigger: 'R01',
      structure: 'ORU_R01',
      controlId: 'S01',
      processing: 'P',
      version: '2.5.1',
      acceptAck: 'AL',
      applicationAck: 'NE',
      charsets: ['8859/1', 'UNICODE UTF-8'],
    });
  });

  test('may have other delimiters, a byte order mark, blanks before it, LF and no end', () => {
    expect(header('\xef\xbb\xbf\r\nMSH$*~!&$LAB$RIVER$HUB$CLINIC$20260310$$ORU*R01$S06$P$2.4\n')).toMatchObject({
      delimiters: { field: '$', component: '*', repetition: '~', escape: '!', subcomponent: '&' },
      trigger: 'R01',
      controlId: 'S06',
      version: '2.4',
    });
    expect(header(String.raw`MSH|^~\&#|A|B|C|D|2026||ORU^R01|1|P|2.7`).delimiters.truncation).toBe('#');
    expect(header('MSH|^|A|B|C|D|2026||ORU^R01|1|P|2.3')).toMatchObject({ trigger: 'R01', controlId: '1' });
  });

  test.each(['', 'PID|1', 'MSH', 'MSHA', 'MSH|', 'MSH||x', 'MSHxyz', String.raw`MSH|^~\&|A`, '\0\0\0', 'msh|^~\\&|'])(
    'is unreadable: %j',
    (text) => {
      expect(peek(text)).toMatchObject({ ok: false, failure: { cause: 'source/unreadable' } });
    },
  );
});

describe('which code a message is answered with', () => {
  const verdicts: readonly Verdict[] = ['accepted', 'error', 'rejected'];
  const codes = (acceptAck: string, applicationAck: string) =>
    verdicts.map((verdict) => ackCode({ acceptAck, applicationAck }, verdict) ?? '-').join(' ');

  test.each([
    ['', '', 'AA AE AR'],
    ['??', '', 'AA AE AR'],
    ['AL', 'NE', 'CA CE CR'],
    ['AL', 'AL', 'CA CE CR'],
    ['AL', '', 'CA CE CR'],
    ['ER', 'NE', '- CE CR'],
    ['SU', 'NE', 'CA - -'],
    ['NE', 'NE', '- - -'],
    ['NE', '', '- - -'],
    ['NE', 'AL', 'AA AE AR'],
    ['', 'AL', 'AA AE AR'],
    ['NE', 'ER', '- AE AR'],
    ['NE', 'SU', 'AA - -'],
    ['ER', 'AL', 'AA CE CR'],
    ['SU', 'ER', 'CA AE AR'],
  ])('MSH-15 %j and MSH-16 %j: %s', (accept, application, expected) => {
    expect(codes(accept, application)).toBe(expected);
  });

  test('is of the original mode where the header could not be read', () => {
    expect(ackCode(undefined, 'rejected')).toBe('AR');
  });
});

describe('an acknowledgement', () => {
  test('answers the sender in its own delimiters, version and character set', () => {
    expect(buildAck(header(plain), 'CA', context)).toBe(
      String.raw`MSH|^~\&|HUB|CLINIC|LAB^1.2.3^ISO|RIVER|20260310161502+0000||ACK^R01^ACK|T1|P|2.5.1||||||8859/1~UNICODE UTF-8` +
        '\rMSA|CA|S01\r',
    );
    expect(buildAck(header('MSH$*~!&$LAB$RIVER$HUB$CLINIC$2026$$ORU*R01$S06$P$2.3'), 'AA', context)).toBe(
      'MSH$*~!&$HUB$CLINIC$LAB$RIVER$20260310161502+0000$$ACK*R01$T1$P$2.3\rMSA$AA$S06\r',
    );
  });

  const problem = {
    code: '101',
    segment: 'MSH',
    field: 10,
    text: 'MSH-10 is empty. Give | each message an id.',
  } as const;

  test('tells a problem in ERR-2 to ERR-8 from v2.5 on, in ERR-1 before', () => {
    expect(buildAck(header(plain), 'AR', context, problem).split('\r')[2]).toBe(
      String.raw`ERR||MSH^1^10|101^Required field missing^HL70357|E||||MSH-10 is empty. Give \F\ each message an id.`,
    );
    expect(buildAck(header(String.raw`MSH|^~\&|A|B|C|D|2026||ORU^R01|9|P|2.3.1`), 'AR', context, problem)).toContain(
      '\rMSA|AR|9|MSH-10 is empty. Give \\F\\ each message an id.\rERR|MSH^1^10^101&Required field missing&HL70357\r',
    );
  });

  test('can be made without a header', () => {
    expect(buildAck(undefined, 'AR', context, { code: '100', text: 'No MSH.' })).toBe(
      String.raw`MSH|^~\&|TEJIDO||||20260310161502+0000||ACK|T1|P|2.5.1` +
        '\rMSA|AR||No MSH.\rERR|||100^Segment sequence error^HL70357|E||||No MSH.\r',
    );
  });

  test('is read again as it was made', () => {
    for (const version of ['2.3', '2.4', '2.5.1', '2.8.2']) {
      const read = readAck(buildAck(header(plain.replace('|2.5.1|', `|${version}|`)), 'AR', context, problem));
      expect(read).toMatchObject({
        ok: true,
        value: { code: 'AR', controlId: 'S01', errors: [{ location: 'MSH^1^10', code: '101' }] },
      });
    }
  });

  test.each([
    ['MSH^1^10', 'MSH-10'],
    ['OBX^2^5^1^3', 'OBX[2]-5.3'],
    ['PID^^3^2', 'PID-3[2]'],
    ['MSH^1', 'MSH'],
    ['', ''],
  ])('tells the place %s as %s', (location, place) => {
    expect(placeOf(location)).toBe(place);
  });

  test.each([
    ['nothing', ''],
    ['no MSH', 'MSA|AA|1\r'],
    ['no MSA', 'MSH|^~\\&|A\rERR|\r'],
    ['an unknown code', 'MSH|^~\\&|A\rMSA|OK|1\r'],
    ['lower case', 'MSH|^~\\&|A\rMSA|aa|1\r'],
    ['two MSA', 'MSH|^~\\&|A\rMSA|AA|1\rMSA|AA|2\r'],
    ['two messages', 'MSH|^~\\&|A\rMSA|AA|1\rMSH|^~\\&|A\r'],
    ['other delimiters in MSA', 'MSH|^~\\&|A\rMSA$AA$1\r'],
    ['HTML', '<html>MSA|AA|1</html>'],
  ])('of %s is unreadable', (_, text) => {
    expect(readAck(text)).toMatchObject({ ok: false, failure: { cause: 'send/answer-unreadable' } });
  });
});
