/** `tejido send` with HL7 v2, against receivers that do what a test says. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { acknowledge, type Got, scripted, type Scripted } from '../mllp/scripted-server.ts';
import { tejido } from './fake-parts.ts';

let folder: string;
let server: Scripted;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-hl7-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => server.close());

const begin = async (answer?: (got: Got) => void): Promise<string> => {
  server = await scripted(answer);
  return `127.0.0.1:${server.port}`;
};

const message = (controlId: string, patient = 'P1'): string =>
  `MSH|^~\\&|LAB|L|EHR|C|20260520100000||ORU^R01^ORU_R01|${controlId}|P|2.5.1\rPID|1||${patient}\rOBR|1\r`;
const file = async (name: string, text: string): Promise<string> => {
  const at = path.join(folder, name);
  await writeFile(at, text, 'latin1');
  return at;
};
const ids = (): readonly string[] => server.got.map(({ controlId }) => controlId);

describe('tejido send, HL7 v2', () => {
  test('sends what begins with MSH, FHS, BHS or 0x0B, whatever it is called; in order, each with its answer', async () => {
    const mllp = await begin();
    const one = await file('one.hl7', message('A1'));
    const batch = await file(
      'batch.txt',
      `FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r${message('B1')}${message('B2')}BTS|2\rFTS|1\r`,
    );
    const framed = await file('framed', `\x0b${message('C1')}\x1c\r\x0b${message('C2')}\x1c\r`);
    const { code, out } = await tejido(['send', one, batch, framed, '--mllp', mllp]);
    expect(ids()).toEqual(['A1', 'B1', 'B2', 'C1', 'C2']);
    expect(server.got[1]?.bytes.toString('latin1')).toBe(message('B1'));
    expect(out).toContain(`5 of 5 messages accepted by ${mllp}.`);
    expect(out).toMatch(/batch\.txt\[2\] +B2 +AA +accepted/);
    expect([code, server.connections()]).toEqual([0, 1]);
  });

  test('a refusal is told with its code and text, and makes the exit code 1; the rest is sent', async () => {
    const mllp = await begin((got) =>
      got.controlId === 'A1'
        ? acknowledge('AR', 'ERR||OBX^2^5|102^Data type error^HL70357|E||||Not a number\r')(got)
        : acknowledge()(got),
    );
    const both = await file('both.hl7', message('A1') + message('A2'));
    const { code, out } = await tejido(['send', both, '--mllp', mllp]);
    expect([code, ids()]).toEqual([1, ['A1', 'A2']]);
    expect(out).toMatch(/A1 +AR +rejected +OBX\[2\]-5: Not a number/);
    expect(out).toContain('1 of 2 messages accepted');
    const asJson = await tejido(['send', both, '--mllp', mllp, '--json']);
    expect(JSON.parse(asJson.out)).toEqual([
      { at: `${both}[1]`, controlId: 'A1', code: 'AR', says: 'OBX[2]-5: Not a number', tries: 1, result: 'rejected' },
      { at: `${both}[2]`, controlId: 'A2', code: 'AA', tries: 1, result: 'accepted' },
    ]);
  });

  test('what was not acknowledged goes again, the same bytes, before what follows it', async () => {
    const mllp = await begin((got) => {
      if (got.nth === 0) got.socket.destroy();
      else acknowledge(got.nth === 1 ? 'AE' : 'AA')(got);
    });
    const both = await file('both.hl7', message('A1') + message('A2'));
    const { code } = await tejido(['send', both, '--mllp', mllp]);
    expect([code, ids()]).toEqual([0, ['A1', 'A1', 'A1', 'A2']]);
    expect(new Set(server.got.slice(0, 3).map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
  });

  test('a receiver that never answers leaves doubt, and nothing is sent after it', async () => {
    const mllp = await begin(() => undefined);
    const both = await file('both.hl7', message('A1') + message('A2'));
    const { code, out, err } = await tejido([
      ...['send', both, '--mllp', mllp, '--ack-timeout', '1', '--retries', '1'],
    ]);
    expect([code, ids()]).toEqual([1, ['A1', 'A1']]);
    expect(out).toMatch(/A1 +unanswered +no answer in time/);
    expect(out).toMatch(/A2 +not sent/);
    expect(err).toContain('Send the same files again');
  });

  test('over several connections the messages of one patient keep their order', async () => {
    const open = new Map<string, number>();
    const mllp = await begin((got) => {
      setTimeout(() => acknowledge()(got), (got.nth * 7) % 5);
    });
    const patients = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7'];
    const all = Array.from({ length: 70 }, (_, n) => [patients[n % 7] ?? '', `M${n}`] as const);
    const many = await file('many.hl7', all.map(([patient, id]) => message(id, patient)).join(''));
    const { code, out } = await tejido(['send', many, '--mllp', mllp, '--connections', '4']);
    expect(code).toBe(0);
    expect(out).toContain('70 of 70');
    expect(server.connections()).toBeGreaterThan(1);
    for (const { controlId } of server.got) {
      const patient = patients[Number(controlId.slice(1)) % 7] ?? '';
      expect(Number(controlId.slice(1))).toBeGreaterThan(open.get(patient) ?? -1);
      open.set(patient, Number(controlId.slice(1)));
    }
  });

  test('without MSH-10, or without MSH, nothing is sent: no answer could be told to be about it', async () => {
    const mllp = await begin();
    const bad = await file('bad.hl7', message(''));
    const text = await file('text.hl7', 'This is a letter.');
    const { code, out, err } = await tejido(['send', bad, text, '--mllp', mllp]);
    expect(err).not.toContain('Send the same files again');
    expect([code, ids()]).toEqual([1, []]);
    expect(out).toContain('MSH-10 is empty');
    expect(out).toContain('does not begin with MSH');
  });
});
