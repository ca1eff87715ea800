import { expect, test } from '@jest/globals';
import { checkMllp } from '../../src/assembly/mllp-check.ts';
import type { MllpConfig } from '../../src/config/config.ts';
import { aSender } from '../mllp/support.ts';

const mllp: MllpConfig = {
  enabled: true,
  host: '127.0.0.1',
  port: 2575,
  limits: { frameBytes: 1, bytesInFlight: 1, connections: 1, idleMs: 0, frameMs: 1 },
  senders: [aSender({ name: 'river' })],
  anySender: aSender(),
};
const now = new Date('2026-11-22');

test('says where the door is, that it has no TLS, and whom it knows', () => {
  expect(checkMllp(mllp, now)).toEqual({
    name: 'HL7 v2 door',
    ok: true,
    says: '127.0.0.1:2575, without TLS. Senders: river; others are taken as hl7.',
  });
  expect(checkMllp({ ...mllp, host: '0.0.0.0' }, now).says).toContain('let only the laboratory reach this port');
  expect(checkMllp({ ...mllp, enabled: false }, now)).toMatchObject({ ok: true, says: expect.stringContaining('off') });
});

test('a key that is none fails, and is not repeated', () => {
  const told = checkMllp({ ...mllp, tls: { key: 'not a key', cert: 'not a certificate' } }, now);
  expect(told).toMatchObject({ ok: false, next: expect.stringContaining('PEM') });
  expect(told.says).not.toContain('not a key');
});
