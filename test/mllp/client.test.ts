/** The MLLP client against receivers that do what real ones do. */
import { afterEach, expect, test } from '@jest/globals';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { type MllpClient, mllpClient, type MllpClientOptions } from '../../src/mllp/client.ts';
import { ackFor, acknowledge, framed, type Got, scripted, type Scripted } from './scripted-server.ts';

let server: Scripted | undefined;
const clients: MllpClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server?.close();
  server = undefined;
});

const message = (controlId: string, says = ''): Buffer =>
  Buffer.from(`MSH|^~\\&|LAB|L|EHR|C|20260520100000||ORU^R01^ORU_R01|${controlId}|P|2.5.1\rPID|1||${says}\r`);

async function begin(answer: (got: Got) => void, over: Partial<MllpClientOptions> = {}) {
  server = await scripted(answer);
  const client = mllpClient({ host: '127.0.0.1', port: server.port, connectMs: 2_000, answerMs: 300, ...over });
  clients.push(client);
  return { server, client };
}

test.each([
  ['AA', 'accepted'],
  ['CA', 'accepted'],
  ['AE', 'retryable'],
  ['CE', 'retryable'],
  ['AR', 'rejected'],
  ['CR', 'rejected'],
] as const)('%s is %s', async (code, kind) => {
  const { client } = await begin(acknowledge(code, 'ERR||PID^1^3|204^Unknown key identifier^HL70357|E\r'));
  expect(await client.send(message('m1'), 'm1')).toMatchObject({
    kind,
    ack: { code, controlId: 'm1', errors: [{ code: '204', location: 'PID^1^3' }] },
  });
});

test('messages go one after the other over one connection, each with its own answer', async () => {
  let open = 0;
  let most = 0;
  const { server: there, client } = await begin((got) => {
    open += 1;
    most = Math.max(most, open);
    setImmediate(() => {
      open -= 1;
      acknowledge()(got);
    });
  });
  const ids = Array.from({ length: 50 }, (_, n) => `m${n}`);
  const outcomes = await Promise.all(ids.map((id) => client.send(message(id), id)));
  expect(outcomes.map((outcome) => 'ack' in outcome && outcome.ack.controlId)).toEqual(ids);
  expect(there.got.map(({ controlId }) => controlId)).toEqual(ids);
  expect([most, there.connections()]).toEqual([1, 1]);
});

test('an answer a byte at a time, and one whose 0x1C is the last byte, are answers', async () => {
  const { client } = await begin(({ socket, controlId, nth }) => {
    if (nth === 0) for (const byte of framed(ackFor(controlId))) socket.write(Buffer.of(byte));
    else socket.write(framed(ackFor(controlId)).subarray(0, -1));
  });
  expect(await client.send(message('m1'), 'm1')).toMatchObject({ kind: 'accepted' });
  expect(await client.send(message('m2'), 'm2')).toMatchObject({ kind: 'accepted' });
});

test('an answer that comes after the time is up never meets the next message', async () => {
  const late: Got[] = [];
  const { server: there, client } = await begin((got) => {
    if (got.controlId === 'm1') late.push(got);
    else {
      // The answer to the first, on whatever connection is there, before the one to this.
      for (const one of late) one.socket.write(framed(ackFor('m1')));
      acknowledge('AR')(got);
    }
  });
  expect(await client.send(message('m1'), 'm1')).toEqual({ kind: 'ambiguous', why: 'timeout' });
  expect(await client.send(message('m2'), 'm2')).toMatchObject({ kind: 'rejected', ack: { controlId: 'm2' } });
  expect(there.connections()).toBe(2);
});

test('an answer about another message is no answer, and the connection is dropped', async () => {
  const { server: there, client } = await begin(({ socket, controlId, nth }) => {
    socket.write(framed(ackFor(nth === 0 ? 'other' : controlId)));
  });
  expect(await client.send(message('m1'), 'm1')).toMatchObject({ kind: 'unreadable' });
  expect(await client.send(message('m1'), 'm1')).toMatchObject({ kind: 'accepted' });
  expect(there.connections()).toBe(2);
});

test.each([
  ['no MLLP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['no HL7', framed('OK')],
  ['no MSA', framed('MSH|^~\\&|EHR|C|TEJIDO||20260520||ACK|1|P|2.5.1\r')],
  ['an unknown code', framed(ackFor('m1', 'OK'))],
  ['an empty MSA-2', framed(ackFor(''))],
  ['an empty block', framed('')],
] as const)('%s is unreadable, never accepted', async (_what, bytes) => {
  const { client } = await begin(({ socket }) => void socket.write(bytes));
  const outcome = await client.send(message('m1'), 'm1');
  expect(outcome.kind).toBe('unreadable');
});

test('a receiver that hangs up after it read the message leaves doubt; one that is not there does not', async () => {
  const { server: there, client } = await begin(({ socket }) => void socket.end());
  expect(await client.send(message('m1'), 'm1')).toEqual({ kind: 'ambiguous', why: 'connection-lost' });
  await there.close();
  expect(await client.send(message('m2'), 'm2')).toEqual({ kind: 'unreachable', why: 'ECONNREFUSED' });
});

test('a receiver that does not read leaves doubt when the time is up', async () => {
  const sockets: Socket[] = [];
  const silent = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const client = mllpClient({ host: '127.0.0.1', port, connectMs: 1_000, answerMs: 300 });
  const outcome = await client.send(message('m1', 'x'.repeat(20_000_000)), 'm1');
  expect(outcome).toEqual({ kind: 'ambiguous', why: 'timeout' });
  await client.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

test('AE, then AA when it is sent again', async () => {
  const { client } = await begin((got) => acknowledge(got.nth === 0 ? 'AE' : 'AA')(got));
  expect((await client.send(message('m1'), 'm1')).kind).toBe('retryable');
  expect((await client.send(message('m1'), 'm1')).kind).toBe('accepted');
});

test("a second answer about a message (the application's, after CA) is told, and is not taken for the next one's", async () => {
  const told: string[] = [];
  const { server: there, client } = await begin(
    (got) => {
      if (got.controlId === 'm1') {
        got.socket.write(Buffer.concat([framed(ackFor('m1', 'CA')), framed(ackFor('m1', 'AA'))]));
      } else {
        got.socket.write(Buffer.concat([framed(ackFor('m1', 'AA')), framed(ackFor(got.controlId, 'CR'))]));
      }
    },
    { onLate: ({ code, controlId }) => told.push(`${code} ${controlId}`) },
  );
  expect(await client.send(message('m1'), 'm1')).toMatchObject({ kind: 'accepted', ack: { code: 'CA' } });
  expect(await client.send(message('m2'), 'm2')).toMatchObject({ kind: 'rejected', ack: { controlId: 'm2' } });
  expect(told).toEqual(['AA m1', 'AA m1']);
  expect(there.connections()).toBe(1);
});

test('a control id that was used on a connection goes over a new one: an old answer cannot be about it', async () => {
  const { server: there, client } = await begin((got) => {
    acknowledge(got.nth === 0 ? 'AA' : 'AR')(got);
    if (got.nth === 0) acknowledge('AA')(got);
  });
  expect((await client.send(message('m1', 'first'), 'm1')).kind).toBe('accepted');
  expect((await client.send(message('m1', 'second'), 'm1')).kind).toBe('rejected');
  expect(there.connections()).toBe(2);
});

test('stopped while it waits: it may have been taken', async () => {
  const { server: there, client } = await begin(() => undefined, { answerMs: 60_000 });
  const stop = new AbortController();
  const sending = client.send(message('m1'), 'm1', stop.signal);
  await there.received(1);
  stop.abort();
  expect(await sending).toEqual({ kind: 'ambiguous', why: 'stopped' });
});
