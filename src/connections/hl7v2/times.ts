/** FHIR dates as HL7 v2 DTM (v2.5.1 §2.A.22), as precise as they were. Pure. */

/** `2026-05-20T10:00:00-05:00` → `20260520100000-0500`; `2026-05` → `202605`. Undefined for what is no R4 date. */
export function dtmOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const found = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d{1,4})?\d*(Z|[+-]\d\d:\d\d))?)?)?$/.exec(
    value,
  );
  if (found === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = ''] = found;
  const offset = zone === 'Z' ? '+0000' : zone.replace(':', '');
  return `${year}${month}${day}${hour}${minute}${second}${fraction}${offset}`;
}

/** To the second, in UTC. */
export const dtmOfDate = (at: Date): string => dtmOf(`${at.toISOString().slice(0, 19)}Z`) ?? '';
