/** The sheet as JSON, laid out as a table: what is judged is the same. */
import { type Read, read, refused, type Sheet } from './table.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names of the API; the same words name the columns of a file. */
const ofSession = ['series', 'session', 'date', 'start', 'minutes', 'site', 'facilitator', 'topics'] as const;
const ofAttendee = [
  'sourcePatientId',
  'mrn',
  'dob',
  'attended',
  'minutesAttended',
  'makeupFor',
  'companionCount',
  'topics',
  'language',
] as const;

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const textOf = (value: unknown): string | undefined => {
  if (isScalar(value)) return String(value);
  return Array.isArray(value) && value.every(isScalar) ? value.join(';') : undefined;
};

/** Row 1 names the columns; attendee n of the array is row n + 1. */
export function attendanceTable(body: unknown): Read<Sheet> {
  const wrong = (what: string): Read<never> =>
    refused('attendance-invalid', 'This is no attendance sheet', `${what} Nothing was accepted.`);
  if (!isRecord(body)) return wrong('Send one object: series, session, date and attendees.');
  const attendees: unknown = body['attendees'];
  if (!Array.isArray(attendees)) return wrong('/attendees must be an array.');
  const unknown = Object.keys(body).find((name) => name !== 'attendees' && !ofSession.some((known) => known === name));
  if (unknown !== undefined) return wrong(`Only these are known beside attendees: ${ofSession.join(', ')}.`);
  const shared = ofSession.filter((name) => body[name] !== undefined);
  const columns = [...shared, ...ofAttendee.filter((name) => name !== 'topics' || !shared.includes('topics'))];
  const rows: { number: number; cells: string[] }[] = [{ number: 1, cells: [...columns] }];
  for (const [index, attendee] of attendees.entries()) {
    if (!isRecord(attendee)) return wrong(`/attendees/${index} must be an object.`);
    if (Object.keys(attendee).some((name) => !ofAttendee.some((known) => known === name)))
      return wrong(`/attendees/${index} has a name that is not known. Known: ${ofAttendee.join(', ')}.`);
    const cells: string[] = [];
    for (const name of columns) {
      const value = (shared as readonly string[]).includes(name) ? body[name] : attendee[name];
      const text = value === undefined || value === null ? '' : textOf(value);
      if (text === undefined) return wrong(`/attendees/${index}/${name} must be a text or a number.`);
      cells.push(text.trim());
    }
    rows.push({ number: index + 2, cells });
  }
  return read({ rows, others: 0 });
}
