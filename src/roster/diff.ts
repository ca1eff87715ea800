/** A roster beside what is known: who is added, changed, removed, and who must be looked at by a person first. Pure. */
import { type KnownPerson, recognise } from '../core/person.ts';
import type { RemovedStatus, RosterEntry, RosterMode, RowProblem, SheetNotice } from '../core/roster.ts';
import { type Draft, draftsOf, hasLeft, type RosterContext } from './enrolment.ts';
import type { PersonField, PersonFields } from './person-row.ts';
import type { Roster, RosterPerson } from './roster.ts';
import { paused, settled } from './settle.ts';

/** One person as earlier rosters of this source left them. */
export type Member = { readonly fields: PersonFields; readonly present: boolean };

export type Known = {
  readonly members: ReadonlyMap<string, Member>;
  /** Everybody who has one of these identifiers, by any source. */
  readonly people: (sourcePatientId: string | undefined, mrn: string | undefined) => readonly KnownPerson[];
};

/** A person as they are to be known, and what is sent on for them. */
export type Change = {
  readonly patient: string;
  readonly row: number | undefined;
  readonly fields: PersonFields;
  readonly present: boolean;
  readonly drafts: readonly Draft[];
};

export type Diff = {
  readonly changes: readonly Change[];
  readonly entries: readonly RosterEntry[];
  readonly unchanged: number;
  readonly conflicts: readonly RowProblem[];
  readonly notices: readonly SheetNotice[];
  /** Of those who were on the roster before. */
  readonly removedShare: number;
};

export type DiffRules = RosterContext & {
  readonly mode: RosterMode;
  readonly today: string;
  readonly removedStatus: RemovedStatus | undefined;
  /** Header of the column of a field, for the conflicts. */
  readonly columnOf: (field: string) => string | undefined;
};

const own = new Set<PersonField>(['noted', 'statusKey', 'tierKey', 'researchKey', 'statusReason', 'statusWas']);

const differing = (before: PersonFields, after: PersonFields): readonly PersonField[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)] as PersonField[])]
    .filter((name) => !own.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .sort();

export function diff(roster: Roster, known: Known, rules: DiffRules): Diff {
  const changes: Change[] = [];
  const entries: RosterEntry[] = [];
  const conflicts: RowProblem[] = [];
  let unchanged = 0;
  for (const person of roster.people) {
    const { row, patient } = person;
    const member = known.members.get(patient);
    const conflict = conflictOf(person, member, known, rules);
    if (conflict !== undefined) {
      conflicts.push(conflict);
      continue;
    }
    const returns = member?.present === false;
    const fields = settled(person.fields, member?.fields, roster.fields, rules.mode, rules.today, returns);
    const names = differing(member?.fields ?? {}, fields);
    if (member !== undefined && !returns && names.length === 0) {
      unchanged += 1;
      continue;
    }
    changes.push({ patient, row, fields, present: true, drafts: draftsOf(person, fields, member?.fields, rules) });
    entries.push(
      member === undefined
        ? { row, patient, action: 'add' }
        : {
            row,
            patient,
            action: 'change',
            fields: returns ? [...names, 'present'] : names,
            values: Object.fromEntries(names.map((name) => [name, changeOf(member.fields[name], fields[name])])),
          },
    );
  }
  const removal = rules.mode === 'snapshot' ? removed(roster, known, rules) : { changes: [], notices: [] };
  const before = [...known.members.values()].filter(({ present }) => present).length;
  return {
    changes: [...changes, ...removal.changes],
    entries: [...entries, ...removal.changes.map(({ patient }): RosterEntry => ({ patient, action: 'remove' }))],
    unchanged,
    conflicts,
    notices: removal.notices,
    removedShare: before === 0 ? 0 : removal.changes.length / before,
  };
}

const changeOf = (from: unknown, to: unknown) => ({
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
});

function removed(
  roster: Roster,
  known: Known,
  rules: DiffRules,
): { readonly changes: readonly Change[]; readonly notices: readonly SheetNotice[] } {
  const gone = [...known.members].filter(([patient, { present }]) => present && !roster.named.has(patient));
  if (gone.length === 0) return { changes: [], notices: [] };
  if (roster.nameless > 0) {
    return {
      changes: [],
      notices: [
        {
          code: 'removals-uncertain',
          what: `${roster.nameless} row(s) name no patient; they may be those who are missing. Nobody was removed: correct the rows first.`,
        },
      ],
    };
  }
  return {
    notices: [],
    changes: gone.map(([patient, { fields }]): Change => {
      const sourcePatientId = patient.startsWith('mrn:') ? undefined : patient;
      // Who has left already is only marked absent.
      const after =
        rules.removedStatus === undefined || hasLeft(fields.status)
          ? fields
          : paused(fields, rules.removedStatus, rules.today);
      const drafts = after === fields ? [] : draftsOf({ patient, sourcePatientId }, after, fields, rules);
      return {
        patient,
        row: undefined,
        fields: after,
        present: false,
        drafts: drafts.filter(({ activityType }) => activityType === 'roster.status-change'),
      };
    }),
  };
}

function conflictOf(
  person: RosterPerson,
  member: Member | undefined,
  known: Known,
  { source, columnOf }: DiffRules,
): RowProblem | undefined {
  const { row, sourcePatientId, fields } = person;
  const at = (code: string, what: string, ...columns: readonly string[]): RowProblem => {
    const column = columns.map(columnOf).find((one) => one !== undefined);
    return { row, ...(column === undefined ? {} : { column }), what, code };
  };
  const before = member?.fields;
  const people = known.people(sourcePatientId, fields.mrn);
  // Somebody who linked two ids has seen that the dates differ.
  const seen = people.some(({ otherDobs = [] }) => fields.dob !== undefined && otherDobs.includes(fields.dob));
  if (!seen && before?.dob !== undefined && fields.dob !== undefined && before.dob !== fields.dob)
    return at('dob-differs', 'The date of birth differs from the one known. Look whether it is the same person.', 'dob'); // prettier-ignore
  if (before?.mrn !== undefined && fields.mrn !== undefined && before.mrn !== fields.mrn)
    return at('mrn-differs', 'The patient was known by another MRN. Look whether it is the same person.', 'mrn');
  if (before !== undefined && isSomebodyElse(before, fields))
    return at('name-differs', 'Not one word of the name is the one known: the id may have been given to somebody else.', 'family', 'given'); // prettier-ignore
  const recognition = recognise(
    {
      source,
      ...(sourcePatientId === undefined ? {} : { sourcePatientId }),
      ...(fields.mrn === undefined ? {} : { mrn: fields.mrn }),
      ...(fields.dob === undefined ? {} : { dob: fields.dob }),
    },
    people,
  );
  return recognition.kind === 'conflict'
    ? at('identifiers-conflict', recognition.detail, /birth/.test(recognition.detail) ? 'dob' : 'mrn', 'patient')
    : undefined;
}

const nameWords = ({ given, family, secondFamily }: PersonFields): readonly string[] =>
  [given, family, secondFamily]
    .join(' ')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 1);

/** A surname may change with a marriage, a given name by a correction; all words at once do not. */
const isSomebodyElse = (before: PersonFields, now: PersonFields): boolean => {
  const [a, b] = [nameWords(before), nameWords(now)];
  const bothWhole = before.given !== undefined && now.given !== undefined && before.family !== undefined && now.family !== undefined; // prettier-ignore
  return bothWhole && a.length > 0 && b.length > 0 && !a.some((word) => b.includes(word));
};
