/** Rosters and attendance sheets from files: shown as a difference first, committed when that was asked for. */
import { readFile } from 'node:fs/promises';
import { fetch } from 'undici';
import { attendanceFieldOf, rosterFieldOf } from '../roster/columns.ts';
import { readSheet } from '../roster/read.ts';
import { headerOf } from '../roster/strip.ts';
import { plural, table } from './format.ts';
import type { Parts } from './parts.ts';
import type { Target } from './post.ts';
import { CommandError, json, Unsuccessful } from './run.ts';

export type SheetOptions = {
  readonly snapshot?: true;
  readonly delta?: true;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly source: string;
  readonly dateOrder?: string;
  readonly removedStatus?: string;
  readonly confirmRemovals?: number;
  readonly values?: true;
  readonly json?: true;
};

export const isSheetFile = (file: string): boolean => /\.(csv|tsv|xlsx)$/i.test(file);

type Problem = { readonly row: number; readonly column?: string; readonly what: string };
type Answer = {
  readonly id?: string;
  readonly state?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly counts?: Readonly<Record<string, number>>;
  readonly notices?: readonly { readonly what: string; readonly columns?: readonly string[] }[];
  readonly errors?: readonly Problem[];
  readonly conflicts?: readonly Problem[];
  readonly warnings?: readonly Problem[];
  readonly rows?: readonly Problem[];
  readonly entries?: readonly {
    readonly row?: number;
    readonly patient: string;
    readonly action: string;
    readonly fields?: readonly string[];
    readonly values?: Readonly<Record<string, { readonly from?: unknown; readonly to?: unknown }>>;
  }[];
};

const mostShown = 50;

/** An attendance sheet has a series and who attended; all else with a known header is a roster. */
async function isAttendance(bytes: Uint8Array, options: SheetOptions): Promise<boolean> {
  if (options.snapshot !== undefined || options.delta !== undefined) return false;
  const sheet = await readSheet(bytes, (rows) => headerOf(rows, attendanceFieldOf) !== undefined);
  const header = sheet.ok ? headerOf(sheet.value.rows, attendanceFieldOf) : undefined;
  const fields = new Set(header?.cells.map((cell) => (typeof cell === 'string' ? attendanceFieldOf(cell) : undefined)));
  if (fields.has('attended') && fields.has('session')) return true;
  const roster = sheet.ok && headerOf(sheet.value.rows, rosterFieldOf()) !== undefined;
  throw new CommandError(
    roster
      ? 'This is a roster: say what kind.'
      : 'No row of this file names columns of a roster or of an attendance sheet.',
    'Give --snapshot (everybody) or --delta (only new and changed).',
  );
}

async function ask(target: Target, path: string, bytes?: Uint8Array): Promise<{ status: number; body: Answer }> {
  const { url, key } = target;
  const response = await fetch(new URL(path, url), {
    ...(bytes === undefined ? {} : { method: 'POST', body: bytes }),
    headers: {
      'content-type': 'text/csv',
      accept: 'application/json, application/problem+json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    signal: AbortSignal.timeout(300_000),
  }).catch(() => undefined);
  if (response === undefined)
    throw new CommandError(`${url} does not answer.`, 'Start it with `tejido start`, or give --url; then send the file again.'); // prettier-ignore
  const body = (await response.json().catch(() => ({}))) as Answer;
  if (response.status === 401 || response.status === 403)
    throw new CommandError(
      `The key is not accepted (${response.status}).`,
      'A roster needs the scope rosters:write (with --values rosters:read too), attendance activities:write.',
    );
  return { status: response.status, body };
}

const shown = (problems: readonly Problem[] | undefined, kind: string): readonly string[] => {
  const all = problems ?? [];
  const lines = all.slice(0, mostShown).map(({ row, column, what }) => `${kind}, row ${row}${column === undefined ? '' : `, ${column}`}: ${what}`); // prettier-ignore
  return all.length > mostShown ? [...lines, `and ${all.length - mostShown} more; see --json`] : lines;
};

function show(parts: Parts, answer: Answer, options: SheetOptions): void {
  const { out, err } = parts.terminal;
  if (options.json) {
    out(json(answer));
    return;
  }
  for (const { what, columns } of answer.notices ?? [])
    err(columns === undefined ? what : `${what} Columns: ${columns.join(', ')}.`);
  for (const line of [
    ...shown(answer.errors, 'error'),
    ...shown(answer.conflicts, 'conflict'),
    ...shown(answer.warnings, 'doubt'),
    ...shown(answer.rows, 'error'),
  ])
    err(line);
  const changed = (answer.entries ?? []).filter(({ action }) => action !== 'add');
  if (changed.length > 0) {
    const rows = changed
      .slice(0, mostShown)
      .map(({ row, patient, action, fields = [], values }) => [
        action,
        row ?? '',
        patient,
        fields.map((field) => valueText(field, values?.[field])).join(', '),
      ]);
    out(table(['ACTION', 'ROW', 'PATIENT', 'FIELDS'], rows));
    if (changed.length > mostShown) out(`and ${changed.length - mostShown} more; see --json`);
  }
  const counts = Object.entries(answer.counts ?? {}).filter(([name, count]) => count > 0 || name === 'rows');
  if (counts.length > 0) out(table(['COUNT', ''], counts));
}

const valueText = (field: string, value: { readonly from?: unknown; readonly to?: unknown } | undefined): string =>
  value === undefined ? field : `${field}: ${JSON.stringify(value.from ?? null)} → ${JSON.stringify(value.to ?? null)}`;

const pollMs = 250;

/** Waits until an import is carried out. */
async function untilCommitted(parts: Parts, target: Target, id: string): Promise<void> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    const { status, body } = await ask(target, `/v1/rosters/${id}`);
    // The key may not read rosters: it is carried out all the same.
    if (status !== 200 || body.state === 'committed') return;
    await parts.pause(pollMs);
  }
}

export async function sendSheets(
  parts: Parts,
  target: Target,
  files: readonly string[],
  options: SheetOptions,
): Promise<void> {
  if (!files.every(isSheetFile)) throw new CommandError('Send sheets and activities apart.');
  if (options.snapshot !== undefined && options.delta !== undefined)
    throw new CommandError('A roster is a snapshot or a delta, not both.');
  for (const file of files) {
    const bytes = await readFile(file).catch(() => {
      throw new CommandError(`${file} cannot be read.`);
    });
    const attendance = await isAttendance(bytes, options);
    const commits = attendance ? options.dryRun === undefined : options.yes === true && options.dryRun === undefined;
    const query = new URLSearchParams({
      source: options.source,
      dryRun: String(!commits),
      ...(attendance ? {} : { mode: options.snapshot === undefined ? 'delta' : 'snapshot' }),
      ...(options.dateOrder === undefined ? {} : { dateOrder: options.dateOrder }),
      ...(attendance || options.removedStatus === undefined ? {} : { removedStatus: options.removedStatus }),
      ...(attendance || options.confirmRemovals === undefined ? {} : { confirmRemovals: String(options.confirmRemovals) }), // prettier-ignore
      ...(attendance || options.values === undefined ? {} : { values: 'true' }),
    });
    const { status, body } = await ask(
      target,
      `/v1/${attendance ? 'attendance' : 'rosters'}?${query.toString()}`,
      bytes,
    );
    show(parts, body, options);
    if (status >= 400) throw new CommandError(`${file}: ${body.title ?? `answer ${status}`}.`, body.detail);
    const wrong = (body.errors?.length ?? 0) + (body.conflicts?.length ?? 0);
    if (!commits) {
      parts.terminal.err(attendance || options.dryRun ? 'Nothing was stored.' : 'Nothing was stored. Add --yes to commit it.'); // prettier-ignore
    } else if (!attendance && body.id !== undefined) {
      await untilCommitted(parts, target, body.id).catch(() => undefined);
      parts.terminal.err(`Roster ${body.id} is committed.`);
    }
    if (wrong > 0) {
      parts.terminal.err(`${plural(wrong, 'problem')} in rows that were set aside.`);
      throw new Unsuccessful();
    }
  }
}
