/** What senders and networks do to a socket, and what the door makes of it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { KeepIntake } from '../../src/core/intake.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aDoor as aDoorOn, aSender, codesOf, connected, framed, oru, type TestDoor } from './support.ts';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await aLedger();
});
afterAll(() => ledger.end());

const aDoor = (given: Parameters<typeof aDoorOn>[0] = {}): Promise<TestDoor> => aDoorOn({ ledger, ...given });

/** Resolves once `holds`: for what the other end of a socket does. */
const until = async (holds: () => boolean): Promise<void> => {
  for (const end = performance.now() + 20_000; !holds() && performance.now() < end;) await turn();
  expect(holds()).toBe(true);
};

/** A gate before the ledger: nothing is committed until it opens. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const seen: number[] = [];
  const keep =
    (inner: KeepIntake): KeepIntake =>
    async (items) => {
      seen.push(items.length);
      await opened;
      return inner(items);
    };
  return { open: () => open(), keep, seen };
}

describe('a stream of bytes', () => {
  let door: TestDoor;
  beforeAll(async () => {
    door = await aDoor({ still: true, limits: { frameBytes: 20_000 } });
  });
  afterAll(() => door.end());

  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.nat().map((n) => framed(oru({ id: `P${n}`, filler: `F${n}` }))) },
    {
      weight: 1,
      arbitrary: fc
        .uint8Array({ maxLength: 200 })
        .map((bytes) => Buffer.from(bytes).map((byte) => (byte === 0x0b ? 0x20 : byte))),
    },
  );

  test('in any chunks gives one answer for each message, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
        async (pieces, sizes) => {
          const talk = await door.talk();
          const bytes = Buffer.concat(pieces);
          for (let at = 0, n = 0; at < bytes.length; n += 1) {
            const size = sizes[n % sizes.length] ?? 1;
            talk.send(bytes.subarray(at, at + size));
            at += size;
            await turn();
          }
          talk.end();
          const expected = Array.from(bytes.toString('latin1').matchAll(/ORU_R01\|(P\d+)\|P/g), ([, id]) => `AA ${id}`);
          expect((await talk.answers(expected.length)).flatMap(codesOf)).toEqual(expected);
          await talk.closed;
        },
      ),
      { numRuns: 40 },
    );
  });

  test('whatever it is, never ends the door, never gets an AA for what is no message, and leaves nothing behind', async () => {
    const before = (await door.ledger.pool.query('select from hl7_intake where cause is null')).rowCount;
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          '\v',
          '\x1c\r',
          '\x1c',
          '\vMSH|',
          'MSH|^~\\&|',
          '|ORU^R01|',
          '\r',
          'FHS|^~\\&|\r',
          'BHS|',
          'MSH',
          '\v\x1c\r',
        )
        .map((text) => Buffer.from(text)),
    );
    const answers: string[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(any, { maxLength: 20 }), async (pieces) => {
        const talk = await door.talk();
        talk.socket.on('data', (chunk: Buffer) => answers.push(chunk.toString('latin1')));
        for (const bytes of pieces) talk.send(bytes);
        talk.end();
        await talk.closed;
      }),
      { numRuns: 150 },
    );
    // An AA says that the message is there: each of them names one that is.
    const acknowledged = answers.join('').match(/\rMSA.A[A]/g)?.length ?? 0;
    const after = (await door.ledger.pool.query('select from hl7_intake where cause is null')).rowCount;
    expect((after ?? 0) - (before ?? 0)).toBeGreaterThanOrEqual(acknowledged);
    expect(door.server.held()).toBe(0);
    const talk = await door.talk();
    talk.send(framed(oru({ id: 'ALIVE' })));
    expect((await talk.answers(1)).flatMap(codesOf)).toEqual(['AA ALIVE']);
    talk.socket.destroy();
  });

  test('that ends after 0x1C, with or without the CR, is answered before the connection ends', async () => {
    const talk = await door.talk();
    talk.send(framed(oru({ id: 'HALF1' })));
    talk.socket.end(`\v${oru({ id: 'HALF2' })}\x1c`);
    expect((await talk.answers(2)).flatMap(codesOf)).toEqual(['AA HALF1', 'AA HALF2']);
    await talk.closed;
  });

  test('whose sender leaves the CR out and waits is answered', async () => {
    const talk = await door.talk();
    talk.send(`\v${oru({ id: 'NOCR1' })}\x1c`);
    expect((await talk.answers(1)).flatMap(codesOf)).toEqual(['AA NOCR1']);
    talk.socket.destroy();
  });

  test('that is cut in a message is not answered, and nothing of it is kept', async () => {
    const talk = await door.talk();
    talk.send(framed(oru({ id: 'WHOLE' })));
    talk.socket.end(`\v${oru({ id: 'CUT' })}`);
    expect((await talk.answers(1)).flatMap(codesOf)).toEqual(['AA WHOLE']);
    await talk.closed;
    const { rows } = await door.ledger.pool.query(
      `select from hl7_intake where position('CUT' in encode(body, 'escape')) > 0`,
    );
    expect(rows).toHaveLength(0);
  });
});

describe('a sender', () => {
  test('that does not finish a message in time is cut off; one that only waits is not', async () => {
    const door = await aDoor({ limits: { frameMs: 200 } });
    const [slow, quiet] = [await door.talk(), await door.talk()];
    slow.send('\vMSH|^~\\&|');
    await slow.closed;
    expect(door.logged).toContain('mllp.slow-sender');
    quiet.send(framed(oru()));
    expect((await quiet.answers(1)).flatMap(codesOf)).toEqual(['AA M1']);
    quiet.socket.destroy();
    await door.end();
  });

  test('that drips bytes is cut off all the same', async () => {
    const door = await aDoor({ limits: { frameMs: 200 } });
    const slow = await door.talk();
    slow.send('\v');
    const drip = setInterval(() => slow.send('x'), 20);
    await slow.closed;
    clearInterval(drip);
    await door.end();
  });

  test('that is idle longer than it may is disconnected', async () => {
    const door = await aDoor({ limits: { idleMs: 150 } });
    const talk = await door.talk();
    await talk.closed;
    await door.end();
  });

  test('beyond the number of connections is refused, and the others go on', async () => {
    const door = await aDoor({ limits: { connections: 1 } });
    const first = await door.talk();
    const second = await door.talk();
    await second.closed;
    first.send(framed(oru()));
    expect((await first.answers(1)).flatMap(codesOf)).toEqual(['AA M1']);
    first.socket.destroy();
    await door.end();
  });

  test('that only stands there, and never closes its side, makes room when the door is full', async () => {
    const door = await aDoor({ limits: { connections: 1, frameMs: 100 } });
    const idle = net.connect({ port: door.server.port, host: '127.0.0.1', allowHalfOpen: true });
    await new Promise((resolve) => idle.once('connect', resolve));
    let codes: readonly string[] = [];
    for (const end = performance.now() + 20_000; codes.length === 0 && performance.now() < end;) {
      const talk = await door.talk();
      talk.send(framed(oru()));
      // Refused: it is closed without an answer, and tries again.
      codes = await talk
        .answers(1)
        .then((answers) => answers.flatMap(codesOf))
        .catch(() => []);
      talk.socket.destroy();
    }
    expect(codes).toEqual(['AA M1']);
    idle.destroy();
    await door.end();
  });

  test('that never reads its answers is not read from any more, and is cut off', async () => {
    const door = await aDoor({ still: true, limits: { frameMs: 500 } });
    const deaf = net.connect(door.server.port, '127.0.0.1');
    deaf.pause();
    deaf.on('error', () => undefined);
    // Large answers fill the buffers of the network soon.
    const long = 'A'.repeat(3_500);
    const answered = framed(`MSH|^~\\&|${long}|B|C|D|2026||ORU^R01|${long}|P|2.5.1\r`);
    const many = Buffer.concat(Array.from({ length: 50 }, () => answered));
    const more = (): void => {
      while (!deaf.destroyed && deaf.write(many));
    };
    deaf.on('drain', more);
    more();
    await new Promise((resolve) => deaf.once('close', resolve));
    expect(door.logged).toContain('mllp.answers-not-read');
    await until(() => door.server.held() === 0);
    await door.end();
  });
});

describe('while the ledger is slow', () => {
  test('no more is read than may be in flight, everything is answered in order once it goes on', async () => {
    const { open, keep, seen } = gate();
    const door = await aDoor({ still: true, keep, limits: { bytesInFlight: 1_000_000, frameBytes: 300_000 } });
    const large = 'x'.repeat(200_000);
    const talks = await Promise.all(Array.from({ length: 4 }, () => door.talk()));
    for (const [c, talk] of talks.entries())
      for (let n = 0; n < 10; n += 1) talk.send(framed(oru({ id: `C${c}N${n}`, filler: `${c}-${n}`, value: large })));
    await until(() => seen.length >= 4);
    // All that is on its way through the sockets has had time to come.
    for (let n = 0; n < 200; n += 1) await turn();
    expect(door.server.held()).toBeLessThan(1_000_000 + 4 * 300_000);
    expect(seen.length).toBeLessThan(20);
    open();
    for (const [c, talk] of talks.entries()) {
      expect((await talk.answers(10)).flatMap(codesOf)).toEqual(Array.from({ length: 10 }, (_, n) => `AA C${c}N${n}`));
      talk.socket.destroy();
    }
    await until(() => door.server.held() === 0);
    await door.end();
  });

  test('messages that are all begun and none ended do not block each other for ever', async () => {
    const door = await aDoor({ still: true, limits: { bytesInFlight: 1_000_000, frameBytes: 900_000 } });
    const talks = await Promise.all(Array.from({ length: 3 }, () => door.talk()));
    const messages = talks.map((_, c) => framed(oru({ id: `D${c}`, value: 'y'.repeat(800_000) })));
    for (const [c, talk] of talks.entries()) talk.send(messages[c]?.subarray(0, 500_000) ?? '');
    for (const [c, talk] of talks.entries()) talk.send(messages[c]?.subarray(500_000) ?? '');
    for (const [c, talk] of talks.entries()) {
      expect((await talk.answers(1)).flatMap(codesOf)).toEqual([`AA D${c}`]);
      talk.socket.destroy();
    }
    await door.end();
  });

  test('a stop answers what is being committed, takes nothing more, and then closes', async () => {
    const { open, keep, seen } = gate();
    const door = await aDoor({ still: true, keep });
    const talk = await door.talk();
    talk.send(Buffer.concat([framed(oru({ id: 'LAST' })), Buffer.from('\vMSH|half')]));
    await until(() => seen.length === 1);
    const closing = door.server.close(10_000);
    open();
    expect((await talk.answers(1)).flatMap(codesOf)).toEqual(['AA LAST']);
    await talk.closed;
    await closing;
    await expect(door.talk()).rejects.toThrow('ECONNREFUSED');
    await door.end();
  });

  test('a stop does not wait longer than it may for a ledger that does not answer', async () => {
    const { keep, seen } = gate();
    const door = await aDoor({ still: true, keep });
    const talk = await door.talk();
    talk.send(framed(oru()));
    await until(() => seen.length === 1);
    await door.server.close(50);
    await talk.closed;
    await door.end();
  });
});

const openssl = (() => {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    process.stderr.write('notice: there is no openssl; the HL7 v2 door over TLS is not tested\n');
    return false;
  }
})();

(openssl ? describe : describe.skip)('over TLS', () => {
  let folder = '';
  const file = (name: string): string => path.join(folder, name);
  const pem = (name: string): string => readFileSync(file(name), 'utf8');
  const run = (...args: readonly string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const certify = (name: string, commonName: string): void => {
    run(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${commonName}`,
    );
    run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'names',
      '-out',
      `${name}.pem`,
    );
  };

  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tejido-tls-'));
    writeFileSync(file('names'), 'subjectAltName = IP:127.0.0.1, DNS:localhost');
    run(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=Clinic CA',
    );
    certify('server', 'localhost');
    certify('client', 'river-lab');
    run(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'other.key',
      '-out',
      'other.pem',
      '-days',
      '2',
      '-subj',
      '/CN=river-lab',
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const dial = (port: number, client?: string): tls.TLSSocket =>
    tls.connect({
      port,
      host: '127.0.0.1',
      ca: pem('ca.pem'),
      ...(client === undefined ? {} : { key: pem(`${client}.key`), cert: pem(`${client}.pem`) }),
    });

  test('a message is answered; a client without TLS gets nowhere', async () => {
    const door = await aDoor({ tls: { key: pem('server.key'), cert: pem('server.pem') } });
    const talk = await connected(dial(door.server.port));
    talk.send(framed(oru({ id: 'TLS' })));
    expect((await talk.answers(1)).flatMap(codesOf)).toEqual(['AA TLS']);
    talk.socket.destroy();
    const plain = await door.talk();
    plain.send(framed(oru({ id: 'PLAIN' })));
    await plain.closed;
    expect((await door.messages()).filter(({ body }) => body.includes('|PLAIN|'))).toEqual([]);
    await door.end();
  });

  test('with clientCa a sender is known by its certificate, and none without one is let in', async () => {
    const door = await aDoor({
      tls: { key: pem('server.key'), cert: pem('server.pem'), clientCa: pem('ca.pem') },
      senders: [aSender({ name: 'river', match: { certificate: 'river-lab' } })],
    });
    const talk = await connected(dial(door.server.port, 'client'));
    talk.send(framed(oru({ id: 'MTLS' })));
    expect((await talk.answers(1)).flatMap(codesOf)).toEqual(['AA MTLS']);
    talk.socket.destroy();
    for (const client of [undefined, 'other']) {
      const refused = dial(door.server.port, client);
      refused.on('error', () => undefined);
      refused.on('secureConnect', () => refused.write(framed(oru({ id: 'REFUSED' }))));
      await new Promise((resolve) => refused.once('close', resolve));
    }
    const messages = await door.messages();
    expect(messages.filter(({ body }) => body.includes('|REFUSED|'))).toEqual([]);
    expect(messages.at(-1)).toMatchObject({ source: 'river', state: 'received' });
    const { rows } = await door.ledger.pool.query<{ actor: string }>(
      'select actor from message order by id desc limit 1',
    );
    expect(rows).toEqual([{ actor: 'mllp:127.0.0.1/river-lab' }]);
    await door.end();
  });
});
