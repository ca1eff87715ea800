/**
 * Hands on what the HL7 v2 door has committed: in the order in which it came, many at a time, by one process at a time.
 * A message leaves the intake in the transaction that accepts it, so that a crash at any point loses and doubles nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { IntakeRow } from '../core/intake.ts';
import type { Accept, Incoming, Log } from '../core/ports.ts';

/** Rows taken at a time. */
const most = 512;
/** What arrives while one batch is handed on goes with the next; a moment's wait makes the batches larger. */
const gatherMs = 15;
/** Of what is accepted at a time, and one message however large it is. */
const mostBytes = 16_000_000;
const againMs = 1_000;
/** Another process hands on: it may have looked just before our message was committed. */
const behindMs = 250;

export type IntakeMover = {
  /** Something was kept. Never throws, never blocks. */
  readonly poke: () => void;
  /** Resolves when there is nothing left to hand on, or somebody else does it. */
  readonly run: () => Promise<void>;
  /** Waits for what is being handed on. */
  readonly stop: () => Promise<void>;
};

export type MoverParts = {
  /** What waits after this row, in order. */
  readonly next: (after: string, limit: number) => Promise<readonly IntakeRow[]>;
  /** Runs it unless it runs already in any process. Answers whether it ran. */
  readonly alone: (run: () => Promise<void>) => Promise<boolean>;
  /** Never empty: what cannot be read is held. */
  readonly identify: (row: IntakeRow) => readonly Incoming[];
  readonly accept: Accept;
  readonly log: Log;
};

type Read = { readonly row: IntakeRow; readonly items: readonly Incoming[] };

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/**
 * This message is to blame, not the storage: classes 22, 23 and 54 of SQLSTATE, a statement that it makes too large, or a
 * fault of our own over it. Tried for ever it would keep back everybody behind it.
 */
const blamesMessage = (error: unknown): boolean =>
  /^(?:(?:22|23|54)[0-9A-Z]{3}|08P01|ERR_\w+)$/.test(codeOf(error)) ||
  [error, error instanceof Error ? error.cause : undefined].some(
    (one) => one instanceof TypeError || one instanceof RangeError,
  );

const asHeld = (row: IntakeRow, detail: string): Incoming => ({
  raw: row.bytes,
  contentType: 'application/hl7-v2; group=1',
  source: row.source,
  format: 'hl7v2',
  kind: 'unreadable',
  actor: row.actor,
  hold: { cause: 'internal/unexpected', detail },
});

export function createIntakeMover({ next, alone, identify, accept, log }: MoverParts): IntakeMover {
  let running: Promise<void> | undefined;
  let again = false;
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const itemsOf = (row: IntakeRow): readonly Incoming[] => {
    let items: readonly Incoming[];
    try {
      items = identify(row);
    } catch (error) {
      log('error', 'intake.not-read', { source: row.source, error });
      items = [asHeld(row, 'It could not be read.')];
    }
    return items.map((item) => asKept(item, row));
  };

  /** A message about many patients is as many messages with all its bytes: few such are accepted at a time. */
  async function handAll(rows: readonly IntakeRow[]): Promise<void> {
    let portion: Read[] = [];
    let bytes = 0;
    for (const row of rows) {
      const items = itemsOf(row);
      const own = items.length * row.bytes.byteLength;
      if (portion.length > 0 && bytes + own > mostBytes) {
        await hand(portion);
        [portion, bytes] = [[], 0];
      }
      portion.push({ row, items });
      bytes += own;
    }
    await hand(portion);
  }

  async function hand(rows: readonly Read[]): Promise<void> {
    try {
      await accept(rows.flatMap(({ items }) => items));
    } catch (error) {
      // Somebody else has handed some of it on: what is left is seen at the next look.
      if (codeOf(error) === 'intake-gone') again = true;
      else if (!blamesMessage(error)) throw error;
      else if (rows.length > 1) {
        const half = Math.ceil(rows.length / 2);
        await hand(rows.slice(0, half));
        await hand(rows.slice(half));
      } else await hold(rows[0]?.row);
    }
  }

  /** The ledger does not take what was read of it: its bytes are kept for a person, and the rest goes on. */
  async function hold(row: IntakeRow | undefined): Promise<void> {
    if (row === undefined) return;
    try {
      await accept([asKept(asHeld(row, 'The ledger does not take what was read of it.'), row)]);
    } catch (error) {
      if (!blamesMessage(error)) throw error;
      log('error', 'intake.stuck', { source: row.source, error });
    }
  }

  async function drain(): Promise<void> {
    let after = '0';
    while (!stopped.signal.aborted) {
      const rows = await next(after, most);
      const last = rows.at(-1);
      if (last === undefined) return;
      await handAll(rows);
      after = last.id;
      if (rows.length < most) await pause(gatherMs);
    }
  }

  const later = (ms: number): void => {
    clearTimeout(timer);
    if (stopped.signal.aborted) return;
    timer = setTimeout(poke, ms);
    timer.unref();
  };

  async function work(): Promise<void> {
    while (again && !stopped.signal.aborted) {
      again = false;
      try {
        if (!(await alone(drain))) later(behindMs);
      } catch (error) {
        log('warn', 'intake.waits', { error });
        later(againMs);
        return;
      }
    }
  }

  function run(): Promise<void> {
    again = true;
    running ??= work().finally(() => (running = undefined));
    return running;
  }

  function poke(): void {
    void run();
  }

  return {
    poke,
    run,
    stop: async () => {
      stopped.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

/** What was rejected at the door is held for what it was told, and takes no record's place. */
function asKept({ record, ...item }: Incoming, { id, hold }: IntakeRow): Incoming {
  if (hold === undefined) return { ...item, ...(record === undefined ? {} : { record }), intake: id };
  return { ...item, hold, intake: id };
}
