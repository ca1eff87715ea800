/** By what the ledger knows an HL7 v2 message, and what must be held of it. Never throws, never refuses. */
import { createHash } from 'node:crypto';
import type { ReadCritical } from '../core/lab/critical.ts';
import type { LabMessage } from '../core/lab/model.ts';
import type { Hl7Sender } from '../core/lab/sender.ts';
import { fail, ok, type Failure, type Outcome } from '../core/outcome.ts';
import type { Incoming } from '../core/ports.ts';
import { decode } from './charset.ts';
import { peekHeader } from './header.ts';
import { tooManyPatients } from './limits.ts';
import type { Hl7Message } from './message.ts';
import { type OruGroup, readOruGroup, readOruGroups, sentAt } from './oru.ts';
import { parseMessage } from './parse.ts';
import { isRead } from './types.ts';
import { segmentNamed, valueOf } from './values.ts';

const format = 'hl7v2';

/** Of the stored message: which patient of it, from 1. */
const contentTypeOf = (group: number): string => `application/hl7-v2; group=${String(group)}`;

export type Hl7Delivery = {
  /** One message: not a batch, without its frame. */
  readonly raw: Uint8Array;
  readonly source: Hl7Sender;
  readonly actor: string;
  /** Its place in the intake of the MLLP door. */
  readonly intake?: string;
  readonly readCritical?: ReadCritical;
};

/** Bytes to tree, in whatever character set. One MSH: more of them are a batch that was not split. */
export function readMessage(raw: Uint8Array, { charset }: Pick<Hl7Sender, 'charset'>): Outcome<Hl7Message> {
  const header = peekHeader(raw);
  const decoded = decode(raw, { declared: header.ok ? header.value.charsets : [], fallback: charset });
  if (!decoded.ok) return decoded;
  const message = parseMessage(decoded.value.text, decoded.value.charset);
  if (!message.ok) return message;
  const headers = message.value.segments.filter(({ name }) => name === 'MSH').length;
  if (headers === 1 && message.value.segments[0]?.name === 'MSH') return message;
  const what = headers > 1 ? 'There is more than one MSH in it: two messages in one.' : 'It does not begin with MSH.';
  return fail('source/unreadable', what, { issues: [{ where: 'MSH', what }] });
}

/** Stored bytes to the one patient of it that `contentType` names. */
export function readStoredOru(
  raw: Uint8Array,
  contentType: string,
  sender: Hl7Sender,
  receivedAt: string,
): Outcome<LabMessage> {
  const message = readMessage(raw, sender);
  if (!message.ok) return message;
  const unread = unreadOf(message.value, raw);
  if (unread !== undefined) return { ok: false, failure: unread };
  const number = Number(/group=(\d{1,6})/.exec(contentType)?.[1] ?? 1);
  const group = readOruGroup(message.value, number, sender, receivedAt);
  if (group === undefined) return fail('source/unreadable', `There is no patient group ${String(number)} in it.`);
  return group.failure === undefined ? ok(group.message) : { ok: false, failure: group.failure };
}

/** One for each patient of an ORU; one that is held of anything else. */
export function identifyHl7({ raw, source, actor, intake, readCritical }: Hl7Delivery): readonly Incoming[] {
  const base = { raw, source: source.name, format, actor, ...(intake === undefined ? {} : { intake }) };
  const alone = { ...base, contentType: contentTypeOf(1) };
  const read = readMessage(raw, source);
  if (!read.ok) return [{ ...alone, kind: 'unreadable', hold: read.failure }];
  const message = read.value;
  const kind = kindOf(message);
  const unread = unreadOf(message, raw);
  const hash = createHash('sha256').update(raw).digest('hex');
  const recordOf = (group: number): Pick<Incoming, 'record'> => {
    const id = recordId(message, hash, group);
    return id === undefined ? {} : { record: { id, contentHash: hash } };
  };
  if (unread !== undefined) return [{ ...alone, kind, ...recordOf(1), hold: unread }];
  const sent = sentAt(message, source);
  return readOruGroups(message, source).map((group, index) => ({
    ...base,
    contentType: contentTypeOf(index + 1),
    kind,
    ...recordOf(index + 1),
    ...aboutGroup(group, sent),
    ...held(group),
    ...alarms(group, readCritical),
  }));
}

/**
 * MSH-10 and MSH-7 name a message only as long as its sender never starts its counter anew; the content is part of the
 * name, so that a message about somebody else is never taken for a new version of this one.
 */
function recordId(message: Hl7Message, hash: string, group: number): string | undefined {
  const msh = segmentNamed(message, 'MSH');
  const control = valueOf(msh, 10).trim();
  return control === '' ? undefined : [control, valueOf(msh, 7).trim(), hash.slice(0, 16), String(group)].join('|');
}

/** `ORU^R01`. What is no code is not repeated: it may be anything. */
function kindOf(message: Hl7Message): string {
  const [type, trigger] = typeOf(message);
  const codes = [type, trigger].filter((code) => code !== '');
  if (codes.length === 0 || !codes.every((code) => /^[A-Z0-9_]{1,10}$/.test(code))) return 'unknown';
  return type === 'ORU' && trigger === '' ? 'ORU^R01' : codes.join('^');
}

function typeOf(message: Hl7Message): readonly [string, string] {
  const msh = segmentNamed(message, 'MSH');
  return [valueOf(msh, 9).trim(), valueOf(msh, 9, 2).trim()];
}

/** Why it is not read at all. */
const unreadOf = (message: Hl7Message, { byteLength }: Uint8Array): Failure | undefined =>
  headerFailure(message) ?? unsupported(message) ?? tooManyPatients(message, byteLength);

function unsupported(message: Hl7Message): Failure | undefined {
  const [type, trigger] = typeOf(message);
  if (isRead(type, trigger)) return undefined;
  const what = `MSH-9 is ${kindOf(message)}: Tejido reads ORU^R01, R30, R31 and R32.`;
  return fail('source/unsupported', what, { issues: [{ where: 'MSH-9', what }] }).failure;
}

function headerFailure(message: Hl7Message): Failure | undefined {
  const msh = segmentNamed(message, 'MSH');
  for (const [field, name] of [
    [9, 'the type of the message'],
    [10, 'its control id'],
  ] as const) {
    if (valueOf(msh, field).trim() !== '') continue;
    const where = `MSH-${String(field)}`;
    const what = `${where} (${name}) is empty.`;
    return fail('source/unreadable', what, { issues: [{ where, what }] }).failure;
  }
  return undefined;
}

function aboutGroup({ message }: OruGroup, sent: string | undefined): Partial<Incoming> {
  const collected = message.orders.find((order) => order.collected !== undefined)?.collected;
  const occurred = collected ?? message.orders[0]?.issued;
  return {
    ...(message.patient === undefined ? {} : { patient: message.patient }),
    ...(occurred === undefined ? {} : { occurredAt: new Date(occurred) }),
    ...(sent === undefined ? {} : { recordedAt: new Date(sent) }),
  };
}

function held({ failure, message }: OruGroup): Pick<Incoming, 'hold'> {
  if (message.test) {
    const what = 'MSH-11 is not one that is filed for this sender.';
    return { hold: fail('lab/test-message', what, { issues: [{ where: 'MSH-11', what }] }).failure };
  }
  return failure === undefined ? {} : { hold: failure };
}

/** Also of what is held: an alarm waits for nobody. */
function alarms({ message }: OruGroup, readCritical: Hl7Delivery['readCritical']): Pick<Incoming, 'results'> {
  const results = readCritical?.(message) ?? [];
  return results.length === 0 ? {} : { results };
}
