/** Patients who could be a person, searched for in an EHR over HTTP. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Demographics } from '../../src/core/matching/demographics.ts';
import { patient, startEhr } from './support/ehr.ts';
import type { Ehr } from './support/ehr.ts';

let ehr: Ehr;
beforeEach(async () => {
  ehr = await startEhr();
});
afterEach(() => ehr.close());

const search = async (about: Demographics) => {
  const { findAlike } = ehr.destination();
  if (findAlike === undefined) throw new Error('It does not search by name.');
  return findAlike(about);
};
const found = async (about: Demographics): Promise<readonly string[]> => {
  const { outcome } = await search(about);
  return outcome.ok ? outcome.value.map(({ reference }) => reference).toSorted() : [outcome.failure.cause];
};

const named = (id: string, mrn: string, family: string, birthDate: string, more: Record<string, unknown> = {}) =>
  patient(id, mrn, { name: [{ family, given: ['Rosa'] }], birthDate, ...more });

describe('patients alike', () => {
  beforeEach(() => {
    ehr.admin.seed([
      named('a', 'M-A', 'Mora Ruiz', '1970-05-12', { telecom: [{ system: 'phone', value: '+1-312-555-0142' }] }),
      named('b', 'M-B', 'Ruiz Mora', '1970-12-05'),
      named('c', 'M-C', 'Peña Soto', '1970-05-12'),
      named('gone', 'M-D', 'Mora Ruiz', '1970-05-12', { active: false }),
    ]);
  });

  test('are found by date of birth and surname', async () => {
    expect(await found({ family: 'Mora', secondFamily: 'Ruiz', dob: '1970-05-12' })).toContain('Patient/a');
    expect(await found({ family: 'Mora', dob: '1970-05-12' })).not.toContain('Patient/c');
    expect(await found({ family: 'Mora', dob: '1970-05-12' })).not.toContain('Patient/gone');
  });

  test('are found with day and month exchanged', async () => {
    expect(await found({ family: 'Ruiz', secondFamily: 'Mora', dob: '1970-05-12' })).toContain('Patient/b');
  });

  test('come with their number and all that can be compared', async () => {
    const { outcome } = await search({ family: 'Mora', dob: '1970-05-12' });
    expect(outcome.ok ? outcome.value.find(({ reference }) => reference === 'Patient/a') : undefined).toMatchObject({
      mrn: 'M-A',
      descriptions: [{ given: 'Rosa', family: 'Mora Ruiz', dob: '1970-05-12', phones: ['+1-312-555-0142'] }],
    });
  });

  test('are looked for without a word of it in a URL', async () => {
    const { exchanges } = await search({ family: 'Mora', dob: '1970-05-12', phones: ['312-555-0142'] });
    expect(exchanges.map(({ url }) => url).join(' ')).not.toMatch(/Mora|1970|0142/);
    expect(exchanges.map(({ requestBody }) => requestBody ?? '').join(' ')).toContain('Mora');
  });

  test('are not everybody, where a server ignores what it is asked', async () => {
    expect(await found({ family: 'Zzyzx', dob: '1970-05-12' })).toEqual([]);
  });

  test('cannot be looked for without a date of birth or a telephone', async () => {
    expect(await found({ given: 'Rosa', family: 'Mora' })).toEqual(['send/unsupported']);
  });
});
