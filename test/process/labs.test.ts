/**
 * What the CHW gets of laboratory results, through the real doors: an A1c of 7.9, then of 9.4, by MLLP; her app reads of
 * the course after the delay, and nothing of the HIV test beside it. A critical potassium is an alarm at once.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { until } from '../../src/prove/until.ts';
import { aSite, listed, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

const example = (type: string) =>
  JSON.parse(readFileSync(`schemas/examples/${type}.json`, 'utf8')) as Record<string, unknown>;

let site: Site;
beforeAll(async () => {
  site = await aSite();
  await site.configure(`
programme: { id: msep, name: Prueba, timeZone: America/Chicago }
labs: { release: { delayMs: 2500, everyMs: 200 } }
`);
  await site.start();
});
afterAll(() => site.end());

/** One message by MLLP; answers the code of its acknowledgement. */
const transmit = (lines: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(site.mllpPort, '127.0.0.1', () => socket.write(`\x0b${lines.join('\r')}\r\x1c\r`));
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (!got.includes('\x1c')) return;
      socket.end();
      resolve(/MSA\|(\w\w)/.exec(got)?.[1] ?? got);
    });
    socket.on('error', reject);
  });

let messages = 0;
type Result = {
  code: string;
  name: string;
  value: string;
  units?: string;
  type?: string;
  status?: string;
  flag?: string;
};
const order = (
  filler: string,
  day: string,
  { code, name, value, units = '%', type = 'NM', status = 'F', flag = 'H' }: Result,
  reported: string,
) => [
  // prettier-ignore
  `ORC|RE|P${filler}|${filler}`,
  `OBR|1|P${filler}|${filler}|${code}^${name}^LN|||${day}083000-0600|||||||||||||||${reported}||CH|${status}`,
  `OBX|1|${type}|${code}^${name}^LN||${value}|${units}||${flag}|||${status}|||${day}083000-0600`,
];
const oru = (patient: string, ...orders: readonly (readonly string[])[]) => {
  messages += 1;
  return [
    `MSH|^~\\&|LAB|RIVER|HUB|CLINIC|20260310101500-0600||ORU^R01^ORU_R01|C${String(messages)}|P|2.5.1`,
    patient,
    ...orders.flat(),
  ];
};
const rosa = 'PID|1||SYN-10023^^^SANDBOX^MR||Ejemplo^Uno||19610302|F';
const other = 'PID|1||SYN-10024^^^SANDBOX^MR';
const a1c = (value: string, more: Partial<Result> = {}): Result => ({ code: '4548-4', name: 'Hemoglobin A1c', value, ...more }); // prettier-ignore
const hiv: Result = { code: '56888-1', name: 'HIV 1+2 Ab+HIV1 p24 Ag', value: '260373001^Detected^SCT', units: '', type: 'CWE' }; // prettier-ignore

type Change = {
  readonly kind: string;
  readonly says: { readonly es: string; readonly en: string };
  readonly values: readonly { readonly value: string; readonly date: string }[];
  readonly resultRef: string;
  readonly patient: unknown;
};
const feed = async () =>
  (await site.ask('/v1/changes?source=commcare-ejemplo')).body as { readonly changes: readonly Change[] };
const heard = async (says: string): Promise<readonly Change[]> => {
  const found = await until(async () => {
    const { changes } = await feed();
    return changes.some((one) => one.says.en === says) ? changes : undefined;
  }, 30_000);
  if (found === undefined) throw new Error(`Not heard: ${JSON.stringify(await feed())}\n${JSON.stringify(await listed(site))}`); // prettier-ignore
  return found;
};

describe('an A1c that rose', () => {
  test('is told to the CHW who follows the patient, after the delay; what lies beside it is not', async () => {
    const visit = await site.ask('/v1/activities', { method: 'POST', body: example('contact.phone') });
    expect(visit.status).toBe(202);
    expect(await transmit(oru(rosa, order('F1', '20260109', a1c('7.9'), '20260110101000-0600')))).toBe('AA');
    expect(await transmit(oru(other, order('F9', '20260109', a1c('11.1'), '20260110101000-0600')))).toBe('AA');
    await settled(site);
    expect((await feed()).changes).toEqual([]);
    await heard('A1c 7.9 %');

    const both = oru(rosa, order('F2', '20260309', a1c('9.4'), '20260310101000-0600'), order('F2B', '20260309', hiv, '20260310101000-0600')); // prettier-ignore
    expect(await transmit(both)).toBe('AA');
    const told = await heard('A1c 7.9 → 9.4 %');
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed', 'filed', 'filed', 'filed']);
    expect(told.map(({ kind }) => kind)).toEqual(['lab.result', 'lab.result']);
    expect(told[1]).toMatchObject({
      analyte: 'a1c',
      says: { es: 'A1c 7.9 → 9.4 %' },
      patient: { ids: [{ source: 'commcare-ejemplo', sourcePatientId: '8f8fd909' }] },
      resultRef: expect.stringMatching(/^Observation\//),
      values: [{ value: '7.9' }, { value: '9.4', date: '2026-03-09T08:30:00-06:00' }],
    });

    // Whoever reads the feed, and whatever of it: nothing of the HIV test, nothing of who is not followed.
    // Ids and hours may hold any letters and figures.
    const whole = (await site.ask('/v1/changes')).text.replaceAll(
      /[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z/g,
      '…',
    );
    expect(whole).not.toMatch(/hiv|56888|detected|11\.1/i);
    // In the chart it stands, labelled.
    const chart = await site.chart('Observation?patient=Patient/syn-10023&code=56888-1');
    expect(chart).toHaveLength(1);
    expect(JSON.stringify(chart[0]?.['meta'])).toContain('"HIV"');
  });

  test('and is corrected: she is told at once', async () => {
    const corrected = order('F2', '20260309', a1c('8.8', { status: 'C' }), '20260311101000-0600');
    expect(await transmit(oru(rosa, corrected))).toBe('AA');
    const told = await heard('A1c 7.9 → 8.8 % (corrected)');
    expect(told.at(-1)?.kind).toBe('lab.corrected');
    const withdrawn = order('F2', '20260309', a1c('', { status: 'D' }), '20260312101000-0600');
    expect(await transmit(oru(rosa, withdrawn))).toBe('AA');
    const after = await heard(
      'A1c: a result that you were told no longer holds; the laboratory withdrew it. A1c 7.9 %.',
    );
    expect(after.at(-1)?.kind).toBe('lab.withdrawn');
  });
});

test('a critical potassium is one alarm, preliminary and final; its correction ends it', async () => {
  const potassium = (value: string, status: string): Result => ({ code: '2823-3', name: 'Potassium', value, units: 'mmol/L', status, flag: 'HH' }); // prettier-ignore
  const alarms = async () =>
    ((await site.ask('/v1/escalations')).body as { escalations: { state: string; code: string; severity: string }[] })
      .escalations;
  await transmit(oru(rosa, order('K1', '20260309', potassium('7.1', 'P'), '20260309091000-0600')));
  await transmit(oru(rosa, order('K1', '20260309', potassium('7.1', 'F'), '20260309101000-0600')));
  const open = await until(async () => ((await alarms()).length > 0 ? alarms() : undefined), 15_000);
  expect(open).toMatchObject([{ code: 'lab-critical', severity: 'stat' }]);
  await transmit(oru(rosa, order('K1', '20260309', { ...potassium('4.1', 'C'), flag: 'N' }, '20260309111000-0600')));
  expect(await until(async () => ((await alarms())[0]?.state === 'cancelled' ? true : undefined), 15_000)).toBe(true);
  expect(await alarms()).toHaveLength(1);
});
