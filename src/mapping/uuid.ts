/** The fullUrls of what is made: the same for the same artifact. */
import { hash } from 'node:crypto';

/** Any constant will do; it must never change, for the fullUrls of a message hang on it. */
const namespace = Buffer.from('5d1c9a0e6f0b4c6c9d2a7e3f8b1a4c50', 'hex');

/** UUID version 5 (RFC 9562 §5.5): the same name gives the same id, in every process and on every replay. */
export function uuidOf(name: string): string {
  const bytes = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer').subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
