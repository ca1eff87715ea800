/** The HL7 v2 door on a real ledger and a real socket, and a sender to talk to it. */
import net from 'node:net';
import tls from 'node:tls';
import type { KeepIntake } from '../../src/core/intake.ts';
import type { Hl7Sender } from '../../src/core/lab/sender.ts';
import type { Incoming } from '../../src/core/ports.ts';
import { createIntakeMover, type IntakeMover } from '../../src/assembly/intake.ts';
import { identifyHl7 } from '../../src/hl7v2/identify.ts';
import { runAlone } from '../../src/ledger/alone.ts';
import { createIntake, intakeAfter } from '../../src/ledger/intake.ts';
import { listenMllp, type MllpOptions, type MllpServer } from '../../src/mllp/server.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aSender as aLab } from '../support/hl7v2.ts';

/** One that nobody has configured. */
export const aSender = (more: Partial<Hl7Sender> = {}): Hl7Sender => aLab({ name: 'hl7', ...more });

/** An ORU^R01; `msh` replaces fields of its MSH by number. */
export function oru(
  given: {
    readonly id?: string;
    readonly mrn?: string;
    readonly value?: string;
    readonly filler?: string;
    readonly msh?: Readonly<Record<number, string>>;
  } = {},
): string {
  const { id = 'M1', mrn = '100200300', value = '7.4', filler = 'F-1', msh = {} } = given;
  const fields =
    String.raw`MSH|^~\&|LABCORE|RIVERLAB|CHWHUB|CLINIC|20260310101500-0600||ORU^R01^ORU_R01|${id}|P|2.5.1|||||||`.split(
      '|',
    );
  for (const [n, text] of Object.entries(msh)) fields[Number(n) - 1] = text;
  return [
    fields.join('|').replace(/\|+$/, ''),
    `PID|1||${mrn}^^^ALIVIO^MR||Ramirez^Rosa||19680412|F`,
    `ORC|RE|P-1|${filler}||CM`,
    `OBR|1|P-1|${filler}|4548-4^Hemoglobin A1c^LN|||20260309083000-0600|||||||||||||||20260310101000-0600||CH|F`,
    `OBX|1|NM|4548-4^Hemoglobin A1c^LN||${value}|%|4.0-5.6|H|||F|||20260309083000-0600`,
    '',
  ].join('\r');
}

export const framed = (text: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from('\v'), Buffer.from(text), Buffer.from('\x1c\r')]);

export type Talk = {
  readonly send: (bytes: string | Buffer) => void;
  /** The next answers, without their frames; rejects when the connection closes before. */
  readonly answers: (count: number) => Promise<readonly string[]>;
  readonly closed: Promise<void>;
  readonly socket: net.Socket;
  /** Says that nothing more comes, and still reads. */
  readonly end: () => void;
};

export function talkOn(socket: net.Socket): Talk {
  let buffer = '';
  const found: string[] = [];
  let waiting:
    | {
        readonly count: number;
        readonly resolve: (answers: readonly string[]) => void;
        readonly reject: (error: Error) => void;
      }
    | undefined;
  let over = false;
  const settle = (): void => {
    if (waiting === undefined) return;
    if (found.length >= waiting.count) {
      waiting.resolve(found.splice(0, waiting.count));
      waiting = undefined;
    } else if (over) {
      waiting.reject(new Error(`Closed with ${found.length} of ${waiting.count} answers.`));
      waiting = undefined;
    }
  };
  socket.on('data', (chunk: Buffer) => {
    buffer += chunk.toString('latin1');
    for (let ends = buffer.indexOf('\x1c\r'); ends >= 0; ends = buffer.indexOf('\x1c\r')) {
      found.push(buffer.slice(1, ends));
      buffer = buffer.slice(ends + 2);
    }
    settle();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      over = true;
      settle();
      resolve();
    });
  });
  return {
    socket,
    closed,
    send: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    answers: (count) =>
      new Promise((resolve, reject) => {
        waiting = { count, resolve, reject };
        settle();
      }),
  };
}

/** MSA-1 and MSA-2 of each message of an answer. */
export const codesOf = (answer: string): readonly string[] =>
  Array.from(answer.matchAll(/(?:^|\r)MSA.([A-Z]{2}).([^\r|]*)/g), ([, code, id]) => `${code} ${id}`);

export type TestDoor = {
  readonly server: MllpServer;
  readonly ledger: TestLedger;
  readonly mover: IntakeMover;
  readonly counted: Record<string, number>;
  readonly logged: string[];
  readonly talk: () => Promise<Talk>;
  /** All messages once nothing waits in the intake: `state cause kind`, oldest first. */
  readonly messages: () => Promise<
    readonly { id: string; state: string; cause: string | null; source: string; kind: string; body: string }[]
  >;
  readonly end: () => Promise<void>;
};

const roomy = { frameBytes: 1_000_000, bytesInFlight: 64_000_000, connections: 256, idleMs: 0, frameMs: 30_000 };

export async function aDoor(
  given: {
    readonly limits?: Partial<MllpOptions['limits']>;
    readonly senders?: readonly Hl7Sender[];
    readonly anySender?: Hl7Sender;
    readonly tls?: MllpOptions['tls'];
    readonly keep?: (keep: KeepIntake) => KeepIntake;
    /** Of several doors one after the other; it stays open. */
    readonly ledger?: TestLedger;
    /** Set: messages stay in the intake. */
    readonly still?: boolean;
  } = {},
): Promise<TestDoor> {
  const ledger = given.ledger ?? (await aLedger());
  const { senders = [], anySender = aSender() } = given;
  const counted: Record<string, number> = {};
  const logged: string[] = [];
  const count = (what: string, by = 1): void => void (counted[what] = (counted[what] ?? 0) + by);
  const mover = createIntakeMover({
    next: (after, limit) => intakeAfter(ledger.pool, after, limit),
    alone: (run) => runAlone(ledger.pool, 'intake', run),
    identify: ({ bytes, source, actor }): readonly Incoming[] =>
      identifyHl7({ raw: bytes, source: senders.find(({ name }) => name === source) ?? anySender, actor }),
    accept: ledger.acceptor.accept,
    log: (_, event) => void logged.push(event),
  });
  const { keep } = createIntake({ pool: ledger.pool, onKept: given.still ? () => undefined : mover.poke });
  const server = await listenMllp({
    host: '127.0.0.1',
    port: 0,
    senders,
    anySender,
    ...(given.tls === undefined ? {} : { tls: given.tls }),
    limits: { ...roomy, ...given.limits },
    keep: given.keep?.(keep) ?? keep,
    clock: () => new Date('2026-03-10T16:15:02Z'),
    random: () => 0.5,
    log: (_, event) => void logged.push(event),
    observe: {
      acknowledged: (source, code) => count(`${source} ${code}`),
      dropped: (reason, by) => count(reason, by),
      took: () => undefined,
      connections: () => undefined,
    },
  });
  return {
    server,
    ledger,
    mover,
    counted,
    logged,
    talk: () => connected(net.connect({ port: server.port, host: '127.0.0.1' })),
    messages: async () => {
      await mover.run();
      const { rows } = await ledger.pool.query<{
        id: string;
        state: string;
        cause: string | null;
        source: string;
        kind: string;
        body: string;
      }>(
        `select m.id::text, m.state, m.cause, m.source, m.kind, encode(p.body, 'escape') as body
        from message m join payload p on p.message_id = m.id order by m.id`,
      );
      return rows;
    },
    end: async () => {
      await server.close(1_000);
      await mover.stop();
      if (given.ledger === undefined) await ledger.end();
    },
  };
}

export const connected = (socket: net.Socket | tls.TLSSocket): Promise<Talk> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject);
      resolve(talkOn(socket));
    });
  });
