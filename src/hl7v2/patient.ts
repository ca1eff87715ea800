/**
 * PID (without social security numbers: social-security.ts) to what a person is known by. For matching only: none of it
 * is filed.
 *
 * - MRN: numbers of PID-3 (and of PID-2 and PID-4 of old versions) whose authority is one of `mrnAuthorities`, of a type
 *   that names a person (MR, PI, PT, none), not expired (CX.8) when the message was made. Without an authority: PID-3
 *   only, and only with `bareMrn`. Two different ones are a conflict; never is one of them picked.
 * - The laboratory's own number: the first of another authority, with it in front, for the same number of two authorities
 *   is of two people.
 */
import type { Demographics } from '../core/matching/demographics.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { PatientIdentifiers } from '../core/ports.ts';
import type { Hl7Sender } from '../core/lab/sender.ts';
import type { Repetition, Segment } from './message.ts';
import { readDate } from './times.ts';
import { isNull, repetitionsOf, valueOf } from './values.ts';

/** Table 0203: of a person in an institution, not of a visit, an account, a licence. */
const personTypes: ReadonlySet<string> = new Set(['', 'MR', 'MRN', 'PI', 'PT', 'PN', 'EI', 'LR', 'ANON', 'U']);
const mrnTypes: ReadonlySet<string> = new Set(['', 'MR', 'MRN', 'PI', 'PT']);

type Cx = {
  readonly value: string;
  readonly authorities: readonly string[];
  readonly type: string;
  readonly bare: boolean;
};

/** Undefined: PID names nobody. `sentOn`: date of MSH-7, YYYY-MM-DD. */
export function readPatient(
  pid: Segment | undefined,
  sender: Hl7Sender,
  sentOn: string | undefined,
): Outcome<PatientIdentifiers | undefined> {
  if (pid === undefined) return ok(undefined);
  const known = identifiersOf(pid, sentOn);
  const mrns = [...new Set(known.filter((cx) => isMrn(cx, sender)).map(({ value }) => value))];
  if (mrns.length > 1) {
    const what = `PID-3 has ${String(mrns.length)} different MRNs.`;
    return fail('match/conflict', what, { issues: [{ where: 'PID-3', what }] });
  }
  const [mrn] = mrns;
  const own = known.find((cx) => isOwn(cx, sender));
  const dob = readDate(valueOf(pid, 7));
  const demographics = demographicsOf(pid, dob);
  if (mrn === undefined && own === undefined && demographics === undefined) return ok(undefined);
  return ok({
    source: sender.name,
    ...(own === undefined ? {} : { sourcePatientId: `${own.authorities[0] ?? own.type}|${own.value}` }),
    ...(mrn === undefined ? {} : { mrn }),
    ...(dob?.length === 10 ? { dob } : {}),
    ...(demographics === undefined ? {} : { demographics }),
  });
}

const identifiersOf = (pid: Segment, sentOn: string | undefined): readonly Cx[] =>
  [3, 2, 4].flatMap((field) =>
    repetitionsOf(pid, field).flatMap((repetition): Cx[] => {
      const cx = cxOf(repetition, field === 3);
      return cx.value === '' || isExpired(repetition, sentOn) ? [] : [cx];
    }),
  );

const digits = (text: string): string => text.replaceAll(/\D/g, '');

function cxOf(repetition: Repetition, current: boolean): Cx {
  const authorities = [repetition[3]?.[0], repetition[3]?.[1]].flatMap((text) => told(text) ?? []);
  return {
    value: told(repetition[0]?.[0]) ?? '',
    authorities,
    type: (told(repetition[4]?.[0]) ?? '').toUpperCase(),
    bare: current && authorities.length === 0,
  };
}

/** Undefined: absent, empty, or `""`. */
function told(text: string | undefined): string | undefined {
  const plain = text?.trim() ?? '';
  return plain === '' || isNull(plain) ? undefined : plain;
}

function isExpired(repetition: Repetition, sentOn: string | undefined): boolean {
  const until = readDate(repetition[7]?.[0] ?? '');
  return until !== undefined && sentOn !== undefined && until < sentOn.slice(0, until.length);
}

const isMrn = ({ authorities, type, bare }: Cx, { mrnAuthorities, bareMrn }: Hl7Sender): boolean =>
  mrnTypes.has(type) && (authorities.some((authority) => mrnAuthorities.includes(authority)) || (bare && bareMrn));

const isOwn = (cx: Cx, sender: Hl7Sender): boolean => {
  if (!personTypes.has(cx.type) || isMrn(cx, sender)) return false;
  if (cx.authorities.length > 0) return !cx.authorities.some((one) => sender.mrnAuthorities.includes(one));
  return cx.bare && cx.type !== '' && !mrnTypes.has(cx.type);
};

function demographicsOf(pid: Segment, dob: string | undefined): Demographics | undefined {
  const name = nameOf(pid);
  const phones = phonesOf(pid);
  const sex = sexes[valueOf(pid, 8).trim().toUpperCase()];
  const postalCode = told(repetitionsOf(pid, 11).find((one) => told(one[4]?.[0]) !== undefined)?.[4]?.[0]);
  if (name === undefined && phones.length === 0) return undefined;
  return {
    ...name,
    ...(dob === undefined ? {} : { dob }),
    ...(sex === undefined ? {} : { sex }),
    ...(phones.length === 0 ? {} : { phones }),
    ...(postalCode === undefined ? {} : { postalCode }),
  };
}

/** Table 0001. */
const sexes: Readonly<Record<string, string>> = {
  F: 'female',
  M: 'male',
  O: 'other',
  A: 'other',
  N: 'other',
  U: 'unknown',
};

/** Table 0200: the legal name; else one without a type; never an alias, maiden or coded name. */
function nameOf(pid: Segment): Pick<Demographics, 'given' | 'family'> | undefined {
  const names = repetitionsOf(pid, 5);
  const ofType = (types: readonly string[]): Repetition | undefined =>
    names.find((name) => types.includes(told(name[6]?.[0])?.toUpperCase() ?? ''));
  const name = ofType(['L']) ?? ofType(['', 'D', 'C', 'U']);
  const family = told(name?.[0]?.[0]);
  const given = [told(name?.[1]?.[0]), told(name?.[2]?.[0])].filter((part) => part !== undefined).join(' ');
  if (family === undefined && given === '') return undefined;
  return { ...(given === '' ? {} : { given }), ...(family === undefined ? {} : { family }) };
}

/** PID-13, PID-14, PID-40: numbers in whatever component they stand; no e-mail. */
const phonesOf = (pid: Segment): readonly string[] => [
  ...new Set(
    [13, 14, 40].flatMap((field) =>
      repetitionsOf(pid, field).flatMap((xtn) => {
        const whole = told(xtn[0]?.[0]) ?? told(xtn[11]?.[0]);
        const parts = `${told(xtn[5]?.[0]) ?? ''}${told(xtn[6]?.[0]) ?? ''}`;
        const number = whole ?? parts;
        return digits(number).length < 7 || number.includes('@') ? [] : [number];
      }),
    ),
  ),
];
