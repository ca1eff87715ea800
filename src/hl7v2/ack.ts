/** Acknowledgements, made for a sender. Reading one that was answered to us: `read-ack.ts`. */
import { encodingCharacters, standardDelimiters } from './delimiters.ts';
import type { Hl7Header } from './message.ts';

/** Table 0008. */
export const ackCodes = ['AA', 'AE', 'AR', 'CA', 'CE', 'CR'] as const;
export type AckCode = (typeof ackCodes)[number];

/**
 * What became of a message at the door. `accepted`: committed. `error`: not now, the sender is to send it again.
 * `rejected`: not as it is, a person must act at the sender.
 */
export type Verdict = 'accepted' | 'error' | 'rejected';

/** Table 0357. */
const conditions = {
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '104': 'Value too long',
  '200': 'Unsupported message type',
  '205': 'Duplicate key identifier',
  '207': 'Application internal error',
} as const;

export type AckProblem = {
  readonly code: keyof typeof conditions;
  /** `MSH` and 10: where it stands. */
  readonly segment?: string;
  readonly field?: number;
  /** What is wrong and what to do. Never a patient's data. */
  readonly text: string;
};

export type AckContext = {
  /** When it is answered. */
  readonly at: Date;
  /** MSH-10 of the answer: at most 20 characters. */
  readonly controlId: string;
};

const wanted = (asked: string, verdict: Verdict): boolean => {
  switch (asked) {
    case 'AL':
      return true;
    case 'ER':
      return verdict !== 'accepted';
    case 'SU':
      return verdict === 'accepted';
    default:
      return false;
  }
};

const isAsked = (value: string): boolean => ['AL', 'NE', 'ER', 'SU'].includes(value);

const letters: Record<Verdict, 'A' | 'E' | 'R'> = { accepted: 'A', error: 'E', rejected: 'R' };

/**
 * The one answer that a message gets, if any (HL7 v2.5.1 §2.9.2, §2.9.3; table 0155). Neither MSH-15 nor MSH-16: original
 * mode, AA/AE/AR. Else the accept acknowledgement CA/CE/CR where MSH-15 asks for it: that Tejido has committed the
 * message is all that it says at once. Where MSH-15 does not, and MSH-16 asks for an application acknowledgement, that
 * one: MSH-15 NE with MSH-16 AL is the original mode by another name. Undefined: the sender wants no answer.
 */
export function ackCode(
  header: Pick<Hl7Header, 'acceptAck' | 'applicationAck'> | undefined,
  verdict: Verdict,
): AckCode | undefined {
  const letter = letters[verdict];
  const { acceptAck = '', applicationAck = '' } = header ?? {};
  if (!isAsked(acceptAck) && !isAsked(applicationAck)) return `A${letter}`;
  if (wanted(acceptAck, verdict)) return `C${letter}`;
  return wanted(applicationAck, verdict) ? `A${letter}` : undefined;
}

/** `YYYYMMDDHHMMSS+0000`. */
export const hl7Time = (at: Date): string => `${at.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}+0000`;

const parts = (version: string): readonly number[] => version.split('.').map((part) => Number.parseInt(part, 10) || 0);

/** Whether `version` (2.3.1) is `least` or later. What says nothing is taken for 2.5.1. */
function isFrom(version: string, least: string): boolean {
  const [given, wantedVersion] = [parts(/^\d/.test(version) ? version : '2.5.1'), parts(least)];
  for (const [n, part] of wantedVersion.entries()) {
    const own = given[n] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

/**
 * The acknowledgement as Latin-1 text, segments ended by CR. MSH-5 and -6 change places with -3 and -4; version, MSH-11,
 * MSH-18 and delimiters are the sender's; MSA-2 is its MSH-10 as it stands. Without a header (it could not be read) the
 * usual delimiters, and MSA-2 is empty. A problem is told in ERR, from v2.5 on by ERR-2 to -8, before that in ERR-1;
 * before v2.7 its text stands in MSA-3 too. HL7 v2.5.1 §2.14.1 ACK, §2.15.5 ERR, §2.15.8 MSA.
 */
export function buildAck(
  header: Hl7Header | undefined,
  code: AckCode,
  { at, controlId }: AckContext,
  problem?: AckProblem,
): string {
  const delimiters = header?.delimiters ?? standardDelimiters;
  const { field: f, component: c, repetition: r, escape: e, subcomponent: s, truncation = '' } = delimiters;
  const version = header?.version ?? '2.5.1';
  const text = (plain: string): string => escaped(plain, [f, c, r, e, s, truncation], e);
  const trigger = header?.trigger ?? '';
  const type = trigger === '' ? 'ACK' : ['ACK', trigger, ...(isFrom(version, '2.3.1') ? ['ACK'] : [])].join(c);
  const msh = [
    `MSH`,
    encodingCharacters(delimiters),
    header?.receivingApplication || 'TEJIDO',
    header?.receivingFacility ?? '',
    header?.sendingApplication ?? '',
    header?.sendingFacility ?? '',
    hl7Time(at),
    '',
    type,
    controlId,
    header?.processing || 'P',
    header?.version || '2.5.1',
    ...(header === undefined || header.charsets.length === 0 ? [] : ['', '', '', '', '', header.charsets.join(r)]),
  ];
  const told = problem === undefined || isFrom(version, '2.7') ? [] : [text(problem.text)];
  const segments = [msh.join(f), ['MSA', code, header?.controlId ?? '', ...told].join(f)];
  if (problem !== undefined) segments.push(errOf(problem, isFrom(version, '2.5'), { f, c, s, text }));
  return `${segments.join('\r')}\r`;
}

function errOf(
  { code, segment = '', field, text: plain }: AckProblem,
  modern: boolean,
  {
    f,
    c,
    s,
    text,
  }: { readonly f: string; readonly c: string; readonly s: string; readonly text: (plain: string) => string },
): string {
  const where = segment === '' ? [] : [segment, '1', ...(field === undefined ? [] : [String(field)])];
  if (modern)
    return ['ERR', '', where.join(c), [code, conditions[code], 'HL70357'].join(c), 'E', '', '', '', text(plain)].join(
      f,
    );
  // ELD: segment, its number, field, and the code as a CE of subcomponents.
  const located = [where[0] ?? '', where[1] ?? '', where[2] ?? '', [code, conditions[code], 'HL70357'].join(s)];
  return ['ERR', located.join(c)].join(f);
}

/** §2.7.1: what is a delimiter of this sender is escaped by its own escape character. */
function escaped(plain: string, delimiters: readonly string[], escape: string): string {
  const names = ['F', 'S', 'R', 'E', 'T', 'P'];
  return Array.from(plain)
    .map((character) => {
      const at = delimiters.indexOf(character);
      return at < 0 ? character : `${escape}${names[at] ?? ''}${escape}`;
    })
    .join('');
}
