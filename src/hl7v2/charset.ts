/**
 * Bytes to text (MSH-18, table 0211). Order: a byte order mark; what MSH-18 declares, first to last; UTF-8; the sender's
 * own set; Windows-1252. A set counts when the bytes are valid in it and give text: no control characters (neither C0
 * but tab and line breaks, nor C1) and no U+FFFD.
 *
 * `8859/1` is read as Windows-1252, which is the same but for 0x80–0x9F: there 8859/1 has control characters that nobody
 * sends, and Windows-1252 has the curly quotes and dashes that word processors put in. Bytes in that range that are
 * valid UTF-8 as a whole are UTF-8, whatever 8859 set is declared.
 */
import { TextDecoder } from 'node:util';
import { fail, ok, type Outcome } from '../core/outcome.ts';

export type Decoded = {
  readonly text: string;
  /** Label of TextDecoder. */
  readonly charset: string;
};

/** Table 0211, and what senders write instead. */
const names: Readonly<Record<string, string>> = {
  ASCII: 'us-ascii',
  'US-ASCII': 'us-ascii',
  'ISO IR6': 'us-ascii',
  UNICODE: 'utf-8',
  'UNICODE UTF-8': 'utf-8',
  UTF8: 'utf-8',
  'UNICODE UTF-16': 'utf-16',
  'ISO IR14': 'shift_jis',
  'ISO IR87': 'iso-2022-jp',
  'ISO IR159': 'iso-2022-jp',
  'GB 18030-2000': 'gb18030',
  'KS X 1001': 'euc-kr',
  'BIG-5': 'big5',
};

// oxlint-disable-next-line no-control-regex
const noText = /[\0-\u0008\u000b\u000e-\u001f\u007f-\u009f\ufffd]/;

/** Label of TextDecoder for a name of table 0211; undefined when nobody knows it. */
export function charsetNamed(name: string): string | undefined {
  const upper = name.trim().toUpperCase();
  const listed = names[upper];
  if (listed !== undefined) return listed;
  const part = /^(?:ISO[ -_]?)?8859[/_-](\d{1,2})$/.exec(upper)?.[1];
  const label = part === undefined ? upper : `iso-8859-${part}`;
  return decoderFor(label)?.encoding;
}

const decoders = new Map<string, TextDecoder | undefined>();

function decoderFor(label: string): TextDecoder | undefined {
  if (decoders.has(label)) return decoders.get(label);
  let decoder: TextDecoder | undefined;
  try {
    decoder = new TextDecoder(label, { fatal: true });
  } catch {
    decoder = undefined;
  }
  // Labels come from outside.
  if (decoders.size < 200) decoders.set(label, decoder);
  return decoder;
}

export type CharsetHints = {
  /** MSH-18, all repetitions, as they stand. */
  readonly declared: readonly string[];
  /** The sender's own: a label of TextDecoder. */
  readonly fallback?: string | undefined;
};

/** `source/unreadable` when no set gives text. The detail names the byte, never the text. */
export function decode(bytes: Uint8Array, { declared, fallback }: CharsetHints): Outcome<Decoded> {
  const lost = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(replacement);
  if (lost !== -1) {
    const what = 'U+FFFD stands in the message: its sender has lost a character.';
    return fail('source/unreadable', what, { issues: [{ where: `byte ${String(lost)}`, what }] });
  }
  const marked = markOf(bytes);
  if (marked !== undefined) return readAs(bytes, marked) ?? noCharset(bytes);
  for (const name of declared) {
    const charset = charsetNamed(name);
    const read = charset === undefined ? undefined : readAs(bytes, charset);
    if (read !== undefined) return read;
  }
  return (
    readAs(bytes, 'utf-8') ??
    (fallback === undefined ? undefined : readAs(bytes, charsetNamed(fallback) ?? fallback)) ??
    readAs(bytes, 'windows-1252') ??
    noCharset(bytes)
  );
}

/** U+FFFD in UTF-8: in Windows-1252 it would be `ï¿½`. */
const replacement = Buffer.from('\ufffd');

/** A byte order mark, or the pattern of `MSH` in UTF-16. */
function markOf(bytes: Uint8Array): string | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if ((a === 0xff && b === 0xfe) || (a === 0x4d && b === 0)) return 'utf-16le';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x4d)) return 'utf-16be';
  return undefined;
}

function readAs(bytes: Uint8Array, charset: string): Outcome<Decoded> | undefined {
  if (charset === 'us-ascii') {
    const read = readAs(bytes, 'utf-8');
    return read?.ok === true && read.value.text.length === bytes.length ? read : undefined;
  }
  const decoder = decoderFor(charset);
  if (decoder === undefined) return undefined;
  try {
    const text = decoder.decode(bytes);
    if (isEightBit(decoder.encoding) && bytes.some(isC1) && readAs(bytes, 'utf-8') !== undefined) return undefined;
    if (noText.test(text)) return undefined;
    // A page break of a printed report.
    return ok({ text: text.includes('\f') ? text.replaceAll('\f', '\n') : text, charset: decoder.encoding });
  } catch {
    return undefined;
  }
}

const isEightBit = (encoding: string): boolean => encoding === 'windows-1252' || encoding.startsWith('iso-8859-');
const isC1 = (byte: number): boolean => byte >= 0x80 && byte <= 0x9f;

function noCharset(bytes: Uint8Array): Outcome<never> {
  const at = bytes.findIndex((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(byte));
  if (at === -1) {
    const what = 'The bytes are no text in the character set declared (MSH-18), in UTF-8, nor in the one configured.';
    return fail('source/unreadable', what, { issues: [{ where: 'MSH-18', what }] });
  }
  const byte = (bytes[at] ?? 0).toString(16).padStart(2, '0');
  const what = `The control character 0x${byte} stands in the message.`;
  return fail('source/unreadable', what, { issues: [{ where: `byte ${String(at)}`, what }] });
}
