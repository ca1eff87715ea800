/** What the sender is told: counts, columns, problems; never a value that was not asked for. Pure. */
import type { RosterReport } from '../core/roster.ts';
import type { RosterField } from './columns.ts';
import type { Diff } from './diff.ts';
import type { Roster } from './roster.ts';
import type { Stripped } from './strip.ts';

export function reportOf(
  sheet: Stripped<RosterField>,
  roster: Roster,
  { entries, conflicts, unchanged, notices }: Pick<Diff, 'entries' | 'conflicts' | 'unchanged' | 'notices'>,
  activities: number,
  values: boolean,
): RosterReport {
  const count = (action: string): number => entries.filter((entry) => entry.action === action).length;
  const allConflicts = [...roster.conflicts, ...conflicts].sort((a, b) => a.row - b.row);
  return {
    counts: {
      rows: roster.rows,
      add: count('add'),
      change: count('change'),
      remove: count('remove'),
      unchanged,
      conflict: allConflicts.length,
      error: new Set(roster.errors.map(({ row }) => row)).size,
      duplicate: roster.duplicates,
      warning: roster.warnings.length,
      activities,
    },
    columns: sheet.columns.map(({ header, field }) => ({ column: header, field })),
    notices: [...sheet.notices, ...notices],
    errors: roster.errors,
    conflicts: allConflicts,
    warnings: roster.warnings,
    entries: entries.map(({ values: changed, ...entry }) =>
      values && changed !== undefined ? { ...entry, values: changed } : entry,
    ),
  };
}
