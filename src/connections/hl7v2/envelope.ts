/**
 * A body as one message for one receiver: MSH, EVN, PID and what follows, encoded. The same in, the same bytes out: MSH-7
 * is when Tejido got the record, and MSH-10 is made of the content, so that what is sent again after a lost answer is
 * recognised by a receiver that holds MSH-10 against the bytes. Pure.
 */
import { createHash } from 'node:crypto';
import type { Segment } from '../../hl7v2/message.ts';
import { encodeMessage } from '../../hl7v2/encode.ts';
import type { Body } from './built.ts';
import type { Hl7InterfaceConfig, Hl7Party } from './config.ts';
import { segment } from './segments.ts';
import type { Content } from './segments.ts';
import { dtmOfDate } from './times.ts';

export type Envelope = {
  readonly body: Body;
  readonly pid: Segment;
  /** Of the message of the ledger, and of the artifact: part of MSH-10. */
  readonly about: readonly string[];
  readonly receivedAt: Date;
};

export type Sealed = { readonly controlId: string; readonly bytes: Uint8Array; readonly text: string };

/** Characters of word processors that have a plain form. */
const plainForms: Readonly<Record<string, string>> = {
  '\u2018': "'",
  '\u2019': "'",
  '\u201c': '"',
  '\u201d': '"',
  '\u2013': '-',
  '\u2014': '-',
  '\u2022': '-',
  '\u2026': '...',
  '\u00a0': ' ',
};

/** Undefined: the set does not have a character of it, and it has no plain form. */
function bytesOf(text: string, charset: Hl7InterfaceConfig['charset']): Uint8Array | undefined {
  if (charset === 'UNICODE UTF-8') return Buffer.from(text, 'utf8');
  const most = charset === 'ASCII' ? 0x7f : 0xff;
  const fits = (character: string): boolean => (character.codePointAt(0) ?? 0) <= most;
  const written = Array.from(text.normalize('NFC'), (character) => {
    if (fits(character)) return character;
    return plainForms[character] ?? character.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  }).join('');
  return Array.from(written).every(fits) ? Buffer.from(written, 'latin1') : undefined;
}

const delimiters = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' } as const;

const party = ({ application }: Hl7Party): Content => application;

/** MSH-10 has 20 characters at most (v2.5.1 §2.15.9.10): 100 bits of the digest. */
const controlIdLength = 20;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function controlIdOf(parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  return Array.from(digest.subarray(0, controlIdLength), (byte) => letters[byte % letters.length] ?? '').join('');
}

/** Undefined: it cannot be written in the character set of this interface. */
export function seal({ body, pid, about, receivedAt }: Envelope, config: Hl7InterfaceConfig): Sealed | undefined {
  const { sending, receiving, version, processing, charset, acknowledgement } = config;
  const at = dtmOfDate(receivedAt);
  const enhanced = acknowledgement === 'enhanced';
  const [, trigger] = body.type;
  const written = (controlId: string): string =>
    encodeMessage({
      delimiters,
      segments: [
        segment('MSH', {
          1: delimiters.field,
          2: '^~\\&',
          3: party(sending),
          4: sending.facility,
          5: party(receiving),
          6: receiving.facility,
          7: at,
          9: { of: body.type },
          10: controlId,
          11: processing,
          12: version,
          15: enhanced ? 'AL' : undefined,
          16: enhanced ? 'NE' : undefined,
          18: charset === 'ASCII' ? undefined : charset,
        }),
        ...(body.type[0] === 'MDM' ? [segment('EVN', { 1: trigger, 2: at })] : []),
        pid,
        // A community contact is no visit: outpatient (table 0004), where the segment is required.
        ...(body.type[0] === 'MDM' ? [segment('PV1', { 1: '1', 2: 'O' })] : []),
        ...body.segments,
      ],
    });
  const controlId = controlIdOf([...about, written('')]);
  const text = written(controlId);
  const bytes = bytesOf(text, charset);
  return bytes === undefined ? undefined : { controlId, text, bytes };
}
