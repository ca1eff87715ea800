/** Bytes to text. Spreadsheets write UTF-8 with a mark, UTF-16, and, in older offices, Windows-1252. */
import { isUtf8 } from 'node:buffer';

const starts = (bytes: Uint8Array, ...mark: readonly number[]): boolean =>
  mark.every((byte, index) => bytes[index] === byte);

/** The encoding by its mark; without one UTF-16 by its zero bytes, UTF-8 when it is valid, else Windows-1252. */
export function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252' {
  if (starts(bytes, 0xef, 0xbb, 0xbf)) return 'utf-8';
  if (starts(bytes, 0xff, 0xfe)) return 'utf-16le';
  if (starts(bytes, 0xfe, 0xff)) return 'utf-16be';
  const head = bytes.subarray(0, 1_000);
  const zeros = (offset: number): number => head.filter((byte, index) => byte === 0 && index % 2 === offset).length;
  // In Spanish and English nearly every second byte of UTF-16 is zero.
  if (zeros(1) > head.length / 4) return 'utf-16le';
  if (zeros(0) > head.length / 4) return 'utf-16be';
  return isUtf8(bytes) ? 'utf-8' : 'windows-1252';
}

export const decode = (bytes: Uint8Array): string => new TextDecoder(encodingOf(bytes)).decode(bytes).normalize('NFC');
