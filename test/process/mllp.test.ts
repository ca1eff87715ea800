/** The HL7 v2 door of the real program: killed while messages arrive, and what was acknowledged is there, once. */
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { until } from '../../src/prove/until.ts';
import { framed, oru, talkOn } from '../mllp/support.ts';
import { aSite, listed, type Site } from './tejido.ts';

jest.setTimeout(300_000);

let site: Site;
beforeAll(async () => {
  site = await aSite();
});
afterAll(() => site.end());

const connect = (): Promise<net.Socket | undefined> =>
  new Promise((resolve) => {
    const socket = net.connect(site.mllpPort, '127.0.0.1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });

/** Sends until `count` are acknowledged; what was not is sent again, as it was. */
async function sender(name: string, count: number, onAck: (id: string) => void): Promise<void> {
  for (let n = 0; n < count;) {
    const socket = await connect();
    if (socket === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const talk = talkOn(socket);
    try {
      for (; n < count; n += 1) {
        const id = `${name}${n}`;
        talk.send(framed(oru({ id, filler: `F-${id}`, mrn: `9${name.charCodeAt(0)}` })));
        const [answer = ''] = await talk.answers(1);
        if (!answer.includes(`MSA|AA|${id}\r`)) throw new Error('not acknowledged');
        onAck(id);
      }
    } catch {
      // The process died, or could not commit: the same message again.
    }
    socket.destroy();
  }
}

describe('tejido start', () => {
  test('says where the HL7 v2 door is', async () => {
    const program = await site.start();
    expect(await site.log()).toContain(`HL7 v2 (MLLP): 127.0.0.1:${site.mllpPort}`);
    program.signal('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });

  test('says what to do when its port is taken, and ends', async () => {
    const taken = net.createServer().listen(site.mllpPort, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { code, text } = await site.run(['start']);
    taken.close();
    expect(code).toBe(1);
    expect(text).toContain(`127.0.0.1:${site.mllpPort} is in use by another program`);
    expect(text).toContain('MLLP_PORT');
  });

  test('is killed while messages arrive: everything that was acknowledged is there, once, in order', async () => {
    const acknowledged: string[] = [];
    let program = await site.start();
    const senders = ['A', 'B', 'C', 'D'].map((name) => sender(name, 150, (id) => void acknowledged.push(id)));
    for (const reached of [60, 200, 400]) {
      await until(() => (acknowledged.length >= reached ? true : undefined), 60_000);
      program.signal('SIGKILL');
      await program.ended;
      program = await site.start();
    }
    await Promise.all(senders);
    expect(acknowledged).toHaveLength(600);
    await until(
      async () => ((await site.ask('/metrics')).text.includes('\ntejido_intake_waiting 0\n') ? true : undefined),
      30_000,
    );
    const found: string[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const { messages, next: after } = (
        await site.ask(`/v1/messages?limit=500${next === '' ? '' : `&before=${next}`}`)
      ).body as {
        messages: { recordId?: string }[];
        next?: string;
      };
      found.push(...messages.map(({ recordId = '' }) => recordId.split('|')[0] ?? ''));
      next = after;
    }
    const oldestFirst = found.toReversed();
    for (const name of ['A', 'B', 'C', 'D']) {
      expect(oldestFirst.filter((id) => id.startsWith(name))).toEqual(
        Array.from({ length: 150 }, (_, n) => `${name}${n}`),
      );
    }
    expect((await listed(site)).length).toBe(500);
    program.signal('SIGTERM');
    await program.ended;
  });
});
