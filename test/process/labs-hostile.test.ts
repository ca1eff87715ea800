/**
 * What a broken or hostile sender puts into a message, through the real door: each ends filed or held with a cause that is
 * true, none stays in the intake, none fails inside, and a neighbour's result is filed beside them.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { until } from '../../src/prove/until.ts';
import { aSite, type Listed, listed, type Site } from './tejido.ts';

jest.setTimeout(180_000);

let site: Site;
beforeAll(async () => {
  site = await aSite();
  await site.start();
});
afterAll(() => site.end());

/** All in their order over one connection; the code of each answer. */
const transmit = (messages: readonly Buffer[]): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const blocks = messages.map((one) => Buffer.concat([Buffer.of(0x0b), one, Buffer.of(0x1c, 0x0d)]));
    const socket = connect(site.mllpPort, '127.0.0.1', () => socket.write(Buffer.concat(blocks)));
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      const codes = Array.from(got.matchAll(/MSA.(\w\w)/g), ([, code = '']) => code);
      if (codes.length < messages.length) return;
      socket.end();
      resolve(codes);
    });
    socket.on('error', reject);
  });

const patient = (n: number): string => `SYN-100${String(23 + (n % 4))}`;
/** Digits and letters that do not compress, as an index key must not be long. */
const noise = (size: number): string => {
  let text = '';
  for (let n = 0; text.length < size; n += 1) text += createHash('sha256').update(`noise ${n}`).digest('base64url');
  return text.slice(0, size);
};

type Parts = { id?: string; pid?: string; obr?: string; obx?: string; msh7?: string; time?: string; reported?: string };
let count = 0;
const message = ({
  id,
  pid,
  obr,
  obx,
  msh7 = '20260310101500-0600',
  time,
  reported = '20260310101000-0600',
}: Parts): Buffer => {
  count += 1;
  const n = String(count);
  return Buffer.from(
    [
      `MSH|^~\\&|LAB|RIVER|HUB|CLINIC|${msh7}||ORU^R01^ORU_R01|${id ?? `H${n}`}|P|2.5.1||||||UNICODE UTF-8`,
      `PID|1||${pid ?? `${patient(count)}^^^SANDBOX^MR`}`,
      obr ?? `OBR|1|P${n}|F${n}|4548-4^A1c^LN|||${time ?? '20260309083000-0600'}|||||||||||||||${reported}||CH|F`,
      obx ?? 'OBX|1|NM|4548-4^A1c^LN||7.1|%||H|||F',
    ].join('\r'),
    'utf8',
  );
};
const value = (text: string, type = 'NM'): string => `OBX|1|${type}|4548-4^A1c^LN||${text}|%||H|||F`;

const nasty = (): readonly Buffer[] => {
  const long = noise(5_000);
  return [
    // Numbers that no JSON, no FHIR decimal or no database holds.
    ...[
      '1e999',
      '-0',
      `1.${'3'.repeat(300)}`,
      '9'.repeat(300),
      '1e-400',
      'NaN',
      'Infinity',
      '0x1F',
      '٣',
      '+',
      '.',
      '-.5',
      '1,5',
    ].map((text) => message({ obx: value(text) })),
    ...['<1e999', '^99999999999999999999999999999', '<^1^-^2e400', '>^-0'].map((text) =>
      message({ obx: value(text, 'SN') }),
    ),
    // Times.
    ...[
      '00000101',
      '99991231235959-1400',
      '99991231',
      '275760',
      '20260230',
      '18000101',
      '2026030908300000000',
      '20260309083000-9999',
    ].flatMap((time) => [
      message({ time }),
      message({ reported: time }),
      message({ msh7: time }),
      message({ obx: `OBX|1|DTM|1^x^L||${time}||||||F|||${time}` }),
    ]),
    // NUL and half characters, by escapes.
    ...[
      'a\\X00\\b',
      'a\\XEDA080\\b',
      '\\X\\',
      '\\X0\\',
      '\\XZZ\\',
      `\\X${'41'.repeat(200_000)}\\`,
      '\\X80\\'.repeat(20_000),
    ].map((text) => message({ obx: value(text, 'ST') })),
    // Keys that are longer than an index takes, in each place that something is known by.
    message({ pid: `${long}^^^SANDBOX^MR` }),
    message({ pid: `1^^^${long}` }),
    message({ id: long.slice(0, 4_000) }),
    message({ msh7: long.slice(0, 3_000) }),
    message({ obr: `OBR|1|${long}|${long}|4548-4^A1c^LN|||20260309083000-0600` }),
    message({ obr: `OBR|1|P^${long}|F^${long}|4548-4^A1c^LN|||20260309083000-0600` }),
    message({ obr: `OBR|1|PL${count}|FL${count}|${long}^${long}^${long}|||20260309083000-0600` }),
    message({ obx: `OBX|1|NM|${long}^${long}^${long}||7.1|${long}||${long}|||F` }),
    message({ obx: `OBX|1|CWE|1^x^L|${long}|${long}^${long}^${long}|${long}||${long}|||F` }),
    message({ obx: `OBX|1|${long}|4548-4^A1c^LN||7.1|%||H|||${long}` }),
    message({ obx: `OBX|1|NM|4548-4^A1c^LN||7.1|%||H|||F|||||||${long}` }),
    message({ obx: `OBX|1|NM|1^${'\ud83d\ude00'.repeat(300)}^L||7.1|%||H|||F\rSPM|1|${long}^${long}||${long}` }),
    // Names of things that JavaScript has by itself.
    ...['constructor', '__proto__', 'toString'].map((word) =>
      message({
        obr: `OBR|1|${word}|${word}|${word}^${word}^${word}|||20260309083000-0600||||||||||||||||||${word}`,
        obx: `OBX|1|${word}|${word}^${word}^${word}|${word}|${word}|${word}||${word}|||${word}`,
      }),
    ),
    // Depth and number.
    message({ obx: value('a&'.repeat(20_000), 'CWE') }),
    message({ obx: value('a^'.repeat(20_000), 'CWE') }),
    message({ obx: value('a~'.repeat(5_000), 'ST') }),
    message({ obx: value('|'.repeat(50_000), 'ST') }),
    message({ obx: `OBX|1|TX|1^x^L||a\n${'line\n'.repeat(20_000)}` }),
    message({ obx: Array.from({ length: 300 }, (_, n) => `OBX|${n}|NM|4548-4^A1c^LN||${n}|%||H|||F`).join('\r') }),
    message({ obx: Array.from({ length: 20_000 }, (_, n) => `OBX|${n}|NM|4548-4^A1c^LN||${n}|%||H|||F`).join('\r') }),
    message({
      obx: `OBX|1|NM|4548-4^A1c^LN||7.1\r${'PID|1||X\rOBR|1|1|1|1|||20260301\rOBX|1|ST|1||x\r'.repeat(30_000)}`,
    }),
  ];
};

test('all of it is filed or held with a true cause, and neighbours wait for none of it', async () => {
  const messages = nasty();
  const neighbour = message({ pid: 'SYN-10030^^^SANDBOX^MR' });
  const codes = await transmit([...messages, neighbour]);
  expect(codes.filter((code) => code !== 'AA')).toEqual([]);
  let all: readonly Listed[] = [];
  const quiet = await until(async () => {
    all = await listed(site);
    const busy = all.filter(({ state }) => state === 'received' || state === 'filing');
    return busy.length === 0 && all.length >= codes.length ? true : undefined;
  }, 90_000);
  expect({
    quiet,
    waits: /^tejido_intake_waiting(?:\{[^}]*\})? (\d+)$/m.exec((await site.ask('/metrics')).text)?.[1],
  }).toEqual({
    quiet: true,
    waits: '0',
  });
  expect(
    all.filter(({ state, cause }) => !['filed', 'held', 'superseded'].includes(state) || cause?.startsWith('internal')),
  ).toEqual([]);
  expect(new Set(all.flatMap(({ cause }) => cause ?? []))).toEqual(
    new Set(['match/unknown-patient', 'source/too-large']),
  );
  expect(await site.log()).not.toMatch(/lane\.completion-delayed|intake\.(?:not-read|waits|stuck)|mllp\.fault/);
});
