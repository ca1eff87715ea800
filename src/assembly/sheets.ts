/** What the doors of sheets (rosters, attendance) are made of. */
import type pg from 'pg';
import type { Activity } from '../core/activity.ts';
import type { Issue } from '../core/outcome.ts';
import type { Accept, Clock, Incoming, Log } from '../core/ports.ts';
import type { ColumnMap } from '../roster/columns.ts';

export type SheetParts = {
  readonly pool: pg.Pool;
  readonly accept: Accept;
  readonly check: (value: unknown) => readonly Issue[];
  readonly identify: (activity: Activity, raw: Uint8Array, contentType: string, actor: string) => Incoming;
  readonly programmeId: string;
  readonly timeZone: string;
  readonly columns: ColumnMap;
  readonly clock: Clock;
  readonly log: Log;
};

/** The day it is where the programme works. */
export const dayIn = (timeZone: string, now: Date): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone }).format(now);
