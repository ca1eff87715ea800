import { describe, expect, test } from '@jest/globals';
import { judge, startWatchdog } from '../../src/wake/watchdog.ts';
import { slotOf } from '../../src/wake/wake.ts';
import { listeningLog, until } from './wake-cases.ts';

describe('the watchdog', () => {
  test.each([
    ['nothing due', { ageMs: 0 }, undefined, { state: 'fine', heal: false }],
    ['due within the limit', { ageMs: 1_000 }, undefined, { state: 'fine', heal: false }],
    ['just late', { ageMs: 1_001 }, undefined, { state: 'late', heal: true }],
    ['late, healed a moment ago', { ageMs: 5_000 }, 999, { state: 'late', heal: false }],
    ['late, healed long ago', { ageMs: 5_000 }, 1_000, { state: 'late', heal: true }],
    ['unreadable', 'unreadable', undefined, { state: 'blind', heal: false }],
  ] as const)('%s', (_, reading, sinceHeal, verdict) => {
    expect(judge(reading, 1_000, sinceHeal)).toEqual(verdict);
  });

  test('heals work that ages, and says so once', async () => {
    let age: number | undefined;
    let heals = 0;
    const { heard, log } = listeningLog();
    const heal = async () => {
      heals += 1;
      age = undefined;
    };
    const dog = startWatchdog({ oldestDueMs: async () => age, limitMs: 1_000, everyMs: 10, heal, log });
    try {
      age = 5_000;
      await until('healed', () => heals === 1 && dog.state().state === 'fine');
      expect(heard.map(({ event }) => event)).toEqual(['watchdog.late', 'watchdog.heal', 'watchdog.fine']);
    } finally {
      dog.stop();
    }
  });

  test('a healing that hangs does not end the watch', async () => {
    let heals = 0;
    const heal = () => {
      heals += 1;
      return new Promise<void>(() => undefined);
    };
    const { log } = listeningLog();
    const dog = startWatchdog({ oldestDueMs: async () => 9_000, limitMs: 20, everyMs: 5, heal, log });
    try {
      await until('healed again', () => heals >= 3);
    } finally {
      dog.stop();
    }
  });

  test('a ledger that cannot be asked makes it blind, not blind and healing; it sees again afterwards', async () => {
    let broken = true;
    const { heard, log } = listeningLog();
    const dog = startWatchdog({
      oldestDueMs: () => (broken ? Promise.reject(new Error('away')) : Promise.resolve(undefined)),
      limitMs: 1_000,
      everyMs: 5,
      heal: () => Promise.reject(new Error('must not heal')),
      log,
    });
    try {
      await until('blind', () => dog.state().state === 'blind');
      broken = false;
      await until('fine', () => dog.state().state === 'fine');
      expect(heard.map(({ event }) => event)).toEqual(['watchdog.blind', 'watchdog.fine']);
    } finally {
      dog.stop();
    }
  });
});

test('due times share slots, never before their time', () => {
  expect(slotOf(1_001, 0)).toBe(1_100);
  expect(slotOf(1_100, 0)).toBe(1_100);
  expect(slotOf(60_001, 0)).toBe(61_000);
});
