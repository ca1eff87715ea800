/** What a person is known as after a roster: the row laid over what was known, and the dates that the row left open. */
import type { RosterMode } from '../core/roster.ts';
import type { PersonField, PersonFields } from './person-row.ts';

/** Fields that a person never loses by an empty cell: they are events, and are ended by saying so. */
const lasting = new Set<PersonField>([
  'mrn',
  'dob',
  'status',
  'statusDate',
  'start',
  'tier',
  'tierReason',
  'tierDate',
  'researchStatus',
  'researchDate',
  'researchStudy', // prettier-ignore
]);

/**
 * An empty cell says nothing in a delta; in a snapshot it takes a value away, if the file has that column at all.
 * `today`: the day of the roster, for what has no date of its own.
 */
export function settled(
  row: PersonFields,
  known: PersonFields | undefined,
  speaksOf: ReadonlySet<PersonField>,
  mode: RosterMode,
  today: string,
  returns: boolean,
): PersonFields {
  const kept = Object.fromEntries(
    Object.entries(known ?? {}).filter(
      ([name]) => mode === 'delta' || lasting.has(name as PersonField) || !speaksOf.has(name as PersonField),
    ),
  ) as PersonFields;
  const merged: Writable = { ...kept, ...row };
  merged.noted = known?.noted ?? today;
  merged.start ??= row.status === 'active' ? (row.statusDate ?? today) : today;
  if (returns && known?.statusWas !== undefined) {
    // Paused because the roster did not name them: that is over, whatever else the row says.
    merged.status = row.status ?? known.statusWas;
    merged.statusDate = row.statusDate ?? today;
  } else if (row.status !== undefined && row.status !== known?.status) {
    merged.statusDate = row.statusDate ?? today;
  }
  if (merged.status !== known?.status) {
    merged.statusKey = merged.statusDate;
    delete merged.statusReason;
    delete merged.statusWas;
  }
  if (row.tier !== undefined && row.tier !== known?.tier) merged.tierDate = row.tierDate ?? today;
  if (merged.tier !== known?.tier) merged.tierKey = merged.tierDate;
  if (row.researchStatus !== undefined && row.researchStatus !== known?.researchStatus)
    merged.researchDate = row.researchDate ?? today;
  if (merged.researchStatus !== known?.researchStatus) merged.researchKey = merged.researchDate;
  return ordered(merged);
}

/** What somebody becomes who is no longer on the roster, when the sender asked for that. */
export const paused = (known: PersonFields, status: 'paused' | 'lost', today: string): PersonFields =>
  ordered({
    ...known,
    status,
    statusDate: today,
    statusKey: today,
    statusReason: `Not on the roster of ${today}`,
    statusWas: known.status ?? 'active',
  });

type Writable = { -readonly [K in PersonField]?: PersonFields[K] | undefined };

const ordered = (fields: Writable): PersonFields =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ) as PersonFields;
