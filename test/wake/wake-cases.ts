/** What holds on every backend. */
import { expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { DestinationId } from '../../src/core/model.ts';
import type { Log } from '../../src/core/ports.ts';
import type { Backend } from '../../src/wake/backend.ts';
import { startWake } from '../../src/wake/wake.ts';
import type { Wake, WakeOptions } from '../../src/wake/wake.ts';

export const ehr = 'ehr' as DestinationId;

export const until = async (what: string, condition: () => boolean | Promise<boolean>, limitMs = 20_000) => {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(5);
  }
};

type Heard = { level: string; event: string; fields: Record<string, unknown> };

export const listeningLog = () => {
  const heard: Heard[] = [];
  const log: Log = (level, event, fields = {}) => void heard.push({ level, event, fields });
  return { heard, log };
};

const wakes: Wake[] = [];

export const wakeOn = async (backend: Backend, options: Partial<WakeOptions>): Promise<Wake> => {
  const wake = await startWake({
    backend,
    destinations: [ehr],
    onWake: async () => undefined,
    schedules: [],
    alone: (_name, run) => run(),
    log: () => undefined,
    clock: () => new Date(),
    upkeepMs: 300,
    ...options,
  });
  wakes.push(wake);
  return wake;
};

export const closeWakes = async () => {
  await Promise.all(wakes.splice(0).map((wake) => wake.close(2_000)));
};

const gate = () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
};

export const casesOfEveryBackend = (backend: () => Backend) => {
  test('each poke wakes an idle process by itself, without any upkeep', async () => {
    let looks = 0;
    const wake = await wakeOn(backend(), { onWake: async () => void (looks += 1), upkeepMs: 600_000 });
    await until('healthy', wake.healthy);
    for (let n = 0; n < 10; n += 1) {
      const before = looks;
      wake.poke(ehr);
      await until('look', () => looks > before);
    }
  });

  test('ten thousand pokes make few looks, and one of them begins after the last poke', async () => {
    let looks = 0;
    let pokes = 0;
    let seen = 0;
    const wake = await wakeOn(backend(), {
      onWake: async () => {
        looks += 1;
        seen = pokes;
      },
    });
    await until('healthy', wake.healthy);
    for (let round = 0; round < 20; round += 1) {
      for (let n = 0; n < 500; n += 1) {
        pokes += 1;
        wake.poke(ehr);
      }
      await pause(2);
    }
    await until('a look after the last poke', () => seen === 10_000);
    expect(looks).toBeLessThan(100);
  });

  test('a poke while a look runs leads to another look, in another process if there is one', async () => {
    const first = gate();
    let started = 0;
    let other = 0;
    const busy = await wakeOn(backend(), {
      onWake: async () => {
        started += 1;
        if (started === 1) await first.opened;
      },
    });
    await until('healthy', busy.healthy);
    busy.poke(ehr);
    await until('look runs', () => started === 1);
    const helper = await wakeOn(backend(), { onWake: async () => void (other += 1) });
    await until('healthy', helper.healthy);
    busy.poke(ehr);
    await until('the free process looks', () => other === 1);
    await helper.close();
    busy.poke(ehr);
    await pause(50);
    expect(started).toBe(1);
    first.open();
    await until('another look', () => started === 2);
  });

  test('a look that fails is repeated by itself', async () => {
    let looks = 0;
    const { heard, log } = listeningLog();
    const wake = await wakeOn(backend(), {
      log,
      onWake: async () => {
        looks += 1;
        if (looks < 3) throw new Error('the ledger is away');
      },
    });
    await until('healthy', wake.healthy);
    wake.poke(ehr);
    await until('third look', () => looks === 3);
    expect(heard.filter(({ event }) => event === 'wake.look-failed')).toHaveLength(2);
  });

  test('pokes for later come once each slot, not before their time', async () => {
    const looks: number[] = [];
    const wake = await wakeOn(backend(), { onWake: async () => void looks.push(Date.now()) });
    await until('healthy, and the look that comes with it', () => wake.healthy() && looks.length > 0);
    await pause(100);
    looks.length = 0;
    const due = Date.now() + 400;
    for (let n = 0; n < 200; n += 1) wake.pokeAt(ehr, new Date(due));
    await until('look', () => looks.length > 0);
    expect(looks[0]).toBeGreaterThanOrEqual(due);
    expect(Date.now() - due).toBeLessThan(2_000);
    await pause(200);
    expect(looks.length).toBeLessThanOrEqual(2);
  });

  test('a schedule runs again and again, as often as its turn comes and nobody else has it', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const schedules = [
      {
        name: 'sweep',
        everyMs: 100,
        run: async () => {
          runs += 1;
          running += 1;
          most = Math.max(most, running);
          await pause(250);
          running -= 1;
        },
      },
    ];
    let taken = false;
    const alone = async (_name: string, run: () => Promise<void>): Promise<void> => {
      if (taken) return;
      taken = true;
      await run().finally(() => (taken = false));
    };
    for (let n = 0; n < 3; n += 1) await wakeOn(backend(), { schedules, alone });
    await until('five runs', () => runs >= 5);
    expect(most).toBe(1);
  });

  test('rebuilding replaces workers that stopped silently', async () => {
    let looks = 0;
    const wake = await wakeOn(backend(), { onWake: async () => void (looks += 1) });
    await until('healthy', wake.healthy);
    await wake.rebuild('test');
    await until('looks by itself', () => looks > 0);
    await until('healthy', wake.healthy);
    const before = looks;
    wake.poke(ehr);
    await until('look', () => looks > before);
  });

  test('several processes may start at once', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => wakeOn(backend(), {})));
    await until('all healthy', () => all.every((wake) => wake.healthy()));
  });

  test('a process that only pokes wakes one that works', async () => {
    let looks = 0;
    const door = await wakeOn(backend(), { consume: false, onWake: () => Promise.reject(new Error('must not look')) });
    const worker = await wakeOn(backend(), { onWake: async () => void (looks += 1) });
    await until('healthy', () => door.healthy() && worker.healthy());
    door.poke(ehr);
    await until('look', () => looks > 0);
  });
};
