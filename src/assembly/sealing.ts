/** Sealing at the door: what holds wording that must not be charted is never written down in the clear. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import type { Gates } from '../core/gates/index.ts';
import type { Incoming } from '../core/ports.ts';
import { createSeal, type Seal } from '../ledger/seal.ts';

const keyBytes = 32;

/** The key of the configuration, or one of our own in the data folder, made at the first start. */
export async function loadSeal({ sealing, dataDir }: Pick<Config, 'sealing' | 'dataDir'>): Promise<Seal> {
  if (sealing.key !== undefined) return createSeal(Buffer.from(sealing.key, 'base64'));
  await mkdir(dataDir, { recursive: true });
  const file = path.join(dataDir, 'seal.key');
  // Two processes may start at once: the first one makes it.
  await writeFile(file, randomBytes(keyBytes).toString('base64'), { flag: 'wx', mode: 0o600 }).catch(
    (error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    },
  );
  const key = Buffer.from(await readFile(file, 'utf8'), 'base64');
  if (key.byteLength !== keyBytes) throw new Error(`${file} is damaged: it must hold 32 bytes in base64.`);
  return createSeal(key);
}

/** Character references of XML; names that are not of XML itself do not occur. */
const unescaped = (text: string): string =>
  text.replaceAll(/&#(x[\da-f]{1,6}|\d{1,7});/gi, (whole, code: string) => {
    const point = /^x/i.test(code) ? Number.parseInt(code.slice(1), 16) : Number(code);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });

function valueOf(raw: Uint8Array): unknown {
  const text = new TextDecoder().decode(raw);
  // HL7 v2 and XML: to try is dearer than to look.
  if (!/^\s*["[{\dtfn-]/.test(text)) return unescaped(text);
  try {
    return JSON.parse(text);
  } catch {
    return unescaped(text);
  }
}

/** What the screen finds is kept as a sealed copy; the pipeline opens it, in memory, to say where the wording stands. */
export const sealAtDoor =
  (gates: Gates, seal: Seal) =>
  (item: Incoming): Incoming =>
    gates.mustSeal(valueOf(item.raw)) ? { ...item, sealed: seal.close(item.raw) } : item;
