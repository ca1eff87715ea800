/** The fields of HL7 v2 in the shape that FHIR takes them in: numbers, values, times, units, codes, people, attachments. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { assert, constantFrom, double, integer, oneof, property, string } from 'fast-check';
import { codingSystemOf, uriOfUniversalId } from '../../src/core/lab/coding-systems.ts';
import { embedded, mediaTypeOf, pointed } from '../../src/mapping/lab/attachment.ts';
import { conceptOf } from '../../src/mapping/lab/concept.ts';
import { equivalentOf } from '../../src/mapping/lab/equivalents.ts';
import { limitsOf, measuredOf, numberOf } from '../../src/mapping/lab/number.ts';
import { identifierOf, organizationOf, performersOf, personOf } from '../../src/mapping/lab/party.ts';
import { momentOf } from '../../src/mapping/lab/read-result.ts';
import { dateTimeOf, instantOf, timeOf } from '../../src/mapping/lab/time.ts';
import { isUcum } from '../../src/mapping/lab/ucum.ts';
import { unitOf } from '../../src/mapping/lab/unit.ts';
import { valuesOf } from '../../src/mapping/lab/value.ts';

const sender = { namespaces: { XLAB: 'https://xlab.example/codes' }, localBase: 'urn:a/code/riverlab' };
const valueOf = (valueType: string, ...observationValue: readonly object[]) =>
  valuesOf({ valueType, observationValue }, sender);
const text = (words: string) => ({ text: words });

describe('a number', () => {
  test.each<[string, number]>([
    ['8.4', 8.4],
    ['+23', 23],
    ['.9', 0.9],
    ['1E3', 1000],
    ['-0', 0],
    [' 105 ', 105],
    ['5.', 5],
  ])('%s is one', (words, value) => {
    expect(numberOf(words)).toBe(value);
  });

  test.each(['1,024', 'TNP', '', '0x10', 'NaN', 'Infinity', '1e999', '1-2', '1 2', '12345678901234567890', '٣'])(
    '%s is none',
    (words) => {
      expect(numberOf(words)).toBeUndefined();
    },
  );

  test.each<[string, string, number]>([
    ['<15', '<', 15],
    ['> 60', '>', 60],
    ['>=300', '>=', 300],
    ['≤5.6', '<=', 5.6],
  ])('%s is one that is compared', (words, comparator, value) => {
    expect(measuredOf(words)).toEqual({ value, comparator });
  });

  test('is never NaN, and never another one than what was written', () => {
    assert(
      property(oneof(string(), double().map(String), integer().map(String)), (words) => {
        const value = numberOf(words);
        if (value !== undefined) expect(value).toBe(Number(words.trim()) + 0);
      }),
    );
  });
});

describe('a reference range', () => {
  test.each<[string, object | undefined]>([
    ['4.0-5.6', { low: 4, high: 5.6 }],
    ['4.0 - 5.6', { low: 4, high: 5.6 }],
    ['65 to 99', { low: 65, high: 99 }],
    ['-2--1', { low: -2, high: -1 }],
    ['<200', { high: 200 }],
    ['>39', { low: 39 }],
    ['>=60', { low: 60 }],
    ['40-', undefined],
    ['-99', undefined],
    ['70_105', undefined],
    ['[4.00;15.00]', undefined],
    ['[ ]', undefined],
    ['9-4', undefined],
    ['1,000-2,000', undefined],
    ['Negative', undefined],
  ])('%s', (words, limits) => {
    expect(limitsOf(words)).toEqual(limits);
  });
});

describe('a value', () => {
  test.each<[string, object, object]>([
    ['NM', text('<0.2'), { quantity: { value: 0.2, comparator: '<' } }],
    ['NM', text('TNP'), { text: 'TNP' }],
    ['NM', text('1,024'), { text: '1,024' }],
    ['SN', { comparator: '>', num1: '400' }, { quantity: { value: 400, comparator: '>' } }],
    ['SN', { num1: '182' }, { quantity: { value: 182 } }],
    ['SN', { comparator: '=', num1: '99' }, { quantity: { value: 99 } }],
    ['SN', { num1: '1', separatorSuffix: ':', num2: '128' }, { ratio: { numerator: 1, denominator: 128 } }],
    ['SN', { comparator: '1', num1: ':', separatorSuffix: '128' }, { ratio: { numerator: 1, denominator: 128 } }],
    ['SN', { num1: '1', separatorSuffix: '/', num2: '8' }, { ratio: { numerator: 1, denominator: 8 } }],
    ['SN', { num1: '3', separatorSuffix: '-', num2: '5' }, { range: { low: 3, high: 5 } }],
    ['SN', { num1: '2', separatorSuffix: '+' }, { text: '2+' }],
    ['SN', { comparator: '<>', num1: '5' }, { text: '<>5' }],
    ['SN', { comparator: '>', num1: '1', separatorSuffix: ':', num2: '128' }, { text: '>1:128' }],
    ['DT', text('20260301'), { dateTime: '2026-03-01' }],
    ['TS', text('2026-03-01T08:30-06:00'), { dateTime: '2026-03-01T08:30:00-06:00' }],
    ['DTM', text('yesterday'), { text: 'yesterday' }],
    ['TM', text('0830'), { time: '08:30:00' }],
    ['TM', text('0830-0600'), { text: '0830-0600' }],
    ['NR', { lowValue: '70', highValue: '99' }, { range: { low: 70, high: 99 } }],
    ['NR', { lowValue: '99', highValue: '70' }, { text: '99-70' }],
    ['DR', { rangeStartDateTime: '2026-03-01' }, { period: { start: '2026-03-01' } }],
    ['NA', { value: ['1', '', '3'] }, { sampled: '1 E 3' }],
    ['IS', text('M'), { concept: { coding: [{ system: 'urn:a/code/riverlab', code: 'M' }], text: 'M' } }],
    ['CWE', { text: 'Yellow' }, { concept: { text: 'Yellow' } }],
    [
      'CE',
      { alternateIdentifier: 'N', alternateText: 'No' },
      { concept: { coding: [{ system: 'urn:a/code/riverlab', code: 'N', display: 'No' }], text: 'No' } },
    ],
    ['XX', text('strange'), { text: 'strange' }],
    ['', text('no type'), { text: 'no type' }],
    ['XCN', { personIdentifier: '1', familyName: { surname: 'Gray' } }, { text: '1 Gray' }],
  ])('%s %j', (type, json, value) => {
    expect(valueOf(type, json)).toEqual([value]);
  });

  test('that is an explicit null, or empty, is none', () => {
    for (const type of ['NM', 'ST', 'CWE', 'TS', 'ED', 'SN']) expect(valueOf(type, text('""'), text(' '))).toEqual([]);
  });

  test('of text in several repetitions is one text of as many lines; others stay apart', () => {
    expect(valueOf('TX', text('one'), text('two'))).toEqual([{ text: 'one\ntwo' }]);
    expect(valueOf('NM', text('1'), text('2'))).toEqual([{ quantity: { value: 1 } }, { quantity: { value: 2 } }]);
  });

  test('of a sender that groups its digits is a number where the commas separate thousands', () => {
    const grouping = { ...sender, groupedNumbers: true };
    const read = (words: string) => valuesOf({ valueType: 'NM', observationValue: [text(words)] }, grouping);
    expect(read('1,024')).toEqual([{ quantity: { value: 1024 } }]);
    expect(read('>1,234,567.8')).toEqual([{ quantity: { value: 1234567.8, comparator: '>' } }]);
    expect(read('1,02')).toEqual([{ text: '1,02' }]);
    expect(read('12,3456')).toEqual([{ text: '12,3456' }]);
  });

  test('is never lost, whatever the type claims', () => {
    const types = constantFrom(
      'NM',
      'SN',
      'ST',
      'TX',
      'FT',
      'DT',
      'TM',
      'TS',
      'DTM',
      'CWE',
      'CE',
      'IS',
      'NR',
      'DR',
      'NA',
      'ED',
      'RP',
      'ZZ',
    );
    assert(
      property(types, string({ minLength: 1 }), (type, words) => {
        const kept = words.trim() !== '' && words.trim() !== '""';
        expect(valueOf(type, text(words))).toHaveLength(kept ? 1 : 0);
      }),
    );
  });
});

describe('a time', () => {
  test.each<[string, string | undefined]>([
    ['2026-03-09T08:30-06:00', '2026-03-09T08:30:00-06:00'],
    ['2026-03-09T08:30:15.1234-0600', '2026-03-09T08:30:15.1234-06:00'],
    ['2026-03-09T08:30', '2026-03-09'],
    ['202603', '2026-03'],
    ['2026', '2026'],
    ['20260231', undefined],
    ['0000', undefined],
    ['00000000', undefined],
    ['soon', undefined],
  ])('%s', (given, dateTime) => {
    expect(dateTimeOf(given)).toBe(dateTime);
  });

  test('is an instant only with a time of day and an offset', () => {
    expect(instantOf('2026-03-09T08:30Z')).toBe('2026-03-09T08:30:00Z');
    expect(instantOf('2026-03-09')).toBeUndefined();
    expect(timeOf('24:00')).toBeUndefined();
  });

  test('of less than a day is the period that it is', () => {
    expect(momentOf('2026-03')).toEqual({ start: '2026-03', end: '2026-03' });
    expect(momentOf('2026-03-09', '2026-03-09')).toEqual({ time: '2026-03-09' });
    expect(momentOf('2026-03-09', '2026-03-10')).toEqual({ start: '2026-03-09', end: '2026-03-10' });
  });
});

describe('a unit', () => {
  test('stands as it was written; UCUM only where the sender says so and it is', () => {
    expect(unitOf({ identifier: 'MG / DL' })).toEqual({ unit: 'MG / DL', key: 'mg/dl' });
    expect(unitOf({ identifier: 'mg/dL', nameOfCodingSystem: 'UCUM' })).toMatchObject({ ucum: 'mg/dL' });
    expect(unitOf({ identifier: 'K/uL', nameOfCodingSystem: 'UCUM' })).toEqual({ unit: 'K/uL', key: 'k/ul' });
    expect(
      unitOf({
        identifier: 'k',
        nameOfCodingSystem: 'L',
        alternateIdentifier: '10*3/uL',
        nameOfAlternateCodingSystem: 'UCUM',
      }),
    ).toEqual({ unit: 'k', key: 'k', ucum: '10*3/uL' });
    expect(unitOf({ text: 'percent' })).toEqual({ unit: 'percent', key: 'percent' });
    expect(unitOf({ identifier: '""' })).toBeUndefined();
  });

  test.each([
    'mg/dL',
    '%',
    '10*3/uL',
    'mL/min/{1.73_m2}',
    'mmol/mol',
    '/[HPF]',
    '{copies}/mL',
    'mg/(24.h)',
    'u[IU]/mL',
    'm2',
  ])('%s is UCUM', (code) => {
    expect(isUcum(code)).toBe(true);
  });

  test.each(['MG/DL', 'K/uL', 'mEq/L', 'IU/L', 'mg/dl ', 'mg//dL', 'G/L', 'mg/(24.h', '', 'mg%', 'x10E3/uL'])(
    '%s is not, or not what was meant',
    (code) => {
      expect(isUcum(code)).toBe(false);
    },
  );

  test('of the table is UCUM, each', () => {
    const { group } = JSON.parse(readFileSync('mappings/lab-unit.conceptmap.json', 'utf8')) as {
      group: { element: { code: string; target: { code: string }[] }[] }[];
    };
    const rows = group.flatMap(({ element }) => element);
    expect(rows.length).toBeGreaterThan(150);
    for (const { code, target } of rows) {
      expect([code, code.toLowerCase()]).toEqual([code, code]);
      expect([code, target.map((each) => isUcum(each.code))]).toEqual([code, [true]]);
    }
  });
});

describe('a value in other units', () => {
  test.each<[string, number, string, string]>([
    ['4548-4', 8.4, '%', '= 68 mmol/mol (IFCC)'],
    ['59261-8', 68, 'mmol/mol', '= 8.4 % (NGSP)'],
    ['2345-7', 126, 'mg/dl', '= 7 mmol/L'],
    ['2571-8', 1.7, 'mmol/L', '= 151 mg/dL'],
  ])('%s %d %s', (code, value, unit, words) => {
    expect(equivalentOf([code], { value }, unit)).toBe(words);
  });

  test('keeps the comparator, and is nothing for what nobody converts', () => {
    expect(equivalentOf(['2571-8'], { value: 400, comparator: '>' }, 'mg/dL')).toBe('> 4.52 mmol/L');
    expect(equivalentOf(['2160-0'], { value: 1 }, 'mg/dL')).toBeUndefined();
    expect(equivalentOf(['4548-4'], { value: 8 }, 'g/dL')).toBeUndefined();
    expect(equivalentOf(['4548-4'], { value: 1 }, '%')).toBeUndefined();
  });
});

describe('a code', () => {
  test('keeps all its codings; one of the sender’s own has a system of its own', () => {
    expect(
      conceptOf(
        {
          identifier: '210',
          text: 'A1C',
          nameOfCodingSystem: '99 LAB',
          alternateIdentifier: '4548-4',
          nameOfAlternateCodingSystem: 'LN',
        },
        sender,
      ),
    ).toEqual({
      coding: [
        { system: 'urn:a/code/riverlab/99%20LAB', code: '210', display: 'A1C' },
        { system: 'http://loinc.org', code: '4548-4' },
      ],
      text: 'A1C',
    });
    expect(conceptOf({ identifier: '1', nameOfCodingSystem: 'XLAB' }, sender)).toMatchObject({
      coding: [{ system: 'https://xlab.example/codes', code: '1' }],
    });
    expect(conceptOf({ identifier: 'X', codingSystemOid: '1.2.3', nameOfCodingSystem: 'Q' }, sender)).toMatchObject({
      coding: [{ system: 'urn:oid:1.2.3' }],
    });
    expect(conceptOf({}, sender)).toBeUndefined();
  });

  test('has the system that the name of its table means', () => {
    expect(codingSystemOf('HL70136')).toBe('http://terminology.hl7.org/CodeSystem/v2-0136');
    expect(codingSystemOf('ln')).toBe('http://loinc.org');
    expect(codingSystemOf('99X')).toBeUndefined();
    expect(uriOfUniversalId('2.16.840')).toBe('urn:oid:2.16.840');
    expect(uriOfUniversalId('lab')).toBeUndefined();
  });
});

describe('people and numbers', () => {
  test('are named, and known by number; an NPI is told by who gave it', () => {
    const person = {
      personIdentifier: '1234567893',
      familyName: { surname: 'Okafor' },
      givenName: 'Ngozi',
      prefix: 'Dr',
      degree: 'MD',
    };
    expect(personOf({ ...person, assigningAuthority: { namespaceId: 'NPI' } }, {})).toEqual({
      type: 'Practitioner',
      identifier: { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' },
      display: 'Dr Ngozi Okafor, MD',
    });
    expect(personOf({ name: { idNumber: '7', familyName: 'Gray' } }, {})).toEqual({
      type: 'Practitioner',
      identifier: { value: '7' },
      display: 'Gray',
    });
    expect(personOf({}, {})).toBeUndefined();
    expect(identifierOf({ entityIdentifier: '1', namespaceId: 'LAB' }, { LAB: 'urn:lab' })).toEqual({
      system: 'urn:lab',
      value: '1',
    });
    expect(identifierOf({ entityIdentifier: '1', namespaceId: 'LAB' }, {})).toEqual({
      assigner: { display: 'LAB' },
      value: '1',
    });
  });

  test('of a laboratory have its address, as CLIA asks of a report', () => {
    const obx = {
      performingOrganizationName: {
        organizationName: 'River Lab',
        organizationIdentifier: '14D0000001',
        assigningAuthority: { universalId: '2.16.840.1.113883.4.7' },
      },
      performingOrganizationAddress: {
        streetAddress: { streetOrMailingAddress: '1 Main St' },
        city: 'Chicago',
        stateOrProvince: 'IL',
        zipOrPostalCode: '60601',
      },
    };
    expect(performersOf(obx, {})).toEqual([
      {
        type: 'Organization',
        identifier: { system: 'urn:oid:2.16.840.1.113883.4.7', value: '14D0000001' },
        display: 'River Lab, 1 Main St, Chicago, IL 60601',
      },
    ]);
    expect(organizationOf({ namespaceId: 'LAB' }, undefined, {})).toEqual({ type: 'Organization', display: 'LAB' });
  });
});

describe('an attachment', () => {
  test('is whole, or says why it is not there', () => {
    const pdf = { typeOfData: 'application', dataSubtype: 'pdf', encoding: 'Base64', data: 'JVBE\nRi0=' };
    expect(embedded(pdf)).toEqual({ attachment: { contentType: 'application/pdf', data: 'JVBERi0=', size: 5 } });
    expect(embedded({ ...pdf, data: '###' })).toEqual({ fault: 'is not valid Base64' });
    expect(embedded({ ...pdf, encoding: 'Hex', data: '2550' })).toMatchObject({ attachment: { size: 2 } });
    expect(embedded({ encoding: 'A', typeOfData: 'TX', data: 'hola' })).toMatchObject({
      attachment: { contentType: 'text/plain', size: 4 },
    });
    expect(embedded({})).toEqual({ fault: 'holds no data' });
  });

  test('that is a link is stored, and never fetched', () => {
    expect(pointed({ pointer: 'https://x.example/1.pdf', typeOfData: 'AP', subtype: 'PDF' })).toEqual({
      attachment: { contentType: 'application/pdf', url: 'https://x.example/1.pdf' },
    });
    expect(pointed({ pointer: 'archive 7' })).toEqual({ attachment: { title: 'archive 7' } });
    expect(mediaTypeOf('IM', 'DICOM')).toBe('application/dicom');
    expect(mediaTypeOf('AP', 'ZZZ')).toBeUndefined();
  });
});
