/** Copies that nobody is to read: encrypted with AES-256-GCM (NIST SP 800-38D), a nonce of its own for each. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export type Seal = {
  readonly close: (bytes: Uint8Array) => Buffer;
  /** What is not sealed comes back as it is; undefined: sealed with another key, or changed since. */
  readonly open: (bytes: Buffer) => Buffer | undefined;
};

const mark = Buffer.from('TJDSEAL1');
const nonceBytes = 12;
const tagBytes = 16;

/** `key`: 32 bytes. */
export function createSeal(key: Buffer): Seal {
  return {
    close: (bytes) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(mark);
      const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([mark, nonce, cipher.getAuthTag(), body]);
    },
    open: (bytes) => {
      if (!bytes.subarray(0, mark.length).equals(mark)) return bytes;
      const at = mark.length + nonceBytes;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(mark.length, at), {
        authTagLength: tagBytes,
      })
        .setAAD(mark)
        .setAuthTag(bytes.subarray(at, at + tagBytes));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(at + tagBytes)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}
