/** A social security number is not carried anywhere: not PID-19, and not where one is sent as another identifier. */
import type { Repetition, Segment } from './message.ts';
import { valueOf } from './values.ts';

/** Where CX and its kin have type code and assigning authority, from 0. */
const places: Readonly<Record<string, { readonly type: number; readonly authority: number }>> = {
  CX: { type: 4, authority: 3 },
  CK: { type: 4, authority: 3 },
  XCN: { type: 12, authority: 8 },
  CN: { type: 12, authority: 8 },
  PPN: { type: 12, authority: 8 },
};

const authorities: ReadonlySet<string> = new Set(['SSA', 'USSSA', 'USSA', 'SSN', '2.16.840.1.113883.4.1']);

/** By CX.5 (`SS`, table 0203) or the Social Security Administration as its authority. */
export function isSocialSecurity(repetition: Repetition, dataType = 'CX'): boolean {
  const place = places[dataType];
  if (place === undefined) return false;
  const code = repetition[place.type]?.[0]?.trim().toUpperCase();
  if (code === 'SS' || code === 'SSN') return true;
  return (repetition[place.authority] ?? []).some((text) => authorities.has(text.trim().toUpperCase()));
}

/** Fields of PID that hold CX, and PID-19 itself. */
const fieldsOfPid: ReadonlySet<number> = new Set([2, 3, 4, 18, 21]);
const numberOfPid = 19;

/** PID without it: what is of that type or authority, and what is the same number as PID-19 under another name. */
export function withoutSocialSecurity(pid: Segment): Segment {
  const digits = valueOf(pid, numberOfPid).replaceAll(/\D/g, '');
  const isSame = (repetition: Repetition): boolean =>
    digits.length === 9 && (repetition[0]?.[0] ?? '').replaceAll(/\D/g, '') === digits;
  const fields = pid.fields.map((field, index) => {
    if (index + 1 === numberOfPid) return [];
    if (!fieldsOfPid.has(index + 1)) return field;
    return field.filter((repetition) => !isSocialSecurity(repetition) && !isSame(repetition));
  });
  return { name: pid.name, fields };
}
