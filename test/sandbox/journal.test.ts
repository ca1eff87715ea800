import { afterAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once as event } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openJournal } from '../../src/sandbox/journal.ts';
import { createStore } from '../../src/sandbox/store.ts';
import { at, bundleOf, clientOf, once, patient, statuses } from './support.ts';
import type { Client } from './support.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'sandbox-'));
const running = new Set<ChildProcess>();
afterAll(async () => {
  await Promise.all([...running].map(kill));
  await rm(folder, { recursive: true, force: true });
});

async function launch(journal: string): Promise<{ readonly child: ChildProcess; readonly call: Client }> {
  const child = spawn(process.execPath, ['src/sandbox/server.ts', '--port', '0', '--journal', journal], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const [line] = (await event(child.stdout, 'data')) as [Buffer];
  return { child, call: clientOf(line.toString('utf8').trim()) };
}

async function kill(child: ChildProcess): Promise<void> {
  running.delete(child);
  child.kill('SIGKILL');
  await event(child, 'exit');
}

test('what was answered stands after kill -9 in the middle of writing, versions and deletions included, and nothing stands by half', async () => {
  const file = path.join(folder, 'killed.ndjson');
  const first = await launch(file);
  const made = await first.call('POST', '/Patient', { body: patient('kept') });
  const id = String(made.json['id']);
  await first.call('PUT', `/Patient/${id}`, { body: { ...patient('kept'), id, gender: 'female' } });
  const doomed = await first.call('POST', '/Patient', { body: patient('doomed') });
  await first.call('DELETE', `/Patient/${String(doomed.json['id'])}`);

  const answered: number[] = [];
  const work = Array.from({ length: 8 }, async (_, lane) => {
    for (let i = lane; ; i += 8) {
      const reply = await first.call('POST', '/', { body: bundleOf([once(patient(`a${i}`)), once(patient(`b${i}`))]) });
      if (reply.status === 200) answered.push(i);
      if (answered.length === 150) await kill(first.child);
    }
  });
  await Promise.allSettled(work);

  const second = await launch(file);
  const count = async (value: string) =>
    (await second.call('GET', `/Patient?identifier=urn:t|${value}&_summary=count`)).json['total'];
  for (const i of answered) expect([await count(`a${i}`), await count(`b${i}`)]).toEqual([1, 1]);
  const last = Math.max(...answered);
  for (let i = last; i < last + 20; i++) expect(await count(`a${i}`)).toBe(await count(`b${i}`));
  const kept = await second.call('GET', `/Patient/${id}/_history`);
  expect([kept.json['total'], at(kept.json, 'entry', 0, 'resource', 'gender')]).toEqual([2, 'female']);
  expect((await second.call('GET', `/Patient/${String(doomed.json['id'])}`)).status).toBe(410);
  expect(statuses(await second.call('POST', '/', { body: bundleOf([once(patient('a0'))]) }))).toEqual(['200']);
  await kill(second.child);
});

test('a torn last line is dropped and the file goes on behind the last whole one', async () => {
  const file = path.join(folder, 'torn.ndjson');
  const first = await launch(file);
  await first.call('POST', '/Patient', { body: patient('whole') });
  await kill(first.child);
  const whole = await readFile(file, 'utf8');
  await appendFile(file, whole.slice(0, whole.length / 2));
  const second = await launch(file);
  await second.call('POST', '/Patient', { body: patient('after') });
  await kill(second.child);
  expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(2);
  const third = await launch(file);
  expect((await third.call('GET', '/Patient?_summary=count')).json['total']).toBe(2);
  await kill(third.child);
});

test('a journal that is damaged in the middle is reported with its line, not half read', async () => {
  const file = path.join(folder, 'damaged.ndjson');
  await writeFile(file, '[]\n{"torn\n[]\n');
  await expect(openJournal(file, createStore())).rejects.toThrow(/line 2/);
});

test('a journal that has outgrown its content is compacted at start and keeps the last versions', async () => {
  const file = path.join(folder, 'grown.ndjson');
  const store = createStore();
  const journal = await openJournal(file, store);
  const version = (n: number) => ({
    versionId: String(n),
    lastUpdated: '2026-05-06T00:00:00.000Z',
    method: 'PUT' as const,
    committedAt: n,
  });
  for (let n = 1; n <= 200; n++) {
    const meta = { versionId: String(n), lastUpdated: '2026-05-06T00:00:00.000Z' };
    journal.append([
      store.apply('Patient', 'x', { ...version(n), resource: { resourceType: 'Patient', id: 'x', meta } }),
    ]);
  }
  journal.append([store.apply('Patient', 'gone', { ...version(1), method: 'DELETE' })]);
  journal.close();
  const before = (await stat(file)).size;
  const again = createStore();
  (await openJournal(file, again, 1000)).close();
  expect((await stat(file)).size).toBeLessThan(before / 20);
  const reread = createStore();
  (await openJournal(file, reread, 1000)).close();
  expect(reread.current('Patient', 'x')?.meta.versionId).toBe('200');
  expect(reread.entry('Patient', 'gone')?.versions).toHaveLength(1);
});
