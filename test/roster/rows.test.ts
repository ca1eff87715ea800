/** Cells to what they mean: dates that may be two days, letters that may be two sexes, ids that lost their zeros. */
import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { rosterFieldOf } from '../../src/roster/columns.ts';
import { dayOf, orderOf } from '../../src/roster/dates.ts';
import { phoneOf, postalCodeOf } from '../../src/roster/ids.ts';
import { readRows } from '../../src/roster/person-row.ts';
import { readSheet } from '../../src/roster/read.ts';
import { rosterOf, rosterSheet } from '../../src/roster/roster.ts';
import { strip } from '../../src/roster/strip.ts';
import type { Read } from '../../src/roster/table.ts';

const today = '2026-05-07';
const valueOf = <T>(read: Read<T>): T => {
  if (!read.ok) throw new Error(read.refusal.code);
  return read.value;
};

async function roster(csv: string, more: { dateOrder?: 'dmy' | 'mdy'; known?: readonly string[] } = {}) {
  const sheet = valueOf(await readSheet(Buffer.from(csv), () => true));
  const table = valueOf(rosterSheet(valueOf(strip(sheet, rosterFieldOf()))));
  const rows = readRows(table, { today, dateOrder: more.dateOrder, known: new Set(more.known) });
  return { ...rosterOf(table, rows), notices: table.notices };
}

const told = (problems: readonly { row: number; column?: string; code: string }[]) =>
  problems.map(({ row, column, code }) => [row, column, code]);

describe('a day', () => {
  const birth = { order: undefined, today, birth: true } as const;
  const event = { order: undefined, today, birth: false } as const;

  test.each([
    ['1961-03-02', '1961-03-02'],
    ['1961/3/2', '1961-03-02'],
    ['1961-03-02 00:00:00', '1961-03-02'],
    ['25/03/1961', '1961-03-25'],
    ['03/25/1961', '1961-03-25'],
    ['05.05.1961', '1961-05-05'],
    ['2 mar 1961', '1961-03-02'],
    ['2 de marzo de 1961', '1961-03-02'],
    ['12-Dic-61', '1961-12-12'],
    ['March 2, 1961', '1961-03-02'],
    ['22342', '1961-03-02'],
    ['19610302', '1961-03-02'],
  ])('%s of birth is %s', (given, day) => {
    expect(dayOf(given, birth)).toEqual({ ok: true, day });
  });

  test.each([
    ['03/04/1961', 'date-ambiguous'],
    ['31/02/1961', 'date-unreadable'],
    ['13/13/1961', 'date-unreadable'],
    ['1961', 'date-unreadable'],
    ['marzo', 'date-unreadable'],
    ['25/03/05', 'date-year'],
    ['2031-01-01', 'date-future'],
    ['1890-01-01', 'date-too-old'],
  ])('%s of birth is %s', (given, code) => {
    expect(dayOf(given, birth)).toMatchObject({ ok: false, code });
  });

  test('of an event may have two digits for the year, of this century', () => {
    expect(dayOf('25/03/26', event)).toEqual({ ok: true, day: '2026-03-25' });
    expect(dayOf('25/03/61', event)).toMatchObject({ ok: false, code: 'date-year' });
  });

  test('takes the order that its column shows; a column that shows both shows none', () => {
    expect(orderOf(['03/04/1961', '25/03/1961', 'x'])).toBe('dmy');
    expect(orderOf(['03/04/1961', '03/25/1961'])).toBe('mdy');
    expect(orderOf(['25/03/1961', '03/25/1961'])).toBe('both');
    expect(orderOf(['03/04/1961', '05/05/1961'])).toBeUndefined();
  });

  test('is never guessed: whatever the column, an ambiguous date is either the declared one or an error', () => {
    const day = record({ d: integer({ min: 1, max: 28 }), m: integer({ min: 1, max: 12 }), y: integer({ min: 1930, max: 2000 }) }); // prettier-ignore
    const two = (n: number): string => String(n).padStart(2, '0');
    assert(
      property(array(day, { minLength: 1, maxLength: 8 }), constantFrom('dmy', 'mdy'), (days, order) => {
        const cells = days.map(({ d, m, y }) =>
          order === 'dmy' ? `${two(d)}/${two(m)}/${y}` : `${two(m)}/${two(d)}/${y}`,
        );
        const found = orderOf(cells);
        for (const [at, { d, m, y }] of days.entries()) {
          const right = `${y}-${two(m)}-${two(d)}`;
          const inferred = dayOf(cells[at] ?? '', { ...birth, order: found });
          if (inferred.ok) expect(inferred.day).toBe(right);
          else expect(inferred.code).toBe('date-ambiguous');
          expect(dayOf(cells[at] ?? '', { ...birth, order })).toEqual({ ok: true, day: right });
        }
      }),
    );
  });
});

describe('a row', () => {
  test('of a Mexican office reads', async () => {
    const { people, errors, warnings } = await roster(
      'id;expediente;apellido paterno;apellido materno;nombre(s);fecha de nacimiento;teléfono;idioma;sexo;promotora;estado;c.p.\n' +
        '7;M-7;Núñez;de la O;María José;25/03/1961;(312) 555-0100;Español;M;rosa;Activa;60608\n' +
        '8;M-8;Ríos;;Juan;02/04/1970;312.555.0101;inglés;H;rosa;en pausa;2151\n',
    );
    expect(errors).toEqual([]);
    expect(told(warnings)).toEqual([[3, 'c.p.', 'zeros-lost']]);
    expect(people.map(({ fields }) => fields)).toEqual([
      { mrn: 'M-7', family: 'Núñez', secondFamily: 'de la O', given: 'María José', dob: '1961-03-25', phones: ['3125550100'], language: 'es', sex: 'female', chw: 'rosa', status: 'active', postalCode: '60608' }, // prettier-ignore
      { mrn: 'M-8', family: 'Ríos', given: 'Juan', dob: '1970-04-02', phones: ['3125550101'], language: 'en', sex: 'male', chw: 'rosa', status: 'paused', postalCode: '02151' }, // prettier-ignore
    ]);
  });

  test('with M alone in its column has no sex, for M is mujer and male', async () => {
    const { people, warnings } = await roster('id,family,sex\n1,Ríos,M\n2,Paz,M\n');
    expect(people.map(({ fields }) => fields.sex)).toEqual([undefined, undefined]);
    expect(told(warnings)).toEqual([[2, 'sex', 'word-unknown'], [3, 'sex', 'word-unknown']]); // prettier-ignore
    expect((await roster('id,family,sex\n1,Ríos,M\n2,Paz,F\n')).people.map(({ fields }) => fields.sex)).toEqual(['male', 'female']); // prettier-ignore
  });

  test('with an error is set aside whole, with its number and column; the others are taken', async () => {
    const { people, errors, named, nameless } = await roster(
      'id,family,dob,status\n1,Ríos,03/04/1961,active\n2,Paz,1961-03-02,tal vez\n,Nadie,1961-03-02,active\n4,Sol,1961-03-02,active\n',
    );
    expect(people.map(({ patient }) => patient)).toEqual(['4']);
    expect(told(errors)).toEqual([
      [2, 'dob', 'date-ambiguous'],
      [3, 'status', 'word-unknown'],
      [4, 'id', 'no-identifier'],
    ]);
    expect([[...named], nameless]).toEqual([['1', '2', '4'], 1]);
    expect((await roster('id,dob\n1,03/04/1961\n', { dateOrder: 'dmy' })).people[0]?.fields.dob).toBe('1961-04-03');
    expect(JSON.stringify(errors)).not.toMatch(/Ríos|tal vez|1961-03-02,/);
  });

  test('that is there twice counts once; two that contradict are both set aside', async () => {
    const { people, duplicates, conflicts } = await roster(
      'id,mrn,family\n1,M1,Ríos\n1,M1,Ríos\n2,M2,Paz\n2,M2,Sol\n3,M3,Uno\n4,M3,Dos\n',
    );
    expect(people.map(({ patient }) => patient)).toEqual(['1']);
    expect(duplicates).toBe(1);
    expect(told(conflicts)).toEqual([
      [4, 'id', 'rows-contradict'],
      [5, 'id', 'rows-contradict'],
      [6, 'mrn', 'mrn-shared'],
      [7, 'mrn', 'mrn-shared'],
    ]);
  });

  test('whose id lost its zeros is not a new patient', async () => {
    const { people, errors } = await roster('id,family\n417,Ríos\n5,Paz\n1.23457E+11,Sol\n', { known: ['00417', '8'] });
    expect(people.map(({ patient }) => patient)).toEqual(['5']);
    expect(told(errors)).toEqual([[2, 'id', 'zeros-lost'], [4, 'id', 'id-mangled']]); // prettier-ignore
    const many = await roster(`id,family\n${Array.from({ length: 12 }, (_, n) => `${100_000 + n},x`).join('\n')}\n99,y\n`); // prettier-ignore
    expect(told(many.warnings)).toEqual([[14, 'id', 'zeros-perhaps-lost']]);
  });

  test('of a roster without ids needs MRN and date of birth', async () => {
    const { people, errors } = await roster('mrn,dob,family\nM1,1961-03-02,Ríos\nM2,,Paz\n');
    expect(people.map(({ patient, sourcePatientId }) => [patient, sourcePatientId])).toEqual([['mrn:M1', undefined]]);
    expect(told(errors)).toEqual([[3, 'dob', 'no-dob']]);
  });

  test('`estado` is a status, unless it is a state', async () => {
    const state = await roster('id,apellido,estado\n1,Ríos,Illinois\n2,Paz,IL\n');
    expect(state.errors).toEqual([]);
    expect(state.notices).toMatchObject([{ code: 'columns-ignored', columns: ['estado'] }]);
    const mixed = await roster('id,apellido,estado\n1,Ríos,activa\n2,Paz,IL\n');
    expect(told(mixed.errors)).toEqual([[3, 'estado', 'word-unknown']]);
  });
});

describe('numbers', () => {
  test.each([
    ['312-555-0100', { phone: '3125550100', short: false }],
    ['+52 (33) 1234-5678 ext. 12', { phone: '523312345678', short: false }],
    ['555-0100', { phone: '5550100', short: true }],
    ['no tiene', undefined],
  ])('telephone %s', (given, found) => {
    expect(phoneOf(given)).toEqual(found);
  });

  test.each([
    ['60608', { code: '60608', repaired: false }],
    ['2151', { code: '02151', repaired: true }],
    ['60608-1234', { code: '60608', repaired: false }],
    ['K1A 0B1', { code: 'K1A 0B1', repaired: false }],
    ['Pilsen', undefined],
  ])('postal code %s', (given, found) => {
    expect(postalCodeOf(given)).toEqual(found);
  });
});
