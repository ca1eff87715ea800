/** Messages and senders for the tests of HL7 v2. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Hl7Sender } from '../../src/core/lab/sender.ts';
import type { Outcome } from '../../src/core/outcome.ts';

export const aSender = (given: Partial<Hl7Sender> = {}): Hl7Sender => ({
  name: 'riverlab',
  match: {},
  timeZone: 'America/Chicago',
  mrnAuthorities: ['ALIVIO'],
  bareMrn: false,
  systems: {},
  processing: ['P'],
  groupedNumbers: false,
  part2: false,
  unknownTypes: 'hold',
  ...given,
});

export const msh = String.raw`MSH|^~\&|LABCORE|RIVERLAB|CHWHUB|CLINIC|20260310101500-0600||ORU^R01^ORU_R01|S01|P|2.5.1`;
export const pid = 'PID|1||100200300^^^ALIVIO^MR||Ramirez^Rosa||19680412|F';
export const obr = 'OBR|1|P-1|F-1|4548-4^A1c^LN|||20260309083000-0600|||||||||||||||20260310101000-0600||CH|F';
export const obx = (
  value: string,
  { type = 'NM', code = '4548-4^A1c^LN', sub = '', status = 'F', more = '' } = {},
): string => `OBX|1|${type}|${code}|${sub}|${value}|%|4.0-5.6|H|||${status}${more}`;

export const messageOf = (...lines: readonly string[]): string => `${lines.join('\r')}\r`;
export const bytesOf = (...lines: readonly string[]): Uint8Array => Buffer.from(messageOf(...lines));

export function valueIn<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`${outcome.failure.cause}: ${outcome.failure.detail}`);
  return outcome.value;
}

const folder = path.resolve('../shared/data/hl7v2');

/** Files of the real and authored messages; undefined, with one notice, where they are not there. */
export function realMessages(): readonly { readonly file: string; readonly bytes: Buffer }[] | undefined {
  if (!existsSync(folder) && process.env['CI'] !== 'true') {
    process.stderr.write('notice: ../shared/data/hl7v2 is absent; the real HL7 v2 messages are skipped\n');
    return undefined;
  }
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:hl7|mllp|txt)$/.test(file))
    .sort()
    .map((file) => ({ file, bytes: readFileSync(path.join(folder, file)) }));
}

export const authoredExpectations = (): unknown =>
  JSON.parse(readFileSync(path.join(folder, 'authored-quirks/expected.json'), 'utf8'));
