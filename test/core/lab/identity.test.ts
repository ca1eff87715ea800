import { expect, test } from '@jest/globals';
import { type KnownOrder, whichOrder } from '../../../src/core/lab/identity.ts';
import type { LabOrder } from '../../../src/core/lab/model.ts';
import type { PatientKey } from '../../../src/core/model.ts';

const patientKey = 'p' as PatientKey;
const whose = { patientKey, source: 'lab', apart: false };
const known = (collected: string): KnownOrder => ({
  report: 'stands',
  patientKey,
  source: 'other',
  orderValue: 'F-1',
  orderSystem: 'urn:other',
  service: 's',
  collected,
  issued: new Date('2026-05-05T00:00:00Z'),
  sent: new Date('2026-05-05T00:00:00Z'),
  keys: new Set(),
});
const order = (collected: string): LabOrder => ({
  filler: { value: 'F-1', system: 'urn:lab' },
  service: 's',
  collected,
  issued: '2026-05-05T00:00:00Z',
  sent: '2026-05-05T00:00:00Z',
  results: [],
  specimens: [],
  tree: {},
});

test('one moment told in two zones is one collection; another day is another order', () => {
  const evening = known('2026-05-04T22:15:00-05:00');
  expect(whichOrder(order('2026-05-05T03:15:00Z'), whose, [evening])).toMatchObject({ is: 'this', report: 'stands' });
  expect(whichOrder(order('2026-05-05T08:15:00-05:00'), whose, [evening])).not.toMatchObject({ report: 'stands' });
  expect(whichOrder(order('2026-05-05'), whose, [evening])).not.toMatchObject({ report: 'stands' });
});
