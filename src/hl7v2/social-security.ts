/** A social security number is not carried anywhere: not PID-19, and not where one is sent as another identifier. */
import type { Repetition } from './message.ts';

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
