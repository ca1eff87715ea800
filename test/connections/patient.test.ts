import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PatientIdentifiers } from '../../src/core/ports.ts';
import { mrnSystem, patient, startEhr } from './support/ehr.ts';
import type { Ehr } from './support/ehr.ts';

let ehr: Ehr;
beforeEach(async () => {
  ehr = await startEhr();
});
afterEach(() => ehr.close());

const find = async (identifiers: Omit<PatientIdentifiers, 'source'>, source = 'commcare') =>
  (await ehr.destination().findPatient({ source, ...identifiers })).outcome;
const cause = async (identifiers: Omit<PatientIdentifiers, 'source'>, source?: string): Promise<string> => {
  const outcome = await find(identifiers, source);
  return outcome.ok ? outcome.value.reference : outcome.failure.cause;
};
const commcare = (value: string) => ({ system: 'urn:example:commcare', value });

describe('a patient', () => {
  test('is found by the chart’s own number', async () => {
    expect(await find({ mrn: 'MRN-1' })).toEqual({
      ok: true,
      value: { reference: 'Patient/p1', display: 'María García' },
    });
  });

  test('is looked for without any identifier in a URL', async () => {
    const { exchanges } = await ehr
      .destination()
      .findPatient({ source: 'commcare', mrn: 'MRN-1', dob: '1961-03-02', sourcePatientId: 'C-1' });
    expect(exchanges.map(({ url }) => url).join(' ')).not.toMatch(/MRN-1|C-1|1961/);
    expect(exchanges.map(({ requestBody }) => requestBody ?? '').join(' ')).toContain('MRN-1');
  });

  test('is not given up for a wrong base URL: no message is to blame for that', async () => {
    const elsewhere = ehr.destination({ baseUrl: `${ehr.baseUrl}/nowhere` });
    const { outcome } = await elsewhere.findPatient({ source: 'commcare', mrn: 'MRN-1' });
    expect(outcome).toMatchObject({ ok: false, failure: { cause: 'send/unavailable' } });
  });

  test('nobody has is unknown; two have is ambiguous', async () => {
    expect(await cause({ mrn: 'MRN-0' })).toBe('match/unknown-patient');
    ehr.admin.seed([patient('p2', 'MRN-1')]);
    expect(await cause({ mrn: 'MRN-1' })).toBe('match/ambiguous');
  });

  test.each([
    ['the date of the chart', '1961-03-02', 'Patient/p1'],
    ['another date', '1961-02-03', 'match/conflict'],
  ])('with %s', async (_name, dob, expected) => {
    expect(await cause({ mrn: 'MRN-1', dob })).toBe(expected);
  });

  test('whose chart has no date of birth conflicts with a given one', async () => {
    ehr.admin.seed([patient('p3', 'MRN-3', { birthDate: undefined })]);
    expect(await cause({ mrn: 'MRN-3', dob: '1961-03-02' })).toBe('match/conflict');
  });

  test('that was merged is followed, once, to the one that stands', async () => {
    ehr.admin.seed([
      patient('old', 'MRN-7', { active: false, link: [{ type: 'replaced-by', other: { reference: 'Patient/p1' } }] }),
      patient('loop', 'MRN-8', { link: [{ type: 'replaced-by', other: { reference: 'Patient/old' } }] }),
    ]);
    expect(await cause({ mrn: 'MRN-7' })).toBe('Patient/p1');
    expect(await cause({ mrn: 'MRN-8' })).toBe('match/unknown-patient');
  });

  test('that is inactive is not filed to, and does not make an active one ambiguous', async () => {
    ehr.admin.seed([patient('gone', 'MRN-9', { active: false })]);
    expect(await cause({ mrn: 'MRN-9' })).toBe('match/unknown-patient');
    ehr.admin.seed([patient('again', 'MRN-9')]);
    expect(await cause({ mrn: 'MRN-9' })).toBe('Patient/again');
  });

  test('is found by the id of a source only where the EHR is configured to know it', async () => {
    ehr.admin.seed([patient('p4', 'MRN-4', { identifier: [{ system: mrnSystem, value: 'MRN-4' }, commcare('C-4')] })]);
    expect(await cause({ sourcePatientId: 'C-4' })).toBe('Patient/p4');
    expect(await cause({ sourcePatientId: 'C-4' }, 'kobo')).toBe('match/unknown-patient');
  });

  test('whose two identifiers lead to two people is a conflict, also when the MRN leads to nobody', async () => {
    ehr.admin.seed([patient('p5', 'MRN-5', { identifier: [{ system: mrnSystem, value: 'MRN-5' }, commcare('C-5')] })]);
    expect(await cause({ mrn: 'MRN-1', sourcePatientId: 'C-5' })).toBe('match/conflict');
    expect(await cause({ mrn: 'MRN-0', sourcePatientId: 'C-5' })).toBe('match/conflict');
    expect(await cause({ mrn: 'MRN-5', sourcePatientId: 'C-5' })).toBe('Patient/p5');
    expect(await cause({ mrn: 'MRN-5', sourcePatientId: 'C-unknown' })).toBe('Patient/p5');
  });

  test('number with characters that mean something in a search is still one number', async () => {
    ehr.admin.seed([patient('p6', 'A,B|1')]);
    expect(await cause({ mrn: 'A,B|1' })).toBe('Patient/p6');
    expect(await cause({ mrn: 'A' })).toBe('match/unknown-patient');
  });

  test('is not found by a number that was taken from them', async () => {
    ehr.admin.seed([patient('p7', 'MRN-70', { identifier: [{ system: mrnSystem, value: 'MRN-7x', use: 'old' }] })]);
    expect(await cause({ mrn: 'MRN-7x' })).toBe('match/unknown-patient');
  });

  test('cannot be looked for while the EHR is away', async () => {
    ehr.admin.faults.add({ fault: 'status', value: 503 });
    expect(await cause({ mrn: 'MRN-1' })).toBe('send/unavailable');
  });
});
