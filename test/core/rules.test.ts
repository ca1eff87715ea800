import { describe, expect, test } from '@jest/globals';
import { recordKey, subjectKey } from '../../src/core/artifact.ts';
import type { MessageId, PatientKey } from '../../src/core/model.ts';
import { recognise } from '../../src/core/person.ts';
import { classify, type StandingRecord } from '../../src/core/version.ts';

const standing = (more: Partial<StandingRecord> = {}): StandingRecord => ({
  latestMessage: '1' as MessageId,
  latestHash: 'a',
  latestVersion: 2,
  generation: 1,
  ...more,
});

describe('an arriving version is', () => {
  const { latestVersion: _, ...unversioned } = standing();
  test.each([
    ['first', { version: 1, contentHash: 'a' }, undefined],
    ['duplicate', { version: 2, contentHash: 'a' }, standing()],
    ['duplicate', { version: 3, contentHash: 'a' }, standing()],
    ['newer', { version: 3, contentHash: 'b' }, standing()],
    ['older', { version: 1, contentHash: 'b' }, standing()],
    ['conflict', { version: 2, contentHash: 'b' }, standing()],
    ['newer', { contentHash: 'b' }, standing()],
    ['newer', { version: 1, contentHash: 'b' }, unversioned],
  ])('%s: %j beside %j', (expected, arriving, before) => {
    expect(classify(arriving, before)).toBe(expected);
  });
});

describe('a person is', () => {
  const key = 'k' as PatientKey;
  const ana = {
    key,
    dob: '1961-03-02',
    identities: [
      { system: 'source:app', value: 'p1' },
      { system: 'mrn', value: 'M1' },
    ],
  };
  test.each([
    ['new', { source: 'app', sourcePatientId: 'p1' }, []],
    ['known', { source: 'app', sourcePatientId: 'p1', mrn: 'M1', dob: '1961-03-02' }, [ana]],
    ['known', { source: 'sheet', sourcePatientId: 'x', mrn: 'M1' }, [ana]],
    ['conflict', { source: 'app', sourcePatientId: 'p1', mrn: 'M2' }, [ana]],
    ['conflict', { source: 'app', sourcePatientId: 'p2', mrn: 'M1' }, [ana]],
    ['conflict', { source: 'app', mrn: 'M1', dob: '1961-02-03' }, [ana]],
    [
      'conflict',
      { source: 'app', sourcePatientId: 'p1', mrn: 'M9' },
      [ana, { key: 'o' as PatientKey, identities: [] }],
    ],
  ])('%s by %j', (expected, given, known) => {
    expect(recognise(given, known).kind).toBe(expected);
  });
});

describe('artifact keys', () => {
  test('are opaque, stable, and differ by source, record and generation', () => {
    expect(recordKey('app', 'r1', 1)).toMatch(/^[a-z2-7]{26}$/);
    expect(recordKey('app', 'r1', 1)).toBe(recordKey('app', 'r1', 1));
    const keys = [
      recordKey('app', 'r1', 1),
      recordKey('app', 'r1', 2),
      recordKey('app', 'r2', 1),
      recordKey('b', 'r1', 1),
    ];
    expect(new Set([...keys, subjectKey('r1' as PatientKey)]).size).toBe(5);
  });
});
