/** Story of the evaluator: the report of May, made again later as of then, has the same numbers; what changed is listed. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { aSite, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

let site: Site;
beforeEach(async () => {
  site = await aSite();
});
afterEach(() => site.end());

const visit = JSON.parse(readFileSync('schemas/examples/contact.home.json', 'utf8')) as Record<string, unknown> & {
  source: Record<string, unknown>;
};
const source = (recordId: string, recordVersion = 1) => ({ ...visit.source, recordId, recordVersion });
const send = (...activities: readonly unknown[]) => site.ask('/v1/activities', { method: 'POST', body: activities });
type Report = {
  readonly asOf: string;
  readonly figures: readonly { readonly id: string; readonly count: number }[];
  readonly changed: readonly { readonly what: string; readonly recordId: string }[];
};
const report = async (...more: readonly string[]): Promise<Report> => {
  const { code, text } = await site.run(['report', '--month', '2026-05', '--json', ...more]);
  expect(code).toBe(0);
  return JSON.parse(text.slice(text.indexOf('{'))) as Report;
};
const contacts = ({ figures }: Report): number | undefined => figures.find(({ id }) => id === 'DOS-1')?.count;

test('the report of May gives in August the numbers of May, and lists what was taken back since', async () => {
  await site.start();
  await send(
    { ...visit, source: source('one') },
    { ...visit, source: source('two'), occurredAt: '2026-05-20T10:00:00-05:00' },
    { ...visit, source: source('three'), occurredAt: '2026-05-21T10:00:00-05:00' },
  );
  await settled(site);
  const then = await report();
  expect(contacts(then)).toBe(3);
  expect(then.changed).toEqual([]);

  await send(
    {
      ...visit,
      activityType: 'void',
      components: [],
      source: source('v'),
      details: { target: { recordId: 'two' }, reason: 'mistaken' },
    },
    { ...visit, source: source('three', 2), occurredAt: '2026-05-22T10:00:00-05:00', durationMinutes: 5 },
    { ...visit, source: source('late'), occurredAt: '2026-05-23T10:00:00-05:00' },
  );
  await settled(site);
  const again = await report('--as-of', then.asOf);
  expect(again.figures).toEqual(then.figures);
  expect(again.changed.map(({ what, recordId }) => `${what} ${recordId}`).toSorted()).toEqual([
    'amended three',
    'voided two',
  ]);
  expect(contacts(await report())).toBe(3);
  expect(await report()).not.toMatchObject({ figures: then.figures });
});
