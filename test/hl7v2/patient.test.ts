import { describe, expect, test } from '@jest/globals';
import type { Hl7Sender } from '../../src/core/lab/sender.ts';
import { readPatient } from '../../src/hl7v2/patient.ts';
import { parseMessage } from '../../src/hl7v2/parse.ts';
import { readOru } from '../../src/hl7v2/oru.ts';
import { withoutSocialSecurity } from '../../src/hl7v2/social-security.ts';
import { segmentNamed } from '../../src/hl7v2/values.ts';
import { aSender, messageOf, msh, obr, valueIn } from '../support/hl7v2.ts';

const read = (line: string, sender: Partial<Hl7Sender> = {}) => {
  const pid = segmentNamed(valueIn(parseMessage(messageOf(msh, line))), 'PID');
  return readPatient(pid && withoutSocialSecurity(pid), aSender(sender), '2026-03-10');
};
const patient = (line: string, sender: Partial<Hl7Sender> = {}) => valueIn(read(line, sender));
const numbers = (pid3: string, sender: Partial<Hl7Sender> = {}) => {
  const { mrn, sourcePatientId } = patient(`PID|1||${pid3}||Vega^Luz`, sender) ?? {};
  return [mrn, sourcePatientId];
};

describe('numbers of a patient', () => {
  test.each([
    ['the MRN is of the authority that is configured', '77^^^LAB^PI~100^^^ALIVIO^MR', ['100', 'LAB|77']],
    ['by its universal id, too', '100^^^&2.16.1&ISO^MR', ['100', undefined]],
    ['without a type', '100^^^ALIVIO', ['100', undefined]],
    ['no account or visit number', '100^^^ALIVIO^AN~200^^^ALIVIO^VN', [undefined, undefined]],
    ['no number that has expired', '99^^^ALIVIO^MR^^20200101^20251231~100^^^ALIVIO^MR', ['100', undefined]],
    ['one that expires later', '100^^^ALIVIO^MR^^^20261231', ['100', undefined]],
    ['said twice', '100^^^ALIVIO^MR~100^^^ALIVIO^PI', ['100', undefined]],
    ['no number without an authority', '100~100^^^^MR', [undefined, undefined]],
    ['a number of the laboratory', '55^^^LAB', [undefined, 'LAB|55']],
    [
      'never a social security number',
      '123-45-6789^^^ALIVIO^SS~123456789^^^SSA~1^^^&2.16.840.1.113883.4.1&ISO',
      [undefined, undefined],
    ],
    ['nothing', '""^^^ALIVIO^MR', [undefined, undefined]],
  ])('%s', (_, pid3, expected) => {
    expect(numbers(pid3, { mrnAuthorities: ['ALIVIO', '2.16.1'] })).toEqual(expected);
  });

  test('a number without an authority is the MRN where the sender is configured so', () => {
    expect(numbers('100', { bareMrn: true })).toEqual(['100', undefined]);
    expect(numbers('100^^^^MR', { bareMrn: true })).toEqual(['100', undefined]);
    expect(numbers('100^^^OTHER^MR', { bareMrn: true })).toEqual([undefined, 'OTHER|100']);
    expect(numbers('100^^^^AN', { bareMrn: true })).toEqual([undefined, undefined]);
  });

  test('of old versions stand in PID-2 and PID-4, and count there with an authority only', () => {
    expect(patient('PID|1|100^^^ALIVIO|55^^^LAB|7|Vega^Luz', { bareMrn: true })).toMatchObject({
      mrn: '100',
      sourcePatientId: 'LAB|55',
    });
    expect(patient('PID|1|100||7|Vega^Luz', { bareMrn: true })).not.toHaveProperty('mrn');
  });

  test('two different MRNs are a conflict', () => {
    const outcome = read('PID|1||100^^^ALIVIO^MR~101^^^ALIVIO^MR||Vega^Luz');
    expect(outcome).toMatchObject({ ok: false, failure: { cause: 'match/conflict', issues: [{ where: 'PID-3' }] } });
    expect(JSON.stringify(outcome)).not.toContain('101');
  });
});

describe('what else is said of a patient', () => {
  test('is for matching', () => {
    expect(
      patient(
        'PID|1||1^^^LAB||Sol^Alba^^^^^A~Muñoz Núñez^José^Ángel^^^^L~X^Y^^^^^M||197501070930-0600|M|||1 A St^^Chicago^IL^60608||(312)555-0101~^^Internet^a@example.org|^^^^^312^5550102||||||123456789',
      ),
    ).toEqual({
      source: 'riverlab',
      sourcePatientId: 'LAB|1',
      dob: '1975-01-07',
      demographics: {
        given: 'José Ángel',
        family: 'Muñoz Núñez',
        dob: '1975-01-07',
        sex: 'male',
        phones: ['(312)555-0101', '3125550102'],
        postalCode: '60608',
      },
    });
  });

  test('a date of birth that is not whole identifies nobody', () => {
    expect(patient('PID|1||||Vega^Luz||1959')).toEqual({
      source: 'riverlab',
      demographics: { given: 'Luz', family: 'Vega', dob: '1959' },
    });
  });

  test('nothing is said by an empty PID, an alias, or a sex alone', () => {
    expect([patient('PID|1'), patient('PID|1||||Sol^^^^^^A||19590303|F')]).toEqual([undefined, undefined]);
  });
});

test('a social security number is nowhere, whatever it is sent as', () => {
  const pid = 'PID|1||123456789^^^LAB~555^^^^SS~7^^^ALIVIO^MR|123456789|Vega^Luz||19590303|F|||||||||||123-45-6789';
  const read = readOru(valueIn(parseMessage(messageOf(msh, pid, obr))), aSender());
  const text = JSON.stringify(read);
  expect(text).toContain('"mrn":"7"');
  for (const number of ['123456789', '123-45-6789', '555']) expect(text).not.toContain(number);
});
