/** What is asked of a fleet once everything was sent: its ledger, its reconciliation, and where no patient's data may be. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Reconciliation } from '../core/story.ts';
import { roleName } from '../postgres/cluster.ts';
import { recall } from '../postgres/remembered.ts';
import { queueContents } from '../wake/contents.ts';
import type { Sink } from './canaries.ts';
import type { Fleet } from './fleet.ts';
import type { Finding, LedgerMessage } from './invariants.ts';
import { contents } from './redis.ts';
import { until } from './until.ts';

export const asked = async (fleet: Fleet, at: string, init: RequestInit = {}): Promise<unknown> => {
  const answer = await fetch(`${fleet.url}${at}`, {
    ...init,
    headers: { authorization: `Bearer ${fleet.key}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok) throw new Error(`${at.replace(/\?.*/, '')} answered ${String(answer.status)}.`);
  return answer.json();
};

type Page = { readonly messages: readonly LedgerMessage[]; readonly next?: string };

/** How long it took until nothing was on its way; undefined when it did not get there. */
export async function drained(fleet: Fleet, limitMs: number, signal: AbortSignal): Promise<number | undefined> {
  const began = performance.now();
  const none = async (state: string): Promise<boolean> =>
    ((await asked(fleet, `/v1/messages?state=${state}&limit=1`)) as Page).messages.length === 0;
  return until(
    async () =>
      (await none('received')) && (await none('filing')) && (await none('held'))
        ? performance.now() - began
        : undefined,
    limitMs,
    signal,
  );
}

/** Until the intake of the HL7 v2 door is empty: what it has acknowledged is in the ledger then. */
export async function handedOn(fleet: Fleet, limitMs: number, signal: AbortSignal): Promise<void> {
  const isEmpty = async (): Promise<true | undefined> => {
    const metrics = await fetch(`${fleet.url}/metrics`, { headers: { authorization: `Bearer ${fleet.key}` } });
    return /^tejido_intake_waiting 0$/m.test(await metrics.text()) ? true : undefined;
  };
  await until(isEmpty, limitMs, signal);
}

export async function ledgerOf(fleet: Fleet): Promise<readonly LedgerMessage[]> {
  const all: LedgerMessage[] = [];
  let before = '';
  for (;;) {
    const page = (await asked(fleet, `/v1/messages?limit=500${before}`)) as Page;
    all.push(...page.messages);
    if (page.next === undefined) return all;
    before = `&before=${page.next}`;
  }
}

/** By the command, as an operator would. */
export async function reconciliation(fleet: Fleet, folder: string): Promise<Reconciliation> {
  const log = path.join(folder, 'reconcile.json');
  await fleet.command(['reconcile', '--json'], log);
  const text = await readFile(log, 'utf8');
  return JSON.parse(text.slice(text.indexOf('{'))) as Reconciliation;
}

export async function sinksOf(fleet: Fleet, folder: string): Promise<readonly Sink[]> {
  const metrics = await fetch(`${fleet.url}/metrics`, { headers: { authorization: `Bearer ${fleet.key}` } });
  const { password, port } = await recall(fleet.dataDir);
  const database = `postgres://${roleName}:${password}@127.0.0.1:${String(port)}/${roleName}`;
  const inData = (await readdir(fleet.dataDir)).filter((name) => name.endsWith('.log'));
  return [
    ...fleet.logs().map((file) => ({ name: path.relative(folder, file), file })),
    ...inData.map((name) => ({ name, file: path.join(fleet.dataDir, name) })),
    { name: '/metrics', text: await metrics.text() },
    { name: 'BullMQ on Postgres', text: await queueContents(database) },
    ...(fleet.redisUrl === undefined ? [] : [{ name: 'Redis', text: await contents(fleet.redisUrl) }]),
  ];
}

export const cleanReconciliation = (reconciled: Reconciliation): Finding => ({
  promise: 'the reconciliation against the EHR is clean',
  checked: reconciled.rows.reduce((sum, row) => sum + row.expected, 0),
  broken: reconciled.clean
    ? []
    : [
        reconciled.problem ??
          `${String(reconciled.missing.length)} missing, ${String(reconciled.duplicated.length)} doubled`,
      ],
});

export const sumOf = ({ clean, rows }: Reconciliation) => ({
  clean,
  expected: rows.reduce((sum, row) => sum + row.expected, 0),
  standing: rows.reduce((sum, row) => sum + row.standing, 0),
});

export function statesOf(messages: readonly LedgerMessage[]): Readonly<Record<string, number>> {
  const states: Record<string, number> = {};
  for (const { state } of messages) states[state] = (states[state] ?? 0) + 1;
  return states;
}
