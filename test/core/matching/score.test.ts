/** Whose chart it is, by name and number: properties that hold always, and the traps of real families. */
import { describe, expect, test } from '@jest/globals';
import { type Arbitrary, assert, constantFrom, option, property, record, subarray } from 'fast-check';
import { blockingKeys, searchKeys } from '../../../src/core/matching/blocking.ts';
import { canMatch, type Demographics, updated } from '../../../src/core/matching/demographics.ts';
import { type Candidate, judge } from '../../../src/core/matching/judge.ts';
import { allFindings, compare } from '../../../src/core/matching/score.ts';
import type { PatientKey } from '../../../src/core/model.ts';
import { matchingRules } from '../../support/matching.ts';

const maria: Demographics = {
  given: 'María Guadalupe',
  family: 'García',
  secondFamily: 'López',
  dob: '1961-03-12',
  sex: 'female',
  phones: ['+1 (312) 555-0142'],
  postalCode: '60623',
};

const findings = (a: Demographics, b: Demographics): readonly string[] =>
  compare(a, b).features.map(({ finding }) => finding);
const one = (a: Demographics, b: Demographics): string => findings(a, b).join(' ');

let count = 0;
const candidate = (demographics: Demographics, more: Partial<Candidate> = {}): Candidate => {
  count += 1;
  return {
    person: `person-${String(count)}` as PatientKey,
    mrn: `M${String(count)}`,
    descriptions: [demographics],
    sameSource: false,
    ...more,
  };
};
const classes = (about: Demographics, candidates: readonly Candidate[]): readonly string[] =>
  judge(about, candidates, [], matchingRules).map((each) => each.class);

describe('names are the same', () => {
  test.each<[string, Demographics, Demographics, string]>([
    [
      'with accents and without',
      { family: 'Núñez Ibáñez' },
      { family: 'NUNEZ', secondFamily: 'Ibanez' },
      'surnames.both',
    ],
    ['with a hyphen', { family: 'García-López' }, { family: 'Garcia', secondFamily: 'Lopez' }, 'surnames.both'],
    ['with particles', { family: 'de la Cruz', secondFamily: 'y Peña' }, { family: 'Cruz Pena' }, 'surnames.both'],
    ['in another order', { family: 'López García' }, { family: 'García López' }, 'surnames.swapped'],
    ['without the second surname', { family: 'García' }, { family: 'García López' }, 'surnames.second-missing'],
    ['by the second surname only', { family: 'López' }, { family: 'García López' }, 'surnames.first-missing'],
    ['misspelt', { family: 'Rodrigues Gonsales' }, { family: 'Rodríguez González' }, 'surnames.similar'],
    ['married', { family: 'López de Ruiz' }, { family: 'López García' }, 'surnames.married'],
    ['half', { family: 'García Ruiz' }, { family: 'García López' }, 'surnames.one-differs'],
    ['not at all', { family: 'Pérez' }, { family: 'García López' }, 'surnames.differs'],
    ['familiar', { given: 'Lupita' }, { given: 'Guadalupe' }, 'given.familiar'],
    ['English', { given: 'Joe' }, { given: 'José' }, 'given.familiar'],
    ['abbreviated', { given: 'Ma. Elena' }, { given: 'María Elena' }, 'given.same'],
    ['written apart', { given: 'Mari Cruz' }, { given: 'Maricruz' }, 'given.same'],
    ['one of two', { given: 'Guadalupe' }, { given: 'María Guadalupe' }, 'given.part'],
    ['the one that many have', { given: 'María' }, { given: 'María Guadalupe' }, 'given.common-part'],
    ['those of a sister', { given: 'María José' }, { given: 'María Luisa' }, 'given.sibling'],
    ['an initial', { given: 'J. Luis' }, { given: 'José Luis' }, 'given.initial'],
    ['misspelt by ear', { given: 'Yésica' }, { given: 'Llesica' }, 'given.similar'],
    ['other names', { given: 'Rosa' }, { given: 'Carmen' }, 'given.differs'],
  ])('%s', (_, a, b, finding) => {
    expect(findings(a, b)).toEqual([finding]);
    expect(findings(b, a)).toEqual([finding]);
  });
});

describe('dates, numbers and codes', () => {
  test.each<[string, Demographics, Demographics, string]>([
    ['day and month exchanged', { dob: '1961-03-12' }, { dob: '1961-12-03' }, 'dob.swapped'],
    ['one wrong digit', { dob: '1961-03-12' }, { dob: '1961-03-17' }, 'dob.one-digit'],
    ['two digits turned', { dob: '1961-03-12' }, { dob: '1916-03-12' }, 'dob.digits-turned'],
    ['the first of January', { dob: '1961-01-01' }, { dob: '1961-01-01' }, 'dob.placeholder'],
    ['only the year', { dob: '1961' }, { dob: '1961-03-12' }, 'dob.partial'],
    ['another day', { dob: '1961-03-12' }, { dob: '1974-08-30' }, 'dob.differs'],
    ['a number written otherwise', { phones: ['3125550142'] }, { phones: ['+1 (312) 555-0142'] }, 'phone.same'],
    [
      'a ZIP code whose zero a spreadsheet took',
      { postalCode: '2139' },
      { postalCode: '02139-1234' },
      'postalCode.same',
    ],
  ])('%s', (_, a, b, finding) => {
    expect(findings(a, b)).toEqual([finding]);
  });

  test('a number that only fills the field is none', () => {
    expect(one({ phones: ['000-000-0000'] }, { phones: ['000-000-0000'] })).toBe('');
  });

  test('a sex that is not known contradicts nothing', () => {
    expect(one({ sex: 'unknown' }, { sex: 'male' })).toBe('');
  });
});

describe('certain', () => {
  test('is who agrees in all names, the date of birth and a number of their own', () => {
    expect(classes(maria, [candidate({ ...maria, phones: ['312-555-0142', '312-555-0199'] })])).toEqual(['certain']);
  });

  test.each<[string, Demographics]>([
    ['no second surname', { ...maria, secondFamily: undefined }],
    ['the surnames in another order', { ...maria, family: 'López', secondFamily: 'García' }],
    ['a familiar given name', { ...maria, given: 'María Lupe' }],
    ['another telephone number', { ...maria, phones: ['312-555-0177'] }],
    ['no telephone number', { ...maria, phones: [] }],
    ['day and month exchanged', { ...maria, dob: '1961-12-03' }],
    ['a date that is only a placeholder', { ...maria, dob: '1961-01-01' }],
    ['no date of birth', { ...maria, dob: undefined }],
    ['another sex', { ...maria, sex: 'male' }],
    ['another postal code', { ...maria, postalCode: '60804' }],
  ])('is not who has %s', (_, other) => {
    expect(classes(other, [candidate(maria)])).toEqual(['unsure']);
    expect(classes(maria, [candidate(other)])).toEqual(['unsure']);
  });

  test('is nobody of whom the same source says that they are two', () => {
    expect(classes(maria, [candidate(maria, { sameSource: true })])).toEqual(['unsure']);
  });

  test('is nobody while somebody else comes near', () => {
    const near = { ...maria, phones: [], postalCode: undefined };
    expect(classes(maria, [candidate(maria), candidate(near)])).toEqual(['unsure', 'unsure']);
  });
});

describe('a family', () => {
  const juan: Demographics = { ...maria, given: 'Juan', sex: 'male' };
  test('father and son of one name on one telephone go to review, both', () => {
    const [father, son] = [
      { ...juan, dob: '1961-03-12' },
      { ...juan, dob: '1990-07-21' },
    ];
    expect(classes(son, [candidate(father)])).toEqual(['unsure']);
    expect(classes(son, [candidate(father), candidate(son)])).toEqual(['unsure', 'unsure']);
  });

  test('twins go to review', () => {
    const [luis, carlos] = [
      { ...juan, given: 'José Luis' },
      { ...juan, given: 'José Carlos' },
    ];
    expect(classes(luis, [candidate(carlos)])).toEqual(['unsure']);
    expect(classes(luis, [candidate(luis), candidate(carlos)])[0]).toBe('unsure');
  });

  test('a twin of the same name, known to the same source, makes the chart of the other unsure', () => {
    const twin = { descriptions: [juan], sameSource: true };
    expect(judge(juan, [candidate(juan)], [twin], matchingRules).map((each) => each.class)).toEqual(['unsure']);
  });

  test('a mother on the same telephone is nobody to take for her daughter', () => {
    const daughter = { ...maria, given: 'Rosa', dob: '1988-11-02', secondFamily: 'Ruiz', family: 'Mora' };
    expect(classes(daughter, [candidate(maria)])).toEqual([]);
  });
});

const names = ['María', 'José', 'Guadalupe', 'Lupe', 'Juan Luis', 'Ana', 'J.', 'Ma. Elena', 'Yésica'];
const surnames = [
  'García',
  'López',
  'de la Cruz',
  'Núñez',
  'Ponce de León',
  'García-Ruiz',
  'López de Mora',
  'Rodrigues',
];
const maybe = <T>(arbitrary: Arbitrary<T>): Arbitrary<T | undefined> => option(arbitrary, { nil: undefined });
const someone: Arbitrary<Demographics> = record({
  given: maybe(constantFrom(...names)),
  family: maybe(constantFrom(...surnames)),
  secondFamily: maybe(constantFrom(...surnames)),
  dob: maybe(constantFrom('1961-03-12', '1961-12-03', '1961-03-17', '1916-03-12', '1990-07-21', '1961', '1961-01-01')),
  sex: maybe(constantFrom('female', 'male', 'unknown')),
  phones: subarray(['312-555-0142', '+1 312 555 0142', '312-555-0177', '0000000000']),
  postalCode: maybe(constantFrom('60623', '60623-1111', '60804')),
});
const without = (of: Demographics, field: keyof Demographics): Demographics => ({ ...of, [field]: undefined });

describe('the score', () => {
  test('is the same seen from either side', () => {
    assert(
      property(someone, someone, (a, b) => {
        expect(compare(a, b)).toEqual(compare(b, a));
      }),
    );
  });

  test('never falls by a feature that agrees', () => {
    assert(
      property(someone, someone, constantFrom('given', 'dob', 'sex', 'phones', 'postalCode'), (a, b, field) => {
        const agreeing = { ...a, [field]: b[field] };
        expect(compare(agreeing, b).score).toBeGreaterThanOrEqual(compare(without(a, field), b).score);
      }),
    );
  });

  test('never falls when the surnames are completed by those of the other', () => {
    assert(
      property(someone, someone, (a, b) => {
        const { family, secondFamily } = b;
        expect(compare({ ...a, family, secondFamily }, b).score).toBeGreaterThanOrEqual(
          compare({ ...a, family: undefined, secondFamily: undefined }, b).score,
        );
      }),
    );
  });

  test('never rises by a feature that contradicts', () => {
    const other: Demographics = {
      given: 'Wilfrido',
      family: 'Zzyzx',
      dob: '2003-10-30',
      phones: ['773-555-0100'],
      postalCode: '99501',
    };
    assert(
      property(someone, someone, constantFrom('given', 'dob', 'phones', 'postalCode'), (a, b, field) => {
        const contradicting = { ...a, [field]: other[field] };
        expect(compare(contradicting, b).score).toBeLessThanOrEqual(compare(without(a, field), b).score);
      }),
    );
    assert(
      property(someone, someone, (a, b) => {
        const nameless = { ...a, family: undefined, secondFamily: undefined };
        expect(compare({ ...nameless, family: 'Zzyzx' }, b).score).toBeLessThanOrEqual(compare(nameless, b).score);
      }),
    );
  });

  test('is the sum of what is told, each with its sentence', () => {
    assert(
      property(someone, someone, (a, b) => {
        const { score, features } = compare(a, b);
        expect(features.reduce((sum, { points }) => sum + points, 0)).toBe(score);
        for (const { says } of features) expect(says).toMatch(/\.$/);
      }),
    );
  });

  test('takes other weights', () => {
    expect(compare(maria, maria, { 'dob.same': 100 }).score - compare(maria, maria).score).toBe(92);
    expect(allFindings.find(({ finding }) => finding === 'dob.same')?.points).toBe(8);
  });
});

describe('blocking', () => {
  const meets = (a: Demographics, b: Demographics): boolean => {
    const keys = new Set(blockingKeys(a));
    return searchKeys(b).some((key) => keys.has(key));
  };
  test.each<[string, Demographics]>([
    ['the surnames in another order', { ...maria, family: 'López García', secondFamily: undefined }],
    ['no second surname', { ...maria, secondFamily: undefined, phones: [] }],
    ['day and month exchanged', { ...maria, dob: '1961-12-03', phones: [] }],
    ['a wrong digit in the date', { ...maria, dob: '1969-03-12', phones: [] }],
    ['a misspelt surname', { ...maria, family: 'Garsia', secondFamily: 'Lopes', phones: [] }],
    ['a familiar given name and a married one', { ...maria, given: 'Lupe', family: 'Mora', secondFamily: undefined, phones: [] }], // prettier-ignore
    ['no date of birth', { ...maria, dob: undefined, phones: [] }],
    ['nothing but the telephone', { phones: ['312 555 0142'] }],
  ])('finds who has %s', (_, other) => {
    expect(meets(maria, other)).toBe(true);
  });

  test('brings nobody who only shares a name, or only a birthday', () => {
    expect(meets(maria, { given: 'María', family: 'García', dob: '1980-05-05' })).toBe(false);
    expect(meets(maria, { given: 'Rosa', family: 'Mora', dob: maria.dob })).toBe(false);
  });
});

describe('what is known', () => {
  test('is brought up to date by what is said, and keeps what is not', () => {
    expect(updated(maria, { phones: ['312-555-0100'] })).toEqual({ ...maria, phones: ['312-555-0100'] });
    expect(updated(maria, { family: 'Mora' }).secondFamily).toBeUndefined();
    expect(updated(undefined, maria)).toEqual(maria);
  });

  test('must be more than a sex or a birthday to look for somebody', () => {
    expect(canMatch({ sex: 'female', dob: '1961-03-12', postalCode: '60623' })).toBe(false);
    expect(canMatch({ phones: ['312-555-0100'] })).toBe(true);
  });
});
