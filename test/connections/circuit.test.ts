import { describe, expect, test } from '@jest/globals';
import { admit, closed, learn, pause } from '../../src/connections/circuit.ts';
import type { Circuit } from '../../src/connections/circuit.ts';

const policy = { failures: 3, baseMs: 1000, capMs: 4000 };
const at = (ms: number): Date => new Date(1_000_000 + ms);
const fails = (circuit: Circuit, ms: number): Circuit =>
  learn(circuit, 'fails', { now: at(ms), jitter: 0.999_999 }, policy);
const broken = (): Circuit => fails(fails(fails(closed, 0), 0), 0);

describe('the circuit of a destination', () => {
  test('opens after so many failures in a row, and an answer between them starts the count again', () => {
    expect(fails(fails(closed, 0), 0).state).toBe('closed');
    expect(broken().state).toBe('open');
    const answered = learn(fails(fails(closed, 0), 0), 'answers', { now: at(0), jitter: 0 }, policy);
    expect(fails(answered, 0)).toEqual({ state: 'closed', failures: 1 });
  });

  test('while open nothing goes out, and the wait is told', () => {
    const admission = admit(broken(), at(400), policy);
    expect(admission).toMatchObject({ admitted: false, cause: 'send/unavailable' });
    expect(admission.admitted ? 0 : admission.waitMs).toBeCloseTo(600, -1);
  });

  test('after the wait exactly one probe goes out', () => {
    const probe = admit(broken(), at(1000), policy);
    expect(probe).toMatchObject({ admitted: true, circuit: { state: 'half-open' } });
    expect(admit(probe.circuit, at(1000), policy).admitted).toBe(false);
    expect(learn(probe.circuit, 'answers', { now: at(1100), jitter: 0 }, policy)).toEqual(closed);
  });

  test('a probe that fails doubles the wait, up to the cap', () => {
    let circuit = broken();
    const waits: number[] = [];
    for (let now = 10_000, round = 0; round < 4; round += 1, now += 10_000) {
      circuit = fails(admit(circuit, at(now), policy).circuit, now);
      waits.push(circuit.state === 'open' ? Math.round((circuit.until.getTime() - at(now).getTime()) / 100) * 100 : 0);
    }
    expect(waits).toEqual([2000, 4000, 4000, 4000]);
  });

  test('a probe that never reports is given up', () => {
    const probe = admit(broken(), at(1000), policy);
    expect(admit(probe.circuit, at(200_000), policy).admitted).toBe(true);
  });

  test('refused credentials pause it, and neither time nor answers of others resume it', () => {
    const paused = learn(closed, 'refuses-credentials', { now: at(0), jitter: 0 }, policy);
    expect(admit(paused, at(10_000_000), policy)).toMatchObject({ admitted: false, cause: 'send/auth' });
    expect(learn(paused, 'answers', { now: at(1), jitter: 0 }, policy)).toBe(paused);
    expect(pause(at(0), 'send/unavailable', 'maintenance')).toMatchObject({ state: 'paused', reason: 'maintenance' });
  });
});
