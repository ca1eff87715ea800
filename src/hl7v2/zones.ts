/** Offsets of IANA zones at local times. Intl is slow and a laboratory's messages are of the same few days: cached. */

const dayMs = 86_400_000;
const mostDays = 5_000;

type Zone = {
  readonly format: Intl.DateTimeFormat;
  /** Offset in minutes of local days without a change; `undefined` where one is near. */
  readonly days: Map<number, number | undefined>;
};

const zones = new Map<string, Zone | undefined>();

function zoneNamed(name: string): Zone | undefined {
  if (zones.has(name)) return zones.get(name);
  let zone: Zone | undefined;
  try {
    zone = {
      format: new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' }),
      days: new Map(),
    };
  } catch {
    zone = undefined;
  }
  zones.set(name, zone);
  return zone;
}

/** Minutes east of UTC at an instant. */
function offsetAt({ format }: Zone, instant: number): number {
  const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /GMT([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/**
 * Minutes east of UTC of a local time, given as if it were UTC. A time that does not exist (clocks go forward) or comes
 * twice (they go back) has the offset that held before the change. Undefined: no such zone.
 */
export function offsetOfLocal(local: number, zoneName: string): number | undefined {
  const zone = zoneNamed(zoneName);
  if (zone === undefined) return undefined;
  const day = Math.floor(local / dayMs);
  if (!zone.days.has(day)) {
    if (zone.days.size >= mostDays) zone.days.clear();
    const before = offsetAt(zone, (day - 1) * dayMs);
    zone.days.set(day, before === offsetAt(zone, (day + 2) * dayMs) ? before : undefined);
  }
  return zone.days.get(day) ?? nearChange(zone, local);
}

function nearChange(zone: Zone, local: number): number {
  const before = offsetAt(zone, local - dayMs);
  const after = offsetAt(zone, local + dayMs);
  if (offsetAt(zone, local - before * 60_000) === before) return before;
  return offsetAt(zone, local - after * 60_000) === after ? after : before;
}

/** `-06:00`. */
export const offsetText = (minutes: number): string => {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
};

const two = (number: number): string => String(number).padStart(2, '0');
