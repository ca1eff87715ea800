/**
 * What CommCare sends, in one shape: its form JSON, whatever it came as. XML submissions become the same tree that
 * CommCare's own JSON has (attributes `@name`, text beside attributes `#text`, no namespace prefixes).
 */
import { isUtf8 } from 'node:buffer';
import { XMLParser } from 'fast-xml-parser';
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import { readJson, type JsonLimits } from './json-items.ts';

export type Json = Readonly<Record<string, unknown>>;

export type CommCarePayload =
  | { readonly kind: 'form'; readonly form: Json; readonly whole: Json }
  | { readonly kind: 'case'; readonly whole: Json }
  | { readonly kind: 'stub'; readonly whole: Json };

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unreadable = (detail: string) => fail('source/unreadable', detail);

/**
 * Cuts a delivery into its records, each with its own bytes: one form or case, an array of them, or a page of the
 * list interface (`{meta, objects: […]}`). What cannot be read stays whole.
 */
export function splitDelivery(body: Uint8Array, { maxDepth }: JsonLimits): readonly Uint8Array[] {
  // The door has bounded the whole; the limits of one record are those of its parts.
  const limits: JsonLimits = { maxDepth: maxDepth + 2, maxItems: Infinity, maxItemBytes: Infinity };
  const first = firstByte(body);
  if (first === 0x5b) {
    const read = readJson(body, limits);
    return read.ok ? read.items.map((item) => item.raw) : [body];
  }
  const whole = parseBody(body, limits);
  if (!whole.ok || !Array.isArray(whole.value['objects']) || !isRecord(whole.value['meta'])) return [body];
  const text = Buffer.from(body).toString('utf8');
  const tree = parseTree(text);
  const page = tree === undefined ? undefined : findNodeAtLocation(tree, ['objects']);
  return (page?.children ?? []).map((node) => Buffer.from(text.slice(node.offset, node.offset + node.length), 'utf8'));
}

/** Reads one record. CommCare labels JSON bodies `text/xml` at times: the first character tells, not the header. */
export function readPayload(raw: Uint8Array, limits: JsonLimits): Outcome<CommCarePayload> {
  const whole = parseBody(raw, limits);
  return whole.ok ? classify(whole.value) : whole;
}

function parseBody(raw: Uint8Array, limits: JsonLimits): Outcome<Json> {
  return firstByte(raw) === 0x3c ? fromXml(raw, limits) : fromJson(raw, limits);
}

function firstByte(bytes: Uint8Array): number | undefined {
  const text = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  return text.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}

function fromJson(raw: Uint8Array, limits: JsonLimits): Outcome<Json> {
  const read = readJson(raw, limits);
  if (!read.ok) return fail('source/unreadable', 'The payload is not readable JSON.', { issues: read.issues });
  const [item] = read.items;
  if (read.batch || item === undefined) return unreadable('The payload is a list, not one record.');
  if (!item.ok) return fail('source/unreadable', 'The payload is not strict JSON.', { issues: item.issues });
  return isRecord(item.value) ? ok(item.value) : unreadable('The payload is not a JSON object.');
}

const withoutPrefix = (name: string): string => name.slice(name.indexOf(':') + 1);

const xml = new XMLParser({
  // Not `removeNSPrefix`: it takes the default xmlns away too, and that is the form's identity.
  ignoreAttributes: (name: string) => name.startsWith('xmlns:'),
  transformTagName: withoutPrefix,
  transformAttributeName: (name: string) => `@${withoutPrefix(name)}`,
  attributeNamePrefix: '',
  textNodeName: '#text',
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 64,
  // The five predefined entities and character references; a document type is refused before.
  processEntities: { enabled: true, maxTotalExpansions: 100_000, maxExpandedLength: 10_000_000 },
  htmlEntities: true,
});

function fromXml(raw: Uint8Array, limits: JsonLimits): Outcome<Json> {
  if (raw.length > limits.maxItemBytes) return unreadable(`The XML is larger than ${limits.maxItemBytes} bytes.`);
  if (!isUtf8(raw)) return unreadable('The XML is not valid UTF-8.');
  const text = Buffer.from(raw).toString('utf8');
  if (/<!DOCTYPE/i.test(text)) return unreadable('The XML has a document type, which is not read.');
  let tree: unknown;
  try {
    tree = xml.parse(text, { allowBooleanAttributes: false });
  } catch {
    return unreadable('The payload is not well-formed XML.');
  }
  if (!isRecord(tree)) return unreadable('The XML has no root element.');
  const [root, ...others] = Object.entries(tree).filter(([name]) => !name.startsWith('#'));
  if (root === undefined || others.length > 0 || !isRecord(root[1]))
    return unreadable('The XML has no single root element.');
  const [name, content] = root;
  if (JSON.stringify(content).includes('\\u0000')) return unreadable('The XML contains U+0000.');
  return ok(name === 'case' ? caseFromXml(content) : { form: { '#type': name, ...content } });
}

/** A forwarded case block in the shape of CommCare's case JSON. */
const caseFromXml = (content: Json): Json => ({
  case_id: content['@case_id'],
  date_modified: content['@date_modified'],
  user_id: content['@user_id'],
  properties: isRecord(content['update']) ? content['update'] : {},
});

function classify(whole: Json): Outcome<CommCarePayload> {
  if (isRecord(whole['form'])) return ok({ kind: 'form', form: whole['form'], whole });
  if (typeof whole['case_id'] === 'string') return ok({ kind: 'case', whole });
  if (typeof whole['form_id'] === 'string') return ok({ kind: 'stub', whole });
  return unreadable('The payload has neither a form nor a case.');
}
