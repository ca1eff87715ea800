/** Postgres goes away while its connections are in use: the queries fail, the process lives. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { freshDatabase, type FreshDatabase } from '../support/postgres.ts';
import { openDatabase } from '../../src/ledger/database.ts';

let database: FreshDatabase;
let relay: Server;
const sockets = new Set<Socket>();
beforeAll(async () => {
  database = await freshDatabase();
  const { port } = new URL(database.url);
  relay = createServer((socket) => {
    const onward = connect(Number(port), '127.0.0.1');
    for (const one of [socket, onward]) {
      sockets.add(one);
      one.on('error', () => undefined);
    }
    socket.pipe(onward).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
});
afterAll(async () => {
  relay.close();
  await database.drop();
});

test('a connection that breaks while it is checked out is an error of its query, not of the process', async () => {
  const url = new URL(database.url);
  url.port = String((relay.address() as AddressInfo).port);
  const ledger = openDatabase({ url: url.href, connections: 2, log: () => undefined });
  const client = await ledger.pool.connect();
  const heard = new Promise<void>((resolve) => client.once('end', resolve));
  // Between two queries of a transaction: nobody waits for an answer.
  await client.query('begin');
  for (const socket of sockets) socket.resetAndDestroy();
  await heard;
  await expect(client.query('select 1')).rejects.toThrow();
  client.release(true);
  expect((await ledger.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await ledger.close();
});
