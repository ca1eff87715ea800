/** The demo as its senders: the roster, the app, CommCare, and the sheets of the classes, each through its own door. */
import { appSystem, commcareSource } from '../../demo/programme.ts';
import type { Delivery } from '../../demo/plan.ts';
import type { Parts } from '../parts.ts';
import { postBatch } from '../post.ts';
import { CommandError } from '../run.ts';

export type Door = { readonly url: string; readonly key: string };

const batchSize = 50;

type Json = Readonly<Record<string, unknown>>;

async function ask(
  door: Door,
  at: string,
  init: { method?: string; body?: string; type?: string } = {},
): Promise<Json> {
  const answer = await fetch(`${door.url}${at}`, {
    method: init.method ?? 'GET',
    headers: { authorization: `Bearer ${door.key}`, 'content-type': init.type ?? 'application/json' },
    ...(init.body === undefined ? {} : { body: init.body }),
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as Json;
  throw new CommandError(
    `${at.split('?')[0] ?? at} answered ${String(answer.status)} to the demo.`,
    text.slice(0, 500),
  );
}

const countIn = (answer: Json, name: string): number => {
  const counts = answer['counts'];
  const found: unknown = typeof counts === 'object' && counts !== null ? (counts as Json)[name] : undefined;
  return typeof found === 'number' ? found : 0;
};

/** Waits until it is carried out. Resolves with the number of activities that came of it. */
export async function sendRoster(parts: Parts, door: Door, csv: string): Promise<number> {
  const taken = await ask(door, `/v1/rosters?mode=snapshot&source=${appSystem}`, { method: 'POST', body: csv, type: 'text/csv' }); // prettier-ignore
  const wrong = countIn(taken, 'error') + countIn(taken, 'conflict');
  if (wrong > 0) throw new CommandError(`${String(wrong)} rows of the demo's roster were refused.`);
  for (;;) {
    const { state } = await ask(door, `/v1/rosters/${String(taken['id'])}`);
    if (state === 'committed') return countIn(taken, 'activities');
    await parts.pause(200);
  }
}

/** In order: what belongs together stays so, the doors take turns. Resolves with the number of messages taken. */
export async function sendDay(parts: Parts, door: Door, deliveries: readonly Delivery[]): Promise<number> {
  let batch: Delivery[] = [];
  let taken = 0;
  const post = async (): Promise<void> => {
    if (batch.length === 0) return;
    const items = batch.map(({ body }, index) => ({ text: JSON.stringify(body), at: String(index) }));
    batch = [];
    const results = await postBatch(parts, { ...door, retries: 8 }, items, () => undefined);
    const refused = results.find((result) => 'refused' in result);
    if (refused !== undefined && 'refused' in refused)
      throw new CommandError(`An activity of the demo was refused: ${refused.refused}`);
    taken += results.length;
  };
  for (const delivery of deliveries) {
    if (delivery.door === 'activities') batch.push(delivery);
    if (batch.length >= batchSize || delivery.door !== 'activities') await post();
    const body = JSON.stringify(delivery.body);
    if (delivery.door === 'commcare') {
      await ask(door, `/v1/sources/${commcareSource}`, { method: 'POST', body });
      taken += 1;
    } else if (delivery.door === 'attendance') {
      const answer = await ask(door, `/v1/attendance?source=${appSystem}`, { method: 'POST', body });
      taken += countIn(answer, 'sent') + countIn(answer, 'voided');
    }
  }
  await post();
  return taken;
}
