/** ED and RP (HL7 v2.8.2 §2A.3.24, §2A.3.66) as Attachment. A URL is stored and never fetched. Pure. */
import type { JsonObject } from '../../definitions/item.ts';
import { compact, object, part } from './json.ts';

/** Subtype (table 0291, MIME) → media type; the type says which, where the subtype is a MIME subtype itself. */
const types: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  rtf: 'application/rtf',
  msword: 'application/msword',
  html: 'text/html',
  htm: 'text/html',
  xml: 'application/xml',
  plain: 'text/plain',
  text: 'text/plain',
  txt: 'text/plain',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  tiff: 'image/tiff',
  tif: 'image/tiff',
  dicom: 'application/dicom',
};

const mime = /^(?:application|text|image|audio|video|multipart|message)$/i;

/** Undefined where it is not certain. */
export function mediaTypeOf(type = '', subtype = ''): string | undefined {
  const sub = subtype.trim().toLowerCase();
  const whole = /^[a-z]+\/[\w.+-]+$/.exec(sub) ?? /^[a-z]+\/[\w.+-]+$/i.exec(type.trim());
  if (whole !== null) return whole[0].toLowerCase();
  if (Object.hasOwn(types, sub)) return types[sub];
  if (mime.test(type.trim()) && /^[\w.+-]+$/.test(sub)) return `${type.trim().toLowerCase()}/${sub}`;
  return /^(?:FT|TX|TEXT|text)$/i.test(type.trim()) && sub === '' ? 'text/plain' : undefined;
}

/** Base64 in lines, or without its last `=`, is read; anything else in it is not. */
function fromBase64(data: string): Uint8Array | undefined {
  const bare = data.replaceAll(/\s+/g, '').replace(/=+$/, '');
  return bare === '' || bare.length % 4 === 1 || !/^[A-Za-z\d+/]+$/.test(bare)
    ? undefined
    : Buffer.from(bare, 'base64');
}

function fromHex(data: string): Uint8Array | undefined {
  const bare = data.replaceAll(/\s+/g, '');
  return /^(?:[\dA-Fa-f]{2})+$/.test(bare) ? Buffer.from(bare, 'hex') : undefined;
}

function bytesOf(data: string, encoding: string): Uint8Array | undefined {
  if (encoding === 'base64') return fromBase64(data);
  if (encoding === 'hex') return fromHex(data);
  // `A`: as it stands. Some send Base64 and do not say so; what merely looks like it stays text.
  return Buffer.from(data, 'utf8');
}

export type Attached =
  | { readonly attachment: JsonObject }
  /** Why there is none, for a reader of the report. */
  | { readonly fault: string };

export function embedded(json: unknown): Attached {
  const data = object(json)['data'];
  if (typeof data !== 'string' || data.trim() === '') return { fault: 'holds no data' };
  const encoding = (part(json, 'encoding') ?? 'A').toLowerCase();
  const bytes = bytesOf(data, encoding);
  if (bytes === undefined) return { fault: encoding === 'hex' ? 'is not valid hexadecimal' : 'is not valid Base64' };
  return {
    attachment: compact({
      // RFC 2046 §4.5.1: bytes of which nobody has said what they are.
      contentType: mediaTypeOf(part(json, 'typeOfData'), part(json, 'dataSubtype')) ?? 'application/octet-stream',
      data: Buffer.from(bytes).toString('base64'),
      size: bytes.length,
    }),
  };
}

export function pointed(json: unknown): Attached {
  const pointer = part(json, 'pointer');
  if (pointer === undefined) return { fault: 'points nowhere' };
  const contentType = mediaTypeOf(part(json, 'typeOfData'), part(json, 'subtype'));
  const isUrl = /^[a-z][a-z\d+.-]*:\S+$/i.test(pointer);
  return { attachment: compact({ contentType, ...(isUrl ? { url: pointer } : { title: pointer }) }) };
}
