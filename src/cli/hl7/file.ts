/** HL7 v2 messages from a file: one, several, a batch (FHS, BHS), or with MLLP blocks around them. */
import { open, readFile } from 'node:fs/promises';
import { splitBatch } from '../../hl7v2/batch.ts';
import { peekHeader } from '../../hl7v2/header.ts';
import { CommandError } from '../run.ts';

export type Hl7Item = {
  /** `day.hl7`, or `day.hl7[3]`: where it stands, from 1. */
  readonly at: string;
  readonly bytes: Uint8Array;
  /** MSH-10, as it stands. */
  readonly controlId: string;
  /** PID-3 as it stands: messages of one patient keep their order. */
  readonly patient: string;
  /** Why it cannot be sent: no answer to it could be told from another's. */
  readonly unfit?: string;
};

const cannotRead = (file: string, error: unknown): CommandError => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unreadable';
  return new CommandError(`${file} cannot be read (${code}).`);
};

const looksLikeHl7 = /^(?:\u00ef\u00bb\u00bf|\s)*(?:MSH|FHS|BHS)[^A-Za-z0-9\s]/;

/** By its name, or by how it begins: MSH, FHS, BHS, with or without 0x0B before it. Standard input never. */
export async function isHl7File(file: string): Promise<boolean> {
  if (file === '-') return false;
  if (/\.(hl7|mllp)$/i.test(file)) return true;
  if (/\.(json|ndjson|csv|tsv|xlsx)$/i.test(file)) return false;
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
      return looksLikeHl7.test(buffer.toString('latin1', 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    // Whoever reads it says why it cannot be read.
    return false;
  }
}

export type Hl7File = { readonly items: readonly Hl7Item[]; readonly notes: readonly string[] };

export async function readHl7File(file: string): Promise<Hl7File> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw cannotRead(file, error);
  });
  const { messages, notes } = splitBatch(bytes);
  return {
    items: messages.map((message, index) =>
      itemOf(message, messages.length === 1 ? file : `${file}[${String(index + 1)}]`),
    ),
    notes: notes.map(({ what }) => `${file}: ${what}`),
  };
}

function itemOf(bytes: Uint8Array, at: string): Hl7Item {
  const header = peekHeader(bytes);
  if (!header.ok) return { at, bytes, controlId: '', patient: '', unfit: header.failure.detail };
  const { controlId, delimiters } = header.value;
  const patient = patientIn(bytes, delimiters.field);
  if (controlId === '')
    return { at, bytes, controlId, patient, unfit: 'MSH-10 is empty: no answer could be told to be about it.' };
  return { at, bytes, controlId, patient };
}

function patientIn(bytes: Uint8Array, separator: string): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const pid = text.split(/[\r\n]+/).find((line) => line.startsWith(`PID${separator}`));
  return pid?.split(separator)[3] ?? '';
}
