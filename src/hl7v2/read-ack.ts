/** Reads the answer to a message of ours, strictly: what is not plainly an acknowledgement is none. */
import { fail, type Outcome } from '../core/outcome.ts';
import { ackCodes, type AckCode } from './ack.ts';
import { readDelimiters } from './delimiters.ts';

export type ReadAck = {
  readonly code: AckCode;
  /** MSA-2: the MSH-10 that it answers. May be empty; the caller compares. */
  readonly controlId: string;
  /** MSA-3, as it stands. */
  readonly text: string;
  /** Of each ERR what it says, as it stands. It may quote a patient's data: never log it. */
  readonly errors: readonly {
    /** ERR-2, before v2.5 ERR-1. */
    readonly location: string;
    /** ERR-3.1 (table 0357), before v2.5 the code in ERR-1.4. */
    readonly code: string;
    /** ERR-4. */
    readonly severity: string;
    /** ERR-8, else ERR-7. */
    readonly text: string;
  }[];
};

const isCode = (text: string): text is AckCode => (ackCodes as readonly string[]).includes(text);

const unreadable = (detail: string) => fail('send/answer-unreadable', detail);

/** MSH first, then exactly one MSA whose code is of table 0008; anything else is `send/answer-unreadable`. */
export function readAck(text: string): Outcome<ReadAck> {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  const [msh = '', ...rest] = lines;
  const line = msh.replace(/^\ufeff/, '');
  if (!line.startsWith('MSH')) return unreadable('The answer does not begin with MSH.');
  const read = readDelimiters(line);
  if (!read.ok) return unreadable('MSH-1 and MSH-2 of the answer are not delimiters.');
  const delimiters = read.value;
  const segments = rest.map((one) => one.split(delimiters.field));
  const named = (name: string) => segments.filter(([id]) => id === name);
  if (named('MSH').length > 0) return unreadable('The answer holds more than one message.');
  const [msa, second] = named('MSA');
  if (msa === undefined || second !== undefined) return unreadable('The answer does not have exactly one MSA.');
  const code = (msa[1] ?? '').trim();
  if (!isCode(code)) return unreadable('MSA-1 of the answer is not a code of table 0008.');
  return {
    ok: true,
    value: {
      code,
      controlId: (msa[2] ?? '').trim(),
      text: msa[3] ?? '',
      errors: named('ERR').map((err) => {
        const old = (err[1] ?? '').split(delimiters.repetition)[0]?.split(delimiters.component) ?? [];
        const modern = err.length > 2;
        return {
          location: modern ? (err[2] ?? '') : old.slice(0, 3).join(delimiters.component),
          code: modern
            ? (err[3]?.split(delimiters.component)[0] ?? '')
            : (old[3]?.split(delimiters.subcomponent)[0] ?? ''),
          severity: err[4] ?? '',
          text: err[8] || (err[7] ?? ''),
        };
      }),
    },
  };
}

/** A location of ERR (`OBX^2^5^1^3`, data type ERL, ELD before v2.5) as people write it: `OBX[2]-5.3`. The first segment and repetition go without a number. */
export function placeOf(location: string): string {
  const [segment = '', sequence = '', field = '', repetition = '', component = ''] = location.split('^');
  const numbered = (number: string): string => (number === '' || number === '1' ? '' : `[${number}]`);
  const inside = component === '' ? '' : `.${component}`;
  return `${segment}${numbered(sequence)}${field === '' ? '' : `-${field}${numbered(repetition)}${inside}`}`;
}
