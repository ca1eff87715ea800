/** Results on their way to the CHW, on a real Postgres: who is told what, when, and never twice. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rankOf } from '../../src/core/lab/versions.ts';
import { listChanges } from '../../src/ledger/changes-feed.ts';
import { releaseLabs } from '../../src/ledger/labs-release.ts';
import { labRules } from '../support/labs.ts';
import { aLedger, ehr, type TestLedger } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

const delayMs = 3_600_000;
const release = {
  rules: { trends: labRules.trends, release: { delayMs, everyMs: 1, newsWithinMs: 365 * 86_400_000 } },
  labSources: ['riverlab'],
};

let people = 0;
const keyOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A person in a chart, known to an app unless it is said by whom. */
async function aPerson(source = 'app') {
  people += 1;
  const key = keyOf(people);
  await ledger.pool.query('insert into patient (key) values ($1)', [key]);
  await ledger.pool.query('insert into identity (system, value, patient_key) values ($2, $3, $1)', [key, `source:${source}`, `p${String(people)}`]); // prettier-ignore
  await ledger.pool.query('insert into ehr_patient (destination, patient_key, reference) values ($1, $2, $3)', [ehr, key, `Patient/p${String(people)}`]); // prettier-ignore
  return key;
}

let messages = 0;
type Version = {
  artifact: string;
  number?: number;
  status?: string;
  code?: string;
  day?: string;
  unit?: string;
  chw?: boolean;
  agoMs?: number;
};

async function file(
  key: string,
  {
    artifact,
    number,
    status = 'final',
    code = '4548-4',
    day = '2026-03-09',
    unit = '%',
    chw = true,
    agoMs = 2 * delayMs,
  }: Version,
) {
  // prettier-ignore
  messages += 1;
  const value =
    number === undefined
      ? status === 'final'
        ? { awaited: true }
        : {}
      : { number, text: `${String(number)} ${unit}` };
  const summary = { codes: [`http://loinc.org|${code}`], unit, effective: day, ...value }; // prettier-ignore
  await ledger.pool.query(
    `insert into lab_version (destination, artifact, message_id, patient_key, source, report, key, resource_type, order_value,
       service, status, final, rank, issued, sent, hash, position, summary, chw, at)
     values ($1, $2, $3, $4, 'riverlab', $2 || '.r', 'k', 'Observation', 'F1', 's', $5, $6, $12, $7, $7, $8, 0, $9, $10,
       clock_timestamp() - $11 * interval '1 ms')`,
    [ehr, artifact, messages, key, status, !['preliminary', 'registered'].includes(status), new Date(Date.UTC(2026, 0, 1, 0, messages)), `${status} ${String(number)} ${code}`, JSON.stringify(summary), chw, agoMs, rankOf(status)], // prettier-ignore
  );
}
const fact = async (key: string, kind: string, data: object, at = '2026-01-01T00:00:00Z') => {
  messages += 1;
  await ledger.pool.query(
    `insert into fact (message_id, ordinal, patient_key, source, record_id, kind, key, at, said_at, data)
     values ($1, 0, $2, 'app', $6, $3, 'f', $4::timestamptz, $4::text, $5)`,
    [messages, key, kind, at, JSON.stringify(data), `r${String(messages)}`],
  );
};
const look = async () => {
  let told = 0;
  for (let more = true; more;) {
    const looked = await releaseLabs(ledger.pool, release);
    told += looked.told;
    more = looked.more;
  }
  return told;
};
const feed = async (key: string) => {
  const { changes } = await listChanges(ledger.pool, { after: '0', limit: 500 }, new Date(), ['riverlab']);
  return changes
    .filter(({ ids }) => ids.some(({ sourcePatientId }) => keyOf(Number(sourcePatientId.slice(1))) === key))
    .map(({ kind, content }) => `${kind}: ${'says' in content ? content.says.en : ''}`);
};

test('an A1c of 7.9, then of 9.4: told after the delay, each once', async () => {
  const key = await aPerson();
  await file(key, { artifact: 'a1', number: 7.9 });
  expect(await look()).toBe(1);
  await file(key, { artifact: 'a2', number: 9.4, day: '2026-06-09', agoMs: 0 });
  expect(await feed(key)).toEqual(['lab.result: A1c 7.9 %']);
  expect(await look()).toBe(0);
  await releaseLabs(ledger.pool, release, new Date(Date.now() + delayMs + 1_000));
  await releaseLabs(ledger.pool, release, new Date(Date.now() + delayMs + 2_000));
  expect(await feed(key)).toEqual(['lab.result: A1c 7.9 %', 'lab.result: A1c 7.9 → 9.4 %']);
});

test('a resend does not put it off, and is not told again', async () => {
  const key = await aPerson();
  await file(key, { artifact: 'b1', number: 8 });
  await file(key, { artifact: 'b1', number: 8, agoMs: 0 });
  expect(await look()).toBe(1);
  await file(key, { artifact: 'b1', number: 8, agoMs: 0 });
  expect(await look()).toBe(0);
  expect(await feed(key)).toHaveLength(1);
});

test('what was corrected or withdrawn before its time does not leak', async () => {
  const [one, other] = [await aPerson(), await aPerson()];
  await file(one, { artifact: 'c1', number: 9.9 });
  await file(one, { artifact: 'c1', number: 6.1, status: 'corrected' });
  await file(other, { artifact: 'c2', number: 9.9 });
  await file(other, { artifact: 'c2', number: 9.9, status: 'entered-in-error', agoMs: 0 });
  await look();
  expect(await feed(one)).toEqual(['lab.result: A1c 6.1 % (corrected)']);
  expect(await feed(other)).toEqual([]);
  expect(JSON.stringify((await ledger.pool.query('select content from change')).rows)).not.toContain('9.9');
});

test('what was told and does not hold is corrected and withdrawn at once', async () => {
  const key = await aPerson();
  await file(key, { artifact: 'd1', number: 7.9 });
  await look();
  await file(key, { artifact: 'd1', number: 9.7, status: 'corrected', agoMs: 0 });
  await look();
  await file(key, { artifact: 'd1', status: 'cancelled', agoMs: 0 });
  await look();
  expect(await look()).toBe(0);
  expect(await feed(key)).toEqual([
    'lab.result: A1c 7.9 %',
    'lab.corrected: A1c 9.7 % (corrected)',
    'lab.withdrawn: A1c: a result that you were told no longer holds; the laboratory withdrew it. A1c: no result stands.',
  ]);
});

test('a result that was moved is withdrawn from the one and told of the other', async () => {
  const [wrong, right] = [await aPerson(), await aPerson()];
  await file(wrong, { artifact: 'e1', number: 9.1 });
  await look();
  await ledger.pool.query(`update lab_version set voided = true where artifact = 'e1'`);
  await file(right, { artifact: 'e1', number: 9.1 });
  await look();
  expect((await feed(wrong)).at(-1)).toMatch(/^lab.withdrawn: (?!.*9\.1)/);
  expect(await feed(right)).toEqual(['lab.result: A1c 9.1 %']);
});

test('a version that no longer may be told withdraws what was', async () => {
  const key = await aPerson();
  await file(key, { artifact: 'e2', number: 7.2 });
  await look();
  await file(key, { artifact: 'e2', number: 7.3, status: 'corrected', chw: false });
  await look();
  expect((await feed(key)).map((line) => line.split(':')[0])).toEqual(['lab.result', 'lab.withdrawn']);
});

test.each([
  ['preliminary', { status: 'preliminary' }],
  ['sensitive, or of a Part 2 sender', { chw: false }],
  ['of a measure that is not told', { code: '56888-1' }],
])('what is %s is not told', async (_, more) => {
  const key = await aPerson();
  await file(key, { artifact: `f${String(people)}`, number: 7, ...more });
  expect(await look()).toBe(0);
  expect(await feed(key)).toEqual([]);
});

test('who is not followed is not told of', async () => {
  const labOnly = await aPerson('riverlab');
  const gone = await aPerson();
  const declined = await aPerson();
  const waiting = await aPerson();
  const unmatched = await aPerson();
  const active = await aPerson();
  await fact(gone, 'status', { status: 'active' });
  await fact(gone, 'status', { status: 'moved' }, '2026-02-01T00:00:00Z');
  await fact(declined, 'consent', { kind: 'programme', status: 'withdrawn' });
  await fact(waiting, 'status', { status: 'waitlist' });
  await fact(active, 'status', { status: 'active' });
  await ledger.pool.query('delete from ehr_patient where patient_key = $1', [unmatched]);
  for (const key of [labOnly, gone, declined, waiting, unmatched, active]) await file(key, { artifact: `g.${key}`, number: 7 }); // prettier-ignore
  expect(await look()).toBe(1);
  expect(await feed(active)).toHaveLength(1);
  // What was told while she was followed is passed over once she is not.
  await fact(active, 'status', { status: 'graduated' }, '2026-02-01T00:00:00Z');
  expect(await feed(active)).toEqual([]);
});

test('final without a value (OBX-11 U): the value that was preliminary', async () => {
  const key = await aPerson();
  await file(key, { artifact: 'h0', number: 7.9, status: 'preliminary' });
  await look();
  await file(key, { artifact: 'h0' });
  await look();
  expect(await feed(key)).toEqual(['lab.result: A1c 7.9 %']);
});

test('ten years of values at once are one entry, with the newest; what was shown beside it is corrected', async () => {
  const key = await aPerson();
  const years = Array.from({ length: 11 }, (_, n) => 2016 + n);
  // In whatever order; the newest is filed last, and its delay is not over when that of the others is.
  for (const year of years.toSorted((a, b) => (a % 3) - (b % 3) || a - b))
    await file(key, { artifact: `n${String(year)}`, number: (year - 1_950) / 10, day: `${String(year)}-03-01`, agoMs: year === 2026 ? 0 : 2 * delayMs }); // prettier-ignore
  await look();
  expect(await feed(key)).toEqual([]);
  const later = new Date(Date.now() + delayMs + 1_000);
  await releaseLabs(ledger.pool, release, later);
  await releaseLabs(ledger.pool, release, later);
  expect(await feed(key)).toEqual(['lab.result: A1c 7.5 → 7.6 %']);
  await file(key, { artifact: 'n2025', number: 8.5, day: '2025-03-01', status: 'corrected' });
  await file(key, { artifact: 'n2017', number: 8.5, day: '2017-03-01', status: 'corrected' });
  await releaseLabs(ledger.pool, release, later);
  expect((await feed(key)).slice(1)).toEqual(['lab.corrected: A1c 8.5 → 7.6 %']);
  expect((await ledger.pool.query(`select 1 from lab_due where artifact like 'n20%'`)).rows).toEqual([]);
});

test('a newer value that is withdrawn before its time leaves the older one as the news', async () => {
  const key = await aPerson();
  await file(key, { artifact: 'o1', number: 7.1, day: '2026-03-01' });
  await file(key, { artifact: 'o2', number: 9.9, day: '2026-03-02', agoMs: 0 });
  await look();
  await file(key, { artifact: 'o2', number: 9.9, day: '2026-03-02', status: 'entered-in-error', agoMs: 0 });
  await releaseLabs(ledger.pool, release, new Date(Date.now() + delayMs + 1_000));
  expect(await feed(key)).toEqual(['lab.result: A1c 7.1 %']);
});

test('a value of years ago is no news by itself, and a date far in the future is not the newest for ever', async () => {
  const [one, other] = [await aPerson(), await aPerson()];
  await file(one, { artifact: 'q1', number: 7.1, day: '2019-03-01' });
  await look();
  expect(await feed(one)).toEqual([]);
  await file(other, { artifact: 'q2', number: 9.9, day: '2062-03-01' });
  await look();
  await file(other, { artifact: 'q3', number: 7.1, day: '2026-03-02' });
  await look();
  expect(await feed(other)).toEqual(['lab.result: A1c 9.9 %', 'lab.result: A1c 9.9 → 7.1 %']);
});

test('the goal that stands is told beside it', async () => {
  const key = await aPerson();
  await fact(key, 'goal', { said: 'set', analyte: 'a1c', below: 8, unit: '%' });
  await fact(key, 'goal', { said: 'set', analyte: 'a1c', below: 7, unit: '%' }, '2026-02-01T00:00:00Z');
  await file(key, { artifact: 'h1', number: 7.9 });
  await look();
  expect(await feed(key)).toEqual(['lab.result: A1c 7.9 % (goal: below 7)']);
});

test('two processes at once tell it once', async () => {
  const key = await aPerson();
  const codes = labRules.trends.slice(0, 4).map(({ codes: [code = ''] }) => code);
  for (const [n, code] of codes.entries()) await file(key, { artifact: `i${String(n)}`, number: 7, code });
  await Promise.all([look(), look(), look()]);
  expect(await feed(key)).toHaveLength(4);
});

test('who was merged is one: the values of both, and the entries under the key that stays', async () => {
  const [from, into] = [await aPerson(), await aPerson()];
  await file(from, { artifact: 'j1', number: 7.9 });
  await look();
  await ledger.pool.query(`insert into person_alias (alias, patient_key, subject_key, actor) values ($1, $2, 'x', 't')`, [from, into]); // prettier-ignore
  await file(into, { artifact: 'j2', number: 9.4, day: '2026-06-09' });
  await look();
  expect(await feed(into)).toEqual(['lab.result: A1c 7.9 %', 'lab.result: A1c 7.9 → 9.4 %']);
});
