/**
 * Rosters, from the bytes of an upload to activities in the ledger. The upload is judged and stored in one transaction;
 * carrying it out is a loop that anybody may resume.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Activity } from '../core/activity.ts';
import { identitiesOf, type KnownPerson } from '../core/person.ts';
import type { RosterAnswer, RosterAsk, RosterReport, RowProblem } from '../core/roster.ts';
import type { AttendanceAnswer, AttendanceAsk } from '../core/attendance.ts';
import { runAlone } from '../ledger/alone.ts';
import * as stored from '../ledger/rosters.ts';
import { inTransaction } from '../ledger/transaction.ts';
import { asLedgerUnavailable } from '../ledger/database.ts';
import { rosterFieldOf } from '../roster/columns.ts';
import { type Change, diff, type Known, type Member } from '../roster/diff.ts';
import { readRows } from '../roster/person-row.ts';
import { readSheet } from '../roster/read.ts';
import { reportOf } from '../roster/report.ts';
import { rosterOf, rosterSheet } from '../roster/roster.ts';
import { headerOf, strip } from '../roster/strip.ts';
import { versioned } from '../roster/versions.ts';
import { takeAttendance } from './attendance.ts';
import { dayIn, type SheetParts } from './sheets.ts';

export type Rosters = {
  /** Of group education. Rejects with a `LedgerUnavailable` when nothing could be stored. */
  readonly attendance: (bytes: Uint8Array, json: boolean, ask: AttendanceAsk) => Promise<AttendanceAnswer>;
  /** Rejects with a `LedgerUnavailable` when nothing could be stored. */
  readonly upload: (bytes: Uint8Array, ask: RosterAsk) => Promise<RosterAnswer>;
  /** Carries out what was stored, also by a process that died. Never rejects; what is left is taken up by the next call. */
  readonly carryOut: () => Promise<void>;
};

/** A snapshot that would remove more than this share of the roster is asked for again. */
const mostRemoved = 0.2;
const changesPerCommit = 400;

export function createRosters(parts: SheetParts): Rosters {
  let running: Promise<void> | undefined;
  let again = false;
  const carryOut = async (): Promise<void> => {
    if (running !== undefined) {
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await runAlone(parts.pool, 'rosters', () => carryOutAll(parts));
      } while (again);
    })().catch((error: unknown) => {
      parts.log('warn', 'roster.interrupted', { error });
    });
    await running;
    running = undefined;
  };
  return {
    carryOut,
    attendance: (bytes, json, ask) => takeAttendance(parts, bytes, json, ask).catch(fromLedger),
    upload: async (bytes, ask) => {
      const answer = await uploaded(parts, bytes, ask).catch(fromLedger);
      if (answer.kind === 'taken') void carryOut();
      return answer;
    },
  };
}

/** What carries a code comes from Postgres or from the way to it; all else is a fault of ours. */
const fromLedger = (error: unknown): never => {
  throw error instanceof Error && 'code' in error ? asLedgerUnavailable(error) : error;
};

async function carryOutAll({ pool, accept, identify, log }: SheetParts): Promise<void> {
  for (const one of await stored.openRosters(pool)) {
    let { done } = one;
    for (;;) {
      const changes = await stored.nextChanges(pool, one.id, done, changesPerCommit);
      const last = changes.at(-1);
      if (last === undefined) break;
      const items = changes.flatMap(({ activities }) =>
        activities.map((text) =>
          identify(JSON.parse(text) as Activity, Buffer.from(text), 'application/json', one.actor),
        ),
      );
      await accept(items);
      done = last.number;
      await stored.markDone(pool, one.id, done);
    }
    await stored.finishRoster(pool, one.id);
    log('info', 'roster.committed', { source: one.source, count: done });
  }
}

async function uploaded(parts: SheetParts, bytes: Uint8Array, ask: RosterAsk): Promise<RosterAnswer> {
  const fieldOf = rosterFieldOf(parts.columns);
  const sheet = await readSheet(bytes, (rows) => headerOf(rows, fieldOf) !== undefined);
  if (!sheet.ok) return { kind: 'refused', refusal: sheet.refusal };
  const bare = strip(sheet.value, fieldOf);
  if (!bare.ok) return { kind: 'refused', refusal: bare.refusal };
  const stripped = rosterSheet(bare.value);
  if (!stripped.ok) return { kind: 'refused', refusal: stripped.refusal };
  const table = stripped.value;
  const today = dayIn(parts.timeZone, parts.clock());

  return inTransaction(parts.pool, async (client): Promise<RosterAnswer> => {
    await stored.lockRoster(client, ask.source);
    const latest = await stored.latestRoster(client, ask.source);
    if (!ask.dryRun && latest?.state === 'committing') return { kind: 'refused', refusal: inProgress };
    const known = await stored.rosterMembers(client, ask.source);
    const members = new Map(
      known.map(({ patient, fields, present }): [string, Member] => [patient, { fields, present }]),
    );
    const ids = new Set([
      ...members.keys(),
      ...known.flatMap(({ fields }) => (typeof fields['mrn'] === 'string' ? [fields['mrn']] : [])),
      ...(await stored.paddedIds(client, ask.source)),
    ]);
    const rows = readRows(table, { today, dateOrder: ask.dateOrder, known: ids });
    const roster = rosterOf(table, rows);
    const context = { source: ask.source, programmeId: parts.programmeId };
    const columnOf = (field: string): string | undefined =>
      table.columns.find((column) => column.field === field)?.header;
    const differences = diff(
      roster,
      { members, people: await peopleOf(client, ask.source, roster.people) },
      {
        ...context,
        mode: ask.mode,
        today,
        removedStatus: ask.removedStatus,
        columnOf,
      },
    );
    const { changes, errors } = await checked(client, parts, ask.source, differences.changes, columnOf);
    const wrong = new Set(errors.map(({ row }) => row));
    const activities = changes.reduce((sum, { activities: list }) => sum + list.length, 0);
    const report = (values: boolean): RosterReport =>
      reportOf(
        table,
        { ...roster, errors: [...roster.errors, ...errors].sort((a, b) => a.row - b.row) },
        { ...differences, entries: differences.entries.filter(({ row }) => row === undefined || !wrong.has(row)) },
        activities,
        values,
      );
    const shown = report(ask.values ?? false);
    if (ask.dryRun) return { kind: 'dry-run', report: shown };
    const { remove } = shown.counts;
    if (differences.removedShare > mostRemoved && ask.confirmRemovals !== remove)
      return { kind: 'refused', refusal: tooManyRemoved(remove, members) };
    const contentHash = hashOf([ask.source, ask.mode, ask.removedStatus, ask.dateOrder, table.columns, table.rows]);
    if (changes.length === 0 && latest?.contentHash === contentHash)
      return { kind: 'known', id: latest.id, state: latest.state, report: shown };
    const id = await stored.storeRoster(client, {
      source: ask.source,
      mode: ask.mode,
      actor: ask.actor,
      contentHash,
      report: report(false),
      sheet: { columns: table.columns, rows: table.rows },
      changes,
    });
    return { kind: 'taken', id, state: 'committing', report: shown };
  });
}

const inProgress = {
  code: 'roster-in-progress',
  title: 'Another roster of this source is being committed',
  detail: 'Nothing was stored. Wait until it is committed (GET /v1/rosters), then send it again.',
};

const tooManyRemoved = (remove: number, members: ReadonlyMap<string, Member>) => ({
  code: 'too-many-removed',
  title: 'This snapshot would remove more than a fifth of the roster',
  detail:
    `Nothing was stored. It would remove ${remove} of ${[...members.values()].filter(({ present }) => present).length}. ` +
    `Is it the whole roster? Send a part of it as a delta; if it is right, confirm the number: confirmRemovals=${remove}.`,
});

const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

async function peopleOf(
  client: pg.PoolClient,
  source: string,
  roster: readonly { readonly sourcePatientId: string | undefined; readonly fields: { readonly mrn?: string } }[],
): Promise<Known['people']> {
  const given = (sourcePatientId: string | undefined, mrn: string | undefined) =>
    identitiesOf({
      source,
      ...(sourcePatientId === undefined ? {} : { sourcePatientId }),
      ...(mrn === undefined ? {} : { mrn }),
    });
  const found = await stored.peopleWith(
    client,
    roster.flatMap(({ sourcePatientId, fields }) => given(sourcePatientId, fields.mrn)),
  );
  const nameOf = (system: string, value: string): string => `${system}\n${value}`;
  const byIdentity = new Map<string, KnownPerson>(
    found.flatMap((person) =>
      person.identities.map(({ system, value }): [string, KnownPerson] => [nameOf(system, value), person]),
    ),
  );
  return (sourcePatientId, mrn) => [
    ...new Set(given(sourcePatientId, mrn).flatMap(({ system, value }) => byIdentity.get(nameOf(system, value)) ?? [])),
  ];
}

/** The changes as they are stored: versions given, activities checked as any other at its door. */
async function checked(
  client: pg.PoolClient,
  parts: SheetParts,
  source: string,
  changes: readonly Change[],
  columnOf: (field: string) => string | undefined,
): Promise<{ readonly changes: readonly stored.StoredChange[]; readonly errors: readonly RowProblem[] }> {
  const recordIds = changes.flatMap(({ drafts }) => drafts.map((draft) => draft.source.recordId));
  const heads = await stored.recordHeads(client, source, recordIds);
  const hash = (activity: Activity): string =>
    parts.identify(activity, nothing, 'application/json', '').record?.contentHash ?? '';
  const errors: RowProblem[] = [];
  const right = changes.flatMap(({ patient, row, fields, present, drafts }): readonly stored.StoredChange[] => {
    const activities = drafts.flatMap((draft) => versioned(draft, heads.get(draft.source.recordId), hash) ?? []);
    const issues = activities.flatMap((activity) => parts.check(activity));
    if (issues.length > 0 && row !== undefined) {
      const byField = new Map(issues.map((issue) => [fieldIn(issue.where), issue]));
      for (const [field, { what, code = 'invalid' }] of byField)
        errors.push({ row, column: columnOf(field) ?? field, what, code });
      return [];
    }
    return [{ patient, fields: { ...fields }, present, activities: activities.map((one) => JSON.stringify(one)) }];
  });
  return { changes: right, errors };
}

const nothing = new Uint8Array();

/** Where an activity holds what stands in a column of another name. */
const fieldsByPlace: Readonly<Record<string, string>> = {
  occurredAt: 'start',
  sourceUserId: 'chw',
  sourcePatientId: 'patient',
};

/** `/details/start` is told as `start`. */
function fieldIn(pointer: string): string {
  const last = pointer.split('/').findLast((part) => part !== '' && !/^\d+$/.test(part)) ?? pointer;
  return fieldsByPlace[last] ?? last;
}
